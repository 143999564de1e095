package omr

import (
	"math"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// What rules and boxes must show to tell one way to lie from another.
const (
	frameStep   = 2.0  // mm between the places that are looked at along a line
	frameReach  = 1.2  // mm on both sides: farther off no line of this sheet is
	frameDark   = 0.12 // of the paper's brightness, and more: a printed line
	frameLeast  = 20   // places that can tell
	frameSeen   = 0.85 // share of them at which a line must be seen
	frameAbsent = 0.4  // share at which one may seem to be where none must be: text and bubbles stand there
)

// framesTell says whether the rules and boxes that the design prints stand where p says, and
// not where they would stand if the sheet lay as a says.
func (s *sight) framesTell(p *Pose, pg *sheets.Page, a *alike) bool {
	lines := rules(pg)
	here, there, n := 0, 0, 0
	for _, l := range lines {
		along := l[1].Sub(l[0])
		long := along.Norm()
		for t := frameStep; t < long-frameStep; t += frameStep {
			q := l[0].Add(along.Mul(t / long))
			if onRule(lines, a.at(q)) {
				continue // there is one that way too
			}
			across := mm{X: -along.Y, Y: along.X}.Mul(1 / long)
			n++
			if s.ruled(p, q, across) {
				here++
			}
			if s.ruled(p, a.at(q), quarterTurn(across, a.turn)) {
				there++
			}
		}
	}
	return n >= frameLeast && float64(here) >= frameSeen*float64(n) && float64(there) <= frameAbsent*float64(n)
}

// upright turns a sheet that was found by its bubbles, which cannot tell, as its frames say.
func (s *sight) upright(so *soil, p *Pose, pg *sheets.Page, found *growth, a *alike) {
	if len(rules(pg)) == 0 || s.framesTell(p, pg, a) {
		return
	}
	g := so.grow(geom.Then(a.onPaper(), found.place))
	if g == nil {
		return
	}
	if other, ok := g.pose(so); ok && s.framesTell(&other, pg, a.back()) {
		*p = other
	}
}

// rules lists the straight lines that pg prints: rules and the sides of boxes.
func rules(pg *sheets.Page) (out [][2]mm) {
	for _, d := range pg.Decor {
		switch c := d.Box.Corners(); d.Kind {
		case sheets.Line:
			out = append(out, [2]mm{c[0], c[2]})
		case sheets.Outlined:
			for k := range c {
				out = append(out, [2]mm{c[k], c[(k+1)%len(c)]})
			}
		}
	}
	return out
}

// onRule says whether q lies on one of the lines, or so close that it cannot tell.
func onRule(lines [][2]mm, q mm) bool {
	for _, l := range lines {
		d := l[1].Sub(l[0])
		t := ((q.X-l[0].X)*d.X + (q.Y-l[0].Y)*d.Y) / max(d.X*d.X+d.Y*d.Y, 1e-9)
		if l[0].Add(d.Mul(min(max(t, 0), 1))).Sub(q).Norm() < 3*frameReach {
			return true
		}
	}
	return false
}

// ruled says whether a line is printed close to q: across it something is darker than the paper on
// both sides of that.
func (s *sight) ruled(p *Pose, q, across mm) bool {
	if !s.inside(p.At(q)) {
		return false
	}
	at := func(off float64) float64 {
		c := p.At(q.Add(across.Mul(off)))
		return pix.At(s.img, c) / s.white(c)
	}
	dark, where := 1.0, 0.0
	for off := -frameReach; off <= frameReach; off += 0.1 {
		if v := at(off); v < dark {
			dark, where = v, off
		}
	}
	const beside = 0.8 // mm
	return dark < 1-frameDark && math.Min(at(where-beside), at(where+beside)) > dark+frameDark/2
}
