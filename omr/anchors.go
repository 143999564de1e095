package omr

import (
	"cmp"
	"math"
	"slices"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// A candidate is a dark figure that may be an anchor of a sheet printed by others.
type candidate struct {
	at    px      // its place in the scan: its middle, or the outer vertex of an L
	size  float64 // px in the scan: the mean of its width and height
	shape sheets.Shape
	tip   int     // of a Corner: which way its vertex points in the scan, as in a Quad; of a Marker: its quarter turns
	of    int     // of a Marker: one more than the index of its anchor; else 0
	dir   float64 // of a Bar: the direction of its long side, radians
	long  float64 // of a Bar: how many times longer than wide it is
	black float64 // its brightness as a share of the paper's
	fill  float64 // the share of its box that is dark
}

// A guess is a way to lay a sheet over the candidates.
type guess struct {
	pose  Pose
	page  int
	black float64
	seen  int     // anchors it explains
	rest  float64 // mm, root mean square that an affine map leaves at them
	odd   float64 // how far the anchors' sizes are from the design's, as a mean logarithm
	vote  float64 // how clearly the bubbles confirm it
	grid  *grid
	alike []alike // of a guess that the bubbles made: the other ways it could lie
}

// Limits of the search for the anchors of others.
const (
	leastFill   = 0.22 // px a mm, as a share of what a sheet that fills the picture has: a phone's photo from afar
	mostFill    = 1.3
	anchorSlack = 1.55 // ratio of a candidate's size to the anchor's: toner spreads, light eats
	askew       = 0.09 // of the page's diagonal: how far perspective moves the last corner
	mostFound   = 400  // candidates for one anchor; a page of text offers hundreds, the most solid are kept
	mostTried   = 32   // guesses that the bubbles are asked about
	leastPixels = 4.0  // of an anchor in the small picture
	perSize     = 2.0  // mm of rest that an anchor of e times its size weighs
	othersTurn  = 20.0 // degrees: photos are taken by hand, and the bubbles prove the place
	flat        = 0.6  // mm that an affine map may leave: more is perspective
)

// anchored finds the sheet of a design without codes by its anchors: every way to
// lay the design over figures of the right shape is a guess, and the bubbles choose.
// The guesses are returned besides.
func (s *sight) anchored(d *sheets.Design) (best *guess, guesses []*guess, err error) {
	seen := 0
	for i := range d.Pages {
		pg := few(&d.Pages[i])
		if len(pg.Anchors) < 3 || len(pg.Fields) == 0 {
			continue
		}
		s.reduceFor(d, pg)
		for _, ratio := range darkRatios {
			found := s.candidates(d, pg, ratio)
			seen = max(seen, len(found))
			gs := s.guesses(d, pg, found)
			for _, g := range gs {
				g.page = i
			}
			guesses = append(guesses, gs...)
			if len(gs) > 0 && gs[0].seen == len(pg.Anchors) {
				break
			}
		}
	}
	if len(guesses) == 0 {
		return nil, nil, reject(NoAnchors, "of %d figures that could be anchors no three stand as in the design", seen)
	}
	best, err = s.elect(d, guesses)
	return best, guesses, err
}

// mostAnchors bounds the ways to lay a page over figures. The bars of a timing track, of
// which each may be its neighbour, are left to the bubbles' search.
const mostAnchors = 12

// few is pg with few anchors.
func few(pg *sheets.Page) *sheets.Page {
	if len(pg.Anchors) <= mostAnchors {
		return pg
	}
	out := *pg
	out.Anchors = slices.DeleteFunc(slices.Clone(pg.Anchors), func(a sheets.Anchor) bool { return a.Shape == sheets.Bar })
	out.Anchors = out.Anchors[:min(len(out.Anchors), mostAnchors)]
	return &out
}

// reduceFor chooses the small picture so that the smallest anchor keeps its shape.
func (s *sight) reduceFor(d *sheets.Design, pg *sheets.Page) {
	least := math.Inf(1)
	for _, a := range pg.Anchors {
		least = min(least, a.Box.W(), a.Box.H())
		if side, _, err := a.Modules(); a.Shape == sheets.Marker && err == nil {
			const fine = 3 // a module is to have as many pixels as a third of a plain figure
			least = min(least, fine*a.Box.W()/float64(side+2))
		}
	}
	least *= s.filling(d)
	long := max(s.img.Rect.Dx(), s.img.Rect.Dy())
	if k := max(min((long+SearchSide-1)/SearchSide, int(least/9)), 1); k != s.k {
		s.reduce(k)
	}
}

// filling is the px a mm of a sheet that fills the picture.
func (s *sight) filling(d *sheets.Design) float64 {
	w, h := float64(s.img.Rect.Dx()), float64(s.img.Rect.Dy())
	return max(w, h) / max(d.Size.X, d.Size.Y)
}

// candidates lists the figures that may be one of the anchors of pg.
func (s *sight) candidates(d *sheets.Design, pg *sheets.Page, ratio float64) []candidate {
	least, most := math.Inf(1), 0.0
	kinds := map[sheets.Shape]bool{}
	for _, a := range pg.Anchors {
		least, most = min(least, a.Box.W(), a.Box.H()), max(most, a.Box.W(), a.Box.H())
		kinds[a.Shape] = true
	}
	unit := s.filling(d) / float64(s.k)
	lo := max(least*unit*leastFill, leastPixels)
	if kinds[sheets.Bar] {
		lo = 2 // a thin one
	}
	tags := tagsOf(pg)
	var out []candidate
	for _, b := range s.mem.figures.Blobs(s.small, s.paper, ratio, int(lo), int(most*unit*mostFill*anchorSlack)+1) {
		for _, c := range s.figures(b) {
			if kinds[c.shape] {
				out = append(out, c)
			}
		}
		if kinds[sheets.Bar] {
			out = s.bars(out, b)
		}
		for i := range tags {
			out = s.tag(out, b, &tags[i])
		}
	}
	return out
}

// bars adds b to out if it is a filled rectangle longer than wide, whichever way it
// lies: the rectangle between its corners is full.
func (s *sight) bars(out []candidate, b pix.Blob) []candidate {
	side := func(i, j int) float64 { return b.Far[i].Sub(b.Far[j]).Norm() + 1 }
	a, c := (side(0, 1)+side(3, 2))/2, (side(0, 3)+side(1, 2))/2
	along := b.Far[1].Sub(b.Far[0]).Add(b.Far[2].Sub(b.Far[3]))
	if c > a {
		a, c = c, a
		along = b.Far[3].Sub(b.Far[0]).Add(b.Far[2].Sub(b.Far[1]))
	}
	fill := float64(b.Area) / (a * c)
	if fill < 0.72 || fill > 1.35 || a < 1.3*c || c < leastPixels/2 {
		return out
	}
	return append(out, candidate{
		shape: sheets.Bar, at: s.full(b.Center), size: (a + c) / 2 * float64(s.k), fill: fill, long: a / c,
		dir: math.Atan2(along.Y, along.X), black: s.darkness(b, float64(b.Area)/float64(b.Box.Dx()*b.Box.Dy())),
	})
}

// figures says what a blob may be.
func (s *sight) figures(b pix.Blob) []candidate {
	w, h := float64(b.Box.Dx()), float64(b.Box.Dy())
	if min(w, h) < leastPixels || w > 1.7*h || h > 1.7*w {
		return nil
	}
	fill := float64(b.Area) / (w * h)
	c := candidate{fill: fill, at: s.full(b.Center), size: (w + h) / 2 * float64(s.k)}
	var out []candidate
	add := func(shape sheets.Shape) {
		c.shape = shape
		c.black = s.darkness(b, fill)
		out = append(out, c)
	}
	c.at = s.full(px{X: float64(b.Box.Min.X) + w/2, Y: float64(b.Box.Min.Y) + h/2})
	add(sheets.Figure)
	c.at = s.full(b.Center)
	if fill >= 0.6 {
		add(sheets.Square)
	}
	if fill >= 0.55 && fill <= 0.92 {
		add(sheets.Disc)
	}
	mid := px{X: float64(b.Box.Min.X) + w/2, Y: float64(b.Box.Min.Y) + h/2}
	white := s.paper.At(mid)
	if fill >= 0.12 && fill <= 0.65 && mid.Sub(b.Center).Norm() < 0.1*(w+h) && s.hollow(mid, w/2, h/2, 0.7*white) {
		add(sheets.Ring)
	}
	if tip, ok := vertex(b, fill); ok {
		away := b.Far[tip].Sub(mid)
		c.at, c.tip = s.full(b.Far[tip].Add(away.Mul(0.7/max(away.Norm(), 1)))), tip
		add(sheets.Corner)
	}
	return out
}

// hollow says whether paper lies all around within a figure of half axes a and b, as in
// a ring, whatever stands in its middle: brighter than bright.
func (s *sight) hollow(mid px, a, b, bright float64) bool {
	const ways, least = 16, 14 // directions; a speck or a stroke may close two
	for _, share := range []float64{0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8} {
		open := 0
		for i := range ways {
			sin, cos := math.Sincos(2 * math.Pi * float64(i) / ways)
			if pix.At(s.small, px{X: mid.X + share*a*cos, Y: mid.Y + share*b*sin}) > bright {
				open++
			}
		}
		if open >= least {
			return true
		}
	}
	return false
}

// vertex says which corner of its box the vertex of an L lies in: the one opposite
// to the only corner that is empty.
func vertex(b pix.Blob, fill float64) (tip int, ok bool) {
	if fill > 0.88 || fill < 0.04 {
		return 0, false
	}
	w, h := float64(b.Box.Dx()), float64(b.Box.Dy())
	x0, y0 := float64(b.Box.Min.X), float64(b.Box.Min.Y)
	corners := [4]px{{X: x0, Y: y0}, {X: x0 + w, Y: y0}, {X: x0 + w, Y: y0 + h}, {X: x0, Y: y0 + h}}
	empty := -1
	for i, c := range corners {
		if away := b.Far[i].Sub(c).Norm() / math.Hypot(w, h); away > 0.3 {
			if empty >= 0 {
				return 0, false
			}
			empty = i
		}
	}
	return (empty + 2) % 4, empty >= 0
}

// darkness is the brightness of a blob's middle pixel by brightness, as a share of
// the paper's.
func (s *sight) darkness(b pix.Blob, fill float64) float64 {
	step := max(b.Box.Dx()/12, 1)
	var vs []float64
	for y := b.Box.Min.Y; y < b.Box.Max.Y; y += step {
		for x := b.Box.Min.X; x < b.Box.Max.X; x += step {
			vs = append(vs, pix.At(s.small, px{X: float64(x) + 0.5, Y: float64(y) + 0.5}))
		}
	}
	return share(vs, fill/2) / s.paper.At(b.Center)
}

// mark is where an anchor's candidate is expected on paper.
func mark(d *sheets.Design, a sheets.Anchor) (at mm, tip int) {
	if a.Shape != sheets.Corner {
		return a.Box.Center(), 0
	}
	c := a.Box.Center()
	switch {
	case c.X < d.Size.X/2 && c.Y < d.Size.Y/2:
		tip = 0
	case c.Y < d.Size.Y/2:
		tip = 1
	case c.X < d.Size.X/2:
		tip = 3
	default:
		tip = 2
	}
	return a.Box.Corners()[tip], tip
}

// guesses lays pg over the candidates: two anchors far apart give a turn
// and a scale, and the others must be where they then belong. The best come first.
func (s *sight) guesses(d *sheets.Design, pg *sheets.Page, found []candidate) []*guess {
	kinds := make([][]candidate, len(pg.Anchors))
	for k, a := range pg.Anchors {
		for _, c := range found {
			if c.shape == a.Shape && (c.of == 0 || c.of == k+1) {
				kinds[k] = append(kinds[k], c)
			}
		}
		if lonely(pg.Anchors) {
			kinds[k] = apartFrom(kinds[k])
		}
		if len(kinds[k]) > mostFound {
			slices.SortStableFunc(kinds[k], func(a, b candidate) int { return cmp.Compare(b.fill, a.fill) })
			kinds[k] = kinds[k][:mostFound]
		}
	}
	var out []*guess
	seen := map[[4]int]bool{}
	for _, pair := range farthest(d, pg.Anchors) {
		for _, a := range kinds[pair[0]] {
			for _, b := range kinds[pair[1]] {
				g := s.lay(d, pg, kinds, pair, a, b)
				if g == nil {
					continue
				}
				c := g.pose.At(d.Size.Mul(0.1))
				e := g.pose.At(d.Size.Mul(0.9))
				key := [4]int{int(c.X / 4), int(c.Y / 4), int(e.X / 4), int(e.Y / 4)}
				if !seen[key] {
					seen[key] = true
					out = append(out, g)
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *guess) int {
		return cmp.Or(b.seen-a.seen, cmp.Compare(a.rest+perSize*a.odd, b.rest+perSize*b.odd))
	})
	return out[:min(len(out), mostTried)]
}

// A crowd is what anchors do not stand in: crowdFew figures alike within crowdWide of
// their sizes are bubbles or letters.
const (
	crowdWide = 5.0
	crowdFew  = 4
	crowdLike = 1.3 // ratio of the sizes of figures that are alike
)

// lonely says whether no two anchors stand as near to each other as bubbles do.
func lonely(as []sheets.Anchor) bool {
	for i, a := range as {
		for _, b := range as[:i] {
			if a.Box.Center().Sub(b.Box.Center()).Norm() < 1.5*crowdWide*max(a.Box.W(), a.Box.H()) {
				return false
			}
		}
	}
	return true
}

// apartFrom leaves out the figures that stand in a crowd.
func apartFrom(all []candidate) []candidate {
	out := make([]candidate, 0, len(all))
	for _, c := range all {
		n := 0
		for _, o := range all {
			if o.size < crowdLike*c.size && c.size < crowdLike*o.size && o.at.Sub(c.at).Norm() < crowdWide*c.size {
				n++
			}
		}
		if n <= crowdFew { // itself is one
			out = append(out, c)
		}
	}
	return out
}

// farthest lists the pairs of anchors to start from: the two diagonals, so that one
// hidden corner leaves a start.
func farthest(d *sheets.Design, as []sheets.Anchor) [][2]int {
	type pair struct {
		of   [2]int
		dist float64
	}
	var all []pair
	for i := range as {
		for j := range i {
			a, _ := mark(d, as[j])
			b, _ := mark(d, as[i])
			all = append(all, pair{[2]int{j, i}, a.Sub(b).Norm()})
		}
	}
	slices.SortStableFunc(all, func(a, b pair) int { return cmp.Compare(b.dist, a.dist) })
	var out [][2]int
	for _, p := range all[:min(len(all), 2)] {
		out = append(out, p.of)
	}
	return out
}

// A lay is a turn and a scale that carries paper to the scan: p goes to at plus re+im·i
// times its way from on, as complex numbers.
type lay struct {
	on     mm
	at     px
	re, im float64
}

func (y *lay) carry(p mm) px {
	v := p.Sub(y.on)
	return y.at.Add(px{X: y.re*v.X - y.im*v.Y, Y: y.im*v.X + y.re*v.Y})
}

func (y *lay) scale() float64 { return math.Hypot(y.re, y.im) }

// between is the lay that carries two places on paper to two in the scan.
func between(pa, pb mm, a, b px) lay {
	from, to := pb.Sub(pa), b.Sub(a)
	n := from.X*from.X + from.Y*from.Y
	return lay{pa, a, (to.X*from.X + to.Y*from.Y) / n, (to.Y*from.X - to.X*from.Y) / n}
}

// quarter is the nearest quarter turn clockwise, 0 to 3; ok is false if that is far.
func (y *lay) quarter() (turn int, ok bool) {
	angle := math.Atan2(y.im, y.re)
	near := math.Round(angle / (math.Pi / 2))
	const slack = 6.0 // degrees that perspective turns a diagonal
	return (int(near) + 4) % 4, math.Abs(angle-near*math.Pi/2) <= (othersTurn+slack)*math.Pi/180
}

// lay makes a guess of two candidates for two anchors; nil if it is not plausible.
func (s *sight) lay(d *sheets.Design, pg *sheets.Page, kinds [][]candidate, pair [2]int, a, b candidate) *guess {
	pa, _ := mark(d, pg.Anchors[pair[0]])
	pb, _ := mark(d, pg.Anchors[pair[1]])
	y := between(pa, pb, a.at, b.at)
	scale := y.scale()
	if fill := s.filling(d); scale < leastFill*fill || scale > mostFill*fill {
		return nil
	}
	turn, ok := y.quarter()
	fits := func(k int, c candidate) bool {
		an := pg.Anchors[k]
		want := (an.Box.W() + an.Box.H()) / 2 * scale
		return c.size < anchorSlack*want && c.size*anchorSlack > want && c.lies(d, an, turn, math.Atan2(y.im, y.re))
	}
	if !ok || !fits(pair[0], a) || !fits(pair[1], b) {
		return nil
	}
	return s.assign(d, pg, kinds, &y, fits)
}

// lies says whether a candidate points the way its anchor must on a sheet turned by so
// many quarters, exactly by angle.
func (c *candidate) lies(d *sheets.Design, a sheets.Anchor, turn int, angle float64) bool {
	const slack, alike = 15.0, 2.0 // degrees that perspective turns a bar; ratio of how long it is: toner makes thin ones thicker
	switch a.Shape {
	case sheets.Corner:
		_, tip := mark(d, a)
		return c.tip == (tip+turn)%4
	case sheets.Marker:
		return c.tip == turn
	case sheets.Bar:
		w, h := a.Box.W(), a.Box.H()
		if h > w {
			w, h, angle = h, w, angle+math.Pi/2
		}
		off := math.Remainder(c.dir-angle, math.Pi)
		return math.Abs(off) < slack*math.Pi/180 && c.long < alike*w/h && c.long*alike > w/h
	}
	return true
}

// assign gives each anchor the nearest candidate that fits, and makes a guess of them.
func (s *sight) assign(d *sheets.Design, pg *sheets.Page, kinds [][]candidate, y *lay, fits func(int, candidate) bool) *guess {
	var on []mm
	var at []px
	var blacks []float64
	odd := 0.0
	far := askew * d.Size.Norm() * y.scale()
	for k, an := range pg.Anchors {
		p, _ := mark(d, an)
		want := y.carry(p)
		best, dist := -1, far
		for j, c := range kinds[k] {
			if e := c.at.Sub(want).Norm(); e < dist && fits(k, c) {
				best, dist = j, e
			}
		}
		if best >= 0 {
			c := kinds[k][best]
			odd += math.Abs(math.Log(2 * c.size / (an.Box.W() + an.Box.H()) / y.scale()))
			on, at, blacks = append(on, p), append(at, c.at), append(blacks, c.black)
		}
	}
	g := s.weigh(d, on, at, blacks)
	if g != nil {
		g.odd = odd / float64(len(on))
	}
	return g
}

// weigh makes a guess of anchors on paper and in the scan.
func (s *sight) weigh(d *sheets.Design, on []mm, at []px, blacks []float64) *guess {
	if len(on) < 3 {
		return nil
	}
	m, rms, err := geom.FitAffine(on, at)
	if err != nil {
		return nil
	}
	g := &guess{pose: Pose{Map: m}, seen: len(on), black: middle(blacks)}
	dx, dy := density(g.pose.lens(d.Size.Mul(0.5)))
	g.rest = rms / math.Sqrt(dx*dy)
	g.pose.Residual = g.rest
	if g.rest > flat && len(on) >= 4 {
		if g.pose.Map, rms, err = geom.Fit(on, at); err != nil {
			return nil
		}
		g.pose.Residual = rms / math.Sqrt(dx*dy)
	}
	if s.plausible(&g.pose, d.Size, othersTurn) != nil || g.pose.Residual > 2*flat {
		return nil
	}
	return g
}

// Limits of the vote.
const (
	voters    = 48   // bubbles that are asked
	leastLead = 0.65 // the second guess's vote as a share of the first's
	sameSheet = 1.5  // mm at the corners: two guesses closer than this are the same
)

// elect asks bubbles which guess is right. A second guess that they like nearly as
// much, and that is another place, makes the sheet unreadable.
func (s *sight) elect(d *sheets.Design, guesses []*guess) (*guess, error) {
	for _, g := range guesses {
		g.grid = newGrid(s.mem.know(d).plan(g.page))
		g.vote = s.ask(g)
	}
	return s.choose(d, guesses)
}

// choose is the guess that the bubbles like best, if they like no other place nearly as
// much.
func (s *sight) choose(d *sheets.Design, guesses []*guess) (*guess, error) {
	if len(guesses) == 0 {
		return nil, reject(NoAnchors, "no guess is left")
	}
	slices.SortStableFunc(guesses, func(a, b *guess) int { return cmp.Compare(b.vote, a.vote) })
	best := guesses[0]
	if best.vote <= 0 {
		return nil, reject(NoAnchors, "figures like the anchors were found, but no printed bubbles between them: another sheet")
	}
	for _, g := range guesses[1:] {
		if g.vote > leastLead*best.vote && (g.page != best.page || apart(d, &g.pose, &best.pose) > sameSheet) {
			return nil, reject(NoAnchors, "the sheet could lie in two ways, and its bubbles agree with both: it needs an anchor that tells them apart")
		}
	}
	return best, nil
}

// apart is how far two poses put the corners of a sheet from each other, in mm.
func apart(d *sheets.Design, a, b *Pose) float64 {
	most := 0.0
	dx, dy := density(b.lens(d.Size.Mul(0.5)))
	for _, c := range (geom.Rect[geom.Paper]{Max: d.Size}).Corners() {
		most = max(most, a.At(c).Sub(b.At(c)).Norm()/math.Sqrt(dx*dy))
	}
	return most
}

// ask is how clearly a sample of bubbles confirms a guess: the darkness of their
// printed line times the share at which it is clear.
func (s *sight) ask(g *guess) float64 {
	which := g.grid.sample(voters)
	reach := min(g.grid.room*0.95, mostRoom)
	hits := make([]hit, len(which))
	for k, i := range which {
		hits[k] = s.find(&g.pose, g.grid, &g.grid.spots[i], reach)
	}
	pen, ok := s.learn(&g.pose, g.grid, which, hits)
	if !ok {
		return 0
	}
	g.grid.setPen(pen)
	clear := 0
	for _, h := range hits {
		if g.grid.strong(h) {
			clear++
		}
	}
	return pen.dark * float64(clear) / float64(len(hits))
}
