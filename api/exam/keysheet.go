package exam

import (
	"maps"
	"slices"

	"bargkhan/api/fault"
	"bargkhan/api/persian"
	"bargkhan/omr/count"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// KeyFromSheet reads the items of a key from the verdicts of a filled key sheet, and
// the form of the booklet that they are of. Several marks are several right answers.
// A question that is left blank must be one of annulled. What is in doubt, or blank
// without being annulled, or marked though it is, is a fault.Invalid; all are told at
// once.
func KeyFromSheet(ses *Session, verdicts []judge.Verdict, annulled []sheets.FieldID) (FormID, map[ItemID]Item, error) {
	said := map[sheets.FieldID]judge.Verdict{}
	for _, v := range verdicts {
		said[v.Field] = v
	}
	form, err := formOfSheet(ses, said)
	if err != nil {
		return "", nil, err
	}
	var f flaws
	items := map[ItemID]Item{}
	byNumber := func(a, b sheets.FieldID) int { return persian.Natural(string(a), string(b)) }
	for _, field := range slices.SortedFunc(maps.Keys(form.At), byNumber) {
		item := form.At[field]
		var verdict *judge.Verdict
		if v, seen := said[field]; seen {
			verdict = &v
		}
		answer, flaw := count.Row(verdict, slices.Contains(annulled, field))
		switch flaw {
		case count.Unclear:
			f.add("علامت‌های این ردیف را پررنگ یا کاملاً پاک کنید و برگه را دوباره اسکن کنید.", "پرسش %s روشن خوانده نمی‌شود.", fieldName(field))
		case count.Marked:
			f.add("ردیف آن را پاک کنید یا حذف آن را بردارید.", "پرسش %s حذف شده است ولی پاسخ دارد.", fieldName(field))
		case count.Empty:
			f.add("پاسخ درست را علامت بزنید یا پرسش را حذف‌شده بنامید.", "پرسش %s پاسخ ندارد.", fieldName(field))
		default:
			items[item] = Item(answer)
		}
	}
	if err := f.join(); err != nil {
		return "", nil, err
	}
	return form.ID, items, nil
}

// formOfSheet is the form that is marked on a key sheet, or the only one there is.
func formOfSheet(ses *Session, said map[sheets.FieldID]judge.Verdict) (*Form, error) {
	v, asked := said["form"]
	if !asked && len(ses.Forms) == 1 {
		return &ses.Forms[0], nil
	}
	if len(v.Doubts) == 0 && len(v.Choices) == 1 {
		if i := slices.IndexFunc(ses.Forms, func(f Form) bool { return string(f.ID) == string(v.Choices[0]) }); i >= 0 {
			return &ses.Forms[i], nil
		}
	}
	return nil, fault.New(fault.Invalid, "کد دفترچهٔ برگهٔ کلید روشن نیست.", "کد دفترچه را روی برگه علامت بزنید و دوباره اسکن کنید.")
}

// fieldName is the number of a question, for people.
func fieldName(f sheets.FieldID) string { return persian.Digits(string(f[min(1, len(f)):])) }

// KeyDifferences are the items of which two entries of a key say different things,
// in the order of the session's titles; none if they agree. The order in which
// several right answers stand says nothing.
func KeyDifferences(ses *Session, a, b map[ItemID]Item) (out []ItemID) {
	for _, t := range ses.Titles {
		for _, id := range t.Items {
			x, inA := a[id]
			y, inB := b[id]
			if inA != inB || !count.Answer(x).Equal(count.Answer(y)) {
				out = append(out, id)
			}
		}
	}
	return out
}
