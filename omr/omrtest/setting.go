package omrtest

import (
	"image"
	"math/rand/v2"
)

// Levels is a scanner's setting of black and white: what is no brighter than black becomes
// black, what is at least as bright as white becomes white, both 0 to 255.
func Levels(black, white float64) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		return curve(img, func(v float64) float64 { return (255*v - black) / (white - black) })
	}
}

// Unsharp is the sharpening that scanners do: what a place differs from its surroundings by,
// a Gaussian of sigma pixels, is added to it gain times.
func Unsharp(sigma, gain float64) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		soft := blur(img, sigma)
		for i, v := range img.Pix {
			img.Pix[i] = clamp(float64(v) + gain*(float64(v)-float64(soft.Pix[i])))
		}
		return img
	}
}

// LocalBilevel is the black and white of a phone's scanning app: black is what is darker than
// its surroundings, a Gaussian of sigma pixels, by more than step greys.
func LocalBilevel(sigma, step float64) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		soft := blur(img, sigma)
		for i, v := range img.Pix {
			black := float64(v) < float64(soft.Pix[i])-step
			img.Pix[i] = 255
			if black {
				img.Pix[i] = 0
			}
		}
		return img
	}
}
