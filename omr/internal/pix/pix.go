// Package pix holds the loops over pixels. It knows brightness, edges, blobs and
// lines, and nothing of sheets: its callers say where to look and what for. All
// places are in pixels with centres at .5; outside a picture its border is continued
// unless a function says otherwise. Nothing here keeps or changes a picture it is
// given.
package pix

import (
	"image"

	"bargkhan/sheets/geom"
)

// A Point is a place in a picture.
type Point = geom.Point[geom.Pixel]

// Origin returns img with its top-left pixel at 0,0, sharing the pixels.
func Origin(img *image.Gray) *image.Gray {
	if img.Rect.Min == (image.Point{}) {
		return img
	}
	r := image.Rect(0, 0, img.Rect.Dx(), img.Rect.Dy())
	return &image.Gray{Pix: img.Pix[img.PixOffset(img.Rect.Min.X, img.Rect.Min.Y):], Stride: img.Stride, Rect: r}
}

// At is the brightness of img at p, linear between pixels.
func At(img *image.Gray, p Point) float64 {
	return at(img, p.X-0.5, p.Y-0.5)
}

// at is At with centres at whole numbers.
func at(img *image.Gray, x, y float64) float64 {
	mx, my := float64(img.Rect.Max.X-1), float64(img.Rect.Max.Y-1)
	if !(x > 0) {
		x = 0
	} else if x > mx {
		x = mx
	}
	if !(y > 0) {
		y = 0
	} else if y > my {
		y = my
	}
	x0, y0 := int(x), int(y)
	fx, fy := x-float64(x0), y-float64(y0)
	o := y0*img.Stride + x0
	dx, dy := 1, img.Stride
	if x0+1 >= img.Rect.Max.X {
		dx = 0
	}
	if y0+1 >= img.Rect.Max.Y {
		dy = 0
	}
	a, b := float64(img.Pix[o]), float64(img.Pix[o+dx])
	c, d := float64(img.Pix[o+dy]), float64(img.Pix[o+dx+dy])
	a += (b - a) * fx
	c += (d - c) * fx
	return a + (c-a)*fy
}

// A Lens carries small steps on paper, in mm, to steps in the picture around one
// place: the derivative of a pose.
type Lens struct{ XX, XY, YX, YY float64 }

// Step is where d mm leads to.
func (l Lens) Step(dx, dy float64) Point {
	return Point{X: l.XX*dx + l.XY*dy, Y: l.YX*dx + l.YY*dy}
}

// Outside marks a sample that lies outside the picture.
const Outside = -1

// Mean is the mean brightness of the nearest pixels to c plus each of steps seen
// through l. It is quicker and coarser than Samples.
func Mean(img *image.Gray, c Point, l Lens, steps []geom.Point[geom.Paper]) float64 {
	w, h := img.Rect.Max.X-1, img.Rect.Max.Y-1
	sum := 0
	for _, s := range steps {
		x, y := int(c.X+l.XX*s.X+l.XY*s.Y), int(c.Y+l.YX*s.X+l.YY*s.Y)
		sum += int(img.Pix[min(max(y, 0), h)*img.Stride+min(max(x, 0), w)])
	}
	return float64(sum) / float64(len(steps))
}

// Back is the steps on paper, in mm, that lead d through the picture.
func (l Lens) Back(d Point) geom.Point[geom.Paper] {
	det := l.XX*l.YY - l.XY*l.YX
	return geom.Point[geom.Paper]{X: (l.YY*d.X - l.XY*d.Y) / det, Y: (l.XX*d.Y - l.YX*d.X) / det}
}
