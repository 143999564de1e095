package typeset

import "slices"

// A Path is an outline of lines and curves in mm. Its methods add to it and return
// it, so that figures can be chained.
type Path struct{ segs []segment }

// A segment is one step of a Path. A move begins a figure, which is always closed.
type segment struct {
	kind segmentKind
	p    [3]Point // of a line or move: p[0]; of a curve: two controls and the end
}

type segmentKind uint8

const (
	moveTo segmentKind = iota
	lineTo
	cubeTo
)

// end is where the pen is after s.
func (s *segment) end() Point {
	if s.kind == cubeTo {
		return s.p[2]
	}
	return s.p[0]
}

// Move begins a new figure at q.
func (p *Path) Move(q Point) *Path {
	p.segs = append(p.segs, segment{moveTo, [3]Point{q}})
	return p
}

// To adds a straight line to q.
func (p *Path) To(q Point) *Path {
	p.segs = append(p.segs, segment{lineTo, [3]Point{q}})
	return p
}

// Cube adds a cubic curve to q with controls a and b.
func (p *Path) Cube(a, b, q Point) *Path {
	p.segs = append(p.segs, segment{cubeTo, [3]Point{a, b, q}})
	return p
}

// Polygon adds a closed figure.
func (p *Path) Polygon(first Point, rest ...Point) *Path {
	p.Move(first)
	for _, q := range rest {
		p.To(q)
	}
	return p
}

// Rect adds r.
func (p *Path) Rect(r Rect) *Path {
	return p.Polygon(r.Min, Point{X: r.Max.X, Y: r.Min.Y}, r.Max, Point{X: r.Min.X, Y: r.Max.Y})
}

// round is how far the controls of a cubic quarter circle lie from its ends, as a
// share of the radius: 4/3·(√2−1), wrong by at most 0.03 %.
const round = 0.5522847498

// Ellipse adds the ellipse that fills r.
func (p *Path) Ellipse(r Rect) *Path { return p.rounded(r, r.W()/2, r.H()/2) }

// Stadium adds the figure that fills r with half-round ends.
func (p *Path) Stadium(r Rect) *Path {
	d := min(r.W(), r.H()) / 2
	return p.rounded(r, d, d)
}

// Rounded adds r with corners of the given radius.
func (p *Path) Rounded(r Rect, radius float64) *Path {
	d := min(radius, r.W()/2, r.H()/2)
	return p.rounded(r, d, d)
}

// rounded adds r with elliptic corners of half-axes rx and ry, clockwise.
func (p *Path) rounded(r Rect, rx, ry float64) *Path {
	kx, ky := rx*(1-round), ry*(1-round)
	x0, y0, x1, y1 := r.Min.X, r.Min.Y, r.Max.X, r.Max.Y
	at := func(x, y float64) Point { return Point{X: x, Y: y} }
	p.Move(at(x0+rx, y0))
	p.To(at(x1-rx, y0)).Cube(at(x1-kx, y0), at(x1, y0+ky), at(x1, y0+ry))
	p.To(at(x1, y1-ry)).Cube(at(x1, y1-ky), at(x1-kx, y1), at(x1-rx, y1))
	p.To(at(x0+rx, y1)).Cube(at(x0+kx, y1), at(x0, y1-ky), at(x0, y1-ry))
	return p.To(at(x0, y0+ry)).Cube(at(x0, y0+ky), at(x0+kx, y0), at(x0+rx, y0))
}

// Hole adds q turned the other way round, so that filling leaves it out.
func (p *Path) Hole(q *Path) *Path {
	for start := 0; start < len(q.segs); {
		end := start + 1
		for end < len(q.segs) && q.segs[end].kind != moveTo {
			end++
		}
		p.reverse(q.segs[start:end])
		start = end
	}
	return p
}

// reverse adds one figure backwards.
func (p *Path) reverse(figure []segment) {
	p.Move(figure[len(figure)-1].end())
	for i, s := range slices.Backward(figure) {
		if i == 0 {
			break
		}
		to := figure[i-1].end()
		if s.kind == cubeTo {
			p.Cube(s.p[1], s.p[0], to)
		} else {
			p.To(to)
		}
	}
}
