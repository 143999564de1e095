package main

import (
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
	"bargkhan/sheets/print"
)

// TestMain makes the tool itself a command of the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"omr": main, "mkscan": mkscan, "mkdeck": mkdeck})
}

// TestScripts runs the desk tool as a person would; each script tells one story.
func TestScripts(t *testing.T) {
	designs, err := filepath.Abs("../../testdata/designs")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("DESIGNS", designs)
			return nil
		},
	})
}

// mkscan DESIGN FILE SERIAL [field=choice …] makes a scan of one filled sheet, of
// the kind that the file's name says. The choice "unreadable" spoils the page; "header"
// and "end" make those of a stack instead.
func mkscan() {
	if err := scan(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func scan(design, name, serial string, answers []string) error {
	const dpi = 200
	d, err := loadDesign(design)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(serial)
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(serial); err == nil && len(answers) == 1 && (answers[0] == "header" || answers[0] == "end") {
		return scanHeader(d, name, n, answers[0] == "end")
	}
	img, err := print.Raster(d, 1, print.Copy{Stamp: sheets.Stamp{Serial: sheets.NewSerial(n)}}, dpi, nil)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	marks, spoil := map[sheets.FieldID][]sheets.Choice{}, omrtest.Scanned()
	for _, a := range answers {
		if a == "unreadable" {
			spoil = omrtest.Unreadable()
			continue
		}
		field, choice, _ := splitAnswer(a)
		marks[field] = append(marks[field], choice)
	}
	omrtest.Fill(img, dpi, d.Pages[0], marks, omrtest.Pencil, rng)
	img = spoil(img, rng)
	return os.WriteFile(name, encode(filepath.Ext(name), img, dpi), 0o644)
}

// scanHeader makes a scan of the sheet before stack n, or behind it.
func scanHeader(d *sheets.Design, name string, n int, end bool) error {
	page, err := print.Header(d, sheets.Stack{Session: "1405-09-a", Venue: "تالار ۱", Number: n, Sheets: 48, End: end}, "آزمون", "", nil)
	if err != nil {
		return err
	}
	const dpi = 200
	img, err := page.Gray(dpi)
	if err != nil {
		return err
	}
	return os.WriteFile(name, encode(filepath.Ext(name), omrtest.Scanned()(img, rand.New(rand.NewPCG(1, uint64(n)))), dpi), 0o644)
}

func splitAnswer(a string) (sheets.FieldID, sheets.Choice, bool) {
	for i := range a {
		if a[i] == '=' {
			return sheets.FieldID(a[:i]), sheets.Choice(a[i+1:]), true
		}
	}
	return sheets.FieldID(a), "", false
}

func encode(ext string, img *image.Gray, dpi omrtest.DPI) []byte {
	switch ext {
	case ".tif":
		return omrtest.EncodeG4([]*image.Gray{omrtest.Bilevel(150)(img, nil), omrtest.Bilevel(150)(img, nil)}, dpi)
	case ".pdf":
		return omrtest.EncodePDF([]*image.Gray{img}, 80, dpi)
	case ".png":
		return omrtest.EncodePNG(img, dpi)
	}
	return omrtest.EncodeJPEG(img, 80, dpi)
}
