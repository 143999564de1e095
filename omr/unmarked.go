package omr

import (
	"slices"

	"bargkhan/omr/internal/pix"
	"bargkhan/omr/judge"
)

// Print repeats itself, a hand does not. On a page on which hardly any bubble is dark, what is
// alike in all of them passes for print: where each one holds a thin line or a dot, these are
// told by where they lie.
const (
	clearInk   = 0.25  // of a bubble that somebody has marked for sure
	fewClear   = 5     // such bubbles: more show what a mark of this page is
	sameAlways = 0.045 // by how much the darkest cell of the middle bubble is darker than the mean blank's. Measured: 0.04 in a sharpened or noisy scan, 0.05 of thin lines everywhere
)

// unmarked says of a page without clear marks whether its blanks may be none: of the bubbles
// with the same letter, or with none, the middle one has a dark place that the mean blank has not.
func unmarked(kinds []string, ev []judge.Evidence, ls []pix.Look) bool {
	dark := 0
	for i := range ev {
		if ev[i].Ink > clearInk {
			dark++
		}
	}
	if dark >= fewClear {
		return false
	}
	var most []float64
	for _, which := range sameLetter(kinds) {
		if slices.ContainsFunc(which, func(i int) bool { return kinds[i] != kinds[which[0]] }) {
			continue // letters too rare to know
		}
		half := middleInk(which, ev)
		blank := blankOf(which, half, 0, ev, ls)
		for _, i := range which {
			if ev[i].Ink <= clearInk {
				p := blank.beyond(&ls[i].Pattern)
				most = append(most, slices.Max(p[:cells]))
			}
		}
	}
	return len(most) >= fewAlike && ranked(most, 0.5) > sameAlways
}
