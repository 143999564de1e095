package calibration

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// A Known is a page whose answers are known, as it was measured. It holds no picture
// and nothing about a person.
type Known struct {
	Family   string     `json:"family,omitempty"`   // what was done to the page, for the report
	Design   string     `json:"design"`             // the digest of its design
	Page     int        `json:"page"`               // of the design, from 1
	Measured []Measured `json:"measured"`           // in the design's order
	Swatches []float64  `json:"swatches,omitempty"` // as omr.Reading has them
	Fields   []Said     `json:"fields"`             // in the design's order
}

// Measured is what was measured at one bubble: Ink, Fit, Seen, Mark, Tick, Cross and Full of
// its judge.Evidence. What a file leaves out at the end is 0, which says that there was none.
type Measured [7]float64

// MeasuredOf is e without its names.
func MeasuredOf(e judge.Evidence) Measured {
	return Measured{e.Ink, e.Fit, e.Seen, e.Mark, e.Tick, e.Cross, e.Full}
}

// A Said is what the paper says in one field.
type Said struct {
	Choices []sheets.Choice `json:"choices,omitempty"` // in the design's order; none for blank
	Expect  Expect          `json:"expect,omitempty"`
}

// An Expect says whether a field may, or must, be left to a person.
type Expect uint8

// What may be expected of a policy.
const (
	Sure Expect = iota // a clear mark, or clearly none: a doubt is needless, though never wrong
	May                // right or doubted, but not misread
	Must               // nobody may settle it alone
)

// evidence is what judge.Fields asks for. Its error says that k is not of pg.
func (k *Known) evidence(pg *sheets.Page) ([]judge.Evidence, error) {
	var ev []judge.Evidence
	for _, f := range pg.Fields {
		for _, b := range f.Bubbles {
			if len(ev) == len(k.Measured) {
				return nil, errors.New("calibration: a known page has fewer bubbles than its design")
			}
			m := k.Measured[len(ev)]
			ev = append(ev, judge.Evidence{Field: f.ID, Choice: b.Choice,
				Ink: m[0], Fit: m[1], Seen: m[2], Mark: m[3], Tick: m[4], Cross: m[5], Full: m[6]})
		}
	}
	if len(ev) != len(k.Measured) || len(k.Fields) != len(pg.Fields) {
		return nil, errors.New("calibration: a known page has other bubbles or fields than its design")
	}
	return ev, nil
}

// maxLine bounds one known page; one of 800 bubbles takes about 20 kB.
const maxLine = 4 << 20

// ReadKnown reads known pages, one JSON object a line. Its error names the line.
func ReadKnown(r io.Reader) (out []Known, err error) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	for n := 1; s.Scan(); n++ {
		var k Known
		if err := json.Unmarshal(s.Bytes(), &k); err != nil {
			return nil, fmt.Errorf("line %d is no known page: %w", n, err)
		}
		out = append(out, k)
	}
	return out, s.Err()
}

// outcome is what a verdict is worth.
type outcome uint8

const (
	right outcome = iota
	doubted
	needless
	wrong
)

// outcome compares a verdict with what the paper says.
func (s *Said) outcome(v *judge.Verdict) outcome {
	switch {
	case len(v.Doubts) > 0 && s.Expect == Sure:
		return needless
	case len(v.Doubts) > 0:
		return doubted
	case s.Expect == Must || !slices.Equal(v.Choices, s.Choices):
		return wrong
	}
	return right
}
