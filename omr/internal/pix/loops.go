package pix

// #cgo CFLAGS: -O2
// #cgo LDFLAGS: -lm
// #cgo noescape pix_reduce
// #cgo nocallback pix_reduce
// #cgo noescape pix_quantiles
// #cgo nocallback pix_quantiles
// #cgo noescape pix_lines
// #cgo nocallback pix_lines
// #cgo noescape pix_gaps
// #cgo nocallback pix_gaps
// #cgo noescape pix_runs
// #cgo nocallback pix_runs
// #cgo noescape pix_figures
// #cgo nocallback pix_figures
// #cgo noescape go_samples
// #cgo nocallback go_samples
// #cgo noescape go_middles
// #cgo nocallback go_middles
// #cgo noescape go_profile
// #cgo nocallback go_profile
// #cgo noescape go_mapped
// #cgo nocallback go_mapped
// #cgo noescape pix_medians
// #cgo nocallback pix_medians
// #cgo noescape pix_beyond
// #cgo nocallback pix_beyond
// #cgo noescape pix_ranked
// #cgo nocallback pix_ranked
// #cgo noescape go_climbs
// #cgo nocallback go_climbs
// #include "calls.h"
import "C"

import (
	"image"
	"slices"
	"unsafe"

	"bargkhan/sheets/geom"
)

// sized returns s with length n, in memory of its own if s has not enough. What is in
// it is anything.
func sized[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// first is the address of a picture's or a row's first byte.
func first(b []uint8) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(b)) }

// values is the address of numbers.
func values(v []float64) *C.double { return (*C.double)(unsafe.SliceData(v)) }

// vectors bounds the vectors that loops use, as pix_vectors says.
func vectors(most int) { C.pix_vectors = C.int(most) }

// places are some places on paper, in mm from a point, as C reads them.
func places(steps []geom.Point[geom.Paper]) *C.double {
	return (*C.double)(unsafe.Pointer(unsafe.SliceData(steps)))
}

// Samples sets dst[i] to the brightness at c plus the i-th of steps seen through l,
// or to Outside.
func Samples(img *image.Gray, c Point, l Lens, steps []geom.Point[geom.Paper], dst []float64) {
	if len(steps) == 0 {
		return
	}
	_ = dst[len(steps)-1]
	C.go_samples(first(img.Pix), C.size_t(len(img.Pix)), C.int(img.Stride), C.int(img.Rect.Max.X), C.int(img.Rect.Max.Y),
		C.double(c.X), C.double(c.Y), C.double(l.XX), C.double(l.XY), C.double(l.YX), C.double(l.YY),
		places(steps), C.int(len(steps)), values(dst))
}

// Quartets are groups of places, each of n, arranged so that four are sampled at once:
// the first of the first four groups, their second, and so on.
type Quartets struct {
	n, groups int
	steps     []geom.Point[geom.Paper]
	buf       []float64
}

// NewQuartets arranges groups, which have all the same length.
func NewQuartets(groups [][]geom.Point[geom.Paper]) *Quartets {
	q := &Quartets{n: len(groups[0]), groups: len(groups)}
	q.steps = make([]geom.Point[geom.Paper], 0, q.n*q.Room())
	for g := 0; g < len(groups); g += 4 {
		for i := range q.n {
			for k := range 4 {
				q.steps = append(q.steps, groups[min(g+k, len(groups)-1)][i])
			}
		}
	}
	q.buf = make([]float64, 4*q.n)
	return q
}

// Room is how many values Middles writes.
func (q *Quartets) Room() int { return (q.groups + 3) / 4 * 4 }

// Middles sets dst[g] to the middle of the values that Samples gives for group g:
// the n/2-th from the least. dst has Room values, of which the last are of no use.
func (q *Quartets) Middles(img *image.Gray, c Point, l Lens, dst []float64) {
	_ = dst[q.Room()-1]
	C.go_middles(first(img.Pix), C.size_t(len(img.Pix)), C.int(img.Stride), C.int(img.Rect.Max.X), C.int(img.Rect.Max.Y),
		C.double(c.X), C.double(c.Y), C.double(l.XX), C.double(l.XY), C.double(l.YX), C.double(l.YY),
		places(q.steps), C.int(q.n), C.int(q.Room()/4), values(dst), values(q.buf))
}

// Profile sets dst to the brightness along the way from a to b, each value the mean of m
// places (64 at most), evenly spaced on a line across that way: across is the way from the
// middle of that line to its end. The first value is at a, the last at b, both within
// 32,000 pixels.
func Profile(img *image.Gray, a, b, across Point, m int, dst []float64) {
	if len(dst) == 0 {
		return
	}
	ab := b.Sub(a)
	C.go_profile(first(img.Pix), C.size_t(len(img.Pix)), C.int(img.Stride), C.int(img.Rect.Max.X), C.int(img.Rect.Max.Y),
		C.double(a.X), C.double(a.Y), C.double(ab.X), C.double(ab.Y), C.double(across.X), C.double(across.Y),
		C.int(m), C.int(len(dst)), values(dst))
}

// Mapped sets dst[i] to what At says of the i-th of places carried over by m.
func Mapped(img *image.Gray, m geom.Map[geom.Paper, geom.Pixel], at []geom.Point[geom.Paper], dst []float64) {
	_ = dst[len(at)-1]
	matrix := m.Matrix()
	C.go_mapped(first(img.Pix), C.size_t(len(img.Pix)), C.int(img.Stride), C.int(img.Rect.Max.X), C.int(img.Rect.Max.Y),
		(*C.double)(&matrix[0]), places(at), C.int(len(at)), values(dst))
}

// Black is printed black among darknesses in bytes, Unseen a place of which nothing is known.
const (
	Black  = C.BLACK
	Unseen = C.UNSEEN
)

// Medians sets dst to the middle value of each of its columns: rows of as many bytes begin
// at starts in all; of an even number the lighter. There are at most 65,535 rows.
func Medians(all []uint8, starts []int32, dst []uint8) {
	for _, at := range starts {
		_ = all[at:][:len(dst)]
	}
	C.pix_medians(first(all), (*C.int32_t)(unsafe.SliceData(starts)), C.int(len(starts)), C.int(len(dst)), first(dst))
}

// Beyond is how much darker than letter the places of darks are, from 0 where they are as
// dark to 1 where they are Black, each with its weight; below 0 where they are lighter.
func Beyond(darks, letter, weight []uint8) float64 {
	n := len(darks)
	_, _ = letter[:n], weight[:n]
	return float64(C.pix_beyond(first(darks), first(letter), first(weight), C.int(n)))
}

// Ranked is the k-th of vs from the least, k from 0.
func Ranked(vs []float64, k int) float64 {
	_ = vs[k]
	return float64(C.pix_ranked(values(vs), C.int(len(vs)), C.int(k)))
}

// tonesEvery is how many rows have one of which the tones are counted.
const tonesEvery = C.PIX_TONES_EVERY

// rows reduces rows y0 to before y1 of img, and counts their tones. r.K divides y0.
func (r *Reduced) rows(img *image.Gray, y0, y1 int) {
	C.pix_reduce(first(img.Pix), C.ptrdiff_t(img.Stride), C.int(img.Rect.Dx()), C.int(y0), C.int(y1), C.int(r.K), first(r.Img.Pix),
		(*C.uint16_t)(unsafe.SliceData(r.sums)), (*C.int64_t)(&r.tones[0]))
}

// quantiles sets white to the brightness that share of each of the tiles of a band
// does not exceed. Of the rows of the band, of which one in every is looked at, are 255 at most.
func quantiles(img *image.Gray, y0, y1, every, tile int, share float64, white []uint8, line []uint8) {
	C.pix_quantiles(first(img.Pix[y0*img.Stride:]), C.ptrdiff_t(every*img.Stride), C.int(img.Rect.Dx()), C.int((y1-y0+every-1)/every), C.int(tile),
		C.int(len(white)), C.double(share), first(white), first(line))
}

// find is the whole of FindLines after the paper was looked at.
func (l *Lines) find(img *image.Gray) {
	var some C.int
	words := C.PIX_LINE_ROWS*((l.w+511)/512*8) + (10*l.w+64+max(l.w, l.h)+7)/8
	l.room = sized(l.room, words)
	var rows, columns *C.uint8_t
	if w := l.where; w != nil {
		_, _ = w.rows[:l.h], w.columns[:l.w]
		rows, columns = first(w.rows), first(w.columns)
	}
	l.Full = int(C.pix_lines(first(img.Pix), C.ptrdiff_t(img.Stride), C.int(l.w), C.int(l.h), first(l.open), first(l.step),
		C.int(l.nx), rows, columns, first(l.cells), first(l.marked), (*C.uint64_t)(unsafe.SliceData(l.room)), &some))
	l.some = some != 0
}

// gapBands are those in which a picture is looked at for gaps, one after the other.
const gapBands = C.PIX_GAP_BANDS

// gaps counts gaps in print, of 255 rows in each band at most.
func (l *Lines) gaps(img *image.Gray) {
	l.counts, l.bands = sized(l.counts, 4*l.w), sized(l.bands, 4*l.w)
	C.pix_gaps(first(img.Pix), C.ptrdiff_t(img.Stride), C.int(l.w), C.int(l.h), first(l.open), first(l.step), C.int(l.nx),
		(*C.uint64_t)(unsafe.SliceData(l.room)), (*C.uint16_t)(unsafe.SliceData(l.counts)), first(l.bands))
}

// A run is a row of dark pixels from x0 to before x1.
type run = C.pix_run

// A figure is all runs that touch.
type figure = C.pix_figure

// more appends the runs of img in r from row y on to f.runs, as far as they have room,
// and returns the row to go on with.
func (f *Figures) more(img *image.Gray, r image.Rectangle, nx, y int) int {
	n, row := len(f.runs), C.int(y)
	box := [4]C.int32_t{C.int32_t(r.Min.X), C.int32_t(r.Min.Y), C.int32_t(r.Max.X), C.int32_t(r.Max.Y)}
	k := C.pix_runs(first(img.Pix), C.ptrdiff_t(img.Stride), &box[0], first(f.limit), C.int(nx), unsafe.SliceData(f.runs[n:cap(f.runs)]),
		C.int(cap(f.runs)-n), &row, first(f.line))
	f.runs = f.runs[:n+int(k)]
	return int(row)
}

// gather joins the runs, and leaves the figures of the right size in f.figures.
func (f *Figures) gather(least, most int) {
	f.figures = sized(f.figures, len(f.runs))
	if len(f.runs) == 0 {
		return
	}
	n := C.pix_figures(unsafe.SliceData(f.runs), C.int(len(f.runs)), C.int(least), C.int(most), unsafe.SliceData(f.figures))
	f.figures = f.figures[:n]
}

// climb climbs where no place leaves the picture; the others' found is 0.
func (s *Stencil) climb(img *image.Gray, climbs []Climb) {
	n, most := len(s.groups[0]), 0
	_, _ = s.groups[1][:n], s.groups[2][:n]
	for i := range climbs {
		c := &climbs[i]
		c.reach, c.found = c.Reach(), 0
		most = max(most, c.reach)
	}
	if n == 0 || most == 0 {
		return
	}
	wide := 2*most + 32 // at least CLIMB_WIDE, of which no longer reach has less
	s.sums, s.scores = sized(s.sums, 3*(2*most+1)*wide), sized(s.scores, (2*most+1)*wide)
	C.go_climbs(first(img.Pix), C.size_t(len(img.Pix)), C.int(img.Stride), C.int(img.Rect.Max.X), C.int(img.Rect.Max.Y),
		(*C.pix_climb)(unsafe.Pointer(unsafe.SliceData(climbs))), C.int(len(climbs)),
		places(s.groups[0]), places(s.groups[1]), places(s.groups[2]), C.int(n),
		(*C.uint16_t)(unsafe.SliceData(s.sums)), values(s.scores))
}
