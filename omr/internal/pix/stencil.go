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
	img            *image.Gray
	groups         [3][]int // offsets into the picture
	places         [3][]image.Point
	x0, y0, x1, y1 int // the places' bounds
}

// Set places the stencil around c, with the groups seen through l.
func (s *Stencil) Set(img *image.Gray, c Point, l Lens, groups ...[]geom.Point[geom.Paper]) {
	s.img = img
	s.x0, s.y0, s.x1, s.y1 = math.MaxInt, math.MaxInt, math.MinInt, math.MinInt
	for g := range s.groups {
		s.groups[g], s.places[g] = s.groups[g][:0], s.places[g][:0]
	}
	for g, steps := range groups {
		for _, d := range steps {
			x := int(math.Floor(c.X + l.XX*d.X + l.XY*d.Y))
			y := int(math.Floor(c.Y + l.YX*d.X + l.YY*d.Y))
			s.x0, s.x1, s.y0, s.y1 = min(s.x0, x), max(s.x1, x), min(s.y0, y), max(s.y1, y)
			s.groups[g] = append(s.groups[g], y*img.Stride+x)
			s.places[g] = append(s.places[g], image.Pt(x, y))
		}
	}
}

// Means is the mean brightness of each group after the stencil moved by dx, dy
// pixels. The border of the picture is continued.
func (s *Stencil) Means(dx, dy int) (m [3]float64) {
	if s.x0+dx < 0 || s.y0+dy < 0 || s.x1+dx >= s.img.Rect.Max.X || s.y1+dy >= s.img.Rect.Max.Y {
		return s.careful(dx, dy)
	}
	off := dy*s.img.Stride + dx
	pix := s.img.Pix
	for g, places := range s.groups {
		sum := 0
		for _, o := range places {
			sum += int(pix[o+off])
		}
		m[g] = float64(sum) / float64(max(len(places), 1))
	}
	return m
}

// careful is Means near the border.
func (s *Stencil) careful(dx, dy int) (m [3]float64) {
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
