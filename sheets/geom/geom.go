// Package geom is plane geometry in two spaces that must never be confused:
// millimetres of paper and pixels of a scan. A Point of one space handed to a
// Map of the other does not compile.
package geom

import (
	"encoding/json"
	"errors"
	"math"
)

// Paper is the space of the printed sheet: millimetres from its top-left corner.
type Paper struct{}

// Pixel is the space of one scanned page: pixels, with centres at .5.
type Pixel struct{}

// A Space says what the numbers of a Point mean. It exists only at compile time.
type Space interface{ Paper | Pixel }

// A Point is a place in one space; x grows to the right, y downwards.
type Point[S Space] struct{ X, Y float64 }

// Add returns p moved by q.
func (p Point[S]) Add(q Point[S]) Point[S] { return Point[S]{p.X + q.X, p.Y + q.Y} }

// Sub returns the way from q to p.
func (p Point[S]) Sub(q Point[S]) Point[S] { return Point[S]{p.X - q.X, p.Y - q.Y} }

// Mul returns p scaled by k.
func (p Point[S]) Mul(k float64) Point[S] { return Point[S]{p.X * k, p.Y * k} }

// Norm is the distance of p from the origin.
func (p Point[S]) Norm() float64 { return math.Hypot(p.X, p.Y) }

// A Rect is an upright rectangle; Min is its top-left corner.
type Rect[S Space] struct{ Min, Max Point[S] }

// R returns the rectangle with the given left, top, right and bottom.
func R[S Space](x0, y0, x1, y1 float64) Rect[S] {
	return Rect[S]{Point[S]{x0, y0}, Point[S]{x1, y1}}
}

// W is the width of r.
func (r Rect[S]) W() float64 { return r.Max.X - r.Min.X }

// H is the height of r.
func (r Rect[S]) H() float64 { return r.Max.Y - r.Min.Y }

// Center is the middle of r.
func (r Rect[S]) Center() Point[S] {
	return Point[S]{(r.Min.X + r.Max.X) / 2, (r.Min.Y + r.Max.Y) / 2}
}

// Inset returns r with each side moved inwards by d; a negative d grows it.
func (r Rect[S]) Inset(d float64) Rect[S] {
	return R[S](r.Min.X+d, r.Min.Y+d, r.Max.X-d, r.Max.Y-d)
}

// Contains says whether p lies in r; the left and top sides belong to it.
func (r Rect[S]) Contains(p Point[S]) bool {
	return p.X >= r.Min.X && p.X < r.Max.X && p.Y >= r.Min.Y && p.Y < r.Max.Y
}

// Overlaps says whether r and q share more than a border.
func (r Rect[S]) Overlaps(q Rect[S]) bool {
	return r.Min.X < q.Max.X && q.Min.X < r.Max.X && r.Min.Y < q.Max.Y && q.Min.Y < r.Max.Y
}

// Union is the smallest rectangle that holds r and q.
func (r Rect[S]) Union(q Rect[S]) Rect[S] {
	return R[S](math.Min(r.Min.X, q.Min.X), math.Min(r.Min.Y, q.Min.Y),
		math.Max(r.Max.X, q.Max.X), math.Max(r.Max.Y, q.Max.Y))
}

// A Quad lists the sheet's own corners (top-left, top-right, bottom-right,
// bottom-left), whichever way the sheet lies in the scan.
type Quad[S Space] [4]Point[S]

// Corners returns the corners of r in the order of a Quad.
func (r Rect[S]) Corners() Quad[S] {
	return Quad[S]{r.Min, {r.Max.X, r.Min.Y}, r.Max, {r.Min.X, r.Max.Y}}
}

// Bounds is the smallest upright rectangle that holds q.
func (q Quad[S]) Bounds() Rect[S] {
	r := Rect[S]{q[0], q[0]}
	for _, p := range q[1:] {
		r = r.Union(Rect[S]{p, p})
	}
	return r
}

// A Map carries points of one space to another by a projective transform. The
// zero Map is invalid: it carries every point to NaN.
type Map[From, To Space] struct{ m [9]float64 }

// NewMap returns the Map with the given row-major 3×3 matrix.
func NewMap[From, To Space](m [9]float64) Map[From, To] { return Map[From, To]{m} }

// Matrix returns the row-major 3×3 matrix of m.
func (m Map[From, To]) Matrix() [9]float64 { return m.m }

// At carries p over.
func (m Map[From, To]) At(p Point[From]) Point[To] {
	w := m.m[6]*p.X + m.m[7]*p.Y + m.m[8]
	return Point[To]{
		(m.m[0]*p.X + m.m[1]*p.Y + m.m[2]) / w,
		(m.m[3]*p.X + m.m[4]*p.Y + m.m[5]) / w,
	}
}

// Quad carries the corners of r over.
func (m Map[From, To]) Quad(r Rect[From]) Quad[To] {
	var q Quad[To]
	for i, p := range r.Corners() {
		q[i] = m.At(p)
	}
	return q
}

// Inverse undoes m. The inverse of a Map that flattens the plane is the zero Map.
func (m Map[From, To]) Inverse() Map[To, From] {
	a := m.m
	c := [9]float64{
		a[4]*a[8] - a[5]*a[7], a[2]*a[7] - a[1]*a[8], a[1]*a[5] - a[2]*a[4],
		a[5]*a[6] - a[3]*a[8], a[0]*a[8] - a[2]*a[6], a[2]*a[3] - a[0]*a[5],
		a[3]*a[7] - a[4]*a[6], a[1]*a[6] - a[0]*a[7], a[0]*a[4] - a[1]*a[3],
	}
	det := a[0]*c[0] + a[1]*c[3] + a[2]*c[6]
	if det == 0 || math.IsNaN(det) {
		return Map[To, From]{}
	}
	for i := range c {
		c[i] /= det
	}
	return Map[To, From]{c}
}

// MarshalJSON writes the nine numbers of the matrix.
func (m Map[From, To]) MarshalJSON() ([]byte, error) { return json.Marshal(m.m) }

// UnmarshalJSON reads the nine numbers of the matrix.
func (m *Map[From, To]) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &m.m) }

// ErrDegenerate says that the points do not determine a Map: too few, or in line.
var ErrDegenerate = errors.New("geom: points do not determine a map")

// Fit returns the Map that best carries src onto dst, and the root-mean-square
// error it leaves, in units of To. Three pairs give the affine Map through them,
// four or more the projective Map of least squares (normalised direct linear
// transform; Hartley & Zisserman, Multiple View Geometry, algorithm 4.2).
func Fit[From, To Space](src []Point[From], dst []Point[To]) (Map[From, To], float64, error) {
	if len(src) != len(dst) || len(src) < 3 {
		return Map[From, To]{}, 0, ErrDegenerate
	}
	return fit(src, dst, len(src) > 3)
}

// FitAffine is Fit without perspective, for any number of pairs from three.
func FitAffine[From, To Space](src []Point[From], dst []Point[To]) (Map[From, To], float64, error) {
	if len(src) != len(dst) || len(src) < 3 {
		return Map[From, To]{}, 0, ErrDegenerate
	}
	return fit(src, dst, false)
}

func fit[From, To Space](src []Point[From], dst []Point[To], projective bool) (Map[From, To], float64, error) {
	sx, sy, sk := normal(src)
	dx, dy, dk := normal(dst)
	n := 6
	if projective {
		n = 8
	}
	var a [8][9]float64 // normal equations, right side in the last column
	add := func(row [8]float64, rhs float64) {
		for i := range n {
			for j := range n {
				a[i][j] += row[i] * row[j]
			}
			a[i][8] += row[i] * rhs
		}
	}
	for i := range src {
		x, y := (src[i].X-sx)*sk, (src[i].Y-sy)*sk
		u, v := (dst[i].X-dx)*dk, (dst[i].Y-dy)*dk
		add([8]float64{x, y, 1, 0, 0, 0, -u * x, -u * y}, u)
		add([8]float64{0, 0, 0, x, y, 1, -v * x, -v * y}, v)
	}
	h, ok := solve(&a, n)
	if !ok {
		return Map[From, To]{}, 0, ErrDegenerate
	}
	norm := Map[From, From]{[9]float64{sk, 0, -sk * sx, 0, sk, -sk * sy, 0, 0, 1}}
	core := Map[From, To]{[9]float64{h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], 1}}
	back := Map[To, To]{[9]float64{1 / dk, 0, dx, 0, 1 / dk, dy, 0, 0, 1}}
	m := Then(Then(norm, core), back)
	var sum float64
	for i := range src {
		e := m.At(src[i]).Sub(dst[i])
		sum += e.X*e.X + e.Y*e.Y
	}
	rms := math.Sqrt(sum / float64(len(src)))
	if math.IsNaN(rms) || math.IsInf(rms, 0) {
		return Map[From, To]{}, 0, ErrDegenerate
	}
	return m, rms, nil
}

// Then returns the Map that applies a and then b.
func Then[A, B, C Space](a Map[A, B], b Map[B, C]) Map[A, C] {
	var m [9]float64
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				m[3*i+j] += b.m[3*i+k] * a.m[3*k+j]
			}
		}
	}
	return Map[A, C]{m}
}

// normal is the centroid of ps, and the factor that brings their mean distance from
// it to √2: so moved and scaled, they keep the normal equations well conditioned.
func normal[S Space](ps []Point[S]) (cx, cy, k float64) {
	for _, p := range ps {
		cx += p.X / float64(len(ps))
		cy += p.Y / float64(len(ps))
	}
	var mean float64
	for _, p := range ps {
		mean += math.Hypot(p.X-cx, p.Y-cy) / float64(len(ps))
	}
	k = 1
	if mean > 0 {
		k = math.Sqrt2 / mean
	}
	return cx, cy, k
}

// solve is Gaussian elimination with partial pivoting on the n×n system a.
func solve(a *[8][9]float64, n int) (h [8]float64, ok bool) {
	for c := range n {
		p := c
		for r := c + 1; r < n; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[p][c]) {
				p = r
			}
		}
		if math.Abs(a[p][c]) < 1e-9 {
			return h, false
		}
		a[c], a[p] = a[p], a[c]
		for r := range n {
			if r == c {
				continue
			}
			k := a[r][c] / a[c][c]
			for j := c; j < 9; j++ {
				a[r][j] -= k * a[c][j]
			}
		}
	}
	for i := range n {
		h[i] = a[i][8] / a[i][i]
	}
	return h, true
}
