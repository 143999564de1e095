package omr

import (
	"cmp"
	"math"
	"slices"

	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// known is what follows from a design alone. It is worked out once for many pages, for a
// design does not change.
type known struct {
	design *sheets.Design
	digest sheets.Digest // a hash of all of it
	plans  []*plan       // of its pages, as they are asked for
}

// know is what follows from d.
func (m *memory) know(d *sheets.Design) *known {
	if m.known.design != d {
		m.known = known{d, d.Digest(), make([]*plan, len(d.Pages))}
	}
	return &m.known
}

// plan is the plan of a page of the design, counted from 0.
func (k *known) plan(page int) *plan {
	if k.plans[page] == nil {
		k.plans[page] = newPlan(&k.design.Pages[page])
	}
	return k.plans[page]
}

// A plan is all bubbles of a page of a design.
type plan struct {
	spots  []spot
	shapes []*shape
	room   float64               // mm, half of the least gap between two bubbles: the room to search
	box    geom.Rect[geom.Paper] // around their middles
}

// A spot is one bubble of a design on the page that is read.
type spot struct {
	field  int
	choice sheets.Choice
	at     mm // its centre on paper
	shape  *shape
}

// newPlan lists the bubbles of pg.
func newPlan(pg *sheets.Page) *plan {
	n := 0
	for _, f := range pg.Fields {
		n += len(f.Bubbles)
	}
	p := &plan{spots: make([]spot, 0, n)}
	shapes := map[[3]int]*shape{}
	for fi, f := range pg.Fields {
		for _, b := range f.Bubbles {
			key := [3]int{int(f.Outline), int(math.Round(b.Box.W() * 100)), int(math.Round(b.Box.H() * 100))}
			if shapes[key] == nil {
				shapes[key] = newShape(f.Outline, b.Box.W(), b.Box.H())
				shapes[key].index = len(p.shapes)
				p.shapes = append(p.shapes, shapes[key])
			}
			at := b.Box.Center()
			if len(p.spots) == 0 {
				p.box = geom.Rect[geom.Paper]{Min: at, Max: at}
			}
			p.box = p.box.Union(geom.Rect[geom.Paper]{Min: at, Max: at})
			p.spots = append(p.spots, spot{fi, b.Choice, at, shapes[key]})
		}
	}
	p.room = p.gap() / 2
	return p
}

// mostRoom bounds the search where bubbles stand far apart: paper that is off by
// more was not registered.
const mostRoom = 1.2

// gap is the least distance between the boxes of two bubbles in mm.
func (p *plan) gap() float64 {
	least := 2 * mostRoom
	order := slices.Clone(p.spots)
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

// sample picks at most n bubbles spread over the page, in steps that are not even: where
// each bubble has as many neighbours as a step is long, all would be of one choice.
func (p *plan) sample(n int) []int {
	n = min(n, len(p.spots))
	out := make([]int, n)
	step := float64(len(p.spots)) / float64(n)
	for k := range out {
		_, part := math.Modf(float64(k) * math.Phi)
		out[k] = int((float64(k) + part) * step)
	}
	return out
}
