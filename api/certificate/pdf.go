package certificate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"bargkhan/api/exam"
	"bargkhan/api/persian"
	"bargkhan/sheets/typeset"
)

// PDF writes one A4 landscape page for each certificate, in the order of Sort. A certificate that is not approved
// says so across the page, as does one that was revoked or replaced.
func (r *Registry) PDF(ctx context.Context, w io.Writer, cs []Certificate) error {
	if r.Fonts == nil {
		return errors.New("certificate: PDF needs Registry.Fonts")
	}
	cs = slices.Clone(cs)
	Sort(cs)
	pdf := typeset.NewPDF(w, typeset.Meta{Title: "گواهینامهٔ پایان دورهٔ آموزشی"})
	frame := r.frame()
	for i := range cs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := pdf.Add(r.page(&cs[i], frame)); err != nil {
			return fmt.Errorf("certificate: draw %s: %w", cs[i].Serial, err)
		}
	}
	return pdf.Close()
}

// Sort orders certificates as they are handed out: by employer, then name, then serial.
func Sort(cs []Certificate) {
	persian.Sort(cs,
		func(c Certificate) string { return c.Person.Employer },
		func(c Certificate) string { return c.Person.Name },
		func(c Certificate) string { return string(c.Serial) })
}

// The sheet of paper in mm, and its colours: an ink blue that copies dark, and a
// gold that copies pale, so that a copy differs from the original.
const (
	wide = 297.0
	high = 210.0
)

var (
	blue  = typeset.Color{R: 23, G: 58, B: 94}
	gold  = typeset.Color{R: 176, G: 141, B: 62}
	paper = typeset.Color{R: 255, G: 255, B: 255}
	grey  = typeset.Color{R: 90, G: 90, B: 90}
	red   = typeset.Color{R: 170, G: 30, B: 30}
)

// page draws one certificate over the frame all share.
func (r *Registry) page(c *Certificate, frame *typeset.Page) *typeset.Page {
	p := typeset.NewPage(r.Fonts, wide, high)
	across(p, c)
	p.Use(frame)
	letterhead(p, c)
	body(p, c)
	facts(p, c)
	signatures(p, c)
	r.proof(p, c)
	return p
}

// across writes over the whole page, under everything, what c is not.
func across(p *typeset.Page, c *Certificate) {
	var word string
	var pale typeset.Color
	switch c.State() {
	case Approved, Delivered:
		return
	case Revoked:
		word, pale = "باطل شد", typeset.Color{R: 250, G: 218, B: 214}
	case Replaced:
		word, pale = "جایگزین شد", typeset.Color{R: 250, G: 218, B: 214}
	default:
		word, pale = "پیش‌نویس", typeset.Color{R: 230, G: 233, B: 238}
	}
	p.Text(typeset.Box(25, 62, wide-25, 172), typeset.Style{Size: 58, Align: typeset.Centre, Bold: true, Color: pale}, typeset.Span{Text: word})
}

// text sets a paragraph with Persian digits in a box.
func text(p *typeset.Page, box typeset.Rect, s typeset.Style, spans ...typeset.Span) {
	for i := range spans {
		spans[i].Text = persian.Digits(spans[i].Text)
	}
	p.Text(box, s, spans...)
}

// plain and bold are parts of a sentence.
func plain(s string) typeset.Span { return typeset.Span{Text: s} }
func bold(s string) typeset.Span  { return typeset.Span{Text: s, Bold: true} }

// letterhead is who issued what: the office and the title in the middle, the dates
// at the left, as on a letter.
func letterhead(p *typeset.Page, c *Certificate) {
	centre := typeset.Style{Align: typeset.Centre, Color: blue}
	line := func(y0, y1, size float64, heavy bool, s string) {
		centre.Size, centre.Bold = size, heavy
		text(p, typeset.Box(70, y0, wide-70, y1), centre, plain(s))
	}
	line(21, 27, 4.2, false, "باسمه تعالی")
	line(47.5, 55, 5, true, c.Words.Office)
	line(55, 71, 11, true, "گواهینامهٔ پایان دورهٔ آموزشی")
	row := 27.0
	for _, part := range [][2]string{{"شماره", string(c.Serial)}, {"تاریخ صدور", day(c, Issued)}, {"تاریخ تأیید", day(c, Approved)}} {
		label := typeset.Style{Size: 3.3, Color: grey}
		text(p, typeset.Box(66, row, 86, row+6), label, plain(part[0]+":"))
		value := typeset.Style{Size: 3.5, LTR: true, Align: typeset.End, Color: blue, Bold: true}
		p.Text(typeset.Box(24, row, 65, row+6), value, plain(part[1]))
		row += 6.5
	}
	if n := duplicates(c); n > 0 {
		mark := typeset.Style{Size: 6, Align: typeset.Centre, Bold: true, Color: red}
		text(p, typeset.Box(wide-86, 34, wide-26, 44), mark, plain("المثنی "+persian.Int(n)))
	}
	if s, colour := standing(c); s != "" {
		notice := typeset.Style{Size: 4, Align: typeset.Centre, Bold: true, Color: colour}
		text(p, typeset.Box(wide-86, 26, wide-26, 34), notice, plain(s))
	}
}

// day is the date of the latest act of kind k; a dash when there is none.
func day(c *Certificate, k Kind) string {
	a, ok := c.Act(k)
	if !ok {
		return "—"
	}
	return exam.DateOf(a.At).Jalali().String()
}

// duplicates counts the duplicates made of c.
func duplicates(c *Certificate) (n int) {
	for _, a := range c.Acts {
		if a.Kind == Duplicated {
			n++
		}
	}
	return n
}

// standing is a word of warning about a certificate that proves nothing.
func standing(c *Certificate) (string, typeset.Color) {
	switch c.State() {
	case Approved, Delivered:
		return "", blue
	case Revoked:
		return "باطل شده در تاریخ " + day(c, Revoked), red
	case Replaced:
		return "جایگزین شده در تاریخ " + day(c, Replaced), red
	}
	return "پیش‌نویس؛ تا تأیید اعتبار ندارد", red
}

// body is the sentence that certifies.
func body(p *typeset.Page, c *Certificate) {
	s := []typeset.Span{plain("بدین‌وسیله گواهی می‌شود آقای/خانم "), bold(c.Person.Name)}
	add := func(before, what, after string) {
		if what != "" {
			s = append(s, plain(before), bold(what), plain(after))
		}
	}
	add(" فرزند ", c.Person.Father, "")
	add(" با کد ملی ", string(c.Person.Person), "")
	add("، شاغل در ", c.Person.Employer, "")
	add("، دورهٔ آموزش مکاتبه‌ای ", "«"+c.Title.Name+"»", "")
	add(" از مجموعهٔ ", "«"+c.Words.Set+"»", "")
	add(" را به مدت ", persian.Int(c.Title.Hours)+"\u00a0ساعت", " گذرانده")
	add(" و در آزمون مورخ ", c.Words.Date.Jalali().String(), "")
	score := c.Grade.Low.Of100()
	add(" با کسب نمرهٔ ", persian.ScoreDigits(score), "")
	add(" (به حروف: ", persian.ScoreWords(score), ") از ۱۰۰ پذیرفته شده است.")
	text(p, typeset.Box(34, 75, wide-34, 122), typeset.Style{Size: 6.1, Align: typeset.Justify, Leading: 1.85}, s...)
	text(p, typeset.Box(34, 123, wide-34, 135), typeset.Style{Size: 3.7, Align: typeset.Centre, Color: grey},
		plain("این گواهی به استناد "+c.Words.LegalBasis+"\nصادر شده و با مهر و امضا معتبر است."))
}

// facts repeats in a row what people look for first.
func facts(p *typeset.Page, c *Certificate) {
	cells := [][2]string{
		{"نمره", persian.Score(c.Grade.Low.Of100())},
		{"مدت دوره", persian.Int(c.Title.Hours) + " ساعت"},
		{"نوع دوره", c.Title.Class},
		{"شیوهٔ برگزاری", "مکاتبه‌ای"},
		{"تاریخ آزمون", c.Words.Date.Jalali().Long()},
	}
	cells = slices.DeleteFunc(cells, func(cell [2]string) bool { return cell[1] == "" })
	const left, right, top, bottom = 44.0, wide - 44.0, 138.0, 152.0
	step := (right - left) / float64(len(cells))
	p.Fill(new(typeset.Path).Rounded(typeset.Box(left, top, right, bottom), 2).
		Hole(new(typeset.Path).Rounded(typeset.Box(left+0.25, top+0.25, right-0.25, bottom-0.25), 1.8)), gold)
	for i, cell := range cells {
		x1 := right - float64(i)*step
		x0 := x1 - step
		if i > 0 {
			p.Line(typeset.Point{X: x1, Y: top + 2.5}, typeset.Point{X: x1, Y: bottom - 2.5}, 0.2, gold)
		}
		text(p, typeset.Box(x0+1, top+1, x1-1, top+6.5), typeset.Style{Size: 3.1, Align: typeset.Centre, Color: grey}, plain(cell[0]))
		text(p, typeset.Box(x0+1, top+6, x1-1, bottom-1), typeset.Style{Size: 4.3, Align: typeset.Centre, Bold: true, Color: blue}, plain(cell[1]))
	}
}

// signatures leaves room for two signatures and the seal between them.
func signatures(p *typeset.Page, c *Certificate) {
	place := func(x0, x1 float64, head, name string) {
		text(p, typeset.Box(x0, 155.5, x1, 161.5), typeset.Style{Size: 3.9, Align: typeset.Centre, Bold: true, Color: blue}, plain(head))
		text(p, typeset.Box(x0, 161, x1, 166), typeset.Style{Size: 3.2, Align: typeset.Centre, Color: grey}, plain(name))
		p.Line(typeset.Point{X: x0 + 8, Y: 183}, typeset.Point{X: x1 - 8, Y: 183}, 0.15, grey)
		text(p, typeset.Box(x0, 183.2, x1, 188), typeset.Style{Size: 2.9, Align: typeset.Centre, Color: grey}, plain("نام، سمت و امضا"))
	}
	place(wide-112, wide-34, "صادرکننده", c.Words.Office)
	place(66, 142, "تأییدکننده", "مرجع تأیید گواهینامه‌ها")
	seal := typeset.Box(148, 157.5, 176, 185.5)
	p.Fill(new(typeset.Path).Ellipse(seal).Hole(new(typeset.Path).Ellipse(seal.Inset(0.2))), typeset.Ink(0.25))
	text(p, seal.Inset(4), typeset.Style{Size: 3.2, Align: typeset.Centre, Color: typeset.Ink(0.35)}, plain("جای مهر"))
}

// proof is how anybody finds out whether the certificate is true.
func (r *Registry) proof(p *typeset.Page, c *Certificate) {
	const left, top, side = 28.0, 152.5, 30.0
	p.QR(typeset.Box(left, top, left+side, top+side), r.VerifyURL+string(c.Serial))
	p.Text(typeset.Box(left-4, top+side-1.5, left+side+4, top+side+3), typeset.Style{Size: 3.1, LTR: true, Align: typeset.Centre, Bold: true, Color: blue},
		plain(string(c.Serial)))
	text(p, typeset.Box(left-4, top+side+2.5, left+side+4, top+side+7), typeset.Style{Size: 2.6, Align: typeset.Centre, Color: grey}, plain("اصالت را با این کد بسنجید"))
}
