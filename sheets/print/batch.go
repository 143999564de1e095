package print

import (
	"errors"
	"fmt"
	"io"

	"bargkhan/sheets"
	"bargkhan/sheets/typeset"
)

// A Batch is all the paper of a session: for each venue its door list, its
// attendance list and its stacks of sheets, each between a header and an end sheet;
// behind all venues the spares, in stacks of their own.
type Batch struct {
	Design  *sheets.Design
	Spare   *sheets.Design // of the spares; may be nil if there are none
	Session string         // as the header's code says it
	Name    string         // of the session, on lists and headers
	Date    string         // of the exam, as it is to be printed; may be empty
	Stack   int            // sheets of a stack at most; 0 is DefaultStack
	Venues  []Venue        // in the order they are printed
	Spares  []Copy
}

// A Venue is one hall and who sits there.
type Venue struct {
	Name   string
	Sheets []Copy // in the order of the seats
	Door   []Copy // the same, in the order of the door list
}

// DefaultStack is what a feeder of a small scanner takes at once, with its header
// and its end.
const DefaultStack = 48

// Sheets is how many sheets of people and spares b has.
func (b *Batch) Sheets() int {
	n := len(b.Spares)
	for _, v := range b.Venues {
		n += len(v.Sheets)
	}
	return n
}

// Stacks are the stacks of b in the order they are printed, as their headers say
// them: no stack holds sheets of two venues, and those of a venue are as equal as
// can be.
func (b *Batch) Stacks() []sheets.Stack {
	var out []sheets.Stack
	add := func(venue string, n int) {
		for _, size := range equal(n, b.stack()) {
			out = append(out, sheets.Stack{Session: b.Session, Venue: venue, Number: len(out) + 1, Sheets: size})
		}
	}
	for _, v := range b.Venues {
		add(v.Name, len(v.Sheets))
	}
	add("", len(b.Spares))
	return out
}

func (b *Batch) stack() int {
	if b.Stack > 0 {
		return b.Stack
	}
	return DefaultStack
}

// equal parts n into the fewest parts of at most most, as equal as can be.
func equal(n, most int) []int {
	parts := make([]int, (n+most-1)/most)
	for i := range parts {
		parts[i] = (n*(i+1))/len(parts) - (n*i)/len(parts)
	}
	return parts
}

// A press writes a batch.
type press struct {
	*Batch
	out      *typeset.PDF
	fonts    *typeset.Fonts
	own      *Printer
	spare    *Printer
	stacks   []sheets.Stack // still to come
	progress func(done int)
	done     int
}

// PDF writes all of b to w; memory stays flat, whatever the number of sheets. After
// each sheet progress, if not nil, is told how many are done. Equal batches give
// equal files.
func (b *Batch) PDF(w io.Writer, fonts *typeset.Fonts, progress func(done int)) error {
	p, err := b.press(w, fonts)
	if err != nil {
		return err
	}
	p.progress = progress
	for i := range b.Venues {
		if err := p.venue(&b.Venues[i]); err != nil {
			return err
		}
	}
	if err := p.pile(p.spare, b.Spares); err != nil {
		return err
	}
	return p.out.Close()
}

func (b *Batch) press(w io.Writer, fonts *typeset.Fonts) (*press, error) {
	p := &press{Batch: b, fonts: fonts, stacks: b.Stacks()}
	if len(p.stacks) == 0 {
		return nil, errors.New("print: a batch without sheets")
	}
	if len(b.Spares) > 0 && b.Spare == nil {
		return nil, errors.New("print: spares need a design of their own, with a number grid")
	}
	var err error
	if p.own, err = New(b.Design, fonts); err != nil {
		return nil, err
	}
	if b.Spare != nil {
		if b.Spare.Size != b.Design.Size {
			return nil, fmt.Errorf("print: the spares' paper of %v by %v mm is not that of the sheets: one print is on one paper", b.Spare.Size.X, b.Spare.Size.Y)
		}
		if p.spare, err = New(b.Spare, fonts); err != nil {
			return nil, err
		}
	}
	p.out = typeset.NewPDF(w, typeset.Meta{Title: b.Name})
	return p, nil
}

// venue writes everything of one hall.
func (p *press) venue(v *Venue) error {
	if len(v.Sheets) == 0 {
		return nil
	}
	for _, list := range []*list{doorList(p.Batch, v), attendance(p.Batch, v)} {
		if err := p.list(list); err != nil {
			return err
		}
	}
	return p.pile(p.own, v.Sheets)
}

// pile writes sheets in stacks.
func (p *press) pile(printer *Printer, copies []Copy) error {
	for len(copies) > 0 {
		s := p.stacks[0]
		p.stacks = p.stacks[1:]
		end := s
		end.End = true
		if err := p.add(p.header(s)); err != nil {
			return err
		}
		for _, c := range copies[:s.Sheets] {
			if err := printer.Add(p.out, c); err != nil {
				return err
			}
			p.done++
			if p.progress != nil {
				p.progress(p.done)
			}
		}
		if err := p.add(p.header(end)); err != nil {
			return err
		}
		copies = copies[s.Sheets:]
	}
	return nil
}

// add writes a sheet of one page. Where sheets have a back, so has this one: a batch
// printed on both sides never shares a sheet of paper between two things.
func (p *press) add(page *typeset.Page) error {
	if err := p.out.Add(page); err != nil {
		return err
	}
	if len(p.Design.Pages)%2 == 0 {
		return p.out.Add(p.empty())
	}
	return nil
}

func (p *press) empty() *typeset.Page {
	return typeset.NewPage(p.fonts, p.Design.Size.X, p.Design.Size.Y)
}

// Check says which copies cannot be printed as they are, and why: a letter no font
// has, a text too long for its place. The errors are in the order of the copies,
// nil where all is well.
func (p *Printer) Check(copies []Copy) []error {
	errs := make([]error, len(copies))
	for i, c := range copies {
		for n := range p.base {
			page := typeset.NewPage(p.fonts, p.design.Size.X, p.design.Size.Y)
			for k := range p.design.Pages[n].Decor {
				if d := &p.design.Pages[n].Decor[k]; d.Kind == sheets.Text && d.Slot != "" && d.Slot != sheets.SlotSerial {
					slot(page, d, &c)
				}
			}
			errs[i] = errors.Join(errs[i], page.Err())
		}
	}
	return errs
}
