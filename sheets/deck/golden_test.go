package deck

import (
	"bytes"
	"flag"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bargkhan/sheets/typeset"
)

var update = flag.Bool("update", false, "write the golden picture")

// A card looks as it looked when somebody looked: the card of crosses, drawn at
// 62 dpi, in parts of the page, because faces differ a little from release to release.
func TestGoldenCard(t *testing.T) {
	fonts, err := typeset.LoadFonts("")
	if err != nil {
		t.Fatal(err)
	}
	d := of(t, designs(t)["national-3x20"])
	p, err := d.Printer(fonts)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(d.Cards, func(c Card) bool { return c.Kind == Crosses })
	page, err := p.Page(&d.Cards[i])
	if err != nil {
		t.Fatal(err)
	}
	got, err := page.Gray(62)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "crosses.png")
	if *update {
		var b bytes.Buffer
		if err := png.Encode(&b, got); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := png.Decode(bytes.NewReader(b))
	if err != nil || want.Bounds() != got.Bounds() {
		t.Fatal(want, err)
	}
	parts := map[image.Point]float64{}
	for y := range got.Rect.Dy() {
		for x := range got.Rect.Dx() {
			v, _, _, _ := want.At(x, y).RGBA()
			parts[image.Pt(x/20, y/20)] += float64(got.GrayAt(x, y).Y) - float64(v>>8)
		}
	}
	for at, sum := range parts {
		if math.Abs(sum/400) > 12 {
			t.Errorf("around %v it is %.0f of 255 off the golden picture; look at it, then run with -update", at.Mul(20), sum/400)
		}
	}
}

// A deck is printed as one PDF, a page for each card, the same bytes every time.
func TestPDF(t *testing.T) {
	fonts, err := typeset.LoadFonts("")
	if err != nil {
		t.Fatal(err)
	}
	d := of(t, designs(t)["a4-10x30"])
	var a, b bytes.Buffer
	if err := d.PDF(&a, fonts); err != nil {
		t.Fatal(err)
	}
	if err := d.PDF(&b, fonts); err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two files of one deck differ", err)
	}
	if n := strings.Count(a.String(), "/Type/Page/"); n != len(d.Cards) {
		t.Errorf("%d pages for %d cards", n, len(d.Cards))
	}
}
