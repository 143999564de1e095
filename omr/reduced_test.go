package omr_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bargkhan/omr"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets/geom"
)

// TestReduced reads pages that were reduced while they were decoded, as omr.SearchSide asks and
// otherwise, as those that were not.
func TestReduced(t *testing.T) {
	d := national(t, true)
	exact := cmpopts.EquateComparable(geom.Map[geom.Paper, geom.Pixel]{})
	for _, dpi := range []omrtest.DPI{100, 200, 300} {
		img := printed(t, d, 1, float64(dpi))
		rng := rand.New(rand.NewPCG(1, 1))
		omrtest.Fill(img, dpi, d.Pages[0], answers(d.Pages[0], rng), omrtest.Pencil, rng)
		file := omrtest.EncodeJPEG(omrtest.Scanned()(img, rng), 75, dpi)
		read := func(side int) (r *omr.Reading) {
			for p, err := range page.Decode(context.Background(), bytes.NewReader(file), int64(len(file)), page.Limits{Reduce: side}) {
				if err != nil {
					t.Fatal(err)
				}
				if (p.Reduced() != nil) != (side > 0) {
					t.Errorf("%v dpi to %d: a copy %v", dpi, side, p.Reduced() != nil)
				}
				if r, err = (&omr.Reader{Expect: d}).Read(context.Background(), p); err != nil {
					t.Fatal(err)
				}
				p.Free()
			}
			return r
		}
		want := read(0)
		for _, side := range []int{omr.SearchSide, 700} {
			if diff := cmp.Diff(want, read(side), exact); diff != "" {
				t.Errorf("%v dpi, reduced to %d, is read otherwise: %s", dpi, side, diff)
			}
		}
	}
}
