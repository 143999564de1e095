package omr

import (
	"cmp"
	"math"
	"slices"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// A spot is one bubble of a design on the page that is read.
type spot struct {
	field  int
	choice sheets.Choice
	at     mm // its centre on paper
	shape  *shape
}

// A grid is all bubbles of a page with the printed line they are drawn with, as
// found on this very page.
type grid struct {
	spots []spot
	room  float64 // mm, half of the least gap between two bubbles: the room to search
	pen   pen
	least float64 // how dark a printed line must be to be believed
	looks map[*shape]*looked
	rays  map[*shape]*pix.Quartets // rings from inside the outline outwards, penStep apart
	isles map[*shape]*isles        // nil, but for islands: where outlines cannot be seen
}

// A pen is the printed line of the outlines of a page.
type pen struct {
	mid  float64 // mm of its middle from the designed outer edge; below 0 inwards
	wide float64 // mm
	dark float64 // how dark its middle is, as a share of the paper's brightness
}

// looked are the places to look at around a bubble of one shape.
type looked struct {
	on, out, in []mm // on the printed line, on the paper outside, and inside
}

// newGrid lists the bubbles of pg.
func newGrid(pg *sheets.Page) *grid {
	n := 0
	for _, f := range pg.Fields {
		n += len(f.Bubbles)
	}
	g := &grid{spots: make([]spot, 0, n), room: math.Inf(1), least: leastDark, rays: map[*shape]*pix.Quartets{}}
	shapes := map[[3]int]*shape{}
	for fi, f := range pg.Fields {
		for _, b := range f.Bubbles {
			key := [3]int{int(f.Outline), int(math.Round(b.Box.W() * 100)), int(math.Round(b.Box.H() * 100))}
			if shapes[key] == nil {
				shapes[key] = newShape(f.Outline, b.Box.W(), b.Box.H())
			}
			g.spots = append(g.spots, spot{fi, b.Choice, b.Box.Center(), shapes[key]})
		}
	}
	g.room = g.gap() / 2
	g.setPen(pen{mid: -sheets.OutlineWidth / 2, wide: sheets.OutlineWidth, dark: 0.5})
	return g
}

// mostRoom bounds the search where bubbles stand far apart: paper that is off by
// more was not registered.
const mostRoom = 1.2

// gap is the least distance between the boxes of two bubbles in mm.
func (g *grid) gap() float64 {
	least := 2 * mostRoom
	order := slices.Clone(g.spots)
	slices.SortFunc(order, func(a, b spot) int { return cmp.Compare(a.at.Y, b.at.Y) })
	for i, a := range order {
		for _, b := range order[i+1:] {
			dy := b.at.Y - a.at.Y - (a.shape.h+b.shape.h)/2
			if dy > least {
				break
			}
			dx := math.Abs(b.at.X-a.at.X) - (a.shape.w+b.shape.w)/2
			least = min(least, max(dx, dy))
		}
	}
	return max(least, 0.4)
}

// beside is how far from the printed line's edges the paper is looked at, in mm.
const beside = 0.18

// setPen decides where to look, from the printed line.
func (g *grid) setPen(p pen) {
	g.pen = p
	g.looks = map[*shape]*looked{}
	for _, s := range g.spots {
		if g.looks[s.shape] == nil {
			all := make([]mm, 0, 3*edgePoints)
			for _, off := range [3]float64{p.mid, p.mid + p.wide/2 + beside, p.mid - p.wide/2 - beside} {
				all = s.shape.ring(all, off)
			}
			g.looks[s.shape] = &looked{on: all[:edgePoints], out: all[edgePoints : 2*edgePoints], in: all[2*edgePoints:]}
		}
	}
}

// A hit is where a bubble's outline was found: the way from its expected place in
// mm, and how much darker the line is there than both its sides, as a share of the
// paper's brightness.
type hit struct {
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
	return s.findAt(p.At(sp.at), p.lens(sp.at), g, sp, reach)
}

// findAt is find for callers who know where the pose says, and how paper is seen there.
func (s *sight) findAt(c px, l pix.Lens, g *grid, sp *spot, reach float64) hit {
	white := s.white(c)
	look := g.looks[sp.shape]
	dx, dy := density(l)
	res := math.Sqrt(dx * dy)
	if g.isles != nil {
		return s.findIsland(c, l, g.isles[sp.shape], max(reach*res, 1), max(math.Round(findStep*res), 1))
	}
	f := pix.Climb{White: white, Far: max(reach*res, 1), Near: near, Step: max(int(math.Round(findStep*res)), 1)}
	s.mem.stencil.Set(s.img, c, l, look.on, look.out, look.in)
	top := s.mem.stencil.Climb(&f)
	return hit{l.Back(top.At), top.Score}
}

// Limits of a printed line that proves a grid.
const (
	leastDark  = 0.07 // share of the paper's brightness: a light grey outline at 100 dpi
	penInside  = 0.9  // mm that are looked at inside the designed edge
	penOutside = 0.5  // and outside
	penStep    = 0.05
	penRings   = 29 // from the one to the other
)

// learn finds the printed line of the outlines of some bubbles at places that were
// found: the darkness along their normals, in the middle of each outline's points and
// of all bubbles, so that the filled ones do not count.
func (s *sight) learn(p *Pose, g *grid, which []int, hits []hit) (pen, bool) {
	if g.isles != nil {
		return learnIslands(hits)
	}
	s.mem.darks = slices.Grow(s.mem.darks[:0], penRings*len(which))[:penRings*len(which)]
	darks := s.mem.darks
	var values [(penRings + 3) / 4 * 4]float64
	for k, i := range which {
		sp := &g.spots[i]
		l := p.lens(sp.at)
		at := p.At(sp.at).Add(l.Step(hits[k].off.X, hits[k].off.Y))
		white := s.white(at)
		g.raysOf(sp.shape).Middles(s.img, at, l, values[:])
		for j, v := range values[:penRings] {
			darks[j*len(which)+k] = 1 - max(v, 0)/white
		}
	}
	var dark [penRings]float64
	for j := range dark {
		dark[j] = pix.Ranked(darks[j*len(which):][:len(which)], len(which)*2/5)
	}
	return penOf(dark[:], g.least)
}

// raysOf are the rings around a bubble of one shape at which its printed line is
// learnt.
func (g *grid) raysOf(sh *shape) *pix.Quartets {
	if g.rays[sh] == nil {
		var rings [penRings][]mm
		all := make([]mm, 0, penRings*edgePoints)
		for j := range rings {
			all = sh.ring(all, -penInside+float64(j)*penStep)
			rings[j] = all[j*edgePoints:]
		}
		g.rays[sh] = pix.NewQuartets(rings[:])
	}
	return g.rays[sh]
}

// penOf finds the line in a profile of darkness from the inside outwards: its peak
// nearest to where outlines are printed, and where it falls to half on both sides.
func penOf(dark []float64, least float64) (pen, bool) {
	peak := -1
	from, to := int((penInside-0.6)/penStep), int((penInside+0.3)/penStep)
	for j := from; j <= to; j++ {
		if peak < 0 || dark[j] > dark[peak] {
			peak = j
		}
	}
	out := min(dark[len(dark)-1], dark[len(dark)-3])
	in := dark[peak]
	for j := peak; j >= 0; j-- {
		in = min(in, dark[j])
	}
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
		mid:  (a+b)/2*penStep - penInside,
		wide: min(max((b-a)*penStep, 0.12), 0.7),
		dark: dark[peak] - out,
	}, true
}

// sample picks at most n bubbles spread over the page.
func (g *grid) sample(n int) []int {
	out := make([]int, 0, n)
	step := max(len(g.spots)/n, 1)
	for i := step / 2; i < len(g.spots); i += step {
		out = append(out, i)
	}
	return out
}

// What a grid must show to be believed.
const (
	learnFrom  = 100  // bubbles to learn the printed line from
	meshCols   = 4    // knots of the last correction, across
	meshRows   = 7    // and down: paper bends along the feed
	meshWide   = 28.0 // mm: bubbles within this distance move a knot
	mostStray  = 0.3  // mm from its neighbours that a bubble may be found; others print and describe
	strayRoom  = 0.5  // less exactly: this share of the room around a bubble, which is half way to none
	leastAlike = 0.8  // share of the clear bubbles that must not stray more
	leastClear = 0.75 // share of the bubbles whose outline must be clear
)

// settle learns the printed line, corrects the pose by the bubbles' own outlines
// and makes sure that the grid is the right one.
func (s *sight) settle(p *Pose, g *grid) error {
	reach := min(g.room*0.95, mostRoom)
	which := g.sample(learnFrom)
	s.mem.hits = slices.Grow(s.mem.hits[:0], len(g.spots))[:len(g.spots)]
	for range 2 {
		hits := s.mem.hits[:len(which)]
		for k, i := range which {
			hits[k] = s.find(p, g, &g.spots[i], reach)
		}
		pen, ok := s.learn(p, g, which, hits)
		if !ok {
			return reject(Distorted, "no printed outlines are where the design says: another sheet, or a bent one")
		}
		g.setPen(pen)
	}
	hits := s.mem.hits
	for i := range g.spots {
		hits[i] = s.find(p, g, &g.spots[i], reach)
	}
	mesh := g.mesh(hits)
	if err := g.prove(hits, &mesh); err != nil {
		return s.covered(p, g, hits, err)
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

// prove rejects a grid that the bubbles do not confirm.
func (g *grid) prove(hits []hit, mesh *Bend) error {
	clear, alike := 0, 0
	for i, h := range hits {
		if !g.strong(h) {
			continue
		}
		clear++
		at := g.spots[i].at
		if h.off.Add(at).Sub(mesh.At(at)).Norm() <= g.stray() {
			alike++
		}
	}
	if float64(clear) < leastClear*float64(len(hits)) {
		return reject(Distorted, "%d of %d bubbles are where the design says: another sheet, or a bent or covered one", clear, len(hits))
	}
	if float64(alike) < leastAlike*float64(clear) {
		return reject(Distorted, "%d of %d bubbles are not in line with their neighbours: the sheet is creased, or it is another one", clear-alike, clear)
	}
	return nil
}

// mesh is the correction over the whole page: at each knot the weighted middle of
// the ways to the clear bubbles around.
func (g *grid) mesh(hits []hit) Bend {
	at, off := make([]mm, 0, len(hits)), make([]mm, 0, len(hits))
	box := geom.Rect[geom.Paper]{Min: g.spots[0].at, Max: g.spots[0].at}
	for i, h := range hits {
		box = box.Union(geom.Rect[geom.Paper]{Min: g.spots[i].at, Max: g.spots[i].at})
		if g.strong(h) {
			at, off = append(at, g.spots[i].at), append(off, h.off)
		}
	}
	var none Bend
	if len(at) == 0 {
		return none
	}
	xs, ys, ws := make([]float64, 0, len(at)), make([]float64, 0, len(at)), make([]float64, 0, len(at))
	order := make([]int, len(at))
	return none.bent(box, meshCols, meshRows, func(q mm) mm {
		xs, ys, ws := xs[:0], ys[:0], ws[:0]
		for i, p := range at {
			d := p.Sub(q)
			r := (d.X*d.X + d.Y*d.Y) / (meshWide * meshWide)
			if r < 1 {
				xs, ys, ws = append(xs, off[i].X), append(ys, off[i].Y), append(ws, (1-r)*(1-r))
			}
		}
		const few = 4 // bubbles: fewer say as much about a pencil as about paper
		if len(ws) < few {
			return nearest(at, off, q)
		}
		return mm{X: weighted(xs, ws, order), Y: weighted(ys, ws, order)}
	})
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

// weighted is the mean of the middle half of vs by weight: smooth like a mean, and
// not moved by strays.
func weighted(vs, ws []float64, order []int) float64 {
	order = order[:len(vs)]
	total := 0.0
	for i := range order {
		order[i] = i
		total += ws[i]
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(vs[a], vs[b]), a-b)
	})
	sum, weight, gone := 0.0, 0.0, 0.0
	for _, i := range order {
		lo, hi := max(gone, total/4), min(gone+ws[i], total*3/4)
		if hi > lo {
			sum += vs[i] * (hi - lo)
			weight += hi - lo
		}
		gone += ws[i]
	}
	return sum / weight
}
