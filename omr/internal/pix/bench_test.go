package pix

import (
	"testing"

	"bargkhan/sheets/geom"
)

// The loops over the reduced copy of an A4 page, and over the page.
func BenchmarkLoops(b *testing.B) {
	page := printed(1654, 2339, 1)
	small := Shrink(page, 2)
	paper := PaperOf(small, nil)
	var lines Lines
	var figures Figures
	var into Reduced
	var white Paper
	steps := make([]geom.Point[geom.Paper], 1024)
	for i := range steps {
		steps[i] = geom.Point[geom.Paper]{X: float64(i%32) / 10, Y: float64(i/32) / 10}
	}
	values := make([]float64, 1024)
	var groups [][]geom.Point[geom.Paper]
	for i := range 28 {
		groups = append(groups, steps[i*32:][:32])
	}
	q := NewQuartets(groups)
	var s Stencil
	l := Lens{XX: 7.9, XY: 0.1, YX: -0.1, YY: 7.9}
	at := Point{X: 800.3, Y: 1000.2}
	for _, c := range []struct {
		name string
		do   func()
	}{
		{"reduce", func() { into.Of(page, 2) }},
		{"paper", func() { PaperOf(small, &white) }},
		{"lines", func() { FindLines(small, paper, nil, &lines) }},
		{"blobs", func() { figures.Blobs(small, paper, 0.62, 10, 76) }},
		{"samples", func() { Samples(page, at, l, steps, values) }},
		{"middles", func() { q.Middles(page, at, l, values) }},
		{"stencil", func() {
			s.Set([3][]geom.Point[geom.Paper]{steps[:32], steps[32:64], steps[64:96]})
			s.Climb(page, Climb{Place: Place{at, l, 230}, Far: 7, Near: 0.05, Step: 1})
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.do()
			}
		})
	}
}
