package judge

import (
	"math"
	"slices"

	"bargkhan/sheets"
)

// Fields judges every field of a page, in the design's order. It sees the whole
// page because one pencil and one scanner made it: Ink is compared with the blank
// bubbles of the same page. strip is what the page's reference patches measured, as
// omr.Reading.Swatches has it, or nothing. It is a pure function. ev is in the design's
// order; it panics if ev does not hold one Evidence for each bubble of pg.
func Fields(pg sheets.Page, ev []Evidence, p Policy, strip ...float64) []Verdict {
	n := 0
	for _, f := range pg.Fields {
		n += len(f.Bubbles)
	}
	if n != len(ev) {
		panic("judge: the evidence is of another page")
	}
	by := newStrip(pg, strip)
	ev = by.straight(ev)
	s := newScale(pg, ev, p, by)
	out := make([]Verdict, len(pg.Fields))
	v := verdict{p: p, s: s, strong: s.strong(), marks: make([]sheets.Choice, 0, len(pg.Fields))}
	i := 0
	for k := range pg.Fields {
		f := &pg.Fields[k]
		v.Verdict = &out[k]
		v.Field = f.ID
		v.judge(f, ev[i:i+len(f.Bubbles)])
		i += len(f.Bubbles)
	}
	return out
}

// A verdict in the making, one after the other.
type verdict struct {
	*Verdict
	p      Policy
	s      *scale
	strong float64         // of s
	above  []float64       // of the bubbles of the field: memory for all
	marks  []sheets.Choice // of all fields so far: their Choices are parts of it
}

func (v *verdict) doubt(why Reason, c sheets.Choice, margin float64) {
	v.Doubts = append(v.Doubts, Doubt{Reason: why, Choice: c, Margin: max(margin, 0)})
}

// judge weighs the bubbles of f.
func (v *verdict) judge(f *sheets.Field, ev []Evidence) {
	v.above = slices.Grow(v.above[:0], len(ev))[:len(ev)]
	above, before := v.above, len(v.marks)
	for i, e := range ev {
		above[i] = v.s.above(e.Ink)
		if e.Fit < v.p.Fit {
			v.doubt(Lost, e.Choice, v.p.Fit-e.Fit)
		}
		if e.Seen < v.p.Seen {
			v.doubt(Hidden, e.Choice, v.p.Seen-e.Seen)
		}
		v.pattern(e, above[i])
		if v.marked(e, above[i]) {
			v.marks = append(v.marks, e.Choice)
		}
	}
	if n := len(v.marks); n > before {
		v.Choices = v.marks[before:n:n]
	}
	v.count(f.Rule, ev, above)
	if len(v.Doubts) == 0 {
		v.Wrong = v.p.wrong(v.margin(ev, above))
	}
}

// marked says whether a bubble is surely marked.
func (v *verdict) marked(e Evidence, above float64) bool {
	if above >= v.s.marked {
		return !v.s.wary || e.Mark == 0 || e.Full >= v.p.Filled
	}
	return above >= v.s.filled && e.Full >= v.p.Filled
}

// count asks whether the field's sure marks are as many as its rule allows, and all
// else in it surely none.
func (v *verdict) count(rule sheets.Rule, ev []Evidence, above []float64) {
	switch {
	case rule == sheets.AnyNumber:
		v.each(ev, above)
		if (v.s.dim || v.s.bare && len(v.Choices) == 0) && len(v.Doubts) == 0 {
			v.doubt(Hidden, "", v.s.marked)
		}
	case len(v.Choices) == 0:
		v.none(rule, ev, above)
	case len(v.Choices) == 1:
		v.one(ev, above)
	default:
		v.doubt(Several, "", second(above)-v.s.marked)
	}
}

// likely is the probability from which a mark is taken for a tick or a cross: more than
// for all else together.
const likely = 0.5

// shape is what a bubble that is not blank looks like, if it is a tick or a cross.
func (v *verdict) shape(e Evidence, above float64) (Reason, bool) {
	switch {
	case above <= v.s.blank || max(e.Tick, e.Cross) < likely:
		return 0, false
	case e.Tick > e.Cross:
		return Tick, true
	}
	return Cross, true
}

// pattern hears the second reader: on ticks and crosses, which the office has a rule
// for, and where it contradicts what the ink says.
func (v *verdict) pattern(e Evidence, above float64) {
	if why, ok := v.shape(e, above); ok {
		v.doubt(why, e.Choice, max(e.Tick, e.Cross)-likely)
	}
	if against, known := v.against(e, above); known && v.p.Divided > 0 && against >= v.p.Divided {
		v.doubt(Divided, e.Choice, against-v.p.Divided)
	}
}

// against is how surely the second reader says the contrary of what the ink does. It is
// not known where one of both says nothing.
func (v *verdict) against(e Evidence, above float64) (float64, bool) {
	switch {
	case e.Mark == 0:
		return 0, false
	case v.marked(e, above):
		return 1 - e.Mark, true
	case above <= v.s.blank:
		return e.Mark, true
	}
	return 0, false
}

// each doubts every faint mark by itself: any number of them is right. A tick has its
// own doubt.
func (v *verdict) each(ev []Evidence, above []float64) {
	for i, a := range above {
		if a <= v.s.blank || v.marked(ev[i], a) {
			continue
		}
		if _, ok := v.shape(ev[i], a); !ok {
			v.doubt(Faint, ev[i].Choice, min(a-v.s.blank, v.s.marked-a))
		}
	}
}

// none is a field without a sure mark.
func (v *verdict) none(rule sheets.Rule, ev []Evidence, above []float64) {
	v.each(ev, above)
	if (v.s.dim || v.s.bare) && len(v.Doubts) == 0 {
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
	ghosts := top >= v.strong && !v.s.dim && v.fills(ev)
	if v.s.dim && top < solidMark && !v.alone(top, above) {
		v.doubt(Hidden, "", top-v.s.marked)
	}
	for i, a := range above {
		if a <= v.s.blank || v.marked(ev[i], a) {
			continue
		}
		if lead := (top - a) / top; lead < v.p.Lead || !ghosts {
			v.doubt(Close, ev[i].Choice, max(v.p.Lead-lead, 0))
		}
	}
}

// fills says whether the second reader takes the darkest bubble for a filled one, if it says
// anything: what is dark otherwise, among bubbles that are not blank, is dirt over all of them.
func (v *verdict) fills(ev []Evidence) bool {
	top := 0
	for i := range ev {
		if ev[i].Ink > ev[top].Ink {
			top = i
		}
	}
	return ev[top].Mark == 0 || ev[top].Full >= likely
}

// alone says, of a scan that loses pale marks, whether a mark that it made porous is still
// the only one: it is as dark as this page's are, the scan shows dark grey as black, and
// in no other bubble a single grain is left, as there would be of a mark like this one.
func (v *verdict) alone(top float64, above []float64) bool {
	const silent = 0.005 // ink: a speck of the scanner's
	return v.s.strip.dark && top >= v.strong && second(above) <= silent
}

// margin is by which share every threshold of the policy could be stricter before the
// field would be doubted, 1 at most: the least of what its bubbles leave.
func (v *verdict) margin(ev []Evidence, above []float64) float64 {
	least, top := 1.0, largest(above)
	for i, e := range ev {
		least = min(least, e.Fit/v.p.Fit-1, 1-(1-e.Seen)/(1-v.p.Seen))
		switch a := above[i]; {
		case v.marked(e, a):
			least = min(least, v.sureness(e, a))
		case a <= v.s.blank:
			least = min(least, 1-a/v.s.blank)
		default:
			least = min(least, (top-a)/top/v.p.Lead-1)
		}
		if against, known := v.against(e, above[i]); known && v.p.Divided > 0 {
			least = min(least, (1-against)/(1-v.p.Divided)-1)
		}
	}
	return math.Max(least, 0)
}

// sureness is by which share the thresholds could be stricter before a marked bubble were
// doubted.
func (v *verdict) sureness(e Evidence, above float64) float64 {
	dark := above/v.s.marked - 1
	if e.Full < v.p.Filled || v.p.Filled == 0 {
		return dark
	}
	return max(dark, min(above/v.s.filled-1, 1-(1-e.Full)/(1-v.p.Filled)))
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
