package count_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bargkhan/omr/count"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

func TestRow(t *testing.T) {
	two := []sheets.Choice{"2", "4"}
	for name, c := range map[string]struct {
		verdict  *judge.Verdict
		annulled bool
		want     count.Answer
		flaw     count.Flaw
	}{
		"two right":            {&judge.Verdict{Choices: two}, false, count.Answer{Right: two}, 0},
		"annulled":             {&judge.Verdict{}, true, count.Answer{Annulled: true}, 0},
		"not read":             {nil, true, count.Answer{}, count.Unclear},
		"in doubt":             {&judge.Verdict{Choices: two, Doubts: []judge.Doubt{{Reason: judge.Faint}}}, false, count.Answer{}, count.Unclear},
		"annulled, and marked": {&judge.Verdict{Choices: two}, true, count.Answer{}, count.Marked},
		"left blank":           {&judge.Verdict{}, false, count.Answer{}, count.Empty},
	} {
		got, flaw := count.Row(c.verdict, c.annulled)
		if diff := cmp.Diff(c.want, got); diff != "" || flaw != c.flaw {
			t.Errorf("%s: flaw %d, want %d\n%s", name, flaw, c.flaw, diff)
		}
	}
}

func TestAnswerEqual(t *testing.T) {
	a := count.Answer{Right: []sheets.Choice{"4", "2"}}
	if !a.Equal(count.Answer{Right: []sheets.Choice{"2", "4"}}) {
		t.Error("the order of right choices makes a difference")
	}
	for _, b := range []count.Answer{{}, {Right: []sheets.Choice{"4"}}, {Annulled: true}} {
		if a.Equal(b) {
			t.Errorf("%+v equals %+v", a, b)
		}
	}
}
