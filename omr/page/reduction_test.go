package page_test

import (
	"bytes"
	"testing"

	"bargkhan/omr/internal/pix"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
)

// What is reduced band by band while it is decoded is what would be of the whole picture.
func TestReduced(t *testing.T) {
	files := samples()
	img := picture(161, 203) // of two bands or more, none of them whole
	files["long.jpg"] = omrtest.EncodeJPEG(img, 80, 200)
	for _, c := range []struct {
		name string
		side int
		is   bool // reduced
	}{
		{"long.jpg", 0, false}, {"long.jpg", 203, true}, {"long.jpg", 202, true}, {"long.jpg", 101, true}, {"long.jpg", 40, true},
		{"long.jpg", 3, false}, // 68 times
		{"colour.jpg", 100, true}, {"progressive-colour.jpg", 20, true}, {"ycck-adobe.jpg", 20, true},
		{"grey.jpg", 100, false}, // is turned
		{"jpeg.pdf", 100, false}, {"grey.png", 100, false},
	} {
		ps, errs := decoded(t, files[c.name], page.Limits{Reduce: c.side})
		if len(errs) > 0 {
			t.Fatalf("%s: %v", c.name, errs)
		}
		p := ps[0]
		got := p.Reduced()
		if (got != nil) != c.is {
			t.Errorf("%s to %d: a copy %v, want %v", c.name, c.side, got != nil, c.is)
		}
		if got == nil {
			continue
		}
		k := (max(p.Img.Rect.Dx(), p.Img.Rect.Dy()) + c.side - 1) / c.side
		var want pix.Reduced
		want.Of(p.Img, k)
		grey, white := got.Tones()
		if g, w := want.Tones(); got.K != k || !bytes.Equal(got.Img.Pix, want.Img.Pix) || got.Img.Rect != want.Img.Rect || g != grey || w != white {
			t.Errorf("%s to %d: reduced %d times to %v, tones %v and %v; want %d, %v, %v and %v", c.name, c.side, got.K, got.Img.Rect, grey, white,
				k, want.Img.Rect, g, w)
		}
		other := p
		if other.Img = picture(10, 10); other.Reduced() != nil {
			t.Errorf("%s: another picture has the same copy", c.name)
		}
		p.Free()
		p.Free()
		if p.Reduced() != nil {
			t.Errorf("%s: a freed page has a copy", c.name)
		}
	}
}

// A torn picture is refused whether it is reduced or not.
func TestReducedTorn(t *testing.T) {
	data := omrtest.EncodeJPEG(picture(160, 400), 80, 200)
	torn := append(bytes.Clone(data[:len(data)/2]), 0xFF, 0xD9)
	for _, side := range []int{0, 200} {
		if ps, errs := decoded(t, torn, page.Limits{Reduce: side}); len(ps) != 0 || len(errs) != 1 {
			t.Errorf("reduced to %d: %d pages, errors %v", side, len(ps), errs)
		}
	}
}
