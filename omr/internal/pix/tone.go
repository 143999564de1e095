package pix

import "image"

// Printed is the share of the pixels of img, without a margin of a sixteenth at each
// side where shadows fall, that are darker than limit.
func Printed(img *image.Gray, limit float64) float64 {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	mx, my := w/16, h/16
	n, all := 0, 0
	for y := my; y < h-my; y++ {
		row := img.Pix[y*img.Stride:][mx : w-mx]
		for _, v := range row {
			if float64(v) < limit {
				n++
			}
		}
		all += len(row)
	}
	return float64(n) / float64(max(all, 1))
}
