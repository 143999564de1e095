package exam

import (
	"cmp"
	"math"
	"slices"

	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// Mark computes all there is to know of a script: whose it is, its grades, what is
// open, and how far it has come. It is a pure function of the session with its
// latest key, the script's facts, the roster, and rivals: the scripts of the
// session whose Claim is this one's too (the script itself may be among them).
//
// Three things stand before grades. A void script (the office ruled that it is
// nobody's) and an absent one have none. While it is unclear whether the candidate
// was absent, Person is left open although Claim is not, so that no grade is final.
//
// A script is absent when the staff's bubble is marked and no question is: marks in
// both are a doubt on the bubble, which a ruling settles either way.
func Mark(ses *Session, s *Script, roster []Candidate, rivals []ScriptID) Marking {
	m := Marking{Script: s.ID, Rev: s.Rev, Key: ses.Key.Version, Stir: s.Stir}
	w := &work{ses: ses, script: s, answers: Answers(s)}
	var ownDigits bool
	m.Claim, w.person, ownDigits = whose(s, w.answers, roster)
	if m.Claim == "" && len(w.person) == 0 {
		m.State = Settled
		return m
	}
	if ownDigits {
		w.digits, w.person = w.person, nil
	}
	if m.Claim != "" && slices.ContainsFunc(rivals, func(r ScriptID) bool { return r != s.ID }) {
		w.person = one(judge.Disagree)
	}
	w.forms, w.form = forms(ses, w.answers)
	w.presence, w.absent = presence(w.answers)
	if len(w.person)+len(w.digits) == 0 && w.presence != unclear {
		m.Person = m.Claim
	}
	if m.Absent = w.presence == away; !m.Absent {
		m.Grades = grades(ses, s, w.answers, w.forms, len(w.form) == 0)
	}
	for i := range m.Grades {
		m.Grades[i].Person = m.Person
	}
	m.Expected = expected(w.answers)
	m.Tasks = w.tasks(m)
	m.State = w.state(m)
	return m
}

// A work is what is known of a script while it is marked.
type work struct {
	ses      *Session
	script   *Script
	answers  []Answer
	forms    []Form        // it may be of
	form     []judge.Doubt // which of them
	person   []judge.Doubt // whose it is, for the office
	digits   []judge.Doubt // of the number grid, for the review desk
	absent   []judge.Doubt // of the staff's bubble
	presence attendance
}

// An attendance is whether the candidate sat the exam.
type attendance uint8

const (
	present attendance = iota
	away
	unclear // a task on the bubble, or on a question, will tell
)

// presence weighs the staff's bubble against the answers.
func presence(answers []Answer) (attendance, []judge.Doubt) {
	i := slices.IndexFunc(answers, func(a Answer) bool { return a.Role == sheets.Presence })
	if i < 0 {
		return present, nil
	}
	bubble := answers[i]
	switch marked, open := attempted(answers); {
	case !bubble.settled():
		return unclear, bubble.Doubts
	case len(bubble.Choices) == 0:
		return present, nil
	case bubble.Ruled:
		return away, nil
	case marked:
		return unclear, one(judge.Disagree)
	case open:
		return unclear, nil
	}
	return away, nil
}

// attempted says whether some question is marked, and whether some may be.
func attempted(answers []Answer) (marked, open bool) {
	for _, a := range answers {
		if a.Role == sheets.Answer {
			marked = marked || len(a.Choices) > 0
			open = open || !a.settled()
		}
	}
	return marked, open
}

// state is how far the script has come.
func (w *work) state(m Marking) State {
	all, scanned := w.script.pages()
	isOpen := func(g Grade) bool { return g.Outcome == Open }
	switch {
	case scanned < all:
		return Partial
	case m.Person == "", len(w.form) > 0 && !m.Absent:
		return Nameless
	case slices.ContainsFunc(m.Grades, isOpen), m.Key == 0 && len(m.Tasks) > 0:
		return InReview
	case len(m.Tasks) > 0:
		return Decided
	}
	return Settled
}

// tasks lists what is open, the decisive first, then the closest calls.
//
// Decisive is exact for a question: the other open marks can be settled so that
// one answer to it passes its title and another fails it. Because an open mark may
// turn out right, wrong or blank, that is so for every question of an Open title
// that is worth something, in any form the script may be of. Which form it is is
// decisive while some title is Open. Whose it is, and whether he was there, is
// decisive while some title may pass. Before there is a key nothing is decisive.
//
// There is no task for what nobody needs: questions that no form asks, opinions,
// the number grid of a personalised sheet left blank, the form and the answers of
// someone absent, and whatever no scan shows.
func (w *work) tasks(m Marking) []Task {
	holds := slices.ContainsFunc(m.Grades, func(g Grade) bool { return g.Outcome != Failed })
	isOpen := slices.ContainsFunc(m.Grades, func(g Grade) bool { return g.Outcome == Open })
	weighs, asked := w.pivots(), w.asked()
	grid := slices.DeleteFunc(slices.Clone(w.answers), func(a Answer) bool { return a.Role != sheets.Identity })
	var out []Task
	for _, a := range w.answers {
		t := w.task(a)
		switch {
		case len(a.Views) == 0:
			continue
		case a.Role == sheets.Identity && len(w.digits) > 0 && asks(w.script, grid, a):
			t.Decisive = holds
		case a.Role == sheets.Presence && len(w.absent) > 0:
			t.Doubts, t.Decisive = w.absent, holds
		case m.Absent:
			continue
		case a.Role == sheets.Version && len(w.form) > 0:
			t.Doubts, t.Decisive, t.Office = w.form, isOpen, a.settled()
		case a.Role == sheets.Answer && !a.settled() && asked[a.Field]:
			t.Decisive = weighs[a.Field]
		default:
			continue
		}
		out = append(out, t)
	}
	if len(w.person) > 0 {
		out = append(out, w.personTask(holds))
	}
	slices.SortStableFunc(out, func(a, b Task) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(margin(a), margin(b)))
	})
	return out
}

// task is the question about a field.
func (w *work) task(a Answer) Task {
	return Task{
		Script: w.script.ID, Rev: w.script.Rev, Field: a.Field, Role: a.Role,
		Options: a.Options, Doubts: a.Doubts, Views: a.Views,
	}
}

// personTask asks the office whose the script is.
func (w *work) personTask(decisive bool) Task {
	t := Task{
		Script: w.script.ID, Rev: w.script.Rev, Field: PersonField, Role: sheets.Identity,
		Doubts: w.person, Decisive: decisive, Office: true,
	}
	for _, sh := range w.script.Sheets {
		t.Views = append(t.Views, View{sh.Scan, sh.Image})
	}
	return t
}

func rank(t Task) int {
	if t.Decisive {
		return 0
	}
	return 1
}

// margin is the closest call among the doubts of t.
func margin(t Task) float64 {
	least := math.Inf(1)
	for _, d := range t.Doubts {
		least = min(least, math.Abs(d.Margin))
	}
	return least
}

// pivots are the questions that can still turn their title, in some form.
func (w *work) pivots() map[sheets.FieldID]bool {
	out := map[sheets.FieldID]bool{}
	byField := make(map[sheets.FieldID]Answer, len(w.answers))
	for _, a := range w.answers {
		byField[a.Field] = a
	}
	for _, f := range w.forms {
		for _, g := range grades(w.ses, w.script, w.answers, []Form{f}, true) {
			if g.Outcome != Open {
				continue
			}
			for field, id := range f.At {
				item := w.ses.Key.Items[id]
				if s := worth(w.ses.Rules, item, byField[field]); w.ses.titleOf(id) == g.Title && s.low != s.high {
					out[field] = true
				}
			}
		}
	}
	return out
}

// titleOf is the title that asks item; empty when none does.
func (ses *Session) titleOf(item ItemID) TitleID {
	for _, t := range ses.Titles {
		if slices.Contains(t.Items, item) {
			return t.ID
		}
	}
	return ""
}

// asked are the fields on which some possible form has a question.
func (w *work) asked() map[sheets.FieldID]bool {
	out := map[sheets.FieldID]bool{}
	for _, f := range w.forms {
		for field := range f.At {
			out[field] = true
		}
	}
	return out
}

// CheckRuling says why r cannot be a ruling on s, as a fault.Invalid; nil when it
// can. It must be about a field of the sheet and choose among its options. To
// overrule another person's standing ruling takes a Note that says why.
func CheckRuling(s *Script, roster []Candidate, r Ruling) error {
	var f flaws
	prior, ruled := standing(s.Rulings)[r.Field]
	if ruled && prior.By != r.By && r.Note == "" {
		f.add("دلیل تغییر را بنویسید.", "دربارهٔ این خانه پیش‌تر شخص دیگری نظر داده است.")
	}
	answers := Answers(s)
	i := slices.IndexFunc(answers, func(a Answer) bool { return a.Field == r.Field })
	switch {
	case r.Withdrawn, r.CannotSay:
		if len(r.Choices) > 0 {
			f.add("گزینه‌ها را بردارید.", "نظری که پس گرفته می‌شود یا «نمی‌توان گفت» است گزینه ندارد.")
		}
	case r.Field == PersonField:
		if _, doubts := ruledPerson(r, roster); len(doubts) > 0 {
			f.add("یک نفر از فهرست داوطلبان را برگزینید، یا هیچ‌کس.", "این شخص در فهرست داوطلبان آزمون نیست.")
		}
	case i < 0:
	default:
		f.checkChoices(answers[i], r.Choices)
	}
	if i < 0 && r.Field != PersonField {
		f.add("صفحه را دوباره باز کنید.", "این برگه خانه‌ای به نام «%s» ندارد.", r.Field)
	}
	return f.join()
}

// checkChoices wants options of the sheet, each once.
func (f *flaws) checkChoices(a Answer, choices []sheets.Choice) {
	for n, c := range choices {
		if !slices.Contains(a.Options, c) || slices.Contains(choices[:n], c) {
			f.add("از گزینه‌های چاپ‌شده برگزینید، هرکدام یک بار.", "«%s» گزینهٔ این خانه نیست یا دو بار آمده است.", c)
		}
	}
}
