package omr_test

import (
	"context"
	"errors"
	"image"
	"math/rand/v2"
	"testing"

	"bargkhan/omr"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// foreign is a small sheet of others: three squares and a corner around twenty
// questions.
func foreign() *sheets.Design {
	d := &sheets.Design{ID: "foreign", Size: geom.Point[geom.Paper]{X: 105, Y: 148}}
	pg := sheets.Page{Anchors: []sheets.Anchor{
		{Shape: sheets.Corner, Box: geom.R[geom.Paper](8, 8, 16, 16), Stroke: 2},
		{Shape: sheets.Square, Box: geom.R[geom.Paper](93, 8, 97, 12)},
		{Shape: sheets.Square, Box: geom.R[geom.Paper](93, 136, 97, 140)},
		{Shape: sheets.Square, Box: geom.R[geom.Paper](8, 136, 12, 140)},
	}}
	for q := range 20 {
		f := sheets.Field{ID: sheets.FieldID(rune('a' + q)), Outline: sheets.Ellipse}
		for c := range 4 {
			x, y := 30+float64(c)*12, 15+float64(q)*6
			f.Bubbles = append(f.Bubbles, sheets.Bubble{Choice: sheets.Choice(rune('1' + c)), Box: geom.R[geom.Paper](x, y, x+4, y+4)})
		}
		pg.Fields = append(pg.Fields, f)
	}
	d.Pages = []sheets.Page{pg}
	return d
}

// draw prints the anchors and outlines of a foreign sheet at 8 px a mm.
func draw(d *sheets.Design) *image.Gray {
	const k = 8.0
	img := omrtest.DPI(k*25.4).Paper(d.Size.X, d.Size.Y)
	dark := func(p geom.Point[geom.Paper]) bool {
		for _, a := range d.Pages[0].Anchors {
			if a.Box.Contains(p) && (a.Shape == sheets.Square || p.X < a.Box.Min.X+a.Stroke || p.Y < a.Box.Min.Y+a.Stroke) {
				return true
			}
		}
		for _, f := range d.Pages[0].Fields {
			for _, b := range f.Bubbles {
				if r := p.Sub(b.Box.Center()).Norm(); r < 2 && r > 1.7 {
					return true
				}
			}
		}
		return false
	}
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if dark(geom.Point[geom.Paper]{X: (float64(x) + 0.5) / k, Y: (float64(y) + 0.5) / k}) {
				img.Pix[y*img.Stride+x] = 20
			}
		}
	}
	return img
}

// TestForeign reads a sheet of others every way up, and refuses it when it could lie
// in two ways.
func TestForeign(t *testing.T) {
	t.Parallel()
	d := foreign()
	plain := draw(d)
	rng := rand.New(rand.NewPCG(2, 2))
	for turn := range 4 {
		img := omrtest.Chain(omrtest.Turn(turn), omrtest.Skew(1.5), omrtest.Scanned())(omrtest.Clone(plain), rng)
		r, err := (&omr.Reader{Expect: d}).Read(context.Background(), page.Page{Img: img, Bits: 8})
		if err != nil || r.Pose.Turn != (4-turn)%4 || r.Pose.Fit < 0.9 {
			t.Errorf("turned %d: got %+v, %v", turn, r, err)
		}
	}
	alike := foreign()
	alike.Pages[0].Anchors[0] = sheets.Anchor{Shape: sheets.Square, Box: geom.R[geom.Paper](8, 8, 12, 12)}
	for i := range alike.Pages[0].Fields {
		for j := range alike.Pages[0].Fields[i].Bubbles { // the middle of the page, so that half a turn changes nothing
			b := &alike.Pages[0].Fields[i].Bubbles[j].Box
			*b = geom.R[geom.Paper](b.Min.X+2.5, b.Min.Y, b.Max.X+2.5, b.Max.Y)
		}
	}
	img := omrtest.Scanned()(draw(alike), rng)
	r, err := (&omr.Reader{Expect: alike}).Read(context.Background(), page.Page{Img: img, Bits: 8})
	var back *omr.Reject
	if !errors.As(err, &back) || back.Reason != omr.NoAnchors {
		t.Errorf("a sheet that lies alike both ways is read: turn %v, %v", r, err)
	}
}

// TestJunk shows the reader heaps of black boxes. None may be read, none may end the
// program.
func TestJunk(t *testing.T) {
	t.Parallel()
	ours := national(t, false)
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 6))
		img := image.NewGray(image.Rect(0, 0, 420+rng.IntN(500), 420+rng.IntN(500)))
		for i := range img.Pix {
			img.Pix[i] = 200
		}
		for range 1 + rng.IntN(400) {
			w, h := 1+rng.IntN(30), 1+rng.IntN(30)
			x, y := rng.IntN(img.Rect.Dx()-w), rng.IntN(img.Rect.Dy()-h)
			v := uint8(rng.IntN(256))
			for j := range h {
				for i := range w {
					img.Pix[(y+j)*img.Stride+x+i] = v
				}
			}
		}
		for _, d := range []*sheets.Design{ours, foreign()} {
			r, err := (&omr.Reader{Expect: d}).Read(context.Background(), page.Page{Img: img, Bits: 8, DPI: 200})
			var back *omr.Reject
			if !errors.As(err, &back) {
				t.Errorf("seed %d: got %v, %v", seed, r, err)
			}
		}
	}
}
