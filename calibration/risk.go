package calibration

import (
	"math"

	"bargkhan/omr/judge"
)

// edges are the margins at which the steps of risk begin: finer where a field is nearly
// doubted, and where the risk changes most.
var edges = [judge.Risks]float64{0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8}

// looser is how far a policy is loosened, step by step, to see fields go wrong: on the
// accepted ones of a good policy there is nothing to see.
var looser = [...]float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6}

// A Step is the settled fields of one step of margin. A margin below 0 is that of fields
// which only a policy so much looser settles.
type Step struct {
	Margin        float64 // from here on
	Fields, Wrong int
}

// Steps counts the settled fields by margin, those of looser policies first.
func (p *Pages) Steps(policy judge.Policy) []Step {
	out := make([]Step, 0, len(looser)+len(edges))
	for i := range looser {
		out = append(out, Step{Margin: -looser[len(looser)-1-i]})
	}
	for _, m := range edges {
		out = append(out, Step{Margin: m})
	}
	policy.Risk = [judge.Risks]judge.Risk{}
	for i, m := range edges { // each step has a Wrong of its own, so that verdicts tell it
		policy.Risk[i] = judge.Risk{Margin: m, Wrong: 1 / float64(i+2), AtMost: 1}
	}
	for i := range p.known {
		p.steps(i, policy, out)
	}
	return out
}

// steps counts the fields of one page: each once, where the strictest policy settles it.
func (p *Pages) steps(i int, policy judge.Policy, out []Step) {
	done := make([]bool, len(p.known[i].Fields))
	count := func(step *Step, j int, v *judge.Verdict) {
		done[j] = true
		step.Fields++
		if p.known[i].Fields[j].outcome(v) == wrong {
			step.Wrong++
		}
	}
	for j, v := range p.verdicts(i, policy) {
		if len(v.Doubts) == 0 {
			count(&out[len(looser)+int(math.Round(1/v.Wrong))-2], j, &v)
		}
	}
	for k, by := range looser {
		for j, v := range p.verdicts(i, Looser(policy, by)) {
			if len(v.Doubts) == 0 && !done[j] {
				count(&out[len(looser)-1-k], j, &v)
			}
		}
	}
}

// Risk is how often a settled field is wrong, by its margin: what the known fields of no
// more margin prove (Clopper and Pearson; the middle of what is possible, and what is not
// exceeded with 95 % confidence). It never rises with the margin, and is never 0.
func (p *Pages) Risk(policy judge.Policy) (out [judge.Risks]judge.Risk) {
	for i, r := range risks(p.Steps(policy)[len(looser):]) {
		out[i] = r
	}
	return out
}

// risks are what steps prove. A field of more margin is no likelier wrong, so those of
// less speak for it too.
func risks(steps []Step) []judge.Risk {
	var out []judge.Risk
	before, n, k := judge.Risk{Wrong: 1, AtMost: 1}, 0, 0 // nothing is known
	for _, s := range steps {
		n, k = n+s.Fields, k+s.Wrong
		r := judge.Risk{Margin: s.Margin, Wrong: before.Wrong, AtMost: before.AtMost}
		if n > 0 {
			own := Count{Right: s.Fields - s.Wrong, Wrong: s.Wrong}
			r.Wrong = min(r.Wrong, atMost(k, n, 0.5), atMost(own.Wrong, own.Settled(), 0.5))
			r.AtMost = min(r.AtMost, atMost(k, n, 0.05), own.AtMost())
		}
		r.AtMost = max(r.AtMost, r.Wrong)
		out, before = append(out, r), r
	}
	return out
}

// A Reliability is a step of margin as one half of the known pages foretells it and as
// the other half turns out, both ways added.
type Reliability struct {
	Step
	Foretold float64 // share of wrong fields
}

// Reliabilities holds what the risks of each half of the pages foretell against the other
// half, by margin. Steps below 0 show whether risks are foretold well where fields do go
// wrong. The error is the mean difference between what was foretold and what came, over
// all fields of the table, and over the accepted ones alone.
func (p *Pages) Reliabilities(policy judge.Policy) (table []Reliability, all, accepted float64) {
	halves := [2]*Pages{p.half(0), p.half(1)}
	steps := [2][]Step{halves[0].Steps(policy), halves[1].Steps(policy)}
	table = make([]Reliability, len(steps[0]))
	for h, own := range steps {
		for i, r := range risks(steps[1-h]) {
			row := &table[i]
			row.Margin = r.Margin
			row.Foretold += r.Wrong * float64(own[i].Fields)
			row.Fields += own[i].Fields
			row.Wrong += own[i].Wrong
		}
	}
	var fields, settled float64
	for i := range table {
		row := &table[i]
		off := math.Abs(row.Foretold - float64(row.Wrong))
		all, fields = all+off, fields+float64(row.Fields)
		if row.Margin >= 0 {
			accepted, settled = accepted+off, settled+float64(row.Fields)
		}
		row.Foretold /= max(float64(row.Fields), 1)
	}
	return table, all / max(fields, 1), accepted / max(settled, 1)
}

// half is every other page: the pages are in the order of their content, which is chance.
func (p *Pages) half(h int) *Pages {
	out := &Pages{}
	for i := h; i < len(p.known); i += 2 {
		out.known, out.pages, out.evidence = append(out.known, p.known[i]), append(out.pages, p.pages[i]), append(out.evidence, p.evidence[i])
	}
	return out
}
