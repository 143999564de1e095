package typeset

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"math"
)

// A Picture is a picture of pixels, ready to be drawn on any number of pages. A PDF
// holds it once.
type Picture struct {
	w, h int
	pix  []uint8 // red, green, blue; what was transparent lies on white
}

// maxPicture bounds the pixels of a Picture: a logo of 60 mm at 600 dpi.
const maxPicture = 4_000_000

// DecodePNG reads a Picture.
func DecodePNG(data []byte) (*Picture, error) {
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("typeset: the picture is not a whole PNG: %w", err)
	}
	if c.Width*c.Height > maxPicture {
		return nil, fmt.Errorf("typeset: a picture of %d by %d pixels is larger than is printed: make it smaller", c.Width, c.Height)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("typeset: the picture is not a whole PNG: %w", err)
	}
	b := img.Bounds()
	flat := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(flat, flat.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(flat, flat.Rect, img, b.Min, draw.Over)
	p := &Picture{w: b.Dx(), h: b.Dy(), pix: make([]uint8, 0, 3*b.Dx()*b.Dy())}
	for i := 0; i < len(flat.Pix); i += 4 {
		p.pix = append(p.pix, flat.Pix[i:i+3]...)
	}
	return p, nil
}

// Picture draws pic as large as it fits into box, in its middle.
func (p *Page) Picture(box Rect, pic *Picture) {
	p.ops = append(p.ops, op{pic: pic, box: inside(box, float64(pic.w), float64(pic.h))})
}

// inside is the largest box of the proportions of w to h in the middle of box.
func inside(box Rect, w, h float64) Rect {
	k := min(box.W()/w, box.H()/h) / 2
	c := box.Center()
	return Box(c.X-k*w, c.Y-k*h, c.X+k*w, c.Y+k*h)
}

// at is the colour of the pixel at x, y, which may lie outside.
func (pic *Picture) at(x, y int) (c Color, ok bool) {
	if x < 0 || y < 0 || x >= pic.w || y >= pic.h {
		return c, false
	}
	i := 3 * (y*pic.w + x)
	return Color{pic.pix[i], pic.pix[i+1], pic.pix[i+2]}, true
}

// picture draws pic by looking at five by five places of each pixel.
func (r *raster) picture(pic *Picture, box Rect) {
	const n = 5
	back := r.m.inverse()
	area := r.bounds(new(Path).Rect(box)).Intersect(r.size)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			var sum [3]int
			seen := 0
			for k := range n * n {
				q := back.at(Point{X: float64(x) + (float64(k%n)+0.5)/n, Y: float64(y) + (float64(k/n)+0.5)/n})
				px, py := math.Floor((q.X-box.Min.X)/box.W()*float64(pic.w)), math.Floor((q.Y-box.Min.Y)/box.H()*float64(pic.h))
				if c, ok := pic.at(int(px), int(py)); ok {
					sum[0], sum[1], sum[2] = sum[0]+int(c.R), sum[1]+int(c.G), sum[2]+int(c.B)
					seen++
				}
			}
			if seen > 0 {
				cover := [1]uint8{uint8(255 * seen / (n * n))}
				r.blend(x, y, cover[:], Color{uint8(sum[0] / seen), uint8(sum[1] / seen), uint8(sum[2] / seen)})
			}
		}
	}
}

// picture writes a picture's pixels, once.
func (d *PDF) picture(pic *Picture) {
	if d.pics[pic] != 0 {
		return
	}
	n := d.object()
	d.pics[pic] = n
	d.stream(n, fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8", pic.w, pic.h), pic.pix)
}
