package intake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"bargkhan/api/fault"
)

// TestComplaints goes through what others complained of in services that watch
// folders. W9 and W15 are about what is in the files: the line's tests have them.
func TestComplaints(t *testing.T) {
	t.Run("W1 no event is needed", func(t *testing.T) {
		f, c := station(t)
		looks(t, f, c, 5) // nothing watches between two looks
		put(t, f, "a.jpg", "a.")
		if got := arrived(looks(t, f, c, 4)); len(got) != 1 {
			t.Errorf("took %q", got)
		}
	})
	t.Run("W2 each root on its own", func(t *testing.T) {
		local, c := station(t)
		share, d := share(t)
		put(t, local, "a.jpg", "a.")
		must(t, os.WriteFile(filepath.Join(share.Source, "b.jpg"), []byte("b."), 0o600))
		must(t, os.Rename(local.Root, local.Root+"-away"))
		if _, err := local.look(); err == nil {
			t.Error("a root that is away can be looked at")
		}
		if got := arrived(looks(t, share, d, 4)); len(got) != 1 {
			t.Errorf("took %q of the share while the other root was away", got)
		}
		must(t, os.Rename(local.Root+"-away", local.Root))
		if got := arrived(looks(t, local, c, 4)); len(got) != 1 {
			t.Errorf("took %q", got)
		}
	})
	t.Run("W2 each root is tried with a file of its own", func(t *testing.T) {
		f, c := station(t)
		must(t, f.Init())
		drop := filepath.Join(f.Root, "drop")
		must(t, os.Mkdir(filepath.Join(drop, probeName), 0o700)) // where nothing can be written
		put(t, f, "a.jpg", "a.")
		if _, err := f.look(); err == nil || !strings.Contains(err.Error(), "nothing can be written") {
			t.Errorf("a folder in which nothing can be written: %v", err)
		}
		if _, err := f.Waiting(); err == nil {
			t.Error("nobody is told of it")
		}
		must(t, os.Remove(filepath.Join(drop, probeName)))
		if got := arrived(looks(t, f, c, 4)); len(got) != 1 {
			t.Errorf("took %q once it can be written to", got)
		}
		if _, err := os.Stat(filepath.Join(drop, probeName)); !os.IsNotExist(err) {
			t.Errorf("the probe is left: %v", err)
		}
		share, d := share(t)
		must(t, os.WriteFile(filepath.Join(share.Source, "b.jpg"), []byte("b."), 0o600))
		must(t, os.Mkdir(filepath.Join(share.Source, probeName), 0o700))
		if got := arrived(looks(t, share, d, 4)); len(got) != 1 {
			t.Errorf("took %q of a share that may only be read", got)
		}
	})
	t.Run("W3 half written", func(t *testing.T) {
		f, c := station(t)
		put(t, f, "a.jpg", "half")
		if got := looks(t, f, c, 20); got != nil {
			t.Errorf("took %q", arrived(got))
		}
		put(t, f, "a.jpg", "half and the rest.")
		if got := looks(t, f, c, 70); len(got) != 1 {
			t.Errorf("took %q", arrived(got))
		}
	})
	t.Run("W4 the feeder reopens the file between pages", func(t *testing.T) {
		f, c := station(t)
		for page := range 12 { // each time it looks complete
			put(t, f, "a.pdf", strings.Repeat("page.", page+1))
			if got := looks(t, f, c, 1); got != nil {
				t.Fatalf("took %q after page %d", arrived(got), page)
			}
		}
		if got := looks(t, f, c, 4); len(got) != 1 || got[0].Size != 60 {
			t.Errorf("took %+v, want all pages", got)
		}
	})
	t.Run("W5 busy, and never forgotten", testBusy)
	t.Run("W5 the system itself says EBUSY", testHeld)
	t.Run("W6 still and damaged, later fine", func(t *testing.T) {
		f, c := station(t)
		put(t, f, "a.jpg", "damaged")
		looks(t, f, c, 600)
		if got := why(t, f)["a.jpg"]; got != incomplete {
			t.Errorf("it waits as %q", got)
		}
		put(t, f, "a.jpg", "repaired.")
		if got := looks(t, f, c, 4); len(got) != 1 {
			t.Errorf("took %q", arrived(got))
		}
	})
	t.Run("W7 no time of the file is believed", func(t *testing.T) {
		f, c := station(t)
		put(t, f, "a.jpg", "a.")
		path := filepath.Join(f.dir(drop), "a.jpg")
		must(t, os.Chtimes(path, time.Unix(0, 0), time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)))
		if got := looks(t, f, c, 4); len(got) != 1 || got[0].At.Year() != 2026 {
			t.Errorf("took %+v", got)
		}
	})
	t.Run("W8 seen three times, taken once", func(t *testing.T) {
		f, c := station(t)
		put(t, f, "a.jpg", "a.")
		looks(t, f, c, 2)
		ready, err := f.look()
		must(t, err)
		took := 0
		for range 3 {
			for _, name := range ready {
				if _, err := f.take(context.Background(), name); err == nil {
					took++
				} else if !errors.Is(err, errNotNow) {
					t.Error(err)
				}
			}
		}
		if took != 1 {
			t.Errorf("took it %d times", took)
		}
	})
	t.Run("W10 missing is not empty", func(t *testing.T) {
		f, c := station(t)
		must(t, os.Rename(f.Root, f.Root+"-away"))
		for range 3 {
			if _, err := f.look(); err == nil {
				t.Error("no error")
			}
			c.pass(time.Second)
		}
		if _, err := f.Waiting(); fault.KindOf(err) != fault.Transient || !strings.Contains(err.Error(), "since 2026-11-22T08:00:00Z") {
			t.Errorf("waiting: %v, want since when", err)
		}
		must(t, os.Rename(f.Root+"-away", f.Root))
		if _, err := f.look(); err != nil {
			t.Error(err)
		}
		if _, err := f.Waiting(); err != nil {
			t.Errorf("waiting, when it is back: %v", err)
		}
	})
	t.Run("W11 not new again after a return or a new start", func(t *testing.T) {
		f, c := share(t)
		must(t, os.WriteFile(filepath.Join(f.Source, "a.jpg"), []byte("a."), 0o600))
		if got := looks(t, f, c, 4); len(got) != 1 {
			t.Fatalf("took %q", arrived(got))
		}
		again := &Folder{Station: f.Station, Root: f.Root, Source: f.Source, Settle: f.Settle, Poll: f.Poll, Now: c.now, Whole: whole}
		if got := looks(t, again, c, 5); got != nil {
			t.Errorf("took %q again", arrived(got))
		}
		must(t, os.WriteFile(filepath.Join(f.Source, "a.jpg"), []byte("another page of that name."), 0o600))
		if got := looks(t, again, c, 5); len(got) != 1 {
			t.Errorf("took %q, want the other content", arrived(got))
		}
	})
	t.Run("W12 natural order", func(t *testing.T) {
		f, c := station(t)
		for _, n := range []int{10, 9, 2, 1, 11} { // as the share lists them
			put(t, f, fmt.Sprintf("img%d.jpg", n), "a.")
		}
		if diff := cmp.Diff([]string{"img1.jpg", "img2.jpg", "img9.jpg", "img10.jpg", "img11.jpg"}, arrived(looks(t, f, c, 4))); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("W13 names to pass over, the station's own too", func(t *testing.T) {
		f, c := station(t)
		f.Ignore = []string{"*.xmp", "preview-*"}
		for _, name := range []string{"a.xmp", "Preview-1.jpg", "~$a.jpg", "a.filepart", "good.jpg"} {
			put(t, f, name, "a.")
		}
		if diff := cmp.Diff([]string{"good.jpg"}, arrived(looks(t, f, c, 4))); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("W14 the batch is complete now", testFinish)
}

// testBusy refuses a file for hours, as a program that holds it does.
func testBusy(t *testing.T) {
	f, c := station(t)
	put(t, f, "a.jpg", "a.")
	looks(t, f, c, 2)
	_, err := f.look()
	must(t, err)
	f.refuse("a.jpg", busy, errors.New("device or resource busy"))
	if got := why(t, f)["a.jpg"]; got != busy {
		t.Errorf("it waits as %q", got)
	}
	for range 500 { // hours of refusals
		c.pass(time.Minute)
		if ready, err := f.look(); err != nil || len(ready) != 1 {
			t.Fatalf("ready: %v, %v; want it tried again within a minute", ready, err)
		}
		f.refuse("a.jpg", busy, errors.New("device or resource busy"))
	}
	c.pass(time.Minute)
	if got := looks(t, f, c, 1); len(got) != 1 {
		t.Errorf("took %q, want it taken once it is free", arrived(got))
	}
}

// testHeld holds a file so that the kernel refuses to move it: something is mounted on
// it, as overlays and scanners' own file systems do.
func testHeld(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting on a file needs root")
	}
	f, c := station(t)
	put(t, f, "a.jpg", "a.")
	put(t, f, "b.jpg", "b.")
	path := filepath.Join(f.dir(drop), "a.jpg")
	if err := unix.Mount(path, path, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("mounting on a file is not allowed here: %v", err)
	}
	held := true
	free := func() {
		if held {
			must(t, unix.Unmount(path, unix.MNT_DETACH))
			held = false
		}
	}
	t.Cleanup(free)
	if err := os.Rename(path, path+"2"); !errors.Is(err, unix.EBUSY) {
		t.Fatalf("a mounted file can be moved: %v", err)
	}
	if diff := cmp.Diff([]string{"b.jpg"}, arrived(looks(t, f, c, 300))); diff != "" {
		t.Errorf("while it is held: %s", diff)
	}
	if got := why(t, f)["a.jpg"]; got != busy {
		t.Errorf("it waits as %q, want %q", got, busy)
	}
	free()
	c.pass(retryAtMost)
	if diff := cmp.Diff([]string{"a.jpg"}, arrived(looks(t, f, c, 3))); diff != "" {
		t.Errorf("once it is free: %s", diff)
	}
}

// testFinish presses the button and leaves marks: files that are whole are taken
// at once though the quiet period is long, and what is not whole still waits.
func testFinish(t *testing.T) {
	f, c := station(t)
	f.Settle = time.Minute
	put(t, f, "a.jpg", "a.")
	put(t, f, "half.jpg", "half")
	if got := looks(t, f, c, 10); got != nil {
		t.Fatalf("took %q within the quiet period", arrived(got))
	}
	f.Finish()
	if diff := cmp.Diff([]string{"a.jpg"}, arrived(looks(t, f, c, 3))); diff != "" {
		t.Errorf("after the button: %s", diff)
	}
	c.pass(time.Hour)
	put(t, f, "later.jpg", "a.")
	if got := looks(t, f, c, 10); got != nil {
		t.Errorf("took %q of the next batch", arrived(got))
	}
	c.pass(time.Hour)
	looks(t, f, c, 2)
	for _, mark := range []string{"BATCH001/INDEX.DAT", "دسته ۲/پایان دسته.txt"} {
		page := filepath.Join(filepath.Dir(mark), "00000001.JPG")
		put(t, f, page, "a.")
		looks(t, f, c, 2)
		put(t, f, mark, "released")
		if diff := cmp.Diff([]string{page}, arrived(looks(t, f, c, 3))); diff != "" {
			t.Errorf("%s: %s", mark, diff)
		}
		if _, err := os.Stat(filepath.Join(f.dir(Read), mark)); err != nil {
			t.Errorf("the mark is not put away: %v", err)
		}
	}
	c.pass(emptyFor + time.Minute)
	looks(t, f, c, 1)
	if entries, err := os.ReadDir(f.dir(drop)); err != nil || len(entries) != 1 || entries[0].Name() != "half.jpg" {
		t.Errorf("drop/ holds %v, %v; want the folders of the batches gone", entries, err)
	}
}

// share makes a station whose scanner writes to a share that may only be read.
func share(t *testing.T) (*Folder, *clock) {
	t.Helper()
	f, c := station(t)
	f.Source = t.TempDir()
	return f, c
}

// TestReadOnlyShare takes files that cannot be moved, exactly once, with a crash
// between any two steps.
func TestReadOnlyShare(t *testing.T) {
	f, c := share(t)
	from := filepath.Join(f.Source, "دسته", "a.jpg")
	must(t, os.MkdirAll(filepath.Dir(from), 0o700))
	must(t, os.WriteFile(from, []byte("a."), 0o600))
	must(t, os.Chmod(filepath.Dir(from), 0o500))
	t.Cleanup(func() { _ = os.Chmod(filepath.Dir(from), 0o700) })
	before, err := os.Stat(from)
	must(t, err)
	looks(t, f, c, 3)
	if err := f.Put(context.Background(), "x.jpg", strings.NewReader("x.")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("Put: %v, want it refused", err)
	}

	restart := func() *Folder {
		return &Folder{Station: f.Station, Root: f.Root, Source: f.Source, Settle: time.Millisecond, Poll: time.Millisecond, Whole: whole}
	}
	// Cut off before the ledger: the copy is nothing. After it: the copy is the claim.
	id := strings.Repeat("0", 4)
	must(t, os.WriteFile(filepath.Join(f.dir(work), copying+id), []byte("a"), 0o600))
	again := restart()
	must(t, again.resume())
	if left, _ := filepath.Glob(filepath.Join(f.dir(work), ".*")); left != nil {
		t.Errorf("left: %q", left)
	}
	claimed, err := again.Claimed()
	must(t, err)
	if len(claimed) != 1 {
		t.Fatalf("claimed: %+v", claimed)
	}
	a := claimed[0]
	hidden := filepath.Join(f.dir(work), copying+a.ID)
	must(t, os.Rename(a.Path, hidden))
	removeEmpty(filepath.Join(f.dir(work), a.ID))
	again = restart()
	must(t, again.resume())
	if claimed, err = again.Claimed(); err != nil || len(claimed) != 1 || claimed[0].Name != "دسته/a.jpg" {
		t.Fatalf("claimed: %+v, %v", claimed, err)
	}
	// Put back, it is taken again; a torn last line of the ledger is nothing.
	must(t, again.PutBack(a))
	ledger, err := os.OpenFile(again.ledger(), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = ledger.WriteString(`{"name":"دسته/a.jpg","si`)
	must(t, errors.Join(err, ledger.Close()))
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	for b, err := range restart().Arrivals(ctx) {
		if err != nil || b.ID == a.ID || b.Size != 2 {
			t.Errorf("took %+v, %v", b, err)
		}
		must(t, f.Done(b, Read))
		break
	}
	after, err := os.Stat(from)
	if err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("the share was changed: %v, %v", after, err)
	}
	if body, err := os.ReadFile(filepath.Join(f.dir(Read), "دسته", "a.jpg")); err != nil || string(body) != "a." {
		t.Errorf("read/ holds %q, %v", body, err)
	}
}

// TestShareVanishes takes nothing while a share is away, and does not believe it empty.
func TestShareVanishes(t *testing.T) {
	f, c := share(t)
	must(t, os.WriteFile(filepath.Join(f.Source, "a.jpg"), []byte("a."), 0o600))
	must(t, os.Rename(f.Source, f.Source+"-away"))
	if _, err := f.look(); err == nil {
		t.Error("no error while the share is away")
	}
	must(t, os.Rename(f.Source+"-away", f.Source))
	if got := looks(t, f, c, 4); len(got) != 1 {
		t.Errorf("took %q", arrived(got))
	}
	f.Source += "-never"
	if err := f.Init(); err == nil {
		t.Error("a share that is not there was set up")
	}
}
