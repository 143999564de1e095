package omr

import (
	"math"
	"slices"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// What ticks must show. They stand 5 mm apart, so that one found within 1.9 mm of
// its place cannot be its neighbour.
const (
	tickReach  = 1.9  // mm
	tickClear  = 0.3  // how much darker than its paper a tick is, as a share of it
	tickOff    = 0.35 // mm from the middle of its neighbours: then it is not a tick
	ticksLeast = 0.5  // share of a side's ticks that must be seen
	ticksThree = 0.7  // the same with three corner markers
	tickRough  = 0.15 // mm, root mean square that ticks may leave about their smooth course
	tickPlaces = 4    // across a tick that each step along its profile is the mean of
)

// bend corrects the pose piece by piece along the feed, from the ticks at both
// sides. A tick that is not seen is not replaced: the course of its neighbours is
// continued, and the bubbles there must prove it.
func (s *sight) bend(f *framed) error {
	n := len(f.frame.Ticks) / 2
	rows := [2][]sheets.Anchor{f.frame.Ticks[:n], f.frame.Ticks[n:]}
	first, last := rows[0][0].Box.Center(), rows[1][n-1].Box.Center()
	b := Bend{Box: geom.Rect[geom.Paper]{Min: first, Max: last}, Cols: 2, Rows: n, By: make([]mm, 2*n)}
	var rough, seen float64
	for side, row := range rows {
		off, ok := s.ticks(&f.pose, row)
		share, rms := smooth(off, ok)
		least := ticksLeast
		if f.corners < 4 {
			least = ticksThree
		}
		if share < least {
			return reject(NoAnchors, "%.0f %% of the ticks along one edge were found: the edge is covered or cut off", 100*share)
		}
		rough, seen = max(rough, rms), seen+share
		for i, o := range off {
			b.By[2*i+side] = o
		}
	}
	if rough > tickRough {
		return reject(Distorted, "the ticks along the edge scatter by %.2f mm: the sheet is creased or moved while it was scanned", rough)
	}
	f.pose.Bend = b
	return nil
}

// ticks measures how far each tick of a row lies from its place, in mm. What it returns
// is good until the next row.
func (s *sight) ticks(p *Pose, row []sheets.Anchor) (off []mm, ok []bool) {
	m, n := s.mem, len(row)
	m.off, m.ok = slices.Grow(m.off[:0], n)[:n], slices.Grow(m.ok[:0], n)[:n]
	off, ok = m.off, m.ok
	for i, a := range row {
		off[i], ok[i] = s.tick(p, a.Box)
	}
	return off, ok
}

func (s *sight) tick(p *Pose, box geom.Rect[geom.Paper]) (off mm, ok bool) {
	c := box.Center()
	high := box.H()
	at := p.At(c)
	if !s.inside(at) {
		return off, false
	}
	white := s.white(at)
	y, h := s.bar(p, c, mm{Y: tickReach + 1.1*high}, mm{X: 0.3 * box.W()}, high)
	if h < tickClear*white {
		return off, false
	}
	off.Y = y
	c.Y += y
	x, h := s.bar(p, c, mm{X: 0.5*box.W() + 1}, mm{Y: 0.3 * high}, 0)
	if h < tickClear*white {
		return off, false
	}
	off.X = x
	return off, true
}

// bar finds a dark bar on the way from c-reach to c+reach: how far its middle is
// from c in mm, and how clear it is. Its width is high, or what its two edges say
// if high is 0.
func (s *sight) bar(p *Pose, c, reach, across mm, high float64) (off, clear float64) {
	a, b := p.At(c.Sub(reach)), p.At(c.Add(reach))
	side := p.At(c.Add(across)).Sub(p.At(c))
	n := max(int(norm(b.X-a.X, b.Y-a.Y)), 24)
	s.mem.profile = slices.Grow(s.mem.profile[:0], n+1)[:n+1]
	profile := s.mem.profile
	pix.Profile(s.img, a, b, side, tickPlaces, profile)
	step := 2 * norm(reach.X, reach.Y) / float64(n) // mm
	if high > 0 {
		t, h := pix.Bar(profile, high/step)
		return (t - float64(n)/2) * step, h
	}
	half := n/2 + 1
	window := max(int(0.5/step), 2)
	left, h1 := pix.Fall(profile[:half], window)
	back := profile[n-half+1:] // the middle is in both halves, and looked at from the left already
	slices.Reverse(back)
	right, h2 := pix.Fall(back, window)
	return (left - right) / 2 * step, min(h1, h2)
}

// inside says whether p is in the scan.
func (s *sight) inside(p px) bool {
	return p.X >= 0 && p.Y >= 0 && p.X < float64(s.img.Rect.Max.X) && p.Y < float64(s.img.Rect.Max.Y)
}

// smooth drops what strays from its neighbours, fills gaps between neighbours along
// a straight line, and evens out what is left. It returns the share that was kept and
// the root mean square by which that share strays from the smooth course.
func smooth(off []mm, ok []bool) (share, rms float64) {
	raw := slices.Clone(off)
	kept := 0
	keep := make([]bool, len(off))
	for i := range off {
		if !ok[i] {
			continue
		}
		keep[i] = calm(raw, ok, i)
		if !keep[i] {
			m := neighbours(raw, ok, i, calmReach)
			keep[i] = math.Abs(raw[i].Y-m.Y) <= tickOff && math.Abs(raw[i].X-m.X) <= 2*tickOff
		}
		if keep[i] {
			kept++
		}
	}
	if kept == 0 {
		return 0, 0
	}
	for i := range off {
		off[i] = neighbours(raw, keep, i, 2)
	}
	for i, k := range keep {
		if k {
			d := raw[i].Y - off[i].Y
			rms += d * d / float64(kept)
		}
	}
	return float64(kept) / float64(len(off)), math.Sqrt(rms)
}

// calmReach is how many neighbours on each side say whether a tick is a stray.
const calmReach = 3

// calm says whether the ticks around i lie so much alike that it cannot stray from what its
// neighbours say: no slope between values that differ by d is more than d a tick.
func calm(off []mm, ok []bool, i int) bool {
	lo, hi := off[i], off[i]
	for j := max(i-calmReach, 0); j <= min(i+calmReach, len(off)-1); j++ {
		if !ok[j] {
			return false
		}
		lo = mm{X: min(lo.X, off[j].X), Y: min(lo.Y, off[j].Y)}
		hi = mm{X: max(hi.X, off[j].X), Y: max(hi.Y, off[j].Y)}
	}
	d := hi.Sub(lo).Mul(1 + calmReach)
	return d.Y <= tickOff && d.X <= 2*tickOff
}

// neighbours is the straight line of least squares through the reach kept values
// nearest to i on each side, and i's own, at i; far from all it is the nearest.
func neighbours(off []mm, keep []bool, i, reach int) mm {
	const most = 3 // the longest reach: 2·3 neighbours and the place itself
	var room [2*most + 1]int
	at := room[:0]
	for j, n := i, 0; j >= 0 && n <= reach; j-- {
		if keep[j] {
			at = append(at, j)
			n++
		}
	}
	for j, n := i+1, 0; j < len(off) && n < reach; j++ {
		if keep[j] {
			at = append(at, j)
			n++
		}
	}
	if len(at) == 0 {
		return mm{}
	}
	var xRoom, yRoom [2*most + 1]float64
	xs, ys := xRoom[:len(at)], yRoom[:len(at)]
	lo, hi := at[0], at[0]
	for k, j := range at {
		xs[k], ys[k] = off[j].X, off[j].Y
		lo, hi = min(lo, j), max(hi, j)
	}
	if len(at) < 3 || i < lo || i > hi {
		return mm{X: take(xs, 0.5), Y: take(ys, 0.5)}
	}
	return mm{X: ahead(at, xs, i), Y: ahead(at, ys, i)}
}

// ahead is the value at i of the line with the median slope through values at
// places, in the manner of Theil and Sen: one stray value of five does not move it.
func ahead(at []int, v []float64, i int) float64 {
	const most = 7 // values
	var slopeRoom [most * (most - 1) / 2]float64
	slopes := slopeRoom[:0]
	for a := range at {
		for b := range a {
			slopes = append(slopes, (v[a]-v[b])/float64(at[a]-at[b]))
		}
	}
	k := take(slopes, 0.5)
	var restRoom [most]float64
	rest := restRoom[:len(at)]
	for a := range at {
		rest[a] = v[a] + k*float64(i-at[a])
	}
	return take(rest, 0.5)
}
