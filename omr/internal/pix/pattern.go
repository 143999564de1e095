package pix

// #cgo noescape pix_pattern_sums
// #cgo nocallback pix_pattern_sums
// #cgo noescape pix_pattern_scores
// #cgo nocallback pix_pattern_scores
// #include "loops.h"
import "C"

import "unsafe"

// Kinds is for how many kinds of patterns weights have room.
const Kinds = C.KINDS

// Weights say what each number of a pattern scores for each kind; the last ones what none does.
type Weights [Pattern + 1][Kinds]float64

// Sums are the sums of the patterns of which looks, and those of their squares.
func Sums(looks []Look, which []int) (sums, squares [Pattern]float64) {
	_ = within(looks, which)
	C.pix_pattern_sums(patterns(looks), numbers(which), C.int(len(which)), (*C.double)(&sums[0]), (*C.double)(&squares[0]))
	return sums, squares
}

// Scores sets dst to what the patterns of which looks score, of which only what is beyond from counts,
// times scale.
func (w *Weights) Scores(looks []Look, which []int, from, scale *[Pattern]float64, dst [][Kinds]float64) {
	_ = dst[:within(looks, which)]
	C.pix_pattern_scores(patterns(looks), numbers(which), C.int(len(which)), (*C.double)(&from[0]), (*C.double)(&scale[0]),
		(*C.double)(&w[0][0]), (*[Kinds]C.double)(unsafe.Pointer(unsafe.SliceData(dst))))
}

// within makes sure that there are such looks, and says how many are meant.
func within(looks []Look, which []int) int {
	for _, i := range which {
		_ = looks[i]
	}
	return len(which)
}

func patterns(looks []Look) *C.pix_look {
	return (*C.pix_look)(unsafe.Pointer(unsafe.SliceData(looks)))
}

// An int has as many bits as an int64_t, or this does not build.
var _ [1]struct{} = [unsafe.Sizeof(int(0)) / 8]struct{}{}

// numbers are ints as C reads them.
func numbers(which []int) *C.int64_t { return (*C.int64_t)(unsafe.Pointer(unsafe.SliceData(which))) }
