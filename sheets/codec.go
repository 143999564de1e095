package sheets

import (
	"bytes"
	"encoding/json"
	"io"

	"bargkhan/sheets/geom"
)

// The stable names of the closed lists, in the order of their constants.
var (
	shapeNames   = []string{"square", "disc", "ring", "corner", "bar", "marker", "figure"}
	roleNames    = []string{"answer", "identity", "version", "survey", "presence"}
	ruleNames    = []string{"at-most-one", "exactly-one", "any-number"}
	outlineNames = []string{"stadium", "ellipse", "rectangle"}
	decorNames   = []string{"text", "line", "outlined", "filled", "code", "rounded", "solid", "picture"}
	alignNames   = []string{"start", "centre", "end"}

	directionNames = []string{"left-to-right", "right-to-left"}
	rowOrderNames  = []string{"down", "up", "across"}
)

// name is the stable name of v, "" if it has none.
func name[T ~uint8](v T, names []string) string {
	if int(v) < len(names) {
		return names[v]
	}
	return ""
}

// String is the stable name of s.
func (s Shape) String() string { return name(s, shapeNames) }

// String is the stable name of r.
func (r Role) String() string { return name(r, roleNames) }

// String is the stable name of r.
func (r Rule) String() string { return name(r, ruleNames) }

// String is the stable name of o.
func (o Outline) String() string { return name(o, outlineNames) }

// String is the stable name of k.
func (k DecorKind) String() string { return name(k, decorNames) }

// String is the stable name of a.
func (a Align) String() string { return name(a, alignNames) }

// String is the stable name of d.
func (d Direction) String() string { return name(d, directionNames) }

// String is the stable name of o.
func (o RowOrder) String() string { return name(o, rowOrderNames) }

// The file forms of a Design, in the order they are written.
type (
	fileBox    [4]float64
	fileDesign struct {
		ID    DesignID   `json:"id"`
		Title string     `json:"title"`
		Size  [2]float64 `json:"size"`
		Pages []filePage `json:"pages"`
	}
	filePage struct {
		Anchors  []fileAnchor `json:"anchors"`
		Codes    []fileBox    `json:"codes,omitempty"`
		Swatches []fileSwatch `json:"swatches,omitempty"`
		Fields   []fileField  `json:"fields"`
		Decor    []fileDecor  `json:"decor,omitempty"`
	}
	fileAnchor struct {
		Shape  string  `json:"shape"`
		ID     int     `json:"id,omitempty"`
		Box    fileBox `json:"box"`
		Stroke float64 `json:"stroke,omitempty"`

		Dictionary string `json:"dictionary,omitempty"`
		Bits       string `json:"bits,omitempty"`
	}
	fileSwatch struct {
		Ink float64 `json:"ink"`
		Box fileBox `json:"box"`
	}
	fileField struct {
		ID      FieldID      `json:"id"`
		Role    string       `json:"role"`
		Rule    string       `json:"rule"`
		Outline string       `json:"outline"`
		Bubbles []fileBubble `json:"bubbles"`
	}
	fileBubble struct {
		Choice Choice  `json:"choice"`
		Box    fileBox `json:"box"`
		Inside string  `json:"inside,omitempty"`
	}
	fileDecor struct {
		Kind  string  `json:"kind"`
		Box   fileBox `json:"box"`
		Text  string  `json:"text,omitempty"`
		Slot  string  `json:"slot,omitempty"`
		Size  float64 `json:"size,omitempty"`
		Align string  `json:"align,omitempty"`
		Bold  bool    `json:"bold,omitempty"`
		Ink   float64 `json:"ink,omitempty"`
		Width float64 `json:"width,omitempty"`
	}
)

func boxOf(r geom.Rect[geom.Paper]) fileBox {
	return fileBox{r.Min.X, r.Min.Y, r.Max.X, r.Max.Y}
}

// MarshalJSON writes d as an explicit design file, which Parse and UnmarshalJSON
// read back to a Design with the same Digest.
func (d *Design) MarshalJSON() ([]byte, error) {
	out := fileDesign{ID: d.ID, Title: d.Title, Size: [2]float64{d.Size.X, d.Size.Y}, Pages: []filePage{}}
	for i := range d.Pages {
		out.Pages = append(out.Pages, pageFile(&d.Pages[i]))
	}
	return json.Marshal(map[string]fileDesign{"design": out})
}

func pageFile(p *Page) filePage {
	out := filePage{Anchors: []fileAnchor{}, Fields: []fileField{}}
	for _, a := range p.Anchors {
		out.Anchors = append(out.Anchors, fileAnchor{a.Shape.String(), a.ID, boxOf(a.Box), a.Stroke, a.Dictionary, a.Bits})
	}
	for _, c := range p.Codes {
		out.Codes = append(out.Codes, boxOf(c))
	}
	for _, s := range p.Swatches {
		out.Swatches = append(out.Swatches, fileSwatch{s.Ink, boxOf(s.Box)})
	}
	for _, f := range p.Fields {
		ff := fileField{f.ID, f.Role.String(), f.Rule.String(), f.Outline.String(), []fileBubble{}}
		for _, b := range f.Bubbles {
			ff.Bubbles = append(ff.Bubbles, fileBubble{b.Choice, boxOf(b.Box), b.Inside})
		}
		out.Fields = append(out.Fields, ff)
	}
	for _, c := range p.Decor {
		align := ""
		if c.Align != Start {
			align = c.Align.String()
		}
		out.Decor = append(out.Decor, fileDecor{
			Kind: c.Kind.String(), Box: boxOf(c.Box), Text: c.Text, Slot: c.Slot,
			Size: c.Size, Align: align, Bold: c.Bold, Ink: c.Ink, Width: c.Width,
		})
	}
	return out
}

// UnmarshalJSON reads an explicit design file.
func (d *Design) UnmarshalJSON(b []byte) error {
	root, err := readTree(bytes.NewReader(b))
	if err != nil {
		return err
	}
	var f faults
	o := f.object(root)
	got := f.design(o.need("design"))
	o.done()
	if err := f.join(); err != nil {
		return err
	}
	*d = *got
	return nil
}

// Encode writes d as an explicit design file for people to read.
func (d *Design) Encode(w io.Writer) error {
	compact, err := d.MarshalJSON()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact, "", " "); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err = w.Write(out.Bytes())
	return err
}

// design reads the value of "design".
func (f *faults) design(n *node) *Design {
	o := f.object(n)
	d := &Design{ID: DesignID(f.text(o.need("id"))), Title: f.text(o.get("title"))}
	if s := f.numbers(o.need("size"), 2); s != nil {
		d.Size = geom.Point[geom.Paper]{X: s[0], Y: s[1]}
	}
	for _, k := range f.list(o.need("pages")) {
		d.Pages = append(d.Pages, f.page(k))
	}
	o.done()
	return d
}

func (f *faults) page(n *node) Page {
	o := f.object(n)
	var p Page
	for _, k := range f.list(o.need("anchors")) {
		a := f.object(k)
		p.Anchors = append(p.Anchors, Anchor{
			Shape: code[Shape](f, a.need("shape"), shapeNames), ID: f.whole(a.get("id"), 0, 9999, 0),
			Box: f.box(a.need("box")), Stroke: f.number(a.get("stroke")),
			Dictionary: f.text(a.get("dictionary")), Bits: f.text(a.get("bits")),
		})
		a.done()
	}
	for _, k := range f.list(o.get("codes")) {
		p.Codes = append(p.Codes, f.box(k))
	}
	for _, k := range f.list(o.get("swatches")) {
		s := f.object(k)
		p.Swatches = append(p.Swatches, Swatch{Box: f.box(s.need("box")), Ink: f.number(s.need("ink"))})
		s.done()
	}
	for _, k := range f.list(o.need("fields")) {
		p.Fields = append(p.Fields, f.field(k))
	}
	for _, k := range f.list(o.get("decor")) {
		p.Decor = append(p.Decor, f.decor(k))
	}
	o.done()
	return p
}

func (f *faults) field(n *node) Field {
	o := f.object(n)
	field := Field{
		ID:      FieldID(f.text(o.need("id"))),
		Role:    code[Role](f, o.get("role"), roleNames),
		Rule:    code[Rule](f, o.get("rule"), ruleNames),
		Outline: code[Outline](f, o.get("outline"), outlineNames),
	}
	for _, k := range f.list(o.need("bubbles")) {
		b := f.object(k)
		field.Bubbles = append(field.Bubbles, Bubble{
			Choice: Choice(f.text(b.need("choice"))), Box: f.box(b.need("box")), Inside: f.text(b.get("inside")),
		})
		b.done()
	}
	o.done()
	return field
}

func (f *faults) decor(n *node) Decor {
	o := f.object(n)
	d := Decor{
		Kind: code[DecorKind](f, o.need("kind"), decorNames), Box: f.box(o.need("box")),
		Text: f.text(o.get("text")), Slot: f.text(o.get("slot")), Size: f.number(o.get("size")),
		Align: code[Align](f, o.get("align"), alignNames), Bold: f.flag(o.get("bold")),
		Ink: f.number(o.get("ink")), Width: f.number(o.get("width")),
	}
	o.done()
	return d
}

// box reads [left, top, right, bottom].
func (f *faults) box(n *node) geom.Rect[geom.Paper] {
	v := f.numbers(n, 4)
	if v == nil {
		return geom.Rect[geom.Paper]{}
	}
	return geom.R[geom.Paper](v[0], v[1], v[2], v[3])
}
