package pix

import "image"

// A Contrast says what LocalDark takes to be dark.
type Contrast struct {
	Reach int     // half the side, in pixels, of the square a pixel is compared with
	Depth float64 // how much darker than that square's mean it must be, as a share of it
	Least int     // and by how many steps of brightness besides: below is noise
}

// inkFloor is the share of the paper's brightness below which a pixel counts as that
// much in the mean of a square, so that a filled mark does not hide faint print beside
// it.
const inkFloor = 0.85

// LocalDark returns a picture as large as img that is 0 where img is darker than its
// surroundings and 255 elsewhere. Faint print on shaded paper shows in it like black
// print on white. paper is that of a picture k times smaller. into may be nil, or a
// picture that is no longer needed, whose memory is then used.
func LocalDark(img *image.Gray, paper *Paper, k float64, c Contrast, into *image.Gray) *image.Gray {
	w, h, r := img.Rect.Dx(), img.Rect.Dy(), c.Reach
	if into == nil {
		into = &image.Gray{}
	}
	into.Pix, into.Stride, into.Rect = sized(into.Pix, w*h), w, image.Rect(0, 0, w, h)
	floors := inkFloors(img, paper, k)
	cols := make([]int, w)
	add := func(y, sign int) {
		floor := floors[y/limitBlock]
		for x, v := range img.Pix[y*img.Stride:][:w] {
			cols[x] += sign * int(max(v, floor[x/limitBlock]))
		}
	}
	for y := range min(r, h) {
		add(y, 1)
	}
	share := int(256 * (1 - c.Depth))
	for y := range h {
		if y+r < h {
			add(y+r, 1)
		}
		if y-r-1 >= 0 {
			add(y-r-1, -1)
		}
		high := min(y+r, h-1) - max(y-r, 0) + 1
		sum := 0
		for x := range min(r, w) {
			sum += cols[x]
		}
		out := into.Pix[y*w:][:w]
		for x, v := range img.Pix[y*img.Stride:][:w] {
			if x+r < w {
				sum += cols[x+r]
			}
			if x-r-1 >= 0 {
				sum -= cols[x-r-1]
			}
			n := high * (min(x+r, w-1) - max(x-r, 0) + 1)
			out[x] = 255
			if 256*n*(int(v)+c.Least) < sum*share {
				out[x] = 0
			}
		}
	}
	return into
}

// inkFloors is inkFloor for each block of img.
func inkFloors(img *image.Gray, paper *Paper, k float64) [][]uint8 {
	nx, ny := img.Rect.Dx()/limitBlock+1, img.Rect.Dy()/limitBlock+1
	out := make([][]uint8, ny)
	for j := range out {
		out[j] = make([]uint8, nx)
		for i := range out[j] {
			white := paper.At(Point{X: (float64(i) + 0.5) * limitBlock / k, Y: (float64(j) + 0.5) * limitBlock / k})
			out[j][i] = uint8(min(inkFloor*white, 255))
		}
	}
	return out
}

// Invert makes black of white and white of black, in img itself.
func Invert(img *image.Gray) {
	for i, v := range img.Pix {
		img.Pix[i] = 255 - v
	}
}

// EvenPaper is a paper as bright everywhere as can be.
func EvenPaper() *Paper {
	return &Paper{tile: 1, cols: 1, rows: 1, white: []float64{255}, White: 255}
}
