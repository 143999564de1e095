package pix

import (
	"image"
	"math"

	"bargkhan/sheets/geom"
)

// A Stencil holds three groups of places around a point, as pixels, so that it can
// be moved over a picture by whole pixels quickly. It may be used again for another
// point by Set. It is the plain loop of Mean with the arithmetic done once.
type Stencil struct {
	img    *image.Gray
	groups [3][]geom.Point[geom.Paper]
	places [3][]image.Point
	c      Point
	l      Lens
	set    bool // places are computed

	sums   []uint16
	scores []float64
	top    [7]float64
}

// Set places the stencil around c, with three groups of as many places seen through l.
func (s *Stencil) Set(img *image.Gray, c Point, l Lens, groups [3][]geom.Point[geom.Paper]) {
	s.img, s.c, s.l, s.set, s.groups = img, c, l, false, groups
}

// A Climb is a search for the move at which the first group, a printed line, stands out
// most: darker than the second, which it must be, and than the third, which may add half as
// much to its score and takes nothing from it.
type Climb struct {
	White float64 // the brightness of paper, in which scores are counted
	Far   float64 // how far the stencil is moved, in pixels; at least 1
	Near  float64 // what a move by Far loses, so that of equals the nearest is found
	Step  int     // how far apart moves are looked at first; it is halved until it is 1
}

// A Top is the move that a Climb found, and its score without that loss.
type Top struct {
	At    Point // between pixels: the top of the parabola through the neighbours' scores
	Score float64
}

// Reach is how far the stencil is moved at most in either direction.
func (c *Climb) Reach() int { return int(math.Sqrt(c.Far*c.Far+0.5)) + 1 }

// Climb searches.
func (s *Stencil) Climb(c *Climb) Top {
	if !s.climb(c) {
		s.plainClimb(c)
	}
	x, y, best := s.top[0], s.top[1], s.top[2]
	return Top{
		At:    Point{X: x + peak(s.top[3], best, s.top[4]), Y: y + peak(s.top[5], best, s.top[6])},
		Score: best + c.loss(int(x), int(y)),
	}
}

// peak is where the parabola through three scores has its top, from the middle one.
func peak(a, b, c float64) float64 {
	if d := a - 2*b + c; d < -1e-9 {
		return min(max((a-c)/(2*d), -0.5), 0.5)
	}
	return 0
}

func (c *Climb) loss(x, y int) float64 { return c.Near / (c.Far * c.Far) * float64(x*x+y*y) }

// plainClimb looks at every move, and goes beyond the border.
func (s *Stencil) plainClimb(c *Climb) {
	per := 1 / (float64(len(s.groups[0])) * c.White)
	score := func(x, y int) float64 {
		m := s.Sums(x, y)
		return float64(float64(m[1]-m[0])*per) + float64(0.5*(float64(max(m[2]-m[0], 0))*per)) - c.loss(x, y)
	}
	bx, by, best := 0, 0, score(0, 0)
	for reach, step := int(c.Far), c.Step; ; {
		x0, y0, n := bx, by, reach/step*step
		for y := y0 - n; y <= y0+n; y += step {
			for x := x0 - n; x <= x0+n; x += step {
				if float64(x*x+y*y) > c.Far*c.Far+0.5 {
					continue
				}
				if v := score(x, y); v > best+1e-9 {
					best, bx, by = v, x, y
				}
			}
		}
		if step == 1 {
			break
		}
		reach, step = step-1, (step+1)/2
	}
	s.top = [7]float64{float64(bx), float64(by), best, score(bx-1, by), score(bx+1, by), score(bx, by-1), score(bx, by+1)}
}

// Sums is the brightness of each group after the stencil moved by dx, dy pixels, added
// up. The border of the picture is continued.
func (s *Stencil) Sums(dx, dy int) (m [3]int) {
	if !s.set {
		s.compute()
	}
	w, h := s.img.Rect.Max.X-1, s.img.Rect.Max.Y-1
	for g, places := range s.places {
		for _, p := range places {
			m[g] += int(s.img.Pix[min(max(p.Y+dy, 0), h)*s.img.Stride+min(max(p.X+dx, 0), w)])
		}
	}
	return m
}

// compute finds the pixels of the places.
func (s *Stencil) compute() {
	s.set = true
	for g, steps := range s.groups {
		s.places[g] = s.places[g][:0]
		for _, d := range steps {
			x := int(math.Floor(s.c.X + s.l.XX*d.X + s.l.XY*d.Y))
			y := int(math.Floor(s.c.Y + s.l.YX*d.X + s.l.YY*d.Y))
			s.places[g] = append(s.places[g], image.Pt(x, y))
		}
	}
}
