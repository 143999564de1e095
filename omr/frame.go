package omr

import (
	"errors"
	"math"
	"slices"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// A framed is a frame of ours found in a scan.
type framed struct {
	frame    sheets.Frame
	pose     Pose
	corners  int     // markers seen, of four
	black    float64 // printed black as a share of the paper's brightness
	residual float64 // mm, of the markers' corners
}

// frame finds a frame of ours, or says why there is none. A *Reject of NoAnchors
// means that the page may still be another paper.
func (s *sight) frame() (*framed, error) {
	var last error
	for _, ratio := range darkRatios {
		f, err := s.frameAt(ratio)
		if err == nil {
			return f, nil
		}
		if why := (*Reject)(nil); !errors.As(err, &why) || why.Reason != NoAnchors {
			return nil, err
		}
		last = err
	}
	return nil, last
}

func (s *sight) frameAt(ratio float64) (*framed, error) {
	if f := s.frameInCorners(ratio); f != nil {
		return f, nil
	}
	found := s.markers(ratio, s.small.Rect)
	if err := mirrored(found); err != nil {
		return nil, err
	}
	f, quads := choose(found)
	if n := count(quads); n < 2 {
		return nil, reject(NoAnchors, "%d of four corner markers were found", n)
	}
	s.complete(f, &quads)
	if n := count(quads); n < 3 {
		return nil, reject(NoAnchors, "%d of four corner markers were found", n)
	}
	return s.fitFrame(f, quads)
}

// frameInCorners finds a frame all of whose markers are seen in the corners of the picture,
// which is where those of a sheet that fills it are. Unless all four are those of one flat
// sheet it is none, and the whole picture decides.
func (s *sight) frameInCorners(ratio float64) *framed {
	parts := s.corners()
	found := s.markers(ratio, parts[:]...)
	f, quads := choose(found)
	if count(quads) < 4 || mirrored(found) != nil {
		return nil
	}
	out, err := s.fitFrame(f, quads)
	if err != nil {
		return nil
	}
	return out
}

// quads are the corners of the four markers of a frame in the scan; nil if not seen.
type quads [4]*geom.Quad[geom.Pixel]

func count(q quads) (n int) {
	for _, c := range q {
		if c != nil {
			n++
		}
	}
	return n
}

// mirrored rejects a page whose markers are seen in a mirror. Two of our markers look
// the same in a mirror; they have no say.
func mirrored(found []marker) error {
	back, front := 0, 0
	for _, m := range found {
		switch {
		case m.mirror:
			back++
		case !symmetric(m.id):
			front++
		}
	}
	if back >= 2 && back > front {
		return reject(Mirrored, "%d corner markers are seen in a mirror: scan the printed side", back)
	}
	return nil
}

// choose picks the frame with the most markers, the earlier of equals.
func choose(found []marker) (best sheets.Frame, seen quads) {
	for _, f := range frames {
		var q quads
		for i, a := range f.Markers {
			for k := range found {
				if m := &found[k]; m.id == a.ID && !m.mirror {
					q[i] = &m.quad
				}
			}
		}
		if count(q) > count(seen) {
			best, seen = f, q
		}
	}
	return best, seen
}

// pairs lists the corners of the seen markers on paper and in the scan.
func pairs(f sheets.Frame, q quads) (on []mm, at []px) {
	for i, quad := range q {
		if quad == nil {
			continue
		}
		box := f.Markers[i].Box.Corners()
		on, at = append(on, box[:]...), append(at, quad[:]...)
	}
	return on, at
}

// complete looks for markers that did not stand alone, because a streak, a pen or a
// shadow touches them, where the seen ones say that they are.
func (s *sight) complete(f sheets.Frame, q *quads) {
	if count(*q) == 4 {
		return
	}
	on, at := pairs(f, *q)
	rough, _, err := geom.FitAffine(on, at)
	if err != nil {
		return
	}
	for i := range q {
		if q[i] == nil {
			q[i] = s.seek(f.Markers[i], rough)
		}
	}
}

// moduleSide is the side of one module of a marker, in mm.
var moduleSide = markerSide / modules

// pattern lists the middles of the black modules of marker id, and of the white ones
// with the paper around, in mm from its centre.
func pattern(id int) (black, white []mm) {
	code := sheets.MarkerBits(id)
	const mid = (modules - 1) / 2.0
	for j := range modules {
		for i := range modules {
			c := mm{X: float64(i) - mid, Y: float64(j) - mid}.Mul(moduleSide)
			inside := i > 0 && j > 0 && i < modules-1 && j < modules-1
			if inside && code[(j-1)*markerBits+i-1] {
				white = append(white, c)
			} else {
				black = append(black, c)
			}
		}
	}
	for i := range modules {
		t, e := (float64(i)-mid)*moduleSide, (mid+1)*moduleSide
		white = append(white, mm{X: t, Y: -e}, mm{X: t, Y: e}, mm{X: -e, Y: t}, mm{X: e, Y: t})
	}
	return black, white
}

const (
	seekReach = 6.0  // mm: as far as two markers at one side of the sheet may err about the other side
	seekClear = 0.45 // of the paper's brightness that a marker's white modules are brighter than its black ones
)

// seek looks for a marker where the others say that it is.
func (s *sight) seek(a sheets.Anchor, rough place) *geom.Quad[geom.Pixel] {
	black, white := pattern(a.ID)
	pose := Pose{Map: rough}
	l := pose.lens(a.Box.Center())
	k := 1 / float64(s.k)
	small := pix.Lens{XX: l.XX * k, XY: l.XY * k, YX: l.YX * k, YY: l.YY * k}
	center := s.reduced(rough.At(a.Box.Center()))
	dx, _ := density(small)
	best, where := 0.0, px{}
	n := math.Ceil(seekReach * dx)
	for y := -n; y <= n; y++ {
		for x := -n; x <= n; x++ {
			c := center.Add(px{X: x, Y: y})
			if d := pix.Mean(s.small, c, small, white) - pix.Mean(s.small, c, small, black); d > best {
				best, where = d, c
			}
		}
	}
	if best < seekClear*s.paper.At(center) {
		return nil
	}
	move := s.full(where.Sub(center))
	q := rough.Quad(a.Box)
	for i := range q {
		q[i] = q[i].Add(move)
	}
	return &q
}

// Limits of a frame. T12 and T13 of the aims: read to 5° and rejected by name
// beyond 10°.
const (
	mostTurn     = 10.0 // degrees
	mostResidual = 0.4  // mm: clean scans leave 0.05, a torn corner 0.36; ticks and bubbles have to prove the place besides
	leastDensity = 2.6  // pixels a mm, 66 dpi: a bubble's inside is then 4 pixels high
	mostUnequal  = 1.12 // the densities' ratio: a feed stretched by 5 %, a bent photo
	mostSheared  = 0.1  // cosine between the axes of paper as the scan sees them
	mostTilted   = 1.5  // the same of a photo taken aslant, by 45° or so
	mostSlanted  = 0.3
)

// fitFrame makes a pose of the markers.
func (s *sight) fitFrame(f sheets.Frame, q quads) (*framed, error) {
	on, at, black := s.refine(f, q)
	fit := geom.Fit[geom.Paper, geom.Pixel]
	if count(q) < 4 { // three corners say nothing of perspective
		fit = geom.FitAffine[geom.Paper, geom.Pixel]
	}
	if len(on) < 9 {
		return nil, reject(NoAnchors, "the edges of the corner markers are not clear: scan again, with more contrast or resolution")
	}
	m, rms, err := fit(on, at)
	if err != nil {
		return nil, reject(NoAnchors, "the corner markers do not determine a place: %v", err)
	}
	out := &framed{frame: f, corners: count(q), black: black, pose: Pose{Map: m}}
	l := out.pose.lens(f.Size.Mul(0.5))
	dx, dy := density(l)
	out.residual = rms / math.Sqrt(dx*dy)
	out.pose.Residual = out.residual
	if err := s.plausible(&out.pose, f.Size, mostTurn); err != nil {
		return nil, err
	}
	if out.residual > mostResidual {
		return nil, reject(Distorted, "the corner markers disagree by %.2f mm: the sheet is bent, torn or photographed askew; scan it flat", out.residual)
	}
	return out, nil
}

// plausible checks what the map of a sheet of the given size says of the scan:
// turn (at most so many degrees beside a quarter), mirror, resolution, proportions. It
// sets the pose's Turn and Scale.
func (s *sight) plausible(p *Pose, size mm, most float64) error {
	l := p.lens(size.Mul(0.5))
	dx, dy := density(l)
	if l.XX*l.YY-l.XY*l.YX <= 0 {
		return reject(Mirrored, "the sheet is seen in a mirror: scan the printed side")
	}
	angle := math.Atan2(l.YX, l.XX) * 180 / math.Pi
	quarter := math.Round(angle / 90)
	p.Turn = (4 - int(quarter)) % 4
	if off := math.Abs(angle - 90*quarter); off > most {
		return reject(Distorted, "the sheet is turned by %.0f°: straighten it to within 5° and scan again", off)
	}
	if math.Min(dx, dy) < leastDensity {
		return reject(TooSmall, "the sheet is seen at %.0f dpi: scan with 200 dpi or more", math.Min(dx, dy)*25.4)
	}
	unequal, sheared := mostUnequal, mostSheared
	if p.photographed(size) {
		unequal, sheared = mostTilted, mostSlanted
	}
	if r := dx / dy; (r > unequal || r < 1/unequal) && !fax(r) {
		return reject(Distorted, "the sheet is stretched by %.0f %%: scan it at equal resolutions", 100*math.Abs(r-1))
	}
	skew := (l.XX*l.XY + l.YX*l.YY) / (dx * dy)
	if math.Abs(skew) > sheared {
		return reject(Distorted, "the sheet is sheared by %.0f°: scan it flat", math.Asin(skew)*180/math.Pi)
	}
	p.Scale = s.scale(dx, dy, p.Turn)
	return nil
}

// photographed says whether the sheet was seen askew: it is larger at one end than at the
// other.
func (p *Pose) photographed(size mm) bool {
	const least = 1.06 // ratio of the scales at the corners: a bent sheet on a scanner has half of it
	lo, hi := math.Inf(1), 0.0
	for _, c := range (geom.Rect[geom.Paper]{Max: size}).Corners() {
		dx, dy := density(p.lens(c))
		k := math.Sqrt(dx * dy)
		lo, hi = min(lo, k), max(hi, k)
	}
	return hi > least*lo
}

// fax says whether the densities' ratio is that of a fax's pixels, 204 by 98 or by
// 196 dpi.
func fax(r float64) bool {
	for _, q := range [...]float64{204.0 / 98, 204.0 / 196} {
		if math.Abs(r/q-1) < 0.08 || math.Abs(r*q-1) < 0.08 {
			return true
		}
	}
	return false
}

// leastSaid is the lowest resolution in a file that is believed: 72 and 96 dpi are
// what cameras and programs write when they know nothing.
const leastSaid = 97

// scale is the printed size over the designed one, or 0 if the file does not say.
// The file's resolution is the one across the scan.
func (s *sight) scale(dx, dy float64, turn int) float64 {
	if s.dpi < leastSaid {
		return 0
	}
	if turn%2 == 1 {
		dx = dy
	}
	return dx * 25.4 / s.dpi
}

// refine finds the corners of the markers between pixels, in the scan itself, and
// the black they are printed with.
func (s *sight) refine(f sheets.Frame, q quads) (on []mm, at []px, black float64) {
	const corners = 4 * len(q)
	on, at = make([]mm, 0, corners), make([]px, 0, corners)
	var room [len(q)]float64
	shares := room[:0]
	for i, quad := range q {
		if quad == nil {
			continue
		}
		box := f.Markers[i].Box
		own := box.Corners()
		local, _, err := geom.Fit(own[:], quad[:])
		if err != nil {
			continue
		}
		edges, dark := s.sharpen(box, local)
		for j, c := range box.Corners() {
			if p, ok := cross(edges[(j+3)%4], edges[j]); ok {
				on, at = append(on, c), append(at, p)
			}
		}
		shares = append(shares, dark)
	}
	return on, at, middle(shares)
}

// sharpen finds the four edges of a black square near where local says, each from the
// corner of its number on; one that is not clear is none. black is how bright the square's
// rim is as a share of the paper around.
func (s *sight) sharpen(box geom.Rect[geom.Paper], local place) (edges [4]line, black float64) {
	const reach, pieces = 0.9, 8 // mm either way; pieces of an edge that are seen apart
	c := box.Corners()
	pose := Pose{Map: local}
	dx, dy := density(pose.lens(box.Center()))
	res := (dx + dy) / 2
	n := max(int(2*reach*res*2), 8) + 1
	s.mem.profile = slices.Grow(s.mem.profile[:0], n)[:n]
	profile := s.mem.profile
	var room [4 * pieces]float64
	shares := room[:0]
	for i := range c {
		a, b := c[i], c[(i+1)%4]
		along := b.Sub(a)
		out := mm{X: along.Y, Y: -along.X}.Mul(reach / along.Norm())
		var found [pieces]px
		hits := found[:0]
		for k := range pieces {
			m := a.Add(along.Mul(0.08 + 0.84*(float64(k)+0.5)/pieces))
			from, to := local.At(m.Add(out)), local.At(m.Sub(out))
			across := local.At(m.Add(along.Mul(0.4 / pieces))).Sub(local.At(m))
			pix.Profile(s.img, from, to, across, int(across.Norm())+1, profile)
			white := s.white(from)
			t, h := pix.Fall(profile, max(len(profile)/5, 2))
			if h < 0.2*white {
				continue
			}
			hits = append(hits, from.Add(to.Sub(from).Mul(t/float64(len(profile)-1))))
			shares = append(shares, profile[len(profile)*4/5]/white)
		}
		edges[i] = fitLine(hits, 0.15*res)
	}
	return edges, middle(shares)
}
