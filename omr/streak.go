package omr

import (
	"math"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
)

// fullShare is the share of a column that a streak runs through: where it crosses dark print it
// is not seen. It was 0.8, and the rules of a sheet that lies on its side, of 0.88, were listed
// beside a streak.
const fullShare = 0.92

// lines finds the streaks of a page whose bubbles have their places: wherever these are looked at,
// and all over the page once one runs through the whole of it.
func (s *sight) lines(p *Pose, g *grid, pg *sheets.Page) *pix.Lines {
	s.mem.where.Nowhere(s.small)
	for i := range g.spots {
		s.mem.where.Add(s.box(&s.mem.places[i], g.spots[i].shape))
	}
	lines := pix.FindLines(s.small, s.paper, &s.mem.where, &s.mem.lines)
	if lines.Full == 0 {
		s.gaps(lines, p, g, pg)
	}
	if lines.Full > 0 {
		lines = pix.FindLines(s.small, s.paper, nil, lines)
		s.gaps(lines, p, g, pg)
	}
	return lines
}

// streaks says where streaks run along the feed, as shares of the scan's width from the
// left, the middle of each.
func (s *sight) streaks(lines *pix.Lines) (out []float64) {
	if lines.Full == 0 {
		return nil
	}
	const step = 4 // rows: a line is at least forty long
	w, h := s.small.Rect.Dx(), s.small.Rect.Dy()
	from := -1
	for x := 0; x <= w; x++ {
		n := 0
		for y := 0; y < h && x < w; y += step {
			if lines.On(px{X: float64(x), Y: float64(y)}) {
				n++
			}
		}
		on := float64(n*step) >= fullShare*float64(h)
		switch {
		case on && from < 0:
			from = x
		case !on && from >= 0:
			out = append(out, round(float64(from+x)/2/float64(w)))
			from = -1
		}
	}
	return out
}

// DirtyAfter is how many pages in a row with a streak in the same place tell that the
// scanner's glass is dirty, and not that somebody drew a line.
const DirtyAfter = 3

// DirtyGlass says where the glass of a scanner is dirty, as shares of its width: the
// streaks that each of the last DirtyAfter pages has in the same place. pages are the
// Streaks of the pages of one scanner, in the order of scanning.
func DirtyGlass(pages ...[]float64) (at []float64) {
	const near = 0.006 // of the width: 1.3 mm of A4, more than a page is fed aside of the one before
	if len(pages) < DirtyAfter {
		return nil
	}
	last := pages[len(pages)-DirtyAfter:]
places:
	for _, x := range last[DirtyAfter-1] {
		for _, p := range last[:DirtyAfter-1] {
			found := false
			for _, y := range p {
				found = found || math.Abs(x-y) <= near
			}
			if !found {
				continue places
			}
		}
		at = append(at, x)
	}
	return at
}
