package deck

import (
	"fmt"
	"io"

	"bargkhan/sheets"
	"bargkhan/sheets/geom"
	"bargkhan/sheets/print"
	"bargkhan/sheets/typeset"
)

// Shares of black ink of printed marks: a well filled bubble, a third of it, and
// what a rubber leaves.
const (
	fullInk  = 0.85
	paleInk  = 0.34
	ghostInk = 0.16
)

// A Printer draws the cards of a deck. It is safe for concurrent use.
type Printer struct {
	deck    *Deck
	own     *print.Printer
	foreign *print.Printer
	fonts   *typeset.Fonts
}

// Printer prepares to draw d. Without fonts (nil) cards carry no text.
func (d *Deck) Printer(fonts *typeset.Fonts) (*Printer, error) {
	own, err := print.New(d.Design, fonts)
	if err != nil {
		return nil, err
	}
	other := *d.Design // the same figures under another name are another design
	other.ID += "-other"
	foreign, err := print.New(&other, fonts)
	if err != nil {
		return nil, err
	}
	return &Printer{d, own, foreign, fonts}, nil
}

// PDF writes the cards to w in their order.
func (d *Deck) PDF(w io.Writer, fonts *typeset.Fonts) error {
	p, err := d.Printer(fonts)
	if err != nil {
		return err
	}
	out := typeset.NewPDF(w, typeset.Meta{Title: "برگه‌های آزمایشی " + string(d.Design.ID)})
	for i := range d.Cards {
		page, err := p.Page(&d.Cards[i])
		if err != nil {
			return err
		}
		if err := out.Add(page); err != nil {
			return err
		}
	}
	return out.Close()
}

// Page draws a card of the printer's deck.
func (p *Printer) Page(c *Card) (*typeset.Page, error) {
	printer := p.own
	if c.Returned() {
		printer = p.foreign
	}
	page, err := printer.Page(print.Copy{Stamp: sheets.Stamp{Serial: c.Serial, Test: true}}, c.Page)
	if err != nil {
		return nil, fmt.Errorf("deck: card %d: %w", c.Number, err)
	}
	pg := &p.deck.Design.Pages[c.Page-1]
	for _, m := range c.marks {
		f := &pg.Fields[m.field]
		draw(page, f.Outline, f.Bubbles[m.bubble].Box, m.style)
	}
	p.name(page, pg, c)
	switch c.Kind {
	case Upended:
		return p.placed(page, 1, 180), nil
	case Small:
		return p.placed(page, 0.97, 0), nil
	case Large:
		return p.placed(page, 1.03, 0), nil
	}
	return page, page.Err()
}

func (p *Printer) placed(page *typeset.Page, scale, degrees float64) *typeset.Page {
	out := typeset.NewPage(p.fonts, page.W, page.H)
	out.UseAs(page, scale, degrees)
	return out
}

// name says on the card what it is, between the lower stamp and the corner.
func (p *Printer) name(page *typeset.Page, pg *sheets.Page, c *Card) {
	code := pg.Codes[len(pg.Codes)-1]
	box := typeset.Box(code.Max.X+4, code.Min.Y, page.W-24, code.Max.Y)
	text := fmt.Sprintf("برگهٔ آزمایشی %s از %s: %s", persian(c.Number), persian(len(p.deck.Cards)), words[c.Kind])
	page.Text(box, typeset.Style{Size: 3.6, Align: typeset.Centre, Bold: true}, typeset.Span{Text: text})
}

// words are the kinds for people.
var words = map[Kind]string{
	Once: "هر بیضی یک بار", Blank: "بی‌علامت", All: "همهٔ بیضی‌ها", Doubles: "دو علامت", Least: "کمترین علامت", Pale: "کم‌رنگ",
	Ticks: "تیک", Crosses: "ضربدر", Erasures: "پاک‌شده", Upended: "وارونه", Small: "۹۷ درصد", Large: "۱۰۳ درصد", Foreign: "طرح دیگر",
}

// persian writes n in Persian digits.
func persian(n int) string {
	out := []rune(fmt.Sprint(n))
	for i := range out {
		out[i] += '۰' - '0'
	}
	return string(out)
}

// draw draws one mark on the bubble in box.
func draw(page *typeset.Page, o sheets.Outline, box geom.Rect[geom.Paper], style Kind) {
	c, w, h := box.Center(), box.W(), box.H()
	line := func(x0, y0, x1, y1, width float64) {
		page.Line(typeset.Point{X: c.X + x0, Y: c.Y + y0}, typeset.Point{X: c.X + x1, Y: c.Y + y1}, width, typeset.Ink(fullInk))
	}
	fill := func(ink float64) { page.Fill(figure(o, box.Inset(0.12)), typeset.Ink(ink)) }
	switch style {
	case Blank:
		fill(ghostInk)
	case Pale:
		fill(paleInk)
	case Least:
		line(-0.325, 0, 0.325, 0, 0.35) // square ends make it 1 mm
	case Ticks:
		line(-0.30*w, 0, -0.08*w, 0.42*h, 0.45)
		line(-0.08*w, 0.42*h, 0.40*w, -0.60*h, 0.45)
	case Crosses:
		line(-0.36*w, -0.48*h, 0.36*w, 0.48*h, 0.45)
		line(-0.36*w, 0.48*h, 0.36*w, -0.48*h, 0.45)
	default:
		fill(fullInk)
	}
}

func figure(o sheets.Outline, box geom.Rect[geom.Paper]) *typeset.Path {
	switch o {
	case sheets.Ellipse:
		return new(typeset.Path).Ellipse(box)
	case sheets.Rectangle:
		return new(typeset.Path).Rect(box)
	default:
		return new(typeset.Path).Stadium(box)
	}
}
