package omrtest

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

// Blur softens the picture by a Gaussian of sigma pixels.
func Blur(sigma float64) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray { return blur(img, sigma) }
}

// blur is a Gaussian in two passes; beyond the edges the edge goes on.
func blur(img *image.Gray, sigma float64) *image.Gray {
	k := bell(sigma)
	if len(k) == 1 {
		return img
	}
	return blurDown(blurAcross(img, k), k)
}

// bell is a Gaussian in 1/2¹⁶, of an odd length; its sum is exactly 1.
func bell(sigma float64) []int32 {
	r := int(math.Ceil(2.5 * sigma))
	at := func(i int) float64 { return math.Exp(-float64((i-r)*(i-r)) / (2 * sigma * sigma)) }
	kernel := make([]int32, 2*r+1)
	if r == 0 {
		return kernel
	}
	total := 0.0
	for i := range kernel {
		total += at(i)
	}
	left := int32(1 << 16)
	for i := range kernel {
		kernel[i] = int32(at(i) / total * (1 << 16))
		left -= kernel[i]
	}
	kernel[r] += left
	return kernel
}

func blurAcross(img *image.Gray, kernel []int32) *image.Gray {
	w, h, r := img.Rect.Dx(), img.Rect.Dy(), len(kernel)/2
	out := image.NewGray(image.Rect(0, 0, w, h))
	padded := make([]uint8, w+2*r)
	for y := range h {
		src := img.Pix[y*img.Stride:][:w]
		copy(padded[r:], src)
		for i := range r {
			padded[i], padded[w+r+i] = src[0], src[w-1]
		}
		dst := out.Pix[y*out.Stride:][:w]
		for x := 0; x < w; {
			if n := white(padded[x:]) - 2*r; n > 0 { // most of a page
				n = min(n, w-x)
				for i := range n {
					dst[x+i] = 255
				}
				x += n
				continue
			}
			sum := int32(1 << 15)
			for i, k := range kernel {
				sum += k * int32(padded[x+i])
			}
			dst[x] = uint8(sum >> 16)
			x++
		}
	}
	return out
}

// white is how many pixels at the beginning of a row are white, in steps of eight.
func white(row []uint8) int {
	n := 0
	for len(row)-n >= 8 && binary.LittleEndian.Uint64(row[n:]) == math.MaxUint64 {
		n += 8
	}
	return n
}

func blurDown(img *image.Gray, kernel []int32) *image.Gray {
	w, h, r := img.Rect.Dx(), img.Rect.Dy(), len(kernel)/2
	out := image.NewGray(image.Rect(0, 0, w, h))
	rows := make([][]uint8, len(kernel))
	for y := range h {
		for i := range rows {
			rows[i] = img.Pix[min(h-1, max(0, y+i-r))*img.Stride:][:w]
		}
		dst := out.Pix[y*out.Stride:][:w]
		for x := 0; x < w; {
			n := w
			for _, row := range rows {
				if n = min(n, white(row[x:])); n == 0 {
					break
				}
			}
			for i := range n {
				dst[x+i] = 255
			}
			x += n
			for end := min(x+8, w); x < end; x++ {
				sum := int32(1 << 15)
				for i, k := range kernel {
					sum += k * int32(rows[i][x])
				}
				dst[x] = uint8(sum >> 16)
			}
		}
	}
	return out
}

// curve replaces every grey by lut's.
func curve(img *image.Gray, f func(v float64) float64) *image.Gray {
	var lut [256]uint8
	for i := range lut {
		lut[i] = clamp(255 * f(float64(i)/255))
	}
	for y := range img.Rect.Dy() {
		row := img.Pix[y*img.Stride:][:img.Rect.Dx()]
		for x, v := range row {
			row[x] = lut[v]
		}
	}
	return img
}

// Range maps black to black and white to white, both 0 to 255.
func Range(black, white float64) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		return curve(img, func(v float64) float64 { return (black + v*(white-black)) / 255 })
	}
}

// Gamma raises the light to the power 1/g: above 1 the page is lighter.
func Gamma(g float64) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		return curve(img, func(v float64) float64 { return math.Pow(v, 1/g) })
	}
}

// Contrast steepens the greys about the middle: 1 changes nothing, 3 is a bad
// copier.
func Contrast(k float64) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		return curve(img, func(v float64) float64 { return (v-.5)*k + .5 })
	}
}

// Noise adds the noise of a sensor: Gaussian, sigma in greys.
func Noise(sigma float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		table := make([]float64, 1<<14) // normal numbers are costly, and these repeat unnoticed
		for i := range table {
			table[i] = rng.NormFloat64() * sigma
		}
		state := rng.Uint64() | 1
		for y := range img.Rect.Dy() {
			row := img.Pix[y*img.Stride:][:img.Rect.Dx()]
			for x, v := range row {
				state ^= state << 13 // xorshift, Marsaglia 2003
				state ^= state >> 7
				state ^= state << 17
				row[x] = clamp(float64(v) + table[state>>50])
			}
		}
		return img
	}
}

// Grain is the unevenness of paper itself, amount greys deep.
func Grain(amount float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		coarse := newTooth(rng, 40)
		for y := range img.Rect.Dy() {
			row := img.Pix[y*img.Stride:][:img.Rect.Dx()]
			for x := 0; x < len(row); x += 4 { // grains are larger than this
				dark := amount * coarse.at(x, y)
				was, is := -1, uint8(0) // neighbours are often alike
				for i := x; i < min(x+4, len(row)); i++ {
					if v := row[i]; int(v) != was {
						was, is = int(v), clamp(float64(v)-dark*float64(v)/255)
					}
					row[i] = is
				}
			}
		}
		return img
	}
}

// UnevenLight darkens the page from one side to the other by up to depth (0.3 is
// 30 %), in a direction by chance.
func UnevenLight(depth float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		s, c := math.Sincos(2 * math.Pi * rng.Float64())
		w, h := size(img)
		return shade(img, func(x, y int) float64 {
			t := c*(float64(x)/w-.5) + s*(float64(y)/h-.5) // −0.7 … 0.7
			return 1 - depth*smooth(-.7, .7, t)
		})
	}
}

// ShowThrough lets the print of the paper's back shine through, mirrored and soft,
// with strength from 0 to 1. back is the raster of the other side.
func ShowThrough(back *image.Gray, strength float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		ghost := blur(Mirror()(Clone(back), rng), 2)
		gw, gh := ghost.Rect.Dx(), ghost.Rect.Dy()
		return shade(img, func(x, y int) float64 {
			if x >= gw || y >= gh {
				return 1
			}
			return 1 - strength*(1-float64(ghost.Pix[y*ghost.Stride+x])/255)
		})
	}
}

// JPEG writes the picture as a JPEG of quality q and reads it again.
func JPEG(q int) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: q}); err != nil {
			panic("omrtest: " + err.Error()) // a bytes.Buffer takes everything
		}
		back, err := jpeg.Decode(&b)
		if err != nil {
			panic("omrtest: " + err.Error())
		}
		return Clone(back.(*image.Gray)) // the decoder fills its rows up
	}
}

// Bilevel makes everything darker than threshold black, and the rest white.
func Bilevel(threshold uint8) Spoil {
	return func(img *image.Gray, _ *rand.Rand) *image.Gray {
		for i, v := range img.Pix {
			img.Pix[i] = 255
			if v < threshold {
				img.Pix[i] = 0
			}
		}
		return img
	}
}

// Photocopy is one generation of a copier: scale (0.97 is "fit to page"), contrast
// as of Contrast, and speckle dots of toner, black on white and white on black,
// to the million pixels.
func Photocopy(scale, contrast, speckle float64) Spoil {
	return Chain(Scale(scale, scale), Blur(0.8), Contrast(contrast), Speckle(speckle), Blur(0.5))
}

// Speckle strews dots of one or two pixels, black on white and white on black, so
// many to the million pixels.
func Speckle(perMillion float64) Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		w, h := img.Rect.Dx(), img.Rect.Dy()
		for range int(perMillion * float64(w) * float64(h) / 1e6) {
			x, y, side := rng.IntN(w), rng.IntN(h), 1+rng.IntN(2)
			tone := uint8(255)
			if img.Pix[y*img.Stride+x] > 128 {
				tone = uint8(rng.IntN(90))
			}
			each(img, image.Rect(x, y, x+side, y+side), func(int, int, uint8) uint8 { return tone })
		}
		return img
	}
}
