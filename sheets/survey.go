package sheets

import "fmt"

// Measures of a survey, in mm.
const (
	opinionStep  = 17.0 // of the choices, at most
	opinionText  = 50.0 // what the statement keeps, at least
	opinionRow   = 6.4
	opinionLine  = 4.6 // of a statement's further lines
	opinionHead  = 7.0
	opinionLabel = 7.0 // two lines of a choice's label
	opinionGap   = 3.0 // between groups
	opinionSize  = 2.9
)

// opinionsHigh is the height of groups one below the other.
func (l *layouter) opinionsHigh(groups []Opinion) float64 {
	high := -opinionGap
	for i := range groups {
		high += l.opinionHigh(&groups[i]) + opinionGap
	}
	return high
}

func (l *layouter) opinionHigh(g *Opinion) float64 {
	high := opinionLabel + 1.0
	if len(g.Items) > 0 && g.Title != "" {
		high += opinionHead
	}
	for _, item := range g.statements() {
		high += l.statementHigh(g, item)
	}
	return high
}

// statements are what g asks about.
func (g *Opinion) statements() []string {
	if len(g.Items) == 0 {
		return []string{g.Title}
	}
	return g.Items
}

// step is from choice to choice of g.
func (l *layouter) choiceStep(g *Opinion) float64 {
	return tenth(min(opinionStep, (l.box.W()-opinionText)/float64(len(g.Labels))))
}

// statementHigh is the height of one statement with its choices.
func (l *layouter) statementHigh(g *Opinion, item string) float64 {
	wide := l.box.W() - l.choiceStep(g)*float64(len(g.Labels)) - 6
	// A line holds about two letters for each em of its width.
	lines := max(1, ceil(float64(len([]rune(item)))*opinionSize*0.45, wide))
	return opinionRow + float64(lines-1)*opinionLine
}

// opinions lays out groups of a survey from y on. Statements stand at the right,
// the choices at the left, counted as the design's options are. Fields are named by
// the group and the statement, so that a group added behind changes no name.
func (l *layouter) opinions(p part, y float64) {
	for i := p.from; i < p.to; i++ {
		g := &l.Surveys[i]
		bottom := y + l.opinionHigh(g)
		l.outlined(l.box.Min.X, y, l.box.Max.X, bottom, 0.3)
		if len(g.Items) > 0 && g.Title != "" {
			l.text(l.box.Min.X+2, y+0.6, l.box.Max.X-2, y+opinionHead-0.2, g.Title, 3.3, Start, true)
			y += opinionHead
		}
		l.choices(g, y)
		y += opinionLabel
		for k, item := range g.statements() {
			y = l.statement(g, item, y, FieldID(fmt.Sprintf("s%d.%d", i+1, k+1)), k > 0)
		}
		y = bottom + opinionGap
	}
}

// choiceX is the middle of choice i of g.
func (l *layouter) choiceX(g *Opinion, i int) float64 {
	if l.Directions.Options == RightToLeft {
		i = len(g.Labels) - 1 - i
	}
	return l.box.Min.X + 1 + (float64(i)+0.5)*l.choiceStep(g)
}

// choices writes the labels of g above its choices.
func (l *layouter) choices(g *Opinion, y float64) {
	half := l.choiceStep(g)/2 - 0.4
	for i, label := range g.Labels {
		x := l.choiceX(g, i)
		l.text(x-half, y+0.5, x+half, y+opinionLabel-0.3, label, 2.7, Centre, false)
	}
}

// statement is one row of a group, with a line above it but for the first.
func (l *layouter) statement(g *Opinion, item string, y float64, id FieldID, ruled bool) float64 {
	bottom := y + l.statementHigh(g, item)
	if ruled {
		l.line(l.box.Min.X, y, l.box.Max.X, y, 0.12)
	}
	left := l.box.Min.X + 1 + l.choiceStep(g)*float64(len(g.Labels)) + 2
	l.text(left, y+0.4, l.box.Max.X-2, bottom-0.4, item, opinionSize, Start, len(g.Items) == 0)
	f := Field{ID: id, Role: Survey}
	if g.Many {
		f.Rule = AnyNumber
	}
	for i := range g.Labels {
		f.Bubbles = append(f.Bubbles, bubble(fmt.Sprint(i+1), l.choiceX(g, i), (y+bottom)/2))
	}
	l.page.Fields = append(l.page.Fields, f)
	return bottom
}
