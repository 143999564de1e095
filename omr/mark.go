package omr

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"

	"bargkhan/omr/internal/pix"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// The second reader. Ink asks how much of a bubble is dark; this one asks where, and
// compares the pattern with what marks and blanks look like. Its weights were learnt
// from made pages (make marks) and stand in marks.json with their pedigree.

// A bubble's pattern: the inside in cells, the paper around in sectors, and how its
// dark and bright places are shared out.
const (
	cellCols, cellRows = 6, 4
	cells              = cellCols * cellRows
	sectors            = 8
	patchLen           = cells + sectors + len(shareAt) + 4
)

// shareAt are the darknesses beyond which the share of the inside is counted: a ghost,
// a pale pencil, a half covered place, a line, solid.
var shareAt = [...]float64{0.1, 0.2, 0.35, 0.5, 0.7}

// A patch is the pattern of one bubble: darkness, from paper at 0 to printed black at 1.
type patch [patchLen]float64

// byCell sorts the places inside a bubble of shape sh by the cells they lie in, and says
// where each cell ends.
func byCell(sh *shape, inside []mm) ([]mm, []int32) {
	at := func(v, whole float64, n int) int { return min(max(int((v/whole+0.5)*float64(n)), 0), n-1) }
	cell := func(p mm) int { return at(p.Y, sh.h, cellRows)*cellCols + at(p.X, sh.w, cellCols) }
	slices.SortStableFunc(inside, func(a, b mm) int { return cell(a) - cell(b) })
	ends := make([]int32, cells)
	for i, p := range inside {
		for k := cell(p); k < cells; k++ {
			ends[k] = int32(i + 1)
		}
	}
	return inside, ends
}

// patchOf pools the samples of one bubble: its inside by cell, as t has them, and the two
// rings of paper around it by sector. What is not in the scan, or under a line, is taken to
// be as dark as the rest.
func patchOf(t *pix.Tally, around []float64, white, black float64) (p patch) {
	n := max(t.N, 1)
	mean := t.Sum / n
	least, most := 1.0, 0.0
	for i, sum := range t.Sums {
		p[i] = mean
		if t.Counts[i] > 0 {
			p[i] = sum / t.Counts[i]
			least, most = min(least, p[i]), max(most, p[i])
		}
	}
	side, scale := len(around)/2/sectors, 1/(white*(1-black))
	for i, v := range around {
		if v != pix.Outside {
			p[cells+i/side%sectors] += min(max((white-v)*scale, 0), 1) / float64(2*side)
		}
	}
	rest := p[cells+sectors:]
	for k, over := range t.Over {
		rest[k] = over / n
	}
	copy(rest[len(shareAt):], []float64{mean, math.Sqrt(max(t.Squares/n-mean*mean, 0)), min(least, most), most})
	return p
}

// fewAlike is the least number of bubbles with one printed letter from which a page
// learns what that letter looks like blank.
const fewAlike = 8

// mostBlank is the ink beyond which the lighter half of a kind's bubbles is not taken to
// be blank: nearly all of them are marked, and nobody knows the blank.
const mostBlank = 0.35

// unprinted takes away from each pattern what the page's own blanks of the same printed
// letter show: letters, toner, show-through. It says of each bubble whether it is one of
// these blanks, and whether they could be learnt.
func unprinted(kinds []string, ev []judge.Evidence, ps []patch) (blank, known []bool) {
	blank, known = make([]bool, len(ps)), make([]bool, len(ps))
	of := map[string][]int{}
	for i, k := range kinds {
		of[k] = append(of[k], i)
	}
	var rare []int // bubbles of letters that are too rare share a blank
	for k, which := range of {
		if len(which) < fewAlike {
			rare = append(rare, which...)
			delete(of, k)
		}
	}
	if slices.Sort(rare); len(rare) > 0 {
		of["\x00"] = rare
	}
	for _, which := range of {
		half := middleInk(which, ev)
		mean := meanBlank(which, half, ev, ps)
		for _, i := range which {
			for j := range mean {
				ps[i][j] = max(ps[i][j]-mean[j], 0) / (1 - mean[j])
			}
			blank[i], known[i] = ev[i].Ink <= half, half < mostBlank
		}
	}
	return blank, known
}

// middleInk is the ink that half of some bubbles do not exceed.
func middleInk(which []int, ev []judge.Evidence) float64 {
	inks := make([]float64, len(which))
	for k, i := range which {
		inks[k] = ev[i].Ink
	}
	slices.Sort(inks)
	return inks[(len(inks)-1)/2]
}

// meanBlank is the mean pattern of those of the bubbles that have no more ink than half.
func meanBlank(which []int, half float64, ev []judge.Evidence, ps []patch) (mean patch) {
	n := 0.0
	for _, i := range which {
		if ev[i].Ink > half {
			continue
		}
		n++
		for j, v := range ps[i] {
			mean[j] += v
		}
	}
	const most = 0.9 // what is left of a place that is printed black says nothing
	for j := range mean {
		mean[j] = min(mean[j]/n, most)
	}
	return mean
}

// What a pattern may be. The first is no mark; ghosts and dirt are of it.
const (
	asBlank = iota
	asFull  // filled, in whatever shade
	asPart  // half a fill
	asSmall // a dot or a short line
	asTick
	asCross
	looks
)

// lookNames are the names of the patterns in marks.json.
var lookNames = [looks]string{"blank", "full", "part", "small", "tick", "cross"}

// The weights say how likely each look of a pattern is.
type lookWeights struct {
	Pages   string                  `json:"pages"`   // what it was learnt from, and by which command
	Bubbles int                     `json:"bubbles"` // that it was learnt from
	Looks   []string                `json:"looks"`
	Weights [][patchLen + 1]float64 `json:"weights"` // of each look: of each number of a pattern, and of none
}

//go:embed marks.json
var learntMarks []byte

// marks are the shipped weights.
var marks = sync.OnceValue(func() *lookWeights {
	var w lookWeights
	if err := json.NewDecoder(bytes.NewReader(learntMarks)).Decode(&w); err != nil {
		panic("omr: marks.json: " + err.Error()) // it is part of the program, and every test reads it
	}
	if !slices.Equal(w.Looks, lookNames[:]) || len(w.Weights) != looks {
		panic(fmt.Sprintf("omr: marks.json is of %q, and %q are expected", w.Looks, lookNames))
	}
	return &w
})

// likely says how likely each look of a pattern is; together 1.
func (w *lookWeights) likely(p *patch) (out [looks]float64) {
	top := math.Inf(-1)
	for k := range out {
		row := &w.Weights[k]
		sum := row[patchLen]
		for j, v := range p {
			sum += row[j] * v
		}
		out[k] = sum
		top = max(top, sum)
	}
	all := 0.0
	for k := range out {
		out[k] = math.Exp(out[k] - top)
		all += out[k]
	}
	for k := range out {
		out[k] /= all
	}
	return out
}

// leastMark is what stands for "surely no mark": 0 would say that nobody looked.
const leastMark = 1e-4

// unruly is the share of the page's own blanks that may look like marks. On a page with
// more (halftoned, or speckled by a copier) the second reader has no opinion at all.
const unruly = 0.02

// recognise gives each bubble the second reader's opinion.
func recognise(kinds []string, ev []judge.Evidence, ps []patch) {
	blank, known := unprinted(kinds, ev, ps)
	w := marks()
	blanks, alike := 0, 0
	for i := range ev {
		if !known[i] {
			continue
		}
		l := w.likely(&ps[i])
		ev[i].Mark = max(round(1-l[asBlank]), leastMark)
		ev[i].Tick, ev[i].Cross, ev[i].Full = round(l[asTick]), round(l[asCross]), round(l[asFull])
		if blank[i] {
			blanks++
			if ev[i].Mark > 0.5 {
				alike++
			}
		}
	}
	if float64(alike) > unruly*float64(blanks) {
		for i := range ev {
			ev[i].Mark, ev[i].Tick, ev[i].Cross, ev[i].Full = 0, 0, 0, 0
		}
	}
}

// guessed begins what may be printed inside bubbles of which the design does not say.
const guessed = "choice "

// letters is what is printed inside each of the n bubbles of pg, as far as the design says or
// lets guess: on sheets of others equal choices carry equal letters.
func letters(pg *sheets.Page, n int) []string {
	out := make([]string, 0, n)
	for _, f := range pg.Fields {
		for _, b := range f.Bubbles {
			k := b.Inside
			if k == "" && len(pg.Codes) == 0 {
				k = guessed + string(b.Choice)
			}
			out = append(out, k)
		}
	}
	return out
}
