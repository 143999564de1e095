package pix

import "image"

// Lines are the thin dark straight lines of a picture that run along its columns or
// its rows: dust on a scanner's glass, a fold, a pen along a ruler. Bars of print are
// found too; it is for the caller to know where lines should not be.
type Lines struct {
	w, h  int
	cells []uint8 // one a pixel; not 0: on a line
	Full  int     // lines that run through the whole picture
}

// Measures of lines, in pixels of the picture that is searched, which has about
// four pixels a mm.
const (
	lineSide  = 6  // how far beside it a line is compared: lines are up to 11 pixels wide
	lineLong  = 60 // the least length: 15 mm, several rows of bubbles
	lineWhole = 92 // hundredths of a line's pixels that must be seen: between two rows of bubbles it is paper
	lineOpen  = 30 // hundredths of its length that must be testable: paper on both sides
	lineDark  = 6  // hundredths of the paper's brightness: below is the noise of a scan
	linePaper = 80 // hundredths of the paper's brightness: what is darker beside a line is not paper
)

// FindLines looks for lines along the columns and along the rows of img.
func FindLines(img *image.Gray, paper *Paper) *Lines {
	l := &Lines{w: img.Rect.Dx(), h: img.Rect.Dy()}
	l.cells = make([]uint8, l.w*l.h)
	if l.w <= 2*lineSide || l.h <= 2*lineSide {
		return l
	}
	state := make([]uint8, l.w*l.h)
	l.compare(img, paper, state, 1)
	l.Full += l.columns(state)
	clear(state)
	l.compare(img, paper, state, img.Stride)
	l.Full += l.rows(state)
	return l
}

// The states of a pixel: paper on both sides, and darker than both.
const (
	testable = 1
	darker   = 3
)

// compare sets the state of each pixel by its neighbours lineSide steps of the given
// stride away.
func (l *Lines) compare(img *image.Gray, paper *Paper, state []uint8, stride int) {
	off := lineSide * stride
	x0, x1, y0, y1 := lineSide, l.w-lineSide, 0, l.h
	if stride != 1 {
		x0, x1, y0, y1 = 0, l.w, lineSide, l.h-lineSide
	}
	const every = 16
	open, step := make([]uint8, l.w), make([]uint8, l.w) // the brightness of paper, and of a line's contrast
	for y := y0; y < y1; y++ {
		if (y-y0)%every == 0 {
			for x := range open {
				if x%every == 0 {
					white := paper.At(Point{X: float64(x), Y: float64(y)})
					open[x], step[x] = uint8(white*linePaper/100), uint8(white*lineDark/100)
				} else {
					open[x], step[x] = open[x-1], step[x-1]
				}
			}
		}
		row := img.Pix[y*img.Stride:]
		left, right := img.Pix[y*img.Stride+x0-off:], img.Pix[y*img.Stride+x0+off:]
		mark := state[y*l.w:][:l.w]
		for x := x0; x < x1; x++ {
			side := min(left[x-x0], right[x-x0])
			if side < open[x] {
				continue
			}
			mark[x] = testable
			if int(row[x])+int(step[x]) < int(side) {
				mark[x] = darker
			}
		}
	}
}

// columns marks the lines along columns and returns how many run from end to end.
func (l *Lines) columns(state []uint8) (full int) {
	dark, open := make([]int, l.w), make([]int, l.w)
	allDark, allOpen := make([]int, l.w), make([]int, l.w)
	for y := range l.h {
		row := state[y*l.w:][:l.w]
		var old []uint8
		if y >= lineLong {
			old = state[(y-lineLong)*l.w:][:l.w]
		}
		for x, s := range row {
			open[x] += int(s & 1)
			dark[x] += int(s >> 1)
			allOpen[x] += int(s & 1)
			allDark[x] += int(s >> 1)
			if old != nil {
				open[x] -= int(old[x] & 1)
				dark[x] -= int(old[x] >> 1)
			}
			if y >= lineLong-1 && line(dark[x], open[x], lineLong) {
				for j := y - lineLong + 1; j <= y; j++ {
					l.cells[j*l.w+x] = 1
				}
			}
		}
	}
	return l.whole(allDark, allOpen, l.h)
}

// rows is columns for lines along rows.
func (l *Lines) rows(state []uint8) (full int) {
	allDark, allOpen := make([]int, l.h), make([]int, l.h)
	for y := range l.h {
		row := state[y*l.w:][:l.w]
		dark, open := 0, 0
		for x, s := range row {
			open += int(s & 1)
			dark += int(s >> 1)
			allOpen[y] += int(s & 1)
			allDark[y] += int(s >> 1)
			if x >= lineLong {
				open -= int(row[x-lineLong] & 1)
				dark -= int(row[x-lineLong] >> 1)
			}
			if x >= lineLong-1 && line(dark, open, lineLong) {
				for i := x - lineLong + 1; i <= x; i++ {
					l.cells[y*l.w+i] = 1
				}
			}
		}
	}
	return l.whole(allDark, allOpen, l.w)
}

func line(dark, open, long int) bool {
	return dark > 0 && 100*dark >= lineWhole*open && 100*open >= lineOpen*long
}

// whole counts the groups of neighbouring lines that run from end to end.
func (l *Lines) whole(dark, open []int, long int) (n int) {
	last := -2
	for i := range dark {
		if line(dark[i], open[i], long) {
			if i > last+1 {
				n++
			}
			last = i
		}
	}
	return n
}

// On says whether p lies on a line or within one pixel of it.
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

// Near says whether any line is within reach of p.
func (l *Lines) Near(p Point, reach int) bool {
	x0, x1 := max(int(p.X)-reach, 0), min(int(p.X)+reach, l.w-1)
	for j := max(int(p.Y)-reach, 0); j <= min(int(p.Y)+reach, l.h-1); j += 2 {
		for i := x0; i <= x1; i++ {
			if l.cells[j*l.w+i] != 0 {
				return true
			}
		}
	}
	return false
}
