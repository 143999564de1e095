// Package sheets describes answer sheets as they are meant to be printed: parse,
// check, lay out, digest. It knows millimetres and nothing of pictures, disks or
// clocks. FORMAT.md beside it describes the design file.
package sheets

import (
	"encoding/hex"

	"bargkhan/sheets/geom"
)

type (
	// A DesignID names a design through all its revisions: "a4-3x20". Stable for ever.
	DesignID string
	// A FieldID names a field of one design: "q17", "nn.4", "form".
	FieldID string
	// A Choice is what one bubble says: "1", "B", "7".
	Choice string
)

// A Digest names one exact revision of a Design.
type Digest [32]byte

// A Check is the head of a Digest, as printed in every stamp.
type Check [4]byte

// Head is the part of d that is printed.
func (d Digest) Head() Check { return Check(d[:4]) }

// String writes d in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// String writes c in hexadecimal.
func (c Check) String() string { return hex.EncodeToString(c[:]) }

// A Design is everything the reader must know about a sheet, and everything the
// printer must draw. It is immutable: a change makes a new Digest, and paper is
// read with the Design it was printed from.
type Design struct {
	ID    DesignID
	Title string
	Size  geom.Point[geom.Paper] // of the paper, in mm
	Pages []Page
}

// A Page is one side of the sheet.
type Page struct {
	Anchors  []Anchor                // what registration looks for
	Codes    []geom.Rect[geom.Paper] // where the stamp is printed; none on a sheet printed by others
	Swatches []Swatch                // reference patches of known ink
	Fields   []Field                 // what people mark
	Decor    []Decor                 // what is printed besides; no reader looks at it
}

// An Anchor is a printed figure that registration looks for.
type Anchor struct {
	Shape  Shape
	Box    geom.Rect[geom.Paper] // its outer edges
	ID     int                   // of a Marker: its number in the dictionary
	Stroke float64               // of a Ring or Corner: the width of its line in mm; 0 if unknown

	// Of a Marker: which dictionary, "4x4_50" if empty; or its modules themselves, row by
	// row from the top left without the black frame, 1 for white.
	Dictionary, Bits string
}

// A Shape is the figure of an Anchor.
type Shape uint8

// The shapes an Anchor may have.
const (
	Square Shape = iota // a filled rectangle
	Disc                // a filled circle
	Ring                // a circle's outline
	Corner              // an L; its outer vertex is the corner of Box nearest to the page's own
	Bar                 // a filled rectangle much longer than wide: a tick of a timing track, a rule
	Marker              // an ArUco marker or AprilTag in a black frame one module wide
	Figure              // any other figure that stands alone, such as a cross: only its box is known
)

// A Swatch is a patch printed with a known share of ink, to measure toner, lamp
// and copier on the very page that is read.
type Swatch struct {
	Box geom.Rect[geom.Paper]
	Ink float64 // 0 paper … 1 solid
}

// A Field is one thing a person marks: a question, a digit of a number.
type Field struct {
	ID      FieldID
	Role    Role
	Rule    Rule
	Outline Outline
	Bubbles []Bubble
}

// A Role says what the marks of a Field are about.
type Role uint8

// The roles of fields.
const (
	Answer   Role = iota
	Identity      // a digit of the candidate's number
	Version       // which form of the booklet
	Survey        // an opinion, never linked to a person
	Presence      // filled by the hall's staff: absent
)

// A Rule says how many bubbles of a Field may be filled.
type Rule uint8

// The rules of fields.
const (
	AtMostOne Rule = iota
	ExactlyOne
	AnyNumber
)

// An Outline is the printed figure of a bubble; it fills the bubble's Box.
type Outline uint8

// The outlines of bubbles.
const (
	Stadium   Outline = iota // a rectangle with half-round ends
	Ellipse                  // also a circle
	Rectangle                // also a square
)

// A Bubble is one place to mark.
type Bubble struct {
	Choice Choice
	Box    geom.Rect[geom.Paper] // the outer edge of its outline
	Inside string                // printed inside the outline; empty on sheets of ours
}

// Decor is anything printed that no reader looks at.
type Decor struct {
	Kind  DecorKind
	Box   geom.Rect[geom.Paper]
	Text  string  // of Text: what is written; of Picture: the picture
	Slot  string  // of Text and Code: filled when printed, from the person: "name", "serial"
	Size  float64 // of Text: the em in mm; a text that does not fit Box is set smaller
	Align Align   // of Text
	Bold  bool    // of Text
	Ink   float64 // 0 paper … 1 black
	Width float64 // of Line, Outlined and Rounded: the stroke in mm
}

// DecorKind is what a Decor draws.
type DecorKind uint8

// The kinds of Decor.
const (
	Text     DecorKind = iota // one paragraph inside Box
	Line                      // from Box.Min to Box.Max
	Outlined                  // the border of Box, its stroke half to each side
	Filled                    // Box filled
	Code                      // a QR code of the slot's text filling Box with its quiet zone
	Rounded                   // the border of the stadium that fills Box, its stroke inside
	Solid                     // the stadium that fills Box, filled; a disc if Box is square
	Picture                   // a PNG or SVG, in Text as a data URI, as large as Box allows
)

// Align is where a line of text stands in its Box.
type Align uint8

// The alignments. Start is the right side for Persian text.
const (
	Start Align = iota
	Centre
	End
)
