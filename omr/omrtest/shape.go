package omrtest

import (
	"image"
	"math"
	"math/rand/v2"

	"bargkhan/sheets/geom"
)

// warp makes a w×h picture of img: from says where in img the middle of each
// pixel comes from. Between pixels it is linear; outside img it is beyond.
func warp(img *image.Gray, w, h int, beyond uint8, from func(x, y float64) (float64, float64)) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		row := out.Pix[y*out.Stride:][:w]
		for x := range row {
			sx, sy := from(float64(x)+.5, float64(y)+.5)
			row[x] = sample(img, sx-.5, sy-.5, beyond)
		}
	}
	return out
}

// sample is img at a place between pixels.
func sample(img *image.Gray, x, y float64, beyond uint8) uint8 {
	fx, fy := math.Floor(x), math.Floor(y)
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if !(fx >= -1 && fy >= -1 && fx < float64(w) && fy < float64(h)) {
		return beyond
	}
	ix, iy := int(fx), int(fy)
	if ix >= 0 && iy >= 0 && ix+1 < w && iy+1 < h {
		i := iy*img.Stride + ix
		a, b, c, d := img.Pix[i], img.Pix[i+1], img.Pix[i+img.Stride], img.Pix[i+img.Stride+1]
		if a == b && a == c && a == d { // most of a page
			return a
		}
	}
	at := func(x, y int) float64 {
		if x < 0 || y < 0 || x >= w || y >= h {
			return float64(beyond)
		}
		return float64(img.Pix[y*img.Stride+x])
	}
	dx, dy := x-fx, y-fy
	top := at(ix, iy)*(1-dx) + at(ix+1, iy)*dx
	low := at(ix, iy+1)*(1-dx) + at(ix+1, iy+1)*dx
	return uint8(top*(1-dy) + low*dy + .5)
}

// size is the width and height of img.
func size(img *image.Gray) (w, h float64) { return float64(img.Rect.Dx()), float64(img.Rect.Dy()) }

// Skew lays the page deg degrees clockwise on the glass; the size stays.
func Skew(deg float64) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		w, h := size(img)
		s, c := math.Sincos(-deg * math.Pi / 180)
		return warp(img, int(w), int(h), lid, func(x, y float64) (float64, float64) {
			x, y = x-w/2, y-h/2
			return c*x - s*y + w/2, s*x + c*y + h/2
		})
	}
}

// Turn turns the page by quarters of a turn clockwise, exactly.
func Turn(quarters int) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		for range (quarters%4 + 4) % 4 {
			w, h := img.Rect.Dx(), img.Rect.Dy()
			out := image.NewGray(image.Rect(0, 0, h, w))
			for y := range h {
				for x := range w {
					out.Pix[x*out.Stride+h-1-y] = img.Pix[y*img.Stride+x]
				}
			}
			img = out
		}
		return img
	}
}

// Mirror swaps left and right: a film, or a page seen through its back.
func Mirror() Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		for y := range img.Rect.Dy() {
			row := img.Pix[y*img.Stride:][:img.Rect.Dx()]
			for i, j := 0, len(row)-1; i < j; i, j = i+1, j-1 {
				row[i], row[j] = row[j], row[i]
			}
		}
		return img
	}
}

// Shear moves the bottom of the page to the right by k times its height, as a
// feeder that pulls unevenly does.
func Shear(k float64) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		w, h := size(img)
		return warp(img, int(w), int(h), lid, func(x, y float64) (float64, float64) {
			return x - k*(y-h/2), y
		})
	}
}

// Scale enlarges what is on the page about its middle, as a copier does; the
// size of the picture stays.
func Scale(kx, ky float64) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		w, h := size(img)
		return warp(img, int(w), int(h), lid, func(x, y float64) (float64, float64) {
			return (x-w/2)/kx + w/2, (y-h/2)/ky + h/2
		})
	}
}

// Resample changes the resolution: a picture of 200 dpi times 1.5 is one of 300.
func Resample(k float64) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		if k < 1 { // what a coarser sensor cannot see must not come back as a pattern
			img = blur(img, 0.45/k)
		}
		w, h := size(img)
		return warp(img, int(math.Round(w*k)), int(math.Round(h*k)), lid, func(x, y float64) (float64, float64) {
			return x / k, y / k
		})
	}
}

// Stretch lengthens the page along the feed, which is downwards, by k (0.02 is
// 2 %): rollers that turn too slowly. The picture becomes longer too.
func Stretch(k float64) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		w, h := size(img)
		return warp(img, int(w), int(math.Round(h*(1+k))), lid, func(x, y float64) (float64, float64) {
			return x, y / (1 + k)
		})
	}
}

// Slip lengthens only a part of the page along the feed by k of the whole height:
// a roller that slips once, around the fraction at of the height, over the
// fraction over. What is above stays, what is below moves down.
func Slip(k, at, over float64) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		w, h := size(img)
		moved := func(y float64) float64 { return y + k*h*smooth(at-over/2, at+over/2, y/h) }
		// The inverse by halving: moved rises wherever k is at least −over/2.
		source := make([]float64, int(h))
		for i := range source {
			lo, hi := -math.Abs(k)*h-1, h+math.Abs(k)*h+1
			for hi-lo > 1e-3 {
				if mid := (lo + hi) / 2; moved(mid) < float64(i)+.5 {
					lo = mid
				} else {
					hi = mid
				}
			}
			source[i] = (lo + hi) / 2
		}
		return warp(img, int(w), int(h), lid, func(x, y float64) (float64, float64) {
			return x, source[int(y)]
		})
	}
}

// Crop cuts strips of the given width in mm off the sides of the picture.
func (d DPI) Crop(left, top, right, bottom float64) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		r := image.Rect(int(d.px(left)), int(d.px(top)), img.Rect.Dx()-int(d.px(right)), img.Rect.Dy()-int(d.px(bottom)))
		cut := img.SubImage(r).(*image.Gray)
		cut.Rect = cut.Rect.Sub(cut.Rect.Min)
		return Clone(cut)
	}
}

// Margin lays the page on a larger glass: mm of tone on every side.
func (d DPI) Margin(mm float64, tone uint8) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		m := int(d.px(mm))
		w, h := img.Rect.Dx(), img.Rect.Dy()
		out := image.NewGray(image.Rect(0, 0, w+2*m, h+2*m))
		for i := range out.Pix {
			out.Pix[i] = tone
		}
		for y := range h {
			copy(out.Pix[(y+m)*out.Stride+m:][:w], img.Pix[y*img.Stride:])
		}
		return out
	}
}

// tilted shortens the edge from corner far to the next by the share tilt, and draws it
// nearer to the other one by as much.
func tilted(q geom.Quad[geom.Pixel], far int, tilt float64) geom.Quad[geom.Pixel] {
	a, b := q[far], q[(far+1)%4]
	c, d := q[(far+2)%4], q[(far+3)%4] // c is beside b
	short := b.Sub(a).Mul(tilt / 2)
	q[far] = a.Add(d.Sub(a).Mul(tilt)).Add(short)
	q[(far+1)%4] = b.Add(c.Sub(b).Mul(tilt)).Sub(short)
	return q
}

// Phone photographs the page from above, not quite straight, on a dark table, in
// the light of a window: perspective, a shadow, softness. The page fills about
// fill of the picture's height, which is height pixels; the picture is 3:4.
func Phone(height int, fill float64) Spoil { return Aslant(height, fill, 0) }

// Aslant photographs the page as Phone does, from one side: its far edge is shorter than
// the near one by the share tilt, and the way there looks as much shorter, for what is
// far away is also seen more from the side.
func Aslant(height int, fill, tilt float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		w, h := size(img)
		oh := float64(height)
		ow := math.Round(oh * 3 / 4)
		k := min(fill*oh/h, 0.97*ow/w)
		if k < 1 {
			img = blur(img, 0.4/k)
		}
		photo := geom.R[geom.Pixel]((ow-k*w)/2, (oh-k*h)/2, (ow+k*w)/2, (oh+k*h)/2)
		corners := photo.Corners()
		if tilt > 0 {
			corners = tilted(corners, rng.IntN(4), tilt)
		}
		for i := range corners { // a hand tilts a phone by a few degrees
			corners[i].X += 0.03 * ow * (rng.Float64() - .5)
			corners[i].Y += 0.03 * oh * (rng.Float64() - .5)
		}
		page := geom.R[geom.Paper](0, 0, w, h).Corners() // the page's own pixels
		back, _, err := geom.Fit(corners[:], page[:])
		if err != nil {
			panic("omrtest: a phone's picture of no area: " + err.Error())
		}
		out := warp(img, int(ow), height, 0, func(x, y float64) (float64, float64) {
			p := back.At(geom.Point[geom.Pixel]{X: x, Y: y})
			return p.X, p.Y
		})
		table := newTooth(rng, 9)
		for y := range height {
			for x := range int(ow) {
				p := back.At(geom.Point[geom.Pixel]{X: float64(x) + .5, Y: float64(y) + .5})
				if p.X < 0 || p.Y < 0 || p.X >= w || p.Y >= h {
					out.Pix[y*out.Stride+x] = uint8(60 + 50*table.at(x, y))
				}
			}
		}
		return Chain(Range(35, 225), UnevenLight(0.4), Blur(0.7), Noise(3))(out, rng)
	}
}
