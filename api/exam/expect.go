package exam

import (
	"bargkhan/omr/judge"
)

// An Expectation is how many of the fields that the machine accepted are expected to be
// wrong. A field that a person decided is not among them, nor one in doubt; one with
// several scans that agree is one field. The zero Expectation is of no fields.
type Expectation struct {
	Accepted int     `json:"accepted"` // fields
	Unknown  int     `json:"unknown"`  // of these, how many were judged without a probability of being wrong
	Wrong    float64 `json:"wrong"`    // expected, of those with one
	AtMost   int     `json:"at_most"`  // wrong, with 95 % confidence, of those with one
}

// sureness is how many times higher than expected a probability may be at most. What is
// expected is the middle of what the known fields prove, and of n of which none was wrong
// that is 1 − ½^(1/n), where 1 − 0.05^(1/n) is not exceeded with 95 % confidence: their
// quotient is below ln 20 / ln 2, and where some were wrong it is less.
const sureness = 4.3220

// Expected is the expectation of so many accepted fields, of which so many carry no
// probability of being wrong, and the others together wrong.
func Expected(accepted, unknown int, wrong float64) Expectation {
	return Expectation{Accepted: accepted, Unknown: unknown, Wrong: wrong, AtMost: judge.AtMost(sureness * wrong)}
}

// Known is how many accepted fields carry a probability of being wrong.
func (e Expectation) Known() int { return e.Accepted - e.Unknown }

// expected adds up what the machine accepted of a script.
func expected(answers []Answer) Expectation {
	accepted, unknown, wrong := 0, 0, 0.0
	for _, a := range answers {
		if a.Ruled || !a.settled() {
			continue
		}
		accepted++
		if a.Wrong == 0 {
			unknown++
		}
		wrong += a.Wrong
	}
	return Expected(accepted, unknown, wrong)
}
