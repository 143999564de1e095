package page_test

import (
	"bytes"
	"context"
	"testing"

	"bargkhan/omr/page"
)

// small limits keep a fuzzer's bombs cheap.
var small = page.Limits{Bytes: 1 << 20, Pages: 8, Pixels: 1 << 18}

func seed(f *testing.F) {
	for _, data := range samples() {
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Add([]byte(nil))
	f.Add(bomb())
}

func FuzzWhole(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		whole, why := page.Whole(bytes.NewReader(data), int64(len(data)))
		if whole != (why == "") {
			t.Errorf("whole is %v, and why %q", whole, why)
		}
	})
}

func FuzzDecode(f *testing.F) {
	seed(f)
	lim := small
	lim.Reduce = 64 // in bands, as pages are that are read
	f.Fuzz(func(t *testing.T, data []byte) {
		for p, err := range page.Decode(context.Background(), bytes.NewReader(data), int64(len(data)), lim) {
			switch {
			case err != nil && p.Img != nil:
				t.Errorf("a picture and an error: %v", err)
			case err == nil && (p.Img == nil || p.Number < 1 || p.Img.Rect.Dx()*p.Img.Rect.Dy() > small.Pixels):
				t.Errorf("page %d: %v", p.Number, p.Img)
			}
		}
	})
}
