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
	sectors            = pix.Sectors
	shares             = pix.Levels // of the inside that are darker than a ghost, a pale pencil, a half covered place, a line, solid
	patchLen           = pix.Pattern
)

// A patch is the pattern of one bubble: darkness, from paper at 0 to printed black at 1.
type patch = [patchLen]float64

// byCell sorts the places inside a bubble of shape sh by the cells they lie in, and says
// where each cell ends.
func byCell(sh *shape, inside []mm) ([]mm, [cells]int32) {
	at := func(v, whole float64, n int) int { return min(max(int((v/whole+0.5)*float64(n)), 0), n-1) }
	cell := func(p mm) int { return at(p.Y, sh.h, cellRows)*cellCols + at(p.X, sh.w, cellCols) }
	var ends, next [cells]int32
	for _, p := range inside {
		ends[cell(p)]++
	}
	for k := 1; k < cells; k++ {
		next[k] = ends[k-1]
		ends[k] += ends[k-1]
	}
	out := make([]mm, len(inside))
	for _, p := range inside {
		k := cell(p)
		out[next[k]] = p
		next[k]++
	}
	return out, ends
}

// fewAlike is the least number of bubbles with one printed letter from which a page
// learns what that letter looks like blank.
const fewAlike = 8

// mostBlank is the ink beyond which the lighter half of a kind's bubbles is not taken to
// be blank: nearly all of them are marked, and nobody knows the blank.
const mostBlank = 0.35

// sameLetter sorts the bubbles by what is printed inside. Bubbles of letters that are too rare share
// a blank.
func sameLetter(kinds []string) (out [][]int) {
	of := map[string]int{}
	var rare []int
	at := 0
	for i, k := range kinds {
		if i == 0 || k != kinds[i-1] {
			var ok bool
			if at, ok = of[k]; !ok {
				at = len(out)
				of[k], out = at, append(out, nil)
			}
		}
		out[at] = append(out[at], i)
	}
	out = slices.DeleteFunc(out, func(which []int) bool {
		if len(which) < fewAlike {
			rare = append(rare, which...)
		}
		return len(which) < fewAlike
	})
	if slices.Sort(rare); len(rare) > 0 {
		out = append(out, rare)
	}
	return out
}

// middleInk is the ink that half of some bubbles do not exceed.
func middleInk(which []int, ev []judge.Evidence) float64 {
	inks := make([]float64, len(which))
	for k, i := range which {
		inks[k] = ev[i].Ink
	}
	return pix.Ranked(inks, (len(inks)-1)/2)
}

// A blank is what bubbles with one printed letter show if they are not marked.
type blank struct{ from, scale patch }

// blankOf is the mean pattern of those of the bubbles that have no more ink than half, and so
// many standard deviations more.
func blankOf(which []int, half, more float64, ev []judge.Evidence, ls []pix.Look) (b blank) {
	clean := make([]int, 0, len(which))
	for _, i := range which {
		if ev[i].Ink <= half {
			clean = append(clean, i)
		}
	}
	n := float64(len(clean))
	var squares patch
	b.from, squares = pix.Sums(ls, clean)
	const most = 0.9 // what is left of a place that is printed black says nothing
	for j, sum := range b.from {
		mean := sum / n
		b.from[j] = min(mean+more*math.Sqrt(max(squares[j]/n-mean*mean, 0)), most)
		b.scale[j] = 1 / (1 - b.from[j])
	}
	return b
}

// beyond is what p shows that b does not.
func (b *blank) beyond(p *patch) (out patch) {
	for j, v := range p {
		out[j] = max(v-b.from[j], 0) * b.scale[j]
	}
	return out
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

	byNumber pix.Weights // the same, the other way round
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
	for k, row := range w.Weights {
		for j, v := range row {
			w.byNumber[j][k] = v
		}
	}
	return &w
})

// likely sets out to how likely each look of a pattern is that has such scores; together 1.
func likely(scores *[pix.Kinds]float64, out *[looks]float64) {
	top, which := scores[asFull], asFull
	for k := asFull; k < looks; k++ {
		if scores[k] > top {
			top, which = scores[k], k
		}
	}
	if scores[asBlank]-top > surelyBlank {
		*out = [looks]float64{asBlank: 1}
		return
	}
	if scores[asBlank] > top {
		top, which = scores[asBlank], asBlank
	}
	all := 0.0
	for k := range out {
		if out[k] = 1; k != which {
			out[k] = math.Exp(scores[k] - top)
		}
		all += out[k]
	}
	for k := range out {
		out[k] /= all
	}
}

// surelyBlank is by how much a blank's score must be above all others for these to be as likely
// as not at all: all five together come to 0.00003 of it, and four digits are kept.
const surelyBlank = 12

// leastMark is what stands for "surely no mark": 0 would say that nobody looked.
const leastMark = 1e-4

// unruly is the share of the page's own blanks that may look like marks.
const unruly = 0.02

// varied is how many standard deviations of its blanks the second reader takes away as well
// from the patterns of an unruly page: letters of black and white vary at their edges.
const varied = 2

// hardlyFull is the ink of bubbles that are asked there whether they are filled: no pattern of such
// a page is believed against its ink.
const hardlyFull = 0.3

// recognise gives each bubble the second reader's opinion. From each pattern it takes away
// what the page's own blanks of the same printed letter show: letters, toner, show-through. On a
// page where then more blanks look like marks than may (halftoned, or speckled by a copier) it
// takes away what they vary by as well, and then only says which of the dark bubbles are filled;
// if that is not enough it has no opinion at all.
func recognise(kinds []string, ev []judge.Evidence, ls []pix.Look) {
	alike := sameLetter(kinds)
	for _, more := range []float64{0, varied} {
		if compare(alike, more, ev, ls) {
			return
		}
	}
	for i := range ev {
		ev[i].Mark, ev[i].Tick, ev[i].Cross, ev[i].Full = 0, 0, 0, 0
	}
}

// compare is recognise once, with so many standard deviations of the blanks taken away; it says
// whether blanks then look like blanks.
func compare(alike [][]int, more float64, ev []judge.Evidence, ls []pix.Look) bool {
	w := marks()
	var scores [][pix.Kinds]float64
	var l [looks]float64
	blanks, marked := 0, 0
	for _, which := range alike {
		half := middleInk(which, ev)
		if half >= mostBlank {
			continue // nobody knows the blank
		}
		b := blankOf(which, half, more, ev, ls)
		scores = slices.Grow(scores[:0], len(which))[:len(which)]
		w.byNumber.Scores(ls, which, &b.from, &b.scale, scores)
		for j, i := range which {
			e := &ev[i]
			likely(&scores[j], &l)
			e.Mark, e.Tick, e.Cross, e.Full = 0, 0, 0, 0
			if more == 0 || l[asFull] > 0.5 && e.Ink > hardlyFull {
				e.Mark = max(round(1-l[asBlank]), leastMark)
				e.Tick, e.Cross, e.Full = round(l[asTick]), round(l[asCross]), round(l[asFull])
			}
			if e.Ink <= half {
				blanks++
				if l[asBlank] < 0.5 {
					marked++
				}
			}
		}
	}
	return float64(marked) <= unruly*float64(blanks)
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
