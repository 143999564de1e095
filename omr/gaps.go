package omr

import (
	"math"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
)

// A light streak is believed where it interrupts what the design prints across its column.
// What merely stands on both sides of a column, as bubbles of neighbouring rows do on a
// sheet that lies on its side, says nothing.
const (
	fewCrossings = 3   // bubbles and lines across a column: fewer may be hidden there by chance
	sidePrint    = 0.1 // how dark these must be beside it on average, as a share of the paper's brightness
	brokenPrint  = 0.8 // of that, and less is left in a streak. One of 1 px of 200 dpi leaves half of the reduced copy's pixel
)

// How far beside a column, in pixels of the reduced copy, print is compared with what is left
// of it: beyond the widest gap that is looked for.
const sideNear, sideFar = 4, 5

// A crossing is how much print is known to cross one column of the reduced copy.
type crossing struct {
	n      float64 // bubbles and lines that do
	here   float64 // how dark they are there together, as shares of the paper's brightness
	beside float64 // and what of them stands beside it
}

// gaps adds the light streaks to lines, which the bubbles that have proven p must show.
func (s *sight) gaps(lines *pix.Lines, p *Pose, g *grid, pg *sheets.Page) {
	if len(g.spots) == 0 {
		return
	}
	var of []crossing
	lines.FindGaps(s.small, func(x int) bool {
		if of == nil { // most pages have no such column
			of = s.crossings(p, g, pg)
		}
		c := of[x]
		return c.n >= fewCrossings && c.beside > sidePrint*c.n && c.here < brokenPrint*c.beside
	})
}

// A crosser looks along one printed thing after the other.
type crosser struct {
	*sight
	all    []crossing // of all columns
	own    []crossing // of the thing that is looked at: how often it crosses each, and how dark it is there
	lo, hi int        // the columns in own that are in use: from lo, up to hi
}

// crossings measures all print that is known to cross columns of the reduced copy: outlines of
// bubbles, rules and boxes, and bars among the anchors, as ticks are.
func (s *sight) crossings(p *Pose, g *grid, pg *sheets.Page) []crossing {
	w := s.small.Rect.Dx()
	c := crosser{s, make([]crossing, w), make([]crossing, w), w, 0}
	for i := range g.spots {
		at, l := p.seen(g.spots[i].at)
		s.mem.steps = g.spots[i].shape.ring(s.mem.steps[:0], g.pen.mid)
		from := s.mem.steps[edgePoints-1]
		for _, to := range s.mem.steps {
			c.look(at.Add(l.Step(from.X, from.Y)), at.Add(l.Step(to.X, to.Y)))
			from = to
		}
		c.done()
	}
	for _, l := range rules(pg) {
		c.line(p, l[0], l[1])
	}
	for _, a := range pg.Anchors {
		if a.Shape == sheets.Bar {
			y := a.Box.Center().Y
			c.line(p, mm{X: a.Box.Min.X, Y: y}, mm{X: a.Box.Max.X, Y: y})
		}
	}
	return c.all
}

// line looks along a printed line from a to b, piece by piece as the paper is bent.
func (c *crosser) line(p *Pose, a, b mm) {
	const piece = 5 // mm
	n := int(b.Sub(a).Norm()/piece) + 1
	from := p.At(a)
	for k := 1; k <= n; k++ {
		to := p.At(a.Add(b.Sub(a).Mul(float64(k) / float64(n))))
		c.look(from, to)
		from = to
	}
	c.done()
}

// look looks along what is printed straight from a to b in the scan, at the columns whose middles
// it crosses. What runs along the columns rather crosses none.
func (c *crosser) look(a, b px) {
	a, b = c.reduced(a), c.reduced(b)
	if a.X > b.X {
		a, b = b, a
	}
	d := b.Sub(a)
	if d.X < math.Abs(d.Y) {
		return
	}
	for x := max(int(math.Ceil(a.X-0.5)), 0); float64(x)+0.5 < b.X && x < len(c.own); x++ {
		y := int(a.Y + d.Y/d.X*(float64(x)+0.5-a.X))
		if y < 1 || y+1 >= c.small.Rect.Dy() {
			continue
		}
		at := y*c.small.Stride + x
		v := min(c.small.Pix[at-c.small.Stride], c.small.Pix[at], c.small.Pix[at+c.small.Stride])
		c.own[x].n++
		c.own[x].here += max(1-float64(v)/c.paper.At(px{X: float64(x), Y: float64(y)}), 0)
		c.lo, c.hi = min(c.lo, x), max(c.hi, x+1)
	}
}

// done adds what was looked at to all, wherever some of it stands beside.
func (c *crosser) done() {
	for x := c.lo; x < c.hi; x++ {
		n, dark := 0.0, 0.0
		for i := max(x-sideFar, c.lo); i < min(x+sideFar+1, c.hi); i++ {
			if i <= x-sideNear || i >= x+sideNear {
				n, dark = n+c.own[i].n, dark+c.own[i].here
			}
		}
		if own := c.own[x]; n > 0 && own.n > 0 {
			c.all[x].n++
			c.all[x].here += own.here / own.n
			c.all[x].beside += dark / n
		}
	}
	clear(c.own[c.lo:max(c.hi, c.lo)])
	c.lo, c.hi = len(c.own), 0
}
