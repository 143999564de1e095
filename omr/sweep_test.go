package omr_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
)

// The tests of this file change one thing about a sheet and say what must not change.
// BARGKHAN_SEEDS asks for more sheets of each.

// filled is a sheet of d that one hand, or one for each field, has marked.
func filled(t testing.TB, d *sheets.Design, dpi, seed uint64, several bool) (*image.Gray, *omrtest.Truth) {
	t.Helper()
	f := family{dpi: omrtest.DPI(dpi), bits: 8, hand: omrtest.Pencil, several: several}
	p, truth := f.made(t, d, seed)
	return p.Img, truth
}

// look reads a picture of d and judges it.
func look(d *sheets.Design, img *image.Gray, dpi float64) (*omr.Reading, []judge.Verdict, error) {
	r := omr.Reader{Design: func(sheets.Stamp) (*sheets.Design, error) { return d, nil }}
	got, err := r.Read(context.Background(), page.Page{Number: 1, DPI: dpi, Img: img, Bits: 8})
	if err != nil {
		return nil, nil, err
	}
	return got, judge.Fields(d.Pages[0], got.Evidence, calibration.Default().Policy, got.Swatches...), nil
}

// outcomes counts how the verdicts of a page compare with the truth.
func outcomes(vs []judge.Verdict, truth *omrtest.Truth) (of [5]int) {
	for _, v := range vs {
		of[truth.Judge(v.Field, v.Choices, len(v.Doubts) > 0)]++
	}
	return of
}

func wrongs(of [5]int) int { return of[omrtest.Unasked] + of[omrtest.Misread] }

// TestRescans reads the same marks through other scanners. A mark may become doubtful
// or stop being so, but never turn from one settled value to another.
func TestRescans(t *testing.T) {
	t.Parallel()
	d := national(t, true)
	ways := []struct {
		name  string
		spoil omrtest.Spoil
		dpi   float64
	}{
		{"as it is", omrtest.Scanned(), 300},
		{"jpeg 75", omrtest.Chain(omrtest.Scanned(), omrtest.JPEG(75)), 300},
		{"jpeg 95", omrtest.Chain(omrtest.Scanned(), omrtest.JPEG(95)), 300},
		{"a pixel aside", omrtest.Chain(moved(1, 1), omrtest.Scanned()), 300},
		{"half a pixel aside", omrtest.Chain(moved(0.5, -0.5), omrtest.Scanned()), 300},
		{"half a degree", omrtest.Chain(omrtest.Skew(0.5), omrtest.Scanned()), 300},
		{"half a degree back", omrtest.Chain(omrtest.Skew(-0.5), omrtest.Scanned()), 300},
		{"dark", omrtest.Chain(omrtest.Scanned(), omrtest.Gamma(0.8)), 300},
		{"light", omrtest.Chain(omrtest.Scanned(), omrtest.Gamma(1.25)), 300},
		{"150 dpi", omrtest.Chain(omrtest.Resample(0.5), omrtest.Scanned()), 150},
	}
	compared, flips, moved := 0, 0, 0
	for seed := range asked("BARGKHAN_SEEDS", 1) {
		img, _ := filled(t, d, 300, seed+asked("BARGKHAN_BASE", 1), true)
		var first []judge.Verdict
		for _, w := range ways {
			_, vs, err := look(d, w.spoil(omrtest.Clone(img), rand.New(rand.NewPCG(seed, 9))), w.dpi)
			if err != nil {
				t.Errorf("%s, seed %d: %v", w.name, seed, err)
				continue
			}
			if first == nil {
				first = vs
			}
			for i, v := range vs {
				a, b := len(first[i].Doubts) > 0, len(v.Doubts) > 0
				compared++
				if a != b {
					moved++
				}
				if !a && !b && !slices.Equal(first[i].Choices, v.Choices) {
					flips++
					t.Errorf("%s, seed %d: %s was %v and is %v", w.name, seed, v.Field, first[i].Choices, v.Choices)
				}
			}
		}
	}
	t.Logf("%d fields compared: %d flips, %d moved to or from doubt", compared, flips, moved)
}

// moved shifts a picture by parts of a pixel.
func moved(dx, dy float64) omrtest.Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		out := omrtest.Clone(img)
		w, h := img.Rect.Dx(), img.Rect.Dy()
		at := func(x, y int) float64 {
			return float64(img.Pix[min(max(y, 0), h-1)*img.Stride+min(max(x, 0), w-1)])
		}
		for y := range h {
			for x := range w {
				fx, fy := float64(x)-dx, float64(y)-dy
				ix, iy := int(math.Floor(fx)), int(math.Floor(fy))
				ax, ay := fx-float64(ix), fy-float64(iy)
				v := (at(ix, iy)*(1-ax)+at(ix+1, iy)*ax)*(1-ay) + (at(ix, iy+1)*(1-ax)+at(ix+1, iy+1)*ax)*ay
				out.Pix[y*out.Stride+x] = uint8(v + 0.5)
			}
		}
		return out
	}
}

// TestPlaces makes the very same mark at every bubble of a page: its ink may not
// depend on the place.
func TestPlaces(t *testing.T) {
	t.Parallel()
	const dpi = 200
	d := national(t, true)
	inks := map[int][]float64{} // by the number of choices: fields of a kind have bubbles of one size
	for k := range 10 {
		img := printed(t, d, 1, dpi)
		truth := omrtest.NewTruth(1, "", d.Pages[0])
		marked := map[sheets.FieldID]sheets.Choice{}
		for _, f := range d.Pages[0].Fields {
			marked[f.ID] = f.Bubbles[k%len(f.Bubbles)].Choice
			same := rand.New(rand.NewPCG(3, 3))
			truth.Add(omrtest.Fill(img, dpi, d.Pages[0], map[sheets.FieldID][]sheets.Choice{f.ID: {marked[f.ID]}}, omrtest.Pencil, same)...)
		}
		r, vs, err := look(d, scanned(omrtest.Skew(0.3))(img, rand.New(rand.NewPCG(1, 1))), dpi)
		if err != nil {
			t.Fatal(err)
		}
		if of := outcomes(vs, truth); of[omrtest.Right] != len(vs) {
			t.Errorf("choice %d: not every mark is settled and right: %v", k, of)
		}
		count := map[sheets.FieldID]int{}
		for _, e := range r.Evidence {
			count[e.Field]++
		}
		for _, e := range r.Evidence {
			if marked[e.Field] == e.Choice {
				inks[count[e.Field]] = append(inks[count[e.Field]], e.Ink)
			}
		}
	}
	for n, vs := range inks {
		sum, square := 0.0, 0.0
		for _, v := range vs {
			sum, square = sum+v, square+v*v
		}
		mean := sum / float64(len(vs))
		spread := math.Sqrt(max(square/float64(len(vs))-mean*mean, 0))
		t.Logf("fields of %d: %d marks, ink %.3f, spread %.4f, from %.3f to %.3f", n, len(vs), mean, spread, slices.Min(vs), slices.Max(vs))
		if spread > 0.03 {
			t.Errorf("fields of %d: the same mark has a spread of ink of %.4f over the page", n, spread)
		}
	}
}

// TestLimits turns and scales a sheet as far as is promised, and beyond: there it must
// come back with its cause.
func TestLimits(t *testing.T) {
	t.Parallel()
	type demand uint8
	const (
		full demand = iota // every field settled and right
		read               // read, and nothing wrong
		back               // a named reject
		any                // nothing wrong
	)
	const dpi = omrtest.DPI(200)
	scaled := func(k float64) omrtest.Spoil { return omrtest.Chain(dpi.Margin(12, 236), omrtest.Scale(k, k)) }
	d := national(t, true)
	for _, c := range []struct {
		name  string
		spoil omrtest.Spoil
		want  demand
		often bool
	}{
		{"turn -3", omrtest.Skew(-3), full, true}, {"turn -1.5", omrtest.Skew(-1.5), full, false},
		{"turn 1", omrtest.Skew(1), full, false}, {"turn 3", omrtest.Skew(3), full, false},
		{"turn -5", omrtest.Skew(-5), read, false}, {"turn 5", omrtest.Skew(5), read, true}, {"turn 7", omrtest.Skew(7), any, false},
		{"turn 90", omrtest.Chain(omrtest.Turn(1), omrtest.Skew(1)), full, true}, {"turn 180", omrtest.Chain(omrtest.Turn(2), omrtest.Skew(2)), full, false},
		{"turn 270", omrtest.Chain(omrtest.Turn(3), omrtest.Skew(-2)), full, false},
		{"turn 11", omrtest.Skew(11), back, true}, {"turn -15", omrtest.Skew(-15), back, false}, {"turn 45", omrtest.Skew(45), back, false},
		{"scale 0.95", scaled(0.95), full, true}, {"scale 0.97", scaled(0.97), full, false}, {"scale 1.03", scaled(1.03), full, false},
		{"scale 1.05", scaled(1.05), full, true}, {"scale 0.91", scaled(0.91), any, false}, {"scale 1.09", scaled(1.09), any, false},
		{"scale 0.88", scaled(0.88), back, true}, {"scale 1.12", scaled(1.12), back, true},
		{"feed -2 %", omrtest.Stretch(-0.02), full, false}, {"feed +5 %", omrtest.Stretch(0.05), full, true}, {"feed +3 %", omrtest.Stretch(0.03), full, false},
		{"local 1 % over a third", omrtest.Slip(0.0033, 0.5, 0.33), full, true}, {"local -1 % over a third", omrtest.Slip(-0.0033, 0.4, 0.33), full, false},
	} {
		n := asked("BARGKHAN_SEEDS", 1)
		if n == 1 && !c.often {
			continue // sisters: made when more sheets are asked for
		}
		var all [5]int
		rejected := map[omr.Reason]int{}
		for seed := range n {
			img, truth := filled(t, d, uint64(dpi), seed+asked("BARGKHAN_BASE", 1), false)
			_, vs, err := look(d, scanned(c.spoil)(img, rand.New(rand.NewPCG(seed, 2))), float64(dpi))
			var why *omr.Reject
			if errors.As(err, &why) {
				rejected[why.Reason]++
				if c.want < back {
					t.Errorf("%s, seed %d: %v", c.name, seed, err)
				}
				continue
			}
			of := outcomes(vs, truth)
			for i := range all {
				all[i] += of[i]
			}
			if wrongs(of) > 0 || c.want == back || c.want == full && of[omrtest.Right] != len(vs) {
				t.Errorf("%s, seed %d: %d right, %d doubted, %d needless, %d wrong", c.name, seed, of[0], of[1], of[2], wrongs(of))
			}
		}
		t.Logf("%-24s right %d, needless %d, wrong %d, rejected %v", c.name, all[omrtest.Right], all[omrtest.Needless], wrongs(all), rejected)
	}
}

// TestRegistration compares where the pose says that bubbles lie with where the spoils
// put them, before each bubble is searched for.
func TestRegistration(t *testing.T) {
	t.Parallel()
	const dpi, k = 200, 200 / 25.4
	d := national(t, true)
	var errs []float64
	for seed := range asked("BARGKHAN_SEEDS", 2) {
		rng := rand.New(rand.NewPCG(seed, 4))
		img, _ := filled(t, d, dpi, seed+1, false)
		deg, long := 6*rng.Float64()-3, 0.05*rng.Float64()-0.01
		w, h := float64(img.Rect.Dx()), math.Round(float64(img.Rect.Dy())*(1+long))
		r, _, err := look(d, scanned(omrtest.Stretch(long), omrtest.Skew(deg))(img, rng), dpi)
		if err != nil {
			t.Errorf("seed %d, turned %.2f, stretched %.4f: %v", seed, deg, long, err)
			continue
		}
		s, c := math.Sincos(deg * math.Pi / 180)
		for _, f := range d.Pages[0].Fields {
			for _, b := range f.Bubbles {
				q := b.Box.Center()
				x, y := q.X*k-w/2, q.Y*k*(1+long)-h/2
				got := r.Pose.At(q)
				errs = append(errs, math.Hypot(got.X-(c*x-s*y+w/2), got.Y-(s*x+c*y+h/2)))
			}
		}
	}
	slices.Sort(errs)
	at := func(q float64) float64 { return errs[min(int(q*float64(len(errs))), len(errs)-1)] }
	t.Logf("%d bubbles: median %.2f px, 99.9 %% within %.2f px", len(errs), at(0.5), at(0.999))
	if at(0.5) > 1 || at(0.999) > 4 {
		t.Errorf("median %.2f px, 99.9 %% within %.2f px: at most 1 and 4 are promised", at(0.5), at(0.999))
	}
}

// TestStreaks draws the lines of dusty glass, dark ones and such as are lighter than print,
// beside and over bubbles. Beside them the sheet is read as if they were not there, with a
// note; over them nothing is wrong.
func TestStreaks(t *testing.T) {
	t.Parallel()
	const dpi = omrtest.DPI(200)
	d := national(t, true)
	pg := d.Pages[0]
	column := pg.Fields[len(pg.Fields)-1].Bubbles
	on := column[0].Box.Center().X
	beside := (column[0].Box.Max.X + column[1].Box.Min.X) / 2
	if column[0].Box.Min.X > column[1].Box.Min.X {
		beside = (column[0].Box.Min.X + column[1].Box.Max.X) / 2
	}
	for seed := range asked("BARGKHAN_SEEDS", 1) {
		for _, tone := range []uint8{uint8(60 + 40*(seed%3)), 255} {
			var glass [][]float64
			for _, width := range []int{1, 3, 5} {
				for place, x := range map[string]float64{"beside": beside, "on": on} {
					what := fmt.Sprintf("%s, %d px of %d, seed %d", place, width, tone, seed)
					img, truth := filled(t, d, uint64(dpi), seed+1, false)
					r, vs, err := look(d, scanned(omrtest.Streak(x/d.Size.X, width, tone))(img, rand.New(rand.NewPCG(seed, 5))), float64(dpi))
					if err != nil {
						t.Errorf("%s: %v", what, err)
						continue
					}
					of := outcomes(vs, truth)
					t.Logf("%s: right %d, needless %d, wrong %d, notes %v at %v", what, of[0], of[omrtest.Needless], wrongs(of), r.Notes, r.Streaks)
					if len(r.Streaks) != 1 || math.Abs(r.Streaks[0]-x/d.Size.X) > 0.003 {
						t.Errorf("%s: streaks at %v, want one at %.4f", what, r.Streaks, x/d.Size.X)
					}
					if place == "on" {
						glass = append(glass, r.Streaks)
						hidden(t, what, pg, r, x)
					}
					if wrongs(of) > 0 || !slices.Contains(r.Notes, omr.Streaked) || place == "beside" && of[omrtest.Needless] > 0 {
						t.Errorf("%s: right %d, needless %d, wrong %d, notes %v", what, of[0], of[omrtest.Needless], wrongs(of), r.Notes)
					}
				}
			}
			if at := omr.DirtyGlass(glass...); len(at) != 1 {
				t.Errorf("three pages with a streak at %v: the glass is dirty at %v", glass, at)
			}
		}
	}
}

// TestRowsOfMarks marks the same digit in each column of a number grid, and the same option of
// each question, the marks of which nearly touch on a coarse scan: they are no line. A line
// that somebody draws through another digit's row hides each of its bubbles.
func TestRowsOfMarks(t *testing.T) {
	t.Parallel()
	d := shipped(t, "national-3x20-spare")
	pg := d.Pages[0]
	number := pg.Fields[:10]
	for i, c := range []struct {
		dpi   float64
		turns int
		hand  omrtest.Hand
	}{
		{150, 0, omrtest.Pencil}, {150, 1, omrtest.Pencil}, {150, 0, omrtest.PenBlack}, {150, 3, omrtest.PenBlack},
		{200, 0, omrtest.Pencil}, {200, 1, omrtest.PenBlack},
	} {
		for _, digit := range []int{1, 4} {
			for _, ruled := range []bool{false, true} {
				what := fmt.Sprintf("%d dpi, turned %d, %v, digit %d, with a line %v", int(c.dpi), c.turns, c.hand, digit, ruled)
				rng := rand.New(rand.NewPCG(uint64(10*i+digit), 21))
				img, dpi := printed(t, d, 1, c.dpi), omrtest.DPI(c.dpi)
				truth := omrtest.NewTruth(1, sheets.NewSerial(1), pg)
				all := map[sheets.FieldID][]sheets.Choice{}
				for _, f := range pg.Fields {
					all[f.ID] = []sheets.Choice{f.Bubbles[digit%len(f.Bubbles)].Choice}
				}
				truth.Add(omrtest.Fill(img, dpi, pg, all, c.hand, rng)...)
				across := (digit + 2) % 10
				if ruled {
					from, to := number[0].Bubbles[across].Box, number[9].Bubbles[across].Box
					omrtest.Rule(img, dpi, from.Center(), to.Center(), c.hand, rng)
				}
				r, vs, err := look(d, scanned(omrtest.Turn(c.turns))(img, rng), c.dpi)
				if err != nil {
					t.Errorf("%s: %v", what, err)
					continue
				}
				if of := outcomes(vs, truth); wrongs(of) > 0 || !ruled && of[omrtest.Needless] > 0 {
					t.Errorf("%s: needless %d, wrong %d", what, of[omrtest.Needless], wrongs(of))
				}
				for k, e := range r.Evidence[:len(number)*10] {
					if on := ruled && k%10 == across; e.Seen < 0.95 != on {
						t.Errorf("%s: %s of %s is seen by %.2f", what, e.Choice, e.Field, e.Seen)
					}
				}
			}
		}
	}
}

// hidden checks that each bubble a streak at x mm runs through the middle of is seen less
// than whole.
func hidden(t *testing.T, what string, pg sheets.Page, r *omr.Reading, x float64) {
	t.Helper()
	seen := map[sheets.FieldID]map[sheets.Choice]float64{}
	for _, e := range r.Evidence {
		if seen[e.Field] == nil {
			seen[e.Field] = map[sheets.Choice]float64{}
		}
		seen[e.Field][e.Choice] = e.Seen
	}
	n := 0
	for _, f := range pg.Fields {
		for _, b := range f.Bubbles {
			if math.Abs(b.Box.Center().X-x) > 0.5 {
				continue
			}
			n++
			if s := seen[f.ID][b.Choice]; s > 0.95 {
				t.Errorf("%s: %s of %s is seen by %.2f", what, b.Choice, f.ID, s)
			}
		}
	}
	if n == 0 {
		t.Errorf("%s: no bubble lies on it", what)
	}
}

// TestDirtyGlass tells dust on the glass from lines of single pages.
func TestDirtyGlass(t *testing.T) {
	for name, c := range map[string]struct {
		pages [][]float64
		want  []float64
	}{
		"none":             {nil, nil},
		"clean":            {[][]float64{nil, nil, nil}, nil},
		"two pages":        {[][]float64{{0.3}, {0.3}}, nil},
		"three":            {[][]float64{{0.3}, {0.301}, {0.299}}, []float64{0.299}},
		"elsewhere":        {[][]float64{{0.3}, {0.301}, {0.5}}, nil},
		"a clean one":      {[][]float64{{0.3}, {0.3}, nil, {0.3}}, nil},
		"the last three":   {[][]float64{nil, {0.3}, {0.3, 0.7}, {0.1, 0.3}}, []float64{0.3}},
		"two at a time":    {[][]float64{{0.3, 0.7}, {0.3, 0.7}, {0.3, 0.7}}, []float64{0.3, 0.7}},
		"wiped in between": {[][]float64{{0.3}, {0.3}, {0.3}, nil}, nil},
	} {
		if got := omr.DirtyGlass(c.pages...); !slices.Equal(got, c.want) {
			t.Errorf("%s: dirty at %v, want %v", name, got, c.want)
		}
	}
}

// TestFolds lays a smoothed fold through bubbles and ticks: it makes no mark.
func TestFolds(t *testing.T) {
	t.Parallel()
	d := national(t, true)
	pg := d.Pages[0]
	for seed := range asked("BARGKHAN_SEEDS", 1) {
		for i, width := range []float64{1, 2, 4} {
			for _, tone := range []uint8{255, 150} {
				f := pg.Fields[(len(pg.Fields)/2+7*i+3*int(seed))%len(pg.Fields)]
				at := f.Bubbles[0].Box.Center().Y / d.Size.Y
				img, truth := filled(t, d, 200, seed+1, false)
				_, vs, err := look(d, scanned(omrtest.FoldLine(at, width, tone))(img, rand.New(rand.NewPCG(seed, 6))), 200)
				name := fmt.Sprintf("%g px of %d", width, tone)
				if err != nil {
					t.Errorf("%s, seed %d: %v", name, seed, err)
					continue
				}
				if of := outcomes(vs, truth); wrongs(of) > 0 {
					t.Errorf("%s, seed %d: %d fields are wrong", name, seed, wrongs(of))
				} else {
					t.Logf("%s: right %d, doubted %d", name, of[0], of[omrtest.Needless])
				}
			}
		}
	}
}

// TestLeastMark puts the least mark, a dark line of 1 mm, into every bubble of a sheet
// in turn (T11): on a sheet with nothing else, and beside the solid marks of the other
// fields. It is at least a doubt. BARGKHAN_SEEDS asks for more sheets of the second kind.
func TestLeastMark(t *testing.T) {
	t.Parallel()
	d := national(t, true)
	pg := d.Pages[0]
	most := 0
	for _, f := range pg.Fields {
		most = max(most, len(f.Bubbles))
	}
	const apart = 6 // one field of so many has a line, the others a mark
	seen, lost := 0, 0
	try := func(k int, among bool, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 3))
		img := printed(t, d, 1, 150)
		lines := map[sheets.FieldID]sheets.Choice{}
		for i, f := range pg.Fields {
			c := map[sheets.FieldID][]sheets.Choice{f.ID: {f.Bubbles[k%len(f.Bubbles)].Choice}}
			if among && i%apart != int(seed)%apart {
				omrtest.Fill(img, 150, pg, c, omrtest.Pencil, rng)
				continue
			}
			omrtest.Fill(img, 150, pg, c, omrtest.Hairline, rng)
			lines[f.ID] = c[f.ID][0]
		}
		_, vs, err := look(d, omrtest.Scanned()(img, rng), 150)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range vs {
			c, ok := lines[v.Field]
			if !ok {
				continue
			}
			seen++
			if len(v.Doubts) == 0 && !slices.Equal(v.Choices, []sheets.Choice{c}) {
				lost++
				t.Errorf("bubble %d of %s, among marks %v, seed %d: a line of 1 mm is read as %v without a doubt", k%most, v.Field, among, seed, v.Choices)
			}
		}
	}
	for k := range most {
		try(k, false, uint64(k))
	}
	for seed := range 4 * asked("BARGKHAN_SEEDS", 1) {
		try(int(seed), true, seed)
	}
	t.Logf("%d lines, %d lost", seen, lost)
}

// TestTwoPens has the number filled in with the hall's pen and the answers with a pale pencil, on
// scans that lose it: what the scan shows of the pen says nothing of the pencil.
func TestTwoPens(t *testing.T) {
	t.Parallel()
	d := national(t, true)
	for name, lose := range map[string]omrtest.Spoil{"levels": omrtest.Levels(42, 170), "bilevel": omrtest.Bilevel(110)} {
		rng := rand.New(rand.NewPCG(3, 7))
		img := printed(t, d, 1, 150)
		answers, others := map[sheets.FieldID][]sheets.Choice{}, map[sheets.FieldID][]sheets.Choice{}
		for _, f := range d.Pages[0].Fields {
			of := answers
			if f.Role != sheets.Answer {
				of = others
			}
			of[f.ID] = []sheets.Choice{f.Bubbles[rng.IntN(len(f.Bubbles))].Choice}
		}
		omrtest.Fill(img, 150, d.Pages[0], answers, omrtest.Pale, rng)
		omrtest.Fill(img, 150, d.Pages[0], others, omrtest.PenBlack, rng)
		_, vs, err := look(d, omrtest.Chain(omrtest.Scanned(), lose)(img, rng), 150)
		if err != nil {
			t.Fatal(name, err)
		}
		for _, v := range vs {
			if of := answers[v.Field]; of != nil && len(v.Doubts) == 0 && !slices.Equal(v.Choices, of) {
				t.Errorf("%s: %s is read as %v, and %v is marked", name, v.Field, v.Choices, of)
			}
		}
	}
}

// Where every answer is a blot beyond its outline, a quarter of all outlines is gone: the others
// prove the grid.
func TestBlots(t *testing.T) {
	t.Parallel()
	d := national(t, false)
	for _, dpi := range []omrtest.DPI{100, 150, 200} {
		for _, beyond := range []float64{0.1, 0.2, 0.3, 0.5} { // mm
			img, truth := blotted(t, d, dpi, beyond)
			_, vs, err := look(d, omrtest.Scanned()(img, rand.New(rand.NewPCG(uint64(dpi), 5))), float64(dpi))
			if err != nil {
				t.Errorf("%v dpi, %v mm: %v", dpi, beyond, err)
				continue
			}
			doubted := 0
			for _, v := range vs {
				if len(v.Doubts) > 0 {
					doubted++
				} else if !slices.Equal(v.Choices, []sheets.Choice{truth[v.Field]}) {
					t.Errorf("%v dpi, %v mm: %s is read as %v, and %v is marked", dpi, beyond, v.Field, v.Choices, truth[v.Field])
				}
			}
			t.Logf("%v dpi, %v mm: %d of %d doubted", dpi, beyond, doubted, len(vs))
			if beyond < 0.4 && doubted > 0 {
				t.Errorf("%v dpi, %v mm: %d of %d fields are doubted", dpi, beyond, doubted, len(vs))
			}
		}
	}
}

// blotted is a sheet of d with a blot on one bubble of each field, so many mm beyond its outline.
func blotted(t testing.TB, d *sheets.Design, dpi omrtest.DPI, beyond float64) (*image.Gray, map[sheets.FieldID]sheets.Choice) {
	t.Helper()
	rng, k := rand.New(rand.NewPCG(uint64(dpi), 5)), float64(dpi)/25.4
	img, truth := printed(t, d, 1, float64(dpi)), map[sheets.FieldID]sheets.Choice{}
	for _, f := range d.Pages[0].Fields {
		b := f.Bubbles[rng.IntN(len(f.Bubbles))]
		truth[f.ID] = b.Choice
		a, h, c := (b.Box.W()/2+beyond)*k, (b.Box.H()/2+beyond)*k, b.Box.Center().Mul(k)
		for y := int(c.Y - h); y <= int(c.Y+h); y++ {
			for x := int(c.X - a); x <= int(c.X+a); x++ {
				if math.Hypot((float64(x)+0.5-c.X)/a, (float64(y)+0.5-c.Y)/h) < 1 {
					img.SetGray(x, y, color.Gray{Y: 30})
				}
			}
		}
	}
	return img, truth
}

func TestOverfilled(t *testing.T) {
	t.Parallel()
	d := national(t, true)
	pg := d.Pages[0]
	for _, hand := range []omrtest.Hand{omrtest.Pencil, omrtest.PenBlue, omrtest.PenBlack, omrtest.Pale, omrtest.Tick, omrtest.Cross, omrtest.Hairline, omrtest.Half} {
		for _, share := range []int{35, 45, 55, 65, 75, 90, 100} {
			rng := rand.New(rand.NewPCG(1, 3))
			img := printed(t, d, 1, 150)
			all := map[sheets.FieldID][]sheets.Choice{}
			for _, f := range pg.Fields {
				for _, b := range f.Bubbles {
					if rng.IntN(100) < share {
						all[f.ID] = append(all[f.ID], b.Choice)
					}
				}
			}
			omrtest.Fill(img, 150, pg, all, hand, rng)
			_, vs, err := look(d, omrtest.Scanned()(img, rng), 150)
			if why := (*omr.Reject)(nil); errors.As(err, &why) && why.Reason == omr.Covered && hand == omrtest.PenBlack {
				t.Logf("%v, %d %%: %v", hand, share, err)
				continue // even the outlines are gone
			}
			if err != nil {
				t.Errorf("%v, %d %%: %v", hand, share, err)
				continue
			}
			settled := 0
			for _, v := range vs {
				if len(v.Doubts) > 0 {
					continue
				}
				settled++
				if !slices.Equal(v.Choices, all[v.Field]) {
					t.Errorf("%v, %d %%: %s is read as %v, and %v are marked", hand, share, v.Field, v.Choices, all[v.Field])
				}
			}
			t.Logf("%v, %d %%: %d of %d fields settled", hand, share, settled, len(vs))
		}
	}
}

// TestStreaksTurned reads sheets that lie on their sides, and one of others: what print leaves
// between its rows is no streak. A streak lighter than print is one there, too, and alone.
func TestStreaksTurned(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		design *sheets.Design
		turns  int
	}{
		{"a4-200", shipped(t, "a4-200"), 1},
		{"a4-200", shipped(t, "a4-200"), 3},
		{"a5-20", shipped(t, "a5-20"), 1},
		{"of others", other(0, 1), 0},
		{"of others, turned", other(0, 3), 3},
	} {
		on := c.design.Pages[0].Fields[len(c.design.Pages[0].Fields)-5].Bubbles[1].Box.Center() // what the streak runs over
		x := [4]float64{on.X / c.design.Size.X, 1 - on.Y/c.design.Size.Y, 0, on.Y / c.design.Size.Y}[c.turns]
		for _, width := range []int{0, 2, 4} {
			const dpi = 150
			rng := rand.New(rand.NewPCG(uint64(width), 31))
			img := printed(t, c.design, 1, dpi)
			pg := c.design.Pages[0]
			truth := omrtest.NewTruth(1, sheets.NewSerial(1), pg)
			truth.Add(omrtest.Fill(img, dpi, pg, answers(pg, rng), omrtest.Pencil, rng)...)
			spoil := []omrtest.Spoil{omrtest.Turn(c.turns)}
			if width > 0 {
				spoil = append(spoil, omrtest.Streak(x, width, 255))
			}
			r := omr.Reader{Expect: c.design}
			got, err := r.Read(context.Background(), page.Page{Number: 1, DPI: dpi, Img: scanned(spoil...)(img, rng), Bits: 8})
			if err != nil {
				t.Errorf("%s, %d px: %v", c.name, width, err)
				continue
			}
			of := outcomes(judge.Fields(pg, got.Evidence, calibration.Default().Policy, got.Swatches...), truth)
			if streaked := slices.Contains(got.Notes, omr.Streaked); streaked != (width > 0) || wrongs(of) > 0 {
				t.Errorf("%s, %d px: right %d, needless %d, wrong %d, notes %v", c.name, width, of[0], of[omrtest.Needless], wrongs(of), got.Notes)
			}
			if width > 0 && (len(got.Streaks) != 1 || math.Abs(got.Streaks[0]-x) > 0.003) {
				t.Errorf("%s, %d px: streaks at %v, want one at %.4f", c.name, width, got.Streaks, x)
			}
		}
	}
}
