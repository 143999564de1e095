package sheets

import (
	"io"
	"math"
	"strings"

	"bargkhan/sheets/geom"
)

const mmPerInch = 25.4

// ImportLayout reads a layout: a sheet printed by others as measured on a picture
// of it, in pixels of a known resolution. The Design has no codes, and its fields
// keep their names; a field that does not say how many of its bubbles may be filled
// takes any number, so that the paper is read as it is. Pixels become millimetres by
// the layout's dpi. A registration feature of a type that cannot be looked for is
// left out, as are "page edges", which are not printed and move with every scan: the
// bubbles prove every place, so that what is not used costs no safety. The error
// lists every fault.
//
// FORMAT.md describes the file.
func ImportLayout(r io.Reader) (*Design, error) {
	root, err := readTree(r)
	if err != nil {
		return nil, err
	}
	var f faults
	d := f.layout(root)
	if err := f.join(); err != nil {
		return nil, err
	}
	return d, d.Validate()
}

// layout reads a whole layout. Keys it does not know are left alone: the file is
// made elsewhere, and carries remarks for people.
func (f *faults) layout(root *node) *Design {
	o := f.object(root)
	d := &Design{ID: DesignID(f.text(o.need("set")))}
	d.Title = string(d.ID)
	page := o.need("page")
	if page == nil || page.kind != '{' {
		f.add(root.fault("the layout describes no page: nothing can be read with it"))
		return d
	}
	po := f.object(page)
	dpi := f.number(po.need("dpi"))
	if dpi <= 0 {
		f.add(page.fault("dpi must be above 0"))
		return d
	}
	scale := mmPerInch / dpi
	d.Size = geom.Point[geom.Paper]{X: micro(f.number(po.need("width")) * scale), Y: micro(f.number(po.need("height")) * scale)}
	var p Page
	for _, n := range f.list(o.get("registration")) {
		if d, ok := f.frame(n, scale); ok {
			p.Decor = append(p.Decor, d)
			continue
		}
		p.Anchors = append(p.Anchors, f.feature(n, scale)...)
	}
	for _, n := range f.list(o.need("fields")) {
		p.Fields = append(p.Fields, f.layoutField(n, scale))
	}
	d.Pages = []Page{p}
	return d
}

// frame reads a registration feature that is a printed frame: it tells which way up a symmetric
// sheet lies.
func (f *faults) frame(n *node, scale float64) (d Decor, ok bool) {
	o := f.object(n)
	kind := strings.ToLower(f.text(o.get("type")))
	if !strings.Contains(kind, "frame") && !strings.Contains(kind, "box") {
		return d, false
	}
	box := around(f.number(o.need("x"))*scale, f.number(o.need("y"))*scale, f.number(o.need("w"))*scale, f.number(o.need("h"))*scale)
	return Decor{Kind: Outlined, Box: box, Width: micro(max(f.number(o.get("stroke"))*scale, usualRule)), Ink: 1}, true
}

// usualRule is the width of a frame's line of which nothing is known, in mm.
const usualRule = 0.3

// feature reads one registration feature; none for one that is not looked for. A
// timing track is a feature with a count, each its step from the one before.
func (f *faults) feature(n *node, scale float64) []Anchor {
	o := f.object(n)
	kind := strings.ToLower(f.text(o.need("type")))
	x, y := f.number(o.need("x"))*scale, f.number(o.need("y"))*scale
	w, h := f.number(o.need("w"))*scale, f.number(o.need("h"))*scale
	a := Anchor{Box: around(x, y, w, h), Stroke: micro(f.number(o.get("stroke")) * scale)}
	var ok bool
	a.Shape, ok = featureShape(kind)
	switch {
	case f.marker(o, kind, &a):
		ok = true
	case !ok:
	case a.Shape == Square && max(w, h) > longBar*min(w, h):
		a.Shape = Bar
	case a.Shape == Bar && max(w, h) <= longBar*min(w, h):
		a.Shape = Square
	case a.Shape != Corner:
	case strings.Contains(kind, "bracket"): // given by its outer vertex
		a.Box = f.bracket(o.need("corner"), x, y, w, h)
	case a.Stroke == 0: // of three unit squares, given by its centre
		a.Stroke = micro(w / 2)
	}
	if !ok {
		return nil
	}
	out := []Anchor{a}
	dx, dy := f.number(o.get("dx"))*scale, f.number(o.get("dy"))*scale
	for i := 1; i < f.whole(o.get("count"), 1, mostTrack, 1); i++ {
		b := a
		b.Box = around(x+float64(i)*dx, y+float64(i)*dy, w, h)
		out = append(out, b)
	}
	return out
}

// longBar is how many times longer than wide a filled rectangle is a bar, whose
// direction can be seen; mostTrack bounds the bars of a timing track.
const (
	longBar   = 1.5
	mostTrack = 300
)

// marker reads what says which ArUco marker or AprilTag a feature is; false if it is
// none, or does not say which.
func (f *faults) marker(o *object, kind string, a *Anchor) bool {
	a.Dictionary = DictionaryName(f.text(o.get("dictionary")))
	if a.Dictionary == "" {
		a.Dictionary = DictionaryName(kind)
	}
	a.Bits = f.text(o.get("bits"))
	if a.Dictionary == "" && a.Bits == "" {
		return false
	}
	a.ID = f.whole(o.get("id"), 0, 9999, -1)
	if a.Bits == "" && a.ID < 0 {
		a.Dictionary, a.ID = "", 0
		return false
	}
	if a.Bits != "" {
		a.Dictionary, a.ID = "", max(a.ID, 0)
	}
	a.Shape = Marker
	return true
}

// featureShape is what a registration feature looks like, by the words that people
// use for it; not ok if none of them is known.
func featureShape(kind string) (shape Shape, ok bool) {
	if strings.Contains(kind, "code") { // a bar code or QR code is no bar
		return 0, false
	}
	for _, k := range []struct {
		word  string
		shape Shape
	}{
		{"hollow", Figure}, {"outline", Figure}, {"empty", Figure},
		{"concentric", Ring}, {"bullseye", Ring}, {"target", Ring}, {"ring", Ring},
		{"bracket", Corner}, {"l mark", Corner}, {"l-mark", Corner},
		{"square", Square}, {"disc", Disc}, {"filled circle", Disc}, {"dot", Disc},
		{"bar", Bar}, {"timing", Bar}, {"tick", Bar}, {"track", Bar}, {"rectangle", Bar},
		{"cross", Figure}, {"plus", Figure}, {"triangle", Figure}, {"diamond", Figure}, {"figure", Figure},
	} {
		if strings.Contains(kind, k.word) {
			return k.shape, true
		}
	}
	return 0, false
}

// bracket is the box of an L whose outer vertex at x, y points to the named corner.
func (f *faults) bracket(corner *node, x, y, w, h float64) geom.Rect[geom.Paper] {
	left, top := x, y
	switch c := f.text(corner); c {
	case "top_left":
	case "top_right":
		left -= w
	case "bottom_right":
		left, top = left-w, top-h
	case "bottom_left":
		top -= h
	default:
		if corner != nil {
			f.add(corner.fault("corner %q is not one of top_left, top_right, bottom_right, bottom_left", c))
		}
	}
	return geom.R[geom.Paper](micro(left), micro(top), micro(left+w), micro(top+h))
}

// layoutField reads a field. A layout may say its role and rule in the words of a
// design file; without them it is an answer with any number of marks.
func (f *faults) layoutField(n *node, scale float64) Field {
	o := f.object(n)
	field := Field{
		ID:   FieldID(f.text(o.need("name"))),
		Role: code[Role](f, o.get("role"), roleNames),
		Rule: AnyNumber,
	}
	if rule := o.get("rule"); rule != nil {
		field.Rule = code[Rule](f, rule, ruleNames)
	}
	for i, k := range f.list(o.need("bubbles")) {
		b := f.object(k)
		outline := Rectangle
		switch strings.ToLower(f.text(b.get("shape"))) {
		case "circle", "ellipse", "oval":
			outline = Ellipse
		case "stadium", "pill", "capsule", "rounded rectangle":
			outline = Stadium
		}
		if i == 0 {
			field.Outline = outline
		} else if outline != field.Outline {
			f.add(k.fault("the bubbles of a field must have one shape"))
		}
		field.Bubbles = append(field.Bubbles, Bubble{
			Choice: Choice(f.text(b.need("option"))), Inside: f.text(b.get("inside")),
			Box: around(f.number(b.need("x"))*scale, f.number(b.need("y"))*scale,
				f.number(b.need("w"))*scale, f.number(b.need("h"))*scale),
		})
	}
	return field
}

// around is the w×h box with centre x, y, to the micrometre.
func around(x, y, w, h float64) geom.Rect[geom.Paper] {
	return geom.R[geom.Paper](micro(x-w/2), micro(y-h/2), micro(x+w/2), micro(y+h/2))
}

// micro rounds mm to the micrometre, so that no processor's arithmetic shows in a
// digest.
func micro(v float64) float64 { return math.Round(v*1000) / 1000 }
