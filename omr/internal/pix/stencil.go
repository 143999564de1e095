package pix

import (
	"image"
	"math"

	"bargkhan/sheets/geom"
)

// A Stencil holds three groups of places around a point, as pixels, so that it can
// be moved over a picture by whole pixels quickly. It may be used again for another
// point by Set. It is the plain loop of Mean with the arithmetic done once, and for all
// moves up to the reach at once: sixteen neighbouring moves need one reading.
type Stencil struct {
	img     *image.Gray
	groups  [3][]geom.Point[geom.Paper]
	places  [3][]image.Point
	c       Point
	l       Lens
	r, wide int // the reach of the table, and how long its rows are
	sums    []uint16
	quick   bool // the table holds
	set     bool // places are computed
}

// Set places the stencil around c, with the groups seen through l, to be moved by r
// pixels at most, or by more slowly.
func (s *Stencil) Set(img *image.Gray, c Point, l Lens, r int, groups ...[]geom.Point[geom.Paper]) {
	s.img, s.c, s.l, s.set = img, c, l, false
	s.groups = [3][]geom.Point[geom.Paper]{}
	copy(s.groups[:], groups)
	s.r, s.wide = r, (2*r+1+15)&^15
	n := len(s.groups[0])
	s.quick = n > 0 && len(s.groups[1]) == n && len(s.groups[2]) == n
	if s.quick {
		s.sums = sized(s.sums, 3*(2*r+1)*s.wide)
		s.quick = table(img, c, l, &s.groups, r, s.wide, s.sums)
	}
}

// Means is the mean brightness of each group after the stencil moved by dx, dy
// pixels. The border of the picture is continued.
func (s *Stencil) Means(dx, dy int) (m [3]float64) {
	if !s.quick || dx < -s.r || dy < -s.r || dx > s.r || dy > s.r {
		return s.careful(dx, dy)
	}
	k := (dy+s.r)*s.wide + dx + s.r
	plane := (2*s.r + 1) * s.wide
	n := float64(len(s.groups[0]))
	return [3]float64{float64(s.sums[k]) / n, float64(s.sums[k+plane]) / n, float64(s.sums[k+2*plane]) / n}
}

// careful is Means near the border.
func (s *Stencil) careful(dx, dy int) (m [3]float64) {
	if !s.set {
		s.compute()
	}
	w, h := s.img.Rect.Max.X-1, s.img.Rect.Max.Y-1
	for g, places := range s.places {
		sum := 0
		for _, p := range places {
			sum += int(s.img.Pix[min(max(p.Y+dy, 0), h)*s.img.Stride+min(max(p.X+dx, 0), w)])
		}
		m[g] = float64(sum) / float64(max(len(places), 1))
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
