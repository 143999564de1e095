// Package omrtest makes scans with known answers and spoils them on purpose, as
// people, paper, copiers and scanners do. A clean raster of a printed page is
// filled by a Hand, spoiled by Spoils, and written as a scanner writes; a Truth
// goes along that says what the paper really says. Only tests and the demo
// import it.
//
// Everything is drawn from the rng that the caller gives: the same seed makes
// the same bytes.
package omrtest

import (
	"slices"

	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// A DPI is the resolution of a raster, in pixels to the inch. Spoils that have a
// size on paper are its methods.
type DPI float64

// px is mm in pixels.
func (d DPI) px(mm float64) float64 { return mm * float64(d) / 25.4 }

// An Expect says whether a reader may, or must, doubt a field.
type Expect uint8

// What may be expected of a reader.
const (
	Sure Expect = iota // a clear mark, or clearly none: a doubt is needless, though never wrong
	May                // a person may disagree about it: right or doubted, but not misread
	Must               // no reader may settle it alone
)

// A Mark is what a person did in one field.
type Mark struct {
	Field   sheets.FieldID  `json:"field"`
	Choices []sheets.Choice `json:"choices,omitempty"` // what the paper says, in the design's order; none for blank
	Hand    Hand            `json:"hand"`
	Doubt   Expect          `json:"doubt,omitempty"`
}

// An End is what becomes of a page.
type End string

// The ends of pages.
const (
	Read     End = "read"     // filed, with or without doubts
	Returned End = "returned" // given back, with the reason in Truth.Reject
	Copied   End = "copy"     // the same sheet was scanned before; it says the same
	Torn     End = "torn"     // its file is not whole and must not be taken yet
)

// A Truth says what one scanned page really says, and what should become of it.
type Truth struct {
	Page    int                     `json:"page"` // in the file, from 1
	Serial  sheets.Serial           `json:"serial,omitempty"`
	End     End                     `json:"end"`
	Reject  []string                `json:"reject,omitempty"` // of Returned: the codes that are true of it
	Defects []string                `json:"defects,omitempty"`
	Fields  map[sheets.FieldID]Mark `json:"fields,omitempty"`
}

// NewTruth is the truth of a page on which nobody marked anything.
func NewTruth(number int, serial sheets.Serial, pg sheets.Page) *Truth {
	t := &Truth{Page: number, Serial: serial, End: Read, Fields: make(map[sheets.FieldID]Mark)}
	for _, f := range pg.Fields {
		t.Fields[f.ID] = Mark{Field: f.ID}
	}
	return t
}

// Add records what Fill did. The last mark of a field counts.
func (t *Truth) Add(marks ...Mark) {
	for _, m := range marks {
		t.Fields[m.Field] = m
	}
}

// Spoiled records a defect by its name. What was sure may be doubted where the
// defect lies; which fields those are, the caller says.
func (t *Truth) Spoiled(defect string, touched ...sheets.FieldID) {
	t.Defects = append(t.Defects, defect)
	for _, id := range touched {
		if m, ok := t.Fields[id]; ok {
			m.Doubt = max(m.Doubt, May)
			t.Fields[id] = m
		}
	}
}

// FieldsIn lists the fields of pg of which some bubble overlaps box, in mm of the
// paper: those that a defect there touches.
func FieldsIn(pg sheets.Page, box geom.Rect[geom.Paper]) []sheets.FieldID {
	var ids []sheets.FieldID
	for _, f := range pg.Fields {
		if slices.ContainsFunc(f.Bubbles, func(b sheets.Bubble) bool { return b.Box.Overlaps(box) }) {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// An Outcome compares one field's reading with the truth.
type Outcome uint8

// The outcomes, from good to bad.
const (
	Right    Outcome = iota // settled, and so it is
	Doubted                 // left to a person, who may well be needed
	Needless                // left to a person, though the mark is clear
	Unasked                 // settled as it is, though no reader may settle it alone
	Misread                 // settled, and wrong: the one that must never be
)

// Judge compares the choices read in a field, and whether they were doubted, with
// the truth. A field that the truth does not know is a Misread unless doubted.
func (t *Truth) Judge(id sheets.FieldID, got []sheets.Choice, doubted bool) Outcome {
	m, known := t.Fields[id]
	switch {
	case doubted && m.Doubt == Sure && known:
		return Needless
	case doubted:
		return Doubted
	case !known || !slices.Equal(got, m.Choices):
		return Misread
	case m.Doubt == Must:
		return Unasked
	}
	return Right
}

// A Case is one file as a scanner drops it, and the truth of its pages.
type Case struct {
	Name  string  `json:"name"` // of the file
	Data  []byte  `json:"-"`
	Pages []Truth `json:"pages"`
}
