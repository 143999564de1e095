package exam_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

func TestMayScan(t *testing.T) {
	sheet, spare := sheets.Digest{1}, sheets.Digest{2}
	at := func(minute int) time.Time { return time.Unix(int64(minute)*60, 0) }
	check := func(station string, d sheets.Digest, minute, differences int) exam.DeckCheck {
		return exam.DeckCheck{Station: station, Design: d, Cards: 16, Differences: differences, At: at(minute)}
	}
	waiver := func(station string, minute int) exam.DeckWaiver {
		return exam.DeckWaiver{Station: station, Name: "مریم احمدی", Reason: "همان دستگاه هفتهٔ پیش", At: at(minute)}
	}
	unsigned := waiver("a", 9)
	unsigned.Name = " "
	both := []sheets.Digest{sheet, spare}
	cases := map[string]struct {
		designs  []sheets.Digest
		stations []string
		checks   []exam.DeckCheck
		waivers  []exam.DeckWaiver
		says     string // of the refusal; empty: it may be opened
	}{
		"passed":                   {both, []string{"a"}, []exam.DeckCheck{check("a", sheet, 1, 0), check("a", spare, 1, 0)}, nil, ""},
		"one design untested":      {both, []string{"a"}, []exam.DeckCheck{check("a", sheet, 1, 0)}, nil, "«a» آزمایش نشده"},
		"one station untested":     {both[:1], []string{"a", "b"}, []exam.DeckCheck{check("a", sheet, 1, 0)}, nil, "«b» آزمایش نشده"},
		"failed, then passed":      {both[:1], []string{"a"}, []exam.DeckCheck{check("a", sheet, 1, 3), check("a", sheet, 2, 0)}, nil, ""},
		"passed, then failed":      {both[:1], []string{"a"}, []exam.DeckCheck{check("a", sheet, 2, 3), check("a", sheet, 1, 0)}, nil, "«a» در آزمایش رد شده"},
		"of no cards":              {both[:1], []string{"a"}, []exam.DeckCheck{{Station: "a", Design: sheet, At: at(1)}}, nil, "رد شده"},
		"waived":                   {both, []string{"a"}, nil, []exam.DeckWaiver{waiver("a", 1)}, ""},
		"waived elsewhere":         {both, []string{"a"}, nil, []exam.DeckWaiver{waiver("b", 1)}, "آزمایش نشده"},
		"waived by nobody":         {both, []string{"a"}, nil, []exam.DeckWaiver{unsigned}, "آزمایش نشده"},
		"failed after the waiver":  {both[:1], []string{"a"}, []exam.DeckCheck{check("a", sheet, 5, 1)}, []exam.DeckWaiver{waiver("a", 1)}, "رد شده"},
		"failed before the waiver": {both[:1], []string{"a"}, []exam.DeckCheck{check("a", sheet, 5, 1)}, []exam.DeckWaiver{waiver("a", 6)}, ""},
		"no station":               {both, nil, nil, nil, "ایستگاه"},
		"no design":                {nil, []string{"a"}, nil, nil, "طرح"},
	}
	for name, c := range cases {
		err := exam.MayScan(&exam.Session{Designs: c.designs}, c.stations, c.checks, c.waivers)
		if c.says == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.says != "" && (!errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want a conflict that says %q", name, err, c.says)
		}
	}
}

// verdicts are those of a key sheet on which every question says 1.
func verdicts(questions int, form sheets.Choice) []judge.Verdict {
	out := []judge.Verdict{{Field: "form", Choices: []sheets.Choice{form}}}
	for i := range questions {
		out = append(out, judge.Verdict{Field: sheets.FieldID("q" + digits(i+1)), Choices: []sheets.Choice{"1"}})
	}
	return out
}

func digits(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return digits(n/10) + digits(n%10)
}

func TestKeyFromSheet(t *testing.T) {
	ses := session(2, 5, 2)
	vs := verdicts(10, "2")
	vs[1].Choices = []sheets.Choice{"2", "4"} // q1 of form 2, where titles run backwards
	vs[10].Choices = nil
	form, items, err := exam.KeyFromSheet(ses, vs, []sheets.FieldID{"q10"})
	if err != nil {
		t.Fatal(err)
	}
	if got := items["t1.5"]; form != "2" || len(items) != 10 || len(got.Right) != 2 || !items["t2.1"].Annulled || items["t2.2"].Annulled {
		t.Errorf("form %s, %+v", form, items)
	}
	first := verdicts(10, "1")
	first[5].Choices = []sheets.Choice{"4", "2"} // q5 of form 1 is the same item
	first[6].Choices = nil                       // t2.1 is q6 there
	_, again, err := exam.KeyFromSheet(ses, first, []sheets.FieldID{"q6"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := exam.KeyDifferences(ses, items, again); len(diff) != 0 {
		t.Errorf("two entries of one key differ in %v", diff)
	}
	again["t1.3"] = exam.Item{Right: []sheets.Choice{"3"}}
	delete(again, "t2.4")
	if diff := exam.KeyDifferences(ses, items, again); len(diff) != 2 || diff[0] != "t1.3" || diff[1] != "t2.4" {
		t.Errorf("they differ in %v", diff)
	}
}

func TestKeyFromSheetRefuses(t *testing.T) {
	ses := session(1, 5, 2)
	faint := verdicts(5, "1")
	faint[2].Doubts = []judge.Doubt{{Reason: judge.Faint}}
	faint[3].Choices = nil
	_, _, err := exam.KeyFromSheet(ses, faint, []sheets.FieldID{"q5"})
	for _, want := range []string{"پرسش ۲ روشن", "پرسش ۳ پاسخ ندارد", "پرسش ۵ حذف شده"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %q: %v", want, err)
		}
	}
	for name, vs := range map[string][]judge.Verdict{"another form": verdicts(5, "3"), "no form": verdicts(5, "1")[1:]} {
		if _, _, err := exam.KeyFromSheet(ses, vs, nil); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if form, _, err := exam.KeyFromSheet(session(1, 5, 1), verdicts(5, "1")[1:], nil); err != nil || form != "1" {
		t.Errorf("the only form: %q, %v", form, err)
	}
}
