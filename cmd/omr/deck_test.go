package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
	"bargkhan/sheets/deck"
)

// mkdeck DESIGN DIR DPI [card=harm …] makes scans of a design's deck, as a printer
// and a scanner would. harm is what befell a card: lost, or
// filled: somebody marked the third field's first choice.
func mkdeck() {
	if err := scanDeck(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func scanDeck(design, dir, dots string, harms []string) error {
	d, err := loadDesign(design)
	if err != nil {
		return err
	}
	dk, err := deck.Of(d)
	if err != nil {
		return err
	}
	p, err := dk.Printer(nil)
	if err != nil {
		return err
	}
	dpi, err := strconv.ParseFloat(dots, 64)
	if err != nil {
		return err
	}
	harm := map[string]string{}
	for _, h := range harms {
		card, what, _ := splitAnswer(h)
		harm[string(card)] = string(what)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range dk.Cards {
		c := &dk.Cards[i]
		page, err := p.Page(c)
		if err != nil {
			return err
		}
		img, err := page.Gray(dpi)
		if err != nil {
			return err
		}
		switch harm[strconv.Itoa(c.Number)] {
		case "lost":
			continue
		case "filled":
			f := d.Pages[c.Page-1].Fields[2]
			omrtest.Fill(img, omrtest.DPI(dpi), d.Pages[c.Page-1], map[sheets.FieldID][]sheets.Choice{f.ID: {f.Bubbles[0].Choice}}, omrtest.PenBlack, rng)
		}
		img = omrtest.Scanned()(img, rng)
		name := filepath.Join(dir, fmt.Sprintf("%03d.jpg", c.Number))
		if err := os.WriteFile(name, omrtest.EncodeJPEG(img, 85, omrtest.DPI(dpi)), 0o644); err != nil {
			return err
		}
	}
	return nil
}
