package omr

import (
	"math"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
)

// Some sheets are printed in a colour that copiers and phones' apps take away: of a
// bubble only the letter inside is left, or the mark. Such a bubble is an island, ink
// with paper all around, and proves its place as an outline does, if less closely. It
// is believed only on a sheet whose anchors were all seen.

// A strait is the paper around a bubble in mm from its edge: nothing is printed there,
// and marks that stay in their bubble do not reach it.
const (
	straitFrom = 0.15
	straitTo   = 0.5
	islandStep = 0.25 // mm between the places looked at inside
	leastIsle  = 0.01 // mean darkness of a bubble with a thin letter in it, as a share of the paper's
	surely     = 0.35 // of the page's usual letter: a 1 has a third of the ink of an 8
)

// isles are the places to look at around bubbles of one shape.
type isles struct {
	inside []mm
	strait [2][]mm
}

// island reads a sheet printed by others by its islands, as one of the guesses that its
// anchors gave says that it lies; nil if none does, or two do.
func (s *sight) island(d *sheets.Design, guesses []*guess) *guess {
	var all []*guess
	for _, g := range guesses {
		if n := len(d.Pages[g.page].Anchors); n < 4 || g.seen < n || g.vote > 0 {
			continue // outlines that can be seen must prove the place themselves
		}
		g.grid = newGrid(s.mem.know(d).plan(g.page))
		g.grid.surface()
		if g.vote = s.ask(g); g.vote > 0 {
			all = append(all, g)
		}
	}
	best, err := s.choose(d, all)
	if err != nil {
		return nil
	}
	return best
}

// surface makes g a grid of islands.
func (g *grid) surface() {
	to := min(straitTo, g.room)
	g.isles = make([]isles, 0, len(g.shapes))
	for _, sh := range g.shapes {
		g.isles = append(g.isles, isles{sh.inside(0, islandStep), [2][]mm{sh.ring(nil, min(straitFrom, to/2)), sh.ring(nil, to)}})
	}
}

// findIsland looks for the island of sp within far px of c: the move at which most ink is
// inside and none in the strait.
func (s *sight) findIsland(c px, l pix.Lens, is *isles, far, step float64) hit {
	white := s.white(c)
	n := math.Floor(far / step)
	best, score := px{}, math.Inf(-1)
	for y := -n * step; y <= far; y += step {
		for x := -n * step; x <= far; x += step {
			v := px{X: x, Y: y}
			if x*x+y*y > far*far {
				continue
			}
			if sc := s.isle(is, c.Add(v), l, white) * (1 - near*(x*x+y*y)/(far*far)); sc > score {
				best, score = v, sc
			}
		}
	}
	return hit{c.Add(best), l.Back(best), s.isle(is, c.Add(best), l, white)}
}

// isle is how clearly ink lies inside and paper around, as a share of the paper's
// brightness.
func (s *sight) isle(is *isles, at px, l pix.Lens, white float64) float64 {
	dark := func(places []mm) float64 {
		sum := 0.0
		for _, q := range places {
			sum += max(1-pix.At(s.img, at.Add(l.Step(q.X, q.Y)))/white, 0)
		}
		return sum / float64(len(places))
	}
	return dark(is.inside) - 2*max(dark(is.strait[0]), dark(is.strait[1]))
}

// learnIslands is the usual contrast of the islands that were found, if they are any.
func learnIslands(hits []hit) (pen, bool) {
	clear := make([]float64, len(hits))
	for i, h := range hits {
		clear[i] = h.clear
	}
	dark := middle(clear)
	return pen{dark: dark}, dark >= leastIsle
}
