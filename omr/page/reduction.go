package page

import (
	"image"
	"sync"

	"bargkhan/omr/internal/pix"
)

// A reduction is a copy of a picture that was made while it was decoded, when its rows were close
// to the processor: to fetch all of them once more takes four times as long as to reduce them.
type reduction struct {
	pix.Reduced
	from *image.Gray // the picture; nil if nobody has it any more
}

// reductions are those that were given back.
var reductions = sync.Pool{New: func() any { return new(reduction) }}

// newReduction begins a copy of img as lim asks; nil if it asks for none.
func newReduction(img *image.Gray, lim Limits) *reduction {
	if lim.Reduce <= 0 {
		return nil
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	k := (max(w, h) + lim.Reduce - 1) / lim.Reduce
	if k > pix.MostReduced {
		return nil
	}
	r := reductions.Get().(*reduction)
	r.from = img
	r.Begin(w, h, k)
	return r
}

// of returns r if it is a copy of img, and else gives it back: the picture was laid otherwise.
func (r *reduction) of(img *image.Gray) *reduction {
	if r != nil && r.from != img {
		r.free()
		return nil
	}
	return r
}

// free gives r back.
func (r *reduction) free() {
	if r != nil && r.from != nil {
		r.from = nil
		reductions.Put(r)
	}
}

// Reduced is a copy of p's picture as it was decoded, reduced as Limits.Reduce asked, and not at
// all if it is no larger; nil if none was made, or if Img is another picture by now. It is gone
// once p is freed. Whoever changes the pixels of Img must not ask for it.
func (p Page) Reduced() *pix.Reduced {
	if p.small == nil || p.Img == nil || p.small.from != p.Img {
		return nil
	}
	return &p.small.Reduced
}
