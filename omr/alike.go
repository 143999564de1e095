package omr

import (
	"cmp"
	"math"
	"slices"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// An alike is another way to lay a design over itself: turned by quarters and moved, most
// of its bubbles lie on others. A sheet found by its bubbles alone could lie that way
// just as well, but for the bubbles that do not.
type alike struct {
	turn  int // quarters
	by    mm
	own   []int // bubbles on which no other lies then: they must be printed where they are
	alien []int // bubbles that lie on no other then: nothing like them may be printed there
}

// turned says whether the sheet is turned upon itself, all bubbles upon others, so that they cannot
// tell.
func (a *alike) turned() bool {
	return a.turn != 0 && len(a.own) < leastOwn && len(a.alien) < leastOwn
}

// at carries a place on paper that other way.
func (a *alike) at(q mm) mm { return quarterTurn(q, a.turn).Add(a.by) }

// back is the way back.
func (a *alike) back() *alike {
	turn := (4 - a.turn) % 4
	by := quarterTurn(a.by, turn)
	return &alike{turn: turn, by: mm{X: -by.X, Y: -by.Y}}
}

// quarterTurn turns q about the origin.
func quarterTurn(q mm, turn int) mm {
	for range turn {
		q = mm{X: -q.Y, Y: q.X}
	}
	return q
}

// Limits of what is alike.
const (
	alikeShare = 0.5  // of the bubbles that lie on others: with fewer, no grid proves itself
	alikeNear  = 0.7  // mm between two bubbles that lie on each other
	alikeFar   = 0.45 // of the way to the next bubble: nearer to one, a place tells nothing
	mostAlikes = 48
	alikeSpots = 600 // bubbles that are looked at on one side
)

// alikes lists them for the bubbles of a page, the most alike first.
func alikes(g *grid) (out []alike) {
	type way struct{ turn, x, y, n int }
	step := len(g.spots)/alikeSpots + 1
	some := (len(g.spots) + step - 1) / step
	var ways []way
	for turn := range 4 {
		count := map[[2]int]int{}
		for i := 0; i < len(g.spots); i += step {
			a := quarterTurn(g.spots[i].at, turn)
			for _, b := range g.spots {
				v := b.at.Sub(a)
				count[[2]int{int(math.Round(v.X)), int(math.Round(v.Y))}]++
			}
		}
		for k, n := range count {
			n += count[[2]int{k[0] + 1, k[1]}] + count[[2]int{k[0] - 1, k[1]}] + count[[2]int{k[0], k[1] + 1}] + count[[2]int{k[0], k[1] - 1}]
			if float64(n) >= alikeShare*float64(some) {
				ways = append(ways, way{turn, k[0], k[1], n})
			}
		}
	}
	slices.SortFunc(ways, func(a, b way) int { return cmp.Or(b.n-a.n, a.turn-b.turn, a.x-b.x, a.y-b.y) })
	for _, w := range ways {
		out = g.alike(out, w.turn, mm{X: float64(w.x), Y: float64(w.y)}, step)
		if len(out) == mostAlikes {
			break
		}
	}
	return out
}

// alike adds the way to lie that is about by, made exact, unless it is listed or the
// page as it is.
func (g *grid) alike(out []alike, turn int, by mm, step int) []alike {
	var xs, ys []float64
	for i := 0; i < len(g.spots); i += step {
		a := quarterTurn(g.spots[i].at, turn).Add(by)
		for _, b := range g.spots {
			if v := b.at.Sub(a); math.Abs(v.X) < 1.3 && math.Abs(v.Y) < 1.3 {
				xs, ys = append(xs, v.X), append(ys, v.Y)
			}
		}
	}
	a := alike{turn: turn, by: by.Add(mm{X: middle(xs), Y: middle(ys)})}
	if turn == 0 && a.by.Norm() < 1 {
		return out
	}
	for _, o := range out {
		if o.turn == turn && o.by.Sub(a.by).Norm() < 1 {
			return out
		}
	}
	covered := make([]bool, len(g.spots))
	on, far := 0, max(alikeFar*pitch(g.spots), alikeNear)
	for i := range g.spots {
		q, hit, beside := a.at(g.spots[i].at), false, false
		for j := range g.spots {
			if within(g.spots[j].at, q, far) {
				beside, covered[j] = true, true
				hit = hit || within(g.spots[j].at, q, alikeNear)
			}
		}
		if hit {
			on++
		}
		if !beside {
			a.alien = append(a.alien, i)
		}
	}
	if float64(on) < alikeShare*float64(len(g.spots)) {
		return out
	}
	for j, c := range covered {
		if !c {
			a.own = append(a.own, j)
		}
	}
	return append(out, a)
}

// shifted tries the other ways to lie, and keeps what explains the most.
func (s *soil) shifted(best *growth, all []alike) *growth {
	const most = 6 // moves by a row or a column
	for range most {
		found := best
		for i := range all {
			a := &all[i]
			if len(a.own) >= leastOwn && !s.promising(best, a) { // where the bubbles do not tell, the anchors may
				continue
			}
			m := geom.Then(a.onPaper(), best.place)
			if g := s.grow(m); g != nil && g.n > found.n {
				found = g
			}
		}
		if found == best {
			break
		}
		best = found
	}
	return best
}

// promising says whether the bubbles that only a's way has are found rather than those
// that only the growth's own has.
func (s *soil) promising(g *growth, a *alike) bool {
	own, alien := 0, 0
	for _, i := range a.own {
		if g.found[i] {
			own++
		}
	}
	m := g.place.Matrix()
	for _, i := range a.alien {
		q := a.at(s.spots[i].at)
		l := derivative(&m, q)
		w, h := boxOf(l, s.spots[i].shape)
		if s.sky.nearest(g.place.At(q).Add(s.course.at(q)), s.reach(growTolerance)*span(l), func(f figure) bool { return f.like(w, h) }) >= 0 {
			alien++
		}
	}
	return alien > own
}

// onPaper is at as a map.
func (a *alike) onPaper() geom.Map[geom.Paper, geom.Paper] {
	x, y := quarterTurn(mm{X: 1}, a.turn), quarterTurn(mm{Y: 1}, a.turn)
	return geom.NewMap[geom.Paper, geom.Paper]([9]float64{x.X, y.X, a.by.X, x.Y, y.Y, a.by.Y, 0, 0, 1})
}

// Limits of the proof.
const (
	ownShare    = 0.5  // of the bubbles that only this way has: they must be seen
	alienShare  = 0.5  // of that: how many of those that only the other way has may seem to be seen
	blockLink   = 20.0 // mm: bubbles nearer than this belong to one block
	leastOwn    = 3    // bubbles that can tell
	anchorReach = 3.0  // mm: how far from its place an anchor among the bubbles may be found
	anchorStray = 0.1  // of its way to the nearest bubble more: beyond them the paper may bend on
	drawn       = 0.75 // of the page's median Fit, that makes an outline one; letters and numbers have half of it
)

// unmistakable rejects a grid that could lie in another way. For each other way, the
// bubbles that only this one has must be printed, and those that only the other one
// has must not, in every block that can tell; or three anchors must say so.
func (s *sight) unmistakable(p *Pose, d *sheets.Design, page int, g *grid, all []alike) error {
	block := blocks(g)
	var found []candidate
	for _, ratio := range darkRatios {
		found = append(found, s.candidates(d, &d.Pages[page], ratio)...)
	}
	for i := range all {
		a := &all[i]
		if !s.told(p, g, a, block) && !anchorsTell(p, g, d, page, a, found) && !(a.turned() && s.framesTell(p, &d.Pages[page], a)) {
			return reject(NoAnchors, "the sheet could lie in two ways (turned by %d quarters, moved by %.1f, %.1f mm), and neither bubbles nor frames tell them apart", a.turn, a.by.X, a.by.Y)
		}
	}
	return nil
}

// blocks numbers the blocks that the bubbles stand in.
func blocks(g *grid) []int {
	block := make([]int, len(g.spots))
	for i := range block {
		block[i] = -1
	}
	n := 0
	for i := range g.spots {
		if block[i] >= 0 {
			continue
		}
		block[i] = n
		for todo := []int{i}; len(todo) > 0; {
			j := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			for k := range g.spots {
				if block[k] < 0 && within(g.spots[k].at, g.spots[j].at, blockLink) {
					block[k] = n
					todo = append(todo, k)
				}
			}
		}
		n++
	}
	return block
}

// told says whether the bubbles tell that the sheet does not lie as a says. What is
// moved only could be so in a part: each block that can tell must.
func (s *sight) told(p *Pose, g *grid, a *alike, block []int) bool {
	of := map[int]*telling{}
	group := func(i int) *telling {
		b := 0
		if a.turn == 0 {
			b = block[i]
		}
		if of[b] == nil {
			of[b] = &telling{}
		}
		return of[b]
	}
	for _, i := range a.own {
		t := group(i)
		t.own++
		if s.drawn(p, g, g.spots[i].at, g.spots[i].shape) {
			t.ownSeen++
		}
	}
	for _, i := range a.alien {
		t := group(i)
		t.alien++
		if s.drawn(p, g, a.at(g.spots[i].at), g.spots[i].shape) {
			t.alienSeen++
		}
	}
	said := 0
	for _, t := range of {
		switch {
		case t.own < leastOwn || t.hidden():
		case !t.says():
			return false
		default:
			said++
		}
	}
	return said > 0
}

// A telling counts the bubbles that tell one way to lie from another, and those whose
// outlines are seen.
type telling struct{ own, ownSeen, alien, alienSeen float64 }

func (t *telling) says() bool {
	return t.ownSeen >= ownShare*t.own && t.alienSeen*t.own <= alienShare*t.ownSeen*t.alien
}

// hidden is a block of which neither is seen: it says nothing.
func (t *telling) hidden() bool {
	return t.ownSeen < ownShare*t.own && t.alienSeen <= ownShare*alienShare*t.alien
}

// drawn says whether the outline of a bubble is printed around q, nearly as well as the
// page's own are.
func (s *sight) drawn(p *Pose, g *grid, q mm, sh *shape) bool {
	if !s.inside(p.At(q)) {
		return false
	}
	off := s.find(p, g, &spot{at: q, shape: sh}, min(g.room*0.95, mostRoom)).off
	l := p.lens(q)
	at := p.At(q).Add(l.Step(off.X, off.Y))
	look, white := &g.looks[sh.index], s.white(at)
	var on, out, in [edgePoints]float64
	pix.Samples(s.img, at, l, look.on[:], on[:])
	pix.Samples(s.img, at, l, look.out[:], out[:])
	pix.Samples(s.img, at, l, look.in[:], in[:])
	return fit(on[:], out[:], in[:], white, g.pen.dark) >= drawn*p.Fit
}

// anchorsTell says whether three anchors at least, or a marker, stand where p says, and
// two fewer at most where they would stand if the sheet lay as a says.
func anchorsTell(p *Pose, g *grid, d *sheets.Design, page int, a *alike, found []candidate) bool {
	const enough = 3
	as := d.Pages[page].Anchors
	here, there := 0, 0
	for i := range as {
		at, tip := mark(d, as[i])
		reach := min(anchorReach+anchorStray*g.away(at), 0.4*a.at(at).Sub(at).Norm())
		says := 1
		if as[i].Shape == sheets.Marker {
			says = enough // its code says which it is, and which way up
		}
		if anchorAt(p, i, &as[i], at, tip, reach, found) {
			here += says
		}
		if anchorAt(p, i, &as[i], a.at(at), (tip+a.turn)%4, reach, found) {
			there += says
		}
	}
	return here >= enough && there <= here-2
}

// away is how far q is from the nearest bubble, in mm.
func (g *grid) away(q mm) float64 {
	least := math.Inf(1)
	for i := range g.spots {
		least = min(least, g.spots[i].at.Sub(q).Norm())
	}
	return least
}

// anchorAt says whether a figure like anchor i stands within reach mm of q.
func anchorAt(p *Pose, i int, a *sheets.Anchor, q mm, tip int, reach float64, found []candidate) bool {
	dx, dy := density(p.lens(q))
	k := math.Sqrt(dx * dy)
	size, at := (a.Box.W()+a.Box.H())/2*k, p.At(q)
	tip = (tip + 4 - p.Turn) % 4
	return slices.ContainsFunc(found, func(c candidate) bool {
		return c.shape == a.Shape && c.size < anchorSlack*size && c.size*anchorSlack > size &&
			(c.shape != sheets.Corner && c.shape != sheets.Marker || c.tip == tip) && (c.of == 0 || c.of == i+1) && c.at.Sub(at).Norm() <= reach*k
	})
}
