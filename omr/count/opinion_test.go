package count_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bargkhan/omr/count"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

func TestOpinions(t *testing.T) {
	d, err := sheets.Layout(sheets.Description{ID: "x", Surveys: []sheets.Opinion{
		{Title: "محتوا", Labels: []string{"خوب", "متوسط", "ضعیف"}},
		{Title: "از کجا؟", Labels: []string{"نامه", "پیامک"}, Many: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	say := func(first, second []sheets.Choice, doubts ...judge.Doubt) []judge.Verdict {
		return []judge.Verdict{{Field: "s1.1", Choices: first, Doubts: doubts}, {Field: "s2.1", Choices: second}}
	}
	papers := [][]judge.Verdict{
		say([]sheets.Choice{"1"}, []sheets.Choice{"1", "2"}),
		say([]sheets.Choice{"1"}, []sheets.Choice{"2"}),
		say([]sheets.Choice{"3"}, nil),
		say([]sheets.Choice{"1", "2"}, nil, judge.Doubt{Reason: judge.Several}),
	}
	if got, ok := count.Opinions(d, papers); ok || got != nil {
		t.Errorf("four sheets are counted: %+v", got)
	}
	got, ok := count.Opinions(d, append(papers, say(nil, nil)))
	want := []count.Opinion{
		{Field: "s1.1", Answered: 3, Blank: 1, Open: 1, Choices: []sheets.Choice{"1", "2", "3"}, Counts: []int{2, 0, 1}},
		{Field: "s2.1", Answered: 2, Blank: 3, Choices: []sheets.Choice{"1", "2"}, Counts: []int{1, 2}},
	}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Error(diff)
	}
	if mean, ok := got[0].Mean(); !ok || mean != 5.0/3 {
		t.Errorf("mean %g, %v", mean, ok)
	}
	if mean, ok := (&count.Opinion{Choices: []sheets.Choice{"1"}, Counts: []int{0}}).Mean(); ok {
		t.Errorf("nobody's mean is %g", mean)
	}
	if mean, ok := (&count.Opinion{Choices: []sheets.Choice{"TV"}, Counts: []int{2}}).Mean(); ok {
		t.Errorf("the mean of words is %g", mean)
	}
}
