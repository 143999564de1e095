package typeset

import "math"

// An affine is a turning, scaling and moving of the plane: x' = a·x + b·y + tx,
// y' = c·x + d·y + ty.
type affine struct{ a, b, c, d, tx, ty float64 }

func (m affine) at(p Point) Point {
	return Point{X: m.a*p.X + m.b*p.Y + m.tx, Y: m.c*p.X + m.d*p.Y + m.ty}
}

// after is first n and then m.
func (m affine) after(n affine) affine {
	t := m.at(Point{X: n.tx, Y: n.ty})
	return affine{m.a*n.a + m.b*n.c, m.a*n.b + m.b*n.d, m.c*n.a + m.d*n.c, m.c*n.b + m.d*n.d, t.X, t.Y}
}

func (m affine) inverse() affine {
	k := 1 / (m.a*m.d - m.b*m.c)
	n := affine{a: m.d * k, b: -m.b * k, c: -m.c * k, d: m.a * k}
	n.tx, n.ty = -(n.a*m.tx + n.b*m.ty), -(n.c*m.tx + n.d*m.ty)
	return n
}

// scale is by how much m enlarges lengths.
func (m affine) scale() float64 { return math.Sqrt(math.Abs(m.a*m.d - m.b*m.c)) }

// UseAs draws everything on q, scaled and turned clockwise by degrees, its middle on
// the middle of p. What leaves p is cut off.
func (p *Page) UseAs(q *Page, scale, degrees float64) {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	m := affine{a: scale * cos, b: -scale * sin, c: scale * sin, d: scale * cos}
	was := m.at(Point{X: q.W / 2, Y: q.H / 2})
	m.tx, m.ty = p.W/2-was.X, p.H/2-was.Y
	p.ops = append(p.ops, op{used: q, m: &m})
	p.fail(q.err)
}
