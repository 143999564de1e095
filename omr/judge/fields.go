package judge

import "bargkhan/sheets"

// Fields judges every field of a page, in the design's order. It sees the whole
// page because one pencil and one scanner made it: Ink is compared with the blank
// bubbles of the same page. It is a pure function. ev is in the design's order; it
// panics if ev does not hold one Evidence for each bubble of pg.
func Fields(pg sheets.Page, ev []Evidence, p Policy) []Verdict {
	n := 0
	for _, f := range pg.Fields {
		n += len(f.Bubbles)
	}
	if n != len(ev) {
		panic("judge: the evidence is of another page")
	}
	s := newScale(pg, ev, p)
	out := make([]Verdict, 0, len(pg.Fields))
	i := 0
	for _, f := range pg.Fields {
		v := verdict{Verdict: Verdict{Field: f.ID}, p: p, s: s}
		v.judge(f, i, ev[i:i+len(f.Bubbles)])
		out = append(out, v.Verdict)
		i += len(f.Bubbles)
	}
	return out
}

// A verdict in the making.
type verdict struct {
	Verdict
	p Policy
	s *scale
}

func (v *verdict) doubt(why Reason, c sheets.Choice, margin float64) {
	v.Doubts = append(v.Doubts, Doubt{Reason: why, Choice: c, Margin: max(margin, 0)})
}

// judge weighs the bubbles of f; the first of them is bubble first of the page.
func (v *verdict) judge(f sheets.Field, first int, ev []Evidence) {
	above := make([]float64, len(ev))
	for i, e := range ev {
		above[i] = v.s.above(first+i, e.Ink)
		if e.Fit < v.p.Fit {
			v.doubt(Lost, e.Choice, v.p.Fit-e.Fit)
		}
		if e.Seen < v.p.Seen {
			v.doubt(Hidden, e.Choice, v.p.Seen-e.Seen)
		}
		if above[i] >= v.s.marked {
			v.Choices = append(v.Choices, e.Choice)
		}
	}
	if f.Rule == sheets.AnyNumber {
		v.each(ev, above)
		if v.s.dim && len(v.Doubts) == 0 {
			v.doubt(Hidden, "", v.s.marked)
		}
		return
	}
	switch len(v.Choices) {
	case 0:
		v.none(f.Rule, ev, above)
	case 1:
		v.one(ev, above)
	default:
		v.doubt(Several, "", second(above)-v.s.marked)
	}
}

// each doubts every faint mark by itself: any number of them is right.
func (v *verdict) each(ev []Evidence, above []float64) {
	for i, a := range above {
		if a > v.s.blank && a < v.s.marked {
			v.doubt(Faint, ev[i].Choice, min(a-v.s.blank, v.s.marked-a))
		}
	}
}

// none is a field without a sure mark.
func (v *verdict) none(rule sheets.Rule, ev []Evidence, above []float64) {
	v.each(ev, above)
	if v.s.dim && len(v.Doubts) == 0 {
		v.doubt(Hidden, "", v.s.marked)
	}
	if rule == sheets.ExactlyOne {
		v.doubt(Missing, "", v.s.marked-largest(above))
	}
}

// one is a field with one sure mark: anything else in it must be blank, or a ghost far
// behind a mark as dark as this page's are. In a scan that loses pale marks nothing is
// known to be a ghost, and beside a mark that is not solid another one may be lost.
func (v *verdict) one(ev []Evidence, above []float64) {
	top := largest(above)
	ghosts := top >= v.s.strong() && !v.s.dim
	if v.s.dim && top < solidMark {
		v.doubt(Hidden, "", top-v.s.marked)
	}
	for i, a := range above {
		if a <= v.s.blank || a >= v.s.marked {
			continue
		}
		if lead := (top - a) / top; lead < v.p.Lead || !ghosts {
			v.doubt(Close, ev[i].Choice, max(v.p.Lead-lead, 0))
		}
	}
}

func largest(vs []float64) float64 {
	top := 0.0
	for _, v := range vs {
		top = max(top, v)
	}
	return top
}

// second is the second largest of vs.
func second(vs []float64) float64 {
	a, b := 0.0, 0.0
	for _, v := range vs {
		a, b = max(a, v), max(b, min(a, v))
	}
	return b
}
