package certificate

import (
	"math"

	"bargkhan/sheets/typeset"
)

// frame is what every certificate carries: the border, its corners, the emblem.
func (r *Registry) frame() *typeset.Page {
	p := typeset.NewPage(r.Fonts, wide, high)
	page := typeset.Box(0, 0, wide, high)
	p.Border(page.Inset(9), 1.2, blue)
	p.Border(page.Inset(11.2), 0.3, gold)
	band(p)
	p.Border(page.Inset(18.2), 0.3, gold)
	p.Border(page.Inset(19.4), 0.6, blue)
	for _, x := range []float64{14.7, wide - 14.7} {
		for _, y := range []float64{14.7, high - 14.7} {
			p.Rect(typeset.Box(x-4.6, y-4.6, x+4.6, y+4.6), paper)
			star(p, x, y, 4.6, blue)
			star(p, x, y, 3.3, paper)
			star(p, x, y, 2.3, gold)
		}
	}
	emblem(p, wide/2, 37, 10.5)
	p.Line(typeset.Point{X: wide/2 - 62, Y: 72}, typeset.Point{X: wide/2 - 5, Y: 72}, 0.25, gold)
	p.Line(typeset.Point{X: wide/2 + 5, Y: 72}, typeset.Point{X: wide/2 + 62, Y: 72}, 0.25, gold)
	star(p, wide/2, 72, 2, gold)
	return p
}

// band fills the border with lozenges and dots, clear of the stars in the corners.
func band(p *typeset.Page) {
	const mid, from = 14.7, 23.2
	row := func(length float64, at func(s float64) (x, y float64)) {
		n := math.Round((length - 2*from) / 7)
		step := (length - 2*from) / n
		for i := range int(n) + 1 {
			x, y := at(from + float64(i)*step)
			lozenge(p, x, y, 2.3, blue)
			lozenge(p, x, y, 1.2, paper)
			if i < int(n) {
				x, y = at(from + (float64(i)+0.5)*step)
				lozenge(p, x, y, 0.9, gold)
			}
		}
	}
	for _, y := range []float64{mid, high - mid} {
		row(wide, func(s float64) (float64, float64) { return s, y })
	}
	for _, x := range []float64{mid, wide - mid} {
		row(high, func(s float64) (float64, float64) { return x, s })
	}
}

// lozenge fills a square on its corner, of the given half diagonal.
func lozenge(p *typeset.Page, x, y, r float64, c typeset.Color) {
	p.Fill(new(typeset.Path).Polygon(around(x, y, r, -90), around(x, y, r, 0), around(x, y, r, 90), around(x, y, r, 180)), c)
}

// around is the point at a distance and an angle, in degrees clockwise from the right.
func around(x, y, r, degrees float64) typeset.Point {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return typeset.Point{X: x + r*cos, Y: y + r*sin}
}

// star fills the eight-pointed star of two crossed squares, of outer radius r.
func star(p *typeset.Page, x, y, r float64, c typeset.Color) {
	inner := r * math.Cos(math.Pi/4) / math.Cos(math.Pi/8) // where the sides of the squares cross
	var points []typeset.Point
	for i := range 8 {
		a := float64(i) * 45
		points = append(points, around(x, y, r, a), around(x, y, inner, a+22.5))
	}
	p.Fill(new(typeset.Path).Polygon(points[0], points[1:]...), c)
}

// emblem draws the ornament of the head: a sun of eight leaves in a star. It is
// nobody's coat of arms: an office that has one prints on its own paper.
func emblem(p *typeset.Page, x, y, r float64) {
	star(p, x, y, r, blue)
	star(p, x, y, r*0.93, paper)
	star(p, x, y, r*0.88, blue)
	disc(p, x, y, r*0.58, gold)
	disc(p, x, y, r*0.55, paper)
	for i := range 8 {
		leaf(p, x, y, r*0.1, r*0.5, float64(i)*45+22.5, gold)
	}
	for i := range 8 {
		leaf(p, x, y, r*0.12, r*0.44, float64(i)*45, blue)
	}
	disc(p, x, y, r*0.09, gold)
	for i := range 8 {
		q := around(x, y, r*0.73, float64(i)*45)
		disc(p, q.X, q.Y, r*0.035, gold)
	}
}

func disc(p *typeset.Page, x, y, r float64, c typeset.Color) {
	p.Fill(new(typeset.Path).Ellipse(typeset.Box(x-r, y-r, x+r, y+r)), c)
}

// leaf fills a pointed leaf from radius r0 to r1 around x, y.
func leaf(p *typeset.Page, x, y, r0, r1, degrees float64, c typeset.Color) {
	from, to := around(x, y, r0, degrees), around(x, y, r1, degrees)
	mid := (r0 + r1) * 0.55
	p.Fill(new(typeset.Path).Move(from).
		Cube(around(x, y, mid*0.8, degrees-24), around(x, y, mid, degrees-18), to).
		Cube(around(x, y, mid, degrees+18), around(x, y, mid*0.8, degrees+24), from), c)
}
