package omr

import (
	"math"
	"slices"

	"bargkhan/omr/internal/pix"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// What is measured around a bubble, in mm.
const (
	inkInset  = 0.14 // from the printed line's inner edge: half a pixel of blur at 100 dpi
	inkStep   = 0.09 // between samples: no coarser than 280 dpi
	ownReach  = 0.22 // how far a bubble may be from its neighbours' grid, where bubbles stand close
	paperFrom = 0.28 // from the line's outer edge: where the paper around is looked at
	paperTo   = 0.5
)

// blackest bounds printed black as a share of the paper's brightness: toner that a
// copier made grey is still black, and a pencil is not to be darker than solid.
const blackest = 0.6

// probes are the places measured around bubbles of one shape: five rings of edgePoints,
// and then the inside.
type probes struct {
	all    []mm
	inside []mm       // the end of all, by the cells of its pattern
	ends   []int32    // of each cell, where in inside the next begins
	near   [][9]int32 // of each place inside, the places beside it; only where letters may be printed
}

func (g *grid) probes(density float64, lettered bool) map[*shape]*probes {
	all := map[*shape]*probes{}
	edge := g.pen.mid + g.pen.wide/2
	inner := g.pen.wide/2 - g.pen.mid
	step := min(max(1/density, 0.05), inkStep)
	far := min(paperTo, 2*g.room-0.1)
	for _, sp := range g.spots {
		if all[sp.shape] != nil {
			continue
		}
		deep := inner + min(max(inkInset, 0.6/density), 0.3*(min(sp.shape.w, sp.shape.h)/2-inner))
		sh := sp.shape
		inside, ends := byCell(sh, sh.inside(deep, step))
		pr := &probes{ends: ends, all: make([]mm, 0, 5*edgePoints+len(inside))}
		for _, off := range [5]float64{edge + min(paperFrom, far), edge + far, g.pen.mid, edge + beside, -inner - beside} {
			pr.all = sh.ring(pr.all, off)
		}
		pr.all = append(pr.all, inside...)
		pr.inside = pr.all[5*edgePoints:]
		if lettered {
			pr.near = touching(pr.inside, step)
		}
		all[sh] = pr
	}
	return all
}

// measure looks at every bubble. black is printed black as a share of the paper's
// brightness; lines are the streaks of the page.
func (s *sight) measure(p *Pose, g *grid, pg *sheets.Page, black float64, lines *pix.Lines) []judge.Evidence {
	black = min(max(black, 0), blackest)
	dx, dy := density(p.lens(g.spots[0].at))
	kinds := letters(pg, len(g.spots))
	lettered := slices.ContainsFunc(kinds, func(k string) bool { return k != "" })
	all := g.probes(math.Sqrt(dx*dy), lettered)
	out := make([]judge.Evidence, len(g.spots))
	s.mem.patches = slices.Grow(s.mem.patches[:0], len(g.spots))[:len(g.spots)]
	s.keep(g, all, lettered)
	for i := range g.spots {
		sp := &g.spots[i]
		at, l := p.seen(sp.at)
		if g.isles == nil {
			at = s.found(at, l, g, i)
		}
		pr := all[sp.shape]
		m := s.bubble(pr, at, l, g, black, lines, &s.mem.patches[i])
		if lettered {
			s.mem.tally.Darks(s.mem.places[s.mem.starts[i]:][:len(pr.inside)])
		}
		out[i] = judge.Evidence{
			Field: pg.Fields[sp.field].ID, Choice: sp.choice,
			Ink: round(m.ink), Fit: round(m.fit), Seen: round(m.seen),
		}
	}
	if lettered {
		s.unletter(kinds, g, all, math.Sqrt(dx*dy), out)
	}
	recognise(kinds, out, s.mem.patches)
	return out
}

// keep makes room for how dark each place of each bubble is.
func (s *sight) keep(g *grid, all map[*shape]*probes, lettered bool) {
	if !lettered {
		return
	}
	n := int32(0)
	s.mem.starts = s.mem.starts[:0]
	for _, sp := range g.spots {
		s.mem.starts = append(s.mem.starts, n)
		n += int32(len(all[sp.shape].inside))
	}
	s.mem.places = slices.Grow(s.mem.places[:0], int(n))[:n]
}

// round keeps four digits: more are noise, and make readings long.
func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// A measured bubble.
type measured struct{ ink, fit, seen float64 }

// bubble measures one bubble, and notes its pattern in p. Ink is the mean darkness of what
// is seen of the inside: 0 paper, 1 printed black.
func (s *sight) bubble(pr *probes, at px, l pix.Lens, g *grid, black float64, lines *pix.Lines, p *patch) measured {
	s.mem.values = slices.Grow(s.mem.values[:0], len(pr.all))[:len(pr.all)]
	all := s.mem.values
	pix.Samples(s.img, at, l, pr.all, all)
	ring := func(i int) []float64 { return all[i*edgePoints:][:edgePoints] }
	around, far, inside := all[:2*edgePoints], ring(1), all[5*edgePoints:]
	white := localWhite(around, s.white(at))
	s.cover(at, l, pr.inside, inside, lines)
	t := &s.mem.tally
	t.Of(inside, pr.ends, white, 1/(white*(1-black)), shareAt[:])
	*p = patchOf(t, around, white, black)
	m := measured{ink: t.Sum / max(t.N, 1), seen: t.N / float64(len(inside)) * open(far, white)}
	if g.isles != nil {
		m.fit = islandFit(around, inside, white, g.pen.dark)
	} else {
		m.fit = fit(ring(2), ring(3), ring(4), white, g.pen.dark)
	}
	return m
}

// localWhite is the brightness of the paper around a bubble: that of the brighter
// places beside it, unless they are much darker or brighter than paper is in this
// part of the page. Then they are not paper.
func localWhite(beside []float64, around float64) float64 {
	var room [2 * edgePoints]float64
	all := room[:0]
	for _, v := range beside {
		if v != pix.Outside {
			all = append(all, v)
		}
	}
	if len(all) < edgePoints/2 {
		return around
	}
	return min(max(pix.Ranked(all, len(all)*3/4), 0.88*around), 1.08*around)
}

// cover takes away the samples that lie on a line: what is printed or marked below it
// is not known.
func (s *sight) cover(at px, l pix.Lens, steps []mm, vs []float64, lines *pix.Lines) {
	if !lines.Near(s.reduced(at), lineNear) {
		return
	}
	var far px
	for _, d := range steps {
		q := l.Step(d.X, d.Y)
		far = px{X: max(far.X, math.Abs(q.X)), Y: max(far.Y, math.Abs(q.Y))}
	}
	if !lines.Within(s.reduced(at.Sub(far)), s.reduced(at.Add(far))) {
		return
	}
	for i, d := range steps {
		if lines.On(s.reduced(at.Add(l.Step(d.X, d.Y)))) {
			vs[i] = pix.Outside
		}
	}
}

// lineNear is how far from a bubble's middle lines are looked for, in pixels of the
// small picture: more than half of any bubble.
const lineNear = 16

// fit is the share of the outline at which a printed line stands out against the
// paper outside; where the outside is marked too, against the inside.
func fit(on, out, in []float64, white, dark float64) float64 {
	sum, scale := 0.0, 1/(white*0.7*dark)
	for i, v := range on {
		if v != pix.Outside && out[i] != pix.Outside {
			sum += min(max((max(out[i], in[i])-v)*scale, 0), 1)
		}
	}
	return sum / float64(len(on))
}

// open is 1 if there is paper around a bubble, and falls to 0 as all around is dark:
// a fold, a stain, the edge. A scribble that leaves the bubble darkens a part.
func open(far []float64, white float64) float64 {
	dark, n := 0, 0
	for _, v := range far {
		if v == pix.Outside || v < 0.7*white {
			dark++
		}
		n++
	}
	closed := float64(dark) / float64(n)
	return min(max((1-closed)/0.35, 0), 1)
}
