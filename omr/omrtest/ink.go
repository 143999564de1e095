package omrtest

import (
	"image"
	"math"
	"math/rand/v2"
)

// A vec is a place on paper in mm.
type vec struct{ x, y float64 }

func (a vec) add(b vec) vec     { return vec{a.x + b.x, a.y + b.y} }
func (a vec) mul(k float64) vec { return vec{a.x * k, a.y * k} }
func (a vec) turn(angle float64) vec { // anticlockwise as y goes up
	s, c := math.Sincos(angle)
	return vec{a.x*c - a.y*s, a.x*s + a.y*c}
}

// A layer is what a pencil leaves on a small part of the page: how much of the
// paper it covers, pixel by pixel, before it is laid on the picture.
type layer struct {
	at  image.Rectangle
	amt []float32 // 0 … 1
	px  float64   // to the mm
}

// newLayer covers the box from lo to hi, in mm, within img.
func newLayer(img *image.Gray, dpi DPI, lo, hi vec) *layer {
	p := dpi.px(1)
	r := image.Rect(int(lo.x*p), int(lo.y*p), int(hi.x*p)+1, int(hi.y*p)+1).Intersect(img.Rect)
	return &layer{at: r, amt: make([]float32, r.Dx()*r.Dy()), px: p}
}

// stroke draws a straight line of the given width (mm) and strength (0 … 1).
// Strokes add up as pencil does: towards solid, never beyond.
func (l *layer) stroke(a, b vec, width, strength float64) {
	ax, ay, bx, by := a.x*l.px, a.y*l.px, b.x*l.px, b.y*l.px
	half := width * l.px / 2
	pad := half + 1
	r := image.Rect(int(min(ax, bx)-pad), int(min(ay, by)-pad), int(max(ax, bx)+pad)+1, int(max(ay, by)+pad)+1).Intersect(l.at)
	dx, dy := bx-ax, by-ay
	long := dx*dx + dy*dy
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := l.amt[(y-l.at.Min.Y)*l.at.Dx():]
		for x := r.Min.X; x < r.Max.X; x++ {
			px, py := float64(x)+.5-ax, float64(y)+.5-ay
			t := 0.0
			if long > 0 {
				t = min(1, max(0, (px*dx+py*dy)/long))
			}
			cover := min(1, max(0, half+.5-math.Hypot(px-t*dx, py-t*dy)))
			if cover > 0 {
				i := x - l.at.Min.X
				row[i] = 1 - (1-row[i])*float32(1-cover*strength)
			}
		}
	}
}

// path draws a line through points.
func (l *layer) path(ps []vec, width, strength float64) {
	for i := 1; i < len(ps); i++ {
		l.stroke(ps[i-1], ps[i], width, strength)
	}
}

// lay puts the layer on img: tone is how light solid ink is (0 black … 1 white),
// grain how much the paper's tooth keeps it from being solid (0 … 1).
func (l *layer) lay(img *image.Gray, tone, grain float64, rng *rand.Rand) {
	tooth := newTooth(rng, 0.22*l.px)
	for y := l.at.Min.Y; y < l.at.Max.Y; y++ {
		row := l.amt[(y-l.at.Min.Y)*l.at.Dx():][:l.at.Dx()]
		dst := img.Pix[img.PixOffset(l.at.Min.X, y):]
		for i, a := range row {
			if a == 0 {
				continue
			}
			held := float64(a) * (1 - grain*tooth.at(l.at.Min.X+i, y))
			dst[i] = uint8(float64(dst[i])*(1-held*(1-tone)) + .5)
		}
	}
}

// A tooth is the roughness of paper: smooth noise, 0 … 1, by place.
type tooth struct {
	seed uint32
	size float64 // of a grain in pixels
}

func newTooth(rng *rand.Rand, size float64) tooth { return tooth{rng.Uint32(), max(1, size)} }

func (t tooth) at(x, y int) float64 {
	fx, fy := float64(x)/t.size, float64(y)/t.size
	ix, iy := int(math.Floor(fx)), int(math.Floor(fy))
	fx, fy = fx-float64(ix), fy-float64(iy)
	top := t.knot(ix, iy)*(1-fx) + t.knot(ix+1, iy)*fx
	low := t.knot(ix, iy+1)*(1-fx) + t.knot(ix+1, iy+1)*fx
	return top*(1-fy) + low*fy
}

// knot is a random number of a grid place (the mixing of MurmurHash3).
func (t tooth) knot(x, y int) float64 {
	h := t.seed ^ uint32(x)*0x9E3779B1 ^ uint32(y)*0x85EBCA77
	h ^= h >> 16
	h *= 0x85EBCA6B
	h ^= h >> 13
	h *= 0xC2B2AE35
	h ^= h >> 16
	return float64(h) / (1 << 32)
}
