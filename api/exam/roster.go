package exam

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"bargkhan/api/fault"
	"bargkhan/api/persian"
)

// MaxRoster is the largest roster file that is read, in bytes: over a hundred
// thousand people, where the largest province has three thousand in a session.
const MaxRoster = 16 << 20

// A column is one thing a roster says of a person.
type column uint8

const (
	colNumber column = iota
	colName          // and surname
	colFirst
	colLast
	colFather
	colEmployer
	colVenue
	colSeat
)

// columnNames are what messages call the columns.
var columnNames = [...]string{"کد ملی", "نام و نام خانوادگی", "نام", "نام خانوادگی", "نام پدر", "محل خدمت", "حوزه", "شمارهٔ صندلی"}

// headers are the headings, in any spelling, under which offices write a column.
var headers = map[column][]string{
	colNumber: {"کد ملی", "کدملی داوطلب", "شماره ملی", "شناسه ملی فرد", "national id", "national code", "national number", "nationalid", "person"},
	colName: {
		"نام و نام خانوادگی", "نام ونام خانوادگی", "نام کامل", "نام داوطلب", "نام فراگیر", "نام و نام خانوادگی داوطلب",
		"full name", "name",
	},
	colFirst:    {"نام", "نام کوچک", "first name", "given name"},
	colLast:     {"نام خانوادگی", "فامیلی", "فامیل", "شهرت", "last name", "surname", "family name"},
	colFather:   {"نام پدر", "پدر", "father", "father name"},
	colEmployer: {"محل خدمت", "شهرداری", "دهیاری", "شهرداری / دهیاری", "محل کار", "دستگاه", "نام دهیاری", "نام شهرداری", "employer", "workplace"},
	colVenue:    {"حوزه", "محل آزمون", "حوزه امتحانی", "حوزه آزمون", "نام حوزه", "venue", "hall"},
	colSeat:     {"شماره صندلی", "صندلی", "شماره داوطلب", "شماره داوطلبی", "seat", "seat number", "seat no"},
}

// ParseRoster reads the people of a session from a CSV file: UTF-8 with or without
// a byte order mark, UTF-16, or windows-1256; parted by commas, semicolons or tabs;
// headings in Persian or English, in any order, after any lines of title; Arabic
// letters and Persian digits; national numbers whose zeros a spreadsheet ate.
// Columns it does not know are left out. Venue holds the venue as written: Enrol
// finds its id. Either everything is right, or all faults are told at once, each
// with row, column and remedy, and no candidate is returned.
func ParseRoster(r io.Reader) ([]Candidate, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxRoster+1))
	if err != nil {
		return nil, fmt.Errorf("exam: read roster: %w", err)
	}
	text, err := decode(raw)
	if err != nil {
		return nil, err
	}
	rows, err := records(text)
	if err != nil {
		return nil, err
	}
	return parseRows(rows)
}

// decode brings the bytes of a text file to UTF-8.
func decode(raw []byte) (string, error) {
	switch {
	case len(raw) > MaxRoster:
		return "", fault.New(fault.Invalid, "فهرست از ۱۶ مگابایت بزرگ‌تر است.", "فهرست را به چند آزمون یا به ستون‌های لازم کوتاه کنید.")
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")), bytes.HasPrefix(raw, []byte("\xd0\xcf\x11\xe0")):
		return "", fault.New(fault.Invalid, "این فایل کارپوشهٔ اکسل است، نه CSV.", "در اکسل «ذخیره با نام» و نوع «CSV UTF-8» را برگزینید.")
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")):
		raw = raw[3:]
	case bytes.HasPrefix(raw, []byte("\xff\xfe")):
		return fromUTF16(raw[2:], binary.LittleEndian), nil
	case bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return fromUTF16(raw[2:], binary.BigEndian), nil
	case bytes.IndexByte(raw, 0) >= 0:
		return fromUTF16(raw, binary.LittleEndian), nil // a text has no zero bytes but in UTF-16
	}
	if utf8.Valid(raw) {
		return string(raw), nil
	}
	b, err := charmap.Windows1256.NewDecoder().Bytes(raw)
	if err != nil {
		return "", fault.New(fault.Invalid, "نویسه‌های فایل خوانده نمی‌شوند.", "فایل را با نوع «CSV UTF-8» ذخیره کنید.")
	}
	return string(b), nil
}

func fromUTF16(raw []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = order.Uint16(raw[2*i:])
	}
	return string(utf16.Decode(units))
}

// A row is one line of a roster with its place in the file.
type row struct {
	line  int
	cells []string
}

// records parts a text into rows, by the separator its lines have most of.
func records(text string) ([]row, error) {
	lead := 0
	if first, rest, ok := strings.Cut(text, "\n"); ok && strings.HasPrefix(first, "sep=") {
		text, lead = rest, 1 // a spreadsheet's own line
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = separator(text)
	r.FieldsPerRecord = -1
	var rows []row
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
			return nil, fault.New(fault.Invalid, fmt.Sprintf("سطر %s: گیومهٔ انگلیسی (\") درست بسته نشده است.", persian.Int(bad.StartLine+lead)),
				"گیومه‌ها را در این سطر بردارید یا فایل را دوباره از اکسل ذخیره کنید.")
		}
		if err != nil {
			return nil, fmt.Errorf("exam: read roster: %w", err)
		}
		line, _ := r.FieldPos(0)
		rows = append(rows, row{line + lead, cells})
	}
}

// separator is the one of comma, semicolon and tab that the text's first lines have most of.
func separator(text string) rune {
	lines := strings.SplitN(text, "\n", 12)
	head := strings.Join(lines[:min(len(lines), 11)], "\n")
	best := ','
	for _, r := range ";\t" {
		if strings.Count(head, string(r)) > strings.Count(head, string(best)) {
			best = r
		}
	}
	return best
}

// mostTitleLines is how far down the headings are looked for: offices write the
// names of province, session and hall above, and leave some lines blank.
const mostTitleLines = 20

// parseRows finds the headings and reads what stands below them.
func parseRows(rows []row) ([]Candidate, error) {
	var f flaws
	for i, r := range rows[:min(len(rows), mostTitleLines)] {
		if at, ok := f.headings(r); ok {
			cs := f.people(rows[i+1:], at)
			if len(cs) == 0 && len(f) == 0 {
				f.add("زیر سطر عنوان‌ها برای هر نفر یک سطر بنویسید.", "فهرست هیچ نفری ندارد.")
			}
			if err := f.join(); err != nil {
				return nil, err
			}
			return cs, nil
		}
	}
	f.add("سطری با عنوان‌های «کد ملی»، «نام» و «نام خانوادگی» بالای فهرست بگذارید.", "عنوان ستون‌ها در فهرست پیدا نشد.")
	return nil, f.join()
}

// headings reads r as the row of headings; ok when it has a national number.
func (f *flaws) headings(r row) (at map[column]int, ok bool) {
	at = map[column]int{}
	var found flaws
	for i, cell := range r.cells {
		col, known := heading(cell)
		if _, twice := at[col]; known && twice {
			found.add("یکی از دو ستون را بردارید.", "سطر %s: ستون «%s» دو بار آمده است.", persian.Int(r.line), columnNames[col])
		}
		if known {
			at[col] = i
		}
	}
	if _, ok = at[colNumber]; !ok {
		return nil, false
	}
	if has(at, colName) && has(at, colLast) && !has(at, colFirst) {
		at[colFirst] = at[colName] // "name" and "surname" are two halves
		delete(at, colName)
	}
	if !has(at, colName) && !(has(at, colFirst) && has(at, colLast)) {
		found.add("ستون «نام و نام خانوادگی»، یا دو ستون «نام» و «نام خانوادگی» را بیفزایید.",
			"سطر %s: ستون نام پیدا نشد.", persian.Int(r.line))
	}
	*f = append(*f, found...)
	return at, true
}

func has(at map[column]int, c column) bool {
	_, ok := at[c]
	return ok
}

// heading is the column a heading names.
func heading(cell string) (column, bool) {
	c, ok := headingKeys()[headingKey(cell)]
	return c, ok
}

// headingKeys are the columns by the match keys of their headings.
var headingKeys = sync.OnceValue(func() map[string]column {
	keys := map[string]column{}
	for c, names := range headers {
		for _, name := range names {
			keys[headingKey(name)] = c
		}
	}
	return keys
})

// headingKey is the match key of a heading without its punctuation.
func headingKey(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("_-.:*/()،", r) {
			return -1
		}
		return r
	}, persian.Key(s))
}

// people reads the rows below the headings.
func (f *flaws) people(rows []row, at map[column]int) []Candidate {
	var cs []Candidate
	first := map[PersonID]int{}
	for _, r := range rows {
		if strings.TrimSpace(strings.Join(r.cells, "")) == "" {
			continue
		}
		c := f.candidate(r, at)
		if line, twice := first[c.Person]; twice && c.Person != "" {
			f.add("سطر تکراری را بردارید؛ هر نفر یک سطر دارد.", "سطر %s، ستون «کد ملی»: کد ملی %s در سطر %s هم آمده است.",
				persian.Int(r.line), persian.Digits(string(c.Person)), persian.Int(line))
		} else {
			first[c.Person] = r.line
		}
		cs = append(cs, c)
	}
	return cs
}

// candidate reads one row; Person is empty where the number is at fault.
func (f *flaws) candidate(r row, at map[column]int) Candidate {
	cell := func(c column) string {
		if i, ok := at[c]; ok && i < len(r.cells) {
			return persian.Display(unquote(r.cells[i]))
		}
		return ""
	}
	name := cell(colName)
	if name == "" {
		name = persian.Display(cell(colFirst) + " " + cell(colLast))
	}
	if name == "" {
		f.add("نام را بنویسید، یا اگر سطر اضافی است آن را بردارید.", "سطر %s، ستون «نام»: خالی است.", persian.Int(r.line))
	}
	number, err := persian.National(cell(colNumber))
	if err != nil {
		f.add(numberRemedy(err), "سطر %s، ستون «کد ملی»: %s («%s»).", persian.Int(r.line), err, persian.Digits(cell(colNumber)))
		number = ""
	}
	return Candidate{
		Person: PersonID(number), Name: name, Father: cell(colFather), Employer: cell(colEmployer),
		Venue: VenueID(cell(colVenue)), Seat: cell(colSeat),
	}
}

// unquote takes off what people put around numbers to keep spreadsheets from eating zeros.
func unquote(cell string) string {
	cell = strings.TrimSpace(cell)
	if inner, ok := strings.CutPrefix(cell, `="`); ok {
		return strings.TrimSuffix(inner, `"`)
	}
	return strings.TrimPrefix(cell, "'")
}

// numberRemedy is what to do about a national number at fault.
func numberRemedy(err error) string {
	switch {
	case errors.Is(err, persian.ErrNationalEmpty):
		return "کد ملی را بنویسید، یا اگر سطر اضافی است آن را بردارید."
	case errors.Is(err, persian.ErrNationalChars):
		return "ستون را در اکسل از نوع «متن» کنید و کد ملی را دوباره بنویسید."
	}
	return "کد ملی را با کارت ملی بسنجید و درست کنید."
}

// Enrol returns the candidates with the id of their venue in place of its name. A
// session with one venue needs none written. Venues it does not have are faults,
// all told at once.
func (ses *Session) Enrol(cs []Candidate) ([]Candidate, error) {
	var f flaws
	known := map[string]VenueID{}
	for _, v := range ses.Venues {
		known[persian.Key(v.Name)], known[persian.Key(string(v.ID))] = v.ID, v.ID
	}
	if len(ses.Venues) == 1 {
		known[""] = ses.Venues[0].ID
	}
	out := slices.Clone(cs)
	for i, c := range out {
		id, ok := known[persian.Key(string(c.Venue))]
		if !ok && len(ses.Venues) > 0 {
			f.add("نام یکی از حوزه‌های آزمون را بنویسید.", "«%s» (کد ملی %s): حوزهٔ «%s» در این آزمون نیست.",
				c.Name, persian.Digits(string(c.Person)), c.Venue)
		}
		out[i].Venue = id
	}
	if err := f.join(); err != nil {
		return nil, err
	}
	return out, nil
}
