package omr

import (
	"bargkhan/omr/internal/pix"
	"bargkhan/sheets/geom"
)

// At returns q corrected.
func (b *Bend) At(q geom.Point[geom.Paper]) geom.Point[geom.Paper] {
	if b.Cols < 1 || b.Rows < 1 || len(b.By) != b.Cols*b.Rows {
		return q
	}
	i, fx := knot(q.X, b.Box.Min.X, b.Box.Max.X, b.Cols)
	j, fy := knot(q.Y, b.Box.Min.Y, b.Box.Max.Y, b.Rows)
	i2, j2 := min(i+1, b.Cols-1), min(j+1, b.Rows-1)
	top := b.By[j*b.Cols+i].Mul(1 - fx).Add(b.By[j*b.Cols+i2].Mul(fx))
	low := b.By[j2*b.Cols+i].Mul(1 - fx).Add(b.By[j2*b.Cols+i2].Mul(fx))
	return q.Add(top.Mul(1 - fy)).Add(low.Mul(fy))
}

// knot finds v among n knots from lo to hi: the knot before it, and how far it is
// on the way to the next.
func knot(v, lo, hi float64, n int) (int, float64) {
	if n < 2 || hi <= lo {
		return 0, 0
	}
	t := min(max((v-lo)/(hi-lo)*float64(n-1), 0), float64(n-1))
	i := min(int(t), n-2)
	return i, t - float64(i)
}

// at is the place of the knot in column i and row j.
func (b *Bend) at(i, j int) geom.Point[geom.Paper] {
	p := b.Box.Min
	if b.Cols > 1 {
		p.X += b.Box.W() * float64(i) / float64(b.Cols-1)
	}
	if b.Rows > 1 {
		p.Y += b.Box.H() * float64(j) / float64(b.Rows-1)
	}
	return p
}

// bent returns a Bend with knots over box that corrects each place as b does and
// then by more.
func (b *Bend) bent(box geom.Rect[geom.Paper], cols, rows int, more func(geom.Point[geom.Paper]) geom.Point[geom.Paper]) Bend {
	out := Bend{Box: box, Cols: cols, Rows: rows, By: make([]geom.Point[geom.Paper], cols*rows)}
	for j := range rows {
		for i := range cols {
			q := out.at(i, j)
			out.By[j*cols+i] = b.At(q).Sub(q).Add(more(q))
		}
	}
	return out
}

// slope is At with its derivatives along x and y.
func (b *Bend) slope(q mm) (at, dx, dy mm) {
	dx, dy = mm{X: 1}, mm{Y: 1}
	if b.Cols < 1 || b.Rows < 1 || len(b.By) != b.Cols*b.Rows {
		return q, dx, dy
	}
	i, fx := knot(q.X, b.Box.Min.X, b.Box.Max.X, b.Cols)
	j, fy := knot(q.Y, b.Box.Min.Y, b.Box.Max.Y, b.Rows)
	i2, j2 := min(i+1, b.Cols-1), min(j+1, b.Rows-1)
	k, m, n, o := b.By[j*b.Cols+i], b.By[j*b.Cols+i2], b.By[j2*b.Cols+i], b.By[j2*b.Cols+i2]
	top, low := k.Mul(1-fx).Add(m.Mul(fx)), n.Mul(1-fx).Add(o.Mul(fx))
	if q.X > b.Box.Min.X && q.X < b.Box.Max.X { // beyond, the edge is continued
		dx = dx.Add(m.Sub(k).Mul(1 - fy).Add(o.Sub(n).Mul(fy)).Mul(float64(b.Cols-1) / b.Box.W()))
	}
	if q.Y > b.Box.Min.Y && q.Y < b.Box.Max.Y {
		dy = dy.Add(low.Sub(top).Mul(float64(b.Rows-1) / b.Box.H()))
	}
	return q.Add(top.Mul(1 - fy)).Add(low.Mul(fy)), dx, dy
}

// seen is the place of q in the scan, and the derivative of the pose there.
func (p *Pose) seen(q mm) (px, pix.Lens) {
	q, dx, dy := p.Bend.slope(q)
	m := p.Map.Matrix()
	at, l := seenBy(&m, q)
	return at, pix.Lens{
		XX: l.XX*dx.X + l.XY*dx.Y, YX: l.YX*dx.X + l.YY*dx.Y,
		XY: l.XX*dy.X + l.XY*dy.Y, YY: l.YX*dy.X + l.YY*dy.Y,
	}
}

// lens is the derivative of the pose at q.
func (p *Pose) lens(q mm) pix.Lens {
	_, l := p.seen(q)
	return l
}
