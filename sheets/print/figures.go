package print

import (
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
	"bargkhan/sheets/typeset"
)

var black = typeset.Color{}

// Strokes of figures whose design does not say one, as a share of their width: the
// thin brackets and the rings of sheets printed by others look like this.
const (
	cornerStroke = 0.2
	ringStroke   = 0.16
)

// base draws what is the same on every copy of d.
func base(page *typeset.Page, d *sheets.Page, size geom.Point[geom.Paper]) error {
	for _, a := range d.Anchors {
		anchor(page, a, size)
	}
	for _, s := range d.Swatches {
		page.Rect(s.Box, typeset.Ink(s.Ink))
	}
	for _, f := range d.Fields {
		for _, b := range f.Bubbles {
			outline(page, f.Outline, b.Box, sheets.OutlineWidth, black)
			if b.Inside != "" {
				page.Text(b.Box, typeset.Style{Size: b.Box.H() * 0.6, Align: typeset.Centre}, typeset.Span{Text: b.Inside})
			}
		}
	}
	for i := range d.Decor {
		switch c := &d.Decor[i]; {
		case c.Kind == sheets.Picture:
			if err := logo(page, c); err != nil {
				return err
			}
		case c.Slot == "":
			decor(page, c)
		}
	}
	return page.Err()
}

// logo draws a picture of the design.
func logo(page *typeset.Page, d *sheets.Decor) error {
	data, svg, err := sheets.PictureData(d.Text)
	if err != nil {
		return err
	}
	if svg {
		art, err := typeset.ParseSVG(data)
		if err != nil {
			return err
		}
		page.Drawing(d.Box, art)
		return nil
	}
	pic, err := typeset.DecodePNG(data)
	if err != nil {
		return err
	}
	page.Picture(d.Box, pic)
	return nil
}

// anchor draws a figure of registration so that it fills its box.
func anchor(page *typeset.Page, a sheets.Anchor, size geom.Point[geom.Paper]) {
	switch a.Shape {
	case sheets.Square, sheets.Bar, sheets.Figure:
		page.Rect(a.Box, black)
	case sheets.Disc:
		page.Fill(new(typeset.Path).Ellipse(a.Box), black)
	case sheets.Ring:
		w := stroke(a, ringStroke)
		page.Fill(new(typeset.Path).Ellipse(a.Box).Hole(new(typeset.Path).Ellipse(a.Box.Inset(w))), black)
	case sheets.Corner:
		corner(page, a, size)
	case sheets.Marker:
		marker(page, a)
	}
}

func stroke(a sheets.Anchor, share float64) float64 {
	if a.Stroke > 0 {
		return a.Stroke
	}
	return share * a.Box.W()
}

// corner draws an L whose vertex is the corner of its box nearest to the page's own.
func corner(page *typeset.Page, a sheets.Anchor, size geom.Point[geom.Paper]) {
	w, b, c := stroke(a, cornerStroke), a.Box, a.Box.Center()
	x0, x1, y0, y1 := b.Min.X, b.Min.X+w, b.Min.Y, b.Min.Y+w
	if c.X > size.X/2 {
		x0, x1 = b.Max.X-w, b.Max.X
	}
	if c.Y > size.Y/2 {
		y0, y1 = b.Max.Y-w, b.Max.Y
	}
	path := new(typeset.Path).Rect(typeset.Box(b.Min.X, y0, b.Max.X, y1))
	page.Fill(path.Rect(typeset.Box(x0, b.Min.Y, x1, b.Max.Y)), black)
}

// marker draws a marker: a black frame one module wide around its modules. One that
// does not exist is drawn all black; Validate refuses it.
func marker(page *typeset.Page, a sheets.Anchor) {
	path := new(typeset.Path).Rect(a.Box)
	side, modules, _ := a.Modules()
	mw, mh := a.Box.W()/float64(side+2), a.Box.H()/float64(side+2)
	for i, white := range modules {
		if white {
			path.Hole(new(typeset.Path).Rect(cell(a.Box, 1+i%side, 1+i/side, mw, mh)))
		}
	}
	page.Fill(path, black)
}

// stamp draws the cells of a stamp into box.
func stamp(page *typeset.Page, box rect, bits sheets.Bits) {
	path := new(typeset.Path)
	w, h := box.W()/sheets.StampColumns, box.H()/sheets.StampRows
	for i, on := range bits {
		if on {
			path.Rect(cell(box, i%sheets.StampColumns, i/sheets.StampColumns, w, h))
		}
	}
	page.Fill(path, black)
}

// cell is the module in column x and row y of a grid of w×h cells in box.
func cell(box rect, x, y int, w, h float64) rect {
	left, top := box.Min.X+float64(x)*w, box.Min.Y+float64(y)*h
	return typeset.Box(left, top, left+w, top+h)
}

// figure is the path of a bubble that fills box.
func figure(o sheets.Outline, box rect) *typeset.Path {
	switch o {
	case sheets.Ellipse:
		return new(typeset.Path).Ellipse(box)
	case sheets.Rectangle:
		return new(typeset.Path).Rect(box)
	default:
		return new(typeset.Path).Stadium(box)
	}
}

// outline draws the line of a bubble inside its box.
func outline(page *typeset.Page, o sheets.Outline, box rect, width float64, c typeset.Color) {
	page.Fill(figure(o, box).Hole(figure(o, box.Inset(width))), c)
}

// decor draws what no reader looks at.
func decor(page *typeset.Page, d *sheets.Decor) {
	ink := typeset.Ink(d.Ink)
	switch d.Kind {
	case sheets.Text:
		paragraph(page, d, d.Text)
	case sheets.Line:
		page.Line(d.Box.Min, d.Box.Max, d.Width, ink)
	case sheets.Outlined:
		page.Border(d.Box, d.Width, ink)
	case sheets.Filled:
		page.Rect(d.Box, ink)
	case sheets.Rounded:
		outline(page, sheets.Stadium, d.Box, d.Width, ink)
	case sheets.Solid:
		page.Fill(figure(sheets.Stadium, d.Box), ink)
	}
}
