// Package overlay draws a reading over its page and cuts crops, for review and
// for tests. It is for people's eyes: nothing is measured on what it returns.
package overlay

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"

	"github.com/disintegration/imaging"

	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// Limits of a crop's width in pixels: less shows nothing, more is a whole page of
// 600 dpi.
const leastWidth, mostWidth = 16, 5000

// mostHigh bounds a crop's height as a multiple of its width.
const mostHigh = 20

// beside is the grey of what lies outside the scan.
const beside = 0xc0

// Crop returns the part of the scan that shows box of the sheet, upright and
// width pixels wide, whichever way the sheet lay. Outside the scan it is grey. A
// width below 16 or above 5000 is taken as that limit; an empty box shows a grey dot.
func Crop(img *image.Gray, pose *omr.Pose, box geom.Rect[geom.Paper], width int) image.Image {
	w := min(max(width, leastWidth), mostWidth)
	if !(box.W() > 0 && box.H() > 0) {
		return grey(1, 1)
	}
	h := min(max(int(math.Round(float64(w)*box.H()/box.W())), 1), mostHigh*w)
	if fine := pixels(pose, box); fine > 1.5*float64(w) { // made smaller: every pixel of the scan has its share
		return imaging.Resize(cut(img, pose, box, int(fine), int(fine*float64(h)/float64(w))), w, h, imaging.Box)
	}
	return cut(img, pose, box, w, h)
}

// Page returns a whole page as it was scanned, at most width pixels wide, within
// the same limits.
func Page(img *image.Gray, width int) image.Image {
	w := min(max(width, leastWidth), mostWidth)
	if img.Bounds().Dx() <= w {
		return img
	}
	return imaging.Resize(img, w, 0, imaging.Box)
}

// pixels is how many pixels of the scan lie across box, at most mostWidth.
func pixels(pose *omr.Pose, box geom.Rect[geom.Paper]) float64 {
	y := box.Center().Y
	a := pose.At(geom.Point[geom.Paper]{X: box.Min.X, Y: y})
	b := pose.At(geom.Point[geom.Paper]{X: box.Max.X, Y: y})
	if n := b.Sub(a).Norm(); n < mostWidth {
		return n
	}
	return 0 // farther than any scan, or nowhere: as asked for
}

// cut samples box of the sheet as w×h pixels.
func cut(img *image.Gray, pose *omr.Pose, box geom.Rect[geom.Paper], w, h int) *image.Gray {
	out := grey(w, h)
	step, down := box.W()/float64(w), box.H()/float64(h)
	for y := range h {
		row := out.Pix[y*out.Stride:][:w]
		for x := range row {
			q := geom.Point[geom.Paper]{X: box.Min.X + (float64(x)+0.5)*step, Y: box.Min.Y + (float64(y)+0.5)*down}
			if v, ok := at(img, pose.At(q)); ok {
				row[x] = v
			}
		}
	}
	return out
}

func grey(w, h int) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, w, h))
	for i := range out.Pix {
		out.Pix[i] = beside
	}
	return out
}

// at is the brightness of img at p, linear between pixels; ok is false outside.
func at(img *image.Gray, p geom.Point[geom.Pixel]) (v uint8, ok bool) {
	b := img.Bounds()
	w, h := float64(b.Dx()), float64(b.Dy())
	if !(p.X >= 0 && p.Y >= 0 && p.X < w && p.Y < h) {
		return 0, false
	}
	x, y := min(max(p.X-0.5, 0), w-1), min(max(p.Y-0.5, 0), h-1)
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, b.Dx()-1), min(y0+1, b.Dy()-1)
	fx, fy := x-float64(x0), y-float64(y0)
	get := func(x, y int) float64 { return float64(img.GrayAt(b.Min.X+x, b.Min.Y+y).Y) }
	top := get(x0, y0)*(1-fx) + get(x1, y0)*fx
	low := get(x0, y1)*(1-fx) + get(x1, y1)*fx
	return uint8(top*(1-fy) + low*fy + 0.5), true
}

// Colours of a drawing.
var (
	anchors = color.RGBA{R: 0x20, G: 0x50, B: 0xe0, A: 0xff}
	unfit   = color.RGBA{R: 0xd0, G: 0x00, B: 0xd0, A: 0xff}
	doubted = color.RGBA{R: 0xff, G: 0x90, B: 0x00, A: 0xff}
	chosen  = color.RGBA{R: 0x00, G: 0xa0, B: 0xff, A: 0xff}
)

// doubtful are the Fit and Seen below which Draw shows a bubble as not found.
const doubtful = 0.5

// Draw returns the whole page as it was scanned with the anchors in blue, and each
// bubble's outline from green for no ink to red for solid; violet where the bubble
// was not found or not seen. Of the fields in verdicts, the choices that are believed
// have a light blue dot in their middle, and those that are doubted stand in an orange
// box. Evidence of another page of d is not drawn.
func Draw(img *image.Gray, d *sheets.Design, r *omr.Reading, verdicts ...judge.Verdict) image.Image {
	b := img.Bounds()
	c := canvas{image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))}
	draw.Draw(c.RGBA, c.Bounds(), img, b.Min, draw.Src)
	if r.Stamp.Page < 1 || r.Stamp.Page > len(d.Pages) {
		return c
	}
	pg := d.Pages[r.Stamp.Page-1]
	for _, a := range pg.Anchors {
		c.box(&r.Pose, a.Box, sheets.Rectangle, anchors)
	}
	i := 0
	for _, f := range pg.Fields {
		for _, bubble := range f.Bubbles {
			if i >= len(r.Evidence) {
				return c
			}
			e := r.Evidence[i]
			ink := min(max(e.Ink, 0), 1)
			col := color.RGBA{R: uint8(255 * min(ink*2, 1)), G: uint8(200 * (1 - ink)), A: 0xff}
			if e.Fit < doubtful || e.Seen < doubtful {
				col = unfit
			}
			c.box(&r.Pose, bubble.Box, f.Outline, col)
			i++
		}
		for _, v := range verdicts {
			if v.Field == f.ID {
				c.verdict(&r.Pose, f, v)
			}
		}
	}
	return c
}

// verdict draws what is believed of a field.
func (c canvas) verdict(pose *omr.Pose, f sheets.Field, v judge.Verdict) {
	all := f.Bubbles[0].Box
	for _, b := range f.Bubbles {
		all = all.Union(b.Box)
		if slices.Contains(v.Choices, b.Choice) {
			c.box(pose, b.Box.Inset(0.42*min(b.Box.W(), b.Box.H())), sheets.Ellipse, chosen)
		}
	}
	if len(v.Doubts) > 0 {
		const beside = 0.6 // mm
		c.box(pose, all.Inset(-beside), sheets.Rectangle, doubted)
	}
}

// A canvas is a picture that is drawn on.
type canvas struct{ *image.RGBA }

// box draws the figure that fills r.
func (c canvas) box(pose *omr.Pose, r geom.Rect[geom.Paper], o sheets.Outline, col color.RGBA) {
	const corners = 48
	mid, a, b := r.Center(), r.W()/2, r.H()/2
	var last geom.Point[geom.Pixel]
	for i := range corners + 1 {
		t := 2 * math.Pi * (float64(i) + 0.5) / corners
		x, y := math.Cos(t), math.Sin(t)
		switch o {
		case sheets.Ellipse:
			x, y = a*x, b*y
		case sheets.Rectangle:
			k := max(math.Abs(x), math.Abs(y))
			x, y = a*x/k, b*y/k
		default:
			s := min(a, b)
			x, y = s*x+math.Copysign(a-s, x), s*y+math.Copysign(b-s, y)
		}
		p := pose.At(geom.Point[geom.Paper]{X: mid.X + x, Y: mid.Y + y})
		if i > 0 {
			c.line(last, p, col)
		}
		last = p
	}
}

// line draws from a to b, two pixels wide. What lies outside is left out.
func (c canvas) line(a, b geom.Point[geom.Pixel], col color.RGBA) {
	n := int(math.Min(b.Sub(a).Norm(), 1e5)) + 1
	for i := range n {
		p := a.Add(b.Sub(a).Mul(float64(i) / float64(n)))
		x, y := int(p.X), int(p.Y)
		for _, q := range [4]image.Point{{X: x, Y: y}, {X: x + 1, Y: y}, {X: x, Y: y + 1}, {X: x + 1, Y: y + 1}} {
			if q.In(c.Rect) {
				c.SetRGBA(q.X, q.Y, col)
			}
		}
	}
}
