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
	inkStep   = 0.09 // between samples: no coarser than 280 dpi. At 200 dpi porous marks and thin lines are lost between larger ones
	ownReach  = 0.22 // how far a bubble may be from its neighbours' grid, where bubbles stand close
	paperFrom = 0.28 // from the line's outer edge: where the paper around is looked at
	paperTo   = 0.5
)

// blackest bounds printed black as a share of the paper's brightness: toner that a
// copier made grey is still black, and a pencil is not to be darker than solid.
const blackest = 0.6

// probes are the places measured around bubbles of one shape.
type probes struct {
	pix.Probe
	inside []mm       // by the cells of their pattern
	far    mm         // of them: how far they are from the middle at most
	near   [][9]int32 // of each place inside, the places beside it; only where letters may be printed
}

// probes says where to look on this page. It is in memory that serves the next page.
func (s *sight) probes(g *grid, density float64, lettered bool) []probes {
	s.mem.probes = slices.Grow(s.mem.probes[:0], len(g.shapes))[:len(g.shapes)]
	edge := g.pen.mid + g.pen.wide/2
	inner := g.pen.wide/2 - g.pen.mid
	step := min(max(1/density, 0.05), inkStep)
	far := min(paperTo, 2*g.room-0.1)
	for i, sh := range g.shapes {
		pr := &s.mem.probes[i]
		deep := inner + min(max(inkInset, 0.6/density), 0.3*(min(sh.w, sh.h)/2-inner))
		rings := s.mem.steps[:0]
		for _, off := range [5]float64{edge + min(paperFrom, far), edge + far, g.pen.mid, edge + beside, -inner - beside} {
			rings = sh.ring(rings, off)
		}
		var ends [cells]int32
		pr.inside, ends = byCell(sh, sh.inside(deep, step))
		pr.Set(rings, pr.inside, ends)
		pr.far = mm{X: sh.w / 2, Y: sh.h / 2}
		if s.mem.steps = rings; lettered {
			pr.near = touching(pr.inside, step)
		}
	}
	return s.mem.probes
}

// measure looks at every bubble. black is printed black as a share of the paper's
// brightness; lines are the streaks of the page.
func (s *sight) measure(p *Pose, g *grid, pg *sheets.Page, black float64, lines *pix.Lines) []judge.Evidence {
	black = min(max(black, 0), blackest)
	dx, dy := density(p.lens(g.spots[0].at))
	kinds := letters(pg, len(g.spots))
	lettered := slices.ContainsFunc(kinds, func(k string) bool { return k != "" })
	all := s.probes(g, math.Sqrt(dx*dy), lettered)
	out := make([]judge.Evidence, len(g.spots))
	s.mem.patches = slices.Grow(s.mem.patches[:0], len(g.spots))[:len(g.spots)]
	s.keep(g, all, lettered)
	for i := range g.spots {
		sp := &g.spots[i]
		at, l := p.seen(sp.at)
		if g.isles == nil {
			at = s.found(at, l, g, i)
		}
		pr := &all[sp.shape.index]
		m := s.bubble(pr, at, l, g, black, lines, &s.mem.patches[i])
		if lettered {
			copy(s.mem.places[s.mem.starts[i]:], pr.Darks())
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
func (s *sight) keep(g *grid, all []probes, lettered bool) {
	if !lettered {
		return
	}
	n := int32(0)
	s.mem.starts = s.mem.starts[:0]
	for _, sp := range g.spots {
		s.mem.starts = append(s.mem.starts, n)
		n += int32(len(all[sp.shape.index].inside))
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
	look := &s.mem.look
	pr.See(s.img, at, l, pix.Sheet{White: s.white(at), Black: black, Line: g.pen.dark}, s.hidden(at, l, pr, lines), look)
	p.of(look)
	m := measured{ink: look.Mean, fit: look.Line, seen: look.Seen * open(look.Open)}
	if g.isles != nil {
		m.fit = look.Paper * min(look.Mean*(1-black)/(surely*g.pen.dark), 1) // the share of the strait that is open, if there is ink inside
	}
	return m
}

// hidden says which places inside a bubble lie on a line: what is printed or marked below it
// is not known. It is nil where no line is near.
func (s *sight) hidden(at px, l pix.Lens, pr *probes, lines *pix.Lines) []uint8 {
	far := px{X: math.Abs(l.XX)*pr.far.X + math.Abs(l.XY)*pr.far.Y, Y: math.Abs(l.YX)*pr.far.X + math.Abs(l.YY)*pr.far.Y}
	if !lines.Within(s.reduced(at.Sub(far)), s.reduced(at.Add(far))) {
		return nil
	}
	s.mem.hidden = slices.Grow(s.mem.hidden[:0], len(pr.inside))[:len(pr.inside)]
	for i, d := range pr.inside {
		s.mem.hidden[i] = 0
		if lines.On(s.reduced(at.Add(l.Step(d.X, d.Y)))) {
			s.mem.hidden[i] = 1
		}
	}
	return s.mem.hidden
}

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

// open is 1 if there is paper around a bubble, of which the share around is not dark, and falls
// to 0 as all around is: a fold, a stain, the edge. A scribble that leaves the bubble darkens a part.
func open(around float64) float64 { return min(around/0.35, 1) }
