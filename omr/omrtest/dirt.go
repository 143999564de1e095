package omrtest

import (
	"image"
	"math"
	"math/rand/v2"

	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// A Where names a corner of the picture.
type Where uint8

// The corners, in the order of a geom.Quad.
const (
	TopLeft Where = iota
	TopRight
	BottomRight
	BottomLeft
)

// from returns the distances of a pixel from corner c, both growing inwards.
func (c Where) from(img *image.Gray, x, y int) (dx, dy float64) {
	dx, dy = float64(x)+.5, float64(y)+.5
	if c == TopRight || c == BottomRight {
		dx = float64(img.Rect.Dx()) - dx
	}
	if c == BottomRight || c == BottomLeft {
		dy = float64(img.Rect.Dy()) - dy
	}
	return dx, dy
}

// each replaces every pixel of r by what f makes of it.
func each(img *image.Gray, r image.Rectangle, f func(x, y int, v uint8) uint8) *image.Gray {
	r = r.Intersect(img.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			i := y*img.Stride + x
			img.Pix[i] = f(x, y, img.Pix[i])
		}
	}
	return img
}

// around is the square of half side r about a place.
func around(x, y, r float64) image.Rectangle {
	return image.Rect(int(x-r)-1, int(y-r)-1, int(x+r)+2, int(y+r)+2)
}

// Streak draws what dust on the glass of a feeder does: a line down the whole
// picture at the fraction at of its width, width pixels wide, of the given tone (0
// black … 255 white), a little uneven along its length.
func Streak(at float64, width int, tone uint8) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		x0 := int(at*float64(img.Rect.Dx())) - width/2
		along := newTooth(rng, 60)
		return each(img, image.Rect(x0, 0, x0+width, img.Rect.Dy()), func(_, y int, v uint8) uint8 {
			return blend(v, float64(tone), 0.75+0.25*along.at(0, y))
		})
	}
}

// StreakOver lists the fields of pg, of which img is the raster, that a Streak runs over: those
// with a bubble of which it touches the outline, with half a pixel for the scanner's blur.
func (d DPI) StreakOver(img *image.Gray, pg sheets.Page, at float64, width int) []sheets.FieldID {
	x0 := float64(int(at*float64(img.Rect.Dx())) - width/2)
	lo := geom.Point[geom.Paper]{X: (x0 - 0.5) / d.px(1)}
	hi := geom.Point[geom.Paper]{X: (x0 + float64(width) + 0.5) / d.px(1), Y: float64(img.Rect.Dy()) / d.px(1)}
	return FieldsIn(pg, geom.Rect[geom.Paper]{Min: lo, Max: hi})
}

// Frame darkens the edges of the picture to tone, up to mm wide: the shadow of a
// lid that is not closed. Each side is a wedge of its own.
func (d DPI) Frame(mm float64, tone uint8) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		var a, b [4]float64
		for i := range a {
			a[i], b[i] = d.px(mm)*rng.Float64(), d.px(mm)*rng.Float64()
		}
		w, h := size(img)
		return each(img, img.Rect, func(x, y int, v uint8) uint8 {
			tx, ty := float64(x)/w, float64(y)/h
			if float64(x) < a[0]+(b[0]-a[0])*ty || w-float64(x) < a[1]+(b[1]-a[1])*ty ||
				float64(y) < a[2]+(b[2]-a[2])*tx || h-float64(y) < a[3]+(b[3]-a[3])*tx {
				return tone
			}
			return v
		})
	}
}

// FoldCorner folds a corner over: mm is how far the fold reaches along both
// edges. What was there shows the lid, and its back covers as much of the print.
func (d DPI) FoldCorner(c Where, mm float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		a, b := d.px(mm), d.px(mm)*(0.8+0.4*rng.Float64()) // along x and along y
		back := newTooth(rng, 30)
		long := math.Hypot(a, b)
		return each(img, img.Rect, func(x, y int, v uint8) uint8 {
			dx, dy := c.from(img, x, y)
			in := (dx*b + dy*a - a*b) / long // distance from the fold, inwards
			switch {
			case in < 0:
				return lid
			case in < 1.5:
				return 150 // the fold's shadow
			}
			// The back is the mirror image of the missing triangle.
			mx, my := dx-2*in*b/long, dy-2*in*a/long
			switch {
			case mx >= 0 && my >= 0:
				return uint8(238 + 8*back.at(x, y))
			case mx > -3 && my > -3:
				return blend(v, 90, 0.4) // the edge's shadow
			}
			return v
		})
	}
}

// TornCorner tears a corner off, mm along both edges, with a ragged edge.
func (d DPI) TornCorner(c Where, mm float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		rag := newTooth(rng, d.px(2.5))
		a := d.px(mm)
		return each(img, img.Rect, func(x, y int, v uint8) uint8 {
			dx, dy := c.from(img, x, y)
			in := dx + dy - a + d.px(3)*(rag.at(x, y)-.5)
			switch {
			case in < 0:
				return lid
			case in < d.px(0.6):
				return uint8(200 + 40*rag.at(x, y)) // the torn fibres
			}
			return v
		})
	}
}

// Punch makes two holes of 6 mm, 80 mm apart, in the left margin, their centres
// inset mm from the edge (ISO 838 has 12); the glass behind is of the given tone.
func (d DPI) Punch(inset float64, tone uint8) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		middle := float64(img.Rect.Dy())/2 + d.px(4)*(rng.Float64()-.5)
		r := d.px(3)
		for _, dy := range []float64{-40, 40} {
			cx, cy := d.px(inset), middle+d.px(dy)
			img = each(img, around(cx, cy, r), func(x, y int, v uint8) uint8 {
				cover := min(1, max(0, r+.5-math.Hypot(float64(x)+.5-cx, float64(y)+.5-cy)))
				return blend(v, float64(tone), cover)
			})
		}
		return img
	}
}

// Staple leaves a staple of 12 mm in a corner, aslant, inset mm from both edges.
func (d DPI) Staple(c Where, inset float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		w, h := size(img)
		at, way := vec{inset, inset}, vec{6, 0}.turn(-0.8+0.3*rng.Float64())
		if c == TopRight || c == BottomRight {
			at.x, way.x = w/d.px(1)-inset, -way.x
		}
		if c == BottomRight || c == BottomLeft {
			at.y, way.y = h/d.px(1)-inset, -way.y
		}
		l := newLayer(img, d, at.add(vec{-8, -8}), at.add(vec{8, 8}))
		l.stroke(at.add(way), at.add(way.mul(-1)), 1.6, 0.25) // its shadow
		l.stroke(at.add(way), at.add(way.mul(-1)), 0.6, 0.9)
		l.lay(img, 0.25, 0.2, rng)
		return img
	}
}

// Bands are the marks of rollers: faint grey bands across the page, every mm of the
// feed, depth deep (0.1 is 10 %).
func (d DPI) Bands(mm, depth float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		phase := rng.Float64()
		return shade(img, func(_, y int) float64 {
			t := float64(y)/d.px(mm) + phase
			return 1 - depth*(1-smooth(0, 0.12, math.Abs(t-math.Round(t))))
		})
	}
}

// DoubleFeed scans two sheets as one: below the fraction at of the height lies
// other, moved down a little, with its edge's shadow.
func DoubleFeed(other *image.Gray, at float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		y0 := int(at * float64(img.Rect.Dy()))
		slip := rng.IntN(img.Rect.Dy()/30 + 1)
		return each(img, image.Rect(0, y0, img.Rect.Dx(), img.Rect.Dy()), func(x, y int, v uint8) uint8 {
			switch {
			case y < y0+3:
				return 120
			case x < other.Rect.Dx() && y-slip >= 0 && y-slip < other.Rect.Dy():
				return other.Pix[(y-slip)*other.Stride+x]
			}
			return lid
		})
	}
}

// FoldLine is a fold that was smoothed out: a line across the whole page at the
// fraction at of its height, slightly askew, width pixels wide, of the given tone.
func FoldLine(at float64, width float64, tone uint8) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		w, h := size(img)
		tilt := 0.01 * (rng.Float64() - .5)
		rough := newTooth(rng, 14)
		return each(img, img.Rect, func(x, y int, v uint8) uint8 {
			from := math.Abs(float64(y) - at*h - tilt*(float64(x)-w/2))
			cover := min(1, max(0, width/2+.5-from)) * (0.5 + 0.5*rough.at(x, y))
			return blend(v, float64(tone), cover)
		})
	}
}

// Coffee leaves the ring of a cup, radius mm, its centre at fractions of the
// page's width and height.
func (d DPI) Coffee(cx, cy, radius float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		w, h := size(img)
		x0, y0, r := cx*w, cy*h, d.px(radius)
		cloud := newTooth(rng, d.px(4))
		return each(img, around(x0, y0, r+d.px(4)), func(x, y int, v uint8) uint8 {
			from := math.Hypot(float64(x)-x0, float64(y)-y0)
			edge := math.Abs(from - r - d.px(1.5)*(cloud.at(x, y)-.5))
			dark := 0.45 * (1 - smooth(0, d.px(1.6), edge))
			if from < r {
				dark = max(dark, 0.08+0.07*cloud.at(x, y))
			}
			return clamp(float64(v) * (1 - dark))
		})
	}
}

// Fingerprint leaves a dirty thumb, about 18 mm high, at fractions of the page.
func (d DPI) Fingerprint(cx, cy, strength float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		w, h := size(img)
		x0, y0 := cx*w, cy*h
		cloud, bend := newTooth(rng, d.px(3)), newTooth(rng, d.px(5))
		turn := rng.Float64() * math.Pi
		return each(img, around(x0, y0, d.px(11)), func(x, y int, v uint8) uint8 {
			q := vec{float64(x) - x0, float64(y) - y0}.turn(turn)
			from := math.Hypot(q.x/d.px(7), q.y/d.px(9.5))
			ridge := 0.5 + 0.5*math.Sin(2*math.Pi*(from*17+3*bend.at(x, y)))
			return clamp(float64(v) * (1 - strength*(1-smooth(.7, 1, from))*ridge*cloud.at(x, y)))
		})
	}
}

// Stamp prints an office's rubber stamp, 38×16 mm with lines of writing, turned a
// little, its middle at fractions of the page, and a signature across it.
func (d DPI) Stamp(cx, cy float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		w, h := size(img)
		at := vec{cx * w / d.px(1), cy * h / d.px(1)}
		l := newLayer(img, d, at.add(vec{-32, -26}), at.add(vec{32, 26}))
		turn := 0.3 * (rng.Float64() - .5)
		put := func(x, y float64) vec { return at.add(vec{x, y}.turn(turn)) }
		l.path([]vec{put(-19, -8), put(19, -8), put(19, 8), put(-19, 8), put(-19, -8)}, 0.8, 0.85)
		for y := -5.0; y <= 5; y += 3.3 {
			for x := -16.0; x < 15; x += 0.7 + 0.9*rng.Float64() {
				l.stroke(put(x, y+0.9*(rng.Float64()-.5)), put(x+0.6, y+1.2*(rng.Float64()-.5)), 0.5, 0.8)
			}
		}
		l.lay(img, 0.4, 0.5, rng)
		sign := newLayer(img, d, at.add(vec{-32, -26}), at.add(vec{32, 26}))
		var ps []vec
		for t := 0.0; t < 1; t += 0.01 {
			ps = append(ps, put(-22+46*t+4*math.Sin(23*t), 9*math.Sin(17*t+rng.Float64()*.1)*(1-.6*t)))
		}
		sign.path(ps, 0.5, 0.95)
		sign.lay(img, 0.28, 0.1, rng)
		return img
	}
}

// DirtyErasing smears graphite over the whole page, as a bad rubber does, amount
// from 0 to 1.
func DirtyErasing(amount float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		wide, fine := newTooth(rng, 120), newTooth(rng, 5)
		return shade(img, func(x, y int) float64 {
			return 1 - amount*smooth(.45, .9, wide.at(x+y/2, y))*(0.6+0.4*fine.at(x, y))
		})
	}
}
