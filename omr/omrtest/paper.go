package omrtest

import (
	"image"
	"math/rand/v2"
)

// Paper is an empty page of w×h mm, as printed: pure white.
func (d DPI) Paper(w, h float64) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, int(d.px(w)+.5), int(d.px(h)+.5)))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	return img
}

// TextPage is a page of w×h mm covered with lines of small joined strokes: to a
// reader it is a letter, not a sheet.
func (d DPI) TextPage(w, h float64, rng *rand.Rand) *image.Gray {
	img := d.Paper(w, h)
	for y := 25.0; y < h-25; y += 7.5 {
		d.textLine(img, 22, w-22-float64(rng.IntN(4))*15, y, rng)
	}
	return img
}

// textLine writes from the right, as Persian is written, down to x0.
func (d DPI) textLine(img *image.Gray, x0, x1, y float64, rng *rand.Rand) {
	l := newLayer(img, d, vec{x0 - 2, y - 5}, vec{x1 + 2, y + 5})
	for x := x1; x > x0; x -= 1.6 {
		for n := 2 + rng.IntN(5); n > 0 && x > x0; n-- { // a word
			wide := 0.9 + 1.3*rng.Float64()
			l.stroke(vec{x, y}, vec{x - wide, y}, 0.35, 1) // the line that joins
			switch rng.IntN(5) {
			case 0: // a tall letter
				l.stroke(vec{x - wide/2, y}, vec{x - wide/2, y - 2.6}, 0.35, 1)
			case 1: // a bowl below
				l.path([]vec{{x, y}, {x - .2, y + 1.1}, {x - wide, y + 1.2}, {x - wide, y}}, 0.35, 1)
			case 2: // dots above
				l.stroke(vec{x - wide/2, y - 1.5}, vec{x - wide/2 - .1, y - 1.5}, 0.45, 1)
			case 3: // a tooth
				l.stroke(vec{x - wide/2, y}, vec{x - wide/2, y - .8}, 0.35, 1)
			}
			x -= wide
		}
	}
	l.lay(img, 0, 0, rng)
}

// Unreadable makes of a page what nobody can read: fed askew and crumpled, far
// out of focus, and half covered by another sheet.
func Unreadable() Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		h := img.Rect.Dy()
		img = Chain(Skew(17), Blur(9), Contrast(0.5))(img, rng)
		return each(img, image.Rect(0, h/2, img.Rect.Dx(), h), func(_, _ int, _ uint8) uint8 { return 229 })
	}
}
