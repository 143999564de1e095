package api

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// TestBlind checks for every field of the designs that no picture of the review
// desk shows a place that says whose the sheet is, and that each shows the field.
func TestBlind(t *testing.T) {
	files, err := filepath.Glob("../testdata/designs/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := sheets.Parse(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		for p := range d.Pages {
			for i := range d.Pages[p].Fields {
				f := &d.Pages[p].Fields[i]
				crop, page := surroundings(d, p, f), blind(d, p, f)
				if !holds(crop, bounds(f)) {
					t.Errorf("%s %s: the crop %v does not hold the field %v", d.ID, f.ID, crop, bounds(f))
				}
				if f.Role == sheets.Answer && frameOf(page, bounds(f)) == nil {
					t.Errorf("%s %s: the sheet %v does not show the field", d.ID, f.ID, page)
				}
				checkHidden(t, d, p, f, crop, page)
			}
		}
	}
}

// checkHidden looks for personal places in the pictures of a field.
func checkHidden(t *testing.T, d *sheets.Design, p int, f *sheets.Field, pictures ...box) {
	t.Helper()
	for _, h := range personal(d, p, f) {
		for _, b := range pictures {
			if b.Overlaps(h) {
				t.Errorf("%s %s: the picture %v shows the personal place %v", d.ID, f.ID, b, h)
			}
		}
	}
}

func TestCut(t *testing.T) {
	r := geom.R[geom.Paper]
	whole, keep := r(0, 0, 100, 100), r(20, 60, 80, 90)
	for name, c := range map[string]struct {
		hidden []box
		want   box
		ok     bool
	}{
		"nothing hidden":      {nil, whole, true},
		"above":               {[]box{r(10, 10, 50, 20)}, r(0, 20, 100, 100), true},
		"two above":           {[]box{r(10, 10, 50, 20), r(60, 15, 90, 30)}, r(0, 30, 100, 100), true},
		"beside":              {[]box{r(0, 50, 10, 100)}, r(10, 0, 100, 100), true},
		"over what is wanted": {[]box{r(30, 70, 40, 80)}, box{}, false},
		"elsewhere":           {[]box{r(200, 0, 210, 10)}, whole, true},
	} {
		got, ok := cut(whole, keep, c.hidden)
		if got != c.want || ok != c.ok {
			t.Errorf("%s: got %v %v, want %v %v", name, got, ok, c.want, c.ok)
		}
	}
}

func TestLocalPath(t *testing.T) {
	for to, want := range map[string]string{
		"/review": "/review", "/sessions/a?said=x": "/sessions/a?said=x", "": "/", "review": "/", "//evil.example": "/",
		"https://evil.example/": "/", `/\evil.example`: "/", "javascript:alert(1)": "/", "/%zz": "/",
	} {
		if got := localPath(to); got != want {
			t.Errorf("localPath(%q) = %q, want %q", to, got, want)
		}
	}
}

func TestPassword(t *testing.T) {
	hash := HashPassword("گذرواژهٔ دراز")
	for password, want := range map[string]bool{"گذرواژهٔ دراز": true, "گذرواژهٔ دراز ": false} {
		if ok, err := matches(hash, password); ok != want || err != nil {
			t.Errorf("matches(%q) = %v, %v, want %v", password, ok, err, want)
		}
	}
	for _, bad := range []string{"", "x", "$argon2id$v=19$m=1,t=0,p=1$AA$AA", "$argon2i$v=19$m=1,t=1,p=1$AA$AA", "$argon2id$v=19$m=8,t=1,p=1$!$AA"} {
		if ok, err := matches(bad, "x"); ok || err == nil {
			t.Errorf("matches with hash %q: got %v, %v, want an error", bad, ok, err)
		}
	}
	if ok, err := matches(nobodysHash, ""); ok || err != nil {
		t.Errorf("nobody's hash: got %v, %v", ok, err)
	}
	if a, b := NewPassword(), NewPassword(); a == b || len(a) != 19 {
		t.Errorf("NewPassword: %q, %q", a, b)
	}
}

// TestDoor guesses for a day: the wait grows, and an address is not closed for a
// hall full of people who mistype once.
func TestDoor(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	d := &door{now: func() time.Time { return now }}
	let := 0
	for range 24 * 60 * 6 {
		if d.knock("a", "1.2.3.4") == nil {
			let++
		}
		now = now.Add(10 * time.Second)
	}
	if let > 120 {
		t.Errorf("%d guesses in a day, want at most 120", let)
	}
	d = &door{now: func() time.Time { return now }}
	for i := range 30 {
		login := string(rune('a' + i))
		for range 2 {
			if err := d.knock(login, "10.0.0.1"); err != nil {
				t.Fatalf("person %d of a hall: %v", i, err)
			}
		}
		d.open(login, "10.0.0.1")
	}
	if n := len(d.tries); n > 1 {
		t.Errorf("%d keys are remembered of people who got in, want one, the address", n)
	}
}
