package exam_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// number fills the number grid.
func (p paper) number(digits string) paper {
	for i, d := range digits {
		p = p.with(sheets.FieldID("nn."+string(rune('0'+i))), marked(sheets.Choice(d)))
	}
	return p
}

func TestMark(t *testing.T) {
	ses := session(1, 20, 2)
	ok := answered(14, 6)
	for _, tt := range []struct {
		name   string
		script *exam.Script
		rivals []exam.ScriptID
		person exam.PersonID
		state  exam.State
		tasks  []sheets.FieldID
		reason judge.Reason // of the first task
		office bool         // of the first task
	}{
		{name: "clean", script: scriptOf(ses, zahra, ok), person: zahra, state: exam.Settled},
		{name: "present and blank", script: scriptOf(ses, zahra, paper{"form": marked("1")}), person: zahra, state: exam.Settled},
		{name: "no scan", script: scriptOf(ses, zahra), state: exam.Partial},
		{
			name: "an open mark that decides", script: scriptOf(ses, zahra, answered(13, 6).with("q20", doubted(judge.Faint, "1"))),
			person: zahra, state: exam.InReview, tasks: []sheets.FieldID{"q20"}, reason: judge.Faint,
		},
		{
			name: "an open mark that does not", script: scriptOf(ses, zahra, answered(14, 5).with("q20", doubted(judge.Faint, "1"))),
			person: zahra, state: exam.Decided, tasks: []sheets.FieldID{"q20"}, reason: judge.Faint,
		},
		{
			name: "no form", script: scriptOf(ses, zahra, ok.with("form", doubted(judge.Missing))),
			person: zahra, state: exam.Nameless, tasks: []sheets.FieldID{"form"}, reason: judge.Missing,
		},
		{
			name: "the form ruled blank goes to the office", script: rule(scriptOf(ses, zahra, ok.with("form", doubted(judge.Missing))), "form"),
			person: zahra, state: exam.Nameless, tasks: []sheets.FieldID{"form"}, reason: judge.Unknown, office: true,
		},
		{
			name: "two forms", script: scriptOf(ses, zahra, ok.with("form", doubted(judge.Several, "1", "2"))),
			person: zahra, state: exam.Nameless, tasks: []sheets.FieldID{"form"}, reason: judge.Several,
		},
		{name: "an owner off the roster", script: scriptOf(ses, "0011537027", ok), state: exam.Nameless, tasks: []sheets.FieldID{exam.PersonField}, reason: judge.Unknown, office: true},
		{name: "a spare", script: scriptOf(ses, "", ok.number(string(ali))), person: ali, state: exam.Settled},
		{
			name: "a spare with a wrong digit", script: scriptOf(ses, "", ok.number("0076229646")),
			state: exam.Nameless, tasks: []sheets.FieldID{exam.PersonField}, reason: judge.Unknown, office: true,
		},
		{
			name: "a spare of nobody registered", script: scriptOf(ses, "", ok.number("0011537027")),
			state: exam.Nameless, tasks: []sheets.FieldID{exam.PersonField}, reason: judge.Unknown, office: true,
		},
		{
			name: "a spare without a number", script: scriptOf(ses, "", ok),
			state: exam.Nameless, tasks: []sheets.FieldID{exam.PersonField}, reason: judge.Missing, office: true,
		},
		{
			name: "a spare with a digit missing", script: scriptOf(ses, "", ok.number(string(ali)).with("nn.3", doubted(judge.Missing))),
			state: exam.Nameless, tasks: []sheets.FieldID{"nn.3"}, reason: judge.Missing,
		},
		{
			name: "that digit ruled blank", script: rule(scriptOf(ses, "", ok.number(string(ali)).with("nn.3", doubted(judge.Missing))), "nn.3"),
			state: exam.Nameless, tasks: []sheets.FieldID{exam.PersonField}, reason: judge.Unknown, office: true,
		},
		{
			name: "that digit ruled", script: rule(scriptOf(ses, "", ok.number(string(ali)).with("nn.3", doubted(judge.Several, "6", "8"))), "nn.3", "6"),
			person: ali, state: exam.Settled,
		},
		{
			name: "a spare the office knows", script: rule(scriptOf(ses, "", ok.with("nn.3", doubted(judge.Faint))), exam.PersonField, "0932833810"),
			person: zahra, state: exam.Settled,
		},
		{name: "void", script: rule(scriptOf(ses, zahra, ok.with("q1", doubted(judge.Faint))), exam.PersonField), state: exam.Settled},
		{
			name: "contested", script: scriptOf(ses, zahra, ok), rivals: []exam.ScriptID{"s1", "s2"},
			state: exam.Nameless, tasks: []sheets.FieldID{exam.PersonField}, reason: judge.Disagree, office: true,
		},
		{name: "absent", script: scriptOf(ses, zahra, paper{"absent": marked("1"), "form": doubted(judge.Missing)}), person: zahra, state: exam.Settled},
		{
			name: "absent and yet marked", script: scriptOf(ses, zahra, ok.with("absent", marked("1"))),
			state: exam.Nameless, tasks: []sheets.FieldID{"absent"}, reason: judge.Disagree,
		},
		{name: "that one ruled present", script: rule(scriptOf(ses, zahra, ok.with("absent", marked("1"))), "absent"), person: zahra, state: exam.Settled},
		{name: "that one ruled absent", script: rule(scriptOf(ses, zahra, ok.with("absent", marked("1"))), "absent", "1"), person: zahra, state: exam.Settled},
		{
			name: "absent with a speck", script: scriptOf(ses, zahra, paper{"absent": marked("1"), "form": marked("1"), "q7": doubted(judge.Faint)}),
			state: exam.Nameless, tasks: []sheets.FieldID{"q7"}, reason: judge.Faint,
		},
		{name: "scanned twice", script: scriptOf(ses, zahra, ok, ok), person: zahra, state: exam.Settled},
		{
			name: "scanned before and after erasing", script: scriptOf(ses, zahra, ok, ok.with("q1", marked("3"))),
			person: zahra, state: exam.InReview, tasks: []sheets.FieldID{"q1"}, reason: judge.Disagree,
		},
		{name: "a fold healed by a second scan", script: scriptOf(ses, zahra, ok.with("q1", doubted(judge.Hidden)), ok), person: zahra, state: exam.Settled},
		{
			name: "a fold that shows something else", script: scriptOf(ses, zahra, ok.with("q1", doubted(judge.Hidden, "4")), ok),
			person: zahra, state: exam.InReview, tasks: []sheets.FieldID{"q1"}, reason: judge.Disagree,
		},
		{
			name: "faint in one scan", script: scriptOf(ses, zahra, ok, ok.with("q1", doubted(judge.Faint, "1"))),
			person: zahra, state: exam.InReview, tasks: []sheets.FieldID{"q1"}, reason: judge.Faint,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := exam.Mark(ses, tt.script, roster(), tt.rivals)
			if m.Person != tt.person || m.State != tt.state {
				t.Errorf("person %q, state %v; want %q, %v", m.Person, m.State, tt.person, tt.state)
			}
			if diff := cmp.Diff(tt.tasks, fields(m.Tasks)); diff != "" {
				t.Fatal(diff)
			}
			if len(m.Tasks) > 0 && (m.Tasks[0].Doubts[0].Reason != tt.reason || m.Tasks[0].Office != tt.office) {
				t.Errorf("task %+v; want %v, office %v", m.Tasks[0], tt.reason, tt.office)
			}
			for _, g := range m.Grades {
				if g.Person != m.Person || g.Final() && m.State < exam.InReview {
					t.Errorf("grade %+v in state %v", g, m.State)
				}
			}
		})
	}
}

func TestAbsentAndVoidHaveNoGrades(t *testing.T) {
	ses := session(1, 20, 1)
	away := exam.Mark(ses, scriptOf(ses, zahra, paper{"absent": marked("1")}), roster(), nil)
	if !away.Absent || away.Grades != nil || away.Claim != zahra {
		t.Errorf("absent: %+v", away)
	}
	void := exam.Mark(ses, rule(scriptOf(ses, zahra, answered(20, 0)), exam.PersonField), roster(), nil)
	if void.Grades != nil || void.Claim != "" || void.Absent {
		t.Errorf("void: %+v", void)
	}
	blank := exam.Mark(ses, scriptOf(ses, zahra, paper{}), roster(), nil)
	if blank.Absent || len(blank.Grades) != 1 || blank.Grades[0].High.Num != 0 || !blank.Grades[0].Final() {
		t.Errorf("present and blank: %+v", blank)
	}
}

func TestBlankGridOfSpareIsOneTaskOfTheOffice(t *testing.T) {
	ses := session(1, 20, 1)
	p := answered(10, 0)
	for i := range 10 {
		p = p.with(sheets.FieldID("nn."+string(rune('0'+i))), doubted(judge.Missing))
	}
	m := exam.Mark(ses, scriptOf(ses, "", p), roster(), nil)
	want := []exam.Task{{
		Script: "s1", Rev: 1, Field: exam.PersonField, Role: sheets.Identity, Doubts: []judge.Doubt{{Reason: judge.Missing}},
		Office: true, Views: []exam.View{{Scan: "scan1", Image: 1}},
	}}
	if diff := cmp.Diff(want, m.Tasks); diff != "" {
		t.Error(diff)
	}
	typo := append(roster(), exam.Candidate{Person: "0076229646"})
	if p, doubts := exam.Whose(scriptOf(ses, "", p.number("0076229646")), typo); p != "" || len(doubts) == 0 {
		t.Errorf("a number that cannot be names %q, %v", p, doubts)
	}
	passing := exam.Mark(ses, scriptOf(ses, "", answered(14, 0)), roster(), nil)
	if !passing.Tasks[0].Decisive {
		t.Error("whose it is decides nothing, though it passes")
	}
}

func TestPersonalisedSheetWithGrid(t *testing.T) {
	ses := session(1, 20, 1)
	owned := func(p paper) *exam.Script {
		s := scriptOf(ses, "", p)
		s.Owner, s.Spare = zahra, false
		return s
	}
	empty := paper{}
	for i := range 10 {
		empty[sheets.FieldID("nn."+string(rune('0'+i)))] = doubted(judge.Missing)
	}
	for _, tt := range []struct {
		name   string
		paper  paper
		person exam.PersonID
		doubts []judge.Doubt
	}{
		{"a blank grid asks nothing", empty, zahra, nil},
		{"its own number", answered(1, 1).number(string(zahra)), zahra, nil},
		{"part of it", empty.with("nn.1", marked("9")), zahra, nil},
		{"a hidden digit contradicts nobody", paper{"nn.1": doubted(judge.Hidden)}, zahra, nil},
		{"another's number", answered(1, 1).number(string(ali)), "", []judge.Doubt{{Reason: judge.Disagree}}},
		{"one other digit", empty.with("nn.1", marked("8")), "", []judge.Doubt{{Reason: judge.Disagree}}},
		{"two digits in one column", empty.with("nn.0", marked("0", "5")), "", []judge.Doubt{{Reason: judge.Disagree}}},
		{"a faint digit", empty.with("nn.1", doubted(judge.Faint, "8")), "", []judge.Doubt{{Reason: judge.Faint, Margin: 0.1}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, doubts := exam.Whose(owned(tt.paper), roster())
			if p != tt.person {
				t.Errorf("got %q, want %q", p, tt.person)
			}
			if diff := cmp.Diff(tt.doubts, doubts); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRulingsStand(t *testing.T) {
	ses := session(1, 20, 1)
	s := scriptOf(ses, zahra, paper{"q1": doubted(judge.Faint, "1")})
	say := func(rs ...exam.Ruling) exam.Answer {
		c := *s
		c.Rulings = rs
		as := exam.Answers(&c)
		return as[slices.IndexFunc(as, func(a exam.Answer) bool { return a.Field == "q1" })]
	}
	two := exam.Ruling{Field: "q1", Choices: []sheets.Choice{"2"}}
	three := exam.Ruling{Field: "q1", Choices: []sheets.Choice{"4", "3"}}
	for _, tt := range []struct {
		name    string
		rulings []exam.Ruling
		want    []sheets.Choice
		open    bool
	}{
		{"none", nil, []sheets.Choice{"1"}, true},
		{"one", []exam.Ruling{two}, []sheets.Choice{"2"}, false},
		{"the latest, in the sheet's order", []exam.Ruling{two, three}, []sheets.Choice{"3", "4"}, false},
		{"blank", []exam.Ruling{{Field: "q1"}}, nil, false},
		{"cannot say", []exam.Ruling{{Field: "q1", CannotSay: true}}, []sheets.Choice{"1"}, true},
		{"cannot say after another", []exam.Ruling{two, {Field: "q1", CannotSay: true}}, []sheets.Choice{"1"}, true},
		{"withdrawn", []exam.Ruling{two, {Field: "q1", Withdrawn: true}}, []sheets.Choice{"1"}, true},
		{"withdrawn and ruled again", []exam.Ruling{two, {Field: "q1", Withdrawn: true}, two}, []sheets.Choice{"2"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := say(tt.rulings...)
			if diff := cmp.Diff(tt.want, a.Choices); diff != "" {
				t.Error(diff)
			}
			if open := len(a.Doubts) > 0; open != tt.open {
				t.Errorf("open %v, want %v", open, tt.open)
			}
		})
	}
}

func TestTaskOrder(t *testing.T) {
	ses := session(2, 20, 1)
	near := func(m float64) mark { return mark{doubts: []judge.Doubt{{Reason: judge.Faint, Margin: m}}} }
	p := answered(13, 0).with("q15", near(0.2)).with("q16", near(0.05)).with("q30", near(0.01))
	m := exam.Mark(ses, scriptOf(ses, zahra, p), roster(), nil)
	if diff := cmp.Diff([]sheets.FieldID{"q16", "q15", "q30"}, fields(m.Tasks)); diff != "" {
		t.Error(diff)
	}
	want := exam.Task{
		Script: "s1", Rev: 1, Field: "q16", Options: []sheets.Choice{"1", "2", "3", "4"},
		Doubts: p["q16"].doubts, Decisive: true, Views: []exam.View{{Scan: "scan1", Image: 1}},
	}
	if diff := cmp.Diff(want, m.Tasks[0]); diff != "" {
		t.Error(diff)
	}
}

func TestWhatNobodyNeedsIsNoTask(t *testing.T) {
	ses := session(1, 20, 1)
	s := scriptOf(ses, zahra, answered(5, 5).with("q21", doubted(judge.Faint)))
	s.Design.Pages[0].Fields = append(s.Design.Pages[0].Fields, sheets.Field{ID: "q21", Role: sheets.Answer})
	s.Sheets[0].Verdicts = append(s.Sheets[0].Verdicts, judge.Verdict{Field: "q21", Doubts: []judge.Doubt{{Reason: judge.Faint}}})
	if m := exam.Mark(ses, s, roster(), nil); m.Tasks != nil || m.State != exam.Settled {
		t.Errorf("tasks %v, state %v", m.Tasks, m.State)
	}
}

func TestSecondPageMissing(t *testing.T) {
	ses := session(1, 20, 1)
	s := scriptOf(ses, zahra, answered(10, 0))
	fs := s.Design.Pages[0].Fields
	s.Design.Pages = []sheets.Page{{Fields: fs[:11]}, {Fields: fs[11:]}}
	m := exam.Mark(ses, s, roster(), nil)
	if m.State != exam.Partial || m.Tasks != nil || m.Grades[0].Open != 10 || m.Grades[0].Outcome != exam.Open {
		t.Errorf("state %v, tasks %v, grade %+v", m.State, m.Tasks, m.Grades[0])
	}
}

func TestCheckRuling(t *testing.T) {
	ses := session(1, 20, 1)
	s := rule(scriptOf(ses, zahra, answered(1, 0)), "q2", "1")
	for _, tt := range []struct {
		name string
		r    exam.Ruling
		ok   bool
	}{
		{"an option", exam.Ruling{Field: "q1", Choices: []sheets.Choice{"2"}, By: "a"}, true},
		{"blank", exam.Ruling{Field: "q1", By: "a"}, true},
		{"several", exam.Ruling{Field: "q1", Choices: []sheets.Choice{"2", "3"}, By: "a"}, true},
		{"no option", exam.Ruling{Field: "q1", Choices: []sheets.Choice{"7"}, By: "a"}, false},
		{"twice", exam.Ruling{Field: "q1", Choices: []sheets.Choice{"2", "2"}, By: "a"}, false},
		{"no field", exam.Ruling{Field: "q99", By: "a"}, false},
		{"cannot say", exam.Ruling{Field: "q1", CannotSay: true, By: "a"}, true},
		{"cannot say, with choices", exam.Ruling{Field: "q1", CannotSay: true, Choices: []sheets.Choice{"1"}, By: "a"}, false},
		{"cannot say of nothing", exam.Ruling{Field: "q99", CannotSay: true, By: "a"}, false},
		{"another's, without a reason", exam.Ruling{Field: "q2", By: "a"}, false},
		{"another's, with a reason", exam.Ruling{Field: "q2", By: "a", Note: "پاک‌کردگی دیده نشده بود"}, true},
		{"one's own again", exam.Ruling{Field: "q2", By: "reviewer"}, true},
		{"a person", exam.Ruling{Field: exam.PersonField, Choices: []sheets.Choice{sheets.Choice(ali)}, By: "a"}, true},
		{"nobody", exam.Ruling{Field: exam.PersonField, By: "a"}, true},
		{"a stranger", exam.Ruling{Field: exam.PersonField, Choices: []sheets.Choice{"0011537027"}, By: "a"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := exam.CheckRuling(s, roster(), tt.r)
			if (err == nil) != tt.ok || err != nil && fault.KindOf(err) != fault.Invalid {
				t.Errorf("got %v, want ok %v", err, tt.ok)
			}
		})
	}
}
