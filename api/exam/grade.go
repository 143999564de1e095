package exam

import (
	"slices"

	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// A span is what one or several answers are worth, in points times Penalty.Den:
// at least low, at most high, whatever open marks turn out to be.
type span struct{ low, high int }

func (a span) plus(b span) span { return span{a.low + b.low, a.high + b.high} }

// worth is what one answer to item is worth under rules. An open answer may turn
// out to be anything the sheet allows: blank, any one option, several.
//
//	right        + Den
//	wrong        − Num: an option that is not right, and more than one option
//	blank          0
//	annulled       nothing is counted (Dropped); + Den for all (CreditedToAll);
//	             + Den for any mark, 0 for none (CreditedIfAnswered)
func worth(r Rules, item Item, a Answer) span {
	full, less := r.Penalty.Den, -r.Penalty.Num
	switch {
	case item.Annulled && r.Annulled == Dropped:
		return span{}
	case item.Annulled && r.Annulled == CreditedToAll:
		return span{full, full}
	case item.Annulled && !a.settled():
		return span{0, full}
	case item.Annulled && len(a.Choices) > 0:
		return span{full, full}
	case item.Annulled:
		return span{}
	case !a.settled():
		return span{less, full}
	case len(a.Choices) == 0:
		return span{}
	case len(a.Choices) == 1 && slices.Contains(item.Right, a.Choices[0]):
		return span{full, full}
	}
	return span{less, less}
}

// A tally is one title of a script in one form.
type tally struct {
	span
	counted, right, wrong, blank, open int
}

// tallyOf counts title over the answers, in form.
func tallyOf(ses *Session, title Title, form Form, answers map[sheets.FieldID]Answer) tally {
	at := make(map[ItemID]sheets.FieldID, len(form.At))
	for field, item := range form.At {
		at[item] = field
	}
	var t tally
	for _, id := range title.Items {
		item, keyed := ses.Key.Items[id]
		a, asked := answers[at[id]]
		if !keyed || !asked { // CheckKey and CheckDesign see to it that there is none
			item, a = Item{}, Answer{Doubts: one(judge.Lost)}
		}
		if item.Annulled && ses.Rules.Annulled == Dropped {
			continue
		}
		t.counted++
		t.count(worth(ses.Rules, item, a), ses.Rules.Penalty, a)
	}
	return t
}

// count adds one answer worth s.
func (t *tally) count(s span, penalty Ratio, a Answer) {
	t.span = t.plus(s)
	switch {
	case s.low != s.high:
		t.open++
	case s.low == penalty.Den:
		t.right++
	case len(a.Choices) == 0:
		t.blank++
	default:
		t.wrong++
	}
}

// forms are the forms s can be of: one when it is settled, else all, and whether
// it is settled. A session with one form needs no mark, but a mark of another is
// a doubt.
func forms(ses *Session, answers []Answer) ([]Form, []judge.Doubt) {
	i := slices.IndexFunc(answers, func(a Answer) bool { return a.Role == sheets.Version })
	if i < 0 || len(ses.Forms) == 1 && blank(answers[i]) {
		if len(ses.Forms) == 1 {
			return ses.Forms, nil
		}
		return ses.Forms, one(judge.Missing)
	}
	a := answers[i]
	if !a.settled() {
		return ses.Forms, a.Doubts
	}
	if len(a.Choices) == 1 {
		for _, f := range ses.Forms {
			if string(f.ID) == string(a.Choices[0]) {
				return []Form{f}, nil
			}
		}
	}
	return ses.Forms, one(judge.Unknown)
}

// Grades grades every title of s, which belongs to nobody yet: Mark sets Person.
// It is a pure function; before there is a key it returns nothing.
//
// Low and High are points over counted items, exactly: 14/20. With a penalty of
// 1/3 they are thirds of points over thirds of items: 42/60. They may be below
// zero. Low and High have the same Den, the number of counted items times
// Penalty.Den. Right, Wrong, Blank and Open add up to the counted items; an item
// credited by annulment is Right. Open marks are those that can still change the
// score; while the form is open, every mark of the title is, and the interval
// spans what the title would be in any form.
func Grades(ses *Session, s *Script) []Grade {
	answers := Answers(s)
	possible, doubts := forms(ses, answers)
	return grades(ses, s, answers, possible, len(doubts) == 0)
}

// grades grades s in the possible forms; known says that which one is not open.
func grades(ses *Session, s *Script, answers []Answer, possible []Form, known bool) []Grade {
	if ses.Key.Version == 0 || len(possible) == 0 {
		return nil
	}
	byField := make(map[sheets.FieldID]Answer, len(answers))
	for _, a := range answers {
		byField[a.Field] = a
	}
	out := make([]Grade, 0, len(ses.Titles))
	for _, title := range ses.Titles {
		t := tallyOf(ses, title, possible[0], byField)
		for _, f := range possible[1:] {
			u := tallyOf(ses, title, f, byField)
			t.span = span{min(t.low, u.low), max(t.high, u.high)}
		}
		if !known {
			t = tally{span: t.span, counted: t.counted, open: t.counted}
		}
		den := t.counted * ses.Rules.Penalty.Den
		g := Grade{
			Script: s.ID, Title: title.ID, Rev: s.Rev, Key: ses.Key.Version,
			Low: Ratio{t.low, den}, High: Ratio{t.high, den},
			Right: t.right, Wrong: t.wrong, Blank: t.blank, Open: t.open,
		}
		g.Outcome = outcome(g, ses.Rules.Pass)
		out = append(out, g)
	}
	return out
}

// outcome is what an interval means: cross-multiplied, never rounded.
func outcome(g Grade, pass Ratio) Outcome {
	switch {
	case g.Low.Reaches(pass):
		return Passed
	case !g.High.Reaches(pass):
		return Failed
	}
	return Open
}
