package print

import (
	"fmt"
	"strings"

	"bargkhan/sheets"
	"bargkhan/sheets/typeset"
)

// Header draws the header or end sheet of one stack, as a Batch prints it, on the
// paper of d. name and date are the exam's, and may be empty; without fonts (nil) it carries no text but its code.
func Header(d *sheets.Design, s sheets.Stack, name, date string, fonts *typeset.Fonts) (*typeset.Page, error) {
	p, err := New(d, fonts)
	if err != nil {
		return nil, err
	}
	b := press{Batch: &Batch{Design: d, Name: name, Date: date}, fonts: p.fonts}
	return b.header(s), nil
}

// header is the sheet before a stack, or behind it: what lies here, for people and
// as a code. It has none of the anchors of a sheet of ours, so that no reader takes
// it for one, and black bars to the paper's edge, so that stacks are told apart in a
// pile without opening it.
func (p *press) header(s sheets.Stack) *typeset.Page {
	page := p.empty()
	w, h := page.W, page.H
	bars(page, s.End)
	line := func(y, high, size float64, bold bool, text string) {
		if text != "" {
			page.Text(typeset.Box(20, y, w-20, y+high), typeset.Style{Size: size, Align: typeset.Centre, Bold: bold}, typeset.Span{Text: persianDigits(text)})
		}
	}
	what := "سربرگ دسته"
	if s.End {
		what = "پایان دسته"
	}
	venue := s.Venue
	if venue == "" {
		venue = "برگه‌های سفید (بی‌نام)"
	}
	line(h*0.13, 14, 10, true, fmt.Sprintf("%s %d", what, s.Number))
	line(h*0.20, 10, 5, false, p.Name)
	line(h*0.24, 8, 4, false, p.Date)
	line(h*0.29, 16, 7, true, venue)
	side := min(w, h) * 0.34
	page.QR(typeset.Box((w-side)/2, h*0.37, (w+side)/2, h*0.37+side), s.Text())
	y := h*0.37 + side + 4
	line(y, 9, 5.5, true, fmt.Sprintf("شمار برگه‌های این دسته: %d", s.Sheets))
	line(y+11, 7, 3.6, false, "شمار برگه‌های جمع‌شده: ............   امضای مسئول حوزه: ....................")
	if s.End {
		line(y+20, 7, 3.2, false, "این برگه را پس از واپسین برگهٔ دسته بگذارید و با دسته اسکن کنید.")
	} else {
		line(y+20, 7, 3.2, false, "این برگه را روی دسته بگذارید و با دسته اسکن کنید.")
	}
	page.Text(typeset.Box(20, y+28, w-20, y+33), typeset.Style{Size: 2.8, Align: typeset.Centre, LTR: true}, typeset.Span{Text: s.Session})
	return page
}

// bars are black to both long edges: four before a stack, two behind it.
func bars(page *typeset.Page, end bool) {
	n := 4
	if end {
		n = 2
	}
	for i := range n {
		y := page.H*0.2 + float64(i)*page.H*0.6/float64(max(1, n-1))
		for _, x := range []float64{0, page.W - 14} {
			page.Rect(typeset.Box(x, y-4, x+14, y+4), black)
		}
	}
}

// A list is a table over as many pages as it takes.
type list struct {
	title   string
	about   string // venue, session, date
	heads   []string
	shares  []float64 // of the width, from the right
	rows    [][]string
	rowHigh float64
	foot    string
}

// attendance is the list that people sign.
func attendance(b *Batch, v *Venue) *list {
	l := &list{
		title: "فهرست حضور و امضا", about: about(b, v), rowHigh: 9,
		heads:  []string{"ردیف", "صندلی", "نام و نام خانوادگی", "نام پدر", "کد ملی", "شمارهٔ برگه", "امضا"},
		shares: []float64{1, 1.3, 4.2, 2, 2.3, 2.3, 3.4},
		foot:   "حاضر: ........   غایب: ........   نام و امضای مسئول حوزه: ..............................",
	}
	for i, c := range v.Sheets {
		l.rows = append(l.rows, []string{fmt.Sprint(i + 1), c.Person.Seat, c.Person.Name, c.Person.Father, c.Person.Number, string(c.Stamp.Serial), ""})
	}
	return l
}

// doorList is the list on the door: who sits where. It hangs where everyone passes,
// so it shows no more of a national number than tells two people apart.
func doorList(b *Batch, v *Venue) *list {
	l := &list{
		title: "فهرست صندلی‌ها", about: about(b, v), rowHigh: 8,
		heads:  []string{"ردیف", "نام و نام خانوادگی", "نام پدر", "چهار رقم پایانی کد ملی", "صندلی"},
		shares: []float64{1, 4.5, 2.5, 2.6, 1.6},
	}
	for i, c := range v.Door {
		number := c.Person.Number
		l.rows = append(l.rows, []string{fmt.Sprint(i + 1), c.Person.Name, c.Person.Father, number[max(0, len(number)-4):], c.Person.Seat})
	}
	return l
}

func about(b *Batch, v *Venue) string {
	parts := []string{v.Name, b.Name}
	if b.Date != "" {
		parts = append(parts, b.Date)
	}
	return strings.Join(parts, " · ")
}

// Measures of lists, in mm.
const (
	listSide = 15.0 // margins: room to punch
	listTop  = 14.0
	listHead = 20.0 // titles
	listFoot = 14.0
)

// list writes l, its heading on every page.
func (p *press) list(l *list) error {
	room := p.Design.Size.Y - 2*listTop - listHead - listFoot
	each := int(room/l.rowHigh) - 1
	pages := (len(l.rows) + each - 1) / each
	for n := range pages {
		page := p.empty()
		l.draw(page, l.rows[n*each:min((n+1)*each, len(l.rows))], n+1, pages)
		if err := p.add(page); err != nil {
			return fmt.Errorf("print: %s: %w", l.title, err)
		}
	}
	return nil
}

func (l *list) draw(page *typeset.Page, rows [][]string, number, of int) {
	x0, x1, y := listSide, page.W-listSide, listTop
	text := func(box typeset.Rect, size float64, align typeset.Align, bold bool, s string) {
		if s != "" {
			page.Text(box, typeset.Style{Size: size, Align: align, Bold: bold}, typeset.Span{Text: persianDigits(s)})
		}
	}
	text(typeset.Box(x0, y, x1, y+9), 5.5, typeset.Centre, true, l.title)
	text(typeset.Box(x0, y+9, x1, y+17), 3.4, typeset.Centre, false, l.about)
	y += listHead
	l.row(page, y, l.heads, true)
	for _, row := range rows {
		y += l.rowHigh
		l.row(page, y, row, false)
	}
	bottom := page.H - listTop
	text(typeset.Box(x0, bottom-12, x1, bottom-4), 3.4, typeset.Start, false, l.foot)
	text(typeset.Box(x0, bottom-4, x1, bottom), 2.8, typeset.Centre, false, fmt.Sprintf("صفحهٔ %d از %d", number, of))
}

// row draws one row of cells from the right, each with its border.
func (l *list) row(page *typeset.Page, y float64, cells []string, head bool) {
	sum := 0.0
	for _, s := range l.shares {
		sum += s
	}
	right := page.W - listSide
	for i, s := range l.shares {
		left := right - s/sum*(page.W-2*listSide)
		box := typeset.Box(left, y, right, y+l.rowHigh)
		if head {
			page.Rect(box, typeset.Ink(0.12))
		}
		page.Border(box, 0.2, black)
		if cells[i] != "" {
			size := 3.2
			if head {
				size = 2.8
			}
			page.Text(typeset.Box(left+1, y+0.5, right-1, y+l.rowHigh-0.5), typeset.Style{Size: size, Align: typeset.Centre, Bold: head, Leading: 1.4},
				typeset.Span{Text: persianDigits(cells[i])})
		}
		right = left
	}
}
