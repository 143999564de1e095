package omr

import (
	"math/bits"
	"slices"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// A tag is the code of an anchor of a foreign sheet that is an ArUco marker or an
// AprilTag.
type tag struct {
	of    int // one more than the index of the anchor
	side  int
	codes [4]uint64 // the modules, a bit each, as they are seen after so many quarter turns clockwise
}

// tagsOf lists the tags of a page.
func tagsOf(pg *sheets.Page) (out []tag) {
	for i := range pg.Anchors {
		a := &pg.Anchors[i]
		if a.Shape != sheets.Marker {
			continue
		}
		side, white, err := a.Modules()
		if err != nil {
			continue // Validate refuses it
		}
		t := tag{of: i + 1, side: side}
		for turn := range t.codes {
			t.codes[turn] = word64(white)
			white = turnedSquare(white, side)
		}
		out = append(out, t)
	}
	return out
}

func word64(white []bool) (out uint64) {
	for i, w := range white {
		if w {
			out |= 1 << i
		}
	}
	return out
}

// turnedSquare is a square of modules after a quarter turn clockwise.
func turnedSquare(white []bool, side int) []bool {
	out := make([]bool, len(white))
	for j := range side {
		for i := range side {
			out[j*side+i] = white[(side-1-i)*side+j]
		}
	}
	return out
}

// tag adds b to out if it reads as t, with one module in sixteen wrong at most: the
// closest two markers of the weakest dictionary differ in more.
func (s *sight) tag(out []candidate, b pix.Blob, t *tag) []candidate {
	w, h := float64(b.Box.Dx()), float64(b.Box.Dy())
	const least = 1.5 // pixels a module
	if w > 2*h || h > 2*w || min(w, h) < least*float64(t.side+2) {
		return out
	}
	var quad geom.Quad[geom.Pixel]
	for i, p := range b.Far {
		away := p.Sub(b.Center)
		quad[i] = p.Add(away.Mul(0.5 / max(away.Norm()/1.4, 1))) // from the pixel's middle to its corner
	}
	m, ok := square(quad)
	if !ok {
		return out
	}
	code, ok := s.code(m, t.side)
	if !ok {
		return out
	}
	for turn, want := range t.codes {
		if bits.OnesCount64(code^want) <= t.side*t.side/16 {
			mid := m.At(mm{X: markerSide / 2, Y: markerSide / 2})
			size := (w + h) / 2 * float64(s.k)
			fill := float64(b.Area) / (w * h)
			return append(out, candidate{shape: sheets.Marker, of: t.of, tip: turn, at: s.full(mid), size: size, fill: fill, black: s.darkness(b, fill)})
		}
	}
	return out
}

// code reads the modules inside a black frame; ok is false if there is none.
func (s *sight) code(m place, side int) (code uint64, ok bool) {
	unit := markerSide / float64(side+2)
	read := func(i, j int) float64 {
		c := mm{X: (float64(i) + 0.5) * unit, Y: (float64(j) + 0.5) * unit}
		sum := 0.0
		for _, d := range [5]mm{{}, {X: -0.2, Y: -0.2}, {X: 0.2, Y: -0.2}, {X: 0.2, Y: 0.2}, {X: -0.2, Y: 0.2}} {
			sum += pix.At(s.small, m.At(c.Add(d.Mul(unit))))
		}
		return sum / 5
	}
	var frame, quiet []float64
	for i := range side + 1 {
		frame = append(frame, read(i, 0), read(side+1, i), read(side+1-i, side+1), read(0, side+1-i))
	}
	for i := range side + 3 {
		quiet = append(quiet, read(i-1, -1), read(side+2, i-1), read(side+2-i, side+2), read(-1, side+2-i))
	}
	slices.Sort(frame)
	slices.Sort(quiet)
	dark, bright := frame[len(frame)*3/4], quiet[len(quiet)/4]
	half := (dark + bright) / 2
	if bright-dark < 0.12*s.paper.White || frame[len(frame)-2] > half+0.2*(bright-dark) {
		return 0, false
	}
	for j := range side {
		for i := range side {
			if read(i+1, j+1) > half {
				code |= 1 << (j*side + i)
			}
		}
	}
	return code, true
}
