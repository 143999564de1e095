package typeset

// A run is shaped text of one face on one line.
type run struct{}

func (r *run) outline() *Path { return nil }

// A Style says how a paragraph is set. Its zero values are a black paragraph from
// right to left, flush right, in the middle of its box.
type Style struct {
	Size    float64 // the em, in mm; a text that does not fit its box is set smaller
	Align   Align
	Level   Level
	LTR     bool    // the paragraph's own direction is from left to right
	Bold    bool    // all spans
	Leading float64 // from line to line, in ems; 0 is 1.6
	Color   Color
}

// Align is where a line stands between the sides of its box.
type Align uint8

// The alignments. Start is the right side of a paragraph from right to left.
const (
	Start Align = iota
	Centre
	End
	Justify // between both sides; the last line at the start
)

// Level is where a paragraph stands between top and bottom of its box.
type Level uint8

// The levels.
const (
	Middle Level = iota
	Top
	Bottom
)

// A Span is a part of a paragraph.
type Span struct {
	Text string
	Bold bool
}

// Text sets one paragraph inside box, and returns where its last line ends, in mm
// from the top of the page. A line feed begins a new line.
func (p *Page) Text(box Rect, s Style, spans ...Span) (bottom float64) {
	return box.Max.Y
}

type setter struct{}

func newSetter(f *Fonts) *setter { return nil }
