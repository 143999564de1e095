package omr

import (
	"math"
	"slices"

	"bargkhan/omr/internal/pix"
)

// A line is all points p with n·p = d; n has length one. The zero line is none.
type line struct {
	n px
	d float64
}

// fitLine is the line through points in least squares, after those farther than
// limit from it were left out one by one; none if fewer than half remain, or four.
func fitLine(points []px, limit float64) line {
	var room [16]px // as many pieces as an edge is seen in, twice
	ps := append(room[:0], points...)
	for len(ps) >= 4 && 2*len(ps) >= len(points) {
		l := through(ps)
		worst, at := 0.0, 0
		for i, p := range ps {
			if d := math.Abs(l.n.X*p.X + l.n.Y*p.Y - l.d); d > worst {
				worst, at = d, i
			}
		}
		if worst <= limit {
			return l
		}
		ps = slices.Delete(ps, at, at+1)
	}
	return line{}
}

// through is the line of total least squares.
func through(ps []px) line {
	var c px
	for _, p := range ps {
		c = c.Add(p.Mul(1 / float64(len(ps))))
	}
	var xx, xy, yy float64
	for _, p := range ps {
		d := p.Sub(c)
		xx, xy, yy = xx+d.X*d.X, xy+d.X*d.Y, yy+d.Y*d.Y
	}
	angle := math.Atan2(2*xy, xx-yy) / 2
	n := px{X: -math.Sin(angle), Y: math.Cos(angle)}
	return line{n, n.X*c.X + n.Y*c.Y}
}

// cross is where two lines meet; ok is false if either is none or they hardly cross.
func cross(a, b line) (p px, ok bool) {
	det := a.n.X*b.n.Y - a.n.Y*b.n.X
	if math.Abs(det) < 0.5 {
		return p, false
	}
	return px{X: (a.d*b.n.Y - b.d*a.n.Y) / det, Y: (b.d*a.n.X - a.d*b.n.X) / det}, true
}

// middle is the median of vs, or 0 of none.
func middle(vs []float64) float64 { return share(vs, 0.5) }

// share is the value that the share q of vs lies below, or 0 of none.
func share(vs []float64, q float64) float64 {
	if len(vs) == 0 {
		return 0
	}
	return pix.Ranked(vs, min(int(q*float64(len(vs))), len(vs)-1))
}

// take is share of at least one value, and changes the order of vs.
func take(vs []float64, q float64) float64 {
	k := min(int(q*float64(len(vs))), len(vs)-1)
	for lo, hi := 0, len(vs)-1; lo < hi; { // Hoare's selection
		pivot := vs[k]
		i, j := lo, hi
		for i <= j {
			for vs[i] < pivot {
				i++
			}
			for vs[j] > pivot {
				j--
			}
			if i <= j {
				vs[i], vs[j] = vs[j], vs[i]
				i, j = i+1, j-1
			}
		}
		if j < k {
			lo = i
		}
		if k < i {
			hi = j
		}
	}
	return vs[k]
}
