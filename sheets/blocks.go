package sheets

import "fmt"

// A density is how closely questions stand, in mm. The second one is taken only
// where the first has no room: real Iranian sheets stand closer still, at 3.25.
type density struct {
	wide, high float64 // a bubble
	leastPitch float64 // of rows
	mostPitch  float64 // beyond it the eye slips from the number to the wrong row
	leastStep  float64 // of options in a row
	mostStep   float64
	numberWide float64 // of the question's number
	labelHigh  float64 // of the row of option labels
	headHigh   float64
	foot       float64
	number     float64 // sizes of text
	label      float64
	title      float64
}

// densities: from row to row there is twice the reader's search or more between two
// bubbles: 2.0 and 1.1 mm.
var densities = []density{
	{bubbleWide, bubbleHigh, 4.6, 5.4, 5.2, 8.0, 6.2, 3.6, 10, 1.6, 3.6, 3.1, 3.3},
	{3.6, 2.3, 3.4, 4.4, 4.8, 6.0, 5.6, 3.2, 7, 1.2, 3.0, 2.7, 3.0},
}

// A grid is how the questions are spread.
type grid struct {
	density
	bands   int     // rows of blocks, one below the other
	each    int     // blocks of a band at most
	rows    int     // of a column at most
	most    int     // rows of the longest column
	columns int     // of the widest band
	colWide float64 // a column
	step    float64 // of options
	pitch   float64 // of rows
	group   int     // rows under one row of labels
}

// fit finds the most legible grid that fits the height: wide rather than dense, in
// one band rather than several, labels above every five rows rather than every ten
// or once, and then the widest pitch of rows.
func (l *layouter) fit(blocks []Block, high float64) (grid, bool) {
	if len(blocks) == 0 {
		return grid{}, true
	}
	for _, d := range densities {
		for bands := 1; bands <= len(blocks); bands++ {
			g := grid{density: d, bands: bands, each: ceil(float64(len(blocks)), float64(bands))}
			if (bands-1)*g.each >= len(blocks) {
				continue // the last band would be empty
			}
			room := (high - float64(bands-1)*zoneGap) / float64(bands)
			if g, ok := l.band(blocks, g, room); ok {
				return g, true
			}
		}
	}
	return grid{}, false
}

// band completes g for bands of a height.
func (l *layouter) band(blocks []Block, g grid, high float64) (grid, bool) {
	most := 0
	for _, b := range blocks {
		most = max(most, b.Questions)
	}
	least := g.numberWide + float64(l.Options)*g.leastStep + 0.8
	for split := 1; split <= 12; split++ {
		g.rows = ceil(float64(most), float64(split))
		g.rows = ceil(float64(g.rows), 5) * 5 // columns end with a whole five
		g.most = min(g.rows, most)
		g.count(blocks)
		room := l.box.W() - float64(g.each-1)*blockGap
		g.colWide = room / float64(g.columns)
		if g.colWide < least {
			return g, false
		}
		g.step = tenth(min(g.mostStep, (g.colWide-g.numberWide-0.8)/float64(l.Options)))
		g.colWide = tenth(min(g.colWide, g.numberWide+float64(l.Options)*g.step+3))
		for _, g.group = range []int{5, 10, 100} {
			g.pitch = tenth(min(g.mostPitch, (high-g.headHigh-g.foot-g.labels())/float64(g.most)))
			if g.pitch >= g.leastPitch {
				return g, true
			}
		}
	}
	return g, false
}

// count counts the columns of the widest band.
func (g *grid) count(blocks []Block) {
	g.columns = 0
	for from := 0; from < len(blocks); from += g.each {
		n := 0
		for _, b := range blocks[from:min(from+g.each, len(blocks))] {
			n += g.columnsOf(b)
		}
		g.columns = max(g.columns, n)
	}
}

// columnsOf is how many columns b takes.
func (g *grid) columnsOf(b Block) int { return ceil(float64(b.Questions), float64(g.rows)) }

// rowsOf is how many rows the columns of b have: whole fives, and as equal as can be.
func (g *grid) rowsOf(b Block) int {
	fives := ceil(float64(b.Questions), float64(5*g.columnsOf(b)))
	return min(g.rows, 5*fives)
}

// labels is the height of all rows of labels of a column.
func (g *grid) labels() float64 {
	return g.labelHigh * float64(ceil(float64(g.most), float64(g.group)))
}

// blocks lays out the questions between y0 and y1, numbered from first.
func (l *layouter) blocks(blocks []Block, y0, y1 float64, first int) {
	g, ok := l.fit(blocks, y1-y0)
	if !ok {
		l.add(fmt.Errorf("sheet.blocks: the questions do not fit the page that was chosen for them, which is a fault of the layout"))
		return
	}
	high := g.headHigh + g.labels() + float64(g.most)*g.pitch + g.foot
	for from := 0; from < len(blocks); from += g.each {
		in := blocks[from:min(from+g.each, len(blocks))]
		l.row(in, g, y0, first)
		y0 += high + zoneGap
		for _, b := range in {
			first += b.Questions
		}
	}
}

// row lays out the blocks of one band from y on.
func (l *layouter) row(blocks []Block, g grid, y float64, first int) {
	columns := 0
	for _, b := range blocks {
		columns += g.columnsOf(b)
	}
	gaps := float64(len(blocks) - 1)
	wide := float64(columns) * g.colWide
	gap := blockGap
	if gaps > 0 {
		gap = min(mostGap, (l.box.W()-wide)/gaps)
	}
	x := l.box.Min.X + (l.box.W()-wide-gaps*gap)/2
	for _, b := range blocks {
		right := x + float64(g.columnsOf(b))*g.colWide
		if l.Directions.Columns == RightToLeft {
			sum := l.box.Min.X + l.box.Max.X
			l.block(b, g, sum-right, y, sum-x, first)
		} else {
			l.block(b, g, x, y, right, first)
		}
		x, first = right+gap, first+b.Questions
	}
}

// block draws one title's questions from number first on.
func (l *layouter) block(b Block, g grid, x0, y, x1 float64, first int) {
	if b.Title != "" {
		l.text(x0+0.8, y+0.4, x1-0.8, y+g.headHigh-0.4, b.Title, g.title, Centre, true)
	}
	low := y
	rows := g.rowsOf(b)
	for i := range b.Questions {
		column, row := l.cell(i, b.Questions, rows)
		x := x0 + float64(column)*g.colWide
		if l.Directions.Columns == RightToLeft {
			x = x1 - float64(column+1)*g.colWide
		}
		top := y + g.headHigh + float64(row)*g.pitch + float64(row/g.group+1)*g.labelHigh
		if row%g.group == 0 {
			l.labels(x, top-g.labelHigh, g)
		}
		l.question(x, top+g.pitch/2, g, first+i)
		low = max(low, top+g.pitch)
	}
	l.outlined(x0, y, x1, low+g.foot, 0.3)
	l.line(x0, y+g.headHigh, x1, y+g.headHigh, 0.3)
}

// cell is the column and row of question i of n, in columns of so many rows.
func (l *layouter) cell(i, n, rows int) (column, row int) {
	switch l.Directions.Rows {
	case Up:
		column = i / rows
		return column, min(rows, n-column*rows) - 1 - i%rows
	case Across:
		columns := ceil(float64(n), float64(rows))
		return i % columns, i / columns
	}
	return i / rows, i % rows
}

// optionX is the middle of option i in a column whose left side is x.
func (l *layouter) optionX(x float64, i int, g grid) float64 {
	at := g.numberWide + (float64(i)+0.5)*g.step
	if l.Directions.Options == RightToLeft {
		return x + g.colWide - at
	}
	return x + at
}

// labels writes the options' labels above their bubbles.
func (l *layouter) labels(x, y float64, g grid) {
	for i, label := range l.Labels {
		cx := l.optionX(x, i, g)
		l.text(cx-g.step/2, y+0.6, cx+g.step/2, y+g.labelHigh-0.1, label, g.label, Centre, false)
	}
}

// question draws question n, its number where its options begin.
func (l *layouter) question(x, cy float64, g grid, n int) {
	x0, x1 := x+0.6, x+g.numberWide-0.2
	if l.Directions.Options == RightToLeft {
		x0, x1 = x+g.colWide-g.numberWide+0.2, x+g.colWide-0.6
	}
	l.text(x0, cy-2.2, x1, cy+2.2, persian(n), g.number, Centre, true)
	f := Field{ID: FieldID(fmt.Sprintf("q%d", n))}
	if l.Key {
		f.Rule = AnyNumber
	}
	for i := range l.Options {
		f.Bubbles = append(f.Bubbles, Bubble{Choice: Choice(fmt.Sprint(i + 1)), Box: around(l.optionX(x, i, g), cy, g.wide, g.high)})
	}
	l.page.Fields = append(l.page.Fields, f)
}
