package judge

import "math"

// Risks is how many steps of margin have a risk of their own.
const Risks = 8

// A Risk is how often a settled field is wrong that leaves at least so much margin.
// Both numbers were learnt from known pages and are never 0: so many known fields prove
// so much and no more.
type Risk struct {
	Margin float64 `json:"margin"`  // from here on; a share of the thresholds, 0 to 1
	Wrong  float64 `json:"wrong"`   // as likely too high as too low
	AtMost float64 `json:"at_most"` // not exceeded, with 95 % confidence
}

// wrong is the probability that a settled field with such a margin is wrong; 0 if the
// policy does not know.
func (p *Policy) wrong(margin float64) float64 {
	for i := len(p.Risk) - 1; i >= 0; i-- {
		if r := &p.Risk[i]; r.Wrong > 0 && margin >= r.Margin {
			return r.Wrong
		}
	}
	return 0
}

// An Expectation is how many of some accepted fields are expected to be wrong. The zero
// Expectation is of no fields.
type Expectation struct {
	Accepted int     `json:"accepted"` // fields without a doubt
	Unknown  int     `json:"unknown"`  // of these, how many verdicts carry no probability: judged before there was one
	Wrong    float64 `json:"wrong"`    // expected, of those that do
	AtMost   int     `json:"at_most"`  // wrong, with 95 % confidence, of those that do

	bound float64 // the sum of the highest probabilities that are possible
}

// Expect says how many of the settled verdicts are expected to be wrong, and how many at
// most. The verdicts were made with p, or with a policy that learnt the same risks.
func Expect(p Policy, vs []Verdict) (e Expectation) {
	e.Add(p, vs)
	return e
}

// Add counts more verdicts.
func (e *Expectation) Add(p Policy, vs []Verdict) {
	for _, v := range vs {
		if len(v.Doubts) > 0 {
			continue
		}
		e.Accepted++
		if v.Wrong == 0 {
			e.Unknown++
			continue
		}
		e.Wrong += v.Wrong
		e.bound += p.atMost(v.Wrong)
	}
	e.AtMost = AtMost(e.bound)
}

// atMost is the highest probability possible of a verdict that says wrong.
func (p *Policy) atMost(wrong float64) float64 {
	out := wrong
	for _, r := range p.Risk {
		if r.Wrong >= wrong {
			out = r.AtMost
		}
	}
	return max(out, wrong)
}

// AtMost is the number that a count of the given mean does not exceed in 95 of 100
// batches: rare faults, each by itself.
func AtMost(mean float64) int {
	const sure, many = 0.95, 500
	if mean > many { // the normal distribution is as good, and e^-mean is not 0
		return int(math.Ceil(mean + 1.645*math.Sqrt(mean)))
	}
	term := math.Exp(-mean)
	n := 0
	for sum := term; sum < sure; sum += term {
		n++
		term *= mean / float64(n)
	}
	return n
}
