package omrtest_test

import (
	"image"
	"math"
	"math/rand/v2"
	"strconv"

	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// rngOf is the only source of chance in these tests.
func rngOf(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// plainPage is twenty questions of four bubbles, 5×3 mm, on A6.
func plainPage() sheets.Page {
	var pg sheets.Page
	for q := range 20 {
		f := sheets.Field{ID: sheets.FieldID("q" + strconv.Itoa(q+1)), Rule: sheets.AtMostOne}
		for c := range 4 {
			x, y := 20+float64(c)*12, 15+float64(q)*6
			f.Bubbles = append(f.Bubbles, sheets.Bubble{
				Choice: sheets.Choice(strconv.Itoa(c + 1)), Box: geom.R[geom.Paper](x, y, x+5, y+3),
			})
		}
		pg.Fields = append(pg.Fields, f)
	}
	return pg
}

// printed draws the outlines of pg on A6 and black corners.
func printed(pg sheets.Page, dpi omrtest.DPI) *image.Gray {
	img := dpi.Paper(105, 148)
	k := float64(dpi) / 25.4
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			px, py := (float64(x)+.5)/k, (float64(y)+.5)/k
			cx, cy := min(px, 105-px), min(py, 148-py)
			if cx > 6 && cx < 11 && cy > 6 && cy < 11 {
				img.Pix[y*img.Stride+x] = 0
			}
		}
	}
	for _, f := range pg.Fields {
		for _, b := range f.Bubbles {
			outline(img, b.Box, k)
		}
	}
	return img
}

// outline draws a stadium with a line of 0.25 mm inside box.
func outline(img *image.Gray, box geom.Rect[geom.Paper], k float64) {
	c, r := box.Center(), box.H()/2
	for y := int(box.Min.Y * k); y <= int(box.Max.Y*k); y++ {
		for x := int(box.Min.X * k); x <= int(box.Max.X*k); x++ {
			dx := math.Abs((float64(x)+.5)/k - c.X)
			dy := math.Abs((float64(y)+.5)/k - c.Y)
			from := r - math.Hypot(max(0, dx-(box.W()/2-r)), dy)
			if from >= 0 && from < 0.25 {
				img.Pix[y*img.Stride+x] = 60
			}
		}
	}
}

// answersOf fills question i with choice i mod 4.
func answersOf(pg sheets.Page) map[sheets.FieldID][]sheets.Choice {
	a := make(map[sheets.FieldID][]sheets.Choice)
	for i, f := range pg.Fields {
		a[f.ID] = []sheets.Choice{f.Bubbles[i%4].Choice}
	}
	return a
}
