package sheets

import (
	"fmt"
	"slices"
	"strings"
)

// A Description says in a few words what an office wants on its sheet. Zero values
// mean the defaults of the national sheet, given at each field.
//
// There are four kinds of sheets: with a person's name printed (the default), a
// Spare without one, a Key sheet, and a survey, which has Surveys and no Blocks and
// names nobody.
type Description struct {
	ID           DesignID  // of the design that is laid out; it must be given
	Paper        string    // "A4" (default), "A5" or "Letter"
	Logo         string    // at the top: a PNG or SVG as a data URI, see Picture
	Issuer       string    // the office, above the title
	Title        string    // «پاسخنامهٔ آزمون»
	Session      string    // which exam this is
	Date         string    // of the exam, as it is to be printed
	Blocks       []Block   // in the order of the booklet; one to twelve
	Surveys      []Opinion // of a survey, one to twenty
	Options      int       // of every question, 2 to 10; 4
	Labels       []string  // of the options, in their order; ۱ ۲ ۳ …
	Directions   Directions
	Forms        int  // of the booklet, 0 to 10; with 0 or 1 the sheet does not ask
	Presence     bool // a bubble «غایب» for the hall's staff
	Spare        bool // a sheet without a name: a number grid and lines to write on
	Key          bool // a sheet to write the right answers on; several may be right
	Digits       int  // of the number grid of a spare, 1 to 15, or −1 for no grid; 10
	Header       []HeaderLine
	Instructions []string // one paragraph each, at most eight
	Footer       string
}

// A Block is one title's questions. Questions are numbered through all blocks, and
// a block is never parted between two pages.
type Block struct {
	Title     string
	Questions int // 1 to 100; 20
}

// An Opinion is a group of statements with the same choices: opinions on a scale, or
// with Many, any number of choices. Without Items its Title is the one statement.
type Opinion struct {
	Title  string
	Items  []string // at most thirty
	Labels []string // of the choices, in their order; 2 to 10
	Many   bool
}

// A HeaderLine is one thing about the person, printed by its Slot.
type HeaderLine struct {
	Slot  string
	Label string
}

// A Direction is which way things are counted across the paper.
type Direction uint8

// The directions. On the sheets Persian candidates know everything runs from left
// to right, whatever the language.
const (
	LeftToRight Direction = iota
	RightToLeft
)

// A RowOrder is which way the questions of a block are counted.
type RowOrder uint8

// The row orders.
const (
	Down   RowOrder = iota // down each column
	Up                     // up each column
	Across                 // along each row
)

// Directions are data of a design and never follow from a language. A question's
// number stands where its options begin.
type Directions struct {
	Options Direction
	Columns Direction // of questions, and of the blocks
	Rows    RowOrder
	Digits  Direction // of the number grid, the most significant first
}

// The slots of a sheet: what the printer fills in for each person and each stamp.
const (
	SlotName     = "name"     // and surname
	SlotFather   = "father"   // father's name
	SlotNumber   = "number"   // national number
	SlotEmployer = "employer" // municipality or dehyari
	SlotVenue    = "venue"
	SlotSeat     = "seat"
	SlotSession  = "session"
	SlotTitles   = "titles" // that the person sits for
	SlotSerial   = "serial" // of the stamp, in digits for people
	SlotCode     = "code"   // the stamp's text, as a QR code
)

// PersonSlots lists the slots a header may use, in their usual order.
func PersonSlots() []string {
	return []string{SlotName, SlotFather, SlotNumber, SlotEmployer, SlotVenue, SlotSeat, SlotSession, SlotTitles}
}

// labelSets are the labels that a file may ask for by name.
var labelSets = map[string][]string{
	"digits": {"۱", "۲", "۳", "۴", "۵", "۶", "۷", "۸", "۹", "۱۰"},
	"abjad":  {"الف", "ب", "ج", "د", "هـ", "و", "ز", "ح", "ط", "ی"},
	"latin":  {"A", "B", "C", "D", "E", "F", "G", "H", "I", "J"},
}

// survey says whether s asks for opinions.
func (s *Description) survey() bool { return len(s.Surveys) > 0 }

// named says whether s is printed for a person.
func (s *Description) named() bool { return !s.Spare && !s.Key && !s.survey() }

// narrow says whether the paper has no room for two things side by side.
func (s *Description) narrow() bool { return s.Paper == "A5" }

func (s Description) withDefaults() Description {
	s.Paper = or(s.Paper, "A4")
	switch {
	case s.Key:
		s.Title = or(s.Title, "برگهٔ کلید آزمون")
	case s.survey():
		s.Title = or(s.Title, "برگهٔ نظرسنجی")
	}
	s.Title = or(s.Title, "پاسخنامهٔ آزمون")
	s.Options = or(s.Options, 4)
	s.Digits = or(s.Digits, 10)
	if len(s.Labels) == 0 {
		for i := range s.Options {
			s.Labels = append(s.Labels, persian(i+1))
		}
	}
	s.Blocks = slices.Clone(s.Blocks)
	for i := range s.Blocks {
		s.Blocks[i].Questions = or(s.Blocks[i].Questions, 20)
	}
	if len(s.Header) == 0 && !s.survey() && !s.Key {
		s.Header = defaultHeader(s.Spare && s.narrow())
	}
	if len(s.Instructions) == 0 {
		s.Instructions = defaultInstructions(s)
	}
	return s
}

// defaultHeader are the lines about a person; few are those that find a person when
// there is no room for more.
func defaultHeader(few bool) []HeaderLine {
	all := []HeaderLine{
		{SlotName, "نام و نام خانوادگی"},
		{SlotFather, "نام پدر"},
		{SlotNumber, "کد ملی"},
		{SlotEmployer, "محل خدمت"},
		{SlotVenue, "محل آزمون"},
		{SlotSeat, "شمارهٔ صندلی"},
	}
	if few {
		return []HeaderLine{all[0], all[3], all[4]}
	}
	return all
}

func defaultInstructions(s Description) []string {
	switch {
	case s.survey():
		return []string{
			"نام خود را ننویسید؛ پاسخ‌ها بی‌نام شمرده می‌شوند و به هیچ‌کس پیوند نمی‌خورند.",
			"بیضی پاسخ خود را با مداد مشکی نرم یا خودکار کامل و پررنگ پر کنید.",
		}
	case s.Key:
		return []string{
			"گزینهٔ درست هر پرسش را کامل و پررنگ پر کنید؛ اگر چند گزینه درست است، همه را پر کنید.",
			"ردیف پرسش حذف‌شده را خالی بگذارید و شمارهٔ آن را به دفتر آزمون بگویید.",
			"برای هر کد دفترچه دو نفر، جدا از هم، هر یک یک برگه پر می‌کنند؛ دو برگه با هم سنجیده می‌شوند.",
		}
	case s.Spare && s.narrow():
		return []string{
			"با مداد مشکی نرم بیضی را کامل و پررنگ پر کنید.",
			"کد ملی را بالای جدول بنویسید و زیر هر رقم بیضی همان رقم را پر کنید.",
			"روی کدها و نشانه‌های کناره ننویسید.",
		}
	}
	lines := []string{
		"پاسخ‌ها را با مداد مشکی نرم (HB یا B2) علامت بزنید و بیضی را کامل و پررنگ پر کنید.",
		"برای هر پرسش تنها یک گزینه را پر کنید؛ برای تغییر پاسخ، علامت پیشین را کاملاً پاک کنید.",
		"برگه را تا نکنید و در حاشیه‌ها، روی کدها و روی نشانه‌های گوشه و کناره چیزی ننویسید.",
	}
	if s.Forms > 1 {
		lines = append(lines, "کد دفترچهٔ پرسش‌های خود را پیش از پاسخ‌گویی در جای آن علامت بزنید.")
	}
	switch {
	case s.Spare && s.Digits > 0:
		return append(lines, "کد ملی را در خانه‌های بالای جدول بنویسید و زیر هر رقم، بیضی همان رقم را پر کنید.")
	case s.Spare:
		return append(lines, "مشخصات خود را خوانا بنویسید.")
	}
	return append(lines, "مشخصات چاپ‌شده را با مشخصات خود بسنجید و هر مغایرت را همان لحظه به مسئول جلسه بگویید.")
}

// validate reports every value out of its range, by the names of the file.
func (s *Description) validate() error {
	var f faults
	fault := func(where, format string, args ...any) {
		f.add(fmt.Errorf("sheet.%s: %s", where, fmt.Sprintf(format, args...)))
	}
	if s.ID == "" || badText(string(s.ID)) {
		fault("id", "a name is expected, such as \"national-3x20\"")
	}
	if !slices.ContainsFunc(Frames(), func(f Frame) bool { return f.Name == s.Paper }) {
		fault("paper", "%q is not one of A4, A5, Letter", s.Paper)
	}
	if s.Options < 2 || s.Options > 10 {
		fault("options", "%d is not from 2 to 10", s.Options)
	}
	if len(s.Labels) != s.Options {
		fault("labels", "%d labels for %d options", len(s.Labels), s.Options)
	}
	if s.Forms < 0 || s.Forms > 10 {
		fault("forms", "%d is not from 0 to 10", s.Forms)
	}
	if s.Digits < -1 || s.Digits > 15 {
		fault("digits", "%d is not from 0 to 15", s.Digits)
	}
	if s.Digits != 10 && !s.Spare {
		fault("digits", "only a spare has a number grid: set \"spare\", or leave the digits out")
	}
	if s.Logo != "" {
		if err := checkPicture(s.Logo); err != nil {
			fault("logo", "%v", err)
		}
	}
	s.validateKind(fault)
	s.validateLists(fault)
	return f.join()
}

// validateKind reports what cannot stand together on one sheet.
func (s *Description) validateKind(fault func(where, format string, args ...any)) {
	if s.Key && (s.Spare || s.Presence || len(s.Header) > 0) {
		fault("key", "a key sheet is not a candidate's: leave out spare, presence and header")
	}
	if !s.survey() {
		return
	}
	if len(s.Blocks) > 0 || s.Key {
		fault("surveys", "a survey is a sheet of its own: give its blocks or key a sheet of theirs")
	}
	if s.Spare || s.Presence || s.Forms > 1 || len(s.Header) > 0 {
		fault("surveys", "a survey is never linked to a person: leave out spare, presence, forms and header")
	}
}

// validateLists is validate for what there are several of.
func (s *Description) validateLists(fault func(where, format string, args ...any)) {
	if !s.survey() && (len(s.Blocks) < 1 || len(s.Blocks) > 12) {
		fault("blocks", "a sheet has from 1 to 12 blocks, not %d", len(s.Blocks))
	}
	for i, b := range s.Blocks {
		if b.Questions < 1 || b.Questions > 100 {
			fault(fmt.Sprintf("blocks[%d].questions", i), "%d is not from 1 to 100", b.Questions)
		}
	}
	if len(s.Surveys) > 20 {
		fault("surveys", "%d groups are more than the 20 that fit", len(s.Surveys))
	}
	for i, g := range s.Surveys {
		where := fmt.Sprintf("surveys[%d].", i)
		if n := len(g.Labels); n < 2 || n > 10 {
			fault(where+"labels", "%d labels: a scale has from 2 to 10", n)
		}
		if len(g.Items) > 30 {
			fault(where+"items", "%d statements are more than the 30 that fit", len(g.Items))
		}
		if len(g.Items) == 0 && g.Title == "" {
			fault(where+"title", "a group without items needs a title to ask about")
		}
	}
	if len(s.Header) > 8 {
		fault("header", "%d lines are more than the 8 that fit", len(s.Header))
	}
	for i, h := range s.Header {
		if !slices.Contains(PersonSlots(), h.Slot) {
			fault(fmt.Sprintf("header[%d].slot", i), "%q is not one of %q", h.Slot, PersonSlots())
		}
	}
	if len(s.Instructions) > 8 {
		fault("instructions", "%d paragraphs are more than the 8 that fit", len(s.Instructions))
	}
}

// persian writes n in Persian digits.
func persian(n int) string {
	return strings.Map(func(r rune) rune { return r - '0' + '۰' }, fmt.Sprint(n))
}
