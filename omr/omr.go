// Package omr reads one page: it finds the sheet, learns which one it is, and
// measures every bubble. It decides nothing; that is package judge. READING.md
// beside it tells how, and what it refuses to guess.
package omr

import (
	"fmt"

	"bargkhan/omr/judge"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// Engine names this reader's way of measuring; it changes whenever equal pages
// may give other evidence than before.
const Engine = "eye-5"

// A Reader is safe for concurrent use and holds no state between pages.
// Equal pages give equal Readings. A design that a Reader was given is not changed
// afterwards: what follows from it is worked out once for many pages.
type Reader struct {
	// Design finds the very revision a stamp was printed from. A nil Design
	// without error means that there is none.
	Design func(sheets.Stamp) (*sheets.Design, error)

	// Expect, if not nil, is the only design a page may be of. A design without
	// a stamp (printed by others) can be read in no other way.
	Expect *sheets.Design

	// Corners, if not nil, are where a person says that the corners of the paper lie, in
	// pixels of the scan: the sheet's own top left first, whichever way it lies, then
	// clockwise. They may be off by some mm. The reading then has the Note ByHand.
	Corners *geom.Quad[geom.Pixel]

	// Watch, if not nil, is told when a stage of a page's reading ends.
	Watch func(Stage)
}

// A Stage is a part of reading a page, in the order of the stages.
type Stage string

// The stages.
const (
	Register Stage = "register" // the paper, the anchors, the feed: where the sheet lies
	Identify Stage = "stamp"    // the stamp and its design: which sheet it is
	Measure  Stage = "measure"  // the bubbles prove the grid, and are measured
)

// done tells who watches.
func (r *Reader) done(s Stage) {
	if r.Watch != nil {
		r.Watch(s)
	}
}

// A Reading is what one page said, before anyone judged it.
type Reading struct {
	Engine   string           `json:"engine"`
	Stamp    sheets.Stamp     `json:"stamp"` // zero, but for Page, on a sheet printed by others
	Design   sheets.Digest    `json:"design"`
	Pose     Pose             `json:"pose"`
	Evidence []judge.Evidence `json:"evidence"` // in the design's order
	Notes    []Note           `json:"notes,omitempty"`

	// Ink of the page's reference patches, in the design's order; none if it has none,
	// or not all of them are seen.
	Swatches []float64 `json:"swatches,omitempty"`

	// Where streaks run along the feed, as shares of the scan's width from the left:
	// DirtyGlass compares those of one page after the other.
	Streaks []float64 `json:"streaks,omitempty"`
}

// A Pose is where the sheet lies in the scan.
type Pose struct {
	Map      geom.Map[geom.Paper, geom.Pixel] `json:"map"`
	Bend     Bend                             `json:"bend"`     // what Map leaves: stretch along the feed, bent paper
	Residual float64                          `json:"residual"` // mm, root mean square over the anchors
	Scale    float64                          `json:"scale"`    // printed size over designed size, if the file says its dpi; else 0. 0.97 is a shrunk photocopy
	Fit      float64                          `json:"fit"`      // median over all bubbles: a wrong grid cannot fit
	Turn     int                              `json:"turn"`     // quarter turns clockwise that bring the page upright, 0 to 3
}

// At carries a place on paper to its place in the scan.
func (p *Pose) At(q geom.Point[geom.Paper]) geom.Point[geom.Pixel] {
	return p.Map.At(p.Bend.At(q))
}

// A Bend is a smooth correction of places on paper, given on a regular grid and
// linear in between. The zero Bend corrects nothing.
type Bend struct {
	Box  geom.Rect[geom.Paper]    `json:"box"`            // the grid's outer knots; outside, its edge is continued
	Cols int                      `json:"cols,omitempty"` // knots across
	Rows int                      `json:"rows,omitempty"` // knots down
	By   []geom.Point[geom.Paper] `json:"by,omitempty"`   // mm, row by row
}

// A Note is for the operator. It changes no reading.
type Note uint8

// The notes.
const (
	Copied   Note = iota + 1 // Scale says photocopy
	Streaked                 // clean the scanner's glass
	Pale                     // toner, lamp or setting
	Bilevel                  // the scan has one bit a pixel: pale pencil may be lost
	ByHand                   // a person said where the sheet lies
	Whitened                 // the paper is as white as can be: pale pencil may be lost; scan darker, or with less contrast
)

// A Reject says why a page was given back. It is an ordinary outcome, not a fault.
type Reject struct {
	Reason Reason                  `json:"reason"`
	Detail string                  `json:"detail,omitempty"` // for the log and the desk tool, in plain words
	At     []geom.Rect[geom.Pixel] `json:"at,omitempty"`     // where, for the picture shown in review
	Serial sheets.Serial           `json:"serial,omitempty"` // of a sheet that was read, and is given back for what it is
	Stack  *sheets.Stack           `json:"stack,omitempty"`  // of a Separator: what it says
}

// Error says the reason and the detail.
func (r *Reject) Error() string { return fmt.Sprintf("%v: %s", r.Reason, r.Detail) }

// A Reason is why a page was given back. Its text form is a stable code.
type Reason uint8

// The reasons of rejects.
const (
	NoAnchors   Reason = iota + 1 // too few to be sure: another paper, or too much hidden
	NoStamp                       // the code is missing or damaged
	NoDesign                      // printed from a design, or a revision, we do not have
	Distorted                     // Residual, Scale or Fit out of bounds
	BlankPage                     // nothing is printed here; kept and counted all the same
	Mirrored                      // scanned through the back, or a film
	Undecoded                     // the page's picture cannot be decoded
	Killed                        // reading this page ended its process, or took too long
	Foreign                       // a sheet of ours that no open session expects
	TestSheet                     // a sheet of a test deck
	TooSmall                      // the resolution is too low to see a bubble
	Separator                     // the header or the end sheet of a stack
	Unopened                      // a sheet of a session that is not opened for scanning yet
	Cropped                       // corner markers lie outside the picture
	LowContrast                   // print is hardly darker than paper
	Blurred                       // nothing has a sharp edge
	Soiled                        // dark lines run through the whole page
	Covered                       // so many bubbles are filled beyond their outlines that the grid cannot be proven
)
