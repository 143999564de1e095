package judge

import (
	"slices"

	"bargkhan/sheets"
)

// A scale says what ink means on one page.
type scale struct {
	level  float64 // of blanks
	blank  float64 // shares above the level: at or below, not marked
	marked float64 // at or above, marked
	filled float64 // at or above, marked if the second reader says that the bubble is filled; at most marked
	usual  float64 // the middle ink of clear single marks; 0 if they are fewer than usualMarks
	wary   bool    // no mark is believed that the second reader does not take for a filled bubble: the page may be one that was rubbed out
	dim    bool    // no blank is believed: the scan may have lost pale marks without a trace, or nobody knows what blank is
	bare   bool    // no field without any mark is believed: the scan shows nothing that is nearly as bright as paper
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
	quietest    = 0.018 // dust, and the blur of the printed line. It was 0.03, and lost hairlines that a copier had thinned
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
	blankSpreads = 4.2   // standard deviations on a page without any sure mark, where a copier may have lost them nearly: one blank in 75,000 of even noise, one page in 200
	traceShare   = 0.1   // of the fields without a sure mark: more are no dust
	traceFew     = 4     // fields: fewer may be dust on any page
)

// newScale learns what ink means on a page, and how much of it each bubble has above the
// blank level.
func newScale(pg *sheets.Page, ev []Evidence, p *Policy, by strip) (s *scale, above []float64) {
	n := len(ev)
	room := make([]float64, 2*n)
	above, some := room[:n:n], room[n:] // some is in whatever order
	for i := range ev {
		some[i] = ev[i].Ink
	}
	blanks := blanksOf(some)
	level, full := blanks.level()
	s = &scale{level: level, strip: by}
	for i := range ev {
		above[i] = s.above(ev[i].Ink)
	}
	s.usual = s.clearMarks(pg, above, p, some)
	var grainy bool
	s.dim, s.bare, grainy = s.lost(pg, ev, above, p, some)
	s.dim = s.dim || full
	sigma := s.spread(blanks)
	noise := quietest + spreads*sigma
	hardly := s.hardly(p)
	s.wary = p.Filled > 0 && p.Part > 0 && hardly
	least := min(noise/nearMark, p.Marked*mostRaised)
	s.marked = max(s.sure(p, hardly), least)
	s.filled = min(max(s.pale(p, hardly), least), s.marked)
	s.blank = min(noise, max(p.Blank, nearMark*s.marked))
	unmarked := s.usual == 0
	if !unmarked {
		s.blank = min(s.blank, nearUsual*s.usual)
	}
	if s.dim {
		s.blank = min(s.blank, p.Blank) // a scan of black and white has no noise that only looks like ink
	}
	trace := traceLeast + traceSpreads*sigma
	if !slices.ContainsFunc(above, func(a float64) bool { return a >= s.marked }) {
		trace = blankSpreads * sigma
	}
	if s.traced(pg, above, trace) {
		s.blank = min(s.blank, trace)
		s.dim = s.dim || unmarked && !s.strip.faithful() // nothing but traces: then no blank of the page is one for sure, unless the scan shows pale ink
		s.bare = s.bare || grainy                        // of another hand, of which more may be lost
	}
	return s, above
}

// blanks are the inks below which shares of a page's bubbles lie that are blank on any page.
type blanks struct{ least, tenth, low, most float64 }

// blanksOf changes the order of inks.
func blanksOf(inks []float64) (b blanks) {
	for _, q := range [...]struct {
		share float64
		ink   *float64
	}{{0.6, &b.most}, {lowShare, &b.low}, {0.1, &b.tenth}, {0.05, &b.least}} {
		*q.ink = quantile(inks, q.share)
	}
	return b
}

// level is the page's blank level. full says that it is none of blank bubbles.
func (b blanks) level() (level float64, full bool) {
	return min(max(b.low, 0), mostLevel), b.low > mostLevel
}

// spread is the standard deviation of the page's blanks, from the part of all inks
// that is blank on any page: for even noise six tenths lie below 0.25 deviations, one
// tenth below -1.28. Where half of all bubbles are marked that part holds marks: the lower
// third, of which three tenths lie below -0.52 deviations and a twentieth below -1.64, bounds it.
func (s *scale) spread(b blanks) float64 {
	off := func(ink float64) float64 { return (ink - s.level) / (1 - s.level) }
	all, low := (off(b.most)-off(b.tenth))/1.53, (off(b.low)-off(b.least))/1.12
	return min(all, unevenMost*low+unevenLeast)
}

// sure is the ink from which a mark of this page is sure: a part of its usual mark,
// so that half a mark among solid ones is a doubt. A page whose usual mark is hardly
// sure itself has no sure marks but the darkest: measured on made pages, the ghosts of
// a page that was rubbed out whole are as dark as the marks of a hard pencil, and only
// a person can tell; but where the scan shows nothing that is not dark, they are no ghosts.
func (s *scale) sure(p *Policy, hardly bool) float64 {
	if p.Part == 0 || s.usual == 0 {
		return p.Marked
	}
	if hardly {
		return mostRaised * p.Marked
	}
	return min(max(p.Part*s.usual, p.Marked), mostRaised*p.Marked)
}

// hardly says whether the page's usual mark is hardly sure itself.
func (s *scale) hardly(p *Policy) bool {
	return s.usual > 0 && s.usual < hardlySure*p.Marked && !s.strip.hard
}

// pale is the ink from which a mark of this page is sure if it fills its bubble. A line of a
// coffee cup or of an office's stamp through a bubble may be as dark as that, and half a
// mark, but they do not fill it.
func (s *scale) pale(p *Policy, hardly bool) float64 {
	const share = 0.8 // of what is sure in any pattern. Measured: of one hand's marks the palest have 0.62 of the usual ink
	if p.Filled == 0 || s.usual == 0 || hardly {
		return 1 // ghosts fill their bubbles too
	}
	return max(share*p.Part*s.usual, p.Marked)
}

// What a scan that does not show all that is on the paper must show so that its blanks are
// believed. It is told by Seen, which is then lowered for all bubbles alike.
const (
	partlySeen = 0.985 // Seen of the page's middle bubble: below, the scan knows black and white only
	grainsSeen = 0.989 // below, it shows grey as grains, which a filter may have taken for dust
	nearlySeen = 0.995 // below, it made white what is nearly as bright as paper
	solidMark  = 0.7   // ink that nine of ten marks exceed: the threshold is far from this pencil
	evenMarks  = 3     // as many tell of a hand
	farMark    = 4     // times Blank that the usual mark has at least: twice what was counted as a mark here, or only the darkest were
	evenMark   = 0.35  // and as a share of the usual mark: the scan shows this hand down to there, and hardly any mark of it is as pale
)

// lost says what of the page may be marks that the scan has lost. Where it knows black and
// white only, and its marks are few or thin, these are all blanks, unless the strip says that
// it shows pale ink (it was halftoned). Where it made white what is nearly as bright as paper,
// as Seen or the strip says, they are the fields without a mark, if marks are few or uneven. Where it
// shows grains (grainy), traces tell of more that are lost. A strip that says nothing of the kind proves
// little: its lightest patch is darker than the palest pencil. Only answers tell: the number may have
// been filled in with the hall's pen.
//
// It uses the memory of some.
func (s *scale) lost(pg *sheets.Page, ev []Evidence, above []float64, p *Policy, some []float64) (dim, bare, grainy bool) {
	for i := range ev {
		some[i] = ev[i].Seen
	}
	whole := quantile(some, 0.5)
	if len(ev) == 0 || whole >= nearlySeen && !s.strip.bared {
		return false, false, false
	}
	marks := some[:0] // more than one in a field, too
	i := 0
	for _, f := range pg.Fields {
		for _, a := range above[i : i+len(f.Bubbles)] {
			if a > 2*p.Blank && (f.Role == sheets.Answer || f.Role == sheets.Survey) {
				marks = append(marks, a)
			}
		}
		i += len(f.Bubbles)
	}
	usual, palest := quantile(marks, 0.5), quantile(marks, 0.1)
	if whole < partlySeen {
		return !s.strip.faithful() && (len(marks) < usualMarks || palest < solidMark), false, false
	}
	return false, len(marks) < evenMarks || palest < evenMark*usual || usual < farMark*p.Blank, whole < grainsSeen
}

// clearMarks is the middle ink of the first choice wherever it stands alone; 0 if that is in too
// few fields to say. It uses the memory of some.
func (s *scale) clearMarks(pg *sheets.Page, above []float64, p *Policy, some []float64) float64 {
	usual := some[:0]
	for k := range pg.Fields {
		n := len(pg.Fields[k].Bubbles)
		first, next := firstTwo(above[:n])
		if above = above[n:]; first > 2*p.Blank && next < first/2 {
			usual = append(usual, first)
		}
	}
	if len(usual) < usualMarks {
		return 0
	}
	return quantile(usual, 0.5)
}

// traced says whether many fields without a sure mark have one bubble that stands out
// from the page's blanks, and the others do not.
func (s *scale) traced(pg *sheets.Page, above []float64, trace float64) bool {
	open, traces := 0, 0
	for k := range pg.Fields {
		n := len(pg.Fields[k].Bubbles)
		first, next := firstTwo(above[:n])
		if above = above[n:]; first >= s.marked {
			continue
		}
		open++
		if first > trace && next < first/2 {
			traces++
		}
	}
	return traces >= traceFew && float64(traces) >= traceShare*float64(open)
}

// strong is the ink from which a mark is as dark as this page's marks are, so that a
// lighter one beside it is a ghost.
func (s *scale) strong() float64 {
	const share = 0.7 // of the usual mark: hands vary, and half a mark is no better than a ghost
	if s.usual == 0 {
		return 1
	}
	return share * s.usual
}

// quantile is the value below which the share q of vs lies; 0 of none. It changes the order of
// vs, so that the next is found the sooner.
func quantile(vs []float64, q float64) float64 {
	if len(vs) == 0 {
		return 0
	}
	return ranked(vs, min(int(q*float64(len(vs))), len(vs)-1))
}

// ranked is the k-th of vs from the least, in the manner of Hoare: what is less comes before it,
// what is more behind it.
func ranked(vs []float64, k int) float64 {
	for lo, hi := 0, len(vs)-1; lo < hi; {
		v := middle(vs[lo], vs[lo+(hi-lo)/2], vs[hi])
		i, j := lo, hi
		for i <= j {
			for vs[i] < v {
				i++
			}
			for v < vs[j] {
				j--
			}
			if i <= j {
				vs[i], vs[j] = vs[j], vs[i]
				i, j = i+1, j-1
			}
		}
		switch { // up to j all are at most v, from i on at least v, and between them v
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return v
		}
	}
	return vs[k]
}

// middle is the middle of three values.
func middle(a, b, c float64) float64 {
	return greater(lesser(a, b), lesser(greater(a, b), c))
}
