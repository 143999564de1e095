package omr

import (
	"encoding/json"
	"math"
	"testing"

	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

func TestBendAt(t *testing.T) {
	b := Bend{Box: geom.R[geom.Paper](10, 10, 30, 50), Cols: 2, Rows: 3, By: []mm{
		{X: 0}, {X: 1}, {Y: 1}, {Y: 2}, {X: -1}, {X: -1},
	}}
	for q, want := range map[mm]mm{
		{X: 10, Y: 10}:  {X: 10, Y: 10},
		{X: 20, Y: 10}:  {X: 20.5, Y: 10},
		{X: 10, Y: 30}:  {X: 10, Y: 31},
		{X: 20, Y: 20}:  {X: 20.25, Y: 20.75},
		{X: 99, Y: 99}:  {X: 98, Y: 99}, // outside, the edge is continued
		{X: -5, Y: -50}: {X: -5, Y: -50},
	} {
		if got := b.At(q); got.Sub(want).Norm() > 1e-9 {
			t.Errorf("at %v: got %v, want %v", q, got, want)
		}
	}
	var none Bend
	if q := (mm{X: 3, Y: 4}); none.At(q) != q {
		t.Error("the zero bend moves places")
	}
	torn := Bend{Cols: 5, Rows: 5, By: []mm{{}}}
	if q := (mm{X: 3, Y: 4}); torn.At(q) != q {
		t.Error("a bend whose knots are missing moves places")
	}
}

func TestBentAdds(t *testing.T) {
	a := Bend{Box: geom.R[geom.Paper](0, 0, 100, 100), Cols: 2, Rows: 2, By: []mm{{X: 1}, {X: 1}, {X: 3}, {X: 3}}}
	b := a.bent(a.Box, 3, 3, func(q mm) mm { return mm{Y: q.X / 100} })
	for _, q := range []mm{{X: 10, Y: 20}, {X: 50, Y: 75}, {X: 100, Y: 0}} {
		want := a.At(q).Add(mm{Y: q.X / 100})
		if got := b.At(q); got.Sub(want).Norm() > 1e-9 {
			t.Errorf("at %v: got %v, want %v", q, got, want)
		}
	}
}

func TestCodes(t *testing.T) {
	for r := NoAnchors; r <= Unopened; r++ {
		b, _ := json.Marshal(Reject{Reason: r})
		var got Reject
		if err := json.Unmarshal(b, &got); err != nil || got.Reason != r || r.String() == "" {
			t.Errorf("%d: %s gives %v, %v", r, b, got.Reason, err)
		}
	}
	for n := Copied; n <= Bilevel; n++ {
		b, _ := n.MarshalText()
		var got Note
		if err := got.UnmarshalText(b); err != nil || got != n || n.String() == "" {
			t.Errorf("%d: %s gives %v, %v", n, b, got, err)
		}
	}
	var r Reason
	if r.UnmarshalText([]byte("no-such")) == nil {
		t.Error("an unknown code is taken")
	}
}

// TestMarkersDiffer shows that no marker of ours, turned as it may be, is within two
// modules of another, and that none looks like another one in a mirror.
func TestMarkersDiffer(t *testing.T) {
	type seen struct {
		id, turn int
		mirror   bool
		code     [16]bool
	}
	var all []seen
	for id := range 4 * len(sheets.Frames()) {
		for _, mirror := range []bool{false, true} {
			code := sheets.MarkerBits(id)
			if mirror {
				code = flipped(code)
			}
			for turn := range 4 {
				all = append(all, seen{id, turn, mirror, code})
				code = turned(code)
			}
		}
	}
	for i, a := range all {
		for _, b := range all[:i] {
			n := 0
			for k := range a.code {
				if a.code[k] != b.code[k] {
					n++
				}
			}
			if n < 3 && !a.mirror && !b.mirror {
				t.Errorf("marker %d turned %d and marker %d turned %d differ in %d modules", a.id, a.turn, b.id, b.turn, n)
			}
			if n < 1 && a.id != b.id {
				t.Errorf("marker %d (mirror %v) looks like marker %d (mirror %v)", a.id, a.mirror, b.id, b.mirror)
			}
		}
	}
}

func TestSmooth(t *testing.T) {
	off, ok := make([]mm, 40), make([]bool, 40)
	for i := range off {
		off[i], ok[i] = mm{Y: 0.02 * float64(i)}, true
	}
	off[10].Y += 3 // a tick that is something else
	ok[20] = false // a tick that was not seen
	off[20] = mm{} // says nothing
	ok[0] = false  // the end
	off[0] = mm{}
	share, rms := smooth(off, ok)
	if share != 37.0/40 || rms > 0.02 {
		t.Errorf("share %v, rms %v", share, rms)
	}
	for i := 1; i < 40; i++ {
		if math.Abs(off[i].Y-0.02*float64(i)) > 0.03 {
			t.Errorf("tick %d: %v, want %v", i, off[i].Y, 0.02*float64(i))
		}
	}
	if share, _ := smooth(make([]mm, 5), make([]bool, 5)); share != 0 {
		t.Errorf("no ticks are a share of %v", share)
	}
}

func TestFitLineLeavesOutStrays(t *testing.T) {
	var ps []px
	for i := range 8 {
		ps = append(ps, px{X: float64(i), Y: 2 * float64(i)})
	}
	ps[3].Y += 9
	l := fitLine(ps, 0.1)
	if l == (line{}) || math.Abs(l.n.X*5+l.n.Y*10-l.d) > 1e-9 {
		t.Fatalf("got %+v", l)
	}
	if fitLine(ps[:3], 0.1) != (line{}) {
		t.Error("three points are a line")
	}
	for _, other := range []line{l, {}} {
		if p, ok := cross(l, other); ok {
			t.Errorf("%+v and %+v cross at %v", l, other, p)
		}
	}
}

// TestShapes shows that outline points lie on the outline and look outwards, and that
// the inside is inside.
func TestShapes(t *testing.T) {
	for _, o := range []sheets.Outline{sheets.Stadium, sheets.Ellipse, sheets.Rectangle} {
		for _, size := range [][2]float64{{4.2, 2.2}, {2.2, 4.2}, {3, 3}} {
			s := newShape(o, size[0], size[1])
			if len(s.edge) != edgePoints {
				t.Fatalf("%v %v: %d points", o, size, len(s.edge))
			}
			for i, p := range s.edge {
				if d := s.depth(p); math.Abs(d) > 0.05 {
					t.Errorf("%v %v: point %v is %v deep", o, size, p, d)
				}
				if n := s.normal[i]; math.Abs(n.Norm()-1) > 1e-6 || s.depth(p.Add(n.Mul(0.3))) > -0.05 || s.depth(p.Sub(n.Mul(0.3))) < 0.05 {
					t.Errorf("%v %v: the normal %v at %v does not look outwards", o, size, n, p)
				}
			}
			for _, p := range s.inside(0.4, 0.1) {
				if s.depth(p) < 0.4 {
					t.Errorf("%v %v: %v is not inside", o, size, p)
				}
			}
		}
	}
}

// TestSeen holds the derivative of a pose, and the place that comes with it, against the
// places around.
func TestSeen(t *testing.T) {
	p := Pose{
		Map: geom.NewMap[geom.Paper, geom.Pixel]([9]float64{7.8, 0.2, 30, -0.3, 7.9, 20, 1e-4, -2e-4, 1}),
		Bend: Bend{Box: geom.R[geom.Paper](10, 10, 90, 130), Cols: 3, Rows: 4, By: []mm{
			{X: 0.1}, {X: 1}, {Y: 1}, {Y: 0.2}, {X: -1}, {X: -1}, {X: 0.5, Y: 0.5}, {}, {Y: -1}, {X: 0.3}, {}, {X: 1, Y: 1},
		}},
	}
	for _, bend := range []Bend{p.Bend, {}} {
		p.Bend = bend
		for _, q := range []mm{{X: 20, Y: 30}, {X: 77, Y: 99}, {X: 5, Y: 60}, {X: 60, Y: 140}, {X: 200, Y: 290}} {
			const h = 1e-4
			x := p.At(mm{X: q.X + h, Y: q.Y}).Sub(p.At(mm{X: q.X - h, Y: q.Y})).Mul(0.5 / h)
			y := p.At(mm{X: q.X, Y: q.Y + h}).Sub(p.At(mm{X: q.X, Y: q.Y - h})).Mul(0.5 / h)
			at, l := p.seen(q)
			if at != p.At(q) {
				t.Errorf("at %v: seen at %v, want %v", q, at, p.At(q))
			}
			if l.Step(1, 0).Sub(x).Norm() > 1e-6 || l.Step(0, 1).Sub(y).Norm() > 1e-6 {
				t.Errorf("at %v: derivative %v, want %v and %v", q, l, x, y)
			}
		}
	}
}
