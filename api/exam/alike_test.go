package exam

import (
	"slices"
	"testing"

	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// TestAlike says of which other questions of a sheet a decision on a tick speaks.
func TestAlike(t *testing.T) {
	task := func(field sheets.FieldID, script ScriptID, ds ...judge.Doubt) Task {
		return Task{Script: script, Field: field, Options: []sheets.Choice{"1", "2"}, Doubts: ds}
	}
	tick, cross := judge.Doubt{Reason: judge.Tick, Choice: "2"}, judge.Doubt{Reason: judge.Cross, Choice: "1"}
	office := task("@person", "s", tick)
	office.Office = true
	all := []Task{task("q1", "s", tick), task("q2", "s", judge.Doubt{Reason: judge.Tick, Choice: "1"}), task("q3", "s", cross), task("q4", "other", tick),
		task("q5", "s", tick, judge.Doubt{Reason: judge.Several}), task("q6", "s", judge.Doubt{Reason: judge.Tick}), office, task("q7", "s", judge.Doubt{Reason: judge.Faint, Choice: "1"})}
	for i, want := range [][]sheets.FieldID{{"q2"}, {"q1"}, nil, nil, nil, nil, nil, nil} {
		var got []sheets.FieldID
		for _, o := range all[i].Alike(all) {
			got = append(got, o.Field)
		}
		if !slices.Equal(got, want) {
			t.Errorf("like %s: %v, want %v", all[i].Field, got, want)
		}
	}
	one, other := &all[0], &all[1]
	for _, c := range []struct {
		choices, want []sheets.Choice
		ok            bool
	}{{[]sheets.Choice{"2"}, []sheets.Choice{"1"}, true}, {nil, nil, true}, {[]sheets.Choice{"1"}, nil, false}, {[]sheets.Choice{"1", "2"}, nil, false}} {
		if got, err := one.Likewise(other, c.choices); !slices.Equal(got, c.want) || (err == nil) != c.ok {
			t.Errorf("%v: %v, %v", c.choices, got, err)
		}
	}
}
