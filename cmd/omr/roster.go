package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"bargkhan/api/persian"
	"bargkhan/sheets/print"
)

// A guest is one row of a roster.
type guest struct {
	row    int // in the file, the headings being row 1
	person print.Person
}

// rosterColumns are the headings of a roster, and their Persian names. The file is
// plain: UTF-8, parted by commas, the headings in its first row, in any order. What
// it must hold is marked.
var rosterColumns = []rosterColumn{
	{"name", "نام و نام خانوادگی", "", true, func(p *print.Person) *string { return &p.Name }},
	{"father", "نام پدر", "", false, func(p *print.Person) *string { return &p.Father }},
	{"number", "کد ملی", "", true, func(p *print.Person) *string { return &p.Number }},
	{"employer", "محل خدمت", "", false, func(p *print.Person) *string { return &p.Employer }},
	{"venue", "محل آزمون", "حوزه", true, func(p *print.Person) *string { return &p.Venue }},
	{"seat", "شمارهٔ صندلی", "صندلی", true, func(p *print.Person) *string { return &p.Seat }},
	{"session", "آزمون", "", false, func(p *print.Person) *string { return &p.Session }},
	{"titles", "عنوان‌ها", "", false, func(p *print.Person) *string { return &p.Titles }},
}

// A rosterColumn is one heading: in English, in Persian, and in Persian for short.
type rosterColumn struct {
	name, fa, short string
	must            bool
	put             func(*print.Person) *string
}

// is says whether head means c.
func (c rosterColumn) is(head string) bool {
	key := persian.Key(head)
	return strings.EqualFold(strings.TrimSpace(head), c.name) || key == persian.Key(c.fa) || c.short != "" && key == persian.Key(c.short)
}

// Limits of a roster: the largest province has three thousand people in a session.
const (
	maxRoster     = 64 << 20
	maxRosterRows = 200_000
	maxRosterText = 200 // letters of a cell
)

// readRoster reads the people of a file, ordered by venue and seat. Its error lists
// every fault with its row and what to do.
func readRoster(name string) ([]guest, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxRoster+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxRoster || !utf8.Valid(raw) {
		return nil, fmt.Errorf("%s: a roster is text in UTF-8 of at most %d MB: save it as \"CSV UTF-8\"", name, maxRoster>>20)
	}
	guests, err := parseRoster(raw)
	if err != nil {
		return nil, prefixed(name, err)
	}
	slices.SortStableFunc(guests, bySeat)
	return guests, nil
}

// prefixed puts the file's name before every line of an error.
func prefixed(name string, err error) error {
	return errors.New(name + ": " + strings.ReplaceAll(err.Error(), "\n", "\n"+name+": "))
}

func parseRoster(raw []byte) ([]guest, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	r.FieldsPerRecord = -1
	heads, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("row 1: the headings cannot be read: %w", err)
	}
	columns, err := rosterHeads(heads)
	if err != nil {
		return nil, err
	}
	var guests []guest
	var errs []error
	for row := 2; ; row++ {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.Join(append(errs, fmt.Errorf("row %d: %w: close the quotes of this row", row, err))...)
		}
		if len(guests) == maxRosterRows {
			return nil, fmt.Errorf("more than %d rows: part the roster by venues", maxRosterRows)
		}
		g, err := rosterRow(row, cells, columns)
		guests, errs = append(guests, g), append(errs, err)
	}
	if len(guests) == 0 {
		errs = append(errs, errors.New("it names nobody: add a row for each person"))
	}
	return guests, errors.Join(append(errs, rosterTwice(guests)...)...)
}

// rosterHeads says which column of ours each heading is.
func rosterHeads(heads []string) (columns []int, err error) {
	var errs []error
	for i, head := range heads {
		at := slices.IndexFunc(rosterColumns, func(c rosterColumn) bool { return c.is(head) })
		if at < 0 {
			errs = append(errs, fmt.Errorf("row 1, column %d: the heading %q is not known: take the column out, or call it one of %s", i+1, head, rosterNames()))
		} else if slices.Contains(columns, at) {
			errs = append(errs, fmt.Errorf("row 1, column %d: the heading %q stands twice: take one out", i+1, head))
		}
		columns = append(columns, at)
	}
	for i, c := range rosterColumns {
		if c.must && !slices.Contains(columns, i) {
			errs = append(errs, fmt.Errorf("row 1: there is no column %q (%s): add it", c.name, c.fa))
		}
	}
	return columns, errors.Join(errs...)
}

func rosterNames() string {
	var names []string
	for _, c := range rosterColumns {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}

// rosterRow reads one person.
func rosterRow(row int, cells []string, columns []int) (guest, error) {
	g := guest{row: row}
	if len(cells) != len(columns) {
		return g, fmt.Errorf("row %d: %d cells, but there are %d headings: fill or remove cells", row, len(cells), len(columns))
	}
	var errs []error
	for i, cell := range cells {
		c := rosterColumns[columns[i]]
		text := persian.Display(cell)
		if c.name == "titles" {
			text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '|' }), "، ")
		}
		switch {
		case text == "" && c.must:
			errs = append(errs, fmt.Errorf("row %d, %s: is empty: fill it in", row, c.name))
		case utf8.RuneCountInString(text) > maxRosterText:
			errs = append(errs, fmt.Errorf("row %d, %s: has more than %d letters: shorten it", row, c.name, maxRosterText))
		case c.name == "number" && text != "":
			number, err := persian.National(text)
			if err != nil {
				errs = append(errs, fmt.Errorf("row %d, number: %q: %w: correct it", row, cell, err))
			}
			text = number
		}
		*c.put(&g.person) = text
	}
	return g, errors.Join(errs...)
}

// rosterTwice finds people and seats that stand twice, and rows of another session.
func rosterTwice(guests []guest) (errs []error) {
	people, seats := map[string]int{}, map[[2]string]int{}
	for _, g := range guests {
		p := g.person
		if first := people[p.Number]; first > 0 && p.Number != "" {
			errs = append(errs, fmt.Errorf("row %d, number: %s stands already in row %d: a person has one sheet, take one out", g.row, p.Number, first))
		} else {
			people[p.Number] = g.row
		}
		seat := [2]string{persian.Key(p.Venue), persian.Key(p.Seat)}
		if first := seats[seat]; first > 0 && p.Seat != "" {
			errs = append(errs, fmt.Errorf("row %d, seat: seat %s of %s is taken in row %d: give another seat", g.row, p.Seat, p.Venue, first))
		} else {
			seats[seat] = g.row
		}
		if p.Session != guests[0].person.Session {
			errs = append(errs, fmt.Errorf("row %d, session: %q, but row %d has %q: one print is of one session", g.row, p.Session, guests[0].row, guests[0].person.Session))
		}
	}
	return errs
}

// bySeat orders guests as they are printed. Seats compare as people count.
func bySeat(a, b guest) int {
	return cmp.Or(bytes.Compare(persian.SortKey(a.person.Venue), persian.SortKey(b.person.Venue)),
		strings.Compare(a.person.Venue, b.person.Venue),
		persian.Natural(a.person.Seat, b.person.Seat), cmp.Compare(a.row, b.row))
}

// venuesOf parts copies, ordered by venue and seat, into venues with their door lists.
func venuesOf(copies []print.Copy) (out []print.Venue) {
	for len(copies) > 0 {
		n := slices.IndexFunc(copies, func(c print.Copy) bool { return c.Person.Venue != copies[0].Person.Venue })
		if n < 0 {
			n = len(copies)
		}
		v := print.Venue{Name: copies[0].Person.Venue, Sheets: copies[:n], Door: slices.Clone(copies[:n])}
		persian.Sort(v.Door, func(c print.Copy) string { return c.Person.Name }, func(c print.Copy) string { return c.Person.Father },
			func(c print.Copy) string { return c.Person.Number })
		out, copies = append(out, v), copies[n:]
	}
	return out
}
