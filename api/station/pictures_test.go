package station

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"bargkhan/api/intake"
)

// TestPictures gives pages of a file back at a hall: each needed one with its picture,
// beside the file and on the operator's page.
func TestPictures(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" || !strings.HasSuffix(r.URL.Path, "/pages/2.jpg") {
			http.Error(w, "{}", http.StatusNotFound) // of page 4 there is none
			return
		}
		fmt.Fprint(w, "a picture of page 2")
	}))
	defer service.Close()
	data := t.TempDir()
	client, err := NewClient(Server{URL: service.URL})
	if err != nil {
		t.Fatal(err)
	}
	folder := &intake.Folder{Station: "feeder", Root: filepath.Join(data, "scans"), Settle: time.Millisecond, Poll: time.Millisecond}
	s := &Station{Data: data, KeyFile: filepath.Join(data, "key"), Client: client, Folders: []*intake.Folder{folder}}
	for _, err := range []error{folder.Init(), os.WriteFile(s.KeyFile, []byte(NewKey("sari-2").String()), 0o600), s.Open(),
		os.WriteFile(filepath.Join(folder.Root, "drop", "a.pdf"), []byte("pages"), 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	defer s.Close() //nolint:errcheck // the test is over
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	for a, err := range folder.Arrivals(ctx) {
		if err == nil {
			err = s.keep(ctx, folder, a)
		}
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	e := s.ledger.newest(1)[0]
	fate := Fate{ID: e.ID, End: Read, Pages: 4, Sheets: 1, Back: []Back{
		{Image: 1, Reason: "separator", Why: "سربرگ است"}, {Image: 2, Reason: "no-stamp", Why: "کد خوانده نشد"}, {Image: 4, Reason: "distorted", Why: "کج است"}}}
	if err := s.decide(ctx, e, fate); err != nil {
		t.Fatal(err)
	}
	if body, err := os.ReadFile(filepath.Join(folder.Root, "returned", "a-p002.jpg")); err != nil || string(body) != "a picture of page 2" {
		t.Errorf("returned/ holds %q, %v", body, err)
	}
	slip, err := os.ReadFile(filepath.Join(folder.Root, "returned", "a.pdf.txt"))
	if says := string(slip); err != nil || !strings.Contains(says, "کد خوانده نشد") || !strings.Contains(says, "کج است") || strings.Contains(says, "سربرگ است") {
		t.Errorf("the slip says %q, %v", slip, err)
	}
	page := httptest.NewServer(s.Handler(fstest.MapFS{}, data))
	defer page.Close()
	for path, want := range map[string]int{"": 200, "files/" + e.ID + "/pages/2": 200, "files/" + e.ID + "/pages/4": 404, "files/x/pages/2": 404, "files/" + e.ID + "/pages/..%2Fledger": 404} {
		res, err := http.Get(page.URL + "/" + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("/%s: %d, want %d", path, res.StatusCode, want)
		}
	}
	if got := s.Status().Files[0].Pictures; len(got) != 1 || got[0] != 2 {
		t.Errorf("pictures of pages %v, want of page 2", got)
	}
}

// TestPicturesKept forgets the oldest pictures.
func TestPicturesKept(t *testing.T) {
	s := &Station{Data: t.TempDir()}
	for i := range keptPictures + 5 {
		if err := s.keepPicture(s.picture(fmt.Sprintf("2026%06d", i), 1), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	all, _ := filepath.Glob(filepath.Join(s.Data, picturesDir, "*"))
	if len(all) != keptPictures || filepath.Base(all[0]) != "2026000005-p001.jpg" {
		t.Errorf("%d pictures are kept, the oldest %s", len(all), filepath.Base(all[0]))
	}
}
