package typeset

import (
	"cmp"
	"fmt"
	"slices"
	"unicode"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
)

// A setter shapes and breaks text. It holds scratch memory: one goroutine at a time.
type setter struct {
	fonts   *Fonts
	faces   [faceCount]*font.Face
	shaper  shaping.HarfbuzzShaper
	segment shaping.Segmenter
	wrapper shaping.LineWrapper
	ltr     bool // the paragraph being shaped
	missing rune // one that no face has
}

// persian is the language whose forms of letters and digits a face shall use.
var persian = language.NewLanguage("fa")

// ownDigits switches off the face's local forms. Noto Naskh Arabic 2.004
// gives every language the ۴ ۶ ۷ of Urdu, which Persian readers take for misprints;
// its own digits are the Persian ones. Digits stand in runs of their own, so the
// local forms of « » around them are kept.
var ownDigits = []shaping.FontFeature{{Tag: opentype.MustNewTag("locl"), Value: 0}}

func persianDigit(r rune) bool { return r >= '۰' && r <= '۹' }

// scriptOf is Arabic for signs and digits that belong to no script.
func scriptOf(in shaping.Input) language.Script {
	if in.Script == language.Common {
		return language.Arabic
	}
	return in.Script
}

func newSetter(f *Fonts) *setter {
	t := &setter{fonts: f}
	for i := range t.faces {
		t.faces[i] = font.NewFace(f.fonts[i])
	}
	return t
}

// A shaped text is one line's or paragraph's glyphs at an em of 1000, so that one
// shaping serves every size.
type shaped struct {
	text []rune
	outs []shaping.Output
}

// A line is what stands on one line, in thousandths of the em.
type line struct {
	runs  []lineRun // from the left
	width float64
	last  bool // of its paragraph
}

// A lineRun is a stretch of one face.
type lineRun struct {
	face   faceID
	rtl    bool
	x      float64
	glyphs []glyph
}

// A glyph is one figure of a face.
type glyph struct {
	id      font.GID
	x, y    float64 // of its origin, from the run's, y upwards
	from    float64 // where the pen stood before its offset
	advance float64
	text    string // what the cluster says, at its first glyph
	count   int    // of glyphs in the cluster, at its first glyph; else 0
}

// ResolveFace chooses the regular face for r: Latin letters and ASCII digits are
// set in the Latin face, all else in Naskh if it has it. A paragraph from left to
// right takes its spaces and points from the Latin face too.
func (t *setter) ResolveFace(r rune) *font.Face {
	first, second := t.faces[naskh], t.faces[latin]
	if t.ltr || r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
		first, second = second, first
	}
	if _, ok := first.NominalGlyph(r); ok {
		return first
	}
	if _, ok := second.NominalGlyph(r); ok {
		return second
	}
	t.missing = r
	return first
}

// faceOf is the face of an output of ours.
func (t *setter) faceOf(f *font.Face) faceID { return faceID(slices.Index(t.faces[:], f)) }

// shape shapes one paragraph.
func (t *setter) shape(s Style, spans []Span) (shaped, error) {
	var sh shaped
	var bold []bool // of each rune
	for _, span := range spans {
		for _, r := range span.Text {
			sh.text = append(sh.text, r)
			bold = append(bold, span.Bold || s.Bold)
		}
	}
	in := shaping.Input{
		Text: sh.text, RunEnd: len(sh.text), Direction: direction(s), Size: fixed.I(1000),
		Script: language.Arabic, Language: persian,
	}
	t.ltr, t.missing = s.LTR, 0
	inputs := slices.Clone(t.segment.Split(in, t))
	if t.missing != 0 {
		return sh, fmt.Errorf("typeset: no font has the letter %q (%U) of %q: write it otherwise", t.missing, t.missing, string(sh.text))
	}
	for _, in := range inputs {
		in.Script, in.Language = scriptOf(in), persian
		if slices.ContainsFunc(sh.text[in.RunStart:in.RunEnd], persianDigit) {
			in.FontFeatures = ownDigits
		}
		for in.RunStart < in.RunEnd {
			part := in
			part.RunEnd = in.RunStart + 1
			for part.RunEnd < in.RunEnd && bold[part.RunEnd] == bold[part.RunStart] {
				part.RunEnd++
			}
			if bold[part.RunStart] {
				part.Face = t.faces[t.faceOf(part.Face)+1] // the bold face follows its regular one
			}
			sh.outs = append(sh.outs, t.shaper.Shape(part))
			in.RunStart = part.RunEnd
		}
	}
	return sh, nil
}

func direction(s Style) di.Direction {
	if s.LTR {
		return di.DirectionLTR
	}
	return di.DirectionRTL
}

// lines breaks sh into lines of at most width, in thousandths of the em. A word
// wider than that stands alone on a line that is too wide.
func (t *setter) lines(sh *shaped, s Style, width float64) []line {
	if len(sh.text) == 0 {
		return []line{{last: true}}
	}
	outs := slices.Clone(sh.outs)
	for i := range outs { // wrapping writes into them
		outs[i].Glyphs = slices.Clone(outs[i].Glyphs)
	}
	config := shaping.WrapConfig{Direction: direction(s), BreakPolicy: shaping.Never}
	most := fixed.Int26_6(min(width, 1e6) * 64)
	wrapped, _ := t.wrapper.WrapParagraphF(config, most, sh.text, shaping.NewSliceIterator(outs))
	lines := make([]line, len(wrapped))
	for i, w := range wrapped {
		lines[i] = t.line(sh, w)
	}
	lines[len(lines)-1].last = true
	return lines
}

// line turns a wrapped line, which lives in scratch memory, into one of ours.
func (t *setter) line(sh *shaped, w shaping.Line) line {
	w = slices.Clone(w)
	slices.SortFunc(w, func(a, b shaping.Output) int { return cmp.Compare(a.VisualIndex, b.VisualIndex) })
	var l line
	for _, out := range w {
		r := lineRun{face: t.faceOf(out.Face), rtl: out.Direction == di.DirectionRTL, x: l.width}
		pen, last := 0.0, -1
		for i, g := range out.Glyphs {
			ours := glyph{id: g.GlyphID, from: pen, x: pen + units(g.XOffset), y: units(g.YOffset), advance: units(g.Advance)}
			if at := g.TextIndex(); i == 0 || at != last {
				last = at
				ours.count = g.GlyphsCount()
				ours.text = string(sh.text[at:min(at+g.RunesCount(), len(sh.text))])
			}
			r.glyphs = append(r.glyphs, ours)
			pen += ours.advance
		}
		l.width += pen
		l.runs = append(l.runs, r)
	}
	return l
}

func units(v fixed.Int26_6) float64 { return float64(v) / 64 }

// stretch widens the spaces of l until it is width wide.
func (l *line) stretch(width float64) {
	spaces := 0
	for _, r := range l.runs {
		for _, g := range r.glyphs {
			if g.text == " " && g.advance > 0 {
				spaces++
			}
		}
	}
	if spaces == 0 || width <= l.width {
		return
	}
	more, moved := (width-l.width)/float64(spaces), 0.0
	for i := range l.runs {
		r := &l.runs[i]
		r.x += moved
		inside := 0.0
		for k := range r.glyphs {
			g := &r.glyphs[k]
			g.x, g.from = g.x+inside, g.from+inside
			if g.text == " " && g.advance > 0 {
				g.advance += more
				inside += more
			}
		}
		moved += inside
	}
	l.width = width
}

// A glyphKey names one glyph of all faces.
type glyphKey struct {
	face faceID
	id   font.GID
}

// outline is the path of a glyph for an em of 1, y downwards. It is shared: no one
// may change it.
func (f *Fonts) outline(face faceID, id font.GID) *Path {
	key := glyphKey{face, id}
	if p, ok := f.outlines.Load(key); ok {
		return p.(*Path)
	}
	t := f.setters.Get().(*setter)
	defer f.setters.Put(t)
	out := new(Path)
	if data, ok := t.faces[face].GlyphDataOutline(id); ok {
		em := float64(f.fonts[face].Upem())
		for _, s := range data.Segments {
			out.font(s, em)
		}
	}
	p, _ := f.outlines.LoadOrStore(key, out)
	return p.(*Path)
}

// font adds a segment of a font's outline.
func (p *Path) font(s opentype.Segment, em float64) {
	at := func(i int) Point {
		return Point{X: float64(s.Args[i].X) / em, Y: -float64(s.Args[i].Y) / em}
	}
	switch s.Op {
	case opentype.SegmentOpMoveTo:
		p.Move(at(0))
	case opentype.SegmentOpLineTo:
		p.To(at(0))
	case opentype.SegmentOpQuadTo: // raised to a cubic
		from, c, to := p.segs[len(p.segs)-1].end(), at(0), at(1)
		p.Cube(from.Add(c.Sub(from).Mul(2.0/3)), to.Add(c.Sub(to).Mul(2.0/3)), to)
	case opentype.SegmentOpCubeTo:
		p.Cube(at(0), at(1), at(2))
	}
}
