package judge

import (
	"math"
	"slices"

	"bargkhan/sheets"
)

// A strip is what the reference patches of a page say of its scan. Copiers, lamps and
// thresholds change ink before anyone measures it, and the patches, whose ink is known,
// went the same way. The zero strip knows nothing.
type strip struct {
	gamma float64 // that the scan has by all patches alike: then pale ink is seen as well as dark. 0 if they do not agree: dirt, or a copier that cuts off
	dark  bool    // what is as dark as the darkest grey patch is seen
	hard  bool    // what is no darker than half of black is not seen at all, ghosts among it
	bared bool    // the palest grey patch is hardly seen, and what is paler not at all
}

// Limits of what patches must measure.
const (
	alike              = 1.15 // the largest gamma of a patch over the smallest: print and paper differ by less
	leastGamma, gammas = 0.7, 1.5
	even               = 0.1  // from 1: a gamma so small is a speck on the strip as likely as the lamp
	clean              = 0.02 // ink of the blank patch, 0.012 on clean pages: more is dirt on the strip
	blackened          = 0.9  // ink of a grey patch that is seen as black
	whitened           = 0.1  // and as white
	faded              = 0.45 // of its ink: less is left of a grey patch that is hardly seen. A copy with half as much contrast again leaves 0.52
	halfInk            = 0.45 // what counts as half of black
)

// newStrip compares what the patches measured with what is printed.
func newStrip(pg *sheets.Page, measured []float64) (s strip) {
	if len(measured) == 0 || len(measured) != len(pg.Swatches) {
		return s
	}
	var gs []float64
	darkest, palest := 0.0, 1.0
	for i, w := range pg.Swatches {
		m := measured[i]
		switch {
		case w.Ink <= 0:
			if m > clean {
				return strip{}
			}
		case w.Ink < 1:
			gs = append(gs, math.Log1p(-min(m, 0.999))/math.Log1p(-w.Ink))
			s.hard = s.hard || w.Ink >= halfInk && m <= whitened
			if w.Ink > darkest {
				darkest, s.dark = w.Ink, m >= blackened
			}
			if w.Ink < palest {
				palest, s.bared = w.Ink, m < faded*w.Ink
			}
		}
	}
	if len(gs) < 2 {
		return s
	}
	lo, hi := slices.Min(gs), slices.Max(gs)
	if lo >= leastGamma && hi <= gammas && hi <= alike*lo {
		s.gamma = quantile(gs, 0.5)
	}
	return s
}

// faithful says that pale ink is seen: what looks blank has lost no mark.
func (s strip) faithful() bool { return s.gamma > 0 }

// straight is ev with the ink that it would have in a scan without a gamma.
func (s strip) straight(ev []Evidence) []Evidence {
	if s.gamma == 0 || math.Abs(s.gamma-1) < even {
		return ev
	}
	ev = slices.Clone(ev)
	for i := range ev {
		ev[i].Ink = 1 - math.Pow(1-min(max(ev[i].Ink, 0), 1), 1/s.gamma)
	}
	return ev
}
