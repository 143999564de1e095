package page_test

import (
	"bytes"
	"context"
	"image"
	"testing"

	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
)

// A4 at 200 dpi, as a station's scanner writes it.
func BenchmarkDecode(b *testing.B) {
	grey, bw := picture(1654, 2339), bilevel(1654, 2339)
	for name, data := range map[string][]byte{
		"jpeg":     omrtest.EncodeJPEG(grey, 80, 200),
		"g4":       omrtest.EncodeG4([]*image.Gray{bw}, 200),
		"lzw":      omrtest.EncodeTIFF("w", omrtest.GreyPage(grey, omrtest.TIFFLZW, 200)),
		"png":      omrtest.EncodePNG(grey, 200),
		"jpeg pdf": omrtest.EncodePDF([]*image.Gray{grey}, 80, 200),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range page.Decode(context.Background(), bytes.NewReader(data), int64(len(data)), page.Limits{}) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
