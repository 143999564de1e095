package pix

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"bargkhan/sheets/geom"
)

// white is an empty picture.
func white(w, h int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = 240
	}
	return img
}

// box darkens r.
func box(img *image.Gray, r image.Rectangle, v uint8) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			img.Pix[y*img.Stride+x] = v
		}
	}
}

// noise is a picture of chance.
func noise(w, h int, seed uint64) *image.Gray {
	rng := rand.New(rand.NewPCG(seed, 0))
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = uint8(rng.IntN(256))
	}
	return img
}

func TestOrigin(t *testing.T) {
	img := noise(20, 10, 1)
	sub := img.SubImage(image.Rect(3, 4, 9, 8)).(*image.Gray)
	got := Origin(sub)
	if got.Rect != image.Rect(0, 0, 6, 4) || got.GrayAt(2, 1) != img.GrayAt(5, 5) {
		t.Errorf("got %v with %v, want the part's pixels", got.Rect, got.GrayAt(2, 1))
	}
}

// TestShrink compares with a mean written plainly.
func TestShrink(t *testing.T) {
	img := noise(31, 17, 2)
	for k := 1; k <= 5; k++ {
		got := Shrink(img, k)
		for y := range got.Rect.Dy() {
			for x := range got.Rect.Dx() {
				sum := 0
				for j := range k {
					for i := range k {
						sum += int(img.GrayAt(x*k+i, y*k+j).Y)
					}
				}
				if want := uint8((sum + k*k/2) / (k * k)); got.GrayAt(x, y).Y != want {
					t.Fatalf("k %d at %d,%d: got %d, want %d", k, x, y, got.GrayAt(x, y).Y, want)
				}
			}
		}
	}
}

func TestAt(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 2, 2))
	copy(img.Pix, []uint8{0, 100, 200, 40})
	for p, want := range map[Point]float64{
		{X: 0.5, Y: 0.5}: 0, {X: 1.5, Y: 0.5}: 100, {X: 1, Y: 0.5}: 50, {X: 1, Y: 1}: 85, {X: -9, Y: 9}: 200, {X: 9, Y: 9}: 40,
	} {
		if got := At(img, p); math.Abs(got-want) > 1e-9 {
			t.Errorf("at %v: got %v, want %v", p, got, want)
		}
	}
	if got := At(img, Point{X: math.NaN(), Y: math.Inf(1)}); math.IsNaN(got) {
		t.Error("no place gives no brightness")
	}
}

// TestStencil holds the quick loop against the plain one, inside and at the border.
func TestStencil(t *testing.T) {
	img := noise(60, 50, 3)
	l := Lens{XX: 3.1371, XY: -0.4131, YX: 0.5177, YY: 2.9219}
	a := []geom.Point[geom.Paper]{{X: 1, Y: 2}, {X: -3, Y: 0.4}, {}}
	b := []geom.Point[geom.Paper]{{X: -1, Y: -2}, {}, {X: 2}}
	for _, c := range []Point{{X: 30.3, Y: 25.7}, {X: 2.2, Y: 1.1}, {X: 58.9, Y: 48}} {
		var s Stencil
		s.Set([3][]geom.Point[geom.Paper]{a, b, a})
		s.place(Place{At: c, Lens: l})
		for d := -7; d <= 7; d++ {
			at := c.Add(Point{X: float64(d), Y: float64(-d)})
			got := s.Sums(img, d, -d)
			for g, steps := range [][]geom.Point[geom.Paper]{a, b} {
				inside := true
				for _, p := range steps {
					q := at.Add(l.Step(p.X, p.Y))
					inside = inside && q.X >= 0 && q.Y >= 0
				}
				if want := Mean(img, at, l, steps) * float64(len(steps)); inside && math.Abs(float64(got[g])-want) > 1e-9 {
					t.Errorf("at %v moved by %d, group %d: got %v, want %v", c, d, g, got[g], want)
				}
			}
		}
	}
}

func TestBackUndoesStep(t *testing.T) {
	l := Lens{XX: 7.9, XY: -0.4, YX: 0.5, YY: 8.1}
	if got := l.Back(l.Step(1.5, -2.5)); math.Hypot(got.X-1.5, got.Y+2.5) > 1e-9 {
		t.Errorf("got %v", got)
	}
}

func TestSamplesOutside(t *testing.T) {
	got := make([]float64, 2)
	Samples(white(10, 10), Point{X: 5, Y: 5}, Lens{XX: 1, YY: 1}, []geom.Point[geom.Paper]{{}, {X: 6}}, got)
	if got[0] != 240 || got[1] != Outside {
		t.Errorf("got %v", got)
	}
}

func TestFall(t *testing.T) {
	for _, edge := range []float64{6, 7.25, 9.5, 12.75} {
		p := make([]float64, 20)
		for i := range p { // the edge lies inside a value, which is then a mixture
			p[i] = 40 + 200*min(max(edge-float64(i)+0.5, 0), 1)
		}
		if at, h := Fall(p, 3); math.Abs(at-edge) > 0.3 || math.Abs(h-200) > 40 {
			t.Errorf("edge at %v: got %v, height %v", edge, at, h)
		}
	}
	if _, h := Fall([]float64{1}, 3); h != 0 {
		t.Error("a profile too short has an edge")
	}
}

func TestBar(t *testing.T) {
	for _, mid := range []float64{15, 20.5, 26} {
		p := make([]float64, 41)
		for i := range p {
			p[i] = 240 - 200*min(max(4-math.Abs(float64(i)-mid)+0.5, 0), 1)
		}
		if at, h := Bar(p, 8); math.Abs(at-mid) > 0.3 || h < 150 {
			t.Errorf("bar at %v: got %v, height %v", mid, at, h)
		}
	}
	if _, h := Bar(make([]float64, 41), 8); h != 0 {
		t.Errorf("an even profile has a bar of height %v", h)
	}
}

func TestPaper(t *testing.T) {
	img := white(800, 1000)
	for y := range 1000 { // light falls off to the right
		for x := range 800 {
			img.Pix[y*img.Stride+x] = uint8(240 - x/10)
		}
	}
	for i := 0; i < 700; i += 20 {
		box(img, image.Rect(i, 300, i+8, 700), 20) // dense print
	}
	p := PaperOf(img, nil)
	for _, q := range []Point{{X: 100, Y: 100}, {X: 400, Y: 500}, {X: 700, Y: 900}} {
		if want := 240 - q.X/10; math.Abs(p.At(q)-want) > 6 {
			t.Errorf("at %v: got %v, want %v", q, p.At(q), want)
		}
	}
}

// TestBlobs holds the runs against a flood fill.
func TestBlobs(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	img := white(120, 90)
	for range 60 {
		x, y := rng.IntN(100), rng.IntN(80)
		box(img, image.Rect(x, y, x+1+rng.IntN(9), y+1+rng.IntN(7)), 10)
	}
	var want []int
	seen := make(map[image.Point]bool)
	for y := range 90 {
		for x := range 120 {
			if n := flood(img, image.Pt(x, y), seen); n > 0 {
				want = append(want, n)
			}
		}
	}
	got := new(Figures).Blobs(img, PaperOf(img, nil), 0.5, 1, 200)
	if len(got) != len(want) {
		t.Fatalf("%d blobs, want %d", len(got), len(want))
	}
	for i, b := range got {
		if b.Area != want[i] {
			t.Errorf("blob %d: %d pixels, want %d", i, b.Area, want[i])
		}
	}
}

func flood(img *image.Gray, p image.Point, seen map[image.Point]bool) int {
	if !p.In(img.Rect) || img.GrayAt(p.X, p.Y).Y > 100 || seen[p] {
		return 0
	}
	seen[p] = true
	n := 1
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			n += flood(img, p.Add(image.Pt(dx, dy)), seen)
		}
	}
	return n
}

func TestBlobFigure(t *testing.T) {
	img := white(100, 100)
	box(img, image.Rect(20, 30, 40, 60), 10)
	got := new(Figures).Blobs(img, PaperOf(img, nil), 0.5, 5, 50)
	if len(got) != 1 {
		t.Fatalf("%d blobs", len(got))
	}
	b := got[0]
	if b.Box != image.Rect(20, 30, 40, 60) || b.Center.Sub(Point{X: 30, Y: 45}).Norm() > 1e-9 || b.Far[2] != (Point{X: 39.5, Y: 59.5}) {
		t.Errorf("got %+v", b)
	}
}

func TestLines(t *testing.T) {
	img := white(600, 850)
	for y := 100; y < 800; y += 13 { // rows of bubbles are no line
		for x := 40; x < 560; x += 21 {
			box(img, image.Rect(x, y, x+2, y+9), 60)
			box(img, image.Rect(x+15, y, x+17, y+9), 60)
		}
	}
	paper := PaperOf(img, nil)
	if l := FindLines(img, paper, nil, nil); l.Full != 0 || l.Within(Point{X: 284, Y: 384}, Point{X: 316, Y: 416}) {
		t.Errorf("print is taken for %d lines", l.Full)
	}
	box(img, image.Rect(238, 0, 240, 850), 90)
	l := FindLines(img, paper, nil, nil)
	if l.Full != 1 || !l.On(Point{X: 239, Y: 400}) || l.On(Point{X: 245, Y: 400}) {
		t.Errorf("a streak: %d lines, on it %v, beside it %v", l.Full, l.On(Point{X: 239, Y: 400}), l.On(Point{X: 245, Y: 400}))
	}
	box(img, image.Rect(0, 501, 600, 503), 90)
	if l := FindLines(img, paper, nil, nil); l.Full != 2 || !l.On(Point{X: 400, Y: 502}) {
		t.Errorf("a streak and a fold: %d lines", l.Full)
	}
	box(img, image.Rect(0, 601, 600, 603), 90)
	var where Where
	where.Nowhere(img)
	if l := FindLines(img, paper, &where, nil); l.Full != 3 || l.On(Point{X: 400, Y: 502}) || l.On(Point{X: 239, Y: 400}) {
		t.Errorf("a streak and two folds, where nobody asks: %d lines", l.Full)
	}
	defer func() {
		if recover() == nil {
			t.Error("whoever asks where lines were not looked for is told that there is none")
		}
	}()
	FindLines(img, paper, &where, nil).Within(Point{X: 400, Y: 502}, Point{X: 410, Y: 505})
}

// TestRowsOfMarks shows marks side by side that a coarse scan nearly joins: no line, unless one
// runs through them.
func TestRowsOfMarks(t *testing.T) {
	paint := func(img *image.Gray, r image.Rectangle, v uint8, turned bool) {
		if turned {
			r = image.Rect(r.Min.Y, r.Min.X, r.Max.Y, r.Max.X)
		}
		box(img, r, v)
	}
	for _, turned := range []bool{false, true} {
		img := white(500, 500)
		for x := 100; x < 300; x += 16 {
			paint(img, image.Rect(x, 200, x+16, 208), 205, turned)
			paint(img, image.Rect(x+1, 200, x+14, 208), 110, turned)
			paint(img, image.Rect(x+15, 200, x+16, 208), 245, turned)
		}
		on := func(x, y int) bool {
			p := Point{X: float64(x), Y: float64(y)}
			if turned {
				p = Point{X: p.Y, Y: p.X}
			}
			l := FindLines(img, PaperOf(img, nil), nil, nil)
			return l.On(p) && l.Within(p, p)
		}
		if on(200, 204) {
			t.Errorf("turned %v: marks side by side are a line", turned)
		}
		paint(img, image.Rect(60, 204, 340, 205), 120, turned)
		if !on(200, 204) || !on(70, 204) || !on(330, 204) || on(200, 201) {
			t.Errorf("turned %v: a line through marks side by side: %v, before %v, behind %v, beside %v", turned,
				on(200, 204), on(70, 204), on(330, 204), on(200, 201))
		}
	}
}

func TestTones(t *testing.T) {
	img := white(200, 200)
	box(img, image.Rect(0, 0, 200, 50), 0)
	box(img, image.Rect(0, 50, 200, 150), 100)
	box(img, image.Rect(0, 150, 200, 200), 255)
	rows := func(from, to int) (n float64) { // of those looked at
		for y := 0; y < 200; y += 7 {
			if y >= from && y < to {
				n++
			}
		}
		return n / 29
	}
	var r Reduced
	r.Of(img, 1)
	if g, w := r.Tones(); math.Abs(g-rows(50, 150)) > 1e-9 || math.Abs(w-rows(150, 200)) > 1e-9 {
		t.Errorf("got %v and %v, want %v and %v", g, w, rows(50, 150), rows(150, 200))
	}
	r.Of(image.NewGray(image.Rectangle{}), 1)
	if g, w := r.Tones(); g != 0 || w != 0 {
		t.Errorf("of no picture: %v and %v", g, w)
	}
}

func TestPrinted(t *testing.T) {
	img := white(160, 160)
	box(img, image.Rect(0, 0, 160, 8), 0) // a shadow at the edge
	if got := Printed(img, 128); got != 0 {
		t.Errorf("a shadow at the edge is %v print", got)
	}
	box(img, image.Rect(40, 40, 60, 60), 0)
	if got, want := Printed(img, 128), 400.0/(140*140); math.Abs(got-want) > 1e-9 {
		t.Errorf("got %v, want %v", got, want)
	}
}
