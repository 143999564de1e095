package omr

import (
	"image"
	"math"

	"bargkhan/omr/internal/pix"
)

// A figure is something in the scan that may be a bubble: a closed outline, empty,
// marked or with a letter in it, or the white inside of one.
type figure struct {
	at   px
	w, h float64 // px of its upright box
}

// A sky is all figures of a scan, by place.
type sky struct {
	figures []figure
	cell    float64
	cols    int
	rows    int
	first   []int32 // of each cell, in next's manner; -1 for none
	next    []int32
}

// What figures must be.
const (
	figurePixels = 9.0  // px of a bubble in the picture it is looked for in, if it is as small as figureFill
	figureFill   = 0.45 // of the px a mm of a sheet that fills the picture
	mostFigures  = 9000 // more are cloth, a halftone or a page of small print
	figureAspect = 6.0  // of the longer side to the shorter one
)

// depths are how much darker than their surroundings outlines are taken to be, in the
// order they are tried.
var depths = [...]float64{0.1, 0.012}

// sky finds the figures from least to most px large, at one depth.
func (s *sight) sky(k int, depth, least, most float64) *sky {
	small := s.small
	if k != s.k {
		small = pix.Shrink(s.img, k)
	}
	lo, hi := max(int(least/float64(k)), 4), int(most/float64(k))+2
	dark := pix.LocalDark(small, s.paper, float64(s.k)/float64(k), pix.Contrast{Reach: max(hi/2, 6), Depth: depth, Least: 2}, nil)
	white := pix.EvenPaper()
	out := &sky{}
	for inverse := range 2 {
		if inverse == 1 {
			pix.Invert(dark)
		}
		for _, b := range s.mem.figures.Blobs(dark, white, 0.5, lo, hi) {
			if f, ok := figureOf(b.Box, float64(k)); ok {
				out.figures = append(out.figures, f)
			}
		}
		if len(out.figures) > mostFigures {
			return &sky{}
		}
	}
	out.index(s.img.Rect, max(least, 6))
	return out
}

func figureOf(box image.Rectangle, k float64) (figure, bool) {
	w, h := float64(box.Dx()), float64(box.Dy())
	at := px{X: float64(box.Min.X) + w/2, Y: float64(box.Min.Y) + h/2}
	return figure{at.Mul(k), w * k, h * k}, w <= figureAspect*h && h <= figureAspect*w
}

// index sorts the figures by place, and drops those that are within another one: the
// inside of an outline that was found.
func (k *sky) index(r image.Rectangle, cell float64) {
	k.cell = cell
	k.cols, k.rows = int(float64(r.Dx())/cell)+1, int(float64(r.Dy())/cell)+1
	k.first = make([]int32, k.cols*k.rows)
	for i := range k.first {
		k.first[i] = -1
	}
	all := k.figures
	k.figures, k.next = all[:0], make([]int32, 0, len(all))
	for _, f := range all {
		if i := k.nearest(f.at, 0.15*(f.w+f.h), func(g figure) bool { return g.w >= f.w && g.h >= f.h && g.w < 1.8*f.w }); i >= 0 {
			continue
		}
		c := k.of(f.at)
		k.figures, k.next = append(k.figures, f), append(k.next, k.first[c])
		k.first[c] = int32(len(k.figures) - 1)
	}
}

func (k *sky) of(p px) int {
	x := min(max(int(p.X/k.cell), 0), k.cols-1)
	y := min(max(int(p.Y/k.cell), 0), k.rows-1)
	return y*k.cols + x
}

// nearest is the figure nearest to p within reach that fits, or -1.
func (k *sky) nearest(p px, reach float64, fits func(figure) bool) int {
	best, dist := -1, reach*reach
	k.around(p, reach, func(i int) {
		v := k.figures[i].at.Sub(p)
		if d := v.X*v.X + v.Y*v.Y; d <= dist && fits(k.figures[i]) {
			best, dist = i, d
		}
	})
	return best
}

// around visits the figures within reach of p, and some beyond.
func (k *sky) around(p px, reach float64, visit func(int)) {
	if math.IsNaN(p.X + p.Y) {
		return
	}
	x0, x1 := max(int((p.X-reach)/k.cell), 0), min(int((p.X+reach)/k.cell), k.cols-1)
	y0, y1 := max(int((p.Y-reach)/k.cell), 0), min(int((p.Y+reach)/k.cell), k.rows-1)
	for y := y0; y <= y1; y++ {
		for x := x0; x <= x1; x++ {
			for i := k.first[y*k.cols+x]; i >= 0; i = k.next[i] {
				visit(int(i))
			}
		}
	}
}
