package omr

import (
	"cmp"
	"image"
	"math"
	"math/bits"
	"slices"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// A marker is a coded corner marker that was seen.
type marker struct {
	id     int
	quad   geom.Quad[geom.Pixel] // its own corners, in the scan
	errors int                   // modules read wrong
	mirror bool
}

const (
	modules    = 6           // of a marker, across and down, its black frame included
	markerBits = modules - 2 // of its code
)

// markerSizes are the least and the largest side of a marker as a share of the
// picture's longer side. Filling the picture it is 3.0 % on A4 and 4.3 % on A5; a
// sheet may fill a third of a photo, and a scan may be cut close.
const leastMarker, mostMarker = 0.009, 0.065

// darkRatios are the shares of the paper's brightness below which a pixel is dark,
// in the order they are tried. Black toner on a clean scan is below 0.3; a pale
// photocopy may have 0.75.
var darkRatios = [...]float64{0.62, 0.82}

// cornerReach is how far from a corner of the picture, as a share of its shorter side, the
// markers of a sheet that fills it lie: 31 mm of the 210 of A4 that is turned by 5°, and as
// much again as a sheet is laid aside or cut out too large.
const cornerReach = 0.22

// corners are the parts of the small picture in which markers are looked for first.
func (s *sight) corners() [4]image.Rectangle {
	w, h := s.small.Rect.Dx(), s.small.Rect.Dy()
	r := int(cornerReach * float64(min(w, h)))
	return [4]image.Rectangle{image.Rect(0, 0, r, r), image.Rect(w-r, 0, w, r), image.Rect(w-r, h-r, w, h), image.Rect(0, h-r, r, h)}
}

// markers finds coded markers in some parts of the small picture, one of each number.
func (s *sight) markers(ratio float64, parts ...image.Rectangle) []marker {
	long := float64(max(s.small.Rect.Dx(), s.small.Rect.Dy()))
	best := map[int]marker{}
	for _, b := range s.mem.figures.BlobsIn(parts, s.small, s.paper, ratio, max(int(long*leastMarker), 8), int(long*mostMarker)) {
		w, h := float64(b.Box.Dx()), float64(b.Box.Dy())
		if w > 2.4*h || h > 2.4*w || float64(b.Area) < 0.2*w*h {
			continue
		}
		m, ok := s.decode(b)
		if !ok {
			continue
		}
		if old, seen := best[m.id]; !seen || m.errors < old.errors {
			best[m.id] = m
		}
	}
	var out []marker
	for _, m := range best {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b marker) int { return cmp.Compare(a.id, b.id) })
	return out
}

// markerSide is the printed side of a marker in mm, of every frame.
var markerSide = frames[0].Markers[0].Box.W()

// decode reads a blob as a marker: its black frame must be dark, the paper around
// it bright, and its code one of ours with at most one module read wrong.
func (s *sight) decode(b pix.Blob) (marker, bool) {
	var quad geom.Quad[geom.Pixel]
	for i, p := range b.Far {
		out := p.Sub(b.Center)
		quad[i] = p.Add(out.Mul(0.5 / max(out.Norm()/1.4, 1))) // from the pixel's middle to its corner
	}
	m, ok := square(quad)
	if !ok {
		return marker{}, false
	}
	grid, ok := s.modules(m)
	if !ok {
		return marker{}, false
	}
	found := match(grid)
	if found.errors > 1 {
		return marker{}, false
	}
	var own geom.Quad[geom.Pixel]
	for i := range own {
		own[i] = s.full(quad[(i+found.turn)%4])
	}
	return marker{id: found.id, quad: own, errors: found.errors, mirror: found.mirror}, true
}

// looksAt are the places at which a marker is read, in mm from its corner, five a module:
// its black frame, the paper around it, and its code row by row.
var looksAt = func() (out []mm) {
	look := func(i, j int) {
		c := mm{X: (float64(i) + 0.5) * moduleSide, Y: (float64(j) + 0.5) * moduleSide}
		for _, d := range [perModule]mm{{}, {X: -0.3, Y: -0.3}, {X: 0.3, Y: -0.3}, {X: 0.3, Y: 0.3}, {X: -0.3, Y: 0.3}} {
			out = append(out, c.Add(d))
		}
	}
	for i := range modules - 1 {
		look(i, 0)
		look(modules-1, i)
		look(modules-1-i, modules-1)
		look(0, modules-1-i)
	}
	for i := range modules + 1 {
		look(i-1, -1)
		look(modules, i-1)
		look(modules-i, modules)
		look(-1, modules-i)
	}
	for j := range markerBits {
		for i := range markerBits {
			look(i+1, j+1)
		}
	}
	return out
}()

const (
	perModule    = 5                 // places at which a module is read
	edgeModules  = 4 * (modules - 1) // of a marker's frame
	quietModules = 4 * (modules + 1) // as large as modules, of the paper around
	allModules   = edgeModules + quietModules + markerBits*markerBits
)

// modules reads the code inside the frame of a marker, true for white. It is no
// marker if its frame is not dark or the paper around is not bright.
func (s *sight) modules(m place) (bits [markerBits * markerBits]bool, ok bool) {
	var values [allModules * perModule]float64
	var read [allModules]float64
	look := func(from, to int) []float64 {
		pix.Mapped(s.small, m, looksAt[from*perModule:to*perModule], values[:])
		for k := range to - from {
			v := values[k*perModule:][:perModule]
			read[from+k] = (v[0] + v[1] + v[2] + v[3] + v[4]) / perModule
		}
		return read[from:to]
	}
	const code = edgeModules + quietModules
	look(0, code)
	edge, quiet := read[:edgeModules], read[edgeModules:code]
	frame, paper := pix.Ranked(edge, edgeModules*3/4), pix.Ranked(quiet, quietModules/4)
	if paper-frame < 0.12*s.paper.White || pix.Ranked(edge, edgeModules-2) > (frame+paper)/2+0.2*(paper-frame) {
		return bits, false
	}
	for k, v := range look(code, allModules) {
		bits[k] = v > (frame+paper)/2
	}
	return bits, true
}

// A reading of a code: whose, after how many quarter turns clockwise.
type matched struct {
	id, turn, errors int
	mirror           bool
}

// frames are those of all our sheets.
var frames = sheets.Frames()

// A way is one of our markers as it may be seen.
type way struct {
	matched
	code uint16 // a bit a module
}

// ways lists our markers, each upright, turned, and in a mirror.
var ways = func() (out []way) {
	for id := range 4 * len(frames) {
		for _, mirror := range [2]bool{false, true} {
			code := sheets.MarkerBits(id)
			if mirror {
				code = flipped(code)
			}
			for turn := range 4 {
				out = append(out, way{matched{id: id, turn: turn, mirror: mirror}, packed(code)})
				code = turned(code)
			}
		}
	}
	return out
}()

// packed is a code in bits.
func packed(code [markerBits * markerBits]bool) (out uint16) {
	for i, white := range code {
		if white {
			out |= 1 << i
		}
	}
	return out
}

// match finds the marker of ours most like code, the first of equals.
func match(code [markerBits * markerBits]bool) matched {
	best, seen := matched{errors: len(code)}, packed(code)
	for _, w := range ways {
		if n := bits.OnesCount16(w.code ^ seen); n < best.errors {
			best = w.matched
			best.errors = n
		}
	}
	return best
}

// square is the map that carries a marker to a quad (Heckbert, Fundamentals of Texture
// Mapping and Image Warping, 1989, 2.2.3); ok is false if the quad is none.
func square(q geom.Quad[geom.Pixel]) (m place, ok bool) {
	d1, d2 := q[1].Sub(q[2]), q[3].Sub(q[2])
	s := q[0].Sub(q[1]).Add(q[2]).Sub(q[3])
	det := d1.X*d2.Y - d2.X*d1.Y
	if math.Abs(det) < 1e-9 {
		return m, false
	}
	g, h := (s.X*d2.Y-d2.X*s.Y)/det, (d1.X*s.Y-s.X*d1.Y)/det
	a, b := q[1].Sub(q[0]).Add(q[1].Mul(g)), q[3].Sub(q[0]).Add(q[3].Mul(h))
	k := 1 / markerSide
	return geom.NewMap[geom.Paper, geom.Pixel]([9]float64{
		a.X * k, b.X * k, q[0].X, a.Y * k, b.Y * k, q[0].Y, g * k, h * k, 1,
	}), true
}

// turned is a code after a quarter turn clockwise.
func turned(c [16]bool) (out [16]bool) {
	for j := range markerBits {
		for i := range markerBits {
			out[j*markerBits+i] = c[(markerBits-1-i)*markerBits+j]
		}
	}
	return out
}

// flipped is a code seen in a mirror.
func flipped(c [16]bool) (out [16]bool) {
	for j := range markerBits {
		for i := range markerBits {
			out[j*markerBits+i] = c[j*markerBits+markerBits-1-i]
		}
	}
	return out
}

// symmetric says whether marker id looks the same in a mirror, perhaps turned.
func symmetric(id int) bool {
	code, other := sheets.MarkerBits(id), flipped(sheets.MarkerBits(id))
	for range 4 {
		if other == code {
			return true
		}
		other = turned(other)
	}
	return false
}
