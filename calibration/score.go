package calibration

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// Pages are known pages ready to be judged again and again.
type Pages struct {
	known    []Known
	pages    []*sheets.Page
	evidence [][]judge.Evidence
}

// NewPages matches known pages with their designs. Its error names the first page
// that belongs to none.
func NewPages(known []Known, designs ...*sheets.Design) (*Pages, error) {
	if len(known) == 0 {
		return nil, errors.New("calibration: there are no known pages")
	}
	p := &Pages{known: known}
	for i := range known {
		k := &known[i]
		j := slices.IndexFunc(designs, func(d *sheets.Design) bool { return d.Digest().String() == k.Design })
		if j < 0 || k.Page < 1 || k.Page > len(designs[j].Pages) {
			return nil, fmt.Errorf("known page %d is page %d of design %.8s, which was not given", i+1, k.Page, k.Design)
		}
		pg := &designs[j].Pages[k.Page-1]
		ev, err := k.evidence(pg)
		if err != nil {
			return nil, fmt.Errorf("known page %d: %w", i+1, err)
		}
		p.pages, p.evidence = append(p.pages, pg), append(p.evidence, ev)
	}
	return p, nil
}

// A Count is what a policy makes of the fields of known pages.
type Count struct {
	Pages, Fields, Bubbles int
	Right                  int // settled, and so it is
	Doubted                int // left to a person, who may well be needed
	Needless               int // left to a person, though the mark is clear
	Wrong                  int // settled, and wrong, or not to be settled by a machine
}

// Add counts d too.
func (c *Count) Add(d Count) {
	c.Pages += d.Pages
	c.Fields += d.Fields
	c.Bubbles += d.Bubbles
	c.Right += d.Right
	c.Doubted += d.Doubted
	c.Needless += d.Needless
	c.Wrong += d.Wrong
}

// Settled is how many fields no person is asked about.
func (c *Count) Settled() int { return c.Right + c.Wrong }

// AtMost is the highest share of wrong fields among those that are settled which the
// count leaves possible with 95 % confidence (Clopper and Pearson, 1934). None wrong
// of n is about 3/n. It is 1 where nothing was settled.
func (c *Count) AtMost() float64 { return atMost(c.Wrong, c.Settled(), 0.05) }

// atMost is the share at which k or fewer of n are seen with the given chance: 0.05
// gives what is not exceeded with 95 % confidence, 0.5 what is as likely too high as
// too low.
func atMost(k, n int, chance float64) float64 {
	if n == 0 || k >= n {
		return 1
	}
	lo, hi := 0.0, 1.0
	for range 60 { // halvings: beyond what a float64 tells apart
		mid := (lo + hi) / 2
		if tail(k, n, mid) > chance {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// tail is the chance of k or fewer of n where each has chance p.
func tail(k, n int, p float64) float64 {
	sum := 0.0
	logs := float64(n) * math.Log1p(-p)
	for i := 0; i <= k; i++ {
		sum += math.Exp(logs)
		logs += math.Log(float64(n-i)) - math.Log(float64(i+1)) + math.Log(p) - math.Log1p(-p)
	}
	return sum
}

// Score judges all pages with a policy, by family.
func (p *Pages) Score(policy judge.Policy) map[string]Count {
	out := map[string]Count{}
	for i := range p.known {
		c := out[p.known[i].Family]
		c.Add(p.score(i, policy))
		out[p.known[i].Family] = c
	}
	return out
}

// score counts what a policy makes of one page.
func (p *Pages) score(i int, policy judge.Policy) Count {
	c := Count{Pages: 1, Fields: len(p.known[i].Fields), Bubbles: len(p.evidence[i])}
	for j, v := range p.verdicts(i, policy) {
		switch p.known[i].Fields[j].outcome(&v) {
		case right:
			c.Right++
		case doubted:
			c.Doubted++
		case needless:
			c.Needless++
		case wrong:
			c.Wrong++
		}
	}
	return c
}

// verdicts judges one page.
func (p *Pages) verdicts(i int, policy judge.Policy) []judge.Verdict {
	return judge.Fields(*p.pages[i], p.evidence[i], policy, p.known[i].Swatches...)
}

// total judges all pages with a policy. It stops early, with what it has, once more
// than so many fields are wrong.
func (p *Pages) total(policy judge.Policy, wrong int) (c Count) {
	for i := range p.known {
		c.Add(p.score(i, policy))
		if c.Wrong > wrong {
			break
		}
	}
	return c
}
