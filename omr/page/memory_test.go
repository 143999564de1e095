package page_test

import (
	"bytes"
	"context"
	"testing"

	"bargkhan/omr/page"
)

// TestFree decodes every kind of file twice: the second time into memory that was given
// back full of other pixels, of which not one may show.
func TestFree(t *testing.T) {
	for name, data := range samples() {
		t.Run(name, func(t *testing.T) {
			want, errs := decoded(t, data, page.Limits{})
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			for range 3 {
				for p, err := range page.Decode(context.Background(), bytes.NewReader(data), int64(len(data)), page.Limits{}) {
					if err != nil {
						t.Fatal(err)
					}
					if w := want[p.Number-1]; far(p.Img, w.Img) != 0 || p.DPI != w.DPI || p.Bits != w.Bits || p.Aspect != w.Aspect {
						t.Errorf("page %d differs from itself", p.Number)
					}
					for i := range p.Img.Pix {
						p.Img.Pix[i] = byte(77 + i)
					}
					p.Free()
				}
			}
		})
	}
}

// A picture that was given back is empty in every copy of its page, and stays so.
func TestFreed(t *testing.T) {
	data := samples()["grey.jpg"]
	p := one(t, data)
	other := p
	p.Free()
	p.Free()
	other.Free()
	next, after := one(t, data), one(t, data)
	if !other.Img.Rect.Empty() || other.Img.Pix != nil {
		t.Errorf("a freed page still shows %v", other.Img.Rect)
	}
	if &next.Img.Pix[0] == &after.Img.Pix[0] {
		t.Error("memory that was given back once is lent twice")
	}
	mine := page.Page{Img: picture(10, 10)}
	if mine.Free(); mine.Img.Rect.Empty() {
		t.Error("a picture that was not decoded here was taken")
	}
	page.Page{}.Free()
}
