package omr_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"bargkhan/omr"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
)

// BenchmarkRead reads a sheet of ours of 200 dpi, decoded before.
func BenchmarkRead(b *testing.B) {
	d := national(b, true)
	img := printed(b, d, 1, 200)
	rng := rand.New(rand.NewPCG(1, 1))
	omrtest.Fill(img, 200, d.Pages[0], answers(d.Pages[0], rng), omrtest.Pencil, rng)
	img = omrtest.Chain(omrtest.Skew(0.7), omrtest.Scanned())(img, rng)
	r := omr.Reader{Design: func(sheets.Stamp) (*sheets.Design, error) { return d, nil }}
	b.ResetTimer()
	for range b.N {
		if _, err := r.Read(context.Background(), page.Page{Number: 1, DPI: 200, Img: img, Bits: 8}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOthers reads a real scan of 300 dpi printed by others.
func BenchmarkOthers(b *testing.B) {
	for _, f := range []string{"openmcr_75q/images/core1_page1.png", "formscanner_test/images/T00001.jpg"} {
		b.Run(filepath.Dir(filepath.Dir(f)), func(b *testing.B) {
			dir := scans(b)
			s := loadSet(b, filepath.Join(dir, filepath.Dir(filepath.Dir(f))))
			p := load(b, filepath.Join(dir, f))
			r := omr.Reader{Expect: s.design}
			b.ResetTimer()
			for range b.N {
				if _, err := r.Read(context.Background(), p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
