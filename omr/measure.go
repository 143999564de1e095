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
		if s.mem.steps = rings; lettered {
			pr.near = touching(pr.inside, step)
		}
	}
	return s.mem.probes
}

// place says where each bubble is on a settled grid, and how paper is seen there.
func (s *sight) place(p *Pose, g *grid) {
	n := len(g.spots)
	s.mem.places = slices.Grow(s.mem.places[:0], n)[:n]
	for i := range g.spots {
		at, l := p.seen(g.spots[i].at)
		if g.isles == nil {
			at = s.found(at, l, g, i)
		}
		where := &s.mem.places[i] // a whole Place would be made elsewhere and copied, and so of all evidence: 40 µs a page
		where.At, where.Lens, where.White = at, l, s.white(at)
	}
}

// measure looks at every bubble at its place. black is printed black as a share of the paper's
// brightness; lines are the streaks of the page.
func (s *sight) measure(p *Pose, g *grid, pg *sheets.Page, black float64, lines *pix.Lines) []judge.Evidence {
	black = min(max(black, 0), blackest)
	dx, dy := density(p.lens(g.spots[0].at))
	kinds := letters(pg, len(g.spots))
	lettered := slices.ContainsFunc(kinds, func(k string) bool { return k != "" })
	all := s.probes(g, math.Sqrt(dx*dy), lettered)
	n := len(g.spots)
	s.see(g, all, pix.Print{Black: black, Line: g.pen.dark}, lines, lettered)
	out := make([]judge.Evidence, n)
	for i := range g.spots {
		sp, look := &g.spots[i], &s.mem.looks[i]
		fit := look.Line
		if g.isles != nil {
			fit = look.Paper * min(look.Mean()*(1-black)/(surely*g.pen.dark), 1) // the share of the strait that is open, if there is ink inside
		}
		e := &out[i]
		e.Field, e.Choice = pg.Fields[sp.field].ID, sp.choice
		e.Ink, e.Fit, e.Seen = round(look.Mean()), round(fit), round(look.Seen*open(look.Open))
	}
	if lettered {
		s.unletter(kinds, g, all, math.Sqrt(dx*dy), out)
	}
	recognise(kinds, out, s.mem.looks)
	if unmarked(kinds, out, s.mem.looks) {
		dim(out, unknownSeen)
	}
	return out
}

// see looks at every bubble, as many of one shape at once as lie under no line.
func (s *sight) see(g *grid, all []probes, print pix.Print, lines *pix.Lines, lettered bool) {
	n := len(g.spots)
	s.mem.looks = slices.Grow(s.mem.looks[:0], n)[:n]
	s.keep(g, all, lettered)
	places := s.mem.places
	for i, j := 0, 0; i < n; i = j {
		shape := g.spots[i].shape
		pr := &all[shape.index]
		hidden := s.hidden(&places[i], shape, pr, lines)
		for j = i + 1; hidden == nil && j < n && g.spots[j].shape == shape && !lines.Within(s.box(&places[j], shape)); {
			j++
		}
		var darks []uint8
		if lettered {
			darks = s.mem.inside[s.mem.starts[i]:]
		}
		pr.See(s.img, places[i:j], print, hidden, darks, s.mem.looks[i:j])
	}
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
	s.mem.inside = slices.Grow(s.mem.inside[:0], int(n))[:n]
}

// round keeps four digits: more are noise, and make readings long.
func round(v float64) float64 {
	if v == 0 { // as most are that the second reader says
		return v
	}
	return math.Round(v*1e4) / 1e4
}

// box is the box of a bubble, in pixels of the reduced copy.
func (s *sight) box(at *pix.Place, sh *shape) (min, max px) {
	l := &at.Lens
	far := px{X: math.Abs(l.XX)*sh.w/2 + math.Abs(l.XY)*sh.h/2, Y: math.Abs(l.YX)*sh.w/2 + math.Abs(l.YY)*sh.h/2}
	return s.reduced(at.At.Sub(far)), s.reduced(at.At.Add(far))
}

// hidden says which places inside a bubble lie on a line: what is printed or marked below it
// is not known. It is nil where no line is near.
func (s *sight) hidden(at *pix.Place, sh *shape, pr *probes, lines *pix.Lines) []uint8 {
	if !lines.Within(s.box(at, sh)) {
		return nil
	}
	s.mem.hidden = slices.Grow(s.mem.hidden[:0], len(pr.inside))[:len(pr.inside)]
	for i, d := range pr.inside {
		s.mem.hidden[i] = 0
		if lines.On(s.reduced(at.At.Add(at.Lens.Step(d.X, d.Y)))) {
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
