package typeset

import (
	"fmt"
	"image"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

const (
	mmPerInch = 25.4
	maxPixels = 400e6 // of one picture: A3 at 1200 dpi is 278 million
)

// Gray draws p as grey pixels, anti-aliased, so that edges lie true to a small part
// of a pixel. The origin of the page is the outer corner of the first pixel.
func (p *Page) Gray(dpi float64) (*image.Gray, error) {
	size, err := p.size(dpi)
	if err != nil {
		return nil, err
	}
	img := image.NewGray(size)
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	r := raster{m: affine{a: dpi / mmPerInch, d: dpi / mmPerInch}, size: size, blend: func(x, y int, cover []uint8, c Color) {
		ink := (299*int(c.R) + 587*int(c.G) + 114*int(c.B) + 500) / 1000
		row := img.Pix[img.PixOffset(x, y):]
		for i, a := range cover {
			row[i] = mix(row[i], ink, int(a))
		}
	}}
	r.page(p)
	return img, nil
}

// RGBA draws p as colour pixels, anti-aliased as by Gray.
func (p *Page) RGBA(dpi float64) (*image.RGBA, error) {
	size, err := p.size(dpi)
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(size)
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	r := raster{m: affine{a: dpi / mmPerInch, d: dpi / mmPerInch}, size: size, blend: func(x, y int, cover []uint8, c Color) {
		row := img.Pix[img.PixOffset(x, y):]
		for i, a := range cover {
			px := row[4*i : 4*i+3]
			px[0] = mix(px[0], int(c.R), int(a))
			px[1] = mix(px[1], int(c.G), int(a))
			px[2] = mix(px[2], int(c.B), int(a))
		}
	}}
	r.page(p)
	return img, nil
}

// size is the picture's size in pixels.
func (p *Page) size(dpi float64) (image.Rectangle, error) {
	w, h := math.Round(p.W*dpi/mmPerInch), math.Round(p.H*dpi/mmPerInch)
	if !(w >= 1 && h >= 1 && w*h <= maxPixels) {
		return image.Rectangle{}, fmt.Errorf("typeset: a page of %v by %v mm at %v dpi is no picture we can draw", p.W, p.H, dpi)
	}
	return image.Rect(0, 0, int(w), int(h)), p.err
}

// mix is paper under a share a of 255 of ink.
func mix(paper uint8, ink, a int) uint8 {
	return uint8((int(paper)*(255-a) + ink*a + 127) / 255)
}

// A raster fills paths. blend lays a colour over a row of pixels from x, y, by the
// share of each that is covered.
type raster struct {
	m     affine // from mm to pixels
	size  image.Rectangle
	blend func(x, y int, cover []uint8, c Color)
	z     vector.Rasterizer
	mask  image.Alpha
}

func (r *raster) page(p *Page) {
	for _, o := range p.ops {
		switch {
		case o.used != nil && o.m != nil:
			was := r.m
			r.m = was.after(*o.m)
			r.page(o.used)
			r.m = was
		case o.used != nil:
			r.page(o.used)
		case o.pic != nil:
			r.picture(o.pic, o.box)
		case o.run != nil:
			r.fill(o.run.outline(), o.color)
		default:
			r.fill(o.path, o.color)
		}
	}
}

// fill rasterises within the smallest whole pixels that hold the path.
func (r *raster) fill(path *Path, c Color) {
	box := r.bounds(path).Intersect(r.size)
	if box.Empty() {
		return
	}
	r.z.Reset(box.Dx(), box.Dy())
	at := func(p Point) (x, y float32) {
		p = r.m.at(p)
		return float32(p.X - float64(box.Min.X)), float32(p.Y - float64(box.Min.Y))
	}
	for i := range path.segs {
		s := &path.segs[i]
		x, y := at(s.p[0])
		switch s.kind {
		case moveTo:
			r.z.ClosePath()
			r.z.MoveTo(x, y)
		case lineTo:
			r.z.LineTo(x, y)
		case cubeTo:
			r.cube(path.segs[i-1].end(), s, at)
		}
	}
	r.z.ClosePath()
	if n := box.Dx() * box.Dy(); cap(r.mask.Pix) < n {
		r.mask.Pix = make([]uint8, n)
	}
	r.mask.Pix = r.mask.Pix[:box.Dx()*box.Dy()]
	r.mask.Stride, r.mask.Rect = box.Dx(), image.Rect(0, 0, box.Dx(), box.Dy())
	r.z.DrawOp = draw.Src
	r.z.Draw(&r.mask, r.mask.Rect, image.Opaque, image.Point{})
	for y := range box.Dy() {
		r.blend(box.Min.X, box.Min.Y+y, r.mask.Pix[y*box.Dx():(y+1)*box.Dx()], c)
	}
}

// cube draws a curve as chords that leave it by at most a fiftieth of a pixel: a
// quarter of a circle with n chords leaves it by 0.31 radii over n². The vector
// package's own curves leave it by a tenth, which a reader of ours could measure.
func (r *raster) cube(from Point, s *segment, at func(Point) (x, y float32)) {
	reach := from.Sub(s.p[0]).Norm() + s.p[0].Sub(s.p[1]).Norm() + s.p[1].Sub(s.p[2]).Norm()
	n := 1 + int(math.Sqrt(8*min(reach*r.m.scale(), 1e4)))
	for i := 1; i <= n; i++ {
		t := float64(i) / float64(n)
		u := 1 - t
		r.z.LineTo(at(Point{
			X: u*u*u*from.X + 3*u*u*t*s.p[0].X + 3*u*t*t*s.p[1].X + t*t*t*s.p[2].X,
			Y: u*u*u*from.Y + 3*u*u*t*s.p[0].Y + 3*u*t*t*s.p[1].Y + t*t*t*s.p[2].Y,
		}))
	}
}

// bounds are the whole pixels that hold path and its controls.
func (r *raster) bounds(path *Path) image.Rectangle {
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for i := range path.segs {
		s := &path.segs[i]
		n := 1
		if s.kind == cubeTo {
			n = 3
		}
		for _, p := range s.p[:n] {
			p = r.m.at(p)
			x0, x1 = min(x0, p.X), max(x1, p.X)
			y0, y1 = min(y0, p.Y), max(y1, p.Y)
		}
	}
	if !(x1 > x0 && y1 > y0) {
		return image.Rectangle{}
	}
	whole := func(v float64) int { return int(max(-1e6, min(1e6, v))) }
	return image.Rect(whole(x0)-1, whole(y0)-1, whole(x1)+2, whole(y1)+2)
}
