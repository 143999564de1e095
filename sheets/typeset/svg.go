package typeset

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A Drawing is a drawing of filled and stroked paths, read from SVG.
type Drawing struct {
	view Rect // what of the drawing is shown, in its own units
	ops  []op
}

// maxDrawing bounds the figures of a Drawing: a logo has dozens.
const maxDrawing = 5000

// Drawing draws art as large as it fits into box, in its middle.
func (p *Page) Drawing(box Rect, art *Drawing) {
	to := inside(box, art.view.W(), art.view.H())
	k := to.W() / art.view.W()
	m := affine{a: k, d: k, tx: to.Min.X - k*art.view.Min.X, ty: to.Min.Y - k*art.view.Min.Y}
	for _, o := range art.ops {
		p.Fill(o.path.by(m), o.color)
	}
}

// by is p carried by m.
func (p *Path) by(m affine) *Path {
	out := &Path{segs: make([]segment, len(p.segs))}
	for i, s := range p.segs {
		for k := range s.p {
			s.p[k] = m.at(s.p[k])
		}
		out.segs[i] = s
	}
	return out
}

// ParseSVG reads the small part of SVG that logos are made of: svg with viewBox or
// width and height, g, path without arcs, rect, circle, ellipse, polygon; fill and
// transform. Titles and descriptions are passed over. Anything else that would draw
// or change what is drawn is an error that names it: a logo is never drawn in part.
func ParseSVG(data []byte) (*Drawing, error) {
	dec := xml.NewDecoder(strings.NewReader(string(data)))
	s := svg{states: []svgState{{m: affine{a: 1, d: 1}, fill: "black"}}}
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = s.token(dec, tok)
		}
		if err != nil {
			return nil, fmt.Errorf("typeset: SVG: %w; save the picture as PNG, or its shapes as plain filled paths", err)
		}
	}
	if !(s.art.view.W() > 0 && s.art.view.H() > 0) || len(s.art.ops) == 0 {
		return nil, errors.New("typeset: SVG: it has no size or draws nothing")
	}
	return &s.art, nil
}

// An svg is a drawing being read, with the states of the elements that are open.
type svg struct {
	art    Drawing
	states []svgState
}

type svgState struct {
	m    affine
	fill string
}

func (s *svg) token(dec *xml.Decoder, tok xml.Token) error {
	switch t := tok.(type) {
	case xml.EndElement:
		s.states = s.states[:len(s.states)-1]
	case xml.StartElement:
		switch t.Name.Local {
		case "title", "desc", "metadata", "namedview":
			return dec.Skip()
		case "defs":
			return s.defs(dec)
		}
		return s.element(t)
	}
	return nil
}

// defs passes over definitions, of which only empty ones say nothing.
func (s *svg) defs(dec *xml.Decoder) error {
	for {
		tok, err := dec.Token()
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			return fmt.Errorf("<%s> in <defs> is not read", t.Name.Local)
		}
	}
}

// silent are attributes that say nothing about what is drawn here.
var silent = map[string]bool{
	"id": true, "class": true, "xmlns": true, "version": true, "x": true, "y": true, "width": true, "height": true, "viewBox": true,
	"d": true, "points": true, "cx": true, "cy": true, "r": true, "rx": true, "ry": true, "preserveAspectRatio": true,
	"baseProfile": true, "role": true, "stroke-width": true, "stroke-linecap": true, "stroke-linejoin": true, "stroke-miterlimit": true,
	"overflow": true, "enable-background": true,
}

func (s *svg) element(t xml.StartElement) error {
	state := s.states[len(s.states)-1]
	attr := map[string]string{}
	for _, a := range t.Attr {
		if a.Name.Space != "" && a.Name.Space != "http://www.w3.org/2000/svg" {
			continue // of an editor
		}
		if a.Name.Local == "style" {
			for _, rule := range strings.Split(a.Value, ";") {
				if k, v, ok := strings.Cut(rule, ":"); ok {
					attr[strings.TrimSpace(k)] = strings.TrimSpace(v)
				}
			}
			continue
		}
		attr[a.Name.Local] = strings.TrimSpace(a.Value)
	}
	if err := state.take(attr); err != nil {
		return fmt.Errorf("<%s>: %w", t.Name.Local, err)
	}
	s.states = append(s.states, state)
	path, err := s.figure(t.Name.Local, attr)
	if err != nil {
		return fmt.Errorf("<%s>: %w", t.Name.Local, err)
	}
	c, ok, err := colour(state.fill)
	if err != nil {
		return fmt.Errorf("<%s>: %w", t.Name.Local, err)
	}
	if path == nil || len(path.segs) == 0 || !ok {
		return nil
	}
	if len(s.art.ops) == maxDrawing {
		return fmt.Errorf("more than %d figures", maxDrawing)
	}
	s.art.ops = append(s.art.ops, op{path: path.by(state.m), color: c})
	return nil
}

// take changes the state by what an element's attributes say.
func (t *svgState) take(attr map[string]string) error {
	for k, v := range attr {
		switch {
		case k == "fill":
			if v != "inherit" {
				t.fill = v
			}
		case k == "transform":
			m, err := transform(v)
			if err != nil {
				return err
			}
			t.m = t.m.after(m)
		case k == "stroke" && v == "none", (k == "opacity" || k == "fill-opacity" || k == "stroke-opacity") && v == "1",
			k == "fill-rule" && v == "nonzero", k == "clip-rule", k == "display" && v == "inline":
		case silent[k], strings.HasPrefix(k, "data-"), strings.HasPrefix(k, "-inkscape"):
		default:
			return fmt.Errorf("%s=%q is not read", k, v)
		}
	}
	return nil
}

// figure is what an element draws, in its own units; nil for what only holds others.
func (s *svg) figure(name string, attr map[string]string) (*Path, error) {
	n := numbersOf{attr: attr}
	var path *Path
	switch name {
	case "svg":
		s.view(attr, &n)
	case "g":
	case "path":
		p, err := pathData(attr["d"])
		if err != nil {
			return nil, err
		}
		path = p
	case "rect":
		x, y := n.get("x"), n.get("y")
		if attr["rx"] != "" || attr["ry"] != "" {
			rx := max(n.get("rx"), n.get("ry"))
			path = new(Path).Rounded(Box(x, y, x+n.get("width"), y+n.get("height")), rx)
		} else {
			path = new(Path).Rect(Box(x, y, x+n.get("width"), y+n.get("height")))
		}
	case "circle", "ellipse":
		cx, cy, rx, ry := n.get("cx"), n.get("cy"), n.get("rx"), n.get("ry")
		if name == "circle" {
			rx, ry = n.get("r"), n.get("r")
		}
		path = new(Path).Ellipse(Box(cx-rx, cy-ry, cx+rx, cy+ry))
	case "polygon":
		v, err := floats(attr["points"])
		if err != nil || len(v) < 6 || len(v)%2 != 0 {
			return nil, fmt.Errorf("points %q are no polygon", attr["points"])
		}
		path = new(Path).Move(Point{X: v[0], Y: v[1]})
		for i := 2; i < len(v); i += 2 {
			path.To(Point{X: v[i], Y: v[i+1]})
		}
	default:
		return nil, errors.New("this element is not read")
	}
	return path, n.err
}

// view takes what the outermost element shows.
func (s *svg) view(attr map[string]string, n *numbersOf) {
	if len(s.states) > 2 {
		n.err = errors.New("an svg inside another is not read")
		return
	}
	if v, err := floats(attr["viewBox"]); err == nil && len(v) == 4 {
		s.art.view = Box(v[0], v[1], v[0]+v[2], v[1]+v[3])
		return
	}
	s.art.view = Box(0, 0, n.get("width"), n.get("height"))
}

// numbersOf reads attributes that are numbers, and keeps the first fault.
type numbersOf struct {
	attr map[string]string
	err  error
}

func (n *numbersOf) get(name string) float64 {
	text := n.attr[name]
	if text == "" {
		return 0
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSuffix(text, "px"), "mm"), 64)
	if err != nil && n.err == nil {
		n.err = fmt.Errorf("%s=%q is not a plain number", name, text)
	}
	return v
}

// colour reads a colour; ok is false for none.
func colour(text string) (c Color, ok bool, err error) {
	named := map[string]string{"black": "#000000", "white": "#ffffff", "red": "#ff0000", "green": "#008000", "blue": "#0000ff",
		"gray": "#808080", "grey": "#808080", "navy": "#000080", "gold": "#ffd700", "currentColor": "#000000"}
	if text == "none" || text == "transparent" {
		return c, false, nil
	}
	if hex, known := named[text]; known {
		text = hex
	}
	hex, isHex := strings.CutPrefix(text, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	v, bad := strconv.ParseUint(hex, 16, 32)
	if !isHex || len(hex) != 6 || bad != nil {
		return c, false, fmt.Errorf("the colour %q is not read", text)
	}
	return Color{uint8(v >> 16), uint8(v >> 8), uint8(v)}, true, nil
}

// transform reads a list of movements, the first of which is done last.
func transform(text string) (affine, error) {
	m := affine{a: 1, d: 1}
	for text = strings.Trim(text, " ,\t\n"); text != ""; text = strings.Trim(text, " ,\t\n") {
		name, rest, ok1 := strings.Cut(text, "(")
		body, after, ok2 := strings.Cut(rest, ")")
		v, err := floats(body)
		if !ok1 || !ok2 || err != nil {
			return m, fmt.Errorf("the transform %q is not read", text)
		}
		n, ok := movement(strings.TrimSpace(name), v)
		if !ok {
			return m, fmt.Errorf("the transform %q is not read", text)
		}
		m, text = m.after(n), after
	}
	return m, nil
}

func movement(name string, v []float64) (affine, bool) {
	switch {
	case name == "translate" && len(v) == 1:
		return affine{a: 1, d: 1, tx: v[0]}, true
	case name == "translate" && len(v) == 2:
		return affine{a: 1, d: 1, tx: v[0], ty: v[1]}, true
	case name == "scale" && len(v) == 1:
		return affine{a: v[0], d: v[0]}, true
	case name == "scale" && len(v) == 2:
		return affine{a: v[0], d: v[1]}, true
	case name == "matrix" && len(v) == 6:
		return affine{v[0], v[2], v[1], v[3], v[4], v[5]}, true
	case name == "rotate" && (len(v) == 1 || len(v) == 3):
		sin, cos := math.Sincos(v[0] * math.Pi / 180)
		m := affine{a: cos, b: -sin, c: sin, d: cos}
		if len(v) == 3 {
			p := m.at(Point{X: v[1], Y: v[2]})
			m.tx, m.ty = v[1]-p.X, v[2]-p.Y
		}
		return m, true
	}
	return affine{}, false
}

// floats reads numbers parted as SVG allows: by spaces, commas, signs and points.
func floats(text string) (out []float64, err error) {
	for text != "" {
		text = strings.TrimLeft(text, " ,\t\r\n")
		if text == "" {
			break
		}
		n := numberEnd(text)
		v, err := strconv.ParseFloat(text[:n], 64)
		if err != nil || math.Abs(v) > 1e6 {
			return nil, fmt.Errorf("%q is not a number", text[:min(len(text), 12)])
		}
		out, text = append(out, v), text[n:]
	}
	return out, nil
}

// numberEnd is where the first number of text ends.
func numberEnd(text string) int {
	point, exp := false, false
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
		case (c == '-' || c == '+') && (i == 0 || text[i-1] == 'e' || text[i-1] == 'E'):
		case c == '.' && !point && !exp:
			point = true
		case (c == 'e' || c == 'E') && !exp && i > 0:
			exp = true
		default:
			return i
		}
	}
	return len(text)
}

// A penPath follows the commands of a path.
type penPath struct {
	*Path
	at, start, control Point
	last               byte // the command before, in small letters
}

// arity is how many numbers each command takes.
var arity = map[byte]int{'m': 2, 'l': 2, 'h': 1, 'v': 1, 'c': 6, 's': 4, 'q': 4, 't': 2, 'z': 0}

// pathData reads the d of a path.
func pathData(d string) (*Path, error) {
	p := penPath{Path: new(Path)}
	for d = strings.TrimSpace(d); d != ""; {
		cmd := d[0]
		small := byte(unicode.ToLower(rune(cmd)))
		n, ok := arity[small]
		if !ok || p.last == 0 && small != 'm' {
			return nil, fmt.Errorf("the path command %q is not read", cmd)
		}
		end := 1 + strings.IndexFunc(d[1:], func(r rune) bool { return unicode.IsLetter(r) && r != 'e' && r != 'E' })
		if end == 0 {
			end = len(d)
		}
		v, err := floats(d[1:end])
		if err != nil || n == 0 && len(v) > 0 || n > 0 && (len(v) == 0 || len(v)%n != 0) {
			return nil, fmt.Errorf("the path command %q has wrong numbers", d[:min(end, 20)])
		}
		p.command(small, cmd == small, v, n)
		d = d[end:]
	}
	return p.Path, nil
}

// command draws one command, which may be repeated.
func (p *penPath) command(small byte, relative bool, v []float64, n int) {
	if small == 'z' {
		p.at, p.last = p.start, 'z'
		return
	}
	for ; len(v) > 0; v = v[n:] {
		base := Point{}
		if relative {
			base = p.at
		}
		q := func(i int) Point { return base.Add(Point{X: v[i], Y: v[i+1]}) }
		if p.last == 'z' && small != 'm' {
			p.Move(p.at)
		}
		switch small {
		case 'm':
			p.at, p.start = q(0), q(0)
			p.Move(p.at)
			p.last, small = 'm', 'l' // further pairs are lines
			continue
		case 'l':
			p.at = q(0)
			p.To(p.at)
		case 'h':
			p.at.X = base.X + v[0]
			p.To(p.at)
		case 'v':
			p.at.Y = base.Y + v[0]
			p.To(p.at)
		default:
			p.curve(small, q)
		}
		p.last = small
	}
}

// curve draws one curve, whose points are those of q.
func (p *penPath) curve(small byte, q func(i int) Point) {
	switch small {
	case 'c':
		p.Cube(q(0), q(2), q(4))
		p.control, p.at = q(2), q(4)
	case 's':
		p.Cube(p.mirror('c', 's'), q(0), q(2))
		p.control, p.at = q(0), q(2)
	case 'q':
		p.quad(q(0), q(2))
	case 't':
		p.quad(p.mirror('q', 't'), q(0))
	}
}

// mirror is the control of a curve that goes on as the one before it ended, if that
// was one of its kind.
func (p *penPath) mirror(kinds ...byte) Point {
	if slices.Contains(kinds, p.last) {
		return p.at.Mul(2).Sub(p.control)
	}
	return p.at
}

// quad draws a quadratic curve, raised to a cubic.
func (p *penPath) quad(c, to Point) {
	p.Cube(p.at.Add(c.Sub(p.at).Mul(2.0/3)), to.Add(c.Sub(to).Mul(2.0/3)), to)
	p.control, p.at = c, to
}
