package omr

import (
	"math"

	"bargkhan/sheets/geom"
)

// What a mesh is made of.
const (
	meshCols = 4    // knots of the last correction, across
	meshRows = 7    // and down: paper bends along the feed
	meshWide = 28.0 // mm: bubbles within this distance move a knot
)

// mesh is the correction over the whole page: at each knot the weighted middle of
// the ways to the clear bubbles around. The hits are those of which bubbles; of all if it
// is nil.
func (s *sight) mesh(g *grid, which []int, hits []hit) Bend {
	at, off := make([]mm, 0, len(hits)), make([]mm, 0, len(hits))
	for i, h := range hits {
		k := i
		if which != nil {
			k = which[i]
		}
		if g.strong(h) {
			at, off = append(at, g.spots[k].at), append(off, h.off)
		}
	}
	var none Bend
	if len(at) == 0 {
		return none
	}
	k := &s.mem.knots
	k.begin(g.box)
	for i, p := range at {
		k.add(p, off[i])
	}
	n := 0
	return none.bent(g.box, meshCols, meshRows, func(q mm) mm {
		const few = 4 // bubbles: fewer say as much about a pencil as about paper
		p := &k.by[n]
		if n++; p.n < few {
			return nearest(at, off, q)
		}
		return mm{X: p.xs.middle(), Y: p.ys.middle()}
	})
}

// knots are those of a mesh, in the order of a Bend's, with the bubbles that pull them.
type knots struct {
	x  [meshCols]float64
	y  [meshRows]float64
	by [meshCols * meshRows]struct {
		xs, ys pulls
		n      int
	}
}

// begin makes k the knots of a mesh over box, that nothing pulls yet.
func (k *knots) begin(box geom.Rect[geom.Paper]) {
	b := Bend{Box: box, Cols: meshCols, Rows: meshRows}
	for i := range k.x {
		k.x[i] = b.at(i, 0).X
	}
	for j := range k.y {
		k.y[j] = b.at(0, j).Y
	}
	for i := range k.by {
		q := &k.by[i]
		q.n = 0
		q.xs.clear()
		q.ys.clear()
	}
}

// add lets the bubble at p pull the knots around by off.
func (k *knots) add(p, off mm) {
	for j, y := range k.y {
		dy := p.Y - y
		if math.Abs(dy) >= meshWide {
			continue
		}
		for i, x := range k.x {
			dx := p.X - x
			if r := (dx*dx + dy*dy) / (meshWide * meshWide); r < 1 {
				w := (1 - r) * (1 - r)
				q := &k.by[j*meshCols+i]
				q.xs.add(off.X, w)
				q.ys.add(off.Y, w)
				q.n++
			}
		}
	}
}

// nearest is the middle of the ways to the five clear bubbles nearest to q.
func nearest(at, off []mm, q mm) mm {
	const few = 5
	var far [few]float64
	var xs, ys [few]float64
	n := 0
	for i, p := range at {
		d := p.Sub(q)
		r := d.X*d.X + d.Y*d.Y
		k := n
		for ; k > 0 && r < far[k-1]; k-- {
			if k < few {
				far[k], xs[k], ys[k] = far[k-1], xs[k-1], ys[k-1]
			}
		}
		if k < few {
			far[k], xs[k], ys[k] = r, off[i].X, off[i].Y
			n = min(n+1, few)
		}
	}
	return mm{X: take(xs[:n], 0.5), Y: take(ys[:n], 0.5)}
}

// pulls are ways by which bubbles move a knot, with their weights, gathered by their
// lengths: pullStep mm each, from -mostPull to mostPull.
type pulls struct {
	by     [2*mostPull/pullStep + 1]struct{ weight, sum float64 }
	lo, hi int // there are none before lo, or from hi on
}

const (
	mostPull = 1.28 // mm, a little more than mostRoom
	pullStep = 0.02 // of which ways need not be ordered: a sixth of a pixel of 200 dpi
)

func (p *pulls) clear() {
	if p.lo < p.hi {
		clear(p.by[p.lo:p.hi])
	}
	p.lo, p.hi = len(p.by), 0
}

func (p *pulls) add(by, weight float64) {
	i := int((min(max(by, -mostPull), mostPull)+mostPull)/pullStep + 0.5)
	p.lo, p.hi = min(p.lo, i), max(p.hi, i+1)
	k := &p.by[i]
	k.weight += weight
	k.sum += weight * by
}

// middle is the mean of the middle half by weight: smooth like a mean, and not moved by
// strays.
func (p *pulls) middle() float64 {
	total := 0.0
	for _, k := range p.by[p.lo:p.hi] {
		total += k.weight
	}
	sum, gone := 0.0, 0.0
	for _, k := range p.by[p.lo:p.hi] {
		if inside := min(gone+k.weight, total*3/4) - max(gone, total/4); inside > 0 {
			sum += k.sum / k.weight * inside
		}
		gone += k.weight
	}
	return sum / (total / 2)
}
