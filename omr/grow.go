package omr

import (
	"math"
	"slices"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets/geom"
)

// A growth is a pose that was found by the bubbles themselves: from a patch where a
// first guess is right it spread over the page, neighbour by neighbour, so that it
// follows perspective and bent paper.
type growth struct {
	place place
	off   []mm   // of each bubble: how far on paper it lies from where place puts it
	found []bool // whether its figure was found
	n     int    // figures found, each counted once
	asked int    // bubbles that were looked for
}

// How growths spread.
const (
	growTolerance = 0.36 // of the way to the next bubble: nearer to this one than to any other, with room
	growSure      = 0.22 // the same at the end, when the course of the neighbours is known
	growFarthest  = 1.6  // mm at most
	growLike      = 1.45 // ratio of a figure's size to the bubble's
	growLeast     = 0.35 // share of the bubbles looked for that must be found at each step; covered and faint ones are not
	growAffine    = 45.0 // mm from the seed up to which perspective is not asked about
	growCell      = 12.0 // mm: bubbles within this distance or twice it say how far the next are off
)

// growRadii are how far from its seed a growth looks, step by step, in mm.
var growRadii = [...]float64{22, 32, 45, 65, 95, 140, 210, 320, 1700}

// A soil is what growths of one page have in common.
type soil struct {
	sky   *sky
	spots []spot
	pitch float64 // mm between the middles of the nearest bubbles

	course *course // memory of a growth
	taken  []bool
	votes  []int32 // memory of slides
}

// grow spreads from a first guess; nil if hardly anything is where it says.
func (s *soil) grow(start place) *growth {
	seed, ok := s.seed(start)
	if !ok {
		return nil
	}
	g := &growth{place: start, off: make([]mm, len(s.spots)), found: make([]bool, len(s.spots))}
	at := make([]px, len(s.spots))
	for _, r := range growRadii {
		for range 2 {
			s.assign(g, at, seed, r, growTolerance)
			g.refit(s, at, r)
		}
		if float64(g.n) < growLeast*float64(g.asked) {
			return nil
		}
	}
	s.assign(g, at, seed, growRadii[len(growRadii)-1], growSure)
	for range 2 {
		g.refit(s, at, 1000)
	}
	p := Pose{Map: g.place}
	for i, sp := range s.spots {
		if g.found[i] {
			g.off[i] = p.lens(sp.at).Back(at[i].Sub(g.place.At(sp.at)))
		}
	}
	return g
}

// derivative is that of a map with the matrix m at q.
func derivative(m *[9]float64, q mm) pix.Lens {
	_, l := seenBy(m, q)
	return l
}

// seenBy is where a map with the matrix m carries q, and its derivative there.
func seenBy(m *[9]float64, q mm) (px, pix.Lens) {
	w := m[6]*q.X + m[7]*q.Y + m[8]
	x, y := (m[0]*q.X+m[1]*q.Y+m[2])/w, (m[3]*q.X+m[4]*q.Y+m[5])/w
	return px{X: x, Y: y}, pix.Lens{
		XX: (m[0] - x*m[6]) / w, XY: (m[1] - x*m[7]) / w,
		YX: (m[3] - y*m[6]) / w, YY: (m[4] - y*m[7]) / w,
	}
}

// boxOf is the box in px of a bubble seen through l.
func boxOf(l pix.Lens, sh *shape) (w, h float64) {
	x, y, u, v := l.XX*sh.w, l.XY*sh.h, l.YX*sh.w, l.YY*sh.h
	return math.Sqrt(x*x + y*y), math.Sqrt(u*u + v*v)
}

// span is the px a mm of l, the mean of all directions.
func span(l pix.Lens) float64 { return math.Sqrt(math.Abs(l.XX*l.YY - l.XY*l.YX)) }

// like says whether a figure is as large as a box.
func (f *figure) like(w, h float64) bool {
	const slack = 1.5 // px
	return f.w < growLike*w+slack && growLike*f.w > w-slack && f.h < growLike*h+slack && growLike*f.h > h-slack
}

// reach is the tolerance in mm.
func (s *soil) reach(share float64) float64 {
	return min(share*s.pitch, growFarthest*share/growTolerance)
}

// seed is the bubble with the most figures around that are where start says.
func (s *soil) seed(start place) (mm, bool) {
	const samples, wide, few = 40, 20.0, 4 // bubbles that are tried, mm around each, figures that are needed
	m := start.Matrix()
	var hits []mm
	for i := range s.spots {
		sp := &s.spots[i]
		l := derivative(&m, sp.at)
		w, h := boxOf(l, sp.shape)
		reach := s.reach(growTolerance) * span(l)
		if s.sky.nearest(start.At(sp.at), reach, func(f figure) bool { return f.like(w, h) }) >= 0 {
			hits = append(hits, sp.at)
		}
	}
	best, where := 0, mm{}
	for i := 0; i < len(hits); i += len(hits)/samples + 1 {
		n := 0
		for _, q := range hits {
			if within(q, hits[i], wide) {
				n++
			}
		}
		if n > best {
			best, where = n, hits[i]
		}
	}
	return where, best >= min(few, len(s.spots))
}

// assign gives each bubble within r of the seed the figure nearest to where the map
// and its neighbours say.
func (s *soil) assign(g *growth, at []px, seed mm, r, share float64) {
	g.follow(s, at)
	m := g.place.Matrix()
	s.taken = slices.Grow(s.taken[:0], len(s.sky.figures))[:len(s.sky.figures)]
	clear(s.taken)
	g.n, g.asked = 0, 0
	for i := range s.spots {
		sp := &s.spots[i]
		g.found[i] = false
		if !within(sp.at, seed, r) {
			continue
		}
		g.asked++
		l := derivative(&m, sp.at)
		w, h := boxOf(l, sp.shape)
		want := g.place.At(sp.at).Add(s.course.at(sp.at))
		k := s.sky.nearest(want, s.reach(share)*span(l), func(f figure) bool { return f.like(w, h) })
		if k < 0 {
			continue
		}
		g.found[i], at[i] = true, s.sky.figures[k].at
		if !s.taken[k] {
			s.taken[k] = true
			g.n++
		}
	}
}

// refit lays the map through what was found, without what strays.
func (g *growth) refit(s *soil, at []px, r float64) {
	var on []mm
	var to []px
	for i, ok := range g.found {
		if ok {
			on, to = append(on, s.spots[i].at), append(to, at[i])
		}
	}
	const few, some = 6, 14 // pairs for an affine map, and for a projective one
	if len(on) < few {
		return
	}
	fit := geom.FitAffine[geom.Paper, geom.Pixel]
	if r > growAffine && len(on) >= some {
		fit = geom.Fit[geom.Paper, geom.Pixel]
	}
	m, rms, err := fit(on, to)
	if err != nil {
		return
	}
	k := 0
	for i := range on {
		if m.At(on[i]).Sub(to[i]).Norm() <= 2.5*rms {
			on[k], to[k] = on[i], to[i]
			k++
		}
	}
	if better, _, err := fit(on[:k], to[:k]); err == nil {
		m = better
	}
	g.place = m
}

// A course is how far the figures around a place lie from where a map puts them, in
// cells of growCell mm.
type course struct {
	min        mm
	cols, rows int
	sum        []px
	n          []float64
}

func (c *course) cell(q mm) (x, y int) {
	return min(max(int((q.X-c.min.X)/growCell), 0), c.cols-1), min(max(int((q.Y-c.min.Y)/growCell), 0), c.rows-1)
}

// newCourse is an empty course over some bubbles.
func newCourse(spots []spot) *course {
	box := geom.Rect[geom.Paper]{Min: spots[0].at, Max: spots[0].at}
	for _, sp := range spots {
		box = box.Union(geom.Rect[geom.Paper]{Min: sp.at, Max: sp.at})
	}
	c := &course{min: box.Min, cols: int(box.W()/growCell) + 1, rows: int(box.H()/growCell) + 1}
	c.sum, c.n = make([]px, c.cols*c.rows), make([]float64, c.cols*c.rows)
	return c
}

// follow makes the course of what was found.
func (g *growth) follow(s *soil, at []px) {
	c := s.course
	clear(c.sum)
	clear(c.n)
	for i, ok := range g.found {
		if ok {
			q := s.spots[i].at
			x, y := c.cell(q)
			k := y*c.cols + x
			c.sum[k], c.n[k] = c.sum[k].Add(at[i].Sub(g.place.At(q))), c.n[k]+1
		}
	}
}

// at is the mean over the cells around q, the own one counting double.
func (c *course) at(q mm) px {
	x, y := c.cell(q)
	var sum px
	n := 0.0
	for j := max(y-1, 0); j <= min(y+1, c.rows-1); j++ {
		for i := max(x-1, 0); i <= min(x+1, c.cols-1); i++ {
			k := j*c.cols + i
			sum, n = sum.Add(c.sum[k]), n+c.n[k]
		}
	}
	k := y*c.cols + x
	return sum.Add(c.sum[k]).Mul(1 / max(n+c.n[k], 1))
}

// within says whether p and q are within reach of each other.
func within(p, q mm, reach float64) bool {
	d := p.Sub(q)
	return d.X*d.X+d.Y*d.Y < reach*reach
}

// Limits of the bend that a growth may have.
const (
	bendStep  = 14.0 // mm between its knots, at least
	bendKnots = 24   // on a side at most
	bendWide  = 16.0 // mm around a knot that say what it is
	mostBend  = 0.07 // mm a mm: paper that is not torn bends less from its perspective, and a slip by a row is more
)

// pose is the map with what it leaves as a bend; ok is false if no paper lies so.
func (g *growth) pose(s *soil) (p Pose, ok bool) {
	p.Map = g.place
	var at, off []mm
	box := geom.Rect[geom.Paper]{Min: s.spots[0].at, Max: s.spots[0].at}
	sum := 0.0
	for i, found := range g.found {
		q := s.spots[i].at
		box = box.Union(geom.Rect[geom.Paper]{Min: q, Max: q})
		if found {
			at, off = append(at, q), append(off, g.off[i])
			sum += g.off[i].X*g.off[i].X + g.off[i].Y*g.off[i].Y
		}
	}
	if len(at) == 0 {
		return p, false
	}
	p.Residual = math.Sqrt(sum / float64(len(at)))
	knots := func(side float64) int { return min(max(int(side/bendStep)+1, 2), bendKnots) }
	p.Bend = p.Bend.bent(box, knots(box.W()), knots(box.H()), func(q mm) mm { return around(at, off, q) })
	b := &p.Bend
	for j := range b.Rows {
		for i := range b.Cols {
			here := b.By[j*b.Cols+i]
			if i > 0 && here.Sub(b.By[j*b.Cols+i-1]).Norm() > mostBend*b.at(i, j).Sub(b.at(i-1, j)).Norm() ||
				j > 0 && here.Sub(b.By[(j-1)*b.Cols+i]).Norm() > mostBend*b.at(i, j).Sub(b.at(i, j-1)).Norm() {
				return p, false
			}
		}
	}
	return p, true
}

// around is the mean of the ways of the bubbles around q, the nearer counting more, or
// of the nearest four where there are fewer.
func around(at, off []mm, q mm) mm {
	var sum mm
	weight, n := 0.0, 0
	for i, p := range at {
		d := p.Sub(q)
		if r := (d.X*d.X + d.Y*d.Y) / (bendWide * bendWide); r < 1 {
			w := (1 - r) * (1 - r)
			sum, weight, n = sum.Add(off[i].Mul(w)), weight+w, n+1
		}
	}
	const few = 4
	if n < few {
		return nearest(at, off, q)
	}
	return sum.Mul(1 / weight)
}
