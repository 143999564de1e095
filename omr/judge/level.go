package judge

import (
	"slices"

	"bargkhan/sheets"
)

// A scale says what ink means on one page.
type scale struct {
	level  float64   // of blanks
	blank  float64   // shares above the level: at or below, not marked
	marked float64   // at or above, marked
	filled float64   // at or above, marked if the second reader says that the bubble is filled; at most marked
	usual  []float64 // the ink of clear single marks
	wary   bool      // no mark is believed that the second reader does not take for a filled bubble: the page may be one that was rubbed out
	dim    bool      // no blank is believed: the scan may have lost pale marks without a trace, or nobody knows what blank is
	bare   bool      // no field without any mark is believed: the scan shows nothing that is nearly as bright as paper
	strip  strip
}

// above is ink above the blank level, as a share of what is left to printed black. Below
// the level it is 0.
func (s *scale) above(ink float64) float64 { return max(ink-s.level, 0) / (1 - s.level) }

const (
	// lowShare is where the blank level is taken among all inks of a page. On a page
	// with every field answered three of four bubbles are blank; on a number grid nine
	// of ten; so the lower third is blank even where twice as many bubbles are marked as
	// anyone would.
	lowShare = 0.3
	// mostLevel bounds the blank level of a page: what is printed inside is no ink. Measured:
	// 0.03 on the worst copy. What looks darker than that and blank is a page on which nearly
	// every bubble is marked: then none of its blanks is believed.
	mostLevel = 0.06
	// hardlySure is the usual mark, as a multiple of Marked, below which a page's marks
	// are faint: marks vary by a third among themselves.
	hardlySure = 1.35
	// mostRaised bounds how far a page's own marks and noise raise the policy's Marked.
	mostRaised = 1.5
	// usualMarks is the least number of fields with one clear mark that say how
	// dark this page's pencil is.
	usualMarks = 5
)

// The least ink that is doubted follows the spread of the page's own blanks: on a
// clean grey scan a dot is seen, on a halftoned one with printed letters it is noise.
const (
	quietest    = 0.015 // dust, and the blur of the printed line. It was 0.03, and lost hairlines that a copier had thinned
	spreads     = 3.5   // standard deviations: one blank in 4,000 of even noise is beyond
	unevenMost  = 2     // times the lower part's: the upper part of blanks spreads no farther
	unevenLeast = 0.004 // ink, and by this much more
	nearMark    = 0.4   // of a sure mark: noise raises the limit no farther, but then the sure mark rises too
	nearUsual   = 0.35  // of the page's usual mark: of one hand's marks the palest have 0.62 of it, and where all are pale half of that may be left
)

// A page of marks that hardly show, each alone in its field, is told from dust by
// their number: dust lies in few fields.
const (
	traceSpreads = 6     // standard deviations that a trace stands out by
	traceLeast   = 0.004 // and ink: below is how finely a scan is measured
	blankSpreads = 4.2   // standard deviations on a page without any marks, where a copier may have lost them nearly: one blank in 75,000 of even noise, one page in 200
	traceShare   = 0.1   // of the fields without a sure mark: more are no dust
	traceFew     = 4     // fields: fewer may be dust on any page
)

// newScale learns what ink means on a page.
func newScale(pg sheets.Page, ev []Evidence, p Policy, by strip) *scale {
	level, full := blankLevel(ev)
	s := &scale{level: level, strip: by}
	s.usual = s.clearMarks(pg, ev, p)
	s.dim, s.bare = s.lost(ev, p)
	s.dim = s.dim || full
	sigma := s.spread(ev)
	noise := quietest + spreads*sigma
	hardly := s.hardly(p)
	s.wary = p.Filled > 0 && p.Part > 0 && hardly
	least := min(noise/nearMark, p.Marked*mostRaised)
	s.marked = max(s.sure(p, hardly), least)
	s.filled = min(max(s.pale(p, hardly), least), s.marked)
	s.blank = min(noise, max(p.Blank, nearMark*s.marked))
	if len(s.usual) >= usualMarks {
		s.blank = min(s.blank, nearUsual*quantile(s.usual, 0.5))
	}
	if s.dim {
		s.blank = min(s.blank, p.Blank) // a scan of black and white has no noise that only looks like ink
	}
	unmarked := len(s.usual) < usualMarks
	trace := traceLeast + traceSpreads*sigma
	if unmarked {
		trace = blankSpreads * sigma
	}
	if s.traced(pg, ev, trace) {
		s.blank = min(s.blank, trace)
		s.dim = s.dim || unmarked && !s.strip.faithful() // nothing but traces: then no blank of the page is one for sure, unless the scan shows pale ink
	}
	return s
}

// blankLevel is the page's blank level. full says that it is none of blank bubbles.
func blankLevel(ev []Evidence) (level float64, full bool) {
	inks := make([]float64, len(ev))
	for i, e := range ev {
		inks[i] = e.Ink
	}
	base := quantile(inks, lowShare)
	return min(max(base, 0), mostLevel), base > mostLevel
}

// spread is the standard deviation of the page's blanks, from the part of all inks
// that is blank on any page: for even noise six tenths lie below 0.25 deviations, one
// tenth below -1.28. Where half of all bubbles are marked that part holds marks: the lower
// third, of which three tenths lie below -0.52 deviations and a twentieth below -1.64, bounds it.
func (s *scale) spread(ev []Evidence) float64 {
	off := make([]float64, len(ev))
	for i, e := range ev {
		off[i] = (e.Ink - s.level) / (1 - s.level)
	}
	all, low := (quantile(off, 0.6)-quantile(off, 0.1))/1.53, (quantile(off, lowShare)-quantile(off, 0.05))/1.12
	return min(all, unevenMost*low+unevenLeast)
}

// sure is the ink from which a mark of this page is sure: a part of its usual mark,
// so that half a mark among solid ones is a doubt. A page whose usual mark is hardly
// sure itself has no sure marks but the darkest: measured on made pages, the ghosts of
// a page that was rubbed out whole are as dark as the marks of a hard pencil, and only
// a person can tell; but where the scan shows nothing that is not dark, they are no ghosts.
func (s *scale) sure(p Policy, hardly bool) float64 {
	if p.Part == 0 || len(s.usual) < usualMarks {
		return p.Marked
	}
	if hardly {
		return mostRaised * p.Marked
	}
	return min(max(p.Part*quantile(s.usual, 0.5), p.Marked), mostRaised*p.Marked)
}

// hardly says whether the page's usual mark is hardly sure itself.
func (s *scale) hardly(p Policy) bool {
	return len(s.usual) >= usualMarks && quantile(s.usual, 0.5) < hardlySure*p.Marked && !s.strip.hard
}

// pale is the ink from which a mark of this page is sure if it fills its bubble. A line of a
// coffee cup or of an office's stamp through a bubble may be as dark as that, and half a
// mark, but they do not fill it.
func (s *scale) pale(p Policy, hardly bool) float64 {
	const share = 0.8 // of what is sure in any pattern. Measured: of one hand's marks the palest have 0.62 of the usual ink
	if p.Filled == 0 || len(s.usual) < usualMarks || hardly {
		return 1 // ghosts fill their bubbles too
	}
	return max(share*p.Part*quantile(s.usual, 0.5), p.Marked)
}

// What a scan that does not show all that is on the paper must show so that its blanks are
// believed. It is told by Seen, which is then lowered for all bubbles alike.
const (
	partlySeen = 0.985 // Seen of the page's middle bubble: below, the scan knows black and white only
	nearlySeen = 0.995 // below, it made white what is nearly as bright as paper
	solidMark  = 0.7   // ink that nine of ten marks exceed: the threshold is far from this pencil
	evenMarks  = 3     // as many tell of a hand
	farMark    = 4     // times Blank that the usual mark has at least: twice what was counted as a mark here, or only the darkest were
	evenMark   = 0.35  // and as a share of the usual mark: the scan shows this hand down to there, and hardly any mark of it is as pale
)

// lost says what of the page may be marks that the scan has lost. Where it knows black and
// white only, and its marks are few or thin, these are all blanks, unless the strip says that
// it shows pale ink (it was halftoned). Where it made white what is nearly as bright as paper,
// as Seen or the strip says, they are the fields without a mark, if marks are few or uneven.
// A strip that says nothing of the kind proves little: its lightest patch is darker than the
// palest pencil.
func (s *scale) lost(ev []Evidence, p Policy) (dim, bare bool) {
	seen := make([]float64, len(ev))
	for i, e := range ev {
		seen[i] = e.Seen
	}
	whole := quantile(seen, 0.5)
	if len(ev) == 0 || whole >= nearlySeen && !s.strip.bared {
		return false, false
	}
	var marks []float64 // more than one in a field, too
	for _, e := range ev {
		if a := s.above(e.Ink); a > 2*p.Blank {
			marks = append(marks, a)
		}
	}
	usual, palest := quantile(marks, 0.5), quantile(marks, 0.1)
	if whole < partlySeen {
		return !s.strip.faithful() && (len(marks) < usualMarks || palest < solidMark), false
	}
	return false, len(marks) < evenMarks || palest < evenMark*usual || usual < farMark*p.Blank
}

// clearMarks lists the ink of the first choice wherever it stands alone.
func (s *scale) clearMarks(pg sheets.Page, ev []Evidence, p Policy) (usual []float64) {
	usual = make([]float64, 0, len(pg.Fields))
	i := 0
	for _, f := range pg.Fields {
		first, second := 0.0, 0.0
		for range f.Bubbles {
			switch v := s.above(ev[i].Ink); {
			case v > first:
				first, second = v, first
			case v > second:
				second = v
			}
			i++
		}
		if first > 2*p.Blank && second < first/2 {
			usual = append(usual, first)
		}
	}
	return usual
}

// traced says whether many fields without a sure mark have one bubble that stands out
// from the page's blanks, and the others do not.
func (s *scale) traced(pg sheets.Page, ev []Evidence, trace float64) bool {
	open, traces := 0, 0
	i := 0
	var above []float64
	for _, f := range pg.Fields {
		above = slices.Grow(above[:0], len(f.Bubbles))[:len(f.Bubbles)]
		for j := range above {
			above[j] = s.above(ev[i].Ink)
			i++
		}
		if largest(above) >= s.marked {
			continue
		}
		open++
		if largest(above) > trace && second(above) < largest(above)/2 {
			traces++
		}
	}
	return traces >= traceFew && float64(traces) >= traceShare*float64(open)
}

// strong is the ink from which a mark is as dark as this page's marks are, so that a
// lighter one beside it is a ghost.
func (s *scale) strong() float64 {
	const share = 0.7 // of the usual mark: hands vary, and half a mark is no better than a ghost
	if len(s.usual) < usualMarks {
		return 1
	}
	return share * quantile(s.usual, 0.5)
}

// quantile is the value below which the share q of vs lies; 0 of none.
func quantile(vs []float64, q float64) float64 {
	if len(vs) == 0 {
		return 0
	}
	var room [256]float64 // most pages have fewer bubbles
	sorted := append(room[:0], vs...)
	slices.Sort(sorted)
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
