package intake

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// live is a station by the true clock. Its looks are an hour apart: only events can
// make it see anything between.
func live(t *testing.T) *Folder {
	t.Helper()
	f := &Folder{Station: "hall-1", Root: t.TempDir(), Settle: 50 * time.Millisecond, Poll: time.Hour, Whole: whole}
	if err := f.Init(); err != nil {
		t.Fatal(err)
	}
	if !ours(f.dir(drop)) {
		t.Skip("the tests' folder is not on a disk of this machine")
	}
	return f
}

// takes runs Arrivals until so many files came, or limit is over.
func takes(f *Folder, n int, limit time.Duration, began chan<- struct{}) (out []Arrival) {
	ctx, stop := context.WithTimeout(context.Background(), limit)
	defer stop()
	go func() {
		pause(ctx, 100*time.Millisecond) // the first look is over
		close(began)
	}()
	for a, err := range f.Arrivals(ctx) {
		if err == nil {
			out = append(out, a)
		}
		if len(out) == n {
			break
		}
	}
	return out
}

// TestEventsHurry has a file taken long before the next look would see it, also one in
// a batch's folder that was made meanwhile.
func TestEventsHurry(t *testing.T) {
	t.Parallel()
	f := live(t)
	began := make(chan struct{})
	go func() {
		<-began
		put(t, f, "a.jpg", "a.")
		put(t, f, "BATCH001/b.jpg", "b.")
		must(t, os.WriteFile(filepath.Join(f.Root, "c.tmp"), []byte("c."), 0o600))
		must(t, os.Rename(filepath.Join(f.Root, "c.tmp"), filepath.Join(f.dir(drop), "BATCH001", "c.jpg")))
	}()
	if got := takes(f, 3, 20*time.Second, began); len(got) != 3 {
		t.Errorf("took %q, want all three hurried", arrived(got))
	}
}

// TestDeaf takes nothing between two looks without events, and everything at the next
// look: polling is the base.
func TestDeaf(t *testing.T) {
	t.Parallel()
	f := live(t)
	f.Deaf = true
	began := make(chan struct{})
	go func() {
		<-began
		put(t, f, "a.jpg", "a.")
	}()
	if got := takes(f, 1, time.Second, began); len(got) != 0 {
		t.Errorf("took %q without a look", arrived(got))
	}
	f.Poll = 20 * time.Millisecond
	if got := takes(f, 1, 20*time.Second, make(chan struct{})); len(got) != 1 {
		t.Errorf("took %q", arrived(got))
	}
}

// TestGrowingWaits listens to a file that is written and closed again and again: no
// event makes it settle sooner.
func TestGrowingWaits(t *testing.T) {
	t.Parallel()
	f := live(t)
	f.Settle = 300 * time.Millisecond
	began := make(chan struct{})
	go func() {
		<-began
		for page := range 10 {
			put(t, f, "a.pdf", "page."+string(make([]byte, page))+".")
			time.Sleep(60 * time.Millisecond)
		}
	}()
	if got := takes(f, 1, 20*time.Second, began); len(got) != 1 || got[0].Size != 15 {
		t.Errorf("took %+v, want the last page in it", got)
	}
}
