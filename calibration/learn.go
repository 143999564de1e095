package calibration

import (
	"fmt"
	"time"

	"bargkhan/omr/judge"
)

// guard is how much looser a policy must still be safe: known pages are few beside
// those to come, and a policy that only just holds on them will not hold on others.
// Measured on made pages: marks of one page vary by a tenth between seeds.
const guard = 0.1

// Looser is p with every threshold moved by a share towards settling more; towards
// settling less if the share is below 0.
func Looser(p judge.Policy, by float64) judge.Policy {
	p.Blank *= 1 + by
	p.Marked *= 1 - by
	p.Part *= 1 - by
	p.Lead *= 1 - by
	p.Fit *= 1 - by
	p.Seen = 1 - (1-p.Seen)*(1+by)
	if p.Filled > 0 {
		p.Filled = 1 - (1-p.Filled)*(1+by)
	}
	if p.Divided > 0 {
		p.Divided = 1 - (1-p.Divided)*(1-by)
	}
	return p
}

// A step is one threshold of a policy and what is tried for it, from the strictest on, so
// that what saves nobody's time is not loosened. The ends are those
// beyond which the threshold has no meaning: a blank bubble of a noisy scan has 0.04,
// a solid one of a grey pen 0.5.
type step struct {
	of     func(*judge.Policy) *float64
	values []float64
}

func steps() []step {
	return []step{
		{func(p *judge.Policy) *float64 { return &p.Part }, []float64{0.8, 0.76, 0.72, 0.68, 0.64, 0.6, 0.56, 0.52, 0.48, 0.44, 0.4}},
		{func(p *judge.Policy) *float64 { return &p.Marked }, []float64{0.4, 0.36, 0.33, 0.3, 0.27, 0.24}},
		{func(p *judge.Policy) *float64 { return &p.Filled }, []float64{0.99, 0.98, 0.95, 0.9, 0.8}},
		{func(p *judge.Policy) *float64 { return &p.Blank }, []float64{0.04, 0.05, 0.06, 0.07, 0.085, 0.1}},
		{func(p *judge.Policy) *float64 { return &p.Lead }, []float64{0.7, 0.65, 0.6, 0.55, 0.5}},
		{func(p *judge.Policy) *float64 { return &p.Seen }, []float64{0.97, 0.96, 0.95, 0.93, 0.9}},
		{func(p *judge.Policy) *float64 { return &p.Fit }, []float64{0.55, 0.5, 0.45, 0.4, 0.35}},
	}
}

// Learn finds the policy that leaves the fewest clear fields to people among those
// that get no field of the pages wrong, would not if every threshold were looser by
// the guard, and keep what is promised of clean pages. It starts from a policy and moves one
// threshold at a time, each time the one that saves most; equal pages and starts give equal policies. Its error says that no such policy was found: then some
// page is not what it is said to be, or the reading is at fault, and no threshold
// makes up for either.
func Learn(p *Pages, start judge.Policy) (judge.Policy, error) {
	start.Risk, start.Divided = [judge.Risks]judge.Risk{}, 0 // of another policy; and the second reader is heard last
	best, cost := start, p.cost(start)
	for moved := true; moved; { // every move costs less than the one before, so this ends
		from := best
		for _, s := range steps() {
			for _, v := range s.values {
				try := from
				*s.of(&try) = v
				if try == from || try.Validate() != nil {
					continue
				}
				if c := p.cost(try); c.less(cost) {
					best, cost = try, c
				}
			}
		}
		moved = best != from
	}
	if best, cost = p.hear(best); cost.wrong > 0 {
		return best, fmt.Errorf("calibration: %d fields of the known pages are misread, or would be by a policy somewhat looser, even with the best policy found; look at those pages", cost.wrong)
	}
	return best, nil
}

// hearings are the certainties of the second reader from which on its contradiction may
// count, from those that doubt most.
var hearings = []float64{0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999}

// heard is the share of all fields that its contradictions may cost people.
const heard = 1e-5

// hear lets the second reader contradict a policy: as soon as that costs people hardly
// anything and breaks no promise. That it saves nothing on the known pages is no reason
// not to hear it: it is there for the mark that they do not hold.
func (p *Pages) hear(policy judge.Policy) (judge.Policy, cost) {
	policy.Divided = 0
	alone := p.cost(policy)
	for _, policy.Divided = range hearings {
		c := p.cost(policy)
		if c.over <= alone.over && float64(c.needless-alone.needless) <= heard*float64(c.fields) {
			return policy, c
		}
	}
	policy.Divided = 0
	return policy, alone
}

// Clean is the family of the pages that are as an office means them to be. The office was
// promised that of their fields no more than one in 2,000 is left to a person, and of
// sheets of some seventy fields no more than one in fifty: that is one field in 3,500.
// Learning keeps one in 5,000, for known pages are few.
const (
	Clean       = "clean"
	cleanDoubts = 0.0002
)

// A cost is what a policy costs: misreads first, then broken promises, then people's
// time.
type cost struct {
	wrong    int
	over     float64 // needless doubts on clean pages beyond what was promised
	needless int
	fields   int
}

// worth is the share of all fields that a change must save people: less is chance, and
// the policy stays as it was.
const worth = 1e-4

func (c cost) less(d cost) bool {
	switch {
	case c.wrong != d.wrong:
		return c.wrong < d.wrong
	case c.over != d.over:
		return c.over < d.over
	}
	return float64(d.needless-c.needless) > worth*float64(c.fields)
}

func (p *Pages) cost(policy judge.Policy) cost {
	const enough = 50 // wrong fields: more say no more about where to go
	loose := p.total(Looser(policy, guard), enough)
	if loose.Wrong > enough {
		return cost{wrong: loose.Wrong + len(p.known)}
	}
	scores := p.Score(policy)
	var all Count
	for _, c := range scores {
		all.Add(c)
	}
	clean := scores[Clean]
	return cost{loose.Wrong + all.Wrong, max(0, float64(clean.Needless)-cleanDoubts*float64(clean.Fields)), all.Needless, all.Fields}
}

// NewProfile is a policy that was learnt from pages, with its risks and its pedigree.
// corpus names the pages, or their digest.
func NewProfile(p *Pages, policy judge.Policy, scanner, corpus string, at time.Time) Profile {
	c := p.total(policy, len(p.known)*1000)
	policy.Risk = p.Risk(policy)
	return Profile{Scanner: scanner, Policy: policy, Learned: Pedigree{
		At: at.UTC().Truncate(time.Second), Corpus: corpus, Bubbles: c.Bubbles, Misread: c.Wrong, Doubted: c.Doubted + c.Needless,
	}}
}
