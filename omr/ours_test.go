package omr_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
	"bargkhan/sheets/print"
	"bargkhan/sheets/typeset"
)

// national is the sheet of the national examination: three titles of twenty
// questions; spare with its number grid.
func national(t testing.TB, spare bool) *sheets.Design {
	t.Helper()
	d, err := sheets.Layout(sheets.Description{
		ID:     sheets.DesignID("test-" + strconv.FormatBool(spare)),
		Blocks: []sheets.Block{{Title: "1"}, {Title: "2"}, {Title: "3"}},
		Forms:  2, Presence: true, Spare: spare,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A raster is a printed sheet that several tests fill.
type raster struct {
	design sheets.Digest
	serial int
	dpi    float64
}

// serials is how many sheets of one design are printed: each is kept in memory.
const serials = 5

var (
	rasters = map[raster]*image.Gray{}
	drawing sync.Mutex
)

// faces are those that sheets are printed with.
var faces = sync.OnceValues(func() (*typeset.Fonts, error) { return typeset.LoadFonts("") })

// printed draws a sheet of d with its texts.
func printed(t testing.TB, d *sheets.Design, serial int, dpi float64) *image.Gray {
	t.Helper()
	drawing.Lock()
	defer drawing.Unlock()
	key := raster{d.Digest(), serial, dpi}
	if img := rasters[key]; img != nil {
		return omrtest.Clone(img)
	}
	fonts, err := faces()
	if err != nil {
		t.Fatal(err)
	}
	img, err := print.Raster(d, 1, print.Copy{Stamp: sheets.Stamp{Page: 1, Serial: sheets.NewSerial(serial)}}, dpi, fonts)
	if err != nil {
		t.Fatal(err)
	}
	rasters[key] = omrtest.Clone(img)
	return img
}

// answers fills about nine of ten fields at random.
func answers(pg sheets.Page, rng *rand.Rand) map[sheets.FieldID][]sheets.Choice {
	out := map[sheets.FieldID][]sheets.Choice{}
	for _, f := range pg.Fields {
		if rng.IntN(10) > 0 || f.Rule == sheets.ExactlyOne {
			out[f.ID] = []sheets.Choice{f.Bubbles[rng.IntN(len(f.Bubbles))].Choice}
		}
	}
	return out
}

// A result counts what became of some sheets.
type result struct {
	sheets, rejected, fields int
	asked                    int    // sheets with a needless doubt
	of                       [5]int // by omrtest.Outcome
	expected                 judge.Expectation
	words                    []string
}

func (r result) String() string {
	return fmt.Sprintf("%d sheets, %d rejected; %d fields: %d right, %d doubted, %d needless, %d unasked, %d misread",
		r.sheets, r.rejected, r.fields, r.of[0], r.of[1], r.of[2], r.of[3], r.of[4])
}

// made prints, fills and spoils one sheet.
func (f family) made(t testing.TB, d *sheets.Design, seed uint64) (page.Page, *omrtest.Truth) {
	t.Helper()
	dpi := float64(f.dpi)
	rng := rand.New(rand.NewPCG(seed, 1))
	serial := int((seed-1)%serials) + 1
	img := printed(t, d, serial, dpi)
	truth := omrtest.NewTruth(1, sheets.NewSerial(serial), d.Pages[0])
	all := answers(d.Pages[0], rng)
	if f.several {
		for _, x := range d.Pages[0].Fields { // in this order, so that equal seeds make equal pages
			hand := omrtest.Hands()[rng.IntN(len(omrtest.Hands()))]
			truth.Add(omrtest.Fill(img, omrtest.DPI(dpi), d.Pages[0], map[sheets.FieldID][]sheets.Choice{x.ID: all[x.ID]}, hand, rng)...)
		}
	} else {
		truth.Add(omrtest.Fill(img, omrtest.DPI(dpi), d.Pages[0], all, f.hand, rng)...)
	}
	img = f.spoiled(img, d, truth, rng)
	said := dpi
	if f.said != 0 {
		said = max(f.said, 0)
	}
	return page.Page{Number: 1, DPI: said, Img: img, Bits: f.bits}, truth
}

// spoiled is img after all that happened to it, which truth then knows.
func (f family) spoiled(img *image.Gray, d *sheets.Design, truth *omrtest.Truth, rng *rand.Rand) *image.Gray {
	if f.streak != nil {
		img = f.streak.draw(img, f.dpi, d, truth, rng)
	}
	if f.spoil != nil {
		img = f.spoil(img, rng)
	}
	return img
}

// try makes and reads one sheet. It returns what was measured; nil of a sheet that was
// rejected.
func (r *result) try(t testing.TB, d *sheets.Design, f family, seed uint64) (*omr.Reading, *omrtest.Truth) {
	t.Helper()
	p, truth := f.made(t, d, seed)
	r.sheets++
	reader := omr.Reader{Design: func(sheets.Stamp) (*sheets.Design, error) { return d, nil }}
	got, err := reader.Read(context.Background(), p)
	var back *omr.Reject
	if errors.As(err, &back) {
		r.rejected++
		r.words = append(r.words, fmt.Sprintf("%s, seed %d: %v", f.name, seed, err))
		return nil, truth
	}
	if err != nil {
		t.Fatal(err)
	}
	if got.Stamp.Serial != truth.Serial {
		t.Errorf("%s, seed %d: serial %s, want %s", f.name, seed, got.Stamp.Serial, truth.Serial)
	}
	policy := calibration.Default().Policy
	verdicts := judge.Fields(d.Pages[0], got.Evidence, policy, got.Swatches...)
	r.expected.Add(policy, verdicts)
	before := r.of[omrtest.Needless]
	defer func() {
		if r.of[omrtest.Needless] > before {
			r.asked++
		}
	}()
	for i, v := range verdicts {
		o := truth.Judge(v.Field, v.Choices, len(v.Doubts) > 0)
		r.fields++
		r.of[o]++
		if o >= omrtest.Needless {
			e := []judge.Evidence{}
			for _, x := range got.Evidence {
				if x.Field == v.Field {
					e = append(e, x)
				}
			}
			r.words = append(r.words, fmt.Sprintf("%s, seed %d: field %d %v: outcome %d, read %v, is %+v, doubts %v, %+v",
				f.name, seed, i, v.Field, o, v.Choices, truth.Fields[v.Field], v.Doubts, e))
		}
	}
	return got, truth
}

func TestClean(t *testing.T) {
	for _, dpi := range []float64{150, 200, 300} {
		t.Run(fmt.Sprint(dpi), func(t *testing.T) {
			t.Parallel()
			d := national(t, true)
			var r result
			for seed := range uint64(2) {
				r.try(t, d, family{dpi: omrtest.DPI(dpi), bits: 8}, seed+1)
			}
			t.Log(r)
			for _, w := range r.words {
				t.Log(w)
			}
			if r.rejected > 0 || r.of[omrtest.Misread] > 0 || r.of[omrtest.Needless] > 0 {
				t.Error("a clean sheet must be read without a doubt")
			}
		})
	}
}

// TestUntouched reads sheets that nobody marked: their blanks are believed, though no
// mark on the page says how dark its pencil is.
func TestUntouched(t *testing.T) {
	t.Parallel()
	d := national(t, false)
	reader := omr.Reader{Expect: d}
	for name, spoil := range map[string]omrtest.Spoil{
		"scanned": omrtest.Scanned(),
		"jpeg":    omrtest.Chain(omrtest.Scanned(), omrtest.JPEG(60)),
		"noise":   omrtest.Chain(omrtest.Noise(12), omrtest.Scanned()),
		"copied":  omrtest.Chain(omrtest.Photocopy(0.97, 1.5, 20), omrtest.Scanned()),
		"skew":    omrtest.Chain(omrtest.Skew(2), omrtest.UnevenLight(0.3), omrtest.Scanned()),
	} {
		for seed := range uint64(1) {
			img := spoil(printed(t, d, 9, 200), rand.New(rand.NewPCG(seed, 9)))
			r, err := reader.Read(context.Background(), page.Page{DPI: 200, Img: img, Bits: 8})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for i, v := range judge.Fields(d.Pages[0], r.Evidence, calibration.Default().Policy, r.Swatches...) {
				needed := d.Pages[0].Fields[i].Rule == sheets.ExactlyOne
				if len(v.Choices) > 0 || (len(v.Doubts) > 0 && !needed) {
					t.Errorf("%s, seed %d: field %s is read %v, doubts %v", name, seed, v.Field, v.Choices, v.Doubts)
				}
			}
		}
	}
}

// TestSheetsSideBySide scans two small sheets as one page: the outer markers of both stand in
// its corners, and are not taken for one sheet.
func TestSheetsSideBySide(t *testing.T) {
	d := shipped(t, "a5-20")
	const dpi = 150
	var halves []*image.Gray
	for serial := range 2 {
		img, err := print.Raster(d, 1, print.Copy{Stamp: sheets.Stamp{Page: 1, Serial: sheets.NewSerial(serial + 1)}}, dpi, nil)
		if err != nil {
			t.Fatal(err)
		}
		halves = append(halves, omrtest.Turn(1)(img, nil))
	}
	w, h := halves[0].Rect.Dx(), halves[0].Rect.Dy()
	both := image.NewGray(image.Rect(0, 0, w, 2*h))
	for i, half := range halves {
		for y := range h {
			copy(both.Pix[(i*h+y)*both.Stride:][:w], half.Pix[y*half.Stride:][:w])
		}
	}
	r, err := (&omr.Reader{Expect: d}).Read(context.Background(), page.Page{Number: 1, DPI: dpi, Img: omrtest.Scanned()(both, rand.New(rand.NewPCG(1, 1))), Bits: 8})
	var back *omr.Reject
	switch {
	case errors.As(err, &back):
		t.Logf("rejected: %v", err)
	case err != nil:
		t.Error(err)
	case r.Pose.Residual > 0.1 || r.Pose.Fit < 0.9:
		t.Errorf("sheet %s is read with a residual of %.2f mm and a fit of %.2f", r.Stamp.Serial, r.Pose.Residual, r.Pose.Fit)
	}
}
