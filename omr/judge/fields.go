package judge

import (
	"math"

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
	by := newStrip(&pg, strip)
	ev = by.straight(ev)
	s, above := newScale(&pg, ev, &p, by)
	out := make([]Verdict, len(pg.Fields))
	v := verdict{p: &p, s: s, strong: s.strong(), marks: make([]sheets.Choice, 0, len(pg.Fields))}
	for k := range pg.Fields {
		f := &pg.Fields[k]
		n := len(f.Bubbles)
		v.Verdict = &out[k]
		v.Field = f.ID
		v.judge(f, ev[:n], above[:n])
		ev, above = ev[n:], above[n:]
	}
	return out
}

// A verdict in the making, one after the other.
type verdict struct {
	*Verdict
	p      *Policy
	s      *scale
	strong float64         // of s
	marks  []sheets.Choice // of all fields so far: their Choices are parts of it
	near   nearest         // of the field
}

// nearest are the bubbles of a field that are nearest to a threshold, each by what is held
// against it.
type nearest struct {
	fit, seen float64 // the least
	blank     float64 // the most ink of what is blank
	grey      float64 // of what is neither blank nor marked; 0 if nothing is
	sure      float64 // the least sureness of what is marked
	contrary  float64 // what the second reader says most surely against the ink; below 0 if nothing
}

func (v *verdict) doubt(why Reason, c sheets.Choice, margin float64) {
	v.Doubts = append(v.Doubts, Doubt{Reason: why, Choice: c, Margin: max(margin, 0)})
}

// judge weighs the bubbles of f, whose ink above the blank level is above.
func (v *verdict) judge(f *sheets.Field, ev []Evidence, above []float64) {
	before := len(v.marks)
	v.near = nearest{fit: math.Inf(1), seen: math.Inf(1), sure: math.Inf(1), contrary: -1}
	for i := range ev {
		v.bubble(&ev[i], above[i])
	}
	if n := len(v.marks); n > before {
		v.Choices = v.marks[before:n:n]
	}
	top, next := firstTwo(above)
	v.count(f.Rule, ev, above, top, next)
	if len(v.Doubts) == 0 {
		v.Wrong = v.p.wrong(v.margin(top))
	}
}

// bubble doubts what is wrong with one bubble whatever the others are, and notes what it is.
func (v *verdict) bubble(e *Evidence, above float64) {
	if e.Fit < v.p.Fit {
		v.doubt(Lost, e.Choice, v.p.Fit-e.Fit)
	}
	if e.Seen < v.p.Seen {
		v.doubt(Hidden, e.Choice, v.p.Seen-e.Seen)
	}
	near := &v.near
	near.fit, near.seen = lesser(near.fit, e.Fit), lesser(near.seen, e.Seen)
	marked := v.marked(e, above)
	v.pattern(e, above, marked)
	switch {
	case marked:
		v.marks = append(v.marks, e.Choice)
		near.sure = lesser(near.sure, v.sureness(e, above))
	case above <= v.s.blank:
		near.blank = greater(near.blank, above)
	default:
		near.grey = greater(near.grey, above)
	}
}

// marked says whether a bubble is surely marked.
func (v *verdict) marked(e *Evidence, above float64) bool {
	if above >= v.s.marked {
		return !v.s.wary || e.Mark == 0 || e.Full >= v.p.Filled
	}
	return above >= v.s.filled && e.Full >= v.p.Filled
}

// count asks whether the field's sure marks are as many as its rule allows, and all
// else in it surely none. top and next are the darkest two.
func (v *verdict) count(rule sheets.Rule, ev []Evidence, above []float64, top, next float64) {
	switch {
	case rule == sheets.AnyNumber:
		v.each(ev, above)
		if (v.s.dim || v.s.bare && len(v.Choices) == 0) && len(v.Doubts) == 0 {
			v.doubt(Hidden, "", v.s.marked)
		}
	case len(v.Choices) == 0:
		v.none(rule, ev, above, top)
	case len(v.Choices) == 1:
		v.one(ev, above, top, next)
	default:
		v.doubt(Several, "", next-v.s.marked)
	}
}

// likely is the probability from which a mark is taken for a tick or a cross: more than
// for all else together.
const likely = 0.5

// shape is what a bubble that is not blank looks like, if it is a tick or a cross.
func (v *verdict) shape(e *Evidence, above float64) (Reason, bool) {
	switch {
	case above <= v.s.blank || max(e.Tick, e.Cross) < likely:
		return 0, false
	case e.Tick > e.Cross:
		return Tick, true
	}
	return Cross, true
}

// pattern hears the second reader: on ticks and crosses, which the office has a rule
// for, and where it contradicts what the ink says. It says nothing of a bubble with Mark 0.
func (v *verdict) pattern(e *Evidence, above float64, marked bool) {
	if why, ok := v.shape(e, above); ok {
		v.doubt(why, e.Choice, max(e.Tick, e.Cross)-likely)
	}
	against := e.Mark
	switch {
	case e.Mark == 0 || v.p.Divided == 0:
		return
	case marked:
		against = 1 - e.Mark
	case above > v.s.blank: // the ink says nothing
		return
	}
	v.near.contrary = greater(v.near.contrary, against)
	if against >= v.p.Divided {
		v.doubt(Divided, e.Choice, against-v.p.Divided)
	}
}

// each doubts every faint mark by itself: any number of them is right. A tick has its
// own doubt.
func (v *verdict) each(ev []Evidence, above []float64) {
	if v.near.grey == 0 {
		return
	}
	for i, a := range above {
		if a <= v.s.blank || v.marked(&ev[i], a) {
			continue
		}
		if _, ok := v.shape(&ev[i], a); !ok {
			v.doubt(Faint, ev[i].Choice, min(a-v.s.blank, v.s.marked-a))
		}
	}
}

// none is a field without a sure mark.
func (v *verdict) none(rule sheets.Rule, ev []Evidence, above []float64, top float64) {
	v.each(ev, above)
	if (v.s.dim || v.s.bare) && len(v.Doubts) == 0 {
		v.doubt(Hidden, "", v.s.marked)
	}
	if rule == sheets.ExactlyOne {
		v.doubt(Missing, "", v.s.marked-top)
	}
}

// one is a field with one sure mark: anything else in it must be blank, or a ghost far
// behind a mark as dark as this page's are. In a scan that loses pale marks nothing is
// known to be a ghost, and beside a mark that is not solid another one may be lost.
func (v *verdict) one(ev []Evidence, above []float64, top, next float64) {
	if v.s.dim && top < solidMark && !v.alone(top, next) {
		v.doubt(Hidden, "", top-v.s.marked)
	}
	if v.near.grey == 0 {
		return
	}
	ghosts := top >= v.strong && !v.s.dim && v.fills(ev)
	for i, a := range above {
		if a <= v.s.blank || v.marked(&ev[i], a) {
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
func (v *verdict) alone(top, next float64) bool {
	const silent = 0.005 // ink: a speck of the scanner's
	return v.s.strip.dark && top >= v.strong && next <= silent
}

// margin is by which share every threshold of the policy could be stricter before the
// field would be doubted, 1 at most: the least of what its bubbles leave.
func (v *verdict) margin(top float64) float64 {
	n, p := &v.near, v.p
	least := min(1, n.sure, n.fit/p.Fit-1, 1-(1-n.seen)/(1-p.Seen))
	if n.blank > 0 {
		least = min(least, 1-n.blank/v.s.blank)
	}
	if n.grey > 0 {
		least = min(least, (top-n.grey)/top/p.Lead-1)
	}
	if n.contrary >= 0 {
		least = min(least, (1-n.contrary)/(1-p.Divided)-1)
	}
	return max(least, 0)
}

// sureness is by which share the thresholds could be stricter before a marked bubble were
// doubted.
func (v *verdict) sureness(e *Evidence, above float64) float64 {
	dark := above/v.s.marked - 1
	if e.Full < v.p.Filled || v.p.Filled == 0 {
		return dark
	}
	return max(dark, min(above/v.s.filled-1, 1-(1-e.Full)/(1-v.p.Filled)))
}

// lesser and greater are of two numbers that are numbers: min and max mind others, and are
// several times as slow.
func lesser(a, b float64) float64 {
	if b < a {
		return b
	}
	return a
}

func greater(a, b float64) float64 {
	if b > a {
		return b
	}
	return a
}

// firstTwo are the two largest of vs; 0 for what there is not.
func firstTwo(vs []float64) (a, b float64) {
	for _, v := range vs {
		a, b = greater(a, v), greater(b, lesser(a, v))
	}
	return a, b
}
