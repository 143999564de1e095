package omrtest

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"slices"

	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// A Hand is how a person marks bubbles.
type Hand uint8

// The hands. The comment says what a reader may make of them.
const (
	Pencil   Hand = iota // HB, filled to the outline, a little more or less: sure
	PenBlack             // sure
	PenBlue              // sure
	PenRed               // sure
	PenGreen             // sure
	Pale                 // hard pencil, hardly pressed: may be doubted
	Tick                 // ✓: may be doubted
	Cross                // ✗: may be doubted
	Half                 // half of the bubble: may be doubted
	Dot                  // a dot of 1 mm: may be doubted
	Hairline             // one dark line of 1 mm: may be doubted, not lost
	Scribble             // filled far beyond the outline: may be doubted
	Shifted              // half a row too low: may be doubted
	Erased               // another bubble filled, rubbed out with a ghost left, then this one filled: may be doubted
	Rubbed               // filled and rubbed out: says blank, may be doubted
	Two                  // this one and another: must be doubted where one is allowed
	hands
)

var handNames = [hands]string{
	"pencil", "pen-black", "pen-blue", "pen-red", "pen-green", "pale", "tick", "cross", "half", "dot", "hairline", "scribble",
	"shifted", "erased", "rubbed", "two",
}

// String is the stable name of h.
func (h Hand) String() string {
	if h < hands {
		return handNames[h]
	}
	return fmt.Sprintf("hand %d", uint8(h))
}

// MarshalText writes the name of h.
func (h Hand) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads the name of a hand.
func (h *Hand) UnmarshalText(b []byte) error {
	i := slices.Index(handNames[:], string(b))
	if i < 0 {
		return fmt.Errorf("no hand is called %q", b)
	}
	*h = Hand(i)
	return nil
}

// Hands lists all hands.
func Hands() []Hand {
	hs := make([]Hand, hands)
	for i := range hs {
		hs[i] = Hand(i)
	}
	return hs
}

// A writer is what a hand writes with.
type writer struct {
	width    float64 // of a stroke, mm
	pitch    float64 // between strokes when filling, mm
	strength float64 // of one stroke, 0 … 1
	tone     float64 // of solid ink, 0 black … 1 white, as a grey scanner sees it
	grain    float64 // how much the paper shows through
}

// The tones are those of scans: HB pencil is dark grey and grainy, the pens are
// even; blue ink is dark to a grey scanner, green and red lighter.
func (h Hand) writer(rng *rand.Rand) writer {
	vary := func(v, share float64) float64 { return v * (1 + share*(2*rng.Float64()-1)) }
	switch h {
	case PenBlack:
		return writer{0.55, 0.42, 0.95, vary(0.12, 0.3), 0.08}
	case PenBlue:
		return writer{0.5, 0.42, 0.92, vary(0.30, 0.2), 0.10}
	case PenRed:
		return writer{0.5, 0.42, 0.92, vary(0.40, 0.2), 0.10}
	case PenGreen:
		return writer{0.5, 0.42, 0.92, vary(0.36, 0.2), 0.10}
	case Pale:
		return writer{0.55, vary(0.5, 0.15), vary(0.24, 0.25), 0.35, 0.75}
	}
	return writer{vary(0.55, 0.15), vary(0.36, 0.15), vary(0.72, 0.1), vary(0.26, 0.2), 0.4}
}

// Fill marks the answers on img, the raster of pg at dpi, as hand does, and says
// what then stands there, in the order of pg's fields. Fields without an answer
// are left alone, so that several hands can fill one page. It panics if an answer
// names a choice that its field does not have: such a test says nothing.
func Fill(img *image.Gray, dpi DPI, pg sheets.Page, answers map[sheets.FieldID][]sheets.Choice, hand Hand, rng *rand.Rand) []Mark {
	var marks []Mark
	for _, f := range pg.Fields {
		if choices := answers[f.ID]; len(choices) > 0 {
			p := pen{img, dpi, hand.writer(rng), rng}
			marks = append(marks, p.field(f, choices, hand))
		}
	}
	return marks
}

// Rule draws a line along a ruler from one place on the paper to another, in mm, with what
// hand writes with.
func Rule(img *image.Gray, dpi DPI, from, to geom.Point[geom.Paper], hand Hand, rng *rand.Rand) {
	p := pen{img, dpi, hand.writer(rng), rng}
	a, b := vec{from.X, from.Y}, vec{to.X, to.Y}
	l := newLayer(img, dpi, vec{min(a.x, b.x) - 1, min(a.y, b.y) - 1}, vec{max(a.x, b.x) + 1, max(a.y, b.y) + 1})
	l.stroke(a, b, p.width, p.strength)
	l.lay(img, p.tone, p.grain, rng)
}

// A pen marks one field.
type pen struct {
	img *image.Gray
	dpi DPI
	writer
	rng *rand.Rand
}

func (p pen) field(f sheets.Field, choices []sheets.Choice, hand Hand) Mark {
	m := Mark{Field: f.ID, Hand: hand}
	marked := make([]bool, len(f.Bubbles))
	for _, c := range choices {
		i := slices.IndexFunc(f.Bubbles, func(b sheets.Bubble) bool { return b.Choice == c })
		if i < 0 {
			panic(fmt.Sprintf("omrtest: field %s has no choice %q", f.ID, c))
		}
		marked[i] = true
	}
	other := p.other(marked)
	if hand == Erased && other >= 0 {
		p.ghost(f, f.Bubbles[other].Box)
	}
	if hand == Two && other >= 0 {
		marked[other] = true
	}
	for i, b := range f.Bubbles {
		if !marked[i] {
			continue
		}
		if hand == Rubbed {
			p.ghost(f, b.Box)
			continue
		}
		p.mark(f, b.Box, hand)
		m.Choices = append(m.Choices, b.Choice)
	}
	if hand >= Pale {
		m.Doubt = May
	}
	if len(m.Choices) > 1 && f.Rule != sheets.AnyNumber {
		m.Doubt = Must
	}
	return m
}

// other is the index of a bubble that is not marked, by chance, or −1.
func (p pen) other(marked []bool) int {
	var free []int
	for i, m := range marked {
		if !m {
			free = append(free, i)
		}
	}
	if len(free) == 0 {
		return -1
	}
	return free[p.rng.IntN(len(free))]
}

// within returns a number from −v to v.
func (p pen) within(v float64) float64 { return v * (2*p.rng.Float64() - 1) }

// A figure is the part of the paper that a person means to fill, around a centre.
type figure struct {
	at     vec
	rx, ry float64
	round  sheets.Outline
	cut    func(vec) bool // if not nil, what to leave out; from the centre
}

// has says whether q, from the centre, lies inside.
func (g figure) has(q vec) bool {
	if g.cut != nil && g.cut(q) {
		return false
	}
	x, y := math.Abs(q.x), math.Abs(q.y)
	switch g.round {
	case sheets.Rectangle:
		return x <= g.rx && y <= g.ry
	case sheets.Stadium:
		r := min(g.rx, g.ry)
		return math.Hypot(max(0, x-(g.rx-r)), max(0, y-(g.ry-r))) <= r
	}
	return x*x/(g.rx*g.rx)+y*y/(g.ry*g.ry) <= 1
}

// aim is the figure that a person sees at box, and misses a little.
func (p pen) aim(f sheets.Field, box geom.Rect[geom.Paper]) figure {
	c := box.Center()
	k := 0.93 + 0.12*p.rng.Float64()
	return figure{
		at: vec{c.X + p.within(0.15), c.Y + p.within(0.15)},
		rx: box.W() / 2 * k, ry: box.H() / 2 * k, round: f.Outline,
	}
}

// sheet is a layer around a figure.
func (p pen) sheet(g figure, room float64) *layer {
	d := vec{g.rx + room, g.ry + room}
	return newLayer(p.img, p.dpi, g.at.add(d.mul(-1)), g.at.add(d))
}

func (p pen) mark(f sheets.Field, box geom.Rect[geom.Paper], hand Hand) {
	g := p.aim(f, box)
	l := p.sheet(g, 5)
	switch hand {
	case Tick:
		a, b, c := vec{-0.7 * g.rx, -0.1 * g.ry}, vec{-0.15 * g.rx, 0.8 * g.ry}, vec{g.rx, -1.3 * g.ry}
		p.line(l, []vec{g.at.add(a), g.at.add(b), g.at.add(c)})
	case Cross:
		x, y := 0.8*g.rx, 0.9*g.ry
		p.line(l, []vec{g.at.add(vec{-x, -y}), g.at.add(vec{x, y})})
		p.line(l, []vec{g.at.add(vec{x, -y}), g.at.add(vec{-x, y})})
	case Half:
		side := float64(2*p.rng.IntN(2) - 1)
		g.cut = func(q vec) bool { return q.x*side < p.within(0.1) }
		p.hatch(l, g)
	case Dot:
		g.rx, g.ry, g.round = 0.5, 0.5, sheets.Ellipse
		p.hatch(l, g)
	case Hairline:
		way := vec{0.5, 0}.turn(p.within(math.Pi))
		l.stroke(g.at.add(way.mul(-1)), g.at.add(way), 0.35, 0.95)
	case Scribble:
		g.rx, g.ry = g.rx+0.6+0.5*p.rng.Float64(), g.ry+0.3+0.3*p.rng.Float64()
		p.hatch(l, g)
		p.hatch(l, g)
	case Shifted:
		g.at.y += box.H() * 0.6
		p.hatch(l, g)
	default:
		p.hatch(l, g)
	}
	l.lay(p.img, p.tone, p.grain, p.rng)
}

// line draws a line of a tick or cross, with a slight tremble.
func (p pen) line(l *layer, ps []vec) {
	for i := range ps {
		ps[i] = ps[i].add(vec{p.within(0.15), p.within(0.15)})
	}
	l.path(ps, p.width*0.9, 0.95)
}

// hatch fills g by going to and fro, as people do.
func (p pen) hatch(l *layer, g figure) {
	angle := -0.6 + p.within(0.5) // most people pull towards themselves
	reach := math.Hypot(g.rx, g.ry)
	var ps []vec
	for t, to := -reach, true; t <= reach; t, to = t+p.pitch*(1+p.within(0.2)), !to {
		a, b, ok := chord(g, angle, t, reach)
		if !ok {
			continue
		}
		a, b = a+p.within(0.12), b+p.within(0.12)
		if !to {
			a, b = b, a
		}
		for _, u := range []float64{a, b} {
			ps = append(ps, g.at.add(vec{u, t + p.within(0.05)}.turn(angle)))
		}
	}
	l.path(ps, p.width, p.strength)
}

// chord is where the line at distance t from the centre, in the direction angle,
// enters and leaves g, from −reach to reach.
func chord(g figure, angle, t, reach float64) (a, b float64, ok bool) {
	const step = 0.08 // mm, finer than any pencil
	for u := -reach; u <= reach; u += step {
		if g.has(vec{u, t}.turn(angle)) {
			if !ok {
				a, ok = u, true
			}
			b = u
		}
	}
	return a, b, ok
}

// ghost is what a rubber leaves of a filled bubble: the furrows of the strokes,
// and a smear.
func (p pen) ghost(f sheets.Field, box geom.Rect[geom.Paper]) {
	g := p.aim(f, box)
	l := p.sheet(g, 3)
	old := p
	old.strength = 0.10 + 0.12*p.rng.Float64()
	old.hatch(l, g)
	smear := g
	smear.rx, smear.ry = g.rx+0.5, g.ry+0.3
	old.width, old.pitch, old.strength = 1.4, 0.9, 0.05
	old.hatch(l, smear)
	l.lay(p.img, p.tone, 0.4, p.rng)
}
