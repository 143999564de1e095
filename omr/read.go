package omr

import (
	"context"
	"errors"
	"math"

	"bargkhan/omr/internal/pix"
	"bargkhan/omr/judge"
	"bargkhan/omr/page"
	"bargkhan/sheets"
)

// Read returns a *Reject if the page cannot be read with certainty. It fits the
// anchors it finds and invents none: too few, or in disagreement, is a Reject. Any
// other error comes from r.Design or from ctx. A sheet of a test deck is read like
// any other; its Stamp says so, and the caller keeps it out of results.
func (r *Reader) Read(ctx context.Context, p page.Page) (*Reading, error) {
	m := memories.Get().(*memory)
	defer memories.Put(m)
	s, err := look(p, m)
	if err != nil {
		return nil, err
	}
	var out *Reading
	if r.Expect != nil && others(r.Expect) {
		out, err = s.readOthers(ctx, r)
	} else {
		out, err = r.readOurs(ctx, s)
	}
	if err != nil {
		return nil, s.diagnose(err)
	}
	if r.Corners != nil {
		out.Notes = append(out.Notes, ByHand)
	}
	r.done(Measure)
	return out, nil
}

// others says whether d was printed by others: it has no stamp.
func others(d *sheets.Design) bool {
	for _, pg := range d.Pages {
		if len(pg.Codes) > 0 {
			return false
		}
	}
	return true
}

// readOurs reads a sheet that carries a frame of ours.
func (r *Reader) readOurs(ctx context.Context, s *sight) (*Reading, error) {
	var f *framed
	var err error
	if r.Corners != nil {
		f, err = s.frameByHand(r.Corners)
	} else {
		f, err = s.frame()
	}
	if err != nil {
		return nil, err
	}
	if err := scaled(f.pose.Scale); err != nil {
		return nil, err
	}
	if err := s.bend(f); err != nil {
		return nil, err
	}
	r.done(Register)
	stamp, err := s.stamp(f)
	if err != nil {
		return nil, err
	}
	d, digest, err := r.design(s, stamp, f)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.done(Identify)
	return s.read(d, digest, stamp, f.pose, newGrid(s.mem.know(d).plan(stamp.Page-1)), f.black)
}

// Limits of T13: sheets are read from 0.90 to 1.10 of their designed size.
const leastScale, mostScale = 0.9, 1.1

func scaled(scale float64) error {
	if scale != 0 && (scale < leastScale || scale > mostScale) {
		return reject(Distorted, "the sheet is printed at %.0f %% of its size: print and copy it at 100 %%", 100*scale)
	}
	return nil
}

// design finds the design a stamp was printed from, and makes sure of it.
func (r *Reader) design(s *sight, stamp sheets.Stamp, f *framed) (d *sheets.Design, digest sheets.Digest, err error) {
	if r.Design != nil {
		if d, err = r.Design(stamp); err != nil {
			return nil, digest, err
		}
	}
	var expected sheets.Digest
	if r.Expect != nil {
		expected = s.mem.know(r.Expect).digest
	}
	if d == nil && r.Expect != nil && expected.Head() == stamp.Check {
		d = r.Expect
	}
	digest = expected
	if d != nil && d != r.Expect {
		digest = s.mem.know(d).digest
	}
	switch {
	case d == nil:
		return nil, digest, reject(NoDesign, "sheet %s was printed from the design with digest %s…, which is not here", stamp.Serial, stamp.Check)
	case digest.Head() != stamp.Check:
		return nil, digest, reject(NoDesign, "sheet %s was printed from another revision of design %s", stamp.Serial, d.ID)
	case r.Expect != nil && digest != expected:
		return nil, digest, reject(Foreign, "sheet %s is of design %s, and %s is expected", stamp.Serial, d.ID, r.Expect.ID)
	case stamp.Page > len(d.Pages):
		return nil, digest, reject(NoDesign, "sheet %s says page %d, and design %s has %d", stamp.Serial, stamp.Page, d.ID, len(d.Pages))
	case d.Size != f.frame.Size:
		return nil, digest, reject(NoDesign, "sheet %s has the frame of %s, and its design is %v by %v mm", stamp.Serial, f.frame.Name, d.Size.X, d.Size.Y)
	}
	return d, digest, nil
}

// readOthers reads a sheet printed by others, of the only design that is expected: by
// its anchors, and where they do not lead to its bubbles by the bubbles themselves.
func (s *sight) readOthers(ctx context.Context, r *Reader) (*Reading, error) {
	d := r.Expect
	if r.Corners != nil {
		return s.othersByHand(ctx, d, r.Corners)
	}
	g, guesses, err := s.anchored(d)
	if err == nil {
		r.done(Register)
		var out *Reading
		if out, err = s.readGuess(ctx, d, g); err == nil {
			return out, nil
		}
	}
	var back *Reject
	if !errors.As(err, &back) {
		return nil, err
	}
	out, grown := s.readGrown(ctx, d, guesses)
	if grown == nil {
		return out, nil
	}
	if g := s.island(d, guesses); g != nil {
		return s.readGuess(ctx, d, g)
	}
	if len(guesses) == 0 {
		err = grown
	}
	return nil, err
}

// readGrown reads a sheet printed by others as its bubbles alone say that it lies.
func (s *sight) readGrown(ctx context.Context, d *sheets.Design, guesses []*guess) (*Reading, error) {
	g, err := s.constellation(d, guesses)
	if err != nil {
		return nil, err
	}
	out, err := s.readGuess(ctx, d, g)
	if err != nil {
		return nil, err
	}
	return out, s.unmistakable(&out.Pose, d, g.page, g.grid, g.alike)
}

// readGuess reads a sheet printed by others as it lies by g.
func (s *sight) readGuess(ctx context.Context, d *sheets.Design, g *guess) (*Reading, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.read(d, s.mem.know(d).digest, sheets.Stamp{Page: g.page + 1}, g.pose, g.grid, g.black)
}

// read measures the bubbles of a sheet whose place is known, once they have proven
// that place.
func (s *sight) read(d *sheets.Design, digest sheets.Digest, stamp sheets.Stamp, pose Pose, g *grid, black float64) (*Reading, error) {
	pg := &d.Pages[stamp.Page-1]
	out := &Reading{Engine: Engine, Stamp: stamp, Design: digest, Pose: pose}
	if len(g.spots) > 0 {
		if err := s.settle(&out.Pose, g); err != nil {
			return nil, err
		}
	}
	s.place(&out.Pose, g)
	lines := s.lines(&out.Pose, g, pg)
	if len(g.spots) > 0 {
		out.Evidence = s.measure(&out.Pose, g, pg, black, lines)
		switch {
		case s.bilevel && black < halftoned:
			dim(out.Evidence, dimmed)
		case s.bilevel:
			dim(out.Evidence, grained)
		case s.clipped:
			dim(out.Evidence, whitened)
		}
		if err := proven(out); err != nil {
			return nil, err
		}
	}
	out.Swatches = s.swatches(&out.Pose, pg, black)
	out.Streaks = s.streaks(lines)
	out.Notes = s.notes(&out.Pose, black, lines)
	return out, nil
}

// Limits of what the measured bubbles must show together.
const (
	leastFit    = 0.6 // median over all bubbles
	leastFitted = 0.8 // share of the bubbles with a Fit above half of that
)

// proven sets the pose's Fit and rejects a grid that the bubbles do not fit. As in prove, those
// under ink need not, if half of all are not.
func proven(r *Reading) error {
	fit, good, all := fits(r.Evidence, math.Inf(1))
	r.Pose.Fit = fit
	if fit < leastFit || float64(good) < leastFitted*float64(all) {
		fit, clear, open := fits(r.Evidence, inkedDark)
		if 2*open < all || fit < leastFit || float64(clear) < leastFitted*float64(open) {
			return reject(Distorted, "%d of %d bubbles fit their printed outlines: the sheet is bent or covered, or it is another one", good, all)
		}
	}
	return nil
}

// fits is the middle Fit of the bubbles with no more ink than most, how many of them fit, and
// how many they are.
func fits(ev []judge.Evidence, most float64) (fit float64, good, all int) {
	of := make([]float64, 0, len(ev))
	for _, e := range ev {
		if e.Ink > most {
			continue
		}
		of = append(of, e.Fit)
		if e.Fit > leastFit/2 {
			good++
		}
	}
	return middle(of), good, len(of)
}

// A scan of one bit a pixel has lost pale pencil without a trace, unless it was
// halftoned: then solid black has white specks too.
const (
	halftoned = 0.15  // brightness of printed black as a share of the paper's
	dimmed    = 0.97  // Seen of a bubble in such a scan
	grained   = 0.987 // and in a halftoned one, of whose grains a filter may have taken some for dust
	whitened  = 0.99  // and in one that made all white that is nearly as bright as paper
)

// dim lowers Seen on a scan that does not show all marks.
func dim(ev []judge.Evidence, by float64) {
	for i := range ev {
		ev[i].Seen = round(ev[i].Seen * by)
	}
}

// copiedBy is how far a scale is from 1 before it says photocopy: scanners err by
// one in a hundred.
const copiedBy = 0.015

// paleBlack is the brightness of printed black, as a share of the paper's, from
// which the print or the scan is pale.
const paleBlack = 0.5

// notes says what an operator should know.
func (s *sight) notes(p *Pose, black float64, lines *pix.Lines) (out []Note) {
	if p.Scale != 0 && math.Abs(p.Scale-1) > copiedBy {
		out = append(out, Copied)
	}
	if lines.Full > 0 {
		out = append(out, Streaked)
	}
	if black > paleBlack {
		out = append(out, Pale)
	}
	if s.bilevel {
		out = append(out, Bilevel)
	} else if s.clipped {
		out = append(out, Whitened)
	}
	return out
}
