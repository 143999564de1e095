package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/schollz/progressbar/v3"

	"bargkhan/sheets"
	"bargkhan/sheets/print"
	"bargkhan/sheets/typeset"
)

// printCmd prints sheets without names.
type printCmd struct {
	Design string `arg:"" help:"Design file."`
	Output string `short:"o" help:"PDF to write; standard output if not given." placeholder:"FILE"`
	Count  int    `default:"1" help:"Sheets to print, with serials that count up."`
	First  int    `default:"1" help:"Number of the first serial, without its check digit."`
	Test   bool   `help:"Mark the sheets as a test deck's: they can never enter results."`
	Fonts  string `default:"/usr/share/fonts/truetype/noto" help:"Folder of the typefaces (Debian's fonts-noto-core)."`
}

// Run writes the PDF. A file that could not be finished is removed.
func (c *printCmd) Run(ctx context.Context, s *streams) (err error) {
	if c.Count < 1 || c.First < 0 || c.First+c.Count-1 > sheets.MaxSerial {
		return fmt.Errorf("serials %d to %d: numbers from 0 to %d can be printed", c.First, c.First+c.Count-1, sheets.MaxSerial)
	}
	d, err := loadDesign(c.Design)
	if err != nil {
		return err
	}
	fonts, err := typeset.LoadFonts(c.Fonts)
	if err != nil {
		return err
	}
	bar := progress(s.err, c.Count)
	return c.to(ctx, s.out, func(w io.Writer) error { return print.PDF(w, d, c.copies(ctx), fonts, advance(ctx, bar)) })
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
	f, err := os.Create(c.Output)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), ctx.Err(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(c.Output))
	}
	return nil
}
