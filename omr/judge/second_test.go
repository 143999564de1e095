package judge_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// TestSecondReader hears the second reader on the first bubble of a page.
func TestSecondReader(t *testing.T) {
	p := policy
	p.Divided = 0.99
	for name, c := range map[string]struct {
		first judge.Evidence
		want  string
	}{
		"both say blank":            {judge.Evidence{Ink: 0.01, Mark: 0.0001}, ""},
		"both say marked":           {judge.Evidence{Ink: 0.7, Mark: 1}, ""},
		"nobody looked, blank":      {judge.Evidence{Ink: 0.01}, ""},
		"nobody looked, marked":     {judge.Evidence{Ink: 0.7}, ""},
		"a mark without ink":        {judge.Evidence{Ink: 0.01, Mark: 0.995}, "divided1"},
		"perhaps a mark":            {judge.Evidence{Ink: 0.01, Mark: 0.98}, ""},
		"ink without a mark":        {judge.Evidence{Ink: 0.7, Mark: 0.005}, "divided1"},
		"faint anyway":              {judge.Evidence{Ink: 0.2, Mark: 0.9999}, "faint1"},
		"a tick":                    {judge.Evidence{Ink: 0.2, Mark: 1, Tick: 0.9}, "tick1"},
		"a cross as dark as a mark": {judge.Evidence{Ink: 0.5, Mark: 1, Cross: 0.9}, "cross1"},
		"perhaps a tick":            {judge.Evidence{Ink: 0.2, Mark: 1, Tick: 0.45}, "faint1"},
		"a tick of dust":            {judge.Evidence{Ink: 0.02, Mark: 0.9, Tick: 0.9}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			pg := paper(20, sheets.AtMostOne)
			ev := evidence(pg, 0.7)
			e := &ev[0]
			e.Ink, e.Mark, e.Tick, e.Cross = c.first.Ink, c.first.Mark, c.first.Tick, c.first.Cross
			v := judge.Fields(pg, ev, p)[0]
			if got := strings.Join(reasons(v), " "); got != c.want {
				t.Errorf("doubts %q, want %q", got, c.want)
			}
		})
	}
}

// TestFilled shows what the second reader says of a mark that is paler than its page's
// marks, and of one on a page of faint marks.
func TestFilled(t *testing.T) {
	p := policy
	p.Part, p.Filled = 0.7, 0.9
	for name, c := range map[string]struct {
		usual, ink, full float64
		want             string
	}{
		"as dark as the others":           {0.6, 0.5, 0.1, ""},
		"paler, and fills its bubble":     {0.6, 0.36, 0.95, ""},
		"paler, and a line":               {0.6, 0.36, 0.1, "faint1"},
		"half as dark, and fills it":      {0.6, 0.31, 0.99, "faint1"},
		"nobody looked":                   {0.6, 0.36, 0, "faint1"},
		"faint page, a dark filled one":   {0.35, 0.5, 0.95, ""},
		"faint page, a dark ghost":        {0.35, 0.5, 0.3, "faint1"},
		"faint page, one like the others": {0.35, 0.36, 0.99, "faint1"},
	} {
		t.Run(name, func(t *testing.T) {
			pg := paper(20, sheets.AtMostOne)
			ev := evidence(pg, c.usual, c.ink)
			ev[0].Full = c.full
			if c.full > 0 {
				ev[0].Mark = 1
			}
			v := judge.Fields(pg, ev, p)[0]
			if got := strings.Join(reasons(v), " "); got != c.want {
				t.Errorf("doubts %q, want %q", got, c.want)
			}
		})
	}
}

// patched is a page with a reference strip.
func patched(pg sheets.Page) sheets.Page {
	for _, ink := range []float64{0, 0.25, 0.5, 0.75, 1} {
		pg.Swatches = append(pg.Swatches, sheets.Swatch{Ink: ink})
	}
	return pg
}

// TestStrip shows what the reference patches of a page change, and what they may not.
func TestStrip(t *testing.T) {
	straight := []float64{0.005, 0.257, 0.504, 0.75, 0.998}
	light := []float64{0.005, 0.213, 0.428, 0.674, 0.998}
	copied := []float64{0.005, 0.008, 0.5, 0.998, 0.998}
	dirty := []float64{0.2, 0.4, 0.55, 0.76, 1}
	half := []float64{0, 0, 0, 1, 1}
	// traces marks so many fields of a page with so little ink, and leaves the last blank.
	traces := func(pg sheets.Page) []judge.Evidence {
		ev := evidence(pg, 0.1, 0.1)
		for i := len(ev) - 4; i < len(ev); i++ {
			ev[i].Ink = 0.01
		}
		return ev
	}
	bilevel := func(ink float64) func(pg sheets.Page) []judge.Evidence {
		return func(pg sheets.Page) []judge.Evidence {
			ev := evidence(pg, 0.5, ink)
			for i := range ev {
				ev[i].Seen = 0.97
				if ev[i].Ink == 0.01 {
					ev[i].Ink = 0
				}
			}
			return ev
		}
	}
	usual := func(ink float64) func(pg sheets.Page) []judge.Evidence {
		return func(pg sheets.Page) []judge.Evidence { return evidence(pg, ink, ink) }
	}
	for name, c := range map[string]struct {
		ev    func(pg sheets.Page) []judge.Evidence
		strip []float64
		field int // −1 is the last
		want  string
	}{
		"traces and no strip: no blank is believed":     {traces, nil, -1, "hidden"},
		"traces in a faithful scan: blanks are":         {traces, straight, -1, ""},
		"traces in a copy that cuts off":                {traces, copied, -1, "hidden"},
		"traces and a dirty strip":                      {traces, dirty, -1, "hidden"},
		"a strip of another page":                       {traces, straight[:3], -1, "hidden"},
		"one bit, porous marks, no strip":               {bilevel(0.5), nil, 0, "hidden"},
		"one bit, porous marks, dark grey is seen":      {bilevel(0.5), half, 0, ""},
		"one bit, a blank field":                        {bilevel(0), half, 0, "hidden"},
		"marks that a light scan made faint, no strip":  {usual(0.38), nil, 0, "faint1"},
		"marks that a light scan made faint, corrected": {usual(0.38), light, 0, ""},
		"marks that are faint":                          {usual(0.38), straight, 0, "faint1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy
			p.Seen = 0.9
			pg := patched(paper(20, sheets.AtMostOne))
			vs := judge.Fields(pg, c.ev(pg), p, c.strip...)
			if got := strings.Join(reasons(vs[(c.field+len(vs))%len(vs)]), " "); got != c.want {
				t.Errorf("doubts %q, want %q", got, c.want)
			}
		})
	}
}

// risks are some of a policy, by rising margin.
func risks() (out [judge.Risks]judge.Risk) {
	for i := range out {
		w := math.Pow(0.5, float64(i)) * 1e-3
		out[i] = judge.Risk{Margin: float64(i) / judge.Risks, Wrong: w, AtMost: 4 * w}
	}
	return out
}

func TestWrong(t *testing.T) {
	p := policy
	p.Risk = risks()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	pg := paper(20, sheets.AtMostOne)
	last := 1.0
	for _, ink := range []float64{0.46, 0.5, 0.6, 0.8, 0.95} { // darker marks are surer
		ev := evidence(pg, 0.7, ink)
		v := judge.Fields(pg, ev, p)[0]
		if len(v.Doubts) > 0 || v.Wrong <= 0 || v.Wrong > last {
			t.Errorf("ink %v: %+v, wrong before %v", ink, v, last)
		}
		last = v.Wrong
	}
	if last == 1 || last > 2e-4 {
		t.Errorf("a solid mark is wrong with %v", last)
	}
	if v := judge.Fields(pg, evidence(pg, 0.7, 0.2), p)[0]; v.Wrong != 0 {
		t.Errorf("a doubted field is wrong with %v", v.Wrong)
	}
	ev := evidence(pg, 0.7, 0.95)
	ev[0].Fit = 0.46 // hardly above the limit of 0.45
	if v := judge.Fields(pg, ev, p)[0]; v.Wrong <= last {
		t.Errorf("a mark of hardly any fit is wrong with %v, a sure one with %v", v.Wrong, last)
	}
	for i := range p.Risk {
		broken := p
		broken.Risk[i].Wrong = 0
		if broken.Validate() == nil {
			t.Errorf("risk %d of 0 is taken", i)
		}
	}
}

func TestExpect(t *testing.T) {
	p := policy
	p.Risk = risks()
	sure := judge.Verdict{Wrong: p.Risk[7].Wrong}
	near := judge.Verdict{Wrong: p.Risk[0].Wrong}
	doubted := judge.Verdict{Doubts: []judge.Doubt{{Reason: judge.Faint}}}
	many := make([]judge.Verdict, 1000)
	for i := range many {
		many[i] = near
	}
	for name, c := range map[string]struct {
		vs   []judge.Verdict
		want judge.Expectation
	}{
		"none":     {nil, judge.Expectation{}},
		"doubts":   {[]judge.Verdict{doubted}, judge.Expectation{}},
		"a few":    {[]judge.Verdict{sure, near, doubted, {}}, judge.Expectation{Accepted: 3, Unknown: 1, Wrong: 1e-3 + 1e-3/128, AtMost: 0}},
		"a batch":  {many, judge.Expectation{Accepted: 1000, Wrong: 1, AtMost: 8}}, // Poisson of mean 4: 97.9 % are 8 at most, 94.9 % are 7
		"old ones": {make([]judge.Verdict, 9), judge.Expectation{Accepted: 9, Unknown: 9}},
	} {
		got := judge.Expect(p, c.vs)
		if got.Accepted != c.want.Accepted || got.Unknown != c.want.Unknown || got.AtMost != c.want.AtMost || math.Abs(got.Wrong-c.want.Wrong) > 1e-9 {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
	var parts judge.Expectation
	parts.Add(p, many[:400])
	parts.Add(p, many[400:])
	if whole := judge.Expect(p, many); !cmp.Equal(parts.AtMost, whole.AtMost) || math.Abs(parts.Wrong-whole.Wrong) > 1e-9 {
		t.Errorf("in two parts %+v, at once %+v", parts, whole)
	}
}
