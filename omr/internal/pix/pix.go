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

// Shrink returns img reduced k times: each pixel is the mean of k×k. What is left
// over at the right and the bottom is dropped. For k of 1 it is img itself.
func Shrink(img *image.Gray, k int) *image.Gray {
	if k <= 1 {
		return img
	}
	w, h := img.Rect.Dx()/k, img.Rect.Dy()/k
	out := image.NewGray(image.Rect(0, 0, w, h))
	sums := make([]uint32, w)
	area := uint32(k * k)
	for y := range h {
		clear(sums)
		for j := range k {
			row := img.Pix[(y*k+j)*img.Stride:]
			row = row[:w*k]
			for x := range sums {
				s := uint32(0)
				for _, v := range row[x*k : x*k+k] {
					s += uint32(v)
				}
				sums[x] += s
			}
		}
		line := out.Pix[y*out.Stride:][:w]
		for x, s := range sums {
			line[x] = uint8((s + area/2) / area)
		}
	}
	return out
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

// Samples sets dst[i] to the brightness at c plus the i-th of steps seen through l,
// or to Outside.
func Samples(img *image.Gray, c Point, l Lens, steps []geom.Point[geom.Paper], dst []float64) {
	w, h := float64(img.Rect.Max.X), float64(img.Rect.Max.Y)
	for i, s := range steps {
		x, y := c.X+l.XX*s.X+l.XY*s.Y, c.Y+l.YX*s.X+l.YY*s.Y
		if x < 0 || y < 0 || x >= w || y >= h {
			dst[i] = Outside
			continue
		}
		dst[i] = at(img, x-0.5, y-0.5)
	}
}

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

// Profile sets dst to the brightness along the way from a to b, each value the mean
// over a line of width across, at right angles to nothing: across is the way from
// the middle of that line to its end. The first value is at a, the last at b.
func Profile(img *image.Gray, a, b, across Point, dst []float64) {
	m := int(2*across.Norm()) + 1
	n := float64(max(len(dst)-1, 1))
	for i := range dst {
		c := a.Add(b.Sub(a).Mul(float64(i) / n))
		sum := 0.0
		for j := range m {
			t := (2*float64(j)+1)/float64(m) - 1
			sum += at(img, c.X+across.X*t-0.5, c.Y+across.Y*t-0.5)
		}
		dst[i] = sum / float64(m)
	}
}
