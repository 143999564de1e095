package judge_test

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bargkhan/omr/judge"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// policy is a plain one; the numbers in this file are beside its limits.
var policy = judge.Policy{ID: "test", Blank: 0.07, Marked: 0.3, Part: 0.45, Lead: 0.6, Fit: 0.45, Seen: 0.95}

// paper is a page of n questions of four, with a stamp, as sheets of ours have.
func paper(n int, rule sheets.Rule) sheets.Page {
	pg := sheets.Page{Codes: make([]geom.Rect[geom.Paper], 2)}
	for q := range n {
		f := sheets.Field{ID: sheets.FieldID("q" + strconv.Itoa(q+1)), Rule: rule}
		for c := range 4 {
			f.Bubbles = append(f.Bubbles, sheets.Bubble{Choice: sheets.Choice(strconv.Itoa(c + 1))})
		}
		pg.Fields = append(pg.Fields, f)
	}
	return pg
}

// evidence is a page on which the first field has the given inks and the others are
// marked at 1 with usual.
func evidence(pg sheets.Page, usual float64, first ...float64) []judge.Evidence {
	var ev []judge.Evidence
	for i, f := range pg.Fields {
		for j, b := range f.Bubbles {
			e := judge.Evidence{Field: f.ID, Choice: b.Choice, Ink: 0.01, Fit: 1, Seen: 1}
			if i > 0 && j == 0 {
				e.Ink = usual
			}
			if i == 0 && j < len(first) {
				e.Ink = first[j]
			}
			ev = append(ev, e)
		}
	}
	return ev
}

func reasons(v judge.Verdict) (out []string) {
	for _, d := range v.Doubts {
		out = append(out, d.Reason.String()+string(d.Choice))
	}
	return out
}

func TestFields(t *testing.T) {
	type choices = []sheets.Choice
	type doubts = []string
	for name, c := range map[string]struct {
		rule    sheets.Rule
		usual   float64
		inks    []float64
		choices choices
		doubts  doubts
	}{
		"blank":                    {sheets.AtMostOne, 0.7, nil, nil, nil},
		"one mark":                 {sheets.AtMostOne, 0.7, []float64{0, 0.7}, choices{"2"}, nil},
		"dust":                     {sheets.AtMostOne, 0.7, []float64{0.024}, nil, nil},
		"a hairline":               {sheets.AtMostOne, 0.7, []float64{0.09}, nil, doubts{"faint1"}},
		"a faint mark":             {sheets.AtMostOne, 0.7, []float64{0, 0.2}, nil, doubts{"faint2"}},
		"half a mark among solid":  {sheets.AtMostOne, 0.95, []float64{0, 0.4}, nil, doubts{"faint2"}},
		"two marks":                {sheets.AtMostOne, 0.7, []float64{0.7, 0, 0.6}, choices{"1", "3"}, doubts{"several"}},
		"a mark and a light ghost": {sheets.AtMostOne, 0.7, []float64{0.7, 0.2}, choices{"1"}, nil},
		"a mark and a dark ghost":  {sheets.AtMostOne, 0.7, []float64{0.6, 0.28}, choices{"1"}, doubts{"close2"}},
		"missing":                  {sheets.ExactlyOne, 0.7, nil, nil, doubts{"missing"}},
		"exactly one":              {sheets.ExactlyOne, 0.7, []float64{0.7}, choices{"1"}, nil},
		"any number":               {sheets.AnyNumber, 0.7, []float64{0.7, 0.01, 0.6}, choices{"1", "3"}, nil},
		"any number and a faint":   {sheets.AnyNumber, 0.7, []float64{0.7, 0.2, 0.6}, choices{"1", "3"}, doubts{"faint2"}},
		"a page of faint marks":    {sheets.AtMostOne, 0.2, []float64{0.2}, nil, doubts{"faint1"}},
	} {
		t.Run(name, func(t *testing.T) {
			pg := paper(20, c.rule)
			v := judge.Fields(pg, evidence(pg, c.usual, c.inks...), policy)[0]
			if diff := cmp.Diff(c.choices, v.Choices); diff != "" {
				t.Errorf("choices: %s", diff)
			}
			if diff := cmp.Diff(c.doubts, reasons(v)); diff != "" {
				t.Errorf("doubts: %s", diff)
			}
		})
	}
}

func TestLostAndHidden(t *testing.T) {
	pg := paper(20, sheets.AtMostOne)
	ev := evidence(pg, 0.7, 0.7)
	ev[1].Fit, ev[2].Seen = 0.2, 0.5
	v := judge.Fields(pg, ev, policy)
	if diff := cmp.Diff([]string{"lost2", "hidden3"}, reasons(v[0])); diff != "" {
		t.Errorf("doubts: %s", diff)
	}
	for _, other := range v[1:] {
		if len(other.Doubts) > 0 {
			t.Errorf("field %s is doubted too: %v", other.Field, other.Doubts)
		}
	}
}

// TestDim shows a scan that has lost something everywhere: its blanks are believed
// only beside solid marks.
func TestDim(t *testing.T) {
	for name, c := range map[string]struct {
		usual float64
		want  []string
	}{"solid marks": {0.97, nil}, "thin marks": {0.5, []string{"hidden"}}, "no marks": {0.01, []string{"hidden"}}} {
		t.Run(name, func(t *testing.T) {
			pg := paper(20, sheets.AtMostOne)
			ev := evidence(pg, c.usual)
			for i := range ev {
				ev[i].Seen = 0.97
			}
			if diff := cmp.Diff(c.want, reasons(judge.Fields(pg, ev, policy)[0])); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWhitened judges pages of a scan that made white what is nearly as bright as paper.
func TestWhitened(t *testing.T) {
	pg := paper(20, sheets.AtMostOne)
	for name, c := range map[string]struct {
		seen  float64
		usual func(q int) float64
		want  []string // of the field without a mark
	}{
		"even marks":        {0.99, func(q int) float64 { return 0.5 + 0.01*float64(q) }, nil},
		"uneven marks":      {0.99, func(q int) float64 { return 0.18 + 0.5*float64(min(max(q-3, 0), 1)) }, []string{"hidden"}},
		"pale marks":        {0.99, func(int) float64 { return 0.26 }, []string{"hidden"}},
		"hardly any marks":  {0.99, func(q int) float64 { return 0.6 * float64(min(max(3-q, 0), 1)) }, []string{"hidden"}},
		"uneven, all shown": {1, func(q int) float64 { return 0.35 + 0.03*float64(q) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ev := evidence(pg, 0)
			for i := range ev {
				ev[i].Seen = c.seen
				if q := i / 4; q > 0 && i%4 == 0 {
					ev[i].Ink = 0.01 + c.usual(q)
				}
			}
			if diff := cmp.Diff(c.want, reasons(judge.Fields(pg, ev, policy)[0])); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTraces shows a page of marks that hardly show: they are many, so they are no dust.
func TestTraces(t *testing.T) {
	pg := paper(40, sheets.AtMostOne)
	rng := rand.New(rand.NewPCG(8, 8))
	ev := evidence(pg, 0.018)
	for i := range ev {
		ev[i].Ink += 0.002 * rng.Float64()
	}
	for _, v := range judge.Fields(pg, ev, policy) {
		if len(v.Doubts) == 0 {
			t.Errorf("field %s is read as blank", v.Field)
		}
	}
	for i := range ev { // and a sheet that nobody marked, with dust on one bubble
		ev[i].Ink = 0.01 + 0.002*rng.Float64()
	}
	ev[17].Ink = 0.02
	for _, v := range judge.Fields(pg, ev, policy) {
		if len(v.Doubts) > 0 {
			t.Errorf("field %s of a blank sheet is doubted: %v", v.Field, v.Doubts)
		}
	}
}

// TestSameLetterEverywhere marks one letter in every field: its level must not hide
// the marks.
func TestSameLetterEverywhere(t *testing.T) {
	pg := paper(40, sheets.AtMostOne)
	pg.Codes = nil
	for i, v := range judge.Fields(pg, evidence(pg, 0.75, 0.75), policy) {
		if len(v.Choices) != 1 && len(v.Doubts) == 0 {
			t.Errorf("field %d is read as blank", i)
		}
	}
}

// TestMoreInkNeverUnmarks is a law: the ink of one bubble only moves its field from
// blank through doubt to marked.
func TestMoreInkNeverUnmarks(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 50 {
		pg := paper(30, sheets.AtMostOne)
		ev := evidence(pg, 0.3+0.6*rng.Float64())
		for i := range ev {
			ev[i].Ink += 0.02 * rng.Float64()
		}
		last := 0
		for ink := 0.0; ink <= 1; ink += 0.005 {
			ev[2].Ink = ink
			v := judge.Fields(pg, ev, policy)[0]
			state := 0
			switch {
			case len(v.Doubts) > 0:
				state = 1
			case len(v.Choices) > 0:
				state = 2
			}
			if state < last || state > last+1 {
				t.Fatalf("ink %.3f: state %d follows %d", ink, state, last)
			}
			last = state
		}
		if last != 2 {
			t.Fatalf("solid ink is state %d", last)
		}
	}
}

func TestFieldsPanicsOnAnotherPage(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("evidence of another page was judged")
		}
	}()
	judge.Fields(paper(3, sheets.AtMostOne), nil, policy)
}

func TestReasonCodes(t *testing.T) {
	for r := judge.Faint; r <= judge.Cross; r++ {
		got, err := judge.ParseReason(r.String())
		if err != nil || got != r {
			t.Errorf("%v: got %v, %v", r, got, err)
		}
	}
	for _, s := range []string{"", "Faint", "nonsense"} {
		if got, err := judge.ParseReason(s); err == nil {
			t.Errorf("%q is taken as %v", s, got)
		}
	}
}

func TestPolicyValidate(t *testing.T) {
	if err := policy.Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(p *judge.Policy){
		"no name":    func(p *judge.Policy) { p.ID = "" },
		"neighbours": func(p *judge.Policy) { p.Blank = p.Marked },
		"no fit":     func(p *judge.Policy) { p.Fit = 0 },
		"part":       func(p *judge.Policy) { p.Part = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			p := policy
			change(&p)
			if p.Validate() == nil {
				t.Errorf("%+v is taken", p)
			}
		})
	}
}

// TestLeastOfFaintMarks shows a mark that hardly shows among others that are faint: on a page
// without a sure mark what stands out from even blanks is none.
func TestLeastOfFaintMarks(t *testing.T) {
	pg := paper(50, sheets.AtMostOne)
	ev := evidence(pg, 0.15, 0.03)
	for i := range ev { // blanks that vary by 0.0021
		if ev[i].Ink == 0.01 {
			ev[i].Ink += 0.003 * float64(i%5-2) / 2
		}
	}
	if v := judge.Fields(pg, ev, policy)[0]; len(v.Doubts) == 0 {
		t.Errorf("ink of 0.03 among blanks of 0.01 and marks of 0.15 is read as %v", v.Choices)
	}
}
