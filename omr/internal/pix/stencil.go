package pix

import (
	"image"
	"math"

	"bargkhan/sheets/geom"
)

// A Stencil is three groups of as many places around a point, which is moved over a picture by
// whole pixels.
type Stencil struct {
	groups [3][]geom.Point[geom.Paper]
	sums   []uint16
	scores []float64
	places [3][]image.Point // where the plain search finds them
}

// Set says which places they are, in mm from the point.
func (s *Stencil) Set(groups [3][]geom.Point[geom.Paper]) { s.groups = groups }

// A Climb is a search for the move at which the first group, a printed line, stands out
// most: darker than the second, which it must be, and than the third, which may add half as
// much to its score and takes nothing from it. Scores are counted in the White of its Place.
type Climb struct {
	Place         // of the stencil before it is moved
	Far   float64 // how far the stencil is moved, in pixels; at least 1
	Near  float64 // what a move by Far loses, so that of equals the nearest is found
	Step  int     // how far apart moves are looked at first; it is halved until it is 1

	reach int
	top   [7]float64 // as pix_climb says
	found int        // not 0: top is
}

// A Top is the move that a Climb found, and its score without that loss.
type Top struct {
	At    Point // between pixels: the top of the parabola through the neighbours' scores
	Score float64
}

// Reach is how far the stencil is moved at most in either direction.
func (c *Climb) Reach() int { return int(math.Sqrt(c.Far*c.Far+0.5)) + 1 }

// Climb searches in img; the Top of each is then known.
func (s *Stencil) Climb(img *image.Gray, climbs ...Climb) {
	s.climb(img, climbs)
	for i := range climbs {
		if climbs[i].found == 0 {
			s.plainClimb(img, &climbs[i])
		}
	}
}

// Top is what was found.
func (c *Climb) Top() Top {
	x, y, best := c.top[0], c.top[1], c.top[2]
	return Top{
		At:    Point{X: x + peak(c.top[3], best, c.top[4]), Y: y + peak(c.top[5], best, c.top[6])},
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
func (s *Stencil) plainClimb(img *image.Gray, c *Climb) {
	s.place(c.Place)
	per := 1 / (float64(len(s.groups[0])) * c.White)
	score := func(x, y int) float64 {
		m := s.Sums(img, x, y)
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
	c.top = [7]float64{float64(bx), float64(by), best, score(bx-1, by), score(bx+1, by), score(bx, by-1), score(bx, by+1)}
}

// Sums is the brightness in img of each group after the stencil was placed and then moved by dx, dy
// pixels, added up. The border of the picture is continued.
func (s *Stencil) Sums(img *image.Gray, dx, dy int) (m [3]int) {
	w, h := img.Rect.Max.X-1, img.Rect.Max.Y-1
	for g, places := range s.places {
		for _, p := range places {
			m[g] += int(img.Pix[min(max(p.Y+dy, 0), h)*img.Stride+min(max(p.X+dx, 0), w)])
		}
	}
	return m
}

// place finds the pixels of the places.
func (s *Stencil) place(at Place) {
	for g, steps := range s.groups {
		s.places[g] = s.places[g][:0]
		for _, d := range steps {
			x := int(math.Floor(at.At.X + at.Lens.XX*d.X + at.Lens.XY*d.Y))
			y := int(math.Floor(at.At.Y + at.Lens.YX*d.X + at.Lens.YY*d.Y))
			s.places[g] = append(s.places[g], image.Pt(x, y))
		}
	}
}
