package exam_test

import (
	"fmt"
	"slices"
	"strconv"

	"bargkhan/api/exam"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// A paper is what one scan of a sheet says, field by field; a field it does not
// name is blank.
type paper map[sheets.FieldID]mark

// A mark is one verdict.
type mark struct {
	choices []sheets.Choice
	doubts  []judge.Doubt
}

// marked is a settled mark of the given options.
func marked(choices ...sheets.Choice) mark { return mark{choices: choices} }

// doubted is a field in doubt.
func doubted(r judge.Reason, choices ...sheets.Choice) mark {
	return mark{choices, []judge.Doubt{{Reason: r, Margin: 0.1}}}
}

// session has the given titles of the given number of items, in forms: form 1 as
// it is, form 2 with every title's items backwards, further ones shifted.
func session(titles, items, forms int) *exam.Session {
	rules := exam.NationalRules()
	rules.ItemsPerTitle = items
	ses := &exam.Session{
		ID: "1405-09-urban-1", Name: "آزمون پاییز", Province: "00", Office: "دفتر امور شهری", Set: "مجموعهٔ یک",
		Date: exam.Date{Year: 2026, Month: 11, Day: 22}, Rules: rules,
		Venues: []exam.Venue{{ID: "a", Name: "تالار رودکی"}},
		Key:    exam.Key{Version: 1, Items: map[exam.ItemID]exam.Item{}},
	}
	for t := range titles {
		title := exam.Title{ID: exam.TitleID("t" + strconv.Itoa(t+1)), Name: "عنوان " + strconv.Itoa(t+1), Hours: 8, Class: "شغلی"}
		for i := range items {
			id := exam.ItemID(fmt.Sprintf("t%d.%d", t+1, i+1))
			title.Items = append(title.Items, id)
			ses.Key.Items[id] = exam.Item{Right: []sheets.Choice{"1"}}
		}
		ses.Titles = append(ses.Titles, title)
	}
	for f := range forms {
		form := exam.Form{ID: exam.FormID(strconv.Itoa(f + 1)), At: map[sheets.FieldID]exam.ItemID{}}
		for t, title := range ses.Titles {
			printed := slices.Clone(title.Items)
			if f == 1 {
				slices.Reverse(printed)
			}
			for i := range printed {
				form.At[sheets.FieldID("q"+strconv.Itoa(t*items+i+1))] = printed[(i+max(f-1, 0))%items]
			}
		}
		ses.Forms = append(ses.Forms, form)
	}
	return ses
}

// design is a sheet for ses; with a number grid on a spare.
func design(ses *exam.Session, spare bool) *sheets.Design {
	var fields []sheets.Field
	add := func(id string, role sheets.Role, choices ...string) {
		f := sheets.Field{ID: sheets.FieldID(id), Role: role}
		for _, c := range choices {
			f.Bubbles = append(f.Bubbles, sheets.Bubble{Choice: sheets.Choice(c)})
		}
		fields = append(fields, f)
	}
	if spare {
		for i := range 10 {
			add("nn."+strconv.Itoa(i), sheets.Identity, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
		}
	}
	add("absent", sheets.Presence, "1")
	if len(ses.Forms) > 1 {
		var ids []string
		for _, f := range ses.Forms {
			ids = append(ids, string(f.ID))
		}
		add("form", sheets.Version, ids...)
	}
	options := []string{"1", "2", "3", "4"}[:ses.Rules.Options]
	for i := range len(ses.Titles) * ses.Rules.ItemsPerTitle {
		add("q"+strconv.Itoa(i+1), sheets.Answer, options...)
	}
	return &sheets.Design{ID: "test", Pages: []sheets.Page{{Fields: fields}}}
}

const (
	zahra = exam.PersonID("0932833810")
	ali   = exam.PersonID("0076229645")
)

func roster() []exam.Candidate {
	return []exam.Candidate{{Person: zahra, Name: "زهرا احمدی"}, {Person: ali, Name: "علی رضایی"}}
}

// scriptOf is the script of scans of one sheet, printed for owner or a spare.
func scriptOf(ses *exam.Session, owner exam.PersonID, scans ...paper) *exam.Script {
	s := &exam.Script{ID: "s1", Session: ses.ID, Serial: "0000000012", Spare: owner == "", Owner: owner, Rev: len(scans)}
	s.Design = design(ses, s.Spare)
	for i, p := range scans {
		sh := exam.Sheet{
			Scan: exam.ScanID("scan" + strconv.Itoa(i+1)), Image: 1,
			Reading: omr.Reading{Stamp: sheets.Stamp{Page: 1, Serial: s.Serial}},
		}
		for _, f := range s.Design.Pages[0].Fields {
			m := p[f.ID]
			sh.Verdicts = append(sh.Verdicts, judge.Verdict{Field: f.ID, Choices: m.choices, Doubts: m.doubts})
		}
		s.Sheets = append(s.Sheets, sh)
	}
	return s
}

// rule appends a ruling.
func rule(s *exam.Script, field sheets.FieldID, choices ...sheets.Choice) *exam.Script {
	c := *s
	c.Rulings = append(slices.Clone(s.Rulings), exam.Ruling{Field: field, Choices: choices, By: "reviewer"})
	c.Rev++
	return &c
}

// answered marks right of the first items right, then wrong ones wrong, in form 1.
func answered(right, wrong int) paper {
	p := paper{"form": marked("1")}
	for i := range right + wrong {
		c := sheets.Choice("1")
		if i >= right {
			c = "2"
		}
		p[q(i+1)] = marked(c)
	}
	return p
}

func q(n int) sheets.FieldID { return sheets.FieldID("q" + strconv.Itoa(n)) }

// with returns p with one field changed.
func (p paper) with(f sheets.FieldID, m mark) paper {
	c := paper{}
	for k, v := range p {
		c[k] = v
	}
	c[f] = m
	return c
}

// fields lists what tasks ask about.
func fields(ts []exam.Task) []sheets.FieldID {
	var out []sheets.FieldID
	for _, t := range ts {
		out = append(out, t.Field)
	}
	return out
}
