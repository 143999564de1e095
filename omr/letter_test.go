package omr_test

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
)

// lettered is a sheet of others with letters inside its bubbles, printed with share of the
// toner, and all that is not inside with all of it.
func lettered(t *testing.T, bubbles int, dpi omrtest.DPI, share float64, letters ...string) (*sheets.Design, *image.Gray) {
	t.Helper()
	d := other(0, bubbles)
	for i := range d.Pages[0].Fields {
		for j := range d.Pages[0].Fields[i].Bubbles {
			if n := len(d.Pages[0].Fields[i].Bubbles); n == len(letters) {
				d.Pages[0].Fields[i].Bubbles[j].Inside = letters[j]
			}
		}
	}
	img := printed(t, d, 1, float64(dpi))
	bare := *d
	bare.Pages = slices.Clone(d.Pages)
	bare.Pages[0].Fields = slices.Clone(d.Pages[0].Fields)
	for i, f := range bare.Pages[0].Fields {
		bare.Pages[0].Fields[i].Bubbles = slices.Clone(f.Bubbles)
		for j := range f.Bubbles {
			bare.Pages[0].Fields[i].Bubbles[j].Inside = ""
		}
	}
	empty := printed(t, &bare, 1, float64(dpi))
	for i, v := range empty.Pix {
		img.Pix[i] = uint8(float64(v) - share*(float64(v)-float64(img.Pix[i])) + 0.5)
	}
	return d, img
}

// TestLettersInside prints thin and wide letters inside bubbles, black and pale: they are no
// ink, and a mark of black pen on them is nearly as dark as solid black. A line of 1 mm is not lost unless
// it hides behind a letter as wide as itself.
func TestLettersInside(t *testing.T) {
	t.Parallel()
	policy := calibration.Default().Policy
	for _, c := range []struct {
		name    string
		bubbles int
		dpi     omrtest.DPI
		share   float64
		hide    bool // lines of 1 mm may hide
		letters []string
	}{
		{"none", 1, 200, 0, false, []string{"A", "B", "C", "D"}},
		{"black", 1, 200, 1, false, []string{"A", "B", "C", "D"}},
		{"wide", 1, 300, 1, true, []string{"W", "M", "I", "Q"}},
		{"pale", 2, 200, 0.4, false, []string{"W", "M", "I", "Q"}},
		{"Persian", 2, 150, 1, true, []string{"الف", "ب", "ج", "د"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, img := lettered(t, c.bubbles, c.dpi, c.share, c.letters...)
			rng := rand.New(rand.NewPCG(1, 12))
			marks, lines := map[sheets.FieldID][]sheets.Choice{}, map[sheets.FieldID][]sheets.Choice{}
			for i, f := range d.Pages[0].Fields {
				to := marks
				if i%3 == 1 {
					to = lines
				}
				if i%3 < 2 {
					to[f.ID] = []sheets.Choice{f.Bubbles[rng.IntN(len(f.Bubbles))].Choice}
				}
			}
			omrtest.Fill(img, c.dpi, d.Pages[0], marks, omrtest.PenBlack, rng)
			omrtest.Fill(img, c.dpi, d.Pages[0], lines, omrtest.Hairline, rng)
			img = omrtest.Chain(omrtest.Skew(0.7), omrtest.Scanned())(img, rng)
			r, err := (&omr.Reader{Expect: d}).Read(t.Context(), page.Page{Img: img, Bits: 8})
			if err != nil {
				t.Fatal(err)
			}
			var blanks, full, thin []float64
			for _, e := range r.Evidence {
				switch {
				case slices.Contains(marks[e.Field], e.Choice):
					full = append(full, e.Ink)
				case slices.Contains(lines[e.Field], e.Choice):
					thin = append(thin, e.Ink)
				case len(lines[e.Field]) == 0:
					blanks = append(blanks, e.Ink)
				}
			}
			t.Logf("blanks have ink from %.3f to %.3f, lines from %.3f to %.3f, marks from %.3f to %.3f",
				slices.Min(blanks), slices.Max(blanks), slices.Min(thin), slices.Max(thin), slices.Min(full), slices.Max(full))
			if slices.Min(blanks) < -0.015 || slices.Max(blanks) > 0.015 || slices.Min(full) < 0.75 {
				t.Errorf("blanks have ink from %.3f to %.3f, marks from %.3f", slices.Min(blanks), slices.Max(blanks), slices.Min(full))
			}
			for _, v := range judge.Fields(d.Pages[0], r.Evidence, policy) {
				switch {
				case len(lines[v.Field]) > 0 && !c.hide && len(v.Doubts) == 0 && !slices.Equal(v.Choices, lines[v.Field]):
					t.Errorf("%s: a line of 1 mm is read as %v without a doubt", v.Field, v.Choices)
				case len(lines[v.Field]) == 0 && (len(v.Doubts) > 0 || !slices.Equal(v.Choices, marks[v.Field])):
					t.Errorf("%s is read as %v with doubts %v, is %v", v.Field, v.Choices, v.Doubts, marks[v.Field])
				}
			}
		})
	}
}

// TestOneLetterEverywhere marks the same letter, or each, in most fields: then the page does not show
// what that letter looks like, and a mark must not be taken for it.
func TestOneLetterEverywhere(t *testing.T) {
	t.Parallel()
	const dpi = omrtest.DPI(150)
	policy := calibration.Default().Policy
	for _, hand := range []omrtest.Hand{omrtest.PenBlack, omrtest.Pencil, omrtest.Pale, omrtest.Half, omrtest.Tick, omrtest.Cross} {
		for _, share := range []int{60, 80, 100} {
			for _, every := range []bool{false, true} { // letter, or the first alone
				d, img := lettered(t, 1, dpi, 1, "A", "B", "C", "D")
				rng := rand.New(rand.NewPCG(uint64(share), 13))
				marks := map[sheets.FieldID][]sheets.Choice{}
				for _, f := range d.Pages[0].Fields {
					for j, b := range f.Bubbles {
						if (j == 0 || every) && rng.IntN(100) < share {
							marks[f.ID] = append(marks[f.ID], b.Choice)
						}
					}
				}
				omrtest.Fill(img, dpi, d.Pages[0], marks, hand, rng)
				img = omrtest.Scanned()(img, rng)
				r, err := (&omr.Reader{Expect: d}).Read(t.Context(), page.Page{Img: img, Bits: 8})
				if err != nil {
					t.Logf("%v, %d %%, %v: %v", hand, share, every, err) // even the outlines are gone
					continue
				}
				settled := 0
				for _, v := range judge.Fields(d.Pages[0], r.Evidence, policy) {
					if len(v.Doubts) > 0 {
						continue
					}
					settled++
					if !slices.Equal(v.Choices, marks[v.Field]) {
						t.Errorf("%v, %d %%, %v: %s is read as %v, is %v", hand, share, every, v.Field, v.Choices, marks[v.Field])
					}
				}
				t.Logf("%v, %d %%, %v: %d of %d fields settled", hand, share, every, settled, len(d.Pages[0].Fields))
			}
		}
	}
}

// TestNoLetters marks the same choice in every field of a sheet that has nothing printed inside its bubbles,
// and ticks off lists of boxes of which each stands on the page but once: marks are no letters.
func TestNoLetters(t *testing.T) {
	t.Parallel()
	const dpi = omrtest.DPI(150)
	policy := calibration.Default().Policy
	boxes := other(0, 3)
	first := other(0, 3)
	pg := &boxes.Pages[0]
	pg.Fields = nil
	for list, n := range []int{12, 5, 1} {
		f := sheets.Field{ID: sheets.FieldID(strconv.Itoa(list)), Outline: sheets.Rectangle, Rule: sheets.AnyNumber}
		for i := range n {
			f.Bubbles = append(f.Bubbles, sheets.Bubble{Choice: sheets.Choice(fmt.Sprintf("%d-%d", list, i)), Box: at(40+60*float64(list), 60+12*float64(i), 4, 4)})
		}
		pg.Fields = append(pg.Fields, f)
	}
	for _, c := range []struct {
		name   string
		design *sheets.Design
		marked int // bubbles of each field, the first
	}{
		{"the first everywhere", first, 1},
		{"one box of each list", boxes, 1},
		{"five boxes", boxes, 5},
		{"all boxes", boxes, 12},
	} {
		for _, hand := range []omrtest.Hand{omrtest.Pencil, omrtest.Half, omrtest.Tick, omrtest.Cross} {
			t.Run(c.name+", "+hand.String(), func(t *testing.T) {
				truth := map[sheets.FieldID][]sheets.Choice{}
				for _, f := range c.design.Pages[0].Fields {
					for _, b := range f.Bubbles[:min(c.marked, len(f.Bubbles))] {
						truth[f.ID] = append(truth[f.ID], b.Choice)
					}
				}
				rng := rand.New(rand.NewPCG(uint64(c.marked), 14))
				img := printed(t, c.design, 1, float64(dpi))
				omrtest.Fill(img, dpi, c.design.Pages[0], truth, hand, rng)
				r, err := (&omr.Reader{Expect: c.design}).Read(t.Context(), page.Page{Img: omrtest.Scanned()(img, rng), Bits: 8})
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range judge.Fields(c.design.Pages[0], r.Evidence, policy) {
					if len(v.Doubts) == 0 && !slices.Equal(v.Choices, truth[v.Field]) {
						t.Errorf("%s is read as %v without a doubt, is %v", v.Field, v.Choices, truth[v.Field])
					}
				}
			})
		}
	}
}

// TestUnknownLetter prints one letter much heavier than the others: nobody can say whether that is a letter
// or a mark of all its bubbles, so what is in them is no answer.
func TestUnknownLetter(t *testing.T) {
	t.Parallel()
	policy := calibration.Default().Policy
	const dpi, half = omrtest.DPI(150), 1.09 // mm, of the heavy letter
	d, img := lettered(t, 1, dpi, 1, "A", "B", "C", "D")
	for _, f := range d.Pages[0].Fields[7:] {
		k, at := float64(dpi)/25.4, f.Bubbles[1].Box.Center()
		box := image.Rect(int((at.X-half)*k), int((at.Y-half)*k), int((at.X+half)*k), int((at.Y+half)*k))
		for y := box.Min.Y; y < box.Max.Y; y++ {
			for x := box.Min.X; x < box.Max.X; x++ {
				img.Pix[y*img.Stride+x] = 0
			}
		}
	}
	rng := rand.New(rand.NewPCG(3, 15))
	truth := answers(d.Pages[0], rng)
	omrtest.Fill(img, dpi, d.Pages[0], truth, omrtest.PenBlack, rng)
	r, err := (&omr.Reader{Expect: d}).Read(t.Context(), page.Page{Img: omrtest.Scanned()(img, rng), Bits: 8})
	if err != nil {
		t.Fatal(err)
	}
	doubted := 0
	for _, v := range judge.Fields(d.Pages[0], r.Evidence, policy) {
		switch {
		case len(v.Doubts) > 0:
			doubted++
		case !slices.Equal(v.Choices, truth[v.Field]):
			t.Errorf("%s is read as %v without a doubt, is %v", v.Field, v.Choices, truth[v.Field])
		}
	}
	if doubted == 0 || doubted > 50 {
		t.Errorf("%d fields are doubted, not those with the heavy letter", doubted)
	}
}

// TestLettersInBlackAndWhite has letters whose edges vary from bubble to bubble, as in scans of black
// and white: the second reader still tells which marks fill their bubbles, and takes no blank for one.
func TestLettersInBlackAndWhite(t *testing.T) {
	t.Parallel()
	const dpi = omrtest.DPI(200)
	d, img := lettered(t, 1, dpi, 1, "A", "B", "C", "D", "E")
	rng := rand.New(rand.NewPCG(1, 14))
	marks := map[sheets.FieldID][]sheets.Choice{}
	for i, f := range d.Pages[0].Fields {
		if i%4 > 0 {
			marks[f.ID] = []sheets.Choice{f.Bubbles[rng.IntN(len(f.Bubbles))].Choice}
		}
	}
	omrtest.Fill(img, dpi, d.Pages[0], marks, omrtest.Pencil, rng)
	img = omrtest.Chain(omrtest.Skew(0.7), omrtest.Blur(0.6), omrtest.Noise(24), omrtest.Bilevel(110))(img, rng)
	r, err := (&omr.Reader{Expect: d}).Read(t.Context(), page.Page{Img: img, Bits: 1})
	if err != nil {
		t.Fatal(err)
	}
	dark, filled, heard := 0, 0, 0
	for _, e := range r.Evidence {
		is := slices.Contains(marks[e.Field], e.Choice)
		switch {
		case !is && e.Mark > 0:
			heard++
		case is && e.Ink > 0.3:
			dark++
			if e.Full > 0.5 {
				filled++
			}
		}
	}
	if heard > 0 {
		t.Errorf("the second reader speaks of %d blanks", heard)
	}
	if dark < len(marks)/3 || 10*filled < 8*dark {
		t.Errorf("%d of %d marks are dark, and %d of these are filled", dark, len(marks), filled)
	}
}

// TestDespeckled has a halftone whose grains a scanner's filter took for dust: of the pencil hardly
// anything is left, and no field is settled as blank.
func TestDespeckled(t *testing.T) {
	t.Parallel()
	const dpi = omrtest.DPI(300)
	for seed := range uint64(3) {
		d, img := lettered(t, 1, dpi, 1, "A", "B", "C", "D", "E")
		rng := rand.New(rand.NewPCG(seed, 15))
		marks := map[sheets.FieldID][]sheets.Choice{}
		for i, f := range d.Pages[0].Fields {
			hand := [4]omrtest.Hand{omrtest.Pencil, omrtest.Pencil, omrtest.PenBlack, omrtest.Rubbed}[i%4] // the last stay blank
			if hand != omrtest.Rubbed {
				marks[f.ID] = []sheets.Choice{f.Bubbles[rng.IntN(len(f.Bubbles))].Choice}
				omrtest.Fill(img, dpi, d.Pages[0], map[sheets.FieldID][]sheets.Choice{f.ID: marks[f.ID]}, hand, rng)
			}
		}
		img = thinned(diffused(omrtest.Chain(omrtest.Skew(0.7), omrtest.Blur(0.8), omrtest.Range(30, 250))(img, rng)))
		r, err := (&omr.Reader{Expect: d}).Read(t.Context(), page.Page{Img: img, Bits: 1})
		if err != nil {
			t.Fatal(err)
		}
		settled := 0
		for _, v := range judge.Fields(d.Pages[0], r.Evidence, calibration.Default().Policy) {
			if len(v.Doubts) > 0 {
				continue
			}
			settled++
			if !slices.Equal(v.Choices, marks[v.Field]) {
				t.Errorf("seed %d: %s is read as %v, is %v", seed, v.Field, v.Choices, marks[v.Field])
			}
		}
		t.Logf("seed %d: %d of %d fields are settled", seed, settled, len(d.Pages[0].Fields))
	}
}

// diffused is img in black and white, with what that errs by handed on to the next pixels
// (Floyd and Steinberg, 1976).
func diffused(img *image.Gray) *image.Gray {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	errs := make([]int, w+2)
	out := image.NewGray(img.Rect)
	for y := range h {
		next, ahead := make([]int, w+2), 0
		for x := range w {
			v := 16*int(img.GrayAt(x, y).Y) + errs[x+1] + ahead
			if v >= 16*128 {
				out.SetGray(x, y, color.Gray{Y: 255})
				v -= 16 * 255
			}
			ahead = 7 * v / 16
			next[x] += 3 * v / 16
			next[x+1] += 5 * v / 16
			next[x+2] += v / 16
		}
		errs = next
	}
	return out
}

// thinned is img without the black pixels that touch a white one.
func thinned(img *image.Gray) *image.Gray {
	out := omrtest.Clone(img)
	for y := 1; y < img.Rect.Dy()-1; y++ {
		for x := 1; x < img.Rect.Dx()-1; x++ {
			if max(img.GrayAt(x-1, y).Y, img.GrayAt(x+1, y).Y, img.GrayAt(x, y-1).Y, img.GrayAt(x, y+1).Y) > 128 {
				out.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	return out
}
