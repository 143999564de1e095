package omrtest

import (
	"fmt"
	"image"
	"iter"
	"math/rand/v2"

	"bargkhan/sheets"
	"bargkhan/sheets/print"
	"bargkhan/sheets/typeset"
)

// A Trial is one page of a design as it may come back, and what was marked on it.
type Trial struct {
	Way     string // how it was spoiled, in words
	Page    int    // from 1
	DPI     DPI    // 0 if the file would not say
	Img     *image.Gray
	Answers map[sheets.FieldID][]sheets.Choice
}

// trials are the ways that any design must stand.
var trials = []struct {
	way   string
	dpi   DPI
	hand  Hand
	photo bool // of sheets of others only
	spoil Spoil
}{
	{"scanned at 200 dpi", 200, Pencil, false, Chain(Skew(0.8), Scanned())},
	{"scanned askew at 150 dpi", 150, PenBlue, false, Chain(Skew(-2.5), Scanned())},
	{"upside down, stretched by 1 %", 150, Pencil, false, Chain(Turn(2), Stretch(0.01), Skew(1.2), Scanned())},
	{"a pale photocopy", 200, PenBlack, false, Chain(Photocopy(0.98, 0.75, 20), Skew(0.5), Scanned())},
	{"photographed", 150, PenBlack, true, Chain(Phone(2600, 0.9), JPEG(85))},
}

// Trials prints each page of d with fonts (nil leaves out all texts), fills every field but
// some, and spoils it in the ways that any design must stand.
func Trials(d *sheets.Design, fonts *typeset.Fonts) iter.Seq2[Trial, error] {
	return func(yield func(Trial, error) bool) {
		for n := range d.Pages {
			pg := d.Pages[n]
			for i, t := range trials {
				if t.photo && len(pg.Codes) > 0 {
					continue
				}
				img, err := print.Raster(d, n+1, print.Copy{Stamp: sheets.Stamp{Page: n + 1, Serial: sheets.NewSerial(i + 1)}}, float64(t.dpi), fonts)
				if err != nil {
					yield(Trial{}, fmt.Errorf("printing page %d: %w", n+1, err))
					return
				}
				answers := map[sheets.FieldID][]sheets.Choice{}
				for k, f := range pg.Fields {
					if c := (k + i) % (len(f.Bubbles) + 1); c < len(f.Bubbles) {
						answers[f.ID] = []sheets.Choice{f.Bubbles[c].Choice}
					} else if f.Rule == sheets.ExactlyOne {
						answers[f.ID] = []sheets.Choice{f.Bubbles[0].Choice}
					}
				}
				rng := rand.New(rand.NewPCG(uint64(i), uint64(n)))
				Fill(img, t.dpi, pg, answers, t.hand, rng)
				said := t.dpi
				if t.photo {
					said = 0
				}
				if !yield(Trial{t.way, n + 1, said, t.spoil(img, rng), answers}, nil) {
					return
				}
			}
		}
	}
}
