// Package deck makes test decks: sheets of a design that are printed already
// marked, each in a way that matters, and what a reader must say of them. A station
// that prints, copies and scans a deck before an exam shows that its own printer,
// copier and scanner keep what reading needs. Every sheet carries the test flag: it
// can never enter results.
//
//	d, err := deck.Of(design)                // the cards, the same on every machine
//	err = d.PDF(w, fonts)                    // print them
//	diff := d.Compare(card, deck.Seen{…})    // for each page that was read
//	diff = d.Missing(cards)                  // and for those that did not come
package deck

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"bargkhan/sheets"
)

// A Kind is how the bubbles of a card are marked, or how it lies on its paper.
type Kind string

// The kinds of cards.
const (
	Once     Kind = "once"     // each bubble on exactly one of these cards
	Blank    Kind = "blank"    // nothing
	All      Kind = "all"      // every bubble
	Doubles  Kind = "doubles"  // two marks in each field
	Least    Kind = "least"    // a dark line of 1 mm
	Pale     Kind = "pale"     // a third of a pencil's black
	Ticks    Kind = "ticks"    // ✓
	Crosses  Kind = "crosses"  // ✗
	Erasures Kind = "erasures" // a ghost in one bubble, a mark in another
	Upended  Kind = "upended"  // upside down
	Small    Kind = "small"    // 97 %
	Large    Kind = "large"    // 103 %
	Foreign  Kind = "foreign"  // of another design: must be returned
)

// An Expect says whether a reader may, or must, doubt a field.
type Expect string

// What may be expected of a reader.
const (
	Sure Expect = "sure" // settled, and as it is
	May  Expect = "may"  // settled as it is, or doubted; never settled otherwise
	Must Expect = "must" // doubted: a person has to look
)

// A Deck is the cards of one design. Its JSON holds the design too, so that the file
// alone is enough to read and compare the scans.
type Deck struct {
	Design *sheets.Design `json:"design"`
	Cards  []Card         `json:"cards"`
}

// A Card is one page of the deck.
type Card struct {
	Number int           `json:"card"` // from 1, as printed
	Kind   Kind          `json:"kind"`
	Serial sheets.Serial `json:"serial"`
	Page   int           `json:"page"` // of the design, from 1
	Fields []Field       `json:"fields,omitempty"`
	marks  []mark
}

// A Field is what must be read in one field of a card.
type Field struct {
	ID      sheets.FieldID  `json:"id"`
	Choices []sheets.Choice `json:"choices,omitempty"`
	Expect  Expect          `json:"expect"`
}

// Returned says whether a reader must give the card back.
func (c *Card) Returned() bool { return c.Kind == Foreign }

// Refusable says whether a reader may give the card back. Where every bubble is
// filled no outline is left by which to know that they are where they should be, and
// a reader that refuses to guess returns such a page: nothing is read wrongly.
func (c *Card) Refusable() bool { return c.Kind == All }

// A mark is one printed mark.
type mark struct {
	field  int // of the page
	bubble int
	style  Kind // how it is drawn; Blank is a ghost
}

// maxChoices bounds the cards of a page; no design of ours comes near it.
const maxChoices = 100

// Of makes the deck of a design, which must be valid and one of ours: a page that
// carries no stamp cannot say that it is a test.
func Of(d *sheets.Design) (*Deck, error) {
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("deck: %w", err)
	}
	deck := &Deck{Design: d}
	for i := range d.Pages {
		p := &d.Pages[i]
		if len(p.Codes) == 0 {
			return nil, fmt.Errorf("deck: page %d of design %s carries no stamp: a test sheet could not be told from a real one", i+1, d.ID)
		}
		rounds := 0
		for _, f := range p.Fields {
			rounds = max(rounds, len(f.Bubbles))
		}
		if rounds > maxChoices {
			return nil, fmt.Errorf("deck: page %d has a field of %d choices, more than the %d of a deck", i+1, rounds, maxChoices)
		}
		for r := range rounds {
			deck.add(i+1, Once, turns(p, rounds, r))
		}
		for _, k := range []Kind{Blank, All, Doubles, Least, Pale, Ticks, Crosses, Erasures, Upended, Small, Large, Foreign} {
			deck.add(i+1, k, marksOf(p, k))
		}
	}
	return deck, nil
}

// turns marks in round r of rounds one bubble of each field that has one for it; over
// all rounds each bubble is marked once. Neighbours differ, so that a page that is
// read a row off cannot come out right.
func turns(p *sheets.Page, rounds, r int) (marks []mark) {
	for i, f := range p.Fields {
		if k := (r + i) % rounds; k < len(f.Bubbles) {
			marks = append(marks, mark{i, k, Once})
		}
	}
	return marks
}

// marksOf marks a page by its kind.
func marksOf(p *sheets.Page, kind Kind) (marks []mark) {
	for i, f := range p.Fields {
		n := len(f.Bubbles)
		one, other := i%n, (i+1+i/n)%n
		switch kind {
		case Blank:
		case All:
			for k := range n {
				marks = append(marks, mark{i, k, Once})
			}
		case Doubles, Erasures:
			if n == 1 || one == other {
				other = (one + 1) % n
			}
			if n == 1 {
				continue
			}
			style := Once
			if kind == Erasures {
				style = Blank
			}
			marks = append(marks, mark{i, one, Once}, mark{i, other, style})
		case Least, Pale, Ticks, Crosses:
			marks = append(marks, mark{i, one, kind})
		default:
			marks = append(marks, mark{i, one, Once})
		}
	}
	return marks
}

// add makes the next card.
func (d *Deck) add(page int, kind Kind, marks []mark) {
	c := Card{Number: len(d.Cards) + 1, Kind: kind, Page: page, Serial: sheets.NewSerial(len(d.Cards) + 1), marks: marks}
	if !c.Returned() {
		for i := range d.Design.Pages[page-1].Fields {
			c.Fields = append(c.Fields, expect(&d.Design.Pages[page-1].Fields[i], i, kind, marks))
		}
	}
	d.Cards = append(d.Cards, c)
}

// expect is what must be read in field i of a page.
func expect(f *sheets.Field, i int, kind Kind, marks []mark) Field {
	out := Field{ID: f.ID, Expect: Sure}
	for k, b := range f.Bubbles {
		if slices.ContainsFunc(marks, func(m mark) bool { return m.field == i && m.bubble == k && m.style != Blank }) {
			out.Choices = append(out.Choices, b.Choice)
		}
	}
	n := len(out.Choices)
	switch {
	case n > 1 && f.Rule != sheets.AnyNumber, n == 0 && f.Rule == sheets.ExactlyOne:
		out.Expect = Must
	case n > 0 && slices.Contains([]Kind{Least, Pale, Ticks, Crosses, Erasures}, kind):
		out.Expect = May
	}
	return out
}

// Encode writes d as JSON.
func (d *Deck) Encode(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(d)
}

// Decode reads what Encode wrote. The cards must be those that Of makes for the
// design: a file that was changed by hand is no proof of anything.
func Decode(r io.Reader) (*Deck, error) {
	var d Deck
	dec := json.NewDecoder(io.LimitReader(r, 64<<20))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("deck: this is not the file of a deck: %w", err)
	}
	if d.Design == nil {
		return nil, fmt.Errorf("deck: the file holds no design: make it anew with the deck")
	}
	want, err := Of(d.Design)
	if err != nil {
		return nil, err
	}
	a, err1 := json.Marshal(d.Cards)
	b, err2 := json.Marshal(want.Cards)
	if err1 != nil || err2 != nil || string(a) != string(b) {
		return nil, fmt.Errorf("deck: the cards are not those of design %s: the file was changed, or made by another release; make the deck anew", d.Design.ID)
	}
	return want, nil
}
