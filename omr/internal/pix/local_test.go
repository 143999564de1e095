package pix

import (
	"image"
	"math/rand/v2"
	"testing"
)

// TestLocalDark compares with the plain mean of each square.
func TestLocalDark(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for _, size := range [][2]int{{1, 1}, {7, 3}, {40, 61}, {90, 33}} {
		w, h := size[0], size[1]
		img := image.NewGray(image.Rect(0, 0, w, h))
		for i := range img.Pix {
			img.Pix[i] = uint8(120 + rng.IntN(130)*rng.IntN(2))
		}
		paper := PaperOf(img, nil)
		floors := inkFloors(img, paper, 1)
		for _, c := range []Contrast{{Reach: 1, Depth: 0.1}, {Reach: 6, Depth: 0.02, Least: 3}, {Reach: 200, Depth: 0.3}} {
			got := LocalDark(img, paper, 1, c, nil)
			share := int(256 * (1 - c.Depth))
			for y := range h {
				for x := range w {
					sum, n := 0, 0
					for j := max(y-c.Reach, 0); j <= min(y+c.Reach, h-1); j++ {
						for i := max(x-c.Reach, 0); i <= min(x+c.Reach, w-1); i++ {
							sum += int(max(img.Pix[j*img.Stride+i], floors[j/limitBlock][i/limitBlock]))
							n++
						}
					}
					want := uint8(255)
					if 256*n*(int(img.Pix[y*img.Stride+x])+c.Least) < sum*share {
						want = 0
					}
					if v := got.Pix[y*got.Stride+x]; v != want {
						t.Fatalf("%d×%d, %+v: at %d,%d got %d, want %d", w, h, c, x, y, v, want)
					}
				}
			}
		}
	}
}

// TestLocalDarkFaint shows a faint line beside solid black, on paper that gets darker.
func TestLocalDarkFaint(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 200, 200))
	for y := range 200 {
		for x := range 200 {
			img.Pix[y*200+x] = uint8(230 - x/4)
			if x > 100 && x < 118 && y > 90 && y < 108 {
				img.Pix[y*200+x] = 20
			}
		}
	}
	for y := 60; y < 140; y++ {
		img.Pix[y*200+124] -= 12
	}
	got := LocalDark(img, PaperOf(img, nil), 1, Contrast{Reach: 16, Depth: 0.015, Least: 2}, nil)
	for y := 60; y < 140; y++ {
		if got.Pix[y*200+124] != 0 {
			t.Errorf("the faint line is not dark at row %d", y)
		}
	}
	if got.Pix[50*200+50] != 255 || got.Pix[100*200+110] != 0 {
		t.Error("paper is dark, or black is not")
	}
}
