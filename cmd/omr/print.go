package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/schollz/progressbar/v3"

	"bargkhan/sheets"
	"bargkhan/sheets/print"
	"bargkhan/sheets/typeset"
)

// printCmd prints sheets: without names, for the people of a roster, or one sheet
// anew. A file that is written is there whole or not at all, so an interrupted print
// is started again with the same command, and gives the same bytes.
type printCmd struct {
	Design string `arg:"" help:"Design file."`
	Output string `short:"o" help:"PDF to write; standard output if not given." placeholder:"FILE"`
	Count  int    `default:"1" help:"Sheets without a name to print, with serials that count up."`
	First  int    `default:"1" help:"Number of the first serial, without its check digit."`
	Test   bool   `help:"Mark the sheets as a test deck's: they can never enter results."`
	Fonts  string `default:"/usr/share/fonts/truetype/noto" help:"Folder of the typefaces (Debian's fonts-noto-core)."`

	Roster  string `help:"Print a sheet for each person of this CSV file, with lists and stack headers; FORMAT.md says its columns." placeholder:"FILE"`
	Spare   string `help:"Design of the spares, with a number grid." placeholder:"FILE"`
	Spares  int    `help:"Spares to print behind all venues."`
	Session string `help:"Session that the stack headers name; the roster's, or else the design's id, if not given." placeholder:"ID"`
	Date    string `help:"Date of the exam as it is to be printed on lists and headers."`
	Stack   int    `help:"Sheets of a stack at most." default:"48"`

	Record  string `help:"Record of the sheets that exist; FILE.csv beside the PDF if not given." placeholder:"FILE"`
	Reprint string `help:"Print this sheet of the record again: the serial stays, its edition counts up." placeholder:"SERIAL" xor:"again"`
	Replace string `help:"Print a sheet with a new serial that supersedes this spoiled one of the record." placeholder:"SERIAL" xor:"again"`
}

// Run writes the PDF.
func (c *printCmd) Run(ctx context.Context, s *streams) (err error) {
	d, err := loadDesign(c.Design)
	if err != nil {
		return err
	}
	fonts, err := typeset.LoadFonts(c.Fonts)
	if err != nil {
		return err
	}
	switch {
	case c.Reprint != "" || c.Replace != "":
		return c.single(ctx, d, fonts)
	case c.Roster != "":
		return c.people(ctx, s, d, fonts)
	case c.Spare != "" || c.Spares != 0:
		return errors.New("--spare and --spares go with --roster; for spares alone give their design and --count")
	}
	if c.Count < 1 || !serials(c.First, c.Count) {
		return errSerials(c.First, c.Count)
	}
	bar := progress(s.err, c.Count)
	return c.to(ctx, s.out, func(w io.Writer) error { return print.PDF(w, d, c.copies(ctx), fonts, advance(ctx, bar)) })
}

// serials says whether count serials from first on exist.
func serials(first, count int) bool {
	return first >= 0 && first <= sheets.MaxSerial && count <= sheets.MaxSerial-first+1
}

func errSerials(first, count int) error {
	return fmt.Errorf("serials %d to %d: numbers from 0 to %d can be printed", first, first+count-1, sheets.MaxSerial)
}

// copies are the sheets, until ctx is done.
func (c *printCmd) copies(ctx context.Context) iter.Seq[print.Copy] {
	return func(yield func(print.Copy) bool) {
		for i := range c.Count {
			stamp := sheets.Stamp{Serial: sheets.NewSerial(c.First + i), Test: c.Test}
			if ctx.Err() != nil || !yield(print.Copy{Stamp: stamp}) {
				return
			}
		}
	}
}

// people prints a roster.
func (c *printCmd) people(ctx context.Context, s *streams, d *sheets.Design, fonts *typeset.Fonts) error {
	if c.Output == "" {
		return errors.New("a roster is printed into a file: give --output, beside which the record of its sheets is kept")
	}
	guests, err := readRoster(c.Roster)
	if err != nil {
		return err
	}
	if c.Spares < 0 || c.Stack < 1 || !serials(c.First, len(guests)+c.Spares) {
		return errors.Join(errSerials(c.First, len(guests)+c.Spares), errors.New("--spares is 0 or more, --stack 1 or more"))
	}
	b := &print.Batch{Design: d, Session: c.session(guests[0].person.Session, d), Name: d.Title, Date: c.Date, Stack: c.Stack}
	if c.Spare != "" {
		if b.Spare, err = loadDesign(c.Spare); err != nil {
			return err
		}
	}
	copies := make([]print.Copy, len(guests), len(guests)+c.Spares)
	for i, g := range guests {
		copies[i] = print.Copy{Stamp: sheets.Stamp{Serial: sheets.NewSerial(c.First + i), Test: c.Test}, Person: g.person}
	}
	if err := c.check(d, fonts, guests, copies); err != nil {
		return err
	}
	b.Venues = venuesOf(copies)
	for i := range c.Spares {
		b.Spares = append(b.Spares, print.Copy{Stamp: sheets.Stamp{Serial: sheets.NewSerial(c.First + len(guests) + i), Test: c.Test}})
	}
	if len(b.Spares) > 0 && b.Spare == nil {
		return errors.New("--spares needs --spare, the design of a sheet with a number grid")
	}
	if err := claim(ctx, c.recordName(), recordOf(b)); err != nil {
		return err
	}
	bar := progress(s.err, b.Sheets())
	return c.to(ctx, s.out, func(w io.Writer) error { return b.PDF(w, fonts, advance(ctx, bar)) })
}

// session is the session's name in the stack headers.
func (c *printCmd) session(roster string, d *sheets.Design) string {
	for _, name := range []string{c.Session, roster} {
		if name != "" {
			return name
		}
	}
	return string(d.ID)
}

// check finds what cannot be printed before anything is: all of it, with its row.
func (c *printCmd) check(d *sheets.Design, fonts *typeset.Fonts, guests []guest, copies []print.Copy) error {
	p, err := print.New(d, fonts)
	if err != nil {
		return err
	}
	var errs []error
	for i, err := range p.Check(copies) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: row %d: %s", c.Roster, guests[i].row, strings.ReplaceAll(err.Error(), "\n", "; ")))
		}
	}
	return errors.Join(errs...)
}

// recordOf is the record of a batch, with the stack that each sheet lies in.
func recordOf(b *print.Batch) (rows []printed) {
	stacks := b.Stacks()
	left := 0
	add := func(d *sheets.Design, copies []print.Copy) {
		if len(copies) == 0 {
			return
		}
		head := d.Digest().Head().String()
		for _, c := range copies {
			if left == 0 {
				left = stacks[0].Sheets
			}
			rows = append(rows, printed{Copy: c, Design: head, Stack: stacks[0].Number})
			if left--; left == 0 {
				stacks = stacks[1:]
			}
		}
	}
	for _, v := range b.Venues {
		add(b.Design, v.Sheets)
	}
	add(b.Spare, b.Spares)
	return rows
}

func (c *printCmd) recordName() string {
	if c.Record != "" {
		return c.Record
	}
	return strings.TrimSuffix(c.Output, ".pdf") + ".csv"
}

// single prints one sheet of a record anew. The record is written first.
func (c *printCmd) single(ctx context.Context, d *sheets.Design, fonts *typeset.Fonts) error {
	if c.Record == "" || c.Output == "" {
		return errors.New("--reprint and --replace need the --record of the print, and an --output")
	}
	rows, err := readRecord(c.Record)
	if err != nil {
		return err
	}
	var one print.Copy
	if c.Reprint != "" {
		one, err = reprint(rows, sheets.Serial(c.Reprint), d.Digest().Head())
	} else {
		rows, one, err = replace(rows, sheets.Serial(c.Replace), d.Digest().Head())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Record, err)
	}
	err = atomically(ctx, c.Record, func(w io.Writer) error {
		_, err := w.Write(encodeRecord(rows))
		return err
	})
	if err != nil {
		return err
	}
	only := func(yield func(print.Copy) bool) { yield(one) }
	return c.to(ctx, nil, func(w io.Writer) error { return print.PDF(w, d, only, fonts, nil) })
}

// advance shows how many sheets are done.
func advance(ctx context.Context, bar *progressbar.ProgressBar) func(int) {
	return func(done int) {
		if ctx.Err() == nil {
			_ = bar.Set(done) // a display that cannot be drawn is no reason to stop
		}
	}
}

// to runs write on the output file, or on out.
func (c *printCmd) to(ctx context.Context, out io.Writer, write func(io.Writer) error) error {
	if c.Output == "" {
		return errors.Join(write(out), ctx.Err())
	}
	return atomically(ctx, c.Output, func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 1<<20)
		return errors.Join(write(b), b.Flush())
	})
}
