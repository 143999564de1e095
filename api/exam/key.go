package exam

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"bargkhan/api/fault"
	"bargkhan/api/persian"
	"bargkhan/sheets"
)

// A KeyText is a key as the office writes it: for each title its answers in the
// order in which a form of the booklet prints them.
type KeyText struct {
	Form   FormID                 `json:"form"` // "": the order of the titles' own Items
	Titles map[TitleID]AnswerList `json:"titles"`
}

// An AnswerList is one title's answers as written, one a question: an option as
// 1–4, ۱–۴, الف ب ج د or A–D; several right options with «/» between them; «حذف»
// for an annulled question.
type AnswerList []string

// UnmarshalJSON reads a list of texts or numbers, or one text of all answers,
// parted by spaces and commas or not parted at all.
func (a *AnswerList) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*a = SplitAnswers(text)
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var list []any
	if err := dec.Decode(&list); err != nil {
		return fmt.Errorf("exam: answers are a text or a list: %w", err)
	}
	*a = make(AnswerList, len(list))
	for i, v := range list {
		(*a)[i] = fmt.Sprint(v)
	}
	return nil
}

// SplitAnswers parts a text of answers at spaces, commas and line ends. A text
// without any is parted after every option: «۱۲۴الفب».
func SplitAnswers(text string) AnswerList {
	text = persian.Display(text)
	parted := func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",،;؛|-", r) }
	if strings.ContainsFunc(text, parted) {
		return strings.FieldsFunc(text, parted)
	}
	var out AnswerList
	for text != "" {
		var n int
		switch {
		case strings.HasPrefix(text, "الف"):
			n = len("الف")
		case strings.HasPrefix(text, "حذف"):
			n = len("حذف")
		default:
			n = len(string([]rune(text)[:1]))
		}
		out, text = append(out, text[:n]), text[n:]
	}
	return out
}

// optionNames are what people call the options besides their numbers.
var optionNames = [...]string{"الف", "ب", "ج", "د", "ه"}

// ParseKey reads a key as the office writes it into items of a Key. Every title
// must have exactly its answers; all faults are told at once, joined.
func ParseKey(ses *Session, text KeyText) (map[ItemID]Item, error) {
	var f flaws
	order, err := printedOrder(ses, text.Form)
	if err != nil {
		return nil, err
	}
	items := map[ItemID]Item{}
	for _, t := range ses.Titles {
		answers := text.Titles[t.ID]
		if len(answers) != len(t.Items) {
			f.add("پاسخ همهٔ پرسش‌ها را به ترتیب بنویسید.", "عنوان «%s»: %s پاسخ نوشته شده و باید %s پاسخ باشد.",
				t.called(), persian.Int(len(answers)), persian.Int(len(t.Items)))
			continue
		}
		for i, answer := range answers {
			item, ok := parseItem(answer, ses.Rules.Options)
			if !ok {
				f.add(fmt.Sprintf("عددی از ۱ تا %s، یکی از حروف الف ب ج د، یا «حذف» بنویسید.", persian.Int(ses.Rules.Options)),
					"عنوان «%s»، پاسخ %s: «%s» گزینه نیست.", t.called(), persian.Int(i+1), answer)
			}
			items[order[t.ID][i]] = item
		}
	}
	for _, id := range slices.Sorted(maps.Keys(text.Titles)) {
		if !slices.ContainsFunc(ses.Titles, func(t Title) bool { return t.ID == id }) {
			f.add("فقط عنوان‌های همین آزمون را بنویسید.", "عنوان «%s» در این آزمون نیست.", id)
		}
	}
	if err := f.join(); err != nil {
		return nil, err
	}
	return items, nil
}

// parseItem reads one answer: an option, several parted by «/», or «حذف».
func parseItem(answer string, options int) (Item, bool) {
	if persian.Key(answer) == "حذف" {
		return Item{Annulled: true}, true
	}
	var item Item
	for part := range strings.SplitSeq(answer, "/") {
		c, ok := parseOption(part, options)
		if !ok {
			return Item{}, false
		}
		item.Right = append(item.Right, c)
	}
	return item, true
}

// parseOption reads one option in any of its names.
func parseOption(s string, options int) (sheets.Choice, bool) {
	key := persian.Key(s)
	n := slices.Index(optionNames[:], key) + 1
	if len(key) == 1 && key[0] >= 'a' && key[0] <= 'e' {
		n = int(key[0]-'a') + 1
	}
	if key == "ا" {
		n = 1
	}
	if n == 0 {
		n, _ = strconv.Atoi(key)
	}
	return sheets.Choice(strconv.Itoa(n)), n >= 1 && n <= options
}

// printedOrder is each title's items in the order in which form prints them.
func printedOrder(ses *Session, form FormID) (map[TitleID][]ItemID, error) {
	order := map[TitleID][]ItemID{}
	for _, t := range ses.Titles {
		order[t.ID] = t.Items
	}
	if form == "" {
		return order, nil
	}
	i := slices.IndexFunc(ses.Forms, func(f Form) bool { return f.ID == form })
	if i < 0 {
		return nil, fault.New(fault.Invalid, fmt.Sprintf("فرم «%s» در این آزمون نیست.", form), "یکی از فرم‌های دفترچه را بنویسید.")
	}
	place := map[ItemID]int{}
	for field, item := range ses.Forms[i].At {
		place[item], _ = strconv.Atoi(strings.TrimPrefix(string(field), "q"))
	}
	for id, items := range order {
		items = slices.Clone(items)
		slices.SortStableFunc(items, func(a, b ItemID) int { return cmp.Compare(place[a], place[b]) })
		order[id] = items
	}
	return order, nil
}
