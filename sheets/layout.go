package sheets

import (
	"errors"
	"fmt"
	"slices"

	"bargkhan/sheets/geom"
)

// Measures of a sheet of ours, in mm. What depends on how closely questions stand
// is a density's.
const (
	bubbleWide = 4.2 // as on the sheets Iranian candidates know
	bubbleHigh = 2.6
	blockGap   = 1.6 // between blocks, at least
	mostGap    = 12.0
	zoneGap    = 2.0
)

// Layout computes the sheet a description asks for. It is deterministic: equal
// descriptions give equal digests on every machine. What does not fit one page is
// spread over as few as can be, as evenly as can be, up to fifteen. What cannot be
// laid out is refused with what to change; the error lists every fault.
func Layout(s Description) (*Design, error) {
	s = s.withDefaults()
	if err := s.validate(); err != nil {
		return nil, err
	}
	frame := Frames()[slices.IndexFunc(Frames(), func(f Frame) bool { return f.Name == s.Paper })]
	parts, err := paginate(s, frame)
	if err != nil {
		return nil, err
	}
	d := &Design{ID: s.ID, Title: s.Title, Size: frame.Size}
	first := 1
	for i, p := range parts {
		l := newLayouter(s, frame, i+1, len(parts))
		y0, y1 := l.zones()
		l.content(p, y0, y1, first)
		if err := l.join(); err != nil {
			return nil, err
		}
		d.Pages = append(d.Pages, l.page)
		first += s.questions(p)
	}
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("the sheet that was laid out cannot be read, which is a fault of the layout: %w", err)
	}
	return d, nil
}

// A part is what stands on one page: the blocks, or groups of a survey, from one
// before another.
type part struct{ from, to int }

// questions is how many questions stand on p.
func (s *Description) questions(p part) int {
	if s.survey() {
		return p.to - p.from
	}
	n := 0
	for _, b := range s.Blocks[p.from:p.to] {
		n += b.Questions
	}
	return n
}

// paginate spreads the blocks over as few pages as can be. Of several ways it takes
// the most even one, and of equal ones that whose first pages are the fullest.
func paginate(s Description, frame Frame) ([]part, error) {
	first, later := newLayouter(s, frame, 1, 1), newLayouter(s, frame, 2, 2)
	room := func(l *layouter) float64 { y0, y1 := l.zones(); return y1 - y0 }
	rooms := []float64{room(first), room(later)}
	if err := first.join(); err != nil {
		return nil, err
	}
	n := max(len(s.Blocks), len(s.Surveys))
	known := map[[3]int]bool{}
	fits := func(page int, p part) bool {
		kind := min(page, 1)
		key := [3]int{kind, p.from, p.to}
		if ok, seen := known[key]; seen {
			return ok
		}
		known[key] = first.fits(p, rooms[kind])
		return known[key]
	}
	for pages := 1; pages <= maxPages; pages++ {
		if best, ok := evenest(&s, n, pages, fits, len(first.page.Fields) > 0); ok {
			return best, nil
		}
	}
	var errs []error
	for i := range n {
		if !fits(1, part{i, i + 1}) {
			errs = append(errs, s.tooLarge(i))
		}
	}
	return nil, errors.Join(append(errs, s.noWay(len(errs)))...)
}

// tooLarge says that block or group i does not fit a page of its own.
func (s *Description) tooLarge(i int) error {
	if s.survey() {
		return fmt.Errorf("sheet.surveys[%d]: %d statements do not fit one page of %s: part the group in two, or take larger paper", i, len(s.Surveys[i].Items), s.Paper)
	}
	return fmt.Errorf("sheet.blocks[%d]: %d questions of %d options do not fit one page of %s: part the block in two, take fewer options, or larger paper", i, s.Blocks[i].Questions, s.Options, s.Paper)
}

// noWay says that no number of pages will do, unless something else was found.
func (s *Description) noWay(found int) error {
	if found > 0 {
		return nil
	}
	return fmt.Errorf("sheet: the questions do not fit %d pages of %s with such a heading: fewer questions, shorter instructions or larger paper", maxPages, s.Paper)
}

// evenest cuts n blocks into pages that all fit, the fullest page as empty as can be.
// Only a first page that carries fields of its own may stand without blocks.
func evenest(s *Description, n, pages int, fits func(page int, p part) bool, bare bool) (best []part, found bool) {
	least := 0
	var cut func(done []part, from int)
	cut = func(done []part, from int) {
		page := len(done)
		if page == pages {
			if from < n {
				return
			}
			if most := fullest(s, done); !found || most < least {
				best, least, found = slices.Clone(done), most, true
			}
			return
		}
		low := from + 1
		if page == 0 && bare && pages > 1 {
			low = from
		}
		for to := n; to >= low; to-- {
			if p := (part{from, to}); fits(page, p) {
				cut(append(done, p), to)
			}
		}
	}
	cut(nil, 0)
	return best, found
}

// fullest is the number of questions on the fullest of the pages.
func fullest(s *Description, parts []part) (most int) {
	for _, p := range parts {
		most = max(most, s.questions(p))
	}
	return most
}

// A layouter puts the figures of one page into box, zone by zone from the top.
type layouter struct {
	Description
	faults
	box    geom.Rect[geom.Paper]
	page   Page
	number int // of the page, from 1
	of     int // pages
}

func newLayouter(s Description, frame Frame, number, of int) *layouter {
	return &layouter{Description: s, box: frame.Content, number: number, of: of, page: Page{
		Anchors: slices.Concat(frame.Markers[:], frame.Ticks),
		Codes:   slices.Clone(frame.Codes[:]),
	}}
}

// zones lays out everything but the questions, and returns from where to where
// these may stand.
func (l *layouter) zones() (y0, y1 float64) {
	b := l.box
	y := l.top(b.Min.Y) + zoneGap
	switch {
	case l.number > 1:
		if l.named() {
			y = l.person(y, l.Header[:min(2, len(l.Header))]) + zoneGap
		}
	case l.survey():
		y = l.instructions(b.Min.X, y, b.Max.X) + zoneGap
	case l.Key:
		y = l.keyLines(y) + zoneGap
		y = l.instructions(b.Min.X, y, b.Max.X) + zoneGap
	case l.Spare && l.Digits > 0:
		y = l.identity(y) + zoneGap
	case l.Spare:
		y = l.lines(b.Min.X, y, 2, l.Header) + zoneGap
		y = l.office(b.Min.X, y, b.Max.X) + zoneGap
		y = l.instructions(b.Min.X, y, b.Max.X) + zoneGap
	default:
		y = l.person(y, l.Header) + zoneGap
		y = l.office(b.Min.X, y, b.Max.X) + zoneGap
		y = l.instructions(b.Min.X, y, b.Max.X) + zoneGap
	}
	y = l.fills(y) + zoneGap
	return y, l.foot() - zoneGap
}

// fits says whether p can stand in so much height.
func (l *layouter) fits(p part, high float64) bool {
	if l.survey() {
		return l.opinionsHigh(l.Surveys[p.from:p.to]) <= high
	}
	_, ok := l.fit(l.Blocks[p.from:p.to], high)
	return ok
}

// content lays out p between y0 and y1, its questions numbered from first.
func (l *layouter) content(p part, y0, y1 float64, first int) {
	switch {
	case l.survey():
		l.opinions(p, y0)
	case p.from < p.to:
		l.blocks(l.Blocks[p.from:p.to], y0, y1, first)
	}
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
