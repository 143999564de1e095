package pix

// #cgo noescape go_see
// #cgo nocallback go_see
// #include "calls.h"
import "C"

import (
	"image"
	"math"
	"unsafe"

	"bargkhan/sheets/geom"
)

// Ring is how many places a ring of a probe has, Cells how many parts its inside, Sectors how
// many the paper around it.
const (
	Ring    = C.RING
	Cells   = C.CELLS
	Sectors = C.SECTORS
)

// Levels of darkness are told apart: a tenth of printed black, a fifth, 0.35, half and 0.7.
const Levels = C.LEVELS

// The rings of a probe.
const (
	Beside = iota // paper beside the figure
	Far           // paper farther away
	Line          // its printed line
	Outer         // what is beside that line outside
	Inner         // and inside
	rings  = C.RINGS
)

// A Probe is what is looked at around and inside a figure: an outline printed on paper. It
// serves many figures of one shape, one after the other.
type Probe struct {
	steps  []float32 // of each place x, then y, in mm
	n      int       // places inside
	ends   [Cells]int32
	reach  geom.Point[geom.Paper] // the farthest places
	values []int16                // of the places of one figure: memory for all
	darks  []uint8
}

// Set says where to look, in mm from a figure's middle: around are rings of Ring places each,
// one after the other, and inside places that lie in cells; those of cell k end before ends[k].
func (p *Probe) Set(around, inside []geom.Point[geom.Paper], ends [Cells]int32) {
	_ = around[:rings*Ring]
	p.n, p.ends, p.reach = len(inside), ends, geom.Point[geom.Paper]{}
	_ = inside[:ends[Cells-1]]
	room := (p.n+31)/32*32 + 32 // as ROOM says
	all := rings*Ring + room
	p.steps, p.values, p.darks = sized(p.steps, 2*all), sized(p.values, all), sized(p.darks, room)
	clear(p.steps)
	for i, d := range around[:rings*Ring] {
		p.place(i, all, d)
	}
	for i, d := range inside {
		p.place(rings*Ring+i, all, d)
	}
}

func (p *Probe) place(i, all int, d geom.Point[geom.Paper]) {
	p.steps[i], p.steps[all+i] = float32(d.X), float32(d.Y)
	p.reach.X, p.reach.Y = max(p.reach.X, math.Abs(d.X)), max(p.reach.Y, math.Abs(d.Y))
}

// A Place is where a figure lies.
type Place struct {
	At    Point
	Lens  Lens    // how paper is seen there
	White float64 // the usual brightness of paper there
}

// A Print is what is known of the print of a page.
type Print struct {
	Black float64 // the brightness of printed black, as a share of paper's; less than 1
	Line  float64 // how much darker than paper a printed line is, as a share of its brightness
}

// A Look is what a probe saw. Darkness is that of paper beside the figure at 0 and printed black
// at 1; all numbers are from 0 to 1.
type Look struct {
	Line  float64 // how much of the outline stands out against the paper outside or, where that is dark, the inside
	Open  float64 // the share of the far ring that is paper: not darker than 0.7 of it
	Paper float64 // the share of both rings of paper that is clean: brighter than 0.8 of it
	Seen  float64 // the share of the places inside that lie in the picture and are not hidden

	// First the mean darkness of each of the Cells, of all where nothing of it is seen; then that of
	// both rings of paper, in Sectors; then the share of the places inside that are darker than
	// each of the Levels. Then, of the places inside that are seen, the mean darkness and its
	// standard deviation; and that of the lightest and of the darkest cell.
	Pattern [Pattern]float64
}

// Pattern is how many numbers a pattern has.
const Pattern = C.PATTERN

// Mean is the mean darkness of the places inside that are seen.
func (l *Look) Mean() float64 { return l.Pattern[Cells+Sectors+Levels] }

// See looks at figures, each at one of places. hidden is nil, or for each figure as many bytes as
// there are places inside, not 0 for those of which nothing is known. darks is nil, or has room for
// as many, and receives how dark these places are, in bytes from 0 to Black, or Unseen.
//
// The paper beside is the brightness that three quarters of the two rings of paper do not exceed,
// unless that is darker than 0.88 of the usual white, or brighter than 1.08: then it is no paper.
func (p *Probe) See(img *image.Gray, places []Place, print Print, hidden, darks []uint8, to []Look) {
	many := len(places)
	if many == 0 {
		return
	}
	_ = to[:many]
	if hidden != nil {
		_ = hidden[:many*p.n]
	}
	if darks != nil {
		_ = darks[:many*p.n]
	}
	C.go_see(first(img.Pix), C.size_t(len(img.Pix)), C.int(img.Stride), C.int(img.Rect.Max.X), C.int(img.Rect.Max.Y),
		(*C.pix_place)(unsafe.Pointer(unsafe.SliceData(places))), C.int(many),
		(*C.float)(unsafe.SliceData(p.steps)), C.double(p.reach.X), C.double(p.reach.Y), (*C.int32_t)(&p.ends[0]),
		C.double(print.Black), C.double(print.Line), first(hidden), (*C.int16_t)(unsafe.SliceData(p.values)), first(p.darks),
		first(darks), (*C.pix_look)(unsafe.Pointer(unsafe.SliceData(to))))
}
