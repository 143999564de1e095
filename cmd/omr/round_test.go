package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
	"bargkhan/sheets/print"
)

// every makes the round trip with all defects at all resolutions; without it each
// page is spoiled at one of them, in turn.
var every = flag.Bool("every", false, "spoil every design at every resolution")

// A defect is what happens to a sheet between the printer and the reader.
type defect struct {
	name  string
	spoil func(dpi omrtest.DPI) omrtest.Spoil
}

// defects: one clean scan, and one with what a common copier and feeder do.
func defects() []defect {
	return []defect{
		{"clean", func(omrtest.DPI) omrtest.Spoil { return omrtest.Scanned() }},
		{"copied", func(omrtest.DPI) omrtest.Spoil {
			return omrtest.Chain(omrtest.Photocopy(0.97, 1.3, 20), omrtest.Skew(1.5), omrtest.Scanned(), omrtest.JPEG(80))
		}},
	}
}

// Whatever an office may ask for, on whatever paper, is printed, filled, scanned
// and read back as it was filled: each page of each design of testdata at each of
// the usual resolutions.
func TestEveryDesignIsReadBack(t *testing.T) {
	files, err := filepath.Glob("../../testdata/designs/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no designs", err)
	}
	for i, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := loadDesign(file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := print.New(d, nil)
			if err != nil {
				t.Fatal(err)
			}
			for n := range d.Pages {
				for k, dpi := range []omrtest.DPI{150, 200, 300} {
					for j, def := range defects() {
						if !*every && (j > 0 || testing.Short()) && (i+n+k)%3 > 0 {
							continue
						}
						roundTrip(t, p, d, n+1, dpi, def, uint64(i*100+n*10+k))
					}
				}
			}
		})
	}
}

// roundTrip fills, spoils and reads one page.
func roundTrip(t *testing.T, p *print.Printer, d *sheets.Design, number int, dpi omrtest.DPI, def defect, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 17))
	pg := d.Pages[number-1]
	serial := sheets.NewSerial(int(seed) + 1)
	img, err := p.Raster(print.Copy{Stamp: sheets.Stamp{Serial: serial}}, number, float64(dpi))
	if err != nil {
		t.Fatal(err)
	}
	truth := omrtest.NewTruth(1, serial, pg)
	truth.Add(omrtest.Fill(img, dpi, pg, randomAnswers(pg, rng), omrtest.Pencil, rng)...)
	img = def.spoil(dpi)(img, rng)
	reader := omr.Reader{Design: func(s sheets.Stamp) (*sheets.Design, error) { return d, nil }}
	got, err := reader.Read(context.Background(), page.Page{Number: 1, DPI: float64(dpi), Img: img, Bits: 8, Aspect: 1})
	where := fmt.Sprintf("page %d, %v dpi, %s", number, dpi, def.name)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	if got.Stamp.Serial != serial || got.Stamp.Page != number {
		t.Errorf("%s: read sheet %s page %d", where, got.Stamp.Serial, got.Stamp.Page)
	}
	for _, v := range judge.Fields(pg, got.Evidence, calibration.Default().Policy, got.Swatches...) {
		if out := truth.Judge(v.Field, v.Choices, len(v.Doubts) > 0); out != omrtest.Right {
			t.Errorf("%s: field %s: outcome %d, read %v with %v, truth %v", where, v.Field, out, v.Choices, v.Doubts, truth.Fields[v.Field].Choices)
		}
	}
}

// randomAnswers fills most fields with one choice, and those that allow it with
// several.
func randomAnswers(pg sheets.Page, rng *rand.Rand) map[sheets.FieldID][]sheets.Choice {
	answers := map[sheets.FieldID][]sheets.Choice{}
	for _, f := range pg.Fields {
		for _, b := range f.Bubbles {
			if f.Rule == sheets.AnyNumber && rng.IntN(3) == 0 {
				answers[f.ID] = append(answers[f.ID], b.Choice)
			}
		}
		if f.Rule != sheets.AnyNumber && (f.Rule == sheets.ExactlyOne || rng.IntN(10) > 0) {
			answers[f.ID] = []sheets.Choice{f.Bubbles[rng.IntN(len(f.Bubbles))].Choice}
		}
	}
	return answers
}
