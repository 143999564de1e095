package omr

import (
	"math"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
)

// A shape is the figure of a bubble's outline: where to look, in mm from its
// centre.
type shape struct {
	outline sheets.Outline
	w, h    float64
	edge    []mm // points spaced evenly along the outer edge of the printed line
	normal  []mm // outwards, of length one

	index int              // among the shapes of its plan
	rings [2]*pix.Quartets // to learn the printed line at, when they were asked for
}

// edgePoints is how many places of an outline are looked at: a pen's line across it
// touches two or three of them.
const edgePoints = 32

func newShape(o sheets.Outline, w, h float64) *shape {
	s := &shape{outline: o, w: w, h: h, edge: make([]mm, 0, edgePoints), normal: make([]mm, 0, edgePoints)}
	dense := s.walk(edgePoints * 16)
	total := 0.0
	for i, p := range dense {
		total += dense[(i+1)%len(dense)].Sub(p).Norm()
	}
	step, gone := total/edgePoints, 0.0
	next := step / 2
	for i, p := range dense {
		q := dense[(i+1)%len(dense)]
		d := q.Sub(p).Norm()
		for gone+d > next && len(s.edge) < edgePoints {
			m := p.Add(q.Sub(p).Mul((next - gone) / d))
			s.edge = append(s.edge, m)
			s.normal = append(s.normal, mm{X: q.Y - p.Y, Y: p.X - q.X}.Mul(1/d))
			next += step
		}
		gone += d
	}
	return s
}

// walk lists n points around the outer edge, clockwise as seen.
func (s *shape) walk(n int) []mm {
	out := make([]mm, n)
	a, b := s.w/2, s.h/2
	for i := range out {
		t := 2 * math.Pi * (float64(i) + 0.5) / float64(n)
		c, d := math.Cos(t), math.Sin(t)
		switch s.outline {
		case sheets.Ellipse:
			out[i] = mm{X: a * c, Y: b * d}
		case sheets.Rectangle:
			k := max(math.Abs(c)/a, math.Abs(d)/b)
			out[i] = mm{X: c / k, Y: d / k}
		default: // a half circle at both ends
			r := min(a, b)
			out[i] = mm{X: r*c + math.Copysign(a-r, c), Y: r*d + math.Copysign(b-r, d)}
		}
	}
	return out
}

// depth is how far inside the outer edge p lies, in mm; below 0 outside.
func (s *shape) depth(p mm) float64 {
	a, b := s.w/2, s.h/2
	x, y := math.Abs(p.X), math.Abs(p.Y)
	switch s.outline {
	case sheets.Ellipse:
		return (1 - norm(x/a, y/b)) * min(a, b)
	case sheets.Rectangle:
		return min(a-x, b-y)
	default:
		r := min(a, b)
		return r - norm(max(x-(a-r), 0), max(y-(b-r), 0))
	}
}

// norm is how long a way is: quicker than math.Hypot, which minds numbers that are no mm.
func norm(x, y float64) float64 { return math.Sqrt(x*x + y*y) }

// ring appends each outline point, moved outwards by off mm.
func (s *shape) ring(to []mm, off float64) []mm {
	for i, p := range s.edge {
		to = append(to, p.Add(s.normal[i].Mul(off)))
	}
	return to
}

// penRings are the rings from inside the outline outwards at which its printed line is
// learnt, so many a penStep: every second point of each.
func (s *shape) penRings(fine int) *pix.Quartets {
	if s.rings[fine-1] == nil {
		rings := make([][]mm, fine*(penRings-1)/2+1)
		for j := range rings {
			all := s.ring(nil, -penInside+float64(j)*penStep/float64(fine))
			for i := range edgePoints / 2 {
				rings[j] = append(rings[j], all[2*i])
			}
		}
		s.rings[fine-1] = pix.NewQuartets(rings)
	}
	return s.rings[fine-1]
}

// inside is a grid of points at least deep mm inside the outer edge, step mm apart
// and symmetric about the centre.
func (s *shape) inside(deep, step float64) []mm {
	nx, ny := int(s.w/2/step), int(s.h/2/step)
	out := make([]mm, 0, (2*nx+1)*(2*ny+1))
	for j := -ny; j <= ny; j++ {
		for i := -nx; i <= nx; i++ {
			p := mm{X: float64(i) * step, Y: float64(j) * step}
			if s.depth(p) >= deep {
				out = append(out, p)
			}
		}
	}
	return out
}
