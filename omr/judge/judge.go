// Package judge turns evidence into verdicts. It has never seen a picture.
package judge

import (
	"fmt"

	"bargkhan/sheets"
)

// Evidence is what was measured at one bubble. It holds no opinion.
type Evidence struct {
	Field  sheets.FieldID `json:"field"`
	Choice sheets.Choice  `json:"choice"`
	Ink    float64        `json:"ink"`  // 0 blank … 1 solid: inside the outline, against the paper around it and beyond a letter printed there; a little below 0 where that is lighter than usual
	Fit    float64        `json:"fit"`  // 0 … 1, how surely this is the place the bubble was printed
	Seen   float64        `json:"seen"` // 0 … 1, the part free of streak, fold, hole and edge

	// What a second reader of another nature says, who looks at the pattern of dark and
	// bright and not at their sum. Mark 0 says that there was none: a reading of before,
	// or a bubble whose blank look nobody knows.
	Mark  float64 `json:"mark,omitempty"`  // 0.0001 … 1, how likely this is a mark of some kind
	Tick  float64 `json:"tick,omitempty"`  // 0 … 1, how likely a tick
	Cross float64 `json:"cross,omitempty"` // 0 … 1, how likely a cross
	Full  float64 `json:"full,omitempty"`  // 0 … 1, how likely the bubble is filled, in whatever shade
}

// A Policy is learned by package calibration and never typed by hand. Its shares of
// ink are above the page's own blank level: 0 is a blank bubble of this page, 1 is
// its printed black.
type Policy struct {
	ID     string  `json:"id"`               // names the profile, stored with every verdict
	Blank  float64 `json:"blank"`            // at or below: not marked; the page's own blanks lower the limit where they are even, and raise it where they are not, never beyond 0.4 of a sure mark
	Marked float64 `json:"marked"`           // at or above: marked; between the two: a person decides
	Part   float64 `json:"part,omitempty"`   // of the page's own usual mark: from here on a mark is sure; it moves Marked by half at most. 0 leaves Marked as it is
	Filled float64 `json:"filled,omitempty"` // the second reader's certainty that a bubble is filled from which on Marked need not be moved by Part: a pale mark that fills its bubble is no line of something else. 0: it is not asked
	Lead   float64 `json:"lead"`             // least gap between first and second choice, as a share of the first
	Fit    float64 `json:"fit"`              // below: Lost
	Seen   float64 `json:"seen"`             // below: Hidden

	Divided float64     `json:"divided,omitempty"` // the second reader's certainty of the contrary from which on that is a doubt; 0: it is not asked
	Risk    [Risks]Risk `json:"risk,omitzero"`     // by rising margin; how often settled fields are wrong
}

// A Verdict is what we believe about one field. No Doubts means settled.
type Verdict struct {
	Field   sheets.FieldID  `json:"field"`
	Choices []sheets.Choice `json:"choices,omitempty"` // in the design's order
	Doubts  []Doubt         `json:"doubts,omitempty"`
	Wrong   float64         `json:"wrong,omitempty"` // of a settled field, the probability that it is wrong, as learnt from known pages; 0: not known
}

// A Doubt is a reason for a person to look.
type Doubt struct {
	Reason Reason        `json:"reason"`
	Choice sheets.Choice `json:"choice,omitempty"` // empty if about the whole field
	Margin float64       `json:"margin"`           // distance to the deciding threshold, for sorting the queue
}

// A Reason is why a person should look. Its text form is a stable code.
type Reason uint8

// The reasons of doubts.
const (
	Faint    Reason = iota + 1 // between Blank and Marked
	Several                    // more marks than the Rule allows
	Missing                    // fewer marks than the Rule allows
	Close                      // the lead is too small: often an erasure
	Lost                       // no bubble where one was printed
	Hidden                     // covered or torn off; never read as blank
	Disagree                   // two scans of the same sheet say different things
	Unknown                    // what is marked names nobody, or nothing, that exists
	Divided                    // the two readers of a mark say different things
	Tick                       // a tick, where the bubble is to be filled
	Cross                      // a cross, likewise
)

// reasons are the stable codes; they appear in files, URLs and the database.
var reasons = [...]string{"", "faint", "several", "missing", "close", "lost", "hidden", "disagree", "unknown", "divided", "tick", "cross"}

// String is the stable code of r.
func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r]
	}
	return ""
}

// MarshalText writes the stable code of r.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a stable code; an unknown one is an error.
func (r *Reason) UnmarshalText(b []byte) (err error) {
	*r, err = ParseReason(string(b))
	return err
}

// ParseReason reads a stable code; an unknown or empty one is an error.
func ParseReason(s string) (Reason, error) {
	for i, word := range reasons {
		if i > 0 && word == s {
			return Reason(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no reason of a doubt: one of %q is expected", s, reasons[1:])
}
