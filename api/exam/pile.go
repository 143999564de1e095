package exam

import (
	"fmt"
	"slices"

	"bargkhan/api/persian"
	"bargkhan/sheets"
)

// A Place is a page among all that a station took: files follow one another as they
// were taken, pages as they lie in the file.
type Place struct {
	File  string // ID of an arrival; IDs of a station grow with time
	Image int
}

// A Bound parts the pages of a station into stacks: the header sheet before one, the
// end sheet behind it, or a person who says that a stack is through.
type Bound struct {
	Place
	Stack *sheets.Stack // of a header or an end sheet
	Batch *Batch        // of a person's word; its Place is behind all that had come
	Seen  Batch         // of a sheet: station and time of the file it is in
}

func (b *Bound) opens() bool { return b != nil && b.Stack != nil && !b.Stack.End }
func (b *Bound) ends() bool  { return b != nil && b.Stack != nil && b.Stack.End }

// A Span is the pages from one place to another.
type Span struct {
	From Place // the first page of it
	To   Place // behind its last; the zero Place: whatever comes
}

// A Pile is a batch and where its pages lie.
type Pile struct {
	Batch
	Spans []Span
	Open  bool // more pages may come to it

	// Of a header's pile, its stack; of a person's word right behind an end sheet, the
	// stack that ended there; else zero.
	Sheet sheets.Stack
}

// Piles are the batches that the bounds of one station part, in order. What lies
// between two bounds belongs to the header before it; or to the end sheet behind it,
// when the header was lost; or, fed from the last sheet to the first, to the two
// sheets around it. A person's word outranks a header: it counts the pages behind
// that. A stack that is fed again is the same pile.
func Piles(bounds []Bound) (out []Pile) {
	at := map[sheets.Stack]int{}
	var left *Bound
	for i := range len(bounds) + 1 {
		var right *Bound
		span := Span{From: behind(left)}
		if i < len(bounds) {
			right = &bounds[i]
			span.To = before(right)
		}
		switch stack := owner(left, right); {
		case right != nil && right.Batch != nil:
			p := Pile{Batch: *right.Batch, Spans: []Span{span}}
			if left.ends() {
				p.Sheet = whole(left.Stack)
			}
			out = append(out, p)
		case stack != nil:
			k, known := at[whole(stack)]
			if !known {
				k = len(out)
				at[whole(stack)] = k
				out = append(out, Pile{Batch: headed(stack, left, right), Sheet: whole(stack)})
			}
			out[k].Spans = append(out[k].Spans, span)
			out[k].Open = right == nil
		}
		left = right
	}
	return out
}

// owner is the stack that the pages between two bounds belong to; nil: none.
func owner(left, right *Bound) *sheets.Stack {
	switch {
	case left.opens():
		return left.Stack
	case right.ends():
		return right.Stack
	case left.ends() && right.opens() && whole(left.Stack) == whole(right.Stack):
		return left.Stack
	}
	return nil
}

// whole is a stack without which of its two sheets says so.
func whole(s *sheets.Stack) sheets.Stack {
	w := *s
	w.End = false
	return w
}

// headed is the batch that a header or an end sheet says lies there.
func headed(s *sheets.Stack, left, right *Bound) Batch {
	from := left
	if left == nil || left.Stack == nil {
		from = right
	}
	return Batch{Station: from.Seen.Station, Session: SessionID(s.Session), Venue: VenueID(s.Venue),
		Stack: fmt.Sprint(s.Number), Paper: s.Sheets, At: from.Seen.At, Headed: true}
}

// behind is the first page that a bound leaves to what follows it. A header begins
// its own stack.
func behind(b *Bound) Place {
	switch {
	case b == nil:
		return Place{}
	case b.opens():
		return b.Place
	}
	return Place{b.File, b.Image + 1}
}

// before is the first page that no longer belongs to what a bound follows.
func before(b *Bound) Place {
	if b.opens() {
		return b.Place
	}
	return Place{b.File, b.Image + 1}
}

// In says whether a header sheet speaks of this session, by its name or its ID; then
// the batch is given the IDs of session and venue.
func (b *Batch) In(ses *Session) bool {
	if b.Session != ses.ID && persian.Key(string(b.Session)) != persian.Key(ses.Name) {
		return false
	}
	b.Session = ses.ID
	venue := persian.Key(string(b.Venue))
	i := slices.IndexFunc(ses.Venues, func(v Venue) bool { return v.ID == b.Venue || persian.Key(v.Name) == venue })
	if i >= 0 {
		b.Venue = ses.Venues[i].ID
	}
	return true
}
