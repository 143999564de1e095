package sheets

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"bargkhan/sheets/geom"
)

// A Description says in a few words what an office wants on its sheet. Zero values
// mean the defaults of the national sheet, given at each field.
type Description struct {
	ID           DesignID // of the design that is laid out; it must be given
	Paper        string   // "A4" (default), "A5" or "Letter"
	Issuer       string   // the office, above the title
	Title        string   // «پاسخنامهٔ آزمون»
	Session      string   // which exam this is
	Date         string   // of the exam, as it is to be printed
	Blocks       []Block  // in the order of the booklet; one to twelve
	Options      int      // of every question, 2 to 10; 4
	Labels       []string // of the options, from the left; ۱ ۲ ۳ …
	Forms        int      // of the booklet, 0 to 10; with 0 or 1 the sheet does not ask
	Presence     bool     // a bubble «غایب» for the hall's staff
	Spare        bool     // a sheet without a name: a number grid and lines to write on
	Digits       int      // of the number grid of a spare, 1 to 15; 10
	Header       []HeaderLine
	Instructions []string // one paragraph each, at most eight
	Footer       string
}

// A Block is one title's questions. Questions are numbered through all blocks.
type Block struct {
	Title     string
	Questions int // 1 to 100; 20
}

// A HeaderLine is one thing about the person, printed by its Slot.
type HeaderLine struct {
	Slot  string
	Label string
}

// The slots of a sheet: what the printer fills in for each person and each stamp.
const (
	SlotName     = "name"     // and surname
	SlotFather   = "father"   // father's name
	SlotNumber   = "number"   // national number
	SlotEmployer = "employer" // municipality or dehyari
	SlotVenue    = "venue"
	SlotSeat     = "seat"
	SlotSerial   = "serial" // of the stamp, in digits for people
	SlotCode     = "code"   // the stamp's text, as a QR code
)

// PersonSlots lists the slots a header may use, in their usual order.
func PersonSlots() []string {
	return []string{SlotName, SlotFather, SlotNumber, SlotEmployer, SlotVenue, SlotSeat}
}

// Measures of a sheet of ours, in mm.
const (
	bubbleWide = 4.2 // as on the sheets Iranian candidates know
	bubbleHigh = 2.6
	leastPitch = 4.6 // of rows: 2 mm between bubbles, half of it the reader's search
	mostPitch  = 5.4 // beyond it the eye slips from the number to the wrong row
	leastStep  = 5.2 // of options in a row
	mostStep   = 8.0
	numberWide = 6.2 // of the question's number
	labelHigh  = 3.6 // of the row of option labels
	headHigh   = 10.0
	blockFoot  = 1.6
	blockGap   = 1.6 // between blocks, at least
	mostGap    = 12.0
	zoneGap    = 2.0
)

// Layout computes the sheet a description asks for. It is deterministic: equal
// descriptions give equal digests on every machine. What cannot be laid out is
// refused with what to change; the error lists every fault.
func Layout(s Description) (*Design, error) {
	s = s.withDefaults()
	if err := s.validate(); err != nil {
		return nil, err
	}
	frame := Frames()[slices.IndexFunc(Frames(), func(f Frame) bool { return f.Name == s.Paper })]
	l := layouter{Description: s, box: frame.Content, page: Page{
		Anchors: slices.Concat(frame.Markers[:], frame.Ticks),
		Codes:   slices.Clone(frame.Codes[:]),
	}}
	if err := errors.Join(l.sheet(), l.join()); err != nil {
		return nil, err
	}
	d := &Design{ID: s.ID, Title: s.Title, Size: frame.Size, Pages: []Page{l.page}}
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("the sheet that was laid out cannot be read, which is a fault of the layout: %w", err)
	}
	return d, nil
}

func (s Description) withDefaults() Description {
	s.Paper = or(s.Paper, "A4")
	s.Title = or(s.Title, "پاسخنامهٔ آزمون")
	s.Options = or(s.Options, 4)
	s.Digits = or(s.Digits, 10)
	if len(s.Labels) == 0 {
		for i := range s.Options {
			s.Labels = append(s.Labels, persian(i+1))
		}
	}
	s.Blocks = slices.Clone(s.Blocks)
	for i := range s.Blocks {
		s.Blocks[i].Questions = or(s.Blocks[i].Questions, 20)
	}
	if len(s.Header) == 0 {
		s.Header = []HeaderLine{
			{SlotName, "نام و نام خانوادگی"},
			{SlotFather, "نام پدر"},
			{SlotNumber, "کد ملی"},
			{SlotEmployer, "محل خدمت"},
			{SlotVenue, "محل آزمون"},
			{SlotSeat, "شمارهٔ صندلی"},
		}
	}
	if len(s.Instructions) == 0 {
		s.Instructions = defaultInstructions(s)
	}
	return s
}

func defaultInstructions(s Description) []string {
	lines := []string{
		"پاسخ‌ها را با مداد مشکی نرم (HB یا B2) علامت بزنید و بیضی را کامل و پررنگ پر کنید.",
		"برای هر پرسش تنها یک گزینه را پر کنید؛ برای تغییر پاسخ، علامت پیشین را کاملاً پاک کنید.",
		"برگه را تا نکنید و در حاشیه‌ها، روی کدها و روی نشانه‌های گوشه و کناره چیزی ننویسید.",
	}
	if s.Forms > 1 {
		lines = append(lines, "کد دفترچهٔ پرسش‌های خود را پیش از پاسخ‌گویی در جای آن علامت بزنید.")
	}
	if s.Spare {
		return append(lines, "کد ملی را در خانه‌های بالای جدول بنویسید و زیر هر رقم، بیضی همان رقم را پر کنید.")
	}
	return append(lines, "مشخصات چاپ‌شده را با مشخصات خود بسنجید و هر مغایرت را همان لحظه به مسئول جلسه بگویید.")
}

// validate reports every value out of its range, by the names of the file.
func (s *Description) validate() error {
	var f faults
	fault := func(where, format string, args ...any) {
		f.add(fmt.Errorf("sheet.%s: %s", where, fmt.Sprintf(format, args...)))
	}
	if s.ID == "" || badText(string(s.ID)) {
		fault("id", "a name is expected, such as \"national-3x20\"")
	}
	if !slices.ContainsFunc(Frames(), func(f Frame) bool { return f.Name == s.Paper }) {
		fault("paper", "%q is not one of A4, A5, Letter", s.Paper)
	}
	if s.Options < 2 || s.Options > 10 {
		fault("options", "%d is not from 2 to 10", s.Options)
	}
	if len(s.Labels) != s.Options {
		fault("labels", "%d labels for %d options", len(s.Labels), s.Options)
	}
	if s.Forms < 0 || s.Forms > 10 {
		fault("forms", "%d is not from 0 to 10", s.Forms)
	}
	if s.Digits < 1 || s.Digits > 15 {
		fault("digits", "%d is not from 1 to 15", s.Digits)
	}
	s.validateLists(fault)
	return f.join()
}

// validateLists is validate for what there are several of.
func (s *Description) validateLists(fault func(where, format string, args ...any)) {
	if len(s.Blocks) < 1 || len(s.Blocks) > 12 {
		fault("blocks", "a sheet has from 1 to 12 blocks, not %d", len(s.Blocks))
	}
	for i, b := range s.Blocks {
		if b.Questions < 1 || b.Questions > 100 {
			fault(fmt.Sprintf("blocks[%d].questions", i), "%d is not from 1 to 100", b.Questions)
		}
	}
	if len(s.Header) > 8 {
		fault("header", "%d lines are more than the 8 that fit", len(s.Header))
	}
	for i, h := range s.Header {
		if !slices.Contains(PersonSlots(), h.Slot) {
			fault(fmt.Sprintf("header[%d].slot", i), "%q is not one of %q", h.Slot, PersonSlots())
		}
	}
	if len(s.Instructions) > 8 {
		fault("instructions", "%d paragraphs are more than the 8 that fit", len(s.Instructions))
	}
}

// A layouter puts the figures of one page into box, zone by zone from the top.
type layouter struct {
	Description
	faults
	box  geom.Rect[geom.Paper]
	page Page
}

// sheet lays out everything. The blocks of questions take what the rest leaves.
func (l *layouter) sheet() error {
	b := l.box
	y := l.top(b.Min.Y) + zoneGap
	if l.Spare {
		y = l.identity(y) + zoneGap
	} else {
		y = l.person(y) + zoneGap
		y = l.office(b.Min.X, y, b.Max.X) + zoneGap
		y = l.instructions(b.Min.X, y, b.Max.X) + zoneGap
	}
	y = l.fills(y) + zoneGap
	foot := l.foot()
	return l.blocks(y, foot-zoneGap)
}

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
	line(l.Issuer, 6, 3.4, false)
	line(l.Title, 8.5, 5.6, true)
	line(l.Session, 6, 3.6, true)
	if l.Date != "" {
		line("تاریخ آزمون: "+l.Date, 5, 3.0, false)
	}
	return y + high
}

// person is the box of printed particulars: two columns, filled from the right.
func (l *layouter) person(y float64) float64 {
	const rowHigh, labelWide = 7.2, 30.0
	rows := (len(l.Header) + 1) / 2
	half := l.box.W() / 2
	bottom := y + float64(rows)*rowHigh
	l.outlined(l.box.Min.X, y, l.box.Max.X, bottom, 0.3)
	for i, h := range l.Header {
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
	l.text(left+2, y+0.5, right-2, y+5.5, "امضای داوطلب", 2.7, Start, false)
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

// identity is the upper part of a spare: the number grid at the left, lines to
// write on, the office's strip and the instructions beside it.
func (l *layouter) identity(y float64) float64 {
	const step, high, boxHigh, head, margin = 5.6, 4.6, 7.0, 6.0, 5.0
	x := l.box.Min.X
	wide := float64(l.Digits)*step + 2*margin
	right := x + wide + 3
	if l.box.Max.X-right < 60 {
		l.add(fmt.Errorf("sheet.digits: a grid of %d digits leaves no room beside it on %s: fewer digits or larger paper", l.Digits, l.Paper))
	}
	top := y + head + boxHigh + 1
	bottom := top + 10*high + 1
	l.outlined(x, y, x+wide, bottom, 0.3)
	l.text(x+2, y, x+wide-2, y+head, "کد ملی", 3.2, Centre, true)
	fieldsAt := len(l.page.Fields)
	end := l.instructions(right, l.office(right, l.lines(right, y)+zoneGap, l.box.Max.X)+zoneGap, l.box.Max.X)
	grid := make([]Field, l.Digits)
	for c := range l.Digits {
		left := x + margin + float64(c)*step
		l.outlined(left, y+head, left+step, y+head+boxHigh, 0.25)
		grid[c] = Field{ID: FieldID(fmt.Sprintf("nn.%d", c)), Role: Identity, Rule: ExactlyOne}
		for d := range 10 {
			grid[c].Bubbles = append(grid[c].Bubbles, bubble(fmt.Sprint(d), left+step/2, top+(float64(d)+0.5)*high))
		}
	}
	for d := range 10 {
		cy := top + (float64(d)+0.5)*high
		l.text(x+0.8, cy-2, x+margin, cy+2, persian(d), 3.4, Centre, false)
		l.text(x+wide-margin, cy-2, x+wide-0.8, cy+2, persian(d), 3.4, Centre, false)
	}
	l.page.Fields = slices.Insert(l.page.Fields, fieldsAt, grid...)
	return max(bottom, end)
}

// lines are the particulars a person writes on a spare, in two columns from x.
func (l *layouter) lines(x, y float64) float64 {
	const rowHigh = 8.0
	rows := (len(l.Header) + 1) / 2
	half := (l.box.Max.X - x) / 2
	for i, h := range l.Header {
		right := l.box.Max.X - float64(i%2)*half
		base := y + float64(i/2+1)*rowHigh
		l.text(right-half+4, base-rowHigh+1, right, base-rowHigh+4, h.Label+":", 2.5, Start, false)
		l.line(right-half+4, base, right, base, 0.2)
	}
	return y + float64(rows)*rowHigh
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
func (l *layouter) foot() float64 {
	bottom, x0, x1 := l.box.Max.Y, l.box.Min.X, l.box.Max.X
	wide := min(100, l.box.W()-66) // a whole hundred wherever the paper allows
	wide = float64(int(wide/10)) * 10
	l.line(x0+1, bottom-1.5, x0+1+wide, bottom-1.5, 0.2)
	for i := range int(wide)/10 + 1 {
		x, high := x0+1+float64(i)*10, 1.2
		if i%5 == 0 {
			high = 2.2
		}
		l.line(x, bottom-1.5-high, x, bottom-1.5, 0.2)
	}
	l.text(x0+2+wide, bottom-4.2, x0+24+wide, bottom-0.4, persian(int(wide))+" میلی‌متر", 2.5, End, false)
	for i, ink := range []float64{0, 0.25, 0.5, 0.75, 1} {
		x := x1 - 38 + float64(i)*7.5
		box := rect(x, bottom-5, x+6.5, bottom-0.5)
		l.page.Swatches = append(l.page.Swatches, Swatch{box, ink})
		if ink == 0 {
			l.outlined(x, bottom-5, x+6.5, bottom-0.5, 0.15)
		}
	}
	top := bottom - 7
	if l.Footer != "" {
		top -= 4.5
		l.text(x0, top, x1, top+4.2, l.Footer, 2.4, Centre, false)
	}
	return top
}

// blocks lays out the questions between y0 and y1.
func (l *layouter) blocks(y0, y1 float64) error {
	grid, err := l.fit(y1 - y0)
	if err != nil {
		return err
	}
	gaps := float64(len(l.Blocks) - 1)
	wide := float64(grid.columns) * grid.wide
	gap := blockGap
	if gaps > 0 {
		gap = min(mostGap, (l.box.W()-wide)/gaps)
	}
	x, first := l.box.Min.X+(l.box.W()-wide-gaps*gap)/2, 1
	for _, b := range l.Blocks {
		columns := ceil(float64(b.Questions), float64(grid.rows))
		right := x + float64(columns)*grid.wide
		l.block(b, grid, x, y0, right, first)
		x, first = right+gap, first+b.Questions
	}
	return nil
}

// A grid is how the questions are spread.
type grid struct {
	rows    int     // of a column at most
	columns int     // of all blocks together
	wide    float64 // a column
	step    float64 // of options
	pitch   float64 // of rows
	group   int     // rows under one row of labels
}

// fit finds the most legible grid that fits the height: labels above every five
// rows rather than every ten or once, and then the widest pitch of rows.
func (l *layouter) fit(high float64) (grid, error) {
	most := 0
	for _, b := range l.Blocks {
		most = max(most, b.Questions)
	}
	least := numberWide + float64(l.Options)*leastStep + 0.8
	for split := 1; split <= 12; split++ {
		g := grid{rows: ceil(float64(most), float64(split))}
		g.rows = ceil(float64(g.rows), 5) * 5 // columns end with a whole five
		for _, b := range l.Blocks {
			g.columns += ceil(float64(b.Questions), float64(g.rows))
		}
		room := l.box.W() - float64(len(l.Blocks)-1)*blockGap
		g.wide = room / float64(g.columns)
		if g.wide < least {
			return grid{}, fmt.Errorf("sheet.blocks: %d columns of %d questions are wider than %s: fewer questions, fewer options, larger paper or a second sheet", g.columns, g.rows, l.Paper)
		}
		g.step = tenth(min(mostStep, (g.wide-numberWide-0.8)/float64(l.Options)))
		g.wide = tenth(min(g.wide, numberWide+float64(l.Options)*g.step+3))
		for _, g.group = range []int{5, 10, 100} {
			labels := labelHigh * float64(ceil(float64(min(g.rows, most)), float64(g.group)))
			g.pitch = tenth(min(mostPitch, (high-headHigh-blockFoot-labels)/float64(min(g.rows, most))))
			if g.pitch >= leastPitch {
				return g, nil
			}
		}
	}
	return grid{}, fmt.Errorf("sheet: the questions do not fit the height of %s that the heading and the instructions leave: fewer instructions, larger paper or a second sheet", l.Paper)
}

// block draws one title's questions from number first on.
func (l *layouter) block(b Block, g grid, x0, y, x1 float64, first int) {
	if b.Title != "" {
		l.text(x0+0.8, y+0.4, x1-0.8, y+headHigh-0.4, b.Title, 3.3, Centre, true)
	}
	low := y
	for i := range b.Questions {
		column, row := i/g.rows, i%g.rows
		x := x0 + float64(column)*g.wide
		top := y + headHigh + float64(row)*g.pitch + float64(row/g.group+1)*labelHigh
		if row%g.group == 0 {
			l.labels(x, top-labelHigh, g)
		}
		l.question(x, top+g.pitch/2, g, first+i)
		low = max(low, top+g.pitch)
	}
	l.outlined(x0, y, x1, low+blockFoot, 0.3)
	l.line(x0, y+headHigh, x1, y+headHigh, 0.3)
}

// labels writes the options' labels above their bubbles.
func (l *layouter) labels(x, y float64, g grid) {
	for i, label := range l.Labels {
		cx := x + numberWide + (float64(i)+0.5)*g.step
		l.text(cx-g.step/2, y+0.6, cx+g.step/2, y+labelHigh-0.1, label, 3.1, Centre, false)
	}
}

func (l *layouter) question(x, cy float64, g grid, n int) {
	l.text(x+0.6, cy-2.2, x+numberWide-0.2, cy+2.2, persian(n), 3.6, Centre, true)
	f := Field{ID: FieldID(fmt.Sprintf("q%d", n))}
	for i := range l.Options {
		f.Bubbles = append(f.Bubbles, bubble(fmt.Sprint(i+1), x+numberWide+(float64(i)+0.5)*g.step, cy))
	}
	l.page.Fields = append(l.page.Fields, f)
}

func (l *layouter) decor(d Decor) { l.page.Decor = append(l.page.Decor, d) }

func (l *layouter) text(x0, y0, x1, y1 float64, text string, size float64, align Align, bold bool) {
	l.decor(Decor{Kind: Text, Box: rect(x0, y0, x1, y1), Text: text, Size: size, Align: align, Bold: bold, Ink: 1})
}

func (l *layouter) line(x0, y0, x1, y1, width float64) {
	l.decor(Decor{Kind: Line, Box: rect(x0, y0, x1, y1), Width: width, Ink: 0.8})
}

func (l *layouter) outlined(x0, y0, x1, y1, width float64) {
	l.decor(Decor{Kind: Outlined, Box: rect(x0, y0, x1, y1), Width: width, Ink: 0.8})
}

// bubble is a bubble of ours around cx, cy.
func bubble(c string, cx, cy float64) Bubble {
	return Bubble{Choice: Choice(c), Box: around(cx, cy, bubbleWide, bubbleHigh)}
}

// rect is geom.R to the micrometre.
func rect(x0, y0, x1, y1 float64) geom.Rect[geom.Paper] {
	return geom.R[geom.Paper](micro(x0), micro(y0), micro(x1), micro(y1))
}

// persian writes n in Persian digits.
func persian(n int) string {
	return strings.Map(func(r rune) rune { return r - '0' + '۰' }, fmt.Sprint(n))
}

// or is v, or d if v is zero.
func or[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// ceil is a/b rounded up; a hair above a whole is that whole.
func ceil(a, b float64) int {
	n := int(a / b)
	if a-float64(n)*b > 1e-6 {
		n++
	}
	return n
}

// tenth rounds down to the tenth of a millimetre.
func tenth(v float64) float64 { return float64(int(v*10+1e-6)) / 10 }
