package main

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"slices"
	"strings"

	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/overlay"
	"bargkhan/omr/page"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
	"bargkhan/sheets/typeset"
)

// designCmd is about design files.
type designCmd struct {
	Check   designCheckCmd   `cmd:"" help:"Say everything that is wrong with a design; print it, spoil it, read it, and say what is not read reliably."`
	Import  designImportCmd  `cmd:"" help:"Make a design from the neutral layout form of sheets printed by others."`
	Overlay designOverlayCmd `cmd:"" help:"Draw a design and what is read over a page, so that a person sees whether they agree."`
}

// designCheckCmd checks design files.
type designCheckCmd struct {
	Unread bool     `help:"Only check the file; do not print and read it."`
	Fonts  string   `help:"Folder of the fonts; the system's if not given." placeholder:"DIR"`
	Files  []string `arg:"" help:"Design files."`
}

// Run checks each file; one with faults makes the status that of a failure.
func (c *designCheckCmd) Run(ctx context.Context, s *streams) error {
	bad := 0
	for _, name := range c.Files {
		d, err := loadDesign(name)
		if err == nil && !c.Unread {
			err = c.try(ctx, name, d)
		}
		if err != nil {
			bad++
			fmt.Fprintln(s.err, err)
			continue
		}
		fields, bubbles := 0, 0
		for _, p := range d.Pages {
			fields += len(p.Fields)
			for _, f := range p.Fields {
				bubbles += len(f.Bubbles)
			}
		}
		fmt.Fprintf(s.out, "%s: %s, %g×%g mm, %d pages, %d fields, %d bubbles, digest %v\n",
			name, d.ID, d.Size.X, d.Size.Y, len(d.Pages), fields, bubbles, d.Digest())
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d designs have faults", bad, len(c.Files))
	}
	return nil
}

// mostTrialDoubts is the share of a page's fields that a trial may doubt: more than a
// person looks at gladly, on a clean page.
const mostTrialDoubts = 0.05

// try prints the design, spoils it and reads it. The error lists every way that it does
// not stand, with what to change.
func (c *designCheckCmd) try(ctx context.Context, name string, d *sheets.Design) error {
	fonts, err := typeset.LoadFonts(c.Fonts)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var faults []error
	policy := calibration.Default().Policy
	reader := omr.Reader{Expect: d}
	for t, err := range omrtest.Trials(d, fonts) {
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := tried(ctx, &reader, d, policy, &t); err != nil {
			faults = append(faults, fmt.Errorf("%s: page %d, %s: %w", name, t.Page, t.Way, err))
		}
	}
	if len(faults) > 0 {
		faults = append(faults, advice(name, d)...)
	}
	return errors.Join(faults...)
}

// tried reads one trial, and says what was wrong.
func tried(ctx context.Context, reader *omr.Reader, d *sheets.Design, policy judge.Policy, t *omrtest.Trial) error {
	r, err := reader.Read(ctx, page.Page{Number: 1, DPI: float64(t.DPI), Img: t.Img, Bits: 8})
	if err != nil {
		return fmt.Errorf("it is not read: %w", err)
	}
	if r.Stamp.Page != t.Page {
		return fmt.Errorf("it is read as page %d: the pages look alike, and need anchors that tell them apart", r.Stamp.Page)
	}
	var wrong, doubted []string
	pg := d.Pages[t.Page-1]
	for _, v := range judge.Fields(pg, r.Evidence, policy, r.Swatches...) {
		switch {
		case len(v.Doubts) > 0:
			doubted = append(doubted, string(v.Field))
		case !slices.Equal(v.Choices, t.Answers[v.Field]):
			wrong = append(wrong, string(v.Field))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%d fields are misread: %s", len(wrong), some(wrong))
	}
	if float64(len(doubted)) > max(mostTrialDoubts*float64(len(pg.Fields)), 1) {
		return fmt.Errorf("%d of %d fields are doubted: %s", len(doubted), len(pg.Fields), some(doubted))
	}
	return nil
}

// some are the first of many names.
func some(names []string) string {
	const few = 8
	if len(names) > few {
		return strings.Join(names[:few], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// What bubbles and anchors should have, in mm, to be read in every way that is tried.
const (
	goodSide = 2.2
	goodGap  = 0.9
)

// advice is what to change in a design that is not read reliably.
func advice(name string, d *sheets.Design) (out []error) {
	for i, pg := range d.Pages {
		side, gap := 1e9, 1e9
		var all []geom.Rect[geom.Paper]
		for _, f := range pg.Fields {
			for _, b := range f.Bubbles {
				side = min(side, b.Box.W(), b.Box.H())
				for _, o := range all {
					dx := max(b.Box.Min.X-o.Max.X, o.Min.X-b.Box.Max.X)
					dy := max(b.Box.Min.Y-o.Max.Y, o.Min.Y-b.Box.Max.Y)
					gap = min(gap, max(dx, dy))
				}
				all = append(all, b.Box)
			}
		}
		where := fmt.Sprintf("%s: pages[%d]", name, i)
		if side < goodSide {
			out = append(out, fmt.Errorf("%s: make the bubbles larger: the smallest side is %.1f mm, and %.1f is read well", where, side, goodSide))
		}
		if gap < goodGap {
			out = append(out, fmt.Errorf("%s: move the bubbles apart: the least gap is %.1f mm, and %.1f is read well", where, max(gap, 0), goodGap))
		}
		if len(pg.Anchors) < 4 {
			out = append(out, fmt.Errorf("%s: print an anchor near each corner, one of them unlike the others: there are %d", where, len(pg.Anchors)))
		}
	}
	return out
}

// designImportCmd turns a layout into a design.
type designImportCmd struct {
	File string `arg:"" help:"The layout, as JSON."`
}

// Run writes the design to stdout.
func (c *designImportCmd) Run(s *streams) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	d, err := sheets.ImportLayout(f)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return d.Encode(s.out)
}

// designOverlayCmd draws a reading over its page.
type designOverlayCmd struct {
	Design  string `arg:"" help:"Design file."`
	Scan    string `arg:"" help:"A scan of one of its sheets."`
	Page    int    `default:"1" help:"Which page of the scan."`
	Corners string `help:"Where the corners of the paper lie, if the sheet is not found: the sheet's own top left first, then clockwise." placeholder:"X,Y,X,Y,X,Y,X,Y"`
	Out     string `short:"o" required:"" help:"The picture to write, a PNG." placeholder:"FILE"`
}

// Run writes the picture, and says on stdout what its colours mean.
func (c *designOverlayCmd) Run(ctx context.Context, s *streams) error {
	d, err := loadDesign(c.Design)
	if err != nil {
		return err
	}
	shown, err := loadCorners(c.Corners, []string{c.Scan})
	if err != nil {
		return err
	}
	p, err := pageOf(ctx, c.Scan, c.Page)
	if err != nil {
		return err
	}
	r, err := (&omr.Reader{Expect: d, Corners: shown.of(c.Scan)}).Read(ctx, p)
	if err != nil {
		return fmt.Errorf("%s, page %d: %w: show the corners of its paper with --corners, or look at it with another design", c.Scan, c.Page, err)
	}
	verdicts := judge.Fields(d.Pages[r.Stamp.Page-1], r.Evidence, calibration.Default().Policy, r.Swatches...)
	err = atomically(ctx, c.Out, func(w io.Writer) error { return png.Encode(w, overlay.Draw(p.Img, d, r, verdicts...)) })
	if err != nil {
		return err
	}
	doubted := 0
	for _, v := range verdicts {
		if len(v.Doubts) > 0 {
			doubted++
		}
	}
	fmt.Fprintf(s.out, "%s: %d fields, %d doubted, fit %.2f\n"+
		"anchors are drawn blue; bubbles green where there is no ink, red where there is much, violet where their outline is not found;\n"+
		"a choice that is believed has a dot in its middle, and a field that is doubted stands in an orange box\n",
		c.Out, len(verdicts), doubted, r.Pose.Fit)
	return nil
}

// pageOf decodes one page of a file.
func pageOf(ctx context.Context, name string, number int) (page.Page, error) {
	f, err := os.Open(name)
	if err != nil {
		return page.Page{}, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return page.Page{}, err
	}
	for p, err := range page.Decode(ctx, f, st.Size(), page.Limits{}) {
		if err != nil {
			return page.Page{}, fmt.Errorf("%s: %w", name, err)
		}
		if p.Number == number {
			return p, nil
		}
	}
	return page.Page{}, fmt.Errorf("%s has no page %d", name, number)
}

// loadDesign reads and checks a design file.
func loadDesign(name string) (*sheets.Design, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, err := sheets.Parse(f)
	if err == nil {
		err = d.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}
