package intake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"bargkhan/api/fault"
)

// A clock is a Now that moves only when it is told to.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func (c *clock) pass(d time.Duration) { c.t = c.t.Add(d) }

// whole takes a file for complete when its last byte is a dot.
func whole(path string) (bool, string) {
	b, err := os.ReadFile(path)
	if err != nil {
		return false, err.Error()
	}
	return bytes.HasSuffix(b, []byte(".")), "no dot at its end"
}

// station makes an empty station whose files settle in two seconds of its clock.
func station(t *testing.T) (*Folder, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
	f := &Folder{Station: "hall-1", Root: filepath.Join(t.TempDir(), "ایستگاه"), Settle: 2 * time.Second, Poll: time.Second, Now: c.now, Whole: whole}
	if err := f.Init(); err != nil {
		t.Fatal(err)
	}
	return f, c
}

// put writes a file into drop/ as a scanner does.
func put(t *testing.T, f *Folder, name, body string) {
	t.Helper()
	path := filepath.Join(f.dir(drop), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
}

// looks looks n times, a second apart, and takes what is ready.
func looks(t *testing.T, f *Folder, c *clock, n int) (out []Arrival) {
	t.Helper()
	for range n {
		ready, err := f.look()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range ready {
			a, err := f.take(context.Background(), name)
			if err == nil {
				out = append(out, a)
			} else if !errors.Is(err, errNotNow) {
				t.Log(err)
			}
		}
		c.pass(time.Second)
	}
	return out
}

func arrived(as []Arrival) []string {
	var names []string
	for _, a := range as {
		names = append(names, a.Name)
	}
	return names
}

// tree maps every file below the station's folder to what it holds.
func tree(t *testing.T, f *Folder) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(f.Root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		rel, _ := filepath.Rel(f.Root, path)
		out[rel] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// why maps what is waiting to its reason.
func why(t *testing.T, f *Folder) map[string]string {
	t.Helper()
	ws, err := f.Waiting()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, w := range ws {
		out[w.Name] = w.Why
	}
	return out
}

func TestTakesInNaturalOrder(t *testing.T) { // W12
	f, c := station(t)
	for _, name := range []string{"img10.jpg", "img2.jpg", "IMG1.jpg", "برگه ۱۰.jpg", "برگه ۲.jpg", "دسته/img1.jpg"} {
		put(t, f, name, name+".")
	}
	got := looks(t, f, c, 4)
	want := []string{"IMG1.jpg", "img2.jpg", "img10.jpg", "برگه ۲.jpg", "برگه ۱۰.jpg", "دسته/img1.jpg"}
	if diff := cmp.Diff(want, arrived(got)); diff != "" {
		t.Error(diff)
	}
	if !slices.IsSortedFunc(got, func(a, b Arrival) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("IDs do not sort by time of claim")
	}
	for _, a := range got {
		if a.Sum != sha256.Sum256([]byte(a.Name+".")) || a.Size != int64(len(a.Name)+1) || a.Station != "hall-1" {
			t.Errorf("%+v is not what was dropped", a)
		}
	}
}

func TestWaitsForStillAndWhole(t *testing.T) { // W3, W4, W5, W6
	f, c := station(t)
	put(t, f, "growing.jpg", "1")
	put(t, f, "half.jpg", "no end")
	put(t, f, "empty.jpg", "")
	for i := range 6 {
		put(t, f, "growing.jpg", strings.Repeat("1", i+2))
		if got := looks(t, f, c, 1); got != nil {
			t.Fatalf("took %q", arrived(got))
		}
	}
	want := map[string]string{"growing.jpg": growing, "half.jpg": incomplete, "empty.jpg": empty}
	if diff := cmp.Diff(want, why(t, f)); diff != "" {
		t.Error(diff)
	}
	looks(t, f, c, 300) // tried for ever, ever less often
	put(t, f, "growing.jpg", "11111111.")
	put(t, f, "half.jpg", "no end.")
	put(t, f, "empty.jpg", "now something.")
	got := arrived(looks(t, f, c, 4))
	if diff := cmp.Diff([]string{"empty.jpg", "growing.jpg", "half.jpg"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWholeWithoutSizeOrTimeChanging(t *testing.T) { // W7
	f, c := station(t)
	put(t, f, "a.jpg", "12345")
	path := filepath.Join(f.dir(drop), "a.jpg")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	looks(t, f, c, 10)
	put(t, f, "a.jpg", "1234.")
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if got := looks(t, f, c, int(retryAtMost/time.Second)+1); len(got) != 1 {
		t.Errorf("took %q, want the file that was filled in place", arrived(got))
	}
}

func TestSinceIsFirstSight(t *testing.T) {
	f, c := station(t)
	first := c.t
	put(t, f, "a.jpg", "a")
	looks(t, f, c, 5)
	put(t, f, "a.jpg", "aa")
	looks(t, f, c, 5)
	ws, err := f.Waiting()
	if err != nil || len(ws) != 1 || !ws[0].Since.Equal(first) || ws[0].Size != 2 {
		t.Errorf("got %+v, %v; want since %v", ws, err, first)
	}
}

func TestPassesOver(t *testing.T) { // W13
	f, c := station(t)
	for _, name := range []string{".hidden.jpg", "._a.jpg", "~$a.jpg", "a.TMP", "a.part", "a.crdownload", "a.filepart", "Thumbs.db", "desktop.ini", ".batch/a.jpg"} {
		put(t, f, name, "x.")
	}
	outside := filepath.Join(t.TempDir(), "secret.jpg")
	if err := os.WriteFile(outside, []byte("x."), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Symlink(outside, filepath.Join(f.dir(drop), "link.jpg")), os.Symlink(filepath.Dir(outside), filepath.Join(f.dir(drop), "batch"))); err != nil {
		t.Fatal(err)
	}
	if got := looks(t, f, c, 5); got != nil {
		t.Errorf("took %q", arrived(got))
	}
	if diff := cmp.Diff(map[string]string{"link.jpg": unreadable, "batch": unreadable}, why(t, f)); diff != "" {
		t.Error(diff)
	}
}

func TestSameNameAndSameContent(t *testing.T) { // W8, W9: names are never identity
	f, c := station(t)
	var all []Arrival
	for _, body := range []string{"one.", "two.", "one."} {
		put(t, f, "scan0001.jpg", body)
		all = append(all, looks(t, f, c, 4)...)
	}
	for _, a := range all {
		if err := f.Done(a, Read); err != nil {
			t.Fatal(err)
		}
	}
	id := func(i int) string { return "read/scan0001~" + all[i].ID + ".jpg" }
	want := map[string]string{"read/scan0001.jpg": "one.", id(1): "two.", id(2): "one."}
	if diff := cmp.Diff(want, tree(t, f)); diff != "" {
		t.Error(diff)
	}
}

func TestLongNames(t *testing.T) {
	f, c := station(t)
	long := cut(strings.Repeat("ب", 125)+"۱", 251) + ".jpg"
	if len(long) > 255 || len(long) < 250 {
		t.Fatalf("the name has %d bytes", len(long))
	}
	for _, body := range []string{"one.", "two."} {
		put(t, f, long, body)
		for _, a := range looks(t, f, c, 4) {
			if err := f.Return(a, "چرا "+a.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := tree(t, f)
	if len(got) != 4 {
		t.Errorf("got %d files, want two and a slip for each: %v", len(got), got)
	}
	for name := range got {
		if base := filepath.Base(name); len(base) > 255 || strings.ContainsRune(base, '\uFFFD') {
			t.Errorf("%q has %d bytes", base, len(base))
		}
	}
}

func TestEnds(t *testing.T) {
	f, c := station(t)
	for _, name := range []string{"a.jpg", "batch1/0001.jpg", "c.pdf", "d.jpg"} {
		put(t, f, name, name+".")
	}
	as := looks(t, f, c, 4)
	steps := []error{
		f.Done(as[0], Copies),
		f.Return(as[1], "why 1"),
		f.Slip(as[2], "why 2", []Picture{{2, []byte("p2")}, {11, []byte("p11")}}),
		f.Done(as[2], Read),
		f.Done(as[3], Read),
		f.Done(as[3], Read), // once more
		f.Return(as[1], "why 1"),
	}
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"copies/a.jpg": "a.jpg.", "returned/batch1/0001.jpg": "batch1/0001.jpg.", "returned/batch1/0001.jpg.txt": "why 1",
		"read/c.pdf": "c.pdf.", "returned/c.pdf.txt": "why 2", "returned/c-p002.jpg": "p2", "returned/c-p011.jpg": "p11",
		"read/d.jpg": "d.jpg.",
	}
	if diff := cmp.Diff(want, tree(t, f)); diff != "" {
		t.Error(diff)
	}
	left, err := f.Claimed()
	if err != nil || left != nil {
		t.Errorf("still claimed: %v, %v", left, err)
	}
}

func TestSlipsOverwriteNothing(t *testing.T) {
	f, c := station(t)
	for i := range 2 {
		put(t, f, "b.pdf", fmt.Sprint(i, "."))
		a := looks(t, f, c, 4)[0]
		page := []Picture{{1, []byte(fmt.Sprint("page of ", i))}}
		for range 2 { // a power cut after the slip, and again
			if err := f.Slip(a, "why "+a.ID, page); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Done(a, Read); err != nil {
			t.Fatal(err)
		}
	}
	if got := tree(t, f); len(got) != 6 {
		t.Errorf("got %v, want two files, two slips and two pictures", got)
	}
}

func TestBatchFolderWithTheNameOfAFile(t *testing.T) {
	f, c := station(t)
	put(t, f, "x", "a file.")
	for _, a := range looks(t, f, c, 4) {
		if err := f.Done(a, Read); err != nil {
			t.Fatal(err)
		}
	}
	put(t, f, "x/1.jpg", "in a folder.")
	as := looks(t, f, c, 4)
	if err := f.Done(as[0], Read); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"read/x": "a file.", "read/1~" + as[0].ID + ".jpg": "in a folder."}
	if diff := cmp.Diff(want, tree(t, f)); diff != "" {
		t.Error(diff)
	}
}

func TestGrewAfterTheLook(t *testing.T) {
	f, c := station(t)
	put(t, f, "a.jpg", "first.")
	looks(t, f, c, 2)
	ready, err := f.look()
	if err != nil || len(ready) != 1 {
		t.Fatalf("ready: %q, %v", ready, err)
	}
	put(t, f, "a.jpg", "first and second.")
	if a, err := f.take(context.Background(), "a.jpg"); !errors.Is(err, errNotNow) {
		t.Errorf("took %+v, %v", a, err)
	}
	if got := looks(t, f, c, 4); len(got) != 1 || got[0].Size != 17 {
		t.Errorf("got %+v", got)
	}
}

func TestGrewAfterTheClaim(t *testing.T) {
	f, c := station(t)
	put(t, f, "a.jpg", "first.")
	out, err := os.OpenFile(filepath.Join(f.dir(drop), "a.jpg"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	looks(t, f, c, 2)
	if _, err := f.look(); err != nil {
		t.Fatal(err)
	}
	a, err := f.claim("a.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.WriteString(" second."); err != nil {
		t.Fatal(err)
	}
	summed, err := f.Sum(context.Background(), a)
	if err != nil || summed.Size == a.Size {
		t.Fatalf("got %+v, %v", summed, err)
	}
	put(t, f, "a.jpg", "the next page has the same name.")
	if err := f.PutBack(a); err != nil {
		t.Fatal(err)
	}
	got := looks(t, f, c, 4)
	if len(got) != 2 || got[0].Size == got[1].Size {
		t.Errorf("got %+v, want both files", got)
	}
}

func TestRootVanishesAndReturns(t *testing.T) { // W10
	f, _ := station(t)
	f.Settle, f.Poll = time.Millisecond, time.Millisecond
	put(t, f, "a.jpg", "a.")
	away := f.Root + "-away"
	if err := os.Rename(f.Root, away); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	f.Now = time.Now
	errs, got := 0, ""
	for a, err := range f.Arrivals(ctx) {
		if err == nil {
			got = a.Name
			break
		}
		if errs++; errs == 2 { // of what was claimed, and of drop/
			if _, err := f.Waiting(); fault.KindOf(err) != fault.Transient {
				t.Errorf("waiting: %v", err)
			}
			if _, err := os.Stat(f.Root); err == nil {
				t.Error("looking made a folder")
			}
			if err := os.Rename(away, f.Root); err != nil {
				t.Fatal(err)
			}
		}
	}
	if errs != 2 || got != "a.jpg" {
		t.Errorf("%d errors, then %q; want 2, then a.jpg", errs, got)
	}
	if ws, err := f.Waiting(); err != nil || len(ws) != 0 {
		t.Errorf("waiting: %v, %v", ws, err)
	}
}

// A slowStop is a context that contexts made from it learn of a moment later.
type slowStop struct {
	context.Context
	done chan struct{}
}

func (s slowStop) Done() <-chan struct{} { return s.done }

func (s slowStop) Err() error {
	select {
	case <-s.done:
		return context.Canceled
	default:
		return nil
	}
}

// TestStopClaimsNothing stops while one file is in hand: the next one stays in drop/.
func TestStopClaimsNothing(t *testing.T) {
	f, _ := station(t)
	f.Now, f.Settle, f.Poll = time.Now, time.Millisecond, time.Millisecond
	put(t, f, "a.jpg", "a.")
	put(t, f, "b.jpg", "b.")
	ctx := slowStop{context.Background(), make(chan struct{})}
	taken := 0
	for _, err := range f.Arrivals(ctx) {
		must(t, err)
		if taken++; taken == 1 {
			close(ctx.done)
		}
	}
	if claimed, err := f.Claimed(); err != nil || len(claimed) != 1 || taken != 1 {
		t.Errorf("%d taken, %d claimed, %v; want one", taken, len(claimed), err)
	}
}

// TestCrash cuts the walk of a file off after each of its steps, as a power cut
// would, and starts again: the file is in exactly one place, and ends once.
func TestCrash(t *testing.T) {
	steps := []struct {
		name string
		run  func(t *testing.T, f *Folder, a Arrival)
	}{
		{"before the claim", func(*testing.T, *Folder, Arrival) {}},
		{"after making its folder", func(t *testing.T, f *Folder, a Arrival) {
			must(t, os.MkdirAll(filepath.Dir(a.Path), 0o700))
		}},
		{"after the claim", func(t *testing.T, f *Folder, a Arrival) {
			must(t, os.MkdirAll(filepath.Dir(a.Path), 0o700))
			must(t, os.Rename(filepath.Join(f.dir(drop), a.Name), a.Path))
		}},
		{"after the slip", func(t *testing.T, f *Folder, a Arrival) {
			must(t, os.MkdirAll(filepath.Dir(a.Path), 0o700))
			must(t, os.Rename(filepath.Join(f.dir(drop), a.Name), a.Path))
			must(t, f.slip(a.Name, []byte("why "+a.ID)))
		}},
		{"while writing the slip", func(t *testing.T, f *Folder, a Arrival) {
			must(t, os.MkdirAll(filepath.Dir(a.Path), 0o700))
			must(t, os.Rename(filepath.Join(f.dir(drop), a.Name), a.Path))
			must(t, os.MkdirAll(filepath.Dir(f.slipOf(a.Name)), 0o700))
			must(t, os.WriteFile(filepath.Join(filepath.Dir(f.slipOf(a.Name)), ".write-1"), []byte("wh"), 0o600))
		}},
		{"after the move", func(t *testing.T, f *Folder, a Arrival) {
			must(t, os.MkdirAll(filepath.Dir(a.Path), 0o700))
			must(t, f.slip(a.Name, []byte("why "+a.ID)))
			must(t, os.Rename(filepath.Join(f.dir(drop), a.Name), filepath.Join(f.dir(Returned), a.Name)))
		}},
	}
	for _, s := range steps {
		for _, name := range []string{"برگه.jpg", "دسته/برگه.jpg"} {
			t.Run(s.name+" of "+name, func(t *testing.T) {
				f, c := station(t)
				put(t, f, name, "body.")
				looks(t, f, c, 1)
				s.run(t, f, f.arrival(name, 5))

				again := &Folder{Station: f.Station, Root: f.Root, Settle: time.Millisecond, Poll: time.Millisecond, Whole: whole}
				ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
				defer stop()
				if s.name == "after the move" {
					if left, err := again.Claimed(); err != nil || left != nil {
						t.Fatalf("claimed: %v, %v", left, err)
					}
				} else {
					for a, err := range again.Arrivals(ctx) {
						if err != nil || a.Sum != sha256.Sum256([]byte("body.")) || a.Name != name {
							t.Fatalf("got %+v, %v", a, err)
						}
						must(t, again.Return(a, "why "+a.ID))
						break
					}
				}
				got := tree(t, f)
				delete(got, filepath.Join("returned", filepath.Dir(name), ".write-1"))
				if len(got) != 2 || got["returned/"+name] != "body." || !strings.HasPrefix(got["returned/"+name+".txt"], "why ") {
					t.Errorf("got %v", got)
				}
				if dirs, _ := os.ReadDir(f.dir(work)); len(dirs) != 0 {
					t.Errorf("work/ still holds %v", dirs)
				}
			})
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTwoServices(t *testing.T) { // two instances on one folder take each file once
	f, c := station(t)
	g := &Folder{Station: f.Station, Root: f.Root, Settle: f.Settle, Poll: f.Poll, Now: c.now, Whole: whole}
	for i := range 20 {
		put(t, f, fmt.Sprintf("%d.jpg", i), fmt.Sprint(i, "."))
	}
	for range 2 {
		for _, x := range []*Folder{f, g} {
			if _, err := x.look(); err != nil {
				t.Fatal(err)
			}
		}
		c.pass(2 * time.Second)
	}
	results := make(chan []Arrival, 2)
	for _, x := range []*Folder{f, g} {
		go func() {
			var out []Arrival
			ready, _ := x.look()
			for _, name := range ready {
				if a, err := x.take(context.Background(), name); err == nil {
					out = append(out, a)
				}
			}
			results <- out
		}()
	}
	names := append(arrived(<-results), arrived(<-results)...)
	slices.Sort(names)
	if got := slices.Compact(slices.Clone(names)); len(names) != 20 || len(got) != 20 {
		t.Errorf("took %q", names)
	}
}

func TestPut(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct{ name, want string }{
		{"a.jpg", "a.jpg"},
		{`C:\scans\a.jpg`, "a.jpg"},
		{"../../etc/passwd", "passwd"},
		{"..", "upload"},
		{"", "upload"},
		{"a/", "upload"},
		{".hidden", "hidden"},
		{"x.tmp", "x.tmp.upload"},
		{"Thumbs.db", "Thumbs.db.upload"},
		{"نام\x00با\nخط.jpg", "نام_با_خط.jpg"},
		{"a\xff.jpg", "a_.jpg"},
		{strings.Repeat("ب", 300) + ".jpeg", strings.Repeat("ب", 125) + ".jpeg"},
	} {
		f, _ := station(t)
		for _, want := range []string{c.want, fit(c.want, "~2"), fit(c.want, "~3")} {
			if err := f.Put(ctx, c.name, strings.NewReader(want)); err != nil {
				t.Fatalf("%q: %v", c.name, err)
			}
			if got := tree(t, f)["drop/"+want]; got != want {
				t.Errorf("%q: drop/ holds %v, want %q", c.name, tree(t, f), want)
			}
		}
	}
}

func TestPutLeavesNothingBehind(t *testing.T) {
	f, _ := station(t)
	sender := errors.New("the line was cut")
	err := f.Put(context.Background(), "a.jpg", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(sender)))
	if !errors.Is(err, sender) || fault.KindOf(err) != fault.Internal {
		t.Errorf("got %v, want the sender's own error", err)
	}
	if got := tree(t, f); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
	must(t, os.RemoveAll(f.dir(drop)))
	if err := f.Put(context.Background(), "a.jpg", strings.NewReader("x")); fault.KindOf(err) != fault.Transient {
		t.Errorf("got %v, want transient", err)
	}
}

func TestSweepsOldUploads(t *testing.T) {
	f, c := station(t)
	put(t, f, uploading+"old", "half")
	put(t, f, uploading+"new", "half")
	old := c.t.Add(-stale - time.Hour)
	must(t, os.Chtimes(filepath.Join(f.dir(drop), uploading+"old"), old, old))
	must(t, os.Chtimes(filepath.Join(f.dir(drop), uploading+"new"), c.t, c.t))
	slip := filepath.Join(f.dir(Returned), writing+"old")
	must(t, os.WriteFile(slip, []byte("half"), 0o600))
	must(t, os.Chtimes(slip, old, old))
	f.sweep()
	if diff := cmp.Diff(map[string]string{"drop/.upload-new": "half"}, tree(t, f)); diff != "" {
		t.Error(diff)
	}
}

func TestClockJumps(t *testing.T) { // S-36: IDs grow though the clock goes back
	f, c := station(t)
	a := f.arrival("a", 1)
	c.pass(-24 * time.Hour)
	if b := f.arrival("b", 1); b.ID <= a.ID {
		t.Errorf("%s does not come after %s", b.ID, a.ID)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("../a\\b/.hidden\x00~$.tmp")
	f.Add(strings.Repeat("گ", 200))
	f.Fuzz(func(t *testing.T, name string) {
		got := clean(name)
		if got == "" || len(got) > maxName || ignores(got) || strings.ContainsAny(got, "/\\\x00\n") || got == "." || got == ".." {
			t.Errorf("%q became %q", name, got)
		}
		if again := clean(got); again != got {
			t.Errorf("%q became %q, then %q", name, got, again)
		}
	})
}
