package omr

import (
	"math"
	"slices"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
)

// A grid is all bubbles of a page with the printed line they are drawn with, as
// found on this very page.
type grid struct {
	*plan
	pen   pen
	least float64  // how dark a printed line must be to be believed
	looks []looked // of each shape
	isles []isles  // of each shape; nil, but for islands: where outlines cannot be seen
	hits  []hit    // of each bubble, once the grid is settled
}

// A pen is the printed line of the outlines of a page.
type pen struct {
	mid  float64 // mm of its middle from the designed outer edge; below 0 inwards
	wide float64 // mm
	dark float64 // how dark its middle is, as a share of the paper's brightness
}

// usual is the pen that outlines are looked for with at first.
var usual = pen{mid: -sheets.OutlineWidth / 2, wide: sheets.OutlineWidth, dark: 0.5}

// like says whether places found with one of two pens would have been found with the
// other too: the ring that was looked at lies within the printed line.
func (p pen) like(q pen) bool { return math.Abs(p.mid-q.mid) < min(p.wide, q.wide)/3 }

// looked are the places to look at around a bubble of one shape: on the printed line, on
// the paper outside, and inside.
type looked struct{ on, out, in [edgePoints]mm }

// newGrid is the grid of some bubbles before anything of it is found.
func newGrid(p *plan) *grid {
	g := &grid{plan: p, least: leastDark, looks: make([]looked, len(p.shapes))}
	g.setPen(usual)
	return g
}

// beside is how far from the printed line's edges the paper is looked at, in mm.
const beside = 0.18

// setPen decides where to look, from the printed line.
func (g *grid) setPen(p pen) {
	g.pen = p
	for i, sh := range g.shapes {
		look := &g.looks[i]
		sh.ring(look.on[:0], p.mid)
		sh.ring(look.out[:0], p.mid+p.wide/2+beside)
		sh.ring(look.in[:0], p.mid-p.wide/2-beside)
	}
}

// A hit is where a bubble's outline was found: the place in the scan, the way there from
// where it was expected in mm, and how much darker the line is there than both its sides,
// as a share of the paper's brightness.
type hit struct {
	at    px
	off   mm
	clear float64
}

// near is what an outline at the end of the search loses of its contrast to one at
// the expected place, so that equals go to the nearest.
const near = 0.05

// findStep is how far apart places are looked at first, in mm: half a printed line.
const findStep = 0.14

// find looks for the outline of sp within reach mm of where pose says, on all sides
// alike.
func (s *sight) find(p *Pose, g *grid, sp *spot, reach float64) hit {
	at, l := p.seen(sp.at)
	return s.findAt(at, l, g, sp, reach)
}

// findAt is find for callers who know where the pose says, and how paper is seen there.
func (s *sight) findAt(c px, l pix.Lens, g *grid, sp *spot, reach float64) hit {
	if g.isles != nil {
		res := span(l)
		return s.findIsland(c, l, &g.isles[sp.shape.index], max(reach*res, 1), max(math.Round(findStep*res), 1))
	}
	f := [1]pix.Climb{s.widely(c, l, reach)}
	s.climb(&g.looks[sp.shape.index], f[:])
	return hitOf(&f[0])
}

// findAll is find for the bubbles of which.
func (s *sight) findAll(p *Pose, g *grid, which []int, reach float64, hits []hit) {
	fs := slices.Grow(s.mem.climbs[:0], len(which))[:len(which)]
	s.mem.climbs = fs
	for k, i := range which {
		if g.isles != nil {
			hits[k] = s.find(p, g, &g.spots[i], reach)
			continue
		}
		at, l := p.seen(g.spots[i].at)
		fs[k] = s.widely(at, l, reach)
	}
	if g.isles != nil {
		return
	}
	s.climbAll(g, which, fs)
	for k := range fs {
		hits[k] = hitOf(&fs[k])
	}
}

// widely is the search for an outline within reach mm of c.
func (s *sight) widely(c px, l pix.Lens, reach float64) pix.Climb {
	res := span(l)
	return pix.Climb{Place: pix.Place{At: c, Lens: l, White: s.white(c)},
		Far: max(reach*res, 1), Near: near, Step: max(int(math.Round(findStep*res)), 1)}
}

// climbAll looks for the outlines of some bubbles, which are those of which, or the first of all.
func (s *sight) climbAll(g *grid, which []int, fs []pix.Climb) {
	shape := func(i int) int {
		if which != nil {
			i = which[i]
		}
		return g.spots[i].shape.index
	}
	for i, j := 0, 0; i < len(fs); i = j {
		index := shape(i)
		for j = i + 1; j < len(fs) && shape(j) == index; {
			j++
		}
		s.climb(&g.looks[index], fs[i:j])
	}
}

// climb looks for outlines of one shape.
func (s *sight) climb(look *looked, fs []pix.Climb) {
	s.mem.stencil.Set([3][]mm{look.on[:], look.out[:], look.in[:]})
	s.mem.stencil.Climb(s.img, fs...)
}

// hitOf is what a climb found.
func hitOf(f *pix.Climb) hit {
	top := f.Top()
	return hit{f.At.Add(top.At), f.Lens.Back(top.At), top.Score}
}

// closely is how far from its neighbours' course an outline is looked for at first, in mm
// and in pixels, whichever is more.
const closely, closelyPixels = 0.25, 2

// follow looks for all outlines, each first around the place that is off from where pose says by
// what the course of its neighbours is; where none is clear there, within reach of the pose.
func (s *sight) follow(p *Pose, g *grid, course *Bend, reach float64, hits []hit) {
	if g.isles != nil {
		for i := range hits {
			hits[i] = s.find(p, g, &g.spots[i], reach)
		}
		return
	}
	fs := slices.Grow(s.mem.climbs[:0], len(hits))[:len(hits)]
	s.mem.climbs = fs
	for i := range fs {
		at, l := p.seen(g.spots[i].at)
		res := span(l)
		far := max(closely*res, closelyPixels)
		share := far / (reach * res)
		off := course.At(g.spots[i].at).Sub(g.spots[i].at)
		c := at.Add(l.Step(off.X, off.Y))
		f := &fs[i]
		f.At, f.Lens, f.White = c, l, s.white(c)
		f.Far, f.Near, f.Step = far, near*share*share, 1
		hits[i].off = off
	}
	s.climbAll(g, nil, fs)
	for i := range fs {
		f, off, h := &fs[i], hits[i].off, hitOf(&fs[i])
		way := h.at.Sub(f.At)
		if norm(off.X, off.Y)+f.Far/span(f.Lens) > reach || norm(way.X, way.Y) > f.Far-1 || !g.strong(h) {
			hits[i] = s.find(p, g, &g.spots[i], reach)
			continue
		}
		to := &hits[i]
		to.at, to.off, to.clear = h.at, h.off.Add(off), h.clear
	}
}

// found is where the outline of bubble i is on a settled grid, that the pose puts at c:
// where it was found before, if that was clear and in line with its neighbours.
func (s *sight) found(c px, l pix.Lens, g *grid, i int) px {
	reach := min(max(ownReach, strayRoom*g.room), g.room*0.9)
	h := &g.hits[i]
	if off := l.Back(h.at.Sub(c)); g.isles == nil && g.strong(*h) && norm(off.X, off.Y) <= reach {
		return h.at
	}
	return s.findAt(c, l, g, &g.spots[i], reach).at
}

// Limits of a printed line that proves a grid.
const (
	leastDark  = 0.07 // share of the paper's brightness: a light grey outline at 100 dpi
	penInside  = 0.9  // mm that are looked at inside the designed edge
	penOutside = 0.5  // and outside
	penStep    = 0.1  // between rings, at less than finePen pixels a mm; else half of it
	finePen    = 9.0  // 230 dpi
	penRings   = 29   // from the one to the other, at most
)

// learn finds the printed line of the outlines of some bubbles at places that were
// found: the darkness along their normals, in the middle of each outline's points and
// of all bubbles, so that the filled ones do not count.
func (s *sight) learn(p *Pose, g *grid, which []int, hits []hit) (pen, bool) {
	if g.isles != nil {
		return learnIslands(hits)
	}
	fine := 1
	if span(p.lens(g.spots[which[0]].at)) >= finePen {
		fine = 2
	}
	rings := fine*(penRings-1)/2 + 1
	s.mem.darks = slices.Grow(s.mem.darks[:0], rings*len(which))[:rings*len(which)]
	darks := s.mem.darks
	var values [(penRings + 3) / 4 * 4]float64
	for k, i := range which {
		sp := &g.spots[i]
		white := s.white(hits[k].at)
		sp.shape.penRings(fine).Middles(s.img, hits[k].at, p.lens(sp.at), values[:])
		for j, v := range values[:rings] {
			darks[j*len(which)+k] = 1 - max(v, 0)/white
		}
	}
	var dark [penRings]float64
	for j := range rings {
		dark[j] = pix.Ranked(darks[j*len(which):][:len(which)], len(which)*2/5)
	}
	return penOf(dark[:rings], fine, g.least)
}

// penOf finds the line in a profile of darkness from the inside outwards: its peak
// nearest to where outlines are printed, and where it falls to half on both sides.
func penOf(dark []float64, fine int, least float64) (pen, bool) {
	step := penStep / float64(fine)
	ring := func(off float64) int { return int(math.Round((penInside + off) / step)) }
	peak := ring(-0.6)
	for j := peak; j <= ring(0.3); j++ {
		if dark[j] > dark[peak] {
			peak = j
		}
	}
	out := min(dark[ring(penOutside)], dark[ring(penOutside-0.1)])
	in := slices.Min(dark[:peak+1])
	clear := dark[peak] - max(out, in)
	if clear < least {
		return pen{}, false
	}
	half := dark[peak] - clear/2
	a, b := float64(peak), float64(peak)
	for j := peak; j > 0; j-- {
		if dark[j-1] < half {
			a = float64(j) - (dark[j]-half)/(dark[j]-dark[j-1])
			break
		}
	}
	for j := peak; j < len(dark)-1; j++ {
		if dark[j+1] < half {
			b = float64(j) + (dark[j]-half)/(dark[j]-dark[j+1])
			break
		}
	}
	return pen{
		mid:  (a+b)/2*step - penInside,
		wide: min(max((b-a)*step, 0.12), 0.7),
		dark: dark[peak] - out,
	}, true
}

// What a grid must show to be believed.
const (
	learnFrom  = 64   // bubbles to learn the printed line from
	mostStray  = 0.3  // mm from its neighbours that a bubble may be found; others print and describe
	strayRoom  = 0.5  // less exactly: this share of the room around a bubble, which is half way to none
	leastAlike = 0.8  // share of the clear bubbles that must not stray more
	leastClear = 0.75 // share of the bubbles whose outline must be clear

	inkedDark    = 0.4 // of the paper's brightness, just inside an outline: it may be under ink
	coveredShare = 0.8 // of the outlines that are not clear: they are so for that
)

// settle learns the printed line, corrects the pose by the bubbles' own outlines
// and makes sure that the grid is the right one.
func (s *sight) settle(p *Pose, g *grid) error {
	reach := min(g.room*0.95, mostRoom)
	which := g.sample(learnFrom)
	s.mem.hits = slices.Grow(s.mem.hits[:0], len(g.spots))[:len(g.spots)]
	some := s.mem.hits[:len(which)]
	for again := range 2 {
		s.findAll(p, g, which, reach, some)
		pen, ok := s.learn(p, g, which, some)
		if !ok {
			return reject(Distorted, "no printed outlines are where the design says: another sheet, or a bent one")
		}
		was := g.pen
		if g.setPen(pen); again > 0 || pen.like(was) {
			break
		}
	}
	course := s.mesh(g, which, some)
	g.hits = s.mem.hits
	s.follow(p, g, &course, reach, g.hits)
	mesh := s.mesh(g, nil, g.hits)
	if err := s.prove(p, g, &mesh); err != nil {
		return err
	}
	box, cols, rows := mesh.Box, meshCols, meshRows
	if p.Bend.Rows > rows {
		box, rows = p.Bend.Box, p.Bend.Rows
		cols = max(cols, p.Bend.Cols)
	}
	p.Bend = p.Bend.bent(box, cols, rows, func(q mm) mm { return mesh.At(q).Sub(q) })
	return nil
}

// stray is how far from the course of its neighbours a bubble may be printed, in mm.
func (g *grid) stray() float64 {
	if g.isles != nil {
		return max(mostStray, g.room) // letters stand in their bubbles as they like
	}
	return max(mostStray, strayRoom*g.room)
}

// strong says whether a hit is clear enough to move others: half the contrast of
// the page's own line.
func (g *grid) strong(h hit) bool {
	if g.isles != nil {
		return h.clear > surely*g.pen.dark
	}
	return h.clear > 0.5*g.pen.dark
}

// prove rejects a grid that the bubbles do not confirm. A bubble that is filled beyond its
// outline says nothing: then the others must prove it, half of all at least.
func (s *sight) prove(p *Pose, g *grid, mesh *Bend) error {
	all, clear, alike := g.proof(mesh, nil)
	if enough(all, clear, alike) {
		return nil
	}
	inked := s.inked(p, g)
	open, seen, inline := g.proof(mesh, inked)
	if 2*open >= all && enough(open, seen, inline) {
		return nil
	}
	unclear := (open - seen) + (all - open)
	switch {
	case float64(clear) >= leastClear*float64(all):
		return reject(Distorted, "%d of %d bubbles are not in line with their neighbours: the sheet is creased, or it is another one", clear-alike, clear)
	case float64(all-open) >= coveredShare*float64(unclear):
		return reject(Covered, "%d of %d bubbles are filled beyond their outlines: nobody can say which were meant", all-open, all)
	}
	return reject(Distorted, "%d of %d bubbles are where the design says: another sheet, or a bent or covered one", clear, all)
}

// enough says whether so many clear bubbles among all, and so many in line among the clear,
// prove a grid.
func enough(all, clear, alike int) bool {
	return float64(clear) >= leastClear*float64(all) && float64(alike) >= leastAlike*float64(clear)
}

// proof counts the bubbles that are not under ink, of these the clear ones, and of these the
// ones that are in line with their neighbours.
func (g *grid) proof(mesh *Bend, inked []bool) (all, clear, alike int) {
	for i, h := range g.hits {
		if inked != nil && inked[i] {
			continue
		}
		all++
		if !g.strong(h) {
			continue
		}
		clear++
		at := g.spots[i].at
		if h.off.Add(at).Sub(mesh.At(at)).Norm() <= g.stray() {
			alike++
		}
	}
	return all, clear, alike
}

// inked says which bubbles are dark just inside their outlines: these may be under ink.
func (s *sight) inked(p *Pose, g *grid) []bool {
	is := make([]bool, len(g.spots))
	for i := range g.spots {
		sp := &g.spots[i]
		at, l, dark := p.At(sp.at), p.lens(sp.at), 0.0
		for _, q := range g.looks[sp.shape.index].in {
			dark += 1 - pix.At(s.img, at.Add(l.Step(q.X, q.Y)))/s.white(at)
		}
		is[i] = dark/edgePoints > inkedDark
	}
	return is
}
