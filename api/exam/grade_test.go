package exam_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bargkhan/api/exam"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

func TestGradingNumbers(t *testing.T) {
	third, none := exam.Ratio{Num: 1, Den: 3}, exam.Ratio{Num: 0, Den: 1}
	seventy, sixty := exam.Ratio{Num: 70, Den: 100}, exam.Ratio{Num: 60, Den: 100}
	for _, tt := range []struct {
		name         string
		pass         exam.Ratio
		penalty      exam.Ratio
		policy       exam.Annulment
		annulled     int // the last items
		right, wrong int // the first items, then wrong ones
		want         int // hundredths
		outcome      exam.Outcome
	}{
		{"14 of 20", seventy, none, exam.Dropped, 0, 14, 6, 7000, exam.Passed},
		{"13 of 20", seventy, none, exam.Dropped, 0, 13, 7, 6500, exam.Failed},
		{"one dropped, 13 of 19", seventy, none, exam.Dropped, 1, 13, 6, 6842, exam.Failed},
		{"one dropped, 14 of 19", seventy, none, exam.Dropped, 1, 14, 5, 7368, exam.Passed},
		{"two dropped, 13 of 18", seventy, none, exam.Dropped, 2, 13, 5, 7222, exam.Passed},
		{"two dropped, 12 of 18", seventy, none, exam.Dropped, 2, 12, 6, 6666, exam.Failed},
		{"three dropped, 12 of 17", seventy, none, exam.Dropped, 3, 12, 5, 7058, exam.Passed},
		{"one credited to all, 13 others", seventy, none, exam.CreditedToAll, 1, 13, 7, 7000, exam.Passed},
		{"one credited if answered, answered", seventy, none, exam.CreditedIfAnswered, 1, 13, 7, 7000, exam.Passed},
		{"one credited if answered, blank", seventy, none, exam.CreditedIfAnswered, 1, 13, 6, 6500, exam.Failed},
		{"60 %, 12 of 20", sixty, none, exam.Dropped, 0, 12, 8, 6000, exam.Passed},
		{"60 %, 12 of 19", sixty, none, exam.Dropped, 1, 12, 7, 6315, exam.Passed},
		{"60 %, 11 of 19", sixty, none, exam.Dropped, 1, 11, 8, 5789, exam.Failed},
		{"60 %, 11 of 18", sixty, none, exam.Dropped, 2, 11, 7, 6111, exam.Passed},
		{"60 %, 11 of 17", sixty, none, exam.Dropped, 3, 11, 6, 6470, exam.Passed},
		{"60 %, 10 of 17", sixty, none, exam.Dropped, 3, 10, 7, 5882, exam.Failed},
		{"a third off, 14 and 0", seventy, third, exam.Dropped, 0, 14, 0, 7000, exam.Passed},
		{"a third off, 15 and 3", seventy, third, exam.Dropped, 0, 15, 3, 7000, exam.Passed},
		{"a third off, 15 and 5", seventy, third, exam.Dropped, 0, 15, 5, 6666, exam.Failed},
		{"a third off, 0 and 20", seventy, third, exam.Dropped, 0, 0, 20, -3334, exam.Failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ses := session(1, 20, 1)
			ses.Rules.Pass, ses.Rules.Penalty, ses.Rules.Annulled = tt.pass, tt.penalty, tt.policy
			for _, id := range ses.Titles[0].Items[20-tt.annulled:] {
				ses.Key.Items[id] = exam.Item{Annulled: true}
			}
			g := exam.Grades(ses, scriptOf(ses, zahra, answered(tt.right, tt.wrong)))[0]
			if g.Low != g.High || g.Low.Of100() != tt.want || g.Outcome != tt.outcome {
				t.Errorf("got %v to %v, %d, %v; want %d, %v", g.Low, g.High, g.Low.Of100(), g.Outcome, tt.want, tt.outcome)
			}
		})
	}
}

// TestEveryScoreIsAStepOfFive: with twenty items and nothing annulled, anything
// else is a fault.
func TestEveryScoreIsAStepOfFive(t *testing.T) {
	ses := session(1, 20, 1)
	for right := range 21 {
		g := exam.Grades(ses, scriptOf(ses, zahra, answered(right, 20-right)))[0]
		if got := g.Low.Of100(); got != right*500 || (g.Outcome == exam.Passed) != (right >= 14) {
			t.Errorf("%d right is %d, %v", right, got, g.Outcome)
		}
	}
}

func TestCounts(t *testing.T) {
	ses := session(1, 20, 1)
	ses.Rules.Penalty = exam.Ratio{Num: 1, Den: 3}
	ses.Key.Items["t1.5"] = exam.Item{Right: []sheets.Choice{"2", "3"}}
	ses.Key.Items["t1.6"] = exam.Item{Annulled: true}
	p := paper{
		"q1": marked("1"), "q2": marked("2"), "q3": marked("1", "2"), "q4": doubted(judge.Faint, "1"),
		"q5": marked("3"), "q6": doubted(judge.Several, "1", "2"),
	}
	got := exam.Grades(ses, scriptOf(ses, zahra, p))[0]
	want := exam.Grade{
		Script: "s1", Title: "t1", Rev: 1, Key: 1, Low: exam.Ratio{Num: 9 - 2 - 1, Den: 60}, High: exam.Ratio{Num: 9 - 2 + 3, Den: 60},
		Right: 3, Wrong: 2, Blank: 14, Open: 1, Outcome: exam.Failed,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNoKeyNoGrades(t *testing.T) {
	ses := session(1, 20, 1)
	ses.Key = exam.Key{}
	s := scriptOf(ses, zahra, answered(10, 5).with("q20", doubted(judge.Faint)))
	m := exam.Mark(ses, s, roster(), nil)
	if m.Grades != nil || m.Key != 0 || m.State != exam.InReview {
		t.Errorf("grades %v, key %d, state %v", m.Grades, m.Key, m.State)
	}
	if len(m.Tasks) != 1 || m.Tasks[0].Decisive {
		t.Errorf("tasks %v", m.Tasks)
	}
}

func TestItemWithoutKeyStaysOpen(t *testing.T) {
	ses := session(1, 20, 1)
	delete(ses.Key.Items, "t1.1")
	if g := exam.Grades(ses, scriptOf(ses, zahra, answered(14, 6)))[0]; g.Open != 1 || g.Outcome != exam.Open {
		t.Errorf("got %+v", g)
	}
}

func TestEverythingDroppedPassesNobody(t *testing.T) {
	ses := session(1, 20, 1)
	ses.Rules.Annulled = exam.Dropped
	for id := range ses.Key.Items {
		ses.Key.Items[id] = exam.Item{Annulled: true}
	}
	if g := exam.Grades(ses, scriptOf(ses, zahra, answered(20, 0)))[0]; g.Outcome != exam.Failed {
		t.Errorf("got %+v", g)
	}
}

// small draws a session small enough to try everything, and a paper for it.
func small(t *rapid.T) (*exam.Session, *exam.Script) {
	ses := session(rapid.IntRange(1, 2).Draw(t, "titles"), 3, rapid.IntRange(1, 2).Draw(t, "forms"))
	ses.Rules.Options = 2
	ses.Rules.Pass = exam.Ratio{Num: rapid.IntRange(1, 6).Draw(t, "pass"), Den: 6}
	ses.Rules.Penalty = rapid.SampledFrom([]exam.Ratio{{Num: 0, Den: 1}, {Num: 1, Den: 3}, {Num: 1, Den: 4}, {Num: 1, Den: 1}}).Draw(t, "penalty")
	ses.Rules.Annulled = exam.Annulment(rapid.IntRange(0, 2).Draw(t, "policy"))
	for _, title := range ses.Titles {
		for _, id := range title.Items {
			ses.Key.Items[id] = exam.Item{
				Right:    rapid.SampledFrom([][]sheets.Choice{{"1"}, {"2"}, {"1", "2"}}).Draw(t, "right"),
				Annulled: rapid.IntRange(0, 4).Draw(t, "annulled") == 0,
			}
		}
	}
	p, open := paper{}, 0
	for i := range len(ses.Titles) * 3 {
		m := mark{choices: rapid.SampledFrom(everyMark).Draw(t, "mark")}
		if open < 3 && rapid.IntRange(0, 2).Draw(t, "open") == 0 {
			m, open = doubted(judge.Faint, m.choices...), open+1
		}
		p[q(i+1)] = m
	}
	if len(ses.Forms) > 1 {
		p["form"] = rapid.SampledFrom([]mark{marked("1"), marked("2"), doubted(judge.Missing)}).Draw(t, "form")
	}
	return ses, scriptOf(ses, zahra, p)
}

// everyMark is every way to mark a question of two options.
var everyMark = [][]sheets.Choice{nil, {"1"}, {"2"}, {"1", "2"}}

// completions calls do with s settled in every possible way.
func completions(ses *exam.Session, s *exam.Script, do func(*exam.Script)) {
	for _, a := range exam.Answers(s) {
		if len(a.Doubts) == 0 {
			continue
		}
		ways := everyMark
		if a.Role == sheets.Version {
			ways = [][]sheets.Choice{{"1"}, {"2"}}
		}
		for _, w := range ways {
			completions(ses, rule(s, a.Field, w...), do)
		}
		return
	}
	do(s)
}

func points(r exam.Ratio) float64 { return float64(r.Num) / math.Max(float64(r.Den), 1) }

// TestInterval: the interval spans exactly what every completion of the open marks gives.
func TestInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ses, s := small(t)
		got := exam.Grades(ses, s)
		low, high := make([]float64, len(got)), make([]float64, len(got))
		for i := range got {
			low[i], high[i] = math.Inf(1), math.Inf(-1)
		}
		completions(ses, s, func(done *exam.Script) {
			for i, g := range exam.Grades(ses, done) {
				if g.Low != g.High || g.Open != 0 || g.Outcome == exam.Open {
					t.Fatalf("settled, and yet open: %+v", g)
				}
				if got[i].Outcome != exam.Open && got[i].Outcome != g.Outcome {
					t.Fatalf("decided %v, became %v", got[i].Outcome, g.Outcome)
				}
				low[i], high[i] = min(low[i], points(g.Low)), max(high[i], points(g.Low))
			}
		})
		for i, g := range got {
			if points(g.Low) != low[i] || points(g.High) != high[i] {
				t.Fatalf("%s: %v to %v, the truth is from %v to %v", g.Title, g.Low, g.High, low[i], high[i])
			}
			if n := g.Right + g.Wrong + g.Blank + g.Open; n*ses.Rules.Penalty.Den != g.Low.Den {
				t.Fatalf("%d marks counted of %v", n, g.Low)
			}
		}
	})
}

// TestDecisive: a question is decisive exactly when, the rest settled in some way,
// one answer to it passes a title and another fails it.
func TestDecisive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ses, s := small(t)
		for _, task := range exam.Mark(ses, s, roster(), nil).Tasks {
			if task.Role != sheets.Answer {
				continue
			}
			if got, want := task.Decisive, pivotal(ses, s, task.Field); got != want {
				t.Fatalf("%s: decisive %v, want %v", task.Field, got, want)
			}
		}
	})
}

// pivotal tries everything.
func pivotal(ses *exam.Session, s *exam.Script, field sheets.FieldID) bool {
	found := false
	others := rule(s, field) // settled for now, so that completions leaves it alone
	completions(ses, others, func(done *exam.Script) {
		seen := map[exam.TitleID]map[exam.Outcome]bool{}
		for _, way := range everyMark {
			for _, g := range exam.Grades(ses, rule(done, field, way...)) {
				if seen[g.Title] == nil {
					seen[g.Title] = map[exam.Outcome]bool{}
				}
				seen[g.Title][g.Outcome] = true
				found = found || len(seen[g.Title]) > 1
			}
		}
	})
	return found
}

// TestRulingNeverWidens: whatever a person says of an open field, every interval
// stays inside what it was.
func TestRulingNeverWidens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ses, s := small(t)
		before := exam.Mark(ses, s, roster(), nil)
		if len(before.Tasks) == 0 {
			t.Skip("nothing is open")
		}
		task := rapid.SampledFrom(before.Tasks).Draw(t, "task")
		choices := rapid.SliceOfDistinct(rapid.SampledFrom(task.Options), func(c sheets.Choice) sheets.Choice { return c }).Draw(t, "choices")
		after := exam.Mark(ses, rule(s, task.Field, choices...), roster(), nil)
		for i, g := range after.Grades {
			if b := before.Grades[i]; points(g.Low) < points(b.Low) || points(g.High) > points(b.High) {
				t.Fatalf("%v…%v became %v…%v", b.Low, b.High, g.Low, g.High)
			}
		}
	})
}

// TestRegrading: marking again changes nothing, and the order of forms is nothing.
func TestRegrading(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ses, s := small(t)
		first := exam.Mark(ses, s, roster(), nil)
		if diff := cmp.Diff(first, exam.Mark(ses, s, roster(), []exam.ScriptID{s.ID})); diff != "" {
			t.Fatal(diff)
		}
		slices.Reverse(ses.Forms)
		if diff := cmp.Diff(first, exam.Mark(ses, s, roster(), nil)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestFormsAreFair: the same answers to the same questions give the same grades,
// whichever form they were printed in.
func TestFormsAreFair(t *testing.T) {
	ses := session(3, 20, 4)
	rapid.Check(t, func(t *rapid.T) {
		said := map[exam.ItemID]mark{}
		for id := range ses.Key.Items {
			m := mark{choices: rapid.SampledFrom([][]sheets.Choice{nil, {"1"}, {"1"}, {"2"}, {"1", "4"}}).Draw(t, "mark")}
			if rapid.IntRange(0, 9).Draw(t, "open") == 0 {
				m = doubted(judge.Close, m.choices...)
			}
			said[id] = m
		}
		var first []exam.Grade
		for _, form := range ses.Forms {
			p := paper{"form": marked(sheets.Choice(form.ID))}
			for field, id := range form.At {
				p[field] = said[id]
			}
			got := exam.Grades(ses, scriptOf(ses, zahra, p))
			if first == nil {
				first = got
			}
			if diff := cmp.Diff(first, got); diff != "" {
				t.Fatalf("form %s: %s", form.ID, diff)
			}
		}
	})
}

func BenchmarkMark(b *testing.B) {
	ses := session(6, 20, 2)
	s := scriptOf(ses, zahra, answered(80, 30).with("q5", doubted(judge.Faint)))
	b.ReportAllocs()
	for b.Loop() {
		exam.Mark(ses, s, roster(), nil)
	}
}
