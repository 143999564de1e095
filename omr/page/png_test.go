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
// and coloured, in several chunks; more, fewer and as many rows
// as are undone at once; the last row is longer than those that are.
func TestPNGFilters(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, samples := range []int{1, 3} {
		for i, w := range []int{1, 2, 13, 16, 47, 48, 49, 64, 333, 140_000} {
			h := []int{40, 32, 7, 16, 1}[i%5]
			var raw []byte
			for y := range h {
				raw = append(raw, byte((y+y/5+i)%5))
				for range w * samples {
					raw = append(raw, byte(rng.IntN(256)>>rng.IntN(8)))
				}
			}
			head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
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
