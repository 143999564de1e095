package sheets

import (
	"fmt"
	"slices"
)

// top is the heading: the QR code and the serial at the left, the titles beside it.
func (l *layouter) top(y float64) float64 {
	const code, high = 20.0, 25.0
	x := l.box.Min.X
	l.decor(Decor{Kind: Code, Slot: SlotCode, Box: rect(x, y, x+code, y+code), Ink: 1})
	l.decor(Decor{Kind: Text, Slot: SlotSerial, Box: rect(x, y+code-0.5, x+code, y+code+4.5), Size: 3.8, Align: Centre, Bold: true, Ink: 1})
	left, right := x+code+4, l.box.Max.X-code-4 // centred on the page
	at := y
	line := func(text string, high, size float64, bold bool) {
		if text != "" {
			l.decor(Decor{Kind: Text, Text: text, Box: rect(left, at, right, at+high), Size: size, Align: Centre, Bold: bold, Ink: 1})
			at += high
		}
	}
	if l.Logo != "" {
		l.decor(Decor{Kind: Picture, Text: l.Logo, Box: rect(l.box.Max.X-code, y, l.box.Max.X, y+code-1), Ink: 1})
	}
	if l.of > 1 {
		l.text(l.box.Max.X-code, y+code-0.5, l.box.Max.X, y+code+4.5, "صفحهٔ "+persian(l.number)+" از "+persian(l.of), 3.2, Centre, true)
	}
	line(l.Issuer, 6, 3.4, false)
	line(l.Title, 8.5, 5.6, true)
	line(l.Session, 6, 3.6, true)
	if l.Date != "" {
		line("تاریخ آزمون: "+l.Date, 5, 3.0, false)
	}
	return y + high
}

// person is the box of printed particulars: two columns, filled from the right.
// Pages after the first repeat the first two, for people who part the pages.
func (l *layouter) person(y float64, header []HeaderLine) float64 {
	const rowHigh, labelWide = 7.2, 30.0
	rows := (len(header) + 1) / 2
	half := l.box.W() / 2
	bottom := y + float64(rows)*rowHigh
	l.outlined(l.box.Min.X, y, l.box.Max.X, bottom, 0.3)
	for i, h := range header {
		right := l.box.Max.X - float64(i%2)*half
		top := y + float64(i/2)*rowHigh
		l.text(right-labelWide, top, right-2, top+rowHigh, h.Label+":", 2.9, Start, false)
		l.decor(Decor{Kind: Text, Slot: h.Slot, Box: rect(right-half+2, top, right-labelWide, top+rowHigh), Size: 3.6, Bold: true, Ink: 1})
		if i%2 == 0 && i > 0 {
			l.line(l.box.Min.X, top, l.box.Max.X, top, 0.15)
		}
	}
	return bottom
}

// office is a strip from x0 to x1 with the booklet's form, the signature and the
// staff's bubble, from the right.
func (l *layouter) office(x0, y, x1 float64) float64 {
	const high, step, label = 13.0, 8.0, 22.0
	bottom := y + high
	l.outlined(x0, y, x1, bottom, 0.3)
	right, left := x1, x0
	if l.Forms > 1 {
		wide := label + float64(l.Forms)*step + 2
		l.text(right-label, y, right-2, bottom, "کد دفترچه:", 3.2, Start, true)
		l.form(right-wide+2, y, step)
		right -= wide
		l.line(right, y, right, bottom, 0.15)
	}
	if l.Presence {
		const wide = 34.0
		l.text(x0+12, y+1.4, x0+wide-2, y+7.4, "غایب", 3.4, Start, true)
		l.text(x0+3, y+7.6, x0+wide-2, bottom-0.6, "ویژهٔ مسئول حوزه", 2.5, Start, false)
		l.page.Fields = append(l.page.Fields, Field{ID: "absent", Role: Presence, Bubbles: []Bubble{bubble("1", x0+7, y+4.4)}})
		left += wide
		l.line(left, y, left, bottom, 0.15)
	}
	if right-left < 18 {
		l.add(fmt.Errorf("sheet.forms: %d forms leave no room to sign on %s: fewer forms or digits, or larger paper", l.Forms, l.Paper))
	}
	l.text(left+2, y+0.5, right-2, y+5.5, map[bool]string{true: "امضای واردکننده", false: "امضای داوطلب"}[l.Key], 2.7, Start, false)
	return bottom
}

// form is the row of the booklet's forms, its labels above the bubbles.
func (l *layouter) form(x, y, step float64) {
	f := Field{ID: "form", Role: Version, Rule: ExactlyOne}
	for i := range l.Forms {
		cx := x + (float64(i)+0.5)*step
		l.text(cx-3, y+1, cx+3, y+5.4, persian(i+1), 3, Centre, true)
		f.Bubbles = append(f.Bubbles, bubble(fmt.Sprint(i+1), cx, y+8))
	}
	l.page.Fields = append(l.page.Fields, f)
}

// keyLines are the lines of who writes a key.
func (l *layouter) keyLines(y float64) float64 {
	y = l.lines(l.box.Min.X, y, 2, []HeaderLine{{Label: "نام و نام خانوادگی واردکننده"}, {Label: "تاریخ و ساعت"}})
	return l.office(l.box.Min.X, y+zoneGap, l.box.Max.X)
}

// identity is the upper part of a spare: the number grid at the left, and as much of
// the lines to write on, the office's strip and the instructions beside it as the
// paper has room for.
func (l *layouter) identity(y float64) float64 {
	x0, x1 := l.box.Min.X, l.box.Max.X
	right := x0 + l.gridWide() + 3
	var end float64
	switch {
	case x1-right >= 60:
		bottom := l.gridFrame(y)
		end = l.instructions(right, l.office(right, l.lines(right, y, 2, l.Header)+zoneGap, x1)+zoneGap, x1)
		l.grid(y)
		end = max(bottom, end)
	case x1-right >= 40:
		end = max(l.gridFrame(y), l.instructions(right, l.lines(right, y, 1, l.Header)+zoneGap, x1))
		l.grid(y)
		end = l.office(x0, end+zoneGap, x1)
	default:
		y = l.instructions(x0, l.lines(x0, y, 2, l.Header)+zoneGap, x1) + zoneGap
		end = l.gridFrame(y)
		l.grid(y)
		end = l.office(x0, end+zoneGap, x1)
	}
	return end
}

// Measures of a number grid, in mm.
const (
	digitStep   = 5.6
	digitHigh   = 4.6
	digitBox    = 7.0 // to write in
	digitHead   = 6.0
	digitMargin = 5.0 // of the digits beside the grid
)

func (l *layouter) gridWide() float64 { return float64(l.Digits)*digitStep + 2*digitMargin }

// gridFrame is the border and the heading of a number grid.
func (l *layouter) gridFrame(y float64) float64 {
	x, wide := l.box.Min.X, l.gridWide()
	bottom := y + digitHead + digitBox + 1 + 10*digitHigh + 1
	l.outlined(x, y, x+wide, bottom, 0.3)
	l.text(x+2, y, x+wide-2, y+digitHead, "کد ملی", 3.2, Centre, true)
	return bottom
}

// grid is the inside of a number grid. Its fields come first on the page, the most
// significant digit before all.
func (l *layouter) grid(y float64) {
	x, wide := l.box.Min.X, l.gridWide()
	top := y + digitHead + digitBox + 1
	fields := make([]Field, l.Digits)
	for c := range l.Digits {
		place := c
		if l.Directions.Digits == RightToLeft {
			place = l.Digits - 1 - c
		}
		left := x + digitMargin + float64(place)*digitStep
		l.outlined(left, y+digitHead, left+digitStep, y+digitHead+digitBox, 0.25)
		fields[c] = Field{ID: FieldID(fmt.Sprintf("nn.%d", c)), Role: Identity, Rule: ExactlyOne}
		for d := range 10 {
			fields[c].Bubbles = append(fields[c].Bubbles, bubble(fmt.Sprint(d), left+digitStep/2, top+(float64(d)+0.5)*digitHigh))
		}
	}
	for d := range 10 {
		cy := top + (float64(d)+0.5)*digitHigh
		l.text(x+0.8, cy-2, x+digitMargin, cy+2, persian(d), 3.4, Centre, false)
		l.text(x+wide-digitMargin, cy-2, x+wide-0.8, cy+2, persian(d), 3.4, Centre, false)
	}
	l.page.Fields = slices.Insert(l.page.Fields, 0, fields...)
}

// lines are the particulars a person writes, in columns from x.
func (l *layouter) lines(x, y float64, columns int, header []HeaderLine) float64 {
	const rowHigh = 8.0
	wide := (l.box.Max.X - x) / float64(columns)
	for i, h := range header {
		right := l.box.Max.X - float64(i%columns)*wide
		base := y + float64(i/columns+1)*rowHigh
		l.text(right-wide+4, base-rowHigh+1, right, base-rowHigh+4, h.Label+":", 2.5, Start, false)
		l.line(right-wide+4, base, right, base, 0.2)
	}
	return y + float64(ceil(float64(len(header)), float64(columns)))*rowHigh
}

func (l *layouter) instructions(x0, y, x1 float64) float64 {
	const size, lineHigh = 2.75, 4.5
	for _, text := range l.Instructions {
		// A line holds about two letters for each em of its width.
		lines := max(1, ceil(float64(len([]rune(text)))*size*0.40, x1-x0-4))
		bottom := y + float64(lines)*lineHigh
		l.decor(Decor{Kind: Filled, Box: rect(x1-1.4, y+lineHigh/2-0.5, x1-0.4, y+lineHigh/2+0.5), Ink: 1})
		l.text(x0, y, x1-2.6, bottom, text, size, Start, false)
		y = bottom
	}
	return y
}

// fills is the strip that shows the right mark and six wrong ones: tick, cross,
// left half, upper half, dot, pale grey.
func (l *layouter) fills(y float64) float64 {
	const high = 8.0
	x0, x1 := l.box.Min.X, l.box.Max.X
	step := min(18, (l.box.W()-64)/5)
	l.outlined(x0, y, x1, y+high, 0.2)
	cy := y + high/2
	l.text(x1-20, y, x1-2, y+high, "درست:", 3, Start, true)
	l.example(x1-20, cy, 0)
	l.text(x1-58, y, x1-34, y+high, "نادرست:", 3, Start, true)
	for i := range 6 {
		l.example(x1-60-float64(i)*step, cy, i+1)
	}
	return y + high
}

// example draws a bubble around cx, cy and marks it: 0 as it should be.
func (l *layouter) example(cx, cy float64, kind int) {
	b := bubble("1", cx, cy).Box
	w, h := b.W(), b.H()
	defer l.decor(Decor{Kind: Rounded, Box: b, Width: OutlineWidth, Ink: 1})
	line := func(x0, y0, x1, y1 float64) {
		l.decor(Decor{Kind: Line, Box: rect(cx+x0*w, cy+y0*h, cx+x1*w, cy+y1*h), Width: 0.4, Ink: 0.9})
	}
	switch kind {
	case 0:
		l.decor(Decor{Kind: Solid, Box: b.Inset(0.1), Ink: 0.9})
	case 1:
		line(-0.3, 0, -0.1, 0.4)
		line(-0.1, 0.4, 0.4, -0.7)
	case 2:
		line(-0.35, -0.5, 0.35, 0.5)
		line(-0.35, 0.5, 0.35, -0.5)
	case 3:
		l.decor(Decor{Kind: Solid, Box: rect(b.Min.X+0.1, b.Min.Y+0.1, cx+0.2, b.Max.Y-0.1), Ink: 0.9})
	case 4:
		l.decor(Decor{Kind: Filled, Box: rect(b.Min.X+0.8, b.Min.Y+0.2, b.Max.X-0.8, cy), Ink: 0.9})
	case 5:
		l.decor(Decor{Kind: Solid, Box: rect(cx-0.5, cy-0.5, cx+0.5, cy+0.5), Ink: 0.9})
	case 6:
		l.decor(Decor{Kind: Solid, Box: b.Inset(0.1), Ink: 0.25})
	}
}

// foot is the lowest zone: ruler, swatches and footer. It returns where it begins.
// Where the paper is too narrow for all of them side by side, the ruler, which must
// be a whole hundred to show a copier's scale, has a line of its own.
func (l *layouter) foot() float64 {
	const ruler = 100
	bottom, x0, x1 := l.box.Max.Y, l.box.Min.X, l.box.Max.X
	above := 0.0
	if l.box.W() < ruler+66 {
		above = 5
	}
	l.line(x0+1, bottom-1.5, x0+1+ruler, bottom-1.5, 0.2)
	for i := range ruler/10 + 1 {
		x, high := x0+1+float64(i)*10, 1.2
		if i%5 == 0 {
			high = 2.2
		}
		l.line(x, bottom-1.5-high, x, bottom-1.5, 0.2)
	}
	label := persian(ruler) + " میلی‌متر"
	if above > 0 {
		l.text(x0+2, bottom-above-3.7, x0+24, bottom-above+0.1, label, 2.5, End, false)
	} else {
		l.text(x0+2+ruler, bottom-4.2, x0+24+ruler, bottom-0.4, label, 2.5, End, false)
	}
	for i, ink := range []float64{0, 0.25, 0.5, 0.75, 1} {
		x := x1 - 38 + float64(i)*7.5
		box := rect(x, bottom-above-5, x+6.5, bottom-above-0.5)
		l.page.Swatches = append(l.page.Swatches, Swatch{box, ink})
		if ink == 0 {
			l.outlined(x, bottom-above-5, x+6.5, bottom-above-0.5, 0.15)
		}
	}
	top := bottom - above - 7
	if l.Footer != "" {
		top -= 4.5
		l.text(x0, top, x1, top+4.2, l.Footer, 2.4, Centre, false)
	}
	return top
}
