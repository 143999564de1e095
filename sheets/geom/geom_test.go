package geom

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// poses draws maps as scanners and cameras make them: any turn, 0.9 to 1.1 of the
// size at 100 to 300 dpi, some shear and some perspective.
func poses() *rapid.Generator[Map[Paper, Pixel]] {
	return rapid.Custom(func(t *rapid.T) Map[Paper, Pixel] {
		turn := rapid.Float64Range(0, 2*math.Pi).Draw(t, "turn")
		scale := rapid.Float64Range(4, 12).Draw(t, "scale")
		shear := rapid.Float64Range(-0.05, 0.05).Draw(t, "shear")
		px := rapid.Float64Range(-3e-4, 3e-4).Draw(t, "px")
		py := rapid.Float64Range(-3e-4, 3e-4).Draw(t, "py")
		s, c := math.Sincos(turn)
		return NewMap[Paper, Pixel]([9]float64{
			scale * c, scale * (shear*c - s), rapid.Float64Range(-2000, 2000).Draw(t, "x"),
			scale * s, scale * (shear*s + c), rapid.Float64Range(-2000, 2000).Draw(t, "y"),
			px, py, 1,
		})
	})
}

func places() *rapid.Generator[Point[Paper]] {
	return rapid.Custom(func(t *rapid.T) Point[Paper] {
		return Point[Paper]{rapid.Float64Range(0, 210).Draw(t, "x"), rapid.Float64Range(0, 297).Draw(t, "y")}
	})
}

func TestInverseUndoesAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, p := poses().Draw(t, "map"), places().Draw(t, "point")
		if d := m.Inverse().At(m.At(p)).Sub(p).Norm(); !(d < 1e-6) {
			t.Fatalf("%v comes back %v mm off", p, d)
		}
	})
}

func TestThenIsBothInTurn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, p := poses().Draw(t, "map"), places().Draw(t, "point")
		back := m.Inverse()
		if d := Then(m, back).At(p).Sub(p).Norm(); !(d < 1e-6) {
			t.Fatalf("%v comes back %v mm off", p, d)
		}
	})
}

func TestFitRecovers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := poses().Draw(t, "map")
		src := []Point[Paper]{{14, 14}, {195, 14}, {195, 282}, {14, 282}}
		for range rapid.IntRange(0, 20).Draw(t, "more") {
			src = append(src, places().Draw(t, "point"))
		}
		dst := make([]Point[Pixel], len(src))
		for i, p := range src {
			dst[i] = m.At(p)
		}
		got, rms, err := Fit(src, dst)
		if err != nil || rms > 1e-5 {
			t.Fatalf("rms %v, %v", rms, err)
		}
		p := places().Draw(t, "probe")
		if d := got.At(p).Sub(m.At(p)).Norm(); !(d < 1e-3) {
			t.Fatalf("%v is carried %v px off", p, d)
		}
	})
}

func TestFitAffineRecovers(t *testing.T) {
	want := NewMap[Paper, Pixel]([9]float64{7.9, 0.3, 12, -0.2, 8.1, -40, 0, 0, 1})
	src := []Point[Paper]{{10, 10}, {200, 12}, {20, 280}, {150, 150}}
	dst := make([]Point[Pixel], len(src))
	for i, p := range src {
		dst[i] = want.At(p)
	}
	for _, n := range []int{3, 4} {
		got, rms, err := FitAffine(src[:n], dst[:n])
		if err != nil || rms > 1e-6 {
			t.Fatalf("%d pairs: rms %v, %v", n, rms, err)
		}
		if p := (Point[Paper]{77, 88}); got.At(p).Sub(want.At(p)).Norm() > 1e-6 {
			t.Errorf("%d pairs: %v is carried to %v, want %v", n, p, got.At(p), want.At(p))
		}
	}
}

// The error Fit states is the error it leaves.
func TestFitStatesItsError(t *testing.T) {
	src := []Point[Paper]{{0, 0}, {100, 0}, {100, 100}, {0, 100}, {50, 50}}
	dst := []Point[Pixel]{{0, 0}, {100, 0}, {100, 100}, {0, 100}, {53, 50}}
	m, rms, err := Fit(src, dst)
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for i := range src {
		sum += math.Pow(m.At(src[i]).Sub(dst[i]).Norm(), 2)
	}
	if want := math.Sqrt(sum / 5); math.Abs(rms-want) > 1e-12 || rms < 0.1 {
		t.Errorf("rms %v, want %v", rms, want)
	}
}

func TestFitRefuses(t *testing.T) {
	line := []Point[Paper]{{0, 0}, {1, 1}, {2, 2}, {3, 3}}
	same := []Point[Paper]{{5, 5}, {5, 5}, {5, 5}, {5, 5}}
	to := []Point[Pixel]{{0, 0}, {1, 0}, {1, 1}, {0, 1}}
	for name, src := range map[string][]Point[Paper]{"in line": line, "one point": same, "two": line[:2]} {
		if _, _, err := Fit(src, to[:len(src)]); !errors.Is(err, ErrDegenerate) {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := FitAffine(src, to[:len(src)]); !errors.Is(err, ErrDegenerate) {
			t.Errorf("%s, affine: %v", name, err)
		}
	}
	if _, _, err := Fit(line, to[:3]); !errors.Is(err, ErrDegenerate) {
		t.Errorf("lists of two lengths: %v", err)
	}
}

func TestZeroMapIsUseless(t *testing.T) {
	var m Map[Paper, Pixel]
	if p := m.At(Point[Paper]{1, 1}); !math.IsNaN(p.X) || !math.IsNaN(p.Y) {
		t.Errorf("the zero map carries a point to %v", p)
	}
	if m.Inverse() != (Map[Pixel, Paper]{}) {
		t.Error("the zero map has an inverse")
	}
}

func TestMapJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := poses().Draw(t, "map")
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var back Map[Paper, Pixel]
		if err := json.Unmarshal(b, &back); err != nil || back != m {
			t.Fatalf("%s comes back as %v, %v", b, back, err)
		}
	})
}

func TestRect(t *testing.T) {
	r := R[Paper](10, 20, 30, 60)
	if r.W() != 20 || r.H() != 40 || r.Center() != (Point[Paper]{20, 40}) {
		t.Errorf("%v by %v around %v", r.W(), r.H(), r.Center())
	}
	if got := r.Corners().Bounds(); got != r {
		t.Errorf("bounds of its corners: %v", got)
	}
	if got := r.Inset(-1).Inset(1); got != r {
		t.Errorf("grown and shrunk: %v", got)
	}
	for _, tt := range []struct {
		q        Rect[Paper]
		overlaps bool
	}{{R[Paper](30, 20, 40, 60), false}, {R[Paper](29.9, 0, 40, 20.1), true}, {R[Paper](0, 0, 100, 100), true}, {R[Paper](15, 60, 20, 70), false}} {
		if r.Overlaps(tt.q) != tt.overlaps || tt.q.Overlaps(r) != tt.overlaps {
			t.Errorf("%v overlaps %v: want %v", r, tt.q, tt.overlaps)
		}
	}
	if !r.Contains(r.Min) || r.Contains(r.Max) {
		t.Error("the left and top sides belong to a Rect, the right and bottom do not")
	}
}
