package pix

import (
	"bytes"
	"fmt"
	"image"
	"math/rand/v2"
	"slices"
	"testing"

	"bargkhan/sheets/geom"
)

// printed is a picture with something of everything: noise, specks, bars, shadows.
func printed(w, h int, seed uint64) *image.Gray {
	rng := rand.New(rand.NewPCG(seed, 1))
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = uint8(225 + rng.IntN(12) - 60*(i%w)/w)
	}
	for range w * h / 900 {
		x, y := rng.IntN(w), rng.IntN(h)
		box(img, image.Rect(x, y, min(x+1+rng.IntN(14), w), min(y+1+rng.IntN(14), h)), uint8(rng.IntN(220)))
	}
	for range 6 {
		if v := uint8(60 + rng.IntN(120)); rng.IntN(2) == 0 {
			x, y := rng.IntN(w), rng.IntN(h/2)
			box(img, image.Rect(x, y, min(x+1+rng.IntN(4), w), min(y+h/8+rng.IntN(h), h)), v)
		} else {
			x, y := rng.IntN(w/2), rng.IntN(h)
			box(img, image.Rect(x, y, min(x+w/8+rng.IntN(w), w), min(y+1+rng.IntN(4), h)), v)
		}
	}
	for y := 20; y+20 < h; y += 61 { // marks side by side
		for x := rng.IntN(20); x+16 < w; x += 16 {
			box(img, image.Rect(x, y, x+13+rng.IntN(2), y+7), 110)
			box(img, image.Rect(x+13, y, x+15, y+7), uint8(170+rng.IntN(40)))
		}
	}
	return img
}

// gapped is print with rules across it, light lines down it, and something in them.
func gapped(w, h int, seed uint64) *image.Gray {
	img := printed(w, h, seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	for y := 3; y < h; y += 9 {
		box(img, image.Rect(0, y, w, min(y+2, h)), uint8(40+rng.IntN(60)))
	}
	for x := 9 + rng.IntN(9); x+5 < w; x += 14 + rng.IntN(30) {
		box(img, image.Rect(x, 0, x+1+rng.IntN(5), h), uint8(150+rng.IntN(100)))
		box(img, image.Rect(x-4, 0, x+9, rng.IntN(h/3)), 60)
	}
	return img
}

// anywhere takes all print for known.
func anywhere(int) bool { return true }

// TestGaps shows a light line through ruled paper, one in half of it, and one at which half
// of the rules are whole.
func TestGaps(t *testing.T) {
	img := white(200, 400)
	for y := 10; y < 400; y += 20 {
		box(img, image.Rect(0, y, 200, y+2), 40)
	}
	box(img, image.Rect(50, 0, 52, 400), 240)
	box(img, image.Rect(100, 0, 102, 190), 240)
	box(img, image.Rect(150, 0, 151, 400), 240)
	for y := 10; y < 400; y += 40 {
		box(img, image.Rect(140, y, 160, y+2), 40)
	}
	paper := PaperOf(img, nil)
	l := FindLines(img, paper, nil, nil)
	before := l.Full
	l.FindGaps(img, anywhere)
	if l.Full != before+1 || !l.On(Point{X: 51, Y: 333}) || l.On(Point{X: 101, Y: 19}) || l.On(Point{X: 150, Y: 17}) {
		t.Errorf("%d more lines than %d; at 51 %v, at 101 %v, at 150 %v", l.Full-before, before,
			l.On(Point{X: 51, Y: 333}), l.On(Point{X: 101, Y: 19}), l.On(Point{X: 150, Y: 17}))
	}
}

// TestOlderProcessors runs the tests of loops as processors with shorter vectors do.
func TestOlderProcessors(t *testing.T) {
	defer vectors(2)
	for most := range 2 {
		vectors(most)
		for name, test := range map[string]func(*testing.T){"pictures": TestLoopsOverPictures, "quantiles": TestQuantiles,
			"places": TestLoopsOverPlaces, "mapped": TestMapped, "looks": TestLooks, "letters": TestLetters, "climb": TestClimb, "patterns": TestPatterns} {
			t.Run(fmt.Sprint(name, " ", most), test)
		}
	}
}

// wanted finds the lines of img that somebody asks for: as many whole ones as everywhere, and the
// same in each box that was asked for.
func wanted(t *testing.T, img *image.Gray, paper *Paper) {
	t.Helper()
	var where Where
	want := FindLines(img, paper, nil, nil)
	for _, step := range []int{1, 3, 1000} { // many boxes, few, and the first alone
		where.Nowhere(img)
		var boxes [][2]Point
		for y := 5; y < img.Rect.Dy(); y += 40 * step {
			for x := 9; x < img.Rect.Dx(); x += 50 * step {
				boxes = append(boxes, [2]Point{{X: float64(x), Y: float64(y)}, {X: float64(x + 12), Y: float64(y + 8)}})
				where.Add(boxes[len(boxes)-1][0], boxes[len(boxes)-1][1])
			}
		}
		got := FindLines(img, paper, &where, nil)
		if got.Full != want.Full {
			t.Errorf("%v: %d whole lines, and %d of all", img.Rect, got.Full, want.Full)
		}
		for _, b := range boxes {
			some := false
			for y := b[0].Y; y <= b[1].Y; y++ {
				for x := b[0].X; x <= b[1].X; x++ {
					is := want.On(Point{X: x, Y: y})
					if some = some || is; got.On(Point{X: x, Y: y}) != is {
						t.Fatalf("%v: at %v, %v, in a box that is asked for, a line is %v", img.Rect, x, y, is)
					}
				}
			}
			if got.Within(b[0], b[1]) != some {
				t.Errorf("%v: a line in %v is %v", img.Rect, b, some)
			}
		}
	}
}

// sizes are odd, and multiples of what loops do at once, and just beside them.
var sizes = [][2]int{{200, 150}, {64, 90}, {65, 64}, {127, 301}, {128, 128}, {255, 257}, {640, 831}, {13, 13}, {12, 400}, {400, 14}}

func TestLoopsOverPictures(t *testing.T) {
	var lines Lines
	var paper Paper
	var figures Figures
	var reduced Reduced
	gaps := 0
	for i, size := range sizes {
		for _, img := range []*image.Gray{printed(size[0], size[1], uint64(i)), noise(size[0], size[1], uint64(i)), gapped(size[0], size[1], uint64(i))} {
			p := PaperOf(img, &paper)
			got, want := FindLines(img, p, nil, &lines), plainLines(img, p)
			if got.Full != want.Full || string(got.cells) != string(want.cells) {
				t.Errorf("%v: other lines, %d and %d", size, got.Full, want.Full)
			}
			wanted(t, img, p)
			gaps -= got.Full
			got.FindGaps(img, anywhere)
			gaps += got.Full
			if want.w > 2*lineSide && want.h > 2*lineSide {
				want.plainGaps(img, p)
			}
			if got.Full != want.Full || string(got.cells) != string(want.cells) {
				t.Errorf("%v: other gaps, %d and %d", size, got.Full, want.Full)
			}
			for y := 0; y < size[1]; y += 13 {
				for x := 0; x < size[0]; x += 11 {
					box := image.Rect(x-1, y-1, x+9, y+7).Intersect(img.Rect) // what On of x to x+7 and y to y+5 looks at
					some := false
					for i := box.Min.Y; i < box.Max.Y; i++ {
						some = some || slices.Max(want.cells[i*size[0]+box.Min.X:i*size[0]+box.Max.X]) > 0
					}
					if is := got.Within(Point{X: float64(x), Y: float64(y)}, Point{X: float64(x + 7), Y: float64(y + 5)}); is != some {
						t.Errorf("%v: a line in %v: %v", size, box, is)
					}
				}
			}
			for _, ratio := range []float64{0.62, 0.82} {
				got, want := figures.Blobs(img, p, ratio, 3, 40), plainBlobs(img, p, ratio, 3, 40)
				if len(got) != len(want) {
					t.Fatalf("%v: %d blobs, want %d", size, len(got), len(want))
				}
				for k := range got {
					if got[k] != want[k] {
						t.Errorf("%v: blob %d is %+v, want %+v", size, k, got[k], want[k])
					}
				}
			}
			parts := []image.Rectangle{image.Rect(0, 0, size[0]/2+3, size[1]), image.Rect(size[0]/3, size[1]/4, size[0], size[1]-5)}
			inside := blobsIn(parts, plainBlobs(img, p, 0.62, 3, 40), img.Rect)
			if got, want := figures.BlobsIn(parts, img, p, 0.62, 3, 40), inside; !slices.Equal(got, want) {
				t.Errorf("%v: blobs in parts %v, want %v", size, got, want)
			}
			for k := 1; k <= 7; k++ {
				reduced.Begin(size[0], size[1], k)
				for y := 0; y < size[1]; y += 5 * k { // as rows come
					reduced.Rows(img, y, min(y+5*k, size[1]))
				}
				if k > 1 && (string(Shrink(img, k).Pix) != string(plainShrink(img, k).Pix) || string(reduced.Img.Pix) != string(plainShrink(img, k).Pix)) {
					t.Errorf("%v: reduced %d times, it is another picture", size, k)
				}
				grey, white := reduced.Tones()
				if g, w := plainTones(img); grey != g || white != w {
					t.Errorf("%v: tones %v and %v, want %v and %v", size, grey, white, g, w)
				}
			}
		}
	}
	if gaps == 0 {
		t.Error("no picture has a light line")
	}
}

// blobsIn are those of some blobs of a picture that lie whole in one of its parts.
func blobsIn(parts []image.Rectangle, blobs []Blob, all image.Rectangle) (out []Blob) {
	for _, r := range parts {
		r.Min.X, r.Min.Y = r.Min.X&^15, r.Min.Y&^15
		for _, b := range blobs {
			if around := b.Box.Inset(-1).Intersect(all); around.Intersect(r) == around {
				out = append(out, b)
			}
		}
	}
	return out
}

func TestQuantiles(t *testing.T) {
	leaps := image.NewGray(image.Rect(0, 0, 60*30, 40)) // from tile to tile, from end to end
	for i := range leaps.Pix {
		tone := []int{0, 255, 1, 254, 2, 253, 128, 129, 127, 130, 126, 133, 3, 252, 252, 250, 0, 0, 255, 255}[i%leaps.Stride/30%20]
		leaps.Pix[i] = uint8(min(max(tone+i*7919%5-i%leaps.Stride/600, 0), 255))
	}
	for _, img := range []*image.Gray{printed(203, 40, 5), noise(203, 40, 5), leaps} {
		w := img.Rect.Dx()
		white := make([]uint8, (w+29)/30)
		for every := 1; every < 4; every++ {
			quantiles(img, 3, 33, every, 30, 0.8, white, make([]uint8, 2*w))
			for i, got := range white {
				var hist [256]int
				for y := 3; y < 33; y += every {
					for x := i * 30; x < min(i*30+30, w); x++ {
						hist[img.GrayAt(x, y).Y]++
					}
				}
				if want := quantile(&hist, 0.8); int(got) != want {
					t.Errorf("%d wide, one row in %d, tile %d: %d, want %d", w, every, i, got, want)
				}
			}
		}
	}
}

// around are lenses and places in a picture, at its border and beyond.
func around(rng *rand.Rand, w, h int) (Point, Lens, []geom.Point[geom.Paper]) {
	l := Lens{XX: 8 * rng.NormFloat64(), XY: rng.NormFloat64(), YX: rng.NormFloat64(), YY: 8 * rng.NormFloat64()}
	steps := make([]geom.Point[geom.Paper], 64)
	for i := range steps {
		steps[i] = geom.Point[geom.Paper]{X: 2 * rng.NormFloat64(), Y: 2 * rng.NormFloat64()}
	}
	return Point{X: rng.Float64() * float64(w), Y: rng.Float64() * float64(h)}, l, steps
}

func TestLoopsOverPlaces(t *testing.T) {
	for i, size := range sizes {
		img := noise(size[0], size[1], uint64(i))
		rng := rand.New(rand.NewPCG(uint64(i), 3))
		for range 50 {
			c, l, steps := around(rng, size[0], size[1])
			got, want := make([]float64, 63), make([]float64, 63)
			Samples(img, c, l, steps[:63], got)
			plainSamples(img, c, l, steps[:63], want)
			same(t, "samples", got, want)

			d, _, _ := around(rng, size[0], size[1])
			across := Point{X: l.XY, Y: l.YX}
			n := 1 + rng.IntN(63)
			m := 1 + rng.IntN(20)
			Profile(img, c, d, across, m, got[:n])
			plainProfile(img, c, d, across, m, want[:n])
			same(t, "profile", got[:n], want[:n])

			q := NewQuartets([][]geom.Point[geom.Paper]{steps[:16], steps[32:48], steps[7:23], steps[16:32], steps[1:17]})
			middles := make([]float64, q.Room())
			q.Middles(img, c, l, middles)
			for g, from := range []int{0, 32, 7, 16, 1} {
				plainSamples(img, c, l, steps[from:from+16], want[:16])
				slices.Sort(want[:16])
				same(t, "middles", middles[g:g+1], want[8:9])
			}
		}
	}
}

func TestMapped(t *testing.T) {
	for i, size := range sizes {
		img := noise(size[0], size[1], uint64(i))
		rng := rand.New(rand.NewPCG(uint64(i), 4))
		for range 50 {
			c, l, steps := around(rng, size[0], size[1])
			m := geom.NewMap[geom.Paper, geom.Pixel]([9]float64{l.XX, l.XY, c.X, l.YX, l.YY, c.Y, 0.01 * rng.NormFloat64(), 0.01 * rng.NormFloat64(), 1})
			got, want := make([]float64, 63), make([]float64, 63)
			Mapped(img, m, steps[:63], got)
			for k := range want {
				want[k] = At(img, m.At(steps[k]))
			}
			same(t, "mapped", got, want)
		}
	}
}

// TestLooks holds See against plainSee: inside pictures, at their borders and beyond, with and
// without hidden places.
func TestLooks(t *testing.T) {
	for i, size := range sizes {
		rng := rand.New(rand.NewPCG(uint64(i), 6))
		for _, img := range []*image.Gray{printed(size[0], size[1], uint64(i)), noise(size[0], size[1], uint64(i))} {
			var p Probe
			for range 60 {
				var places [3]Place
				for k := range places {
					c, l, _ := around(rng, size[0], size[1])
					if rng.IntN(2) == 0 {
						l = Lens{XX: 4 + rng.Float64(), XY: rng.NormFloat64() / 9, YX: rng.NormFloat64() / 9, YY: 4 + rng.Float64()}
					}
					places[k] = Place{c, l, 250 * rng.Float64()}
				}
				wide := []float64{3, 3, 14}[rng.IntN(3)]
				steps := make([]geom.Point[geom.Paper], rings*Ring+1+rng.IntN(600))
				for i := range steps {
					steps[i] = geom.Point[geom.Paper]{X: wide * (rng.Float64() - 0.5), Y: 3 * (rng.Float64() - 0.5)}
				}
				inside := steps[rings*Ring:]
				n := len(inside)
				var ends [Cells]int32
				for k := range ends {
					ends[k] = int32(rng.IntN(n + 1))
				}
				slices.Sort(ends[:])
				ends[Cells-1] = int32(n)
				var hidden []uint8
				if rng.IntN(3) == 0 {
					hidden = make([]uint8, len(places)*n)
					for i := range hidden {
						hidden[i] = uint8(rng.IntN(2))
					}
				}
				pr := Print{Black: 0.6 * rng.Float64(), Line: rng.Float64()}
				p.Set(steps, inside, ends)
				var got [len(places)]Look
				darks := make([]uint8, len(places)*n)
				p.See(img, places[:], pr, hidden, darks, got[:])
				for k, at := range places {
					var not []uint8
					if hidden != nil {
						not = hidden[k*n:]
					}
					want, dark := plainSee(img, at, pr, steps, ends, not)
					if got[k] != want || !bytes.Equal(darks[k*n:][:n], dark) {
						t.Fatalf("%v, at %v: %+v, want %+v\n%v\n%v", size, at, got[k], want, darks[k*n:][:n], dark)
					}
				}
			}
		}
	}
}

// TestPatterns holds what is summed of patterns against plain sums, in the same order.
func TestPatterns(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	var weights Weights
	for j := range weights {
		for k := range weights[j] {
			weights[j][k] = rng.NormFloat64()
		}
	}
	for range 50 {
		looks, which := make([]Look, 1+rng.IntN(40)), make([]int, 0, 40)
		var from, scale, sums, squares [Pattern]float64
		for i := range looks {
			for j := range looks[i].Pattern {
				looks[i].Pattern[j] = rng.Float64()
			}
			if rng.IntN(3) > 0 {
				which = append(which, i)
			}
		}
		for j := range from {
			from[j], scale[j] = rng.Float64(), 10*rng.Float64()
		}
		got, want := make([][Kinds]float64, len(which)), make([][Kinds]float64, len(which))
		weights.Scores(looks, which, &from, &scale, got)
		for n, i := range which {
			want[n] = weights[Pattern]
			for j, v := range looks[i].Pattern {
				sums[j] += v
				squares[j] += float64(v * v)
				p := float64(max(v-from[j], 0) * scale[j])
				for k := range Kinds {
					want[n][k] += float64(weights[j][k] * p)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("the scores of %d patterns are %v, want %v", len(which), got, want)
		}
		if a, b := Sums(looks, which); a != sums || b != squares {
			t.Fatalf("the sums of %d patterns are %v and %v, want %v and %v", len(which), a, b, sums, squares)
		}
	}
}

// TestRanked picks values as sorting does.
func TestRanked(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 7))
	for range 100 {
		vs := make([]float64, 1+rng.IntN(90))
		for i := range vs {
			vs[i] = float64(rng.IntN(400)) / 1.5
		}
		k := rng.IntN(len(vs))
		ranked := Ranked(vs, k)
		slices.Sort(vs)
		if ranked != vs[k] {
			t.Fatalf("value %d of %v: %v", k, vs, ranked)
		}
	}
}

func TestLetters(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for range 200 {
		n, rows := 1+rng.IntN(150), 1+rng.IntN(40)
		all, starts := make([]uint8, n*rows+7), make([]int32, rows)
		for i := range all {
			all[i] = uint8(rng.IntN(256)) >> rng.IntN(8)
			if rng.IntN(5) == 0 {
				all[i] = Unseen
			}
		}
		for r := range starts {
			starts[r] = int32(rng.IntN(n*rows + 8 - n))
		}
		got := make([]uint8, n)
		Medians(all, starts, got)
		column := make([]uint8, rows)
		for x := range n {
			for r, at := range starts {
				column[r] = all[int(at)+x]
			}
			slices.Sort(column)
			if got[x] != column[(rows-1)/2] {
				t.Fatalf("the middle of %v is %d, want %d", column, got[x], column[(rows-1)/2])
			}
		}
		darks, weight := all[:n], make([]uint8, n)
		more, most := 0, 0
		for x := range n {
			weight[x] = uint8(rng.IntN(256))
			if got[x] = min(got[x], Black); darks[x] == Unseen {
				continue
			}
			more += int(weight[x]) * (int(darks[x]) - int(got[x]))
			most += int(weight[x]) * (Black - int(got[x]))
		}
		want := 0.0
		if most > 0 {
			want = float64(more) / float64(most)
		}
		if v := Beyond(darks, got, weight); v != want {
			t.Fatalf("%v beyond %v by %v: %v, want %v", darks, got, weight, v, want)
		}
	}
}

func same(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// TestClimb holds climbing that looks only where the best may be against looking
// everywhere, on noise, print, and paper with rings.
func TestClimb(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	var s Stencil
	quick := 0
	for _, img := range []*image.Gray{noise(120, 110, 8), printed(120, 110, 8), white(120, 110)} {
		for range 150 {
			_, _, steps := around(rng, 120, 110)
			n := 16 + 3*rng.IntN(2) // eights, and not
			var climbs [3]Climb
			for k := range climbs {
				c, _, _ := around(rng, 120, 110)
				far := []float64{2, 1 + 17*rng.Float64()}[rng.IntN(2)]
				climbs[k] = Climb{Place: Place{At: c, Lens: Lens{XX: 4, XY: 0.3, YX: -0.2, YY: 4}, White: 100 + 150*rng.Float64()},
					Far: far, Near: 0.05, Step: 1 + rng.IntN(4)}
			}
			s.Set([3][]geom.Point[geom.Paper]{steps[:n], steps[20:][:n], steps[40:][:n]})
			s.Climb(img, climbs[:]...)
			var got Top
			for _, f := range climbs {
				got = f.Top()
				quick += f.found
				if s.plainClimb(img, &f); f.Top() != got {
					t.Fatalf("climbing as %+v: %+v, want %+v", f, got, f.Top())
				}
			}
			for _, p := range s.places[0] { // the next picture has a ring there
				img.Pix[min(max(p.Y+int(got.At.Y), 0), 109)*img.Stride+min(max(p.X, 0), 119)] = 40
			}
		}
	}
	if quick < 300 {
		t.Errorf("%d of 1350 climbs were quick", quick)
	}
}
