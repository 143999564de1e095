// Package count makes keys and counts from verdicts: what the rows of a key sheet say
// is right, and how often each opinion was given. Like judge, it is pure and has never
// seen a picture; it does not know whose a sheet is.
package count

import (
	"slices"

	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// An Answer is what one row of a key says: the right choices, one or several, or that
// the question is annulled.
type Answer struct {
	Right    []sheets.Choice
	Annulled bool
}

// Equal says whether a and b say the same. The order in which several right choices
// stand says nothing.
func (a Answer) Equal(b Answer) bool {
	return a.Annulled == b.Annulled && slices.Equal(set(a.Right), set(b.Right))
}

func set(cs []sheets.Choice) []sheets.Choice { return slices.Compact(slices.Sorted(slices.Values(cs))) }

// A Flaw is why a row of a key sheet gives no Answer.
type Flaw uint8

// The flaws; the zero Flaw is none.
const (
	Unclear Flaw = iota + 1 // in doubt, or not read at all
	Marked                  // annulled, and marked all the same
	Empty                   // not marked, and not annulled
)

// Row reads one row of a filled key sheet. v is its verdict, nil if there is none;
// annulled says that the question was withdrawn, and then the row must be blank. Several
// marks are several right answers. With a Flaw the Answer says nothing.
func Row(v *judge.Verdict, annulled bool) (Answer, Flaw) {
	switch {
	case v == nil || len(v.Doubts) > 0:
		return Answer{}, Unclear
	case annulled && len(v.Choices) > 0:
		return Answer{}, Marked
	case !annulled && len(v.Choices) == 0:
		return Answer{}, Empty
	}
	return Answer{Right: v.Choices, Annulled: annulled}, 0
}
