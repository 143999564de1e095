package pix

import (
	"image"
	"math/bits"
)

// Lines are the thin straight lines of a picture that run along its columns or its rows:
// dust on a scanner's glass, a fold, a pen along a ruler. They are dark, or lighter than
// the print they run through (FindGaps). Bars of print are found too; it is for the caller
// to know where lines should not be.
type Lines struct {
	w, h  int
	cells []uint8 // one a pixel; not 0: on a line along its column (down), its row (along), or on a light one
	Full  int     // lines that run through the whole picture

	where      *Where  // somebody asks; nil: everywhere
	some       bool    // are there
	nx, ny     int     // of the blocks that paper is looked at in
	marked     []uint8 // not 0: cells of a block are marked
	open, step []uint8
	white      []float64
	columns    []between
	room       []uint64
	counts     []uint16 // of gaps: print and lighter than it, from close by and from farther away, each of all columns
	bands      []uint8  // where they are not 0
}

// Measures of lines, in pixels of the picture that is searched, which has about
// four pixels a mm. Those that only the loop needs stand in lines.c.
const (
	lineSide  = 6  // how far beside it a line is compared: lines are up to 11 pixels wide
	lineDark  = 6  // hundredths of the paper's brightness: below is the noise of a scan
	lineBlock = 16 // pixels of a block for which the paper is looked at once
	linePaper = 80 // hundredths of the paper's brightness: what is darker beside a line is not paper
)

// The bits of cells: columns and rows are those of lines.c.
const down, along, light = 1, 2, 4

// A Where is where somebody will ask for lines.
type Where struct{ rows, columns []uint8 } // not 0: here

// Nowhere makes w that of img where nobody asks. Its memory is used again.
func (w *Where) Nowhere(img *image.Gray) {
	w.rows, w.columns = sized(w.rows, img.Rect.Dy()), sized(w.columns, img.Rect.Dx())
	clear(w.rows)
	clear(w.columns)
}

// Add says that Within will be asked of a box, and On of places in it.
func (w *Where) Add(a, b Point) {
	x0, y0, x1, y1 := touched(a, b, len(w.columns), len(w.rows))
	for x := x0; x <= x1; x++ {
		w.columns[x] = 1
	}
	for y := y0; y <= y1; y++ {
		w.rows[y] = 1
	}
}

// touched are the first and last columns and rows of a picture of w×h that lie between two
// corners of a box, or one pixel beside it: none if the first is beyond the last.
func touched(a, b Point, w, h int) (x0, y0, x1, y1 int) {
	return max(int(a.X)-1, 0), max(int(a.Y)-1, 0), min(int(b.X)+1, w-1), min(int(b.Y)+1, h-1)
}

// FindLines looks for lines along the columns and along the rows of img. A line is at
// least 15 mm long, several rows of bubbles; 92 of 100 of its pixels must be seen, for
// between two rows of bubbles is paper; 30 of 100 must have paper on both sides, and three
// of the fifteen among them in each fourth row (or column) of the picture be dark. It must
// be about as dark everywhere: a row of marks in neighbouring bubbles is not. Full is counted
// in the whole picture, and lines are marked where somebody will ask for them; where may be
// nil: everywhere. into may be nil, or lines that are no longer needed, whose memory is then used.
func FindLines(img *image.Gray, paper *Paper, where *Where, into *Lines) *Lines {
	l := into
	if l == nil {
		l = &Lines{}
	}
	l.clean(img.Rect.Dx(), img.Rect.Dy())
	if l.w <= 2*lineSide || l.h <= 2*lineSide {
		return l
	}
	l.nx, l.ny = (l.w+lineBlock-1)/lineBlock, (l.h+lineBlock-1)/lineBlock
	l.open, l.step = sized(l.open, l.nx*l.ny), sized(l.step, l.nx*l.ny)
	l.marked = sized(l.marked, l.nx*l.ny)
	clear(l.marked)
	l.white, l.columns = sized(l.white, l.nx), sized(l.columns, l.nx)
	paper.between(0, lineBlock, l.columns)
	for j := range l.ny {
		paper.row(float64(j*lineBlock), l.columns, l.white)
		for i, white := range l.white {
			k := j*l.nx + i
			l.open[k], l.step[k] = uint8(white*linePaper/100), uint8(white*lineDark/100)
		}
	}
	l.where = where
	l.find(img)
	return l
}

// Measures of gaps.
const (
	gapSpan  = 4  // from the first to the last band with a gap
	gapWhole = 90 // hundredths of the rows with print on both sides in which a gap is lighter
)

// The rows of print that a gap must have on both sides, and the bands in which it is seen:
// more from farther away, where columns of bubbles leave such gaps between them. Two ruled
// lines of a quarter mm are four rows.
var gapRows, gapSeen = [2]uint16{8, 12}, [2]int{3, 4}

// across is what was counted along one column, from close by and from farther away.
type across struct {
	print, gap [2]uint16
	bands      [2]uint8 // a bit for each in which there is a gap
}

// column is what was counted along column x.
func (l *Lines) column(x int) across {
	n := l.counts[x:]
	return across{print: [2]uint16{n[0], n[2*l.w]}, gap: [2]uint16{n[l.w], n[3*l.w]}, bands: [2]uint8{l.bands[l.w+x], l.bands[3*l.w+x]}}
}

// FindGaps adds the light lines along columns: what dust on the glass makes where it was
// when the scanner measured its white. On paper they are not seen, but all print that
// crosses them is interrupted, over half the picture at least. It must follow FindLines
// of the same picture. Gaps between letters, or between bubbles that stand close, look the
// same where nothing else crosses them: broken says of a column whether print that is known
// to cross it is interrupted there.
func (l *Lines) FindGaps(img *image.Gray, broken func(x int) bool) {
	if l.w <= 2*lineSide || l.h <= 2*lineSide || l.h > 255*gapBands {
		return
	}
	l.gaps(img)
	last := -3
	for x := range l.w {
		if a := l.column(x); !a.streak() || !broken(x) {
			continue
		}
		if x > last+2 { // a column between two that are sure is part of the same
			l.Full++
		}
		last = x
		l.some = true
		for y := range l.h {
			l.cells[y*l.w+x] |= light
		}
		for j := range l.ny {
			l.marked[j*l.nx+x/lineBlock] = 1
		}
	}
}

// streak says whether nearly all print that crosses a column is interrupted there. A gap
// that is seen from farther away must be one from close by too, unless no print is there.
func (a *across) streak() bool {
	for k, bands := range a.bands {
		if 100*int(a.gap[k]) < gapWhole*int(a.print[k]) {
			return false
		}
		if a.print[k] >= gapRows[k] && bits.OnesCount8(bands) >= gapSeen[k] && bits.Len8(bands)-1-bits.TrailingZeros8(bands) >= gapSpan {
			return true
		}
	}
	return false
}

// clean makes l those of a picture of w×h without lines, in cells that serve one page after
// the other.
func (l *Lines) clean(w, h int) {
	if l.some {
		l.wipe()
	}
	if cap(l.cells) < w*h {
		l.cells = make([]uint8, w*h)
	}
	l.w, l.h, l.Full, l.some, l.where = w, h, 0, false, nil
	l.cells = l.cells[:w*h]
}

// wipe clears the cells of the blocks that have any.
func (l *Lines) wipe() {
	for k, marked := range l.marked {
		if marked == 0 {
			continue
		}
		x, y := k%l.nx*lineBlock, k/l.nx*lineBlock
		for j := y; j < min(y+lineBlock, l.h); j++ {
			clear(l.cells[j*l.w+x : j*l.w+min(x+lineBlock, l.w)])
		}
	}
}

// On says whether p lies on a line or within one pixel of it; p is where lines were looked for.
func (l *Lines) On(p Point) bool {
	x, y := int(p.X), int(p.Y)
	for j := max(y-1, 0); j <= min(y+1, l.h-1); j++ {
		for i := max(x-1, 0); i <= min(x+1, l.w-1); i++ {
			if l.cells[j*l.w+i] != 0 {
				return true
			}
		}
	}
	return false
}

// Within says whether On may be true between two corners of a box. It panics if lines were
// looked for elsewhere alone: that none is marked there would say nothing.
func (l *Lines) Within(a, b Point) bool {
	x0, y0, x1, y1 := touched(a, b, l.w, l.h)
	if x0 > x1 || y0 > y1 {
		return false
	}
	if w := l.where; w != nil && (w.rows[y0] == 0 || w.rows[y1] == 0 || w.columns[x0] == 0 || w.columns[x1] == 0) {
		panic("pix: lines are asked for where they were not looked for")
	}
	if !l.some {
		return false
	}
	for j := y0 / lineBlock; j <= y1/lineBlock; j++ {
		for _, marked := range l.marked[j*l.nx+x0/lineBlock : j*l.nx+x1/lineBlock+1] {
			if marked != 0 {
				return l.within(x0, y0, x1, y1)
			}
		}
	}
	return false
}

// within says whether any cell from x0, y0 to x1, y1 is marked.
func (l *Lines) within(x0, y0, x1, y1 int) bool {
	for y := y0; y <= y1; y++ {
		for _, v := range l.cells[y*l.w+x0 : y*l.w+x1+1] {
			if v != 0 {
				return true
			}
		}
	}
	return false
}
