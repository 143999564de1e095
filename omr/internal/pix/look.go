package pix

// #cgo noescape go_see
// #cgo nocallback go_see
// #include "loops.h"
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
	values []int16
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

// A Sheet is what is known of the paper and the print around a figure.
type Sheet struct {
	White float64 // brightness of paper here
	Black float64 // that of printed black, as a share of paper's; less than 1
	Line  float64 // how much darker than paper a printed line is, as a share of its brightness
}

// A Look is what a probe saw. Darkness is that of paper beside the figure at 0 and printed black
// at 1; all numbers are from 0 to 1.
type Look struct {
	Line    float64          // how much of the outline stands out against the paper outside or, where that is dark, the inside
	Open    float64          // the share of the far ring that is paper: not darker than 0.7 of it
	Paper   float64          // the share of both rings of paper that is clean: brighter than 0.8 of it
	Seen    float64          // the share of the places inside that lie in the picture and are not hidden
	Mean    float64          // the mean darkness of the places inside that are seen
	Spread  float64          // its standard deviation
	Over    [Levels]float64  // the share of the places that are darker than a level
	Cells   [Cells]float64   // the mean darkness of each cell; of all where nothing of it is seen
	Sectors [Sectors]float64 // the mean darkness of both rings of paper, in sectors
}

// See looks at the figure around c, as paper is seen through l. hidden is nil, or not 0 for the
// places inside of which nothing is known.
//
// The paper beside is the brightness that three quarters of the two rings of paper do not exceed,
// unless that is darker than 0.88 of white, or brighter than 1.08: then it is no paper.
func (p *Probe) See(img *image.Gray, c Point, l Lens, sh Sheet, hidden []uint8, to *Look) {
	var got C.pix_look
	if hidden != nil {
		_ = hidden[:p.n]
	}
	C.go_see(first(img.Pix), C.size_t(len(img.Pix)), C.int(img.Stride), C.int(img.Rect.Max.X), C.int(img.Rect.Max.Y),
		C.double(c.X), C.double(c.Y), C.double(l.XX), C.double(l.XY), C.double(l.YX), C.double(l.YY),
		(*C.float)(unsafe.SliceData(p.steps)), C.double(p.reach.X), C.double(p.reach.Y), (*C.int32_t)(&p.ends[0]),
		C.double(sh.White), C.double(sh.Black), C.double(sh.Line), first(hidden),
		(*C.int16_t)(unsafe.SliceData(p.values)), first(p.darks), &got)
	to.of(&got, p.n)
}

// of makes shares of what was counted at n places.
func (to *Look) of(got *C.pix_look, n int) {
	seen := 1 / float64(max(got.seen, 1))
	to.Line = float64(got.clear) / float64(got.full*Ring)
	to.Open = 1 - float64(got.shut)/Ring
	to.Paper = float64(got.paper) / (2 * Ring)
	to.Seen = float64(got.seen) / float64(max(n, 1))
	to.Mean = float64(got.sum) * seen / Black
	to.Spread = math.Sqrt(max(float64(got.squares)*seen/(Black*Black)-to.Mean*to.Mean, 0))
	for k, v := range got.over {
		to.Over[k] = float64(v) * seen
	}
	for k, v := range got.sums {
		to.Cells[k] = to.Mean
		if m := got.counts[k]; m > 0 {
			to.Cells[k] = float64(v) / float64(m*Black)
		}
	}
	scale := 1 / float64(got._range*(2*Ring/Sectors))
	for k, v := range got.around {
		to.Sectors[k] = float64(v) * scale
	}
}

// Darks are the darknesses of the places inside that were seen last, in bytes from 0 to Black,
// or Unseen. They are the probe's own.
func (p *Probe) Darks() []uint8 { return p.darks[:p.n] }
