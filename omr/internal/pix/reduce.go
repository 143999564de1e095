package pix

import "image"

// A Reduced is a smaller copy of a picture, and the tones of that picture.
type Reduced struct {
	Img  image.Gray
	K    int // the picture is so many times as large
	w, h int // of the picture

	sums  []uint16
	tones [2]int64
}

// MostReduced bounds K: sums of a column and the division by a reciprocal are proven for no more.
const MostReduced = 64

// Begin makes r the copy of a picture of w×h that is k times as large, k from 1 to 64: each pixel
// the mean of k×k. What is left over at the right and the bottom is dropped. There is no copy of
// a picture as large. What r was is gone, but for its memory.
func (r *Reduced) Begin(w, h, k int) {
	if k < 1 || k > MostReduced {
		panic("pix: a picture is not reduced 1 to 64 times")
	}
	r.K, r.w, r.h, r.tones = k, w, h, [2]int64{}
	if k == 1 {
		r.Img = image.Gray{Pix: r.Img.Pix[:0]}
		return
	}
	w, h = w/k, h/k
	r.Img.Pix, r.Img.Stride, r.Img.Rect = sized(r.Img.Pix, w*h), w, image.Rect(0, 0, w, h)
	r.sums = sized(r.sums, w*k)
}

// Rows takes in rows y0 to before y1 of img, the picture: each row of it once, in whole groups
// of K but for the last.
func (r *Reduced) Rows(img *image.Gray, y0, y1 int) {
	if y0 < y1 && r.w > 0 {
		r.rows(img, y0, y1)
	}
}

// Of makes r the copy of img that is k times smaller.
func (r *Reduced) Of(img *image.Gray, k int) {
	r.Begin(img.Rect.Dx(), img.Rect.Dy(), k)
	r.Rows(img, 0, r.h)
}

// Tones are shares of the picture's pixels, from 0 to 1: grey are those halfway between black
// and white, which a scan of text in greys has at the edges of letters, and one of black and
// white has not, even after it was a JPEG; white are those that nothing could be lighter than.
func (r *Reduced) Tones() (grey, white float64) {
	all := float64(max(r.w*((r.h+tonesEvery-1)/tonesEvery), 1))
	return float64(r.tones[0]) / all, float64(r.tones[1]) / all
}

// Shrink returns img reduced k times, as Reduced says. For k of 1 or less it is img itself.
func Shrink(img *image.Gray, k int) *image.Gray {
	if k <= 1 {
		return img
	}
	var r Reduced
	r.Of(img, k)
	return &r.Img
}
