package page

import (
	"cmp"
	"image"
	"math"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// A matrix carries the points of a PDF: x' = a·x + c·y + e, y' = b·x + d·y + f.
type matrix [6]float64

// then is m followed by n.
func (m matrix) then(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// A placed is a picture and where the page shows it: the unit square, carried by
// at, with the picture's top at y = 1.
type placed struct {
	picture types.StreamDict
	at      matrix
	ink     uint8 // the grey that a stencil is painted with
}

// A graphics is the part of the graphics state that matters.
type graphics struct {
	at        matrix
	ink       uint8
	invisible bool // text is drawn in mode 3: words a scanner has recognised
}

// A painter follows what a page shows.
type painter struct {
	pdfFile
	graphics
	stack []graphics
	shown []placed
	drawn string // what is shown that is no picture; "" if nothing
	steps int
}

const (
	// A page of a scanner has a dozen operators, one with recognised text some ten
	// thousand.
	mostOperators = 2_000_000
	// The same page with recognised text is a megabyte.
	mostContent = 64 << 20
	// Forms inside forms, and saved states: the format's own limit is 28.
	deepest = 28
)

// page takes the scanned picture of pg out.
func (f pdfFile) page(pg pdfPage) (Page, error) {
	if name := f.annotated(pg.dict); name != "" {
		return Page{}, unsupported(name)
	}
	p := painter{pdfFile: f, graphics: graphics{at: matrix{1, 0, 0, 1, 0, 0}}}
	contents, _ := pg.dict.Find("Contents")
	var code []byte
	for _, o := range f.list(contents) {
		sd, _, err := f.DereferenceStreamDict(o)
		if err != nil || sd == nil {
			return Page{}, torn("the page's content is missing")
		}
		b, err := f.unpack(*sd, mostContent)
		if err != nil {
			return Page{}, err
		}
		code = append(append(code, b.data...), '\n')
	}
	if err := p.paint(code, f.dict(pg.resources), 0); err != nil {
		return Page{}, err
	}
	if p.drawn != "" {
		return Page{}, unsupported("PDF page with " + p.drawn)
	}
	unit := f.number(f.get(pg.dict, "UserUnit"), 1)
	return p.assemble(f.whole(pg.rotate, 0), unit)
}

// annotated names what lies on the page besides its content: marks made on a
// screen must not be lost, and no scanner makes them.
func (f pdfFile) annotated(pg types.Dict) string {
	for _, o := range f.list(f.get(pg, "Annots")) {
		d := f.dict(o)
		switch f.name(f.get(d, "Subtype")) {
		case "", "Link", "Popup":
			continue
		case "Widget": // a signature without a face
			if r := f.list(f.get(d, "Rect")); len(r) == 4 && f.number(r[0], 0) == f.number(r[2], 1) {
				continue
			}
		}
		return "PDF page with annotations"
	}
	return ""
}

// paint follows the operators of code.
func (p *painter) paint(code []byte, resources types.Dict, depth int) error {
	l := lexer{code: code}
	var args []token
	for {
		t, err := l.next()
		if err != nil {
			return err
		}
		switch t.kind {
		case tokenEnd:
			return nil
		case tokenOperator:
			if p.steps++; p.steps > mostOperators {
				return unsupported("PDF page of too many operators")
			}
			if err := p.operator(t.text, args, resources, depth); err != nil {
				return err
			}
			args = args[:0]
		default:
			// No operator that matters here takes more than six.
			if args = append(args, t); len(args) > 64 {
				args = args[:0]
			}
		}
	}
}

// numbers returns the last n operands, which must be numbers.
func numbers(args []token, n int) ([]float64, bool) {
	if len(args) < n {
		return nil, false
	}
	out := make([]float64, n)
	for i, t := range args[len(args)-n:] {
		if t.kind != tokenNumber {
			return nil, false
		}
		out[i] = t.number
	}
	return out, true
}

func (p *painter) operator(op string, args []token, resources types.Dict, depth int) error {
	switch op {
	case "q":
		if len(p.stack) >= deepest*4 {
			return unsupported("PDF page with states nested too deep")
		}
		p.stack = append(p.stack, p.graphics)
	case "Q":
		if n := len(p.stack); n > 0 {
			p.graphics, p.stack = p.stack[n-1], p.stack[:n-1]
		}
	case "cm":
		if m, ok := numbers(args, 6); ok {
			p.at = matrix(m).then(p.at)
		}
	case "g", "rg", "k", "sc", "scn":
		p.colour(op, args)
	case "Tr":
		m, ok := numbers(args, 1)
		p.invisible = ok && (m[0] == 3 || m[0] == 7)
	case "Tj", "TJ", "'", "\"":
		if !p.invisible {
			p.drawn = "text"
		}
	case "f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "sh":
		// A white ground under the scan changes nothing.
		if op[0] != 'f' && op[0] != 'F' || p.ink < 250 || len(p.shown) > 0 {
			p.drawn = "drawn lines or areas"
		}
	case "BI":
		p.drawn = "an inline picture"
	case "Do":
		if len(args) > 0 && args[len(args)-1].kind == tokenName {
			return p.show(args[len(args)-1].text, resources, depth)
		}
	}
	return nil
}

// colour takes in the colour of areas and stencils.
func (p *painter) colour(op string, args []token) {
	p.ink = 0
	n := map[string]int{"g": 1, "rg": 3, "k": 4}[op]
	if n == 0 {
		n = len(args)
	}
	v, ok := numbers(args, n)
	switch {
	case !ok:
	case n == 1:
		p.ink = level(v[0])
	case n == 3:
		p.ink = luma(uint32(level(v[0])), uint32(level(v[1])), uint32(level(v[2])))
	case n == 4:
		light := luma(uint32(level(1-v[0])), uint32(level(1-v[1])), uint32(level(1-v[2])))
		p.ink = level(float64(light) / 255 * (1 - v[3]))
	}
}

// level is v, 0 to 1, in 255 steps.
func level(v float64) uint8 { return uint8(min(1, max(0, v))*255 + .5) }

// show shows the picture or form called name.
func (p *painter) show(name string, resources types.Dict, depth int) error {
	o, ok := p.dict(p.get(resources, "XObject"))[name]
	if !ok {
		return torn("picture %q is missing", name)
	}
	sd, _, err := p.DereferenceStreamDict(o)
	if err != nil || sd == nil {
		return torn("picture %q is missing", name)
	}
	switch p.name(p.get(sd.Dict, "Subtype")) {
	case "Image":
		p.shown = append(p.shown, placed{*sd, p.at, p.ink})
		// A driver that cuts a page into bands cuts it into a few hundred at most.
		if len(p.shown) > 5000 {
			return unsupported("PDF page of too many pictures")
		}
		return nil
	case "Form":
		return p.form(*sd, resources, depth)
	}
	return unsupported("PDF page with something that is neither picture nor form")
}

// form follows a form, which has a matrix and resources of its own.
func (p *painter) form(sd types.StreamDict, resources types.Dict, depth int) error {
	if depth >= deepest {
		return torn("a form shows itself")
	}
	b, err := p.unpack(sd, mostContent)
	if err != nil {
		return err
	}
	if own := p.dict(p.get(sd.Dict, "Resources")); own != nil {
		resources = own
	}
	before, stack := p.graphics, p.stack
	p.stack = nil
	if m := p.list(p.get(sd.Dict, "Matrix")); len(m) == 6 {
		var at matrix
		for i := range at {
			at[i] = p.number(m[i], 0)
		}
		p.at = at.then(p.at)
	}
	err = p.paint(b.data, resources, depth+1)
	p.graphics, p.stack = before, stack
	return err
}

// A piece is a placed picture in its own directions: points to its left and
// above, to its right and below, and how it must be laid.
type piece struct {
	placed
	w, h       int     // pixels
	left, top  float64 // points from an origin that all pieces share
	wide, high float64 // points
	lie        orientation
}

// pieceOf works out how the page shows s. Small turns, of a driver that
// straightens by the matrix, are left to registration.
func (p *painter) pieceOf(s placed) (piece, error) {
	pc := piece{
		placed: s,
		w:      p.whole(p.get(s.picture.Dict, "Width", "W"), 0),
		h:      p.whole(p.get(s.picture.Dict, "Height", "H"), 0),
		wide:   math.Hypot(s.at[0], s.at[1]),
		high:   math.Hypot(s.at[2], s.at[3]),
	}
	if err := p.lim.room(pc.w, pc.h); err != nil {
		return pc, err
	}
	if !(pc.wide > 0 && pc.high > 0) || math.IsInf(pc.wide, 1) || math.IsInf(pc.high, 1) {
		return pc, torn("a picture shown at no size")
	}
	rx, ry := s.at[0]/pc.wide, s.at[1]/pc.wide   // to the picture's right
	dx, dy := -s.at[2]/pc.high, -s.at[3]/pc.high // and down
	if math.Abs(rx*dx+ry*dy) > 0.1 {
		return pc, unsupported("PDF page with a slanted picture")
	}
	x, y := s.at[4]+s.at[2], s.at[5]+s.at[3] // its top-left corner
	pc.left, pc.top = x*rx+y*ry, x*dx+y*dy
	pc.lie = laid(rx, -ry, dx, -dy)
	return pc, nil
}

// laid is the orientation of a picture whose right and down point where they do,
// on a page whose y goes down.
func laid(rx, ry, dx, dy float64) orientation {
	if math.Abs(rx) >= math.Abs(ry) {
		switch {
		case rx > 0 && dy > 0:
			return 1
		case dy > 0:
			return 2
		case rx > 0:
			return 4
		}
		return 3
	}
	switch {
	case ry > 0 && dx > 0:
		return 5
	case ry > 0:
		return 6
	case dx > 0:
		return 8
	}
	return 7
}

// rotated is o turned by quarters of a turn clockwise.
func (o orientation) rotated(quarters int) orientation {
	next := [9]orientation{0, 6, 7, 8, 5, 2, 3, 4, 1}
	for range (quarters%4 + 4) % 4 {
		o = next[o]
	}
	return o
}

// assemble makes the page's picture of what it shows: one picture, or bands that
// lie one below the other.
func (p *painter) assemble(rotate int, unit float64) (Page, error) {
	var ps []piece
	for _, s := range p.shown {
		pc, err := p.pieceOf(s)
		if err != nil {
			return Page{}, err
		}
		ps = append(ps, pc)
	}
	if len(ps) == 0 {
		return Page{}, unsupported("PDF page without a scanned picture")
	}
	slices.SortStableFunc(ps, func(a, b piece) int { return cmp.Compare(a.top, b.top) })
	height, err := p.stacked(ps)
	if err != nil {
		return Page{}, err
	}
	first := ps[0]
	var img *image.Gray
	bits := 1
	for y, i := 0, 0; i < len(ps); y, i = y+ps[i].h, i+1 {
		g, b, err := p.grey(ps[i].picture, ps[i].w, ps[i].h, ps[i].ink)
		if err != nil {
			return Page{}, err
		}
		bits = max(bits, b)
		if len(ps) == 1 {
			img = g
			break
		}
		if img == nil {
			img = newGray(first.w, height)
		}
		copy(img.Pix[y*img.Stride:], g.Pix)
		free(g)
	}
	x := 72 / unit * float64(first.w) / first.wide
	y := 72 / unit * float64(first.h) / first.high
	return lay(img, bits, first.lie.rotated(rotate/90), x, y, p.lim)
}

// stacked returns the height of ps in pixels if they are bands of one picture:
// equally wide and dense, each beginning where the one above ends.
func (p *painter) stacked(ps []piece) (int, error) {
	height, first := 0, ps[0]
	for i, pc := range ps {
		line := pc.high / float64(pc.h) // points
		// The last bands of a page are rounded to whole points by some drivers.
		near := 1.5*line + 0.5
		switch {
		case pc.lie != first.lie, pc.w != first.w, math.Abs(pc.wide-first.wide) > near,
			math.Abs(pc.left-first.left) > near:
			return 0, unsupported("PDF page of several pictures (layers)")
		case i > 0 && math.Abs(pc.top-ps[i-1].top-ps[i-1].high) > near:
			return 0, unsupported("PDF page of pictures that overlap or leave gaps")
		}
		height += pc.h
	}
	return height, p.lim.room(first.w, height)
}
