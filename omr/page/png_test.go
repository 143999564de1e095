package page_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"

	"bargkhan/omr/omrtest"
)

// TestPNGFilters holds PNG against Go's decoder: rows of chance with every filter, grey
// and coloured, in one chunk and in several.
func TestPNGFilters(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, samples := range []int{1, 3} {
		for _, w := range []int{1, 2, 13, 64} {
			const h = 40
			var raw []byte
			for y := range h {
				raw = append(raw, byte(y%5))
				for range w * samples {
					raw = append(raw, byte(rng.IntN(256)>>rng.IntN(8)))
				}
			}
			head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), h)
			head = append(head, 8, byte(samples-1), 0, 0, 0)
			body := deflated(raw)
			data := []byte("\x89PNG\r\n\x1a\n")
			data = append(data, omrtest.PNGChunk("IHDR", head)...)
			cut := rng.IntN(len(body))
			data = append(data, omrtest.PNGChunk("IDAT", body[:cut])...)
			data = append(data, omrtest.PNGChunk("IDAT", body[cut:])...)
			data = append(data, omrtest.PNGChunk("IEND", nil)...)
			src, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			want := image.NewGray(src.Bounds())
			for y := range h {
				for x := range w {
					want.Set(x, y, color.GrayModel.Convert(src.At(x, y)))
				}
			}
			got := one(t, data).Img
			for i := range want.Pix {
				if d := int(got.Pix[i]) - int(want.Pix[i]); d < -1 || d > 1 || samples == 1 && d != 0 {
					t.Fatalf("%d samples, %d wide: pixel %d is %d, want %d", samples, w, i, got.Pix[i], want.Pix[i])
				}
			}
		}
	}
}
