package omr_test

import (
	"context"
	"image"
	"math/rand/v2"
	"slices"
	"testing"

	"bargkhan/omr"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// TestByHand covers the marks that a sheet is found by, shows the corners of the paper
// as a person would, and reads: the reading says so. Corners of another place, or of
// another way up, read nothing.
func TestByHand(t *testing.T) {
	t.Parallel()
	const dpi = omrtest.DPI(150)
	k := float64(dpi) / 25.4
	cover := func(img *image.Gray, box geom.Rect[geom.Paper]) {
		for y := max(int(box.Min.Y*k), 0); y < min(int(box.Max.Y*k), img.Rect.Dy()); y++ {
			for x := max(int(box.Min.X*k), 0); x < min(int(box.Max.X*k), img.Rect.Dx()); x++ {
				img.Pix[y*img.Stride+x] = 255
			}
		}
	}
	ours := national(t, false)
	theirs := other(0, 0)
	paper := geom.R[geom.Pixel](0, 0, 210*k, 297*k).Corners()
	near := paper
	for i, d := range []geom.Point[geom.Pixel]{{X: 5, Y: -4}, {X: -6, Y: 3}, {X: 4, Y: 6}, {X: -3, Y: -5}} {
		near[i] = near[i].Add(d)
	}
	down := geom.Quad[geom.Pixel]{near[2], near[3], near[0], near[1]}
	far := geom.R[geom.Pixel](30*k, 40*k, 240*k, 337*k).Corners()
	for _, c := range []struct {
		name    string
		design  *sheets.Design
		corners *geom.Quad[geom.Pixel]
		read    bool
	}{
		{"ours, nothing shown", ours, nil, false},
		{"ours", ours, &near, true},
		{"ours, upside down", ours, &down, false},
		{"ours, elsewhere", ours, &far, false},
		{"theirs", theirs, &near, true},
		{"theirs, upside down", theirs, &down, false},
		{"theirs, elsewhere", theirs, &far, false},
		{"theirs, no quad", theirs, &geom.Quad[geom.Pixel]{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			img := printed(t, c.design, 9, float64(dpi))
			for _, a := range c.design.Pages[0].Anchors {
				if a.Shape != sheets.Bar {
					cover(img, a.Box.Inset(-1))
				}
			}
			img = omrtest.Scanned()(img, rand.New(rand.NewPCG(8, 8)))
			r, err := (&omr.Reader{Expect: c.design, Corners: c.corners}).Read(context.Background(), page.Page{Img: img, Bits: 8, DPI: float64(dpi)})
			if (err == nil) != c.read {
				t.Fatalf("got %v, want a reading: %v", err, c.read)
			}
			if c.read && (!slices.Contains(r.Notes, omr.ByHand) || r.Pose.Fit < 0.9) {
				t.Errorf("got the notes %v and a fit of %v", r.Notes, r.Pose.Fit)
			}
		})
	}
}
