package typeset

import (
	"fmt"
	"strings"

	"bargkhan/sheets/geom"
)

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

// How far letters reach from the baseline, in ems: the tall letters and marks of
// Noto Naskh and the tails of its final forms. The digits, whose middle is where a
// line is centred, are half an em high.
const (
	reachUp        = 0.86
	reachDown      = 0.40
	middle         = 0.24 // of the letters' bodies and digits, above the baseline
	defaultLeading = 1.6  // Naskh with its high and low dots needs more than Latin's 1.2
	shrink         = 0.97 // of the size from one try to the next: a step no eye sees
	smallest       = 0.30 // of the asked size; beyond it a text is refused, not hidden
)

// Text sets one paragraph inside box, and returns where its last line ends, in mm
// from the top of the page. A line feed begins a new line. A text too long for one
// line is wrapped; one too long for the box is set smaller.
func (p *Page) Text(box Rect, s Style, spans ...Span) (bottom float64) {
	if p.fonts == nil || p.err != nil || !(s.Size > 0) {
		return box.Min.Y
	}
	set := p.fonts.setters.Get().(*setter)
	defer p.fonts.setters.Put(set)
	var parts []shaped
	for _, spans := range paragraphs(spans) {
		part, err := set.shape(s, spans)
		if err != nil {
			p.fail(err)
			return box.Min.Y
		}
		parts = append(parts, part)
	}
	for size := s.Size; size >= smallest*s.Size; size *= shrink {
		lines, fits := set.wrap(parts, s, box, size)
		if fits {
			return p.place(lines, s, box, size)
		}
	}
	p.fail(fmt.Errorf("typeset: %q does not fit a box of %.1f by %.1f mm even at %.0f %% of its size: shorten it", join(spans), box.W(), box.H(), 100*smallest))
	return box.Min.Y
}

// Height is how high a paragraph would be in a column of the given width, in mm,
// when it is set at its own size.
func (p *Page) Height(width float64, s Style, spans ...Span) float64 {
	probe := NewPage(p.fonts, p.W, p.H)
	s.Level = Top
	return probe.Text(Box(0, 0, width, 1e6), s, spans...)
}

func join(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

// paragraphs splits spans at line feeds.
func paragraphs(spans []Span) [][]Span {
	out := [][]Span{nil}
	for _, s := range spans {
		for i, text := range strings.Split(s.Text, "\n") {
			if i > 0 {
				out = append(out, nil)
			}
			last := len(out) - 1
			out[last] = append(out[last], Span{text, s.Bold})
		}
	}
	return out
}

// leading is the distance of two lines, in ems.
func (s Style) leading() float64 {
	if s.Leading > 0 {
		return s.Leading
	}
	return defaultLeading
}

// wrap breaks the parts into lines at a size, and says whether they fit box.
func (t *setter) wrap(parts []shaped, s Style, box Rect, size float64) (lines []line, fits bool) {
	const em = 1000 // of a line's numbers
	for i := range parts {
		lines = append(lines, t.lines(&parts[i], s, box.W()/size*em)...)
	}
	for _, l := range lines {
		if l.width*size/em > box.W()+1e-6 {
			return nil, false
		}
	}
	high := (float64(len(lines)-1)*s.leading() + reachUp + reachDown) * size
	return lines, len(lines) == 1 && high <= box.H()*1.35 || high <= box.H()+1e-6
}

// place records the lines of a paragraph, and returns where the last one ends.
func (p *Page) place(lines []line, s Style, box Rect, size float64) float64 {
	step := s.leading() * size
	rest := float64(len(lines)-1) * step
	var base float64
	switch s.Level {
	case Top:
		base = box.Min.Y + reachUp*size
	case Middle:
		base = box.Center().Y - rest/2 + middle*size
	case Bottom:
		base = box.Max.Y - rest - reachDown*size
	}
	for i := range lines {
		l := &lines[i]
		if s.Align == Justify && !l.last {
			l.stretch(box.W() / size * 1000)
		}
		wide := l.width / 1000 * size
		x := box.Min.X
		switch {
		case s.Align == Centre:
			x += (box.W() - wide) / 2
		case (s.Align == End) == s.LTR:
			x = box.Max.X - wide
		}
		p.line(l, x, base, size, s.Color)
		base += step
	}
	return base - step + reachDown*size
}

// line records the runs of one line whose left end is at x.
func (p *Page) line(l *line, x, base, size float64, c Color) {
	for i := range l.runs {
		r := run{fonts: p.fonts, face: l.runs[i].face, rtl: l.runs[i].rtl, size: size, glyphs: l.runs[i].glyphs}
		r.at = geom.Point[geom.Paper]{X: x + l.runs[i].x/1000*size, Y: base}
		p.ops = append(p.ops, op{color: c, run: &r})
	}
}

// A run is shaped text of one face on one line.
type run struct {
	fonts  *Fonts
	face   faceID
	rtl    bool
	size   float64 // the em in mm
	at     Point   // the left end of its baseline
	glyphs []glyph
}

// outline is the path of all glyphs of r.
func (r *run) outline() *Path {
	out := new(Path)
	k := r.size / 1000
	for _, g := range r.glyphs {
		at := Point{X: r.at.X + g.x*k, Y: r.at.Y - g.y*k}
		for _, s := range r.fonts.outline(r.face, g.id).segs {
			for i := range s.p {
				s.p[i] = s.p[i].Mul(r.size).Add(at)
			}
			out.segs = append(out.segs, s)
		}
	}
	return out
}
