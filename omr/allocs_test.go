//go:build !race

// The race detector allocates too, and throws memory away that waits to be used again.

package omr_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
)

// mostAllocs bounds Go's allocations while one page is decoded, read and judged, after the
// first. None depends on the picture's size.
const mostAllocs = 100

func TestAllocations(t *testing.T) {
	d := national(t, true)
	img := printed(t, d, 1, 200)
	rng := rand.New(rand.NewPCG(1, 1))
	omrtest.Fill(img, 200, d.Pages[0], answers(d.Pages[0], rng), omrtest.Pencil, rng)
	img = omrtest.Scanned()(img, rng)
	file := omrtest.EncodeJPEG(img, 75, 200)
	r := omr.Reader{Expect: d}
	policy := calibration.Default().Policy
	n := testing.AllocsPerRun(5, func() {
		for p, err := range page.Decode(context.Background(), bytes.NewReader(file), int64(len(file)), page.Limits{Reduce: omr.SearchSide}) {
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Read(context.Background(), p)
			if err != nil {
				t.Fatal(err)
			}
			judge.Fields(d.Pages[0], got.Evidence, policy, got.Swatches...)
			p.Free()
		}
	})
	t.Logf("%.0f allocations a page", n)
	if n > mostAllocs {
		t.Errorf("%.0f allocations a page, more than %d", n, mostAllocs)
	}
}
