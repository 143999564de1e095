package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"bargkhan/api/exam"
)

// TestLatency drops two sheets a second for BARGKHAN_LATENCY seconds and measures
// the time from a settled file to the end that the station's page shows: median
// under a second, 99th of a hundred under three. It measures the machine, so it
// runs only when it is asked to.
func TestLatency(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("BARGKHAN_LATENCY"))
	if err != nil {
		t.Skip("BARGKHAN_LATENCY=60s measures")
	}
	o := newOffice(t)
	l := o.line(o.store)
	l.Log = nil
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	var waited []time.Duration
	shown := func(name string, from time.Time) {
		path := filepath.Join(o.root, "hall-1", "read", name)
		for _, err := os.Stat(path); err != nil; _, err = os.Stat(path) {
			if time.Since(from) > time.Minute {
				t.Fatalf("%s was not read in a minute", name)
			}
			pause(ctx, 2*time.Millisecond)
		}
		waited = append(waited, time.Since(from)-l.Folders[0].Settle)
	}
	n := int(length / (500 * time.Millisecond))
	for i := range n {
		name := fmt.Sprintf("scan%04d.jpg", i)
		body := jpg(o.of(i%candidates, 1+i%10, 0))
		next := time.Now().Add(500 * time.Millisecond)
		o.drop(map[string][]byte{name: body})
		shown(name, time.Now())
		pause(ctx, time.Until(next))
	}
	stop()
	o.must(<-ended)
	slices.Sort(waited)
	median, late := waited[len(waited)/2], waited[len(waited)*99/100]
	t.Logf("%d files: median %v, 99th of a hundred %v, longest %v", n, median, late, waited[len(waited)-1])
	if median > time.Second || late > 3*time.Second {
		t.Error("slower than promised: median 1 s, 99th of a hundred 3 s")
	}
}

// TestDump drops BARGKHAN_DUMP files at once: they are taken in order and the
// memory of the line stays flat. The default is few, so that every run looks.
func TestDump(t *testing.T) {
	n := 120
	if _, err := fmt.Sscan(os.Getenv("BARGKHAN_DUMP"), &n); err != nil && os.Getenv("BARGKHAN_DUMP") != "" {
		t.Fatal(err)
	}
	if testing.Short() {
		t.Skip("a dump takes long in a short run")
	}
	o := newOffice(t)
	l := o.line(o.store)
	l.Log = nil
	page := o.blank() // small, whole, and returned: what is measured is the line
	page.Rect.Max.Y, page.Rect.Max.X = 300, 200
	page.Stride = 200
	for i := range n {
		page.Pix[i] = byte(i) // no two alike
		page.Pix[i+1000] = byte(i >> 8)
		o.drop(map[string][]byte{fmt.Sprintf("scan%d.tif", i): tif(page)})
	}
	var most uint64
	done := o.still(n)
	o.runFor(time.Duration(n)*200*time.Millisecond+time.Minute, func() bool {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapInuse)
		return done()
	}, l.Run)
	fates, err := o.store.Ledger(context.Background(), "hall-1", n+1)
	o.must(err)
	slices.Reverse(fates)
	for i, f := range fates {
		if f.Name != fmt.Sprintf("scan%d.tif", i) || f.End == exam.EndWaiting {
			t.Fatalf("number %d is %s (%v): %v", i, f.Name, f.End, fates[max(0, i-1):i+3])
		}
	}
	t.Logf("%d files; at most %d MB of heap", n, most>>20)
	if most > 200<<20 {
		t.Errorf("the heap grew to %d MB", most>>20)
	}
}
