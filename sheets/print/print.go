// Package print draws designs: as PDF for the printer, as pixels for tests and
// previews. Both come from the same figures, exactly where the design says they
// are, because the reader will look for them there.
package print

import (
	"fmt"
	"image"
	"io"
	"iter"
	"slices"

	"bargkhan/sheets"
	"bargkhan/sheets/geom"
	"bargkhan/sheets/typeset"
)

// A Person is what a personalised sheet says about who sits before it, as it is to
// be shown; digits are printed in Persian. Empty parts are left empty.
type Person struct {
	Name     string // and surname
	Father   string
	Number   string // national number
	Employer string
	Venue    string
	Seat     string
	Session  string // where a sheet names its session for each person
	Titles   string // that the person sits for, as they are to be read
}

// A Copy is one sheet of paper to print: its stamp, and whom it is for. Of the
// stamp only Serial and Test are the caller's; a Check that is not the design's own
// is an error, and zero means the design's.
type Copy struct {
	Stamp   sheets.Stamp
	Person  Person
	Edition int // of the paper with this serial: from 2 on it is printed beside it; 0 is 1
}

// A Printer draws copies of one design. It is safe for concurrent use.
type Printer struct {
	design *sheets.Design
	check  sheets.Check
	fonts  *typeset.Fonts
	base   []*typeset.Page // what is the same on every copy
}

// New prepares to print d, which must be valid. Without fonts (nil) sheets carry no
// text, which is enough for pictures that are measured.
func New(d *sheets.Design, fonts *typeset.Fonts) (*Printer, error) {
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("print: design %s: %w", d.ID, err)
	}
	p := &Printer{design: d, check: d.Digest().Head(), fonts: fonts}
	for i := range d.Pages {
		page := typeset.NewPage(fonts, d.Size.X, d.Size.Y)
		if err := base(page, &d.Pages[i], d.Size); err != nil {
			return nil, fmt.Errorf("print: design %s: %w", d.ID, err)
		}
		p.base = append(p.base, page)
	}
	return p, nil
}

// Page draws page number (from 1) of one copy.
func (p *Printer) Page(c Copy, number int) (*typeset.Page, error) {
	if number < 1 || number > len(p.base) {
		return nil, fmt.Errorf("print: design %s has no page %d", p.design.ID, number)
	}
	if zero := (sheets.Check{}); c.Stamp.Check != zero && c.Stamp.Check != p.check {
		return nil, fmt.Errorf("print: the stamp is of revision %s, but design %s is revision %s", c.Stamp.Check, p.design.ID, p.check)
	}
	c.Stamp.Check, c.Stamp.Page = p.check, number
	page := typeset.NewPage(p.fonts, p.design.Size.X, p.design.Size.Y)
	page.Use(p.base[number-1])
	d := &p.design.Pages[number-1]
	if len(d.Codes) > 0 {
		bits, err := c.Stamp.Bits()
		if err != nil {
			return nil, fmt.Errorf("print: %w", err)
		}
		for _, box := range d.Codes {
			stamp(page, box, bits)
		}
	}
	for i := range d.Decor {
		if d.Decor[i].Slot != "" {
			slot(page, &d.Decor[i], &c)
		}
	}
	if err := page.Err(); err != nil {
		return nil, fmt.Errorf("print: sheet %s: %w", c.Stamp.Serial, err)
	}
	return page, nil
}

// PDF writes every page of every copy to w as they come; memory stays flat. After
// each copy progress, if not nil, is told how many are done.
func PDF(w io.Writer, d *sheets.Design, copies iter.Seq[Copy], fonts *typeset.Fonts, progress func(done int)) error {
	p, err := New(d, fonts)
	if err != nil {
		return err
	}
	out := typeset.NewPDF(w, typeset.Meta{Title: d.Title})
	done := 0
	for c := range copies {
		if err := p.Add(out, c); err != nil {
			return err
		}
		done++
		if progress != nil {
			progress(done)
		}
	}
	return out.Close()
}

// Add writes every page of one copy to a PDF that may hold other things too.
func (p *Printer) Add(out *typeset.PDF, c Copy) error {
	for n := range p.base {
		page, err := p.Page(c, n+1)
		if err != nil {
			return err
		}
		if err := out.Add(page); err != nil {
			return err
		}
	}
	return nil
}

// Raster draws page number (from 1) of one copy as grey pixels.
func Raster(d *sheets.Design, number int, c Copy, dpi float64, fonts *typeset.Fonts) (*image.Gray, error) {
	p, err := New(d, fonts)
	if err != nil {
		return nil, err
	}
	return p.Raster(c, number, dpi)
}

// Raster draws page number (from 1) of one copy as grey pixels.
func (p *Printer) Raster(c Copy, number int, dpi float64) (*image.Gray, error) {
	page, err := p.Page(c, number)
	if err != nil {
		return nil, err
	}
	return page.Gray(dpi)
}

// slot draws what is different on every copy.
func slot(page *typeset.Page, d *sheets.Decor, c *Copy) {
	if d.Kind == sheets.Code {
		page.QR(d.Box, c.Stamp.Text())
		return
	}
	text := map[string]string{
		sheets.SlotName: c.Person.Name, sheets.SlotFather: c.Person.Father, sheets.SlotNumber: c.Person.Number,
		sheets.SlotEmployer: c.Person.Employer, sheets.SlotVenue: c.Person.Venue, sheets.SlotSeat: c.Person.Seat,
		sheets.SlotSession: c.Person.Session, sheets.SlotTitles: c.Person.Titles, sheets.SlotSerial: serial(c),
	}[d.Slot]
	paragraph(page, d, text)
}

// serial is the serial as it is printed for people.
func serial(c *Copy) string {
	if c.Edition > 1 {
		return fmt.Sprintf("%s (چاپ %d)", c.Stamp.Serial, c.Edition)
	}
	return string(c.Stamp.Serial)
}

// paragraph sets the text of d, in Persian digits.
func paragraph(page *typeset.Page, d *sheets.Decor, text string) {
	if text == "" {
		return
	}
	align := [...]typeset.Align{sheets.Start: typeset.Start, sheets.Centre: typeset.Centre, sheets.End: typeset.End}[d.Align]
	page.Text(d.Box, typeset.Style{Size: d.Size, Align: align, Bold: d.Bold, Color: typeset.Ink(d.Ink)},
		typeset.Span{Text: persianDigits(text)})
}

// persianDigits shows ASCII digits as Persian ones, but for those of a Latin word,
// such as the pencil B2.
func persianDigits(s string) string {
	latin := func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }
	digit := func(r rune) bool { return r >= '0' && r <= '9' }
	out := []rune(s)
	for i := 0; i < len(out); i++ {
		from := i
		for i < len(out) && (digit(out[i]) || latin(out[i])) {
			i++
		}
		if word := out[from:i]; !slices.ContainsFunc(word, latin) {
			for k := range word {
				word[k] += '۰' - '0'
			}
		}
	}
	return string(out)
}

type rect = geom.Rect[geom.Paper]
