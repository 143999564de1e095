package typeset

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/go-text/typesetting/font"
)

// Meta is what a PDF says about itself. No dates: equal pages give equal files.
type Meta struct{ Title, Author, Subject string }

// A PDF writes pages as they come, holding none of them; fonts are embedded at the
// end, with only the glyphs that were used. Text in it can be searched and copied.
type PDF struct {
	w     io.Writer
	meta  Meta
	at    int64   // bytes written
	place []int64 // of each object, by its number; object 0 is not used
	err   error
	fonts *Fonts
	faces [faceCount]pdfFace
	forms map[*Page]int // object numbers of pages that others use
	pics  map[*Picture]int
	pages []int        // their object numbers
	buf   bytes.Buffer // the content being written
	zip   *zlib.Writer
}

// A pdfFace is what was used of a face.
type pdfFace struct {
	used map[font.GID]bool
	text map[font.GID]string // what a glyph says when it stands alone
}

// The objects every file has.
const (
	objCatalog = iota + 1
	objPages
	objResources
	objInfo
	objFirst
)

// NewPDF begins a PDF file on w.
func NewPDF(w io.Writer, m Meta) *PDF {
	d := &PDF{w: w, meta: m, place: make([]int64, objFirst), forms: map[*Page]int{}, pics: map[*Picture]int{}, zip: zlib.NewWriter(nil)}
	for i := range d.faces {
		d.faces[i] = pdfFace{map[font.GID]bool{}, map[font.GID]string{}}
	}
	d.bytes([]byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"))
	return d
}

// Add writes one page. All pages of a file must be set with the same Fonts.
func (d *PDF) Add(p *Page) error {
	content, err := d.content(p)
	if err != nil {
		return d.fail(err)
	}
	stream := d.object()
	d.stream(stream, "", content)
	page := d.object()
	d.begin(page)
	d.write("<</Type/Page/Parent %d 0 R/MediaBox[0 0 %s %s]/Resources %d 0 R/Contents %d 0 R>>\nendobj\n",
		objPages, points(p.W), points(p.H), objResources, stream)
	d.pages = append(d.pages, page)
	return d.err
}

// Close writes the fonts and ends the file. It does not close the writer.
func (d *PDF) Close() error {
	if d.err == nil && len(d.pages) == 0 {
		d.fail(errors.New("typeset: a PDF needs a page"))
	}
	var fonts strings.Builder
	for i := range d.faces {
		if len(d.faces[i].used) > 0 && d.err == nil {
			fmt.Fprintf(&fonts, "/F%d %d 0 R", i, d.embed(faceID(i)))
		}
	}
	var forms strings.Builder
	for _, n := range slices.Sorted(maps.Values(d.forms)) {
		fmt.Fprintf(&forms, "/X%d %d 0 R", n, n)
	}
	for _, n := range slices.Sorted(maps.Values(d.pics)) {
		fmt.Fprintf(&forms, "/X%d %d 0 R", n, n)
	}
	d.begin(objResources)
	d.write("<</Font<<%s>>/XObject<<%s>>>>\nendobj\n", fonts.String(), forms.String())
	d.begin(objPages)
	d.write("<</Type/Pages/Count %d/Kids[", len(d.pages))
	for _, n := range d.pages {
		d.write("%d 0 R\n", n)
	}
	d.write("]>>\nendobj\n")
	d.begin(objCatalog)
	d.write("<</Type/Catalog/Pages %d 0 R/Lang(fa)/ViewerPreferences<</Direction/R2L/DisplayDocTitle true/PrintScaling/None>>>>\nendobj\n", objPages)
	d.begin(objInfo)
	d.write("<</Title %s/Author %s/Subject %s/Producer(bargkhan)>>\nendobj\n", hexText(d.meta.Title), hexText(d.meta.Author), hexText(d.meta.Subject))
	return d.xref()
}

// xref ends the file with the places of all objects.
func (d *PDF) xref() error {
	start := d.at
	d.write("xref\n0 %d\n0000000000 65535 f \n", len(d.place))
	for _, at := range d.place[1:] {
		d.write("%010d 00000 n \n", at)
	}
	d.write("trailer\n<</Size %d/Root %d 0 R/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(d.place), objCatalog, objInfo, start)
	return d.err
}

// content writes the figures of p as a content stream into d.buf.
func (d *PDF) content(p *Page) ([]byte, error) {
	if p.err != nil {
		return nil, p.err
	}
	if p.fonts != nil && d.fonts == nil {
		d.fonts = p.fonts
	}
	if p.fonts != nil && p.fonts != d.fonts {
		return nil, errors.New("typeset: the pages of a PDF must share their fonts")
	}
	for _, o := range p.ops { // before d.buf is used for this page
		if o.used != nil {
			if err := d.form(o.used); err != nil {
				return nil, err
			}
		}
		if o.pic != nil {
			d.picture(o.pic)
		}
	}
	c := content{d: d, high: p.H, buf: &d.buf}
	c.buf.Reset()
	c.buf.WriteString("0 g\n")
	for _, o := range p.ops {
		c.op(o)
	}
	return c.buf.Bytes(), nil
}

// form writes a page that others use, once.
func (d *PDF) form(p *Page) error {
	if d.forms[p] != 0 {
		return nil
	}
	b, err := d.content(p)
	if err != nil {
		return err
	}
	n := d.object()
	d.forms[p] = n
	d.stream(n, fmt.Sprintf("/Type/XObject/Subtype/Form/BBox[0 0 %s %s]/Resources %d 0 R", points(p.W), points(p.H), objResources), b)
	return nil
}

// object reserves a number.
func (d *PDF) object() int {
	d.place = append(d.place, 0)
	return len(d.place) - 1
}

func (d *PDF) begin(n int) {
	d.place[n] = d.at
	d.write("%d 0 obj\n", n)
}

// stream writes object n with dict's entries and its data, compressed.
func (d *PDF) stream(n int, dict string, data []byte) {
	var small bytes.Buffer
	d.zip.Reset(&small)
	_, err := d.zip.Write(data)
	d.fail(errors.Join(err, d.zip.Close()))
	d.begin(n)
	d.write("<<%s/Filter/FlateDecode/Length %d>>\nstream\n", dict, small.Len())
	d.bytes(small.Bytes())
	d.write("\nendstream\nendobj\n")
}

func (d *PDF) write(format string, args ...any) {
	d.bytes(fmt.Appendf(nil, format, args...))
}

func (d *PDF) bytes(b []byte) {
	if d.err != nil {
		return
	}
	n, err := d.w.Write(b)
	d.at += int64(n)
	d.fail(err)
}

func (d *PDF) fail(err error) error {
	if d.err == nil {
		d.err = err
	}
	return d.err
}

const pointsPerMM = 72 / mmPerInch

// points writes a length in mm as points, to a thousandth: a third of a micrometre.
func points(mm float64) string { return decimal(mm * pointsPerMM) }

// decimal writes v with at most three decimals.
func decimal(v float64) string {
	s := strconv.FormatFloat(v, 'f', 3, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

// hexText writes s as a PDF text string.
func hexText(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	b.WriteString(">")
	return b.String()
}

// A content writes operators of a content stream.
type content struct {
	d     *PDF
	high  float64 // of the page in mm: PDF counts from the bottom
	buf   *bytes.Buffer
	color Color
}

func (c *content) op(o op) {
	if o.used == nil && o.pic == nil && o.color != c.color {
		c.color = o.color
		if v := o.color; v.R == v.G && v.G == v.B {
			fmt.Fprintf(c.buf, "%s g\n", decimal(float64(v.R)/255))
		} else {
			fmt.Fprintf(c.buf, "%s %s %s rg\n", decimal(float64(v.R)/255), decimal(float64(v.G)/255), decimal(float64(v.B)/255))
		}
	}
	switch {
	case o.used != nil && o.m != nil:
		c.matrix(o.m, o.used.H)
		fmt.Fprintf(c.buf, "/X%d Do Q\n", c.d.forms[o.used])
	case o.used != nil:
		fmt.Fprintf(c.buf, "q /X%d Do Q\n", c.d.forms[o.used])
	case o.pic != nil:
		fmt.Fprintf(c.buf, "q %s 0 0 %s ", points(o.box.W()), points(o.box.H()))
		c.point(Point{X: o.box.Min.X, Y: o.box.Max.Y})
		fmt.Fprintf(c.buf, "cm /X%d Do Q\n", c.d.pics[o.pic])
	case o.run != nil:
		c.run(o.run)
	default:
		c.path(o.path)
	}
}

// matrix begins what is drawn by m from a page of a height. PDF counts from the
// bottom, so turning is the other way round and heights take part in the move.
func (c *content) matrix(m *affine, high float64) {
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', 6, 64) }
	fmt.Fprintf(c.buf, "q %s %s %s %s %s %s cm ", number(m.a), number(-m.c), number(-m.b), number(m.d),
		points(m.b*high+m.tx), points(c.high-m.d*high-m.ty))
}

// point writes a place on the page.
func (c *content) point(p Point) {
	c.buf.WriteString(points(p.X))
	c.buf.WriteByte(' ')
	c.buf.WriteString(points(c.high - p.Y))
	c.buf.WriteByte(' ')
}

func (c *content) path(p *Path) {
	for i := range p.segs {
		s := &p.segs[i]
		switch s.kind {
		case moveTo:
			if i > 0 {
				c.buf.WriteString("h\n")
			}
			c.point(s.p[0])
			c.buf.WriteString("m\n")
		case lineTo:
			c.point(s.p[0])
			c.buf.WriteString("l\n")
		case cubeTo:
			c.point(s.p[0])
			c.point(s.p[1])
			c.point(s.p[2])
			c.buf.WriteString("c\n")
		}
	}
	c.buf.WriteString("h f\n")
}
