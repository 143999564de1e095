package exam

import (
	"slices"

	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// An Answer is what a script says in one field, after all its scans and rulings.
// It is settled when it has no Doubts. An answer on a page of which there is no
// scan is Hidden and has no Views.
type Answer struct {
	Field   sheets.FieldID
	Role    sheets.Role
	Options []sheets.Choice // in the sheet's order
	Choices []sheets.Choice // in the sheet's order
	Doubts  []judge.Doubt
	Views   []View
	Ruled   bool    // a person has decided it
	Wrong   float64 // of what the machine settled, the probability that it is wrong; 0: not known
}

// settled says that nothing about a is open.
func (a Answer) settled() bool { return len(a.Doubts) == 0 }

// Answers returns what s says in every field of its design, in the design's order.
//
// A ruling outranks every verdict: the latest on a field stands, and with one that
// is withdrawn or cannot say the field stands as if never ruled on. Of several
// scans of one page, one that could not see a field says nothing about it where
// another could; the others must agree, or the field is in doubt: Disagree.
func Answers(s *Script) []Answer {
	if s.Design == nil {
		return nil
	}
	rulings := standing(s.Rulings)
	var out []Answer
	for p := range s.Design.Pages {
		scans := scansOf(s, p+1)
		for _, field := range s.Design.Pages[p].Fields {
			a := Answer{Field: field.ID, Role: field.Role, Options: options(field)}
			a.weigh(scans)
			if r, ok := rulings[field.ID]; ok {
				a.Choices, a.Doubts, a.Ruled, a.Wrong = inOrder(a.Options, r.Choices), nil, true, 0
			}
			out = append(out, a)
		}
	}
	return out
}

// standing is the ruling that stands on each field that has one.
func standing(rs []Ruling) map[sheets.FieldID]Ruling {
	latest := map[sheets.FieldID]Ruling{}
	for _, r := range rs {
		if r.Withdrawn || r.CannotSay {
			delete(latest, r.Field)
		} else {
			latest[r.Field] = r
		}
	}
	return latest
}

// A scan is one read page with its verdicts by field.
type scan struct {
	view     View
	verdicts map[sheets.FieldID]judge.Verdict
}

// scansOf are the scans of one page of the sheet, from 1, in the order they came.
func scansOf(s *Script, page int) []scan {
	var out []scan
	for i := range s.Sheets {
		sh := &s.Sheets[i]
		if sh.Reading.Stamp.Page != page {
			continue
		}
		c := scan{View{sh.Scan, sh.Image}, make(map[sheets.FieldID]judge.Verdict, len(sh.Verdicts))}
		for _, v := range sh.Verdicts {
			c.verdicts[v.Field] = v
		}
		out = append(out, c)
	}
	return out
}

// options are the choices of a field in the sheet's order.
func options(f sheets.Field) []sheets.Choice {
	out := make([]sheets.Choice, len(f.Bubbles))
	for i, b := range f.Bubbles {
		out[i] = b.Choice
	}
	return out
}

// inOrder returns the choices once each, in the order of the options; what is no
// option comes last.
func inOrder(options, choices []sheets.Choice) []sheets.Choice {
	var out []sheets.Choice
	for _, c := range slices.Concat(options, choices) {
		if slices.Contains(choices, c) && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// unseen says whether v could not see its field: then it says nothing about it.
func unseen(v judge.Verdict) bool {
	return len(v.Doubts) > 0 && !slices.ContainsFunc(v.Doubts, func(d judge.Doubt) bool {
		return d.Reason != judge.Lost && d.Reason != judge.Hidden
	})
}

// weigh makes one answer of what the scans say of its field.
func (a *Answer) weigh(scans []scan) {
	var saw, blind []judge.Verdict
	for _, c := range scans {
		a.Views = append(a.Views, c.view)
		v, ok := c.verdicts[a.Field]
		switch {
		case !ok:
			v = judge.Verdict{Field: a.Field, Doubts: []judge.Doubt{{Reason: judge.Lost}}}
			blind = append(blind, v)
		case unseen(v):
			blind = append(blind, v)
		default:
			saw = append(saw, v)
		}
	}
	if len(saw)+len(blind) == 0 {
		a.Doubts = []judge.Doubt{{Reason: judge.Hidden}}
		return
	}
	if len(saw) == 0 {
		saw, blind = blind, nil
	}
	a.Choices = inOrder(a.Options, saw[0].Choices)
	for _, v := range saw {
		a.Doubts = append(a.Doubts, v.Doubts...)
		a.agree(slices.Equal(inOrder(a.Options, v.Choices), a.Choices))
	}
	for _, v := range blind { // what little it saw must be there
		a.agree(!slices.ContainsFunc(v.Choices, func(c sheets.Choice) bool { return !slices.Contains(a.Choices, c) }))
	}
	a.Doubts = distinct(a.Doubts)
	if a.settled() {
		a.Wrong = wrong(saw)
	}
}

// wrong is the probability that what settled scans agree on is wrong: no higher than that
// of the surest. 0 if it is known of none.
func wrong(saw []judge.Verdict) (least float64) {
	for _, v := range saw {
		if v.Wrong > 0 && (least == 0 || v.Wrong < least) {
			least = v.Wrong
		}
	}
	return least
}

// agree notes that two scans disagree, unless they do not.
func (a *Answer) agree(same bool) {
	if !same {
		a.Doubts = append(a.Doubts, judge.Doubt{Reason: judge.Disagree})
	}
}

// distinct leaves one doubt of each reason and choice: the closest call.
func distinct(ds []judge.Doubt) []judge.Doubt {
	var out []judge.Doubt
	for _, d := range ds {
		i := slices.IndexFunc(out, func(e judge.Doubt) bool { return e.Reason == d.Reason && e.Choice == d.Choice })
		if i < 0 {
			out = append(out, d)
		} else {
			out[i].Margin = min(out[i].Margin, d.Margin)
		}
	}
	return out
}

// pages counts the pages of the sheet, and those of which there is a scan.
func (s *Script) pages() (all, scanned int) {
	if s.Design == nil {
		return 1, 0
	}
	for p := range s.Design.Pages {
		if len(scansOf(s, p+1)) > 0 {
			scanned++
		}
	}
	return len(s.Design.Pages), scanned
}
