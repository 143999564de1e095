package deck

import (
	"slices"

	"bargkhan/sheets"
)

// A Seen is what a reader said of one page: its stamp, and of each field the choices
// and whether it was left to a person.
type Seen struct {
	Stamp  sheets.Stamp
	Fields map[sheets.FieldID]Said
}

// A Said is a reader's word about one field.
type Said struct {
	Choices []sheets.Choice
	Doubted bool
}

// What a difference is.
type What string

// The kinds of differences.
const (
	Misread   What = "misread"      // settled, and not as it is: the one that must never be
	Unasked   What = "not-doubted"  // settled, though no reader may settle it alone
	Needless  What = "doubted"      // left to a person, though the mark is clear
	Unread    What = "not-returned" // a card of another design was read
	Lacking   What = "missing"      // a card never came, or came back unread
	NoTest    What = "no-test"      // a sheet without the test flag lies in the deck
	Stranger  What = "unknown"      // a test sheet that is no card of this deck
	GivenBack What = "returned"     // a page was returned and should not have been
)

// A Difference is one thing that a station's scans show and the deck does not say.
type Difference struct {
	Card  int            `json:"card,omitempty"` // 0 where the page is none
	Kind  Kind           `json:"kind,omitempty"`
	Field sheets.FieldID `json:"field,omitempty"` // empty where it is the whole page
	Want  Field          `json:"want"`
	Got   Said           `json:"got"`
	What  What           `json:"what"`
}

// Card finds the card of a stamp; nil if it is none.
func (d *Deck) Card(s sheets.Stamp) *Card {
	i := slices.IndexFunc(d.Cards, func(c Card) bool { return c.Serial == s.Serial && c.Page == s.Page })
	if i < 0 {
		return nil
	}
	return &d.Cards[i]
}

// Compare says what a page that was read shows and its card does not say. It is a
// pure function.
func (d *Deck) Compare(s Seen) (out []Difference) {
	c := d.Card(s.Stamp)
	switch {
	case !s.Stamp.Test:
		return []Difference{{What: NoTest}}
	case c == nil:
		return []Difference{{What: Stranger}}
	case c.Returned():
		return []Difference{{Card: c.Number, Kind: c.Kind, What: Unread}}
	}
	for _, want := range c.Fields {
		got, known := s.Fields[want.ID]
		if what := outcome(want, got, known); what != "" {
			out = append(out, Difference{c.Number, c.Kind, want.ID, want, got, what})
		}
	}
	return out
}

// outcome is what is wrong with a field; empty for nothing.
func outcome(want Field, got Said, known bool) What {
	same := slices.Equal(want.Choices, got.Choices)
	switch {
	case !known:
		return Misread
	case got.Doubted && want.Expect == Sure:
		return Needless
	case got.Doubted:
		return ""
	case want.Expect == Must:
		return Unasked
	case !same:
		return Misread
	}
	return ""
}

// Missing lists the cards that were not read, when these were, so many pages came
// back as sheets of no known design, and so many as distorted: the cards of another
// design must be among the first, and refusable cards may be among the second.
func (d *Deck) Missing(read []int, foreign, distorted int) (out []Difference) {
	for i := range d.Cards {
		c := &d.Cards[i]
		switch {
		case slices.Contains(read, c.Number):
		case c.Returned() && foreign > 0:
			foreign--
		case c.Refusable() && distorted > 0:
			distorted--
		default:
			out = append(out, Difference{Card: c.Number, Kind: c.Kind, What: Lacking})
		}
	}
	return out
}
