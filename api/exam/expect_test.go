package exam_test

import (
	"math"
	"testing"

	"bargkhan/api/exam"
	"bargkhan/calibration"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// risky gives every settled verdict of the scans of s a probability, one for each scan.
func risky(s *exam.Script, wrong ...float64) *exam.Script {
	for i := range s.Sheets {
		for k := range s.Sheets[i].Verdicts {
			if v := &s.Sheets[i].Verdicts[k]; len(v.Doubts) == 0 {
				v.Wrong = wrong[i]
			}
		}
	}
	return s
}

// TestExpected counts what the machine accepted, and not what people decided.
func TestExpected(t *testing.T) {
	ses := session(1, 20, 2)
	ok := answered(14, 6)
	doubt := ok.with("q20", doubted(judge.Faint, "1"))
	const fields = 22 // absent, form, 20 questions
	withdrawn := rule(risky(scriptOf(ses, zahra, ok), 0.01), "q1", "2")
	withdrawn.Rulings = append(withdrawn.Rulings, exam.Ruling{Field: "q1", Withdrawn: true, By: "reviewer"})
	half := risky(scriptOf(ses, zahra, ok), 0.01)
	half.Sheets[0].Verdicts[3].Wrong = 0
	for name, tt := range map[string]struct {
		script            *exam.Script
		accepted, unknown int
		wrong             float64
	}{
		"judged with a probability":            {risky(scriptOf(ses, zahra, ok), 0.01), fields, 0, 0.22},
		"judged before there was one":          {scriptOf(ses, zahra, ok), fields, fields, 0},
		"one field judged before":              {half, fields, 1, 0.21},
		"in doubt":                             {risky(scriptOf(ses, zahra, doubt), 0.01), fields - 1, 0, 0.21},
		"the doubt is ruled on":                {rule(risky(scriptOf(ses, zahra, doubt), 0.01), "q20", "1"), fields - 1, 0, 0.21},
		"a person overrules the machine":       {rule(risky(scriptOf(ses, zahra, ok), 0.01), "q1", "2"), fields - 1, 0, 0.21},
		"the ruling is withdrawn":              {withdrawn, fields, 0, 0.22},
		"two scans agree: as the surest":       {risky(scriptOf(ses, zahra, ok, ok), 0.01, 0.005), fields, 0, 0.11},
		"two scans agree, one of before":       {risky(scriptOf(ses, zahra, ok, ok), 0.01, 0), fields, 0, 0.22},
		"two scans disagree":                   {risky(scriptOf(ses, zahra, ok, ok.with("q1", marked("2"))), 0.01, 0.01), fields - 1, 0, 0.21},
		"no scan":                              {scriptOf(ses, zahra), 0, 0, 0},
		"nobody's":                             {rule(risky(scriptOf(ses, zahra, ok), 0.01), exam.PersonField), 0, 0, 0},
		"whose it is is open, the fields stay": {risky(scriptOf(ses, "0011537027", ok), 0.01), fields, 0, 0.22},
	} {
		got := exam.Mark(ses, tt.script, roster(), nil).Expected
		if got.Accepted != tt.accepted || got.Unknown != tt.unknown || math.Abs(got.Wrong-tt.wrong) > 1e-9 {
			t.Errorf("%s: expected %+v, want %d accepted, %d unknown, %v wrong", name, got, tt.accepted, tt.unknown, tt.wrong)
		}
		if got != exam.Expected(got.Accepted, got.Unknown, got.Wrong) {
			t.Errorf("%s: %+v is not what Expected makes of the same sums", name, got)
		}
	}
}

// TestExpectedBounds holds the bound, which knows no policy, against that of the desk,
// which does: never below it, and never far above.
func TestExpectedBounds(t *testing.T) {
	policy := calibration.Default().Policy
	for i, r := range policy.Risk {
		if r.AtMost > 4.3220*r.Wrong {
			t.Errorf("risk %d: at most %v is more than the office allows for %v", i, r.AtMost, r.Wrong)
		}
	}
	for _, n := range []int{1, 1000, 40_000, 3_000_000} {
		vs := make([]judge.Verdict, n)
		wrong := 0.0
		for i := range vs {
			vs[i] = judge.Verdict{Field: sheets.FieldID("q"), Wrong: policy.Risk[i%len(policy.Risk)].Wrong}
			wrong += vs[i].Wrong
		}
		desk, office := judge.Expect(policy, vs), exam.Expected(n, 0, wrong)
		if office.AtMost < desk.AtMost || float64(office.AtMost) > 1.01*float64(desk.AtMost)+1 {
			t.Errorf("of %d fields the office says at most %d, the desk %d", n, office.AtMost, desk.AtMost)
		}
	}
}
