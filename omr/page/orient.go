package page

import (
	"image"
	"math"
)

// An orientation is how a stored picture must be laid to be seen, by the numbers
// of TIFF and Exif: 1 as it is, 3 half a turn, 6 a quarter turn clockwise, 8 a
// quarter turn back; 2, 4, 5 and 7 the same, mirrored.
type orientation uint8

// swaps says whether width and height change places.
func (o orientation) swaps() bool { return o >= 5 }

// apply returns img laid as o asks. img is given back unless o asks for nothing.
func (o orientation) apply(img *image.Gray) *image.Gray {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	// The source pixel of the target's (0, 0), and the way in the source for a
	// step right and a step down in the target.
	var start, right, down int
	last, bottom, s := w-1, (h-1)*img.Stride, img.Stride
	switch o {
	case 2:
		start, right, down = last, -1, s
	case 3:
		start, right, down = bottom+last, -1, -s
	case 4:
		start, right, down = bottom, 1, -s
	case 5:
		start, right, down = 0, s, 1
	case 6:
		start, right, down = bottom, -s, 1
	case 7:
		start, right, down = bottom+last, -s, -1
	case 8:
		start, right, down = last, s, -1
	default:
		return img
	}
	if o.swaps() {
		w, h = h, w
	}
	out := newGray(w, h)
	for y := range h {
		from := start + y*down
		for x := range w {
			out.Pix[y*out.Stride+x] = img.Pix[from]
			from += right
		}
	}
	free(img)
	return out
}

// lay makes a page of a picture that is nobody else's as its file stores it: dpiX and dpiY are what
// the file says of the stored pixels, 0 if nothing.
func lay(img *image.Gray, bits int, o orientation, dpiX, dpiY float64, lim Limits) (Page, error) {
	dpiX, dpiY = plausible(dpiX), plausible(dpiY)
	if dpiX == 0 || dpiY == 0 {
		dpiX, dpiY = max(dpiX, dpiY), max(dpiX, dpiY)
	}
	img = o.apply(img)
	if o.swaps() {
		dpiX, dpiY = dpiY, dpiX
	}
	p := Page{DPI: dpiX, Img: img, Bits: bits, Aspect: 1, lent: true}
	if dpiX == 0 || math.Abs(dpiX/dpiY-1) <= nearlySquare {
		return p, nil
	}
	p.Aspect = dpiY / dpiX
	if p.Aspect > mostUneven || p.Aspect < 1/mostUneven {
		return Page{}, torn("pixels of %g by %g to the inch", dpiX, dpiY)
	}
	p.DPI = max(dpiX, dpiY)
	w, h := img.Rect.Dx(), img.Rect.Dy()
	w, h = int(math.Round(float64(w)*p.DPI/dpiX)), int(math.Round(float64(h)*p.DPI/dpiY))
	if err := lim.room(w, h); err != nil {
		return Page{}, err
	}
	p.Img = enlarge(img, w, h)
	return p, nil
}

const (
	// Registration takes up a few per cent of stretch and keeps the scanner's own
	// pixels, which are better evidence than resampled ones. A fine fax, 204×196,
	// is beyond.
	nearlySquare = 0.02
	// A coarse fax has 2.1; more is a damaged header.
	mostUneven = 4
)

// plausible returns dpi, or 0 if no scanner or camera means that: 50 shows no
// bubble, and 4800 is the finest flatbed. Some files carry 1×1 for "unknown".
func plausible(dpi float64) float64 {
	if dpi >= 50 && dpi <= 4800 {
		return dpi
	}
	return 0
}

// enlarge repeats pixels of img until it is w×h: no grey is invented, so bilevel
// stays bilevel. img is given back.
func enlarge(img *image.Gray, w, h int) *image.Gray {
	out := newGray(w, h)
	sw, sh := img.Rect.Dx(), img.Rect.Dy()
	from := make([]int, w)
	for x := range from {
		from[x] = x * sw / w
	}
	for y := range h {
		src := img.Pix[y*sh/h*img.Stride:]
		dst := out.Pix[y*out.Stride:][:w]
		for x, sx := range from {
			dst[x] = src[sx]
		}
	}
	free(img)
	return out
}
