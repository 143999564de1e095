package omr

import (
	"cmp"
	"math"
	"slices"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// Limits of the search for a sheet by its bubbles.
const (
	mostWays    = 6     // turns and scales that are tried
	mostSlides  = 40    // places for each of them
	growWork    = 40000 // bubbles that are grown a page and depth
	leastGrown  = 12    // growths, however many bubbles
	mostSpots   = 700   // bubbles that vote for a place
	wayScale    = 0.04  // width of a bin of scales, as a logarithm
	wayTurn     = 2.0   // degrees of a bin of turns
	likeFigure  = 1.2   // ratio of the sizes of two figures that may be neighbours
	grownLeast  = 0.62  // share of the bubbles whose figures must be found: faint outlines break
	faintest    = 0.03  // share of the paper's brightness: an outline in a photo, at places that were found without it
	grownAll    = 0.8   // of them that end the search: another way to lie is asked for by itself
	leastAnchor = 0.4   // of the least bubble's side
	mostAnchor  = 25.0  // mm
	wayReach    = 14.0  // bubble's sizes: how far a neighbour may stand
	wayNear     = 8     // neighbours of a figure that are looked at
	wayVectors  = 12    // of the design, from a bubble to the next
)

// constellation finds the sheet of a design without codes by its bubbles alone: what
// may be outlines in the scan is laid under the bubbles of the design. first are
// guesses that the anchors gave.
func (s *sight) constellation(d *sheets.Design, first []*guess) (*guess, error) {
	var last error = reject(NoAnchors, "the bubbles of the design are not on the page as the design says")
	for i := range d.Pages {
		pg := &d.Pages[i]
		if len(pg.Fields) == 0 {
			continue
		}
		for _, depth := range depths {
			g, err := s.constellationAt(d, i, depth, first)
			if err == nil {
				return g, nil
			}
			last = cmp.Or(err, last)
		}
	}
	return nil, last
}

func (s *sight) constellationAt(d *sheets.Design, page int, depth float64, first []*guess) (*guess, error) {
	gr := newGrid(s.mem.know(d).plan(page))
	gr.least = faintest
	so := s.soil(d, gr, d.Pages[page].Anchors, depth)
	best := (*growth)(nil)
	try := func(m place) {
		if g := so.grow(m); g != nil && (best == nil || g.n > best.n) {
			best = g
		}
	}
	for _, g := range first {
		if g.page == page {
			try(g.pose.Map)
		}
	}
	if best == nil || float64(best.n) < grownAll*float64(len(so.spots)) {
		for _, m := range so.starts(s.filling(d)) {
			if try(m); best != nil && float64(best.n) > grownAll*float64(len(so.spots)) {
				break
			}
		}
	}
	if best == nil {
		return nil, reject(NoAnchors, "no figures like the bubbles of the design were found")
	}
	alike := alikes(gr)
	best = so.shifted(best, alike)
	if float64(best.n) < grownLeast*float64(len(so.spots)) {
		return nil, reject(NoAnchors, "%d of %d bubbles were found where the design says", best.n, len(so.spots))
	}
	pose, ok := best.pose(so)
	if !ok {
		return nil, reject(Distorted, "the bubbles lie as on no sheet of paper: it is folded, or another sheet")
	}
	for i := range alike {
		if a := &alike[i]; a.turned() {
			s.upright(so, &pose, &d.Pages[page], best, a)
		}
	}
	if err := s.plausible(&pose, d.Size, 45); err != nil {
		return nil, err
	}
	return &guess{pose: pose, page: page, black: s.blackest(&pose, d.Size), grid: gr, alike: alike}, nil
}

// soil prepares the search for the bubbles of gr. The anchors stand between them like
// more of the kind, so that the bars of a timing track show how the paper is stretched;
// those that are small beside the bubbles are left out, for dust looks like them.
func (s *sight) soil(d *sheets.Design, gr *grid, anchors []sheets.Anchor, depth float64) *soil {
	least, most := math.Inf(1), 0.0
	for _, sp := range gr.spots {
		least, most = min(least, sp.shape.w, sp.shape.h), max(most, sp.shape.w, sp.shape.h)
	}
	bubble := least
	spots := slices.Clone(gr.spots)
	for _, a := range anchors {
		if w, h := a.Box.W(), a.Box.H(); min(w, h) >= leastAnchor*bubble && max(w, h) <= mostAnchor {
			spots = append(spots, spot{field: -1, at: a.Box.Center(), shape: &shape{outline: sheets.Rectangle, w: w, h: h}})
			least, most = min(least, w, h), max(most, w, h)
		}
	}
	f := s.filling(d)
	k := max(int(bubble*f*figureFill/figurePixels), 1)
	return &soil{
		sky:   s.sky(k, depth, 0.75*least*f*leastFill, most*f*mostFill*1.2),
		spots: spots, pitch: pitch(gr.spots), course: newCourse(spots),
	}
}

// pitch is the least way between the middles of two bubbles, in mm.
func pitch(spots []spot) float64 {
	least := 10.0 // mm: farther apart they are no nearer to each other for it
	for i, a := range spots {
		for _, b := range spots[:i] {
			if within(a.at, b.at, least) {
				least = a.at.Sub(b.at).Norm()
			}
		}
	}
	return max(least, 1)
}

// A heading is a turn and a scale, as a complex number of px a mm.
type heading struct{ re, im, votes float64 }

// A slide is a way to lay the design over the figures, and how many speak for it.
type slide struct {
	place place
	votes int
}

// starts lists ways to lay the design over the figures, the likeliest first: fewer of
// them for more bubbles, so that the time is bounded.
func (s *soil) starts(filling float64) []place {
	if len(s.sky.figures) < 4 {
		return nil
	}
	var all []slide
	for _, h := range append(whole(filling, len(s.spots)), s.headings(filling)...) {
		all = append(all, s.slides(h)...)
	}
	slices.SortStableFunc(all, func(a, b slide) int { return b.votes - a.votes })
	out := make([]place, min(len(all), max(growWork/len(s.spots), leastGrown)))
	for i := range out {
		out[i] = all[i].place
	}
	return out
}

// whole are the headings of scans of a whole sheet. Few bubbles do not stand out from
// text unless the skew is right to a degree.
func whole(filling float64, bubbles int) (out []heading) {
	const fewBubbles = 150
	skews := []float64{0}
	if bubbles < fewBubbles {
		skews = []float64{0, 0.9, -0.9, 1.8, -1.8, 2.7, -2.7, 3.6, -3.6}
	}
	for _, skew := range skews {
		sin, cos := math.Sincos(skew * math.Pi / 180)
		x, y := filling*cos, filling*sin
		out = append(out, heading{re: x, im: y}, heading{re: -y, im: x}, heading{re: -x, im: -y}, heading{re: y, im: -x})
	}
	return out
}

// vectors are the commonest ways from a bubble to one of its nearest, in mm.
func (s *soil) vectors() []mm {
	count := map[[2]int]int{}
	const fine = 4 // a quarter of a mm
	step := len(s.spots)/mostSpots + 1
	for i := 0; i < len(s.spots); i += step {
		a := s.spots[i].at
		var near []mm
		for _, b := range s.spots {
			if v := b.at.Sub(a); v != (mm{}) {
				near = append(near, v)
			}
		}
		slices.SortFunc(near, func(a, b mm) int {
			return cmp.Or(cmp.Compare(a.Norm(), b.Norm()), cmp.Compare(a.X, b.X), cmp.Compare(a.Y, b.Y))
		})
		for _, v := range near[:min(len(near), 4)] {
			count[[2]int{int(math.Round(v.X * fine)), int(math.Round(v.Y * fine))}]++
		}
	}
	keys := make([][2]int, 0, len(count))
	for k := range count {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]int) int { return cmp.Or(count[b]-count[a], a[0]-b[0], a[1]-b[1]) })
	var out []mm
	for _, k := range keys[:min(len(keys), wayVectors)] {
		out = append(out, mm{X: float64(k[0]) / fine, Y: float64(k[1]) / fine})
	}
	return out
}

// headings are the turns and scales that neighbouring figures speak for: the way from
// one to the next, over the way from a bubble of the design to its next.
func (s *soil) headings(filling float64) []heading {
	vectors := s.vectors()
	size := (s.spots[0].shape.w + s.spots[0].shape.h) / 2
	bins := map[[2]int]heading{}
	for i, f := range s.sky.figures {
		for _, v := range s.neighbours(i) {
			for _, u := range vectors {
				n := u.X*u.X + u.Y*u.Y
				re, im := (v.X*u.X+v.Y*u.Y)/n, (v.Y*u.X-v.X*u.Y)/n
				k := math.Hypot(re, im)
				if k < leastFill*filling || k > mostFill*filling || k < leastDensity || k*size > 1.35*(f.w+f.h)/2 || k*size < 0.74*(f.w+f.h)/2 {
					continue
				}
				b := [2]int{int(math.Round(math.Log(k) / wayScale)), int(math.Round(math.Atan2(im, re) * 180 / math.Pi / wayTurn))}
				h := bins[b]
				bins[b] = heading{h.re + re, h.im + im, h.votes + 1}
			}
		}
	}
	return peaks(bins)
}

// neighbours are the ways from figure i to the nearest ones of its size.
func (s *soil) neighbours(i int) []px {
	f := s.sky.figures[i]
	var all []px
	// In ever wider circles: in most designs the next bubble is near.
	for reach := 3 * (f.w + f.h) / 2; ; reach *= 2 {
		all = all[:0]
		s.sky.around(f.at, reach, func(j int) {
			g := s.sky.figures[j]
			v := g.at.Sub(f.at)
			if j != i && v.Norm() <= reach && g.w < likeFigure*f.w && f.w < likeFigure*g.w && g.h < likeFigure*f.h && f.h < likeFigure*g.h {
				all = append(all, v)
			}
		})
		if len(all) >= 4 || reach > wayReach*(f.w+f.h)/4 {
			break
		}
	}
	slices.SortFunc(all, func(a, b px) int {
		return cmp.Or(cmp.Compare(a.Norm(), b.Norm()), cmp.Compare(a.X, b.X), cmp.Compare(a.Y, b.Y))
	})
	return all[:min(len(all), wayNear)]
}

// peaks are the bins with the most votes around them, each with its mean.
func peaks(bins map[[2]int]heading) (out []heading) {
	half := int(180 / wayTurn)
	sum := func(b [2]int) (h heading) {
		for ds := -1; ds <= 1; ds++ {
			for dt := -1; dt <= 1; dt++ {
				t := b[1] + dt
				if t <= -half {
					t += 2 * half
				} else if t > half {
					t -= 2 * half
				}
				v := bins[[2]int{b[0] + ds, t}]
				h = heading{h.re + v.re, h.im + v.im, h.votes + v.votes}
			}
		}
		return heading{h.re / h.votes, h.im / h.votes, h.votes}
	}
	keys := make([][2]int, 0, len(bins))
	for k := range bins {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]int) int { return cmp.Or(a[0]-b[0], a[1]-b[1]) })
	all := make([]heading, len(keys))
	for i, k := range keys {
		all[i] = sum(k)
	}
	slices.SortStableFunc(all, func(a, b heading) int { return cmp.Compare(b.votes, a.votes) })
	for _, h := range all {
		apart := true
		for _, o := range out {
			if math.Hypot(h.re-o.re, h.im-o.im) < 2.5*wayScale*math.Hypot(o.re, o.im) {
				apart = false
			}
		}
		if apart {
			out = append(out, h)
		}
		if len(out) == mostWays {
			break
		}
	}
	return out
}

// slides are the places at which a turned and scaled design has the most figures under
// its bubbles.
func (s *soil) slides(h heading) []slide {
	k := math.Hypot(h.re, h.im)
	cell := max(0.35*s.pitch*k, 2)
	var mid mm
	for _, sp := range s.spots {
		mid = mid.Add(sp.at.Mul(1 / float64(len(s.spots))))
	}
	turned := func(v mm) px { return px{X: h.re*v.X - h.im*v.Y, Y: h.im*v.X + h.re*v.Y} }
	w, hi := boxOf(pix.Lens{XX: h.re, XY: -h.im, YX: h.im, YY: h.re}, s.spots[0].shape)
	// The middle of the bubbles lies in the picture, if most of them do.
	cols, rows := int(float64(s.sky.cols)*s.sky.cell/cell)+1, int(float64(s.sky.rows)*s.sky.cell/cell)+1
	s.votes = slices.Grow(s.votes[:0], cols*rows)[:cols*rows]
	clear(s.votes)
	step := len(s.spots)/mostSpots + 1
	for _, f := range s.sky.figures {
		if !f.like(w, hi) {
			continue
		}
		for i := 0; i < len(s.spots); i += step {
			c := f.at.Sub(turned(s.spots[i].at.Sub(mid)))
			if x, y := int(c.X/cell), int(c.Y/cell); c.X >= 0 && c.Y >= 0 && x < cols && y < rows {
				s.votes[y*cols+x]++
			}
		}
	}
	var out []slide
	for len(out) < mostSlides {
		best := 0
		for i, n := range s.votes {
			if n > s.votes[best] {
				best = i
			}
		}
		const few = 3
		n, x, y := s.votes[best], best%cols, best/cols
		if n < few {
			break
		}
		at := px{X: (float64(x) + 0.5) * cell, Y: (float64(y) + 0.5) * cell}
		out = append(out, slide{similar(h, mid, at), int(n)})
		for j := max(y-1, 0); j <= min(y+1, rows-1); j++ {
			for i := max(x-1, 0); i <= min(x+1, cols-1); i++ {
				s.votes[j*cols+i] = 0
			}
		}
	}
	return out
}

// similar is the map that turns and scales as h says and carries on to at.
func similar(h heading, on mm, at px) place {
	return geom.NewMap[geom.Paper, geom.Pixel]([9]float64{
		h.re, -h.im, at.X - h.re*on.X + h.im*on.Y,
		h.im, h.re, at.Y - h.im*on.X - h.re*on.Y,
		0, 0, 1,
	})
}

// blackest is the brightness of the print and the marks between the bubbles, as a share
// of the paper's: of the darker ones of what is solid, as halftones have white specks; or
// of the darkest pixels, if nothing is.
func (s *sight) blackest(p *Pose, size mm) float64 {
	const solid, least, most = 0.6, 1.0, 15.0 // share of its box, and mm
	k := span(p.lens(size.Mul(0.5))) / float64(s.k)
	var vs []float64
	for _, b := range s.mem.figures.Blobs(s.small, s.paper, darkRatios[0], max(int(least*k), 3), int(most*k)) {
		if fill := float64(b.Area) / float64(b.Box.Dx()*b.Box.Dy()); fill > solid {
			vs = append(vs, s.darkness(b, fill))
		}
	}
	if len(vs) > 0 {
		return share(vs, 0.25)
	}
	const across, darkest = 300, 0.004
	for j := range across {
		for i := range across {
			q := p.At(mm{X: size.X * (float64(i) + 0.5) / across, Y: size.Y * (float64(j) + 0.5) / across})
			if s.inside(q) {
				vs = append(vs, pix.At(s.img, q)/s.white(q))
			}
		}
	}
	return share(vs, darkest)
}
