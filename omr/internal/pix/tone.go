package pix

import "image"

// Bilevel says whether img has hardly any greys: nearly all its pixels are within
// eight of black or of white. A clean scan of text has fifty times as many greys, at
// the edges of letters.
func Bilevel(img *image.Gray) bool {
	const step, edge, few = 7, 8, 0.002 // every seventh row is looked at
	grey, all := 0, 0
	for y := 0; y < img.Rect.Dy(); y += step {
		row := img.Pix[y*img.Stride:][:img.Rect.Dx()]
		for _, v := range row {
			if v > edge && v < 255-edge {
				grey++
			}
		}
		all += len(row)
	}
	return float64(grey) <= few*float64(all)
}

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
