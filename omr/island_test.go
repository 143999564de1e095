package omr_test

import (
	"context"
	"errors"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
)

// TestLostOutlines takes the printed outlines away, as drop-out colours and the filters
// of phones do, and leaves the letters: with all four anchors such a sheet is read
// rightly or doubted; with three it is given back.
func TestLostOutlines(t *testing.T) {
	t.Parallel()
	const dpi = omrtest.DPI(150)
	d := other(2, 1) // rings, circles with letters
	img := printed(t, d, 1, float64(dpi))
	for _, f := range d.Pages[0].Fields {
		for _, b := range f.Bubbles {
			bleach(img, dpi, b)
		}
	}
	rng := rand.New(rand.NewPCG(7, 7))
	truth := map[sheets.FieldID][]sheets.Choice{}
	for i, f := range d.Pages[0].Fields {
		if i%5 > 0 {
			truth[f.ID] = []sheets.Choice{f.Bubbles[rng.IntN(len(f.Bubbles))].Choice}
		}
	}
	omrtest.Fill(img, dpi, d.Pages[0], truth, omrtest.Pencil, rng)
	hidden := image.NewGray(img.Rect)
	copy(hidden.Pix, img.Pix)
	white(hidden, dpi, d.Pages[0].Anchors[3].Box.Min.X-1, d.Pages[0].Anchors[3].Box.Min.Y-1, 12)
	r := omr.Reader{Expect: d}

	out, err := r.Read(context.Background(), page.Page{Img: img, DPI: float64(dpi), Bits: 8})
	if err != nil {
		t.Fatal(err)
	}
	doubts := 0
	for i, v := range judge.Fields(d.Pages[0], out.Evidence, calibration.Default().Policy) {
		want := truth[d.Pages[0].Fields[i].ID]
		if len(v.Doubts) > 0 {
			doubts++
		} else if len(v.Choices) != len(want) || len(want) == 1 && v.Choices[0] != want[0] {
			t.Errorf("%s is read as %v, and is %v", v.Field, v.Choices, want)
		}
	}
	if n := len(d.Pages[0].Fields); 5*doubts > n {
		t.Errorf("%d of %d fields are doubted", doubts, n)
	}
	var back *omr.Reject
	if _, err := r.Read(context.Background(), page.Page{Img: hidden, DPI: float64(dpi), Bits: 8}); !errors.As(err, &back) {
		t.Errorf("with three anchors and no outlines: %v", err)
	}
}

// bleach makes the printed outline of b as white as the paper.
func bleach(img *image.Gray, dpi omrtest.DPI, b sheets.Bubble) {
	k := float64(dpi) / 25.4
	c := b.Box.Center()
	r := int((b.Box.W()/2 + 0.3) * k)
	for y := -r; y <= r; y++ {
		for x := -r; x <= r; x++ {
			if d := float64(x*x + y*y); d >= sq((b.Box.W()/2-0.5)*k) && d <= sq((b.Box.W()/2+0.3)*k) {
				img.SetGray(int(c.X*k)+x, int(c.Y*k)+y, color.Gray{Y: 255})
			}
		}
	}
}

func sq(v float64) float64 { return v * v }

// white covers size mm from x, y.
func white(img *image.Gray, dpi omrtest.DPI, x, y, size float64) {
	k := float64(dpi) / 25.4
	for j := int(y * k); j < int((y+size)*k); j++ {
		for i := int(x * k); i < int((x+size)*k); i++ {
			img.SetGray(i, j, color.Gray{Y: 255})
		}
	}
}
