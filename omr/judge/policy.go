package judge

import (
	"errors"
	"fmt"
)

// Validate says what is wrong with p: its error lists every fault.
func (p Policy) Validate() error {
	var faults []error
	if p.ID == "" {
		faults = append(faults, errors.New("policy: id: a policy without a name cannot be named in a verdict"))
	}
	for _, v := range []struct {
		name  string
		value float64
	}{{"blank", p.Blank}, {"marked", p.Marked}, {"lead", p.Lead}, {"fit", p.Fit}, {"seen", p.Seen}} {
		if !(v.value > 0 && v.value < 1) {
			faults = append(faults, fmt.Errorf("policy: %s is %v: a share between 0 and 1 is expected", v.name, v.value))
		}
	}
	if !(p.Part >= 0 && p.Part < 1) {
		faults = append(faults, fmt.Errorf("policy: part is %v: a share below 1 is expected, or 0", p.Part))
	}
	if !(p.Filled >= 0 && p.Filled < 1) {
		faults = append(faults, fmt.Errorf("policy: filled is %v: a probability below 1 is expected, or 0", p.Filled))
	}
	if !(p.Divided >= 0 && p.Divided < 1) {
		faults = append(faults, fmt.Errorf("policy: divided is %v: a probability below 1 is expected, or 0", p.Divided))
	}
	for i, r := range p.Risk {
		if p.Risk != ([Risks]Risk{}) && !(r.Wrong > 0 && r.Wrong <= r.AtMost && r.AtMost <= 1 && (i == 0 || r.Margin > p.Risk[i-1].Margin && r.Wrong <= p.Risk[i-1].Wrong)) {
			faults = append(faults, fmt.Errorf("policy: risk[%d]: %v is expected to have a higher margin and no higher wrong than the one before, and 0 < wrong ≤ at_most ≤ 1", i, r))
		}
	}
	if p.Blank >= p.Marked {
		faults = append(faults, fmt.Errorf("policy: blank %v must be below marked %v, or nothing is ever doubted", p.Blank, p.Marked))
	}
	return errors.Join(faults...)
}
