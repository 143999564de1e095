package typeset

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-text/typesetting/font"
)

// run writes one run of glyphs. A cluster of several glyphs, or a glyph that says
// something else here than elsewhere, is marked with the text it stands for, so
// that what is copied from the file is what was written. Marking whole lines would
// be simpler, but common readers turn the letters of such a line round.
func (c *content) run(r *run) {
	if len(r.glyphs) == 0 {
		return
	}
	t := runWriter{content: c, run: r, face: &c.d.faces[r.face], rise: math.NaN()}
	fmt.Fprintf(c.buf, "BT /F%d %s Tf ", r.face, points(r.size))
	c.point(r.at)
	c.buf.WriteString("Td\n")
	for i := 0; i < len(r.glyphs); {
		n := max(1, min(r.glyphs[i].count, len(r.glyphs)-i))
		t.cluster(r.glyphs[i : i+n])
		i += n
	}
	t.end()
	c.buf.WriteString("ET\n")
}

// A runWriter writes the glyphs of a run with as few operators as it can.
type runWriter struct {
	*content
	run  *run
	face *pdfFace
	pen  float64 // where the reader is, in thousandths of the em
	rise float64 // NaN when no glyphs are open
}

// cluster writes glyphs that stand for one text. Readers turn what reads from right
// to left round letter by letter, so a cluster of several letters is given to them
// letter by letter too, from the left: all but the first on glyphs without figure
// or width, the first on the cluster's own.
func (t *runWriter) cluster(gs []glyph) {
	first := gs[0]
	known, seen := t.face.text[first.id]
	if len(gs) == 1 && (!seen || known == first.text) && (!t.run.rtl || utf8.RuneCountInString(first.text) == 1) {
		t.face.text[first.id] = first.text
		t.glyph(first)
		return
	}
	text := []rune(first.text)
	blank, ok := t.run.fonts.blank(t.run.face)
	for ok && t.run.rtl && len(text) > 1 {
		last := len(text) - 1
		t.says(string(text[last:]), []glyph{{id: blank, x: gs[0].from}})
		text = text[:last]
	}
	if last := gs[len(gs)-1]; ok && len(gs) > 1 {
		// Readers take the first and the last glyph for the ends of the letter, and
		// see a gap beside a mark that stands at one of them.
		gs = slices.Concat([]glyph{{id: blank, x: first.from}}, gs, []glyph{{id: blank, x: last.from + last.advance}})
	}
	t.says(string(text), gs)
}

// says writes glyphs marked with the text they stand for.
func (t *runWriter) says(text string, gs []glyph) {
	t.end()
	fmt.Fprintf(t.buf, "/Span<</ActualText%s>>BDC\n", hexText(text))
	for _, g := range gs {
		t.glyph(g)
	}
	t.end()
	t.buf.WriteString("EMC\n")
}

// glyph writes one glyph at its own place.
func (t *runWriter) glyph(g glyph) {
	t.face.used[g.id] = true
	if g.y != t.rise {
		t.end()
		fmt.Fprintf(t.buf, "%s Ts[", points(g.y/1000*t.run.size))
		t.rise = g.y
	}
	if gap := t.pen - g.x; math.Abs(gap) >= 0.05 {
		t.buf.WriteString(decimal(gap))
	}
	fmt.Fprintf(t.buf, "<%04X>", g.id)
	t.pen = g.x + t.run.fonts.advance(t.run.face, g.id)
}

// end closes the glyphs that are open.
func (t *runWriter) end() {
	if !math.IsNaN(t.rise) {
		t.buf.WriteString("]TJ\n")
		t.rise = math.NaN()
	}
}

// advance is the width of a glyph as the PDF's font dictionary states it.
func (f *Fonts) advance(face faceID, id font.GID) float64 {
	t := f.setters.Get().(*setter)
	defer f.setters.Put(t)
	return math.Round(float64(t.faces[face].HorizontalAdvance(id)) / float64(f.fonts[face].Upem()) * 1000)
}

// blank is a glyph of a face without width, whose figure is left out of the file:
// Naskh draws a bar there, for editors that show what cannot be seen. No text is
// set with it, because shaping puts an empty space in its place.
func (f *Fonts) blank(face faceID) (font.GID, bool) {
	const zwnj = '\u200c'
	id, ok := f.fonts[face].NominalGlyph(zwnj)
	return id, ok && f.advance(face, id) == 0
}

// embed writes the used part of a face, and returns its object.
func (d *PDF) embed(id faceID) int {
	face := &d.faces[id]
	drawn := maps.Clone(face.used)
	if blank, ok := d.fonts.blank(id); ok {
		delete(drawn, blank)
	}
	file, err := subset(d.fonts.files[id], drawn)
	if err != nil {
		d.fail(err)
		return 0
	}
	used := slices.Sorted(maps.Keys(face.used))
	name := subsetTag(used) + "+" + strings.TrimSuffix(faceFiles[id], ".ttf")
	data, about, cid, unicode, top := d.object(), d.object(), d.object(), d.object(), d.object()
	d.stream(data, fmt.Sprintf("/Length1 %d", len(file)), file)
	d.stream(unicode, "", toUnicode(face, used))
	ext, _ := d.fonts.extents(id)
	d.begin(about)
	d.write("<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox[-1000 %s 3000 %s]/ItalicAngle 0/Ascent %s/Descent %s/CapHeight 700/StemV 80/FontFile2 %d 0 R>>\nendobj\n",
		name, decimal(ext.low), decimal(ext.high), decimal(ext.high), decimal(ext.low), data)
	d.begin(cid)
	d.write("<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor %d 0 R/CIDToGIDMap/Identity/DW 0/W[", name, about)
	for _, g := range used {
		d.write("%d[%s]", g, decimal(d.fonts.advance(id, g)))
	}
	d.write("]>>\nendobj\n")
	d.begin(top)
	d.write("<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>\nendobj\n", name, cid, unicode)
	return top
}

// subsetTag is six letters that tell subsets of one face apart.
func subsetTag(used []font.GID) string {
	sum := sha256.Sum256(fmt.Append(nil, used))
	tag := make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + sum[i]%26
	}
	return string(tag)
}

// toUnicode maps glyphs to the text they say when they stand alone.
func toUnicode(face *pdfFace, used []font.GID) []byte {
	var b strings.Builder
	b.WriteString("/CIDInit/ProcSet findresource begin 12 dict begin begincmap\n/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n/CMapName/Adobe-Identity-UCS def/CMapType 2 def\n1 begincodespacerange<0000><FFFF>endcodespacerange\n")
	var lines []string
	for _, g := range used {
		if text := face.text[g]; text != "" {
			line := fmt.Sprintf("<%04X><", g)
			for _, u := range utf16.Encode([]rune(text)) {
				line += fmt.Sprintf("%04X", u)
			}
			lines = append(lines, line+">\n")
		}
	}
	for part := range slices.Chunk(lines, 100) { // a CMap's section holds a hundred
		fmt.Fprintf(&b, "%d beginbfchar\n%sendbfchar\n", len(part), strings.Join(part, ""))
	}
	b.WriteString("endcmap CMapName currentdict/CMap defineresource pop end end\n")
	return []byte(b.String())
}

// extents are how far a face reaches, in thousandths of the em.
type extents struct{ high, low float64 }

func (f *Fonts) extents(face faceID) (extents, bool) {
	t := f.setters.Get().(*setter)
	defer f.setters.Put(t)
	e, ok := t.faces[face].FontHExtents()
	k := 1000 / float64(f.fonts[face].Upem())
	return extents{float64(e.Ascender) * k, float64(e.Descender) * k}, ok
}
