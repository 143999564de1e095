// Package typeset puts shapes and Persian text on pages, and pages into PDF files
// or pixels. It does not know what it draws.
//
//	fonts, err := typeset.LoadFonts("")          // "" is typeset.DefaultFonts
//	p := typeset.NewPage(fonts, 297, 210)        // A4 landscape; all lengths are mm
//	p.Border(typeset.Box(10, 10, 287, 200), 0.8, typeset.Color{R: 20, G: 60, B: 120})
//	p.Text(typeset.Box(30, 60, 267, 110), typeset.Style{Size: 5, Align: typeset.Justify},
//		typeset.Span{Text: "گواهی می‌شود "}, typeset.Span{Text: "مریم احمدی", Bold: true})
//	p.QR(typeset.Box(20, 160, 50, 190), "https://…")
//
//	pdf := typeset.NewPDF(w, typeset.Meta{Title: "گواهینامه"})
//	err = pdf.Add(p)                             // once for each page; memory stays flat
//	err = pdf.Close()
//	img, err := p.RGBA(150)                      // or p.Gray(200)
//
// A Page is a list of figures, with text already shaped and placed; both backends
// replay the same list, so what a preview shows is what is printed. Text reads from
// right to left unless its Style says otherwise; it wraps inside its box and is set
// smaller when it does not fit. What repeats on every page is a Page of its own that
// the others Use: a PDF then holds it once.
//
// Drawing calls do not return errors; the first one, such as a letter no font has,
// is kept by the Page and returned by every backend.
package typeset

import (
	"bargkhan/sheets/geom"
)

// A Rect is a rectangle on the page, in mm from its top-left corner.
type Rect = geom.Rect[geom.Paper]

// A Point is a place on the page, in mm from its top-left corner.
type Point = geom.Point[geom.Paper]

// Box is the rectangle with the given left, top, right and bottom, in mm.
func Box(x0, y0, x1, y1 float64) Rect { return geom.R[geom.Paper](x0, y0, x1, y1) }

// A Color is a colour of ink on white paper. The zero Color is black.
type Color struct{ R, G, B uint8 }

// Ink is the grey of a share of black ink: 0 is paper, 1 is black.
func Ink(share float64) Color {
	v := uint8(255 - 255*max(0, min(1, share)) + 0.5)
	return Color{v, v, v}
}

// A Page is a list of figures on one sheet of paper. It may be drawn any number of
// times, and by many goroutines at once when nothing is added any more.
type Page struct {
	W, H  float64 // mm
	fonts *Fonts
	ops   []op
	err   error
}

// An op is one thing to draw: a filled path, a run of glyphs, a picture or a used
// page.
type op struct {
	color Color
	path  *Path
	run   *run
	pic   *Picture
	box   Rect // of pic
	used  *Page
	m     *affine // of used; nil where it is
}

// NewPage returns an empty page of w by h mm. Without fonts (nil) text is left out,
// which is good for pictures that are measured and not read.
func NewPage(fonts *Fonts, w, h float64) *Page { return &Page{W: w, H: h, fonts: fonts} }

// Err is the first thing that went wrong while drawing.
func (p *Page) Err() error { return p.err }

// Fill fills path by the non-zero rule.
func (p *Page) Fill(path *Path, c Color) { p.ops = append(p.ops, op{color: c, path: path}) }

// Rect fills r.
func (p *Page) Rect(r Rect, c Color) { p.Fill(new(Path).Rect(r), c) }

// Line draws a straight line with square ends that reach half its width beyond a
// and b, so that lines which meet make a corner.
func (p *Page) Line(a, b Point, width float64, c Color) {
	d := b.Sub(a)
	if n := d.Norm(); n > 0 {
		d = d.Mul(width / 2 / n)
	} else {
		d = Point{X: width / 2}
	}
	side := Point{X: -d.Y, Y: d.X}
	a, b = a.Sub(d), b.Add(d)
	p.Fill(new(Path).Polygon(a.Add(side), a.Sub(side), b.Sub(side), b.Add(side)), c)
}

// Border draws the border of r, half its width to each side.
func (p *Page) Border(r Rect, width float64, c Color) {
	p.Fill(new(Path).Rect(r.Inset(-width/2)).Hole(new(Path).Rect(r.Inset(width/2))), c)
}

// Use draws everything on q under what follows. A PDF holds q once, however many
// of its pages use it; q must not be drawn on any more.
func (p *Page) Use(q *Page) {
	p.ops = append(p.ops, op{used: q})
	p.fail(q.err)
}

func (p *Page) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}
