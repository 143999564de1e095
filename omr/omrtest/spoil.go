package omrtest

import (
	"image"
	"math/rand/v2"
)

// A Spoil returns img with one defect, in new memory or changed in place: img is
// not to be used again. Equal pictures and equally seeded rngs give equal results.
type Spoil func(img *image.Gray, rng *rand.Rand) *image.Gray

// Chain does one spoil after the other.
func Chain(spoils ...Spoil) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		for _, s := range spoils {
			img = s(img, rng)
		}
		return img
	}
}

// Clone returns a copy of img, to be spoiled while img is kept.
func Clone(img *image.Gray) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, img.Rect.Dx(), img.Rect.Dy()))
	for y := range out.Rect.Dy() {
		copy(out.Pix[y*out.Stride:][:out.Rect.Dx()], img.Pix[y*img.Stride:])
	}
	return out
}

// Scanned is what every scanner does to every page: paper is not white and not
// even, ink is not black, edges are a little soft, and the sensor is noisy. It
// belongs at the end of a chain, before JPEG or Bilevel.
func Scanned() Spoil { return Chain(Blur(0.6), Range(28, 246), Grain(3), Noise(2)) }

// lid is the grey that a scanner sees where there is no paper.
const lid = 236

// shade multiplies each pixel by what f says of its place.
func shade(img *image.Gray, f func(x, y int) float64) *image.Gray {
	for y := range img.Rect.Dy() {
		row := img.Pix[y*img.Stride:][:img.Rect.Dx()]
		for x, v := range row {
			row[x] = clamp(float64(v) * f(x, y))
		}
	}
	return img
}

// clamp rounds v to a grey.
func clamp(v float64) uint8 {
	switch v += .5; {
	case v < 0:
		return 0
	case v > 255:
		return 255
	}
	return uint8(v)
}

// blend is the grey between a (at 0) and b (at 1).
func blend(a uint8, b, t float64) uint8 { return clamp(float64(a)*(1-t) + b*t) }

// smooth runs from 0 at a to 1 at b, without corners.
func smooth(a, b, v float64) float64 {
	t := min(1, max(0, (v-a)/(b-a)))
	return t * t * (3 - 2*t)
}
