package omr

import (
	"errors"
	"image"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"bargkhan/omr/internal/pix"
	"bargkhan/omr/page"
	"bargkhan/sheets"
)

// Header is what the header or end sheet of a stack says, and whether p is one. It
// is for pages that are no answer sheet: its code stands in the middle of the paper,
// however that was fed, and carries its own proof, so that nothing else is taken for
// one. On any page it looks at no more than a bounded picture.
func Header(p page.Page) (s sheets.Stack, ok bool) {
	if p.Img == nil || p.Img.Rect.Dx() < leastSide/2 || p.Img.Rect.Dy() < leastSide/2 {
		return s, false
	}
	for _, side := range headerSides {
		text, err := code(centre(p.Img, side))
		if err != nil {
			continue
		}
		s, err = sheets.ParseStackText(text)
		return s, err == nil
	}
	return s, false
}

// headerSides bound the longer side of the picture that a header's code is looked
// for in: at the first, a module of the longest code has four pixels, and dust and
// half-tones are gone; the second is for pale copies, whose edges the first loses.
var headerSides = []int{900, 1500}

// centre is the middle of a page, where a header has its code upright, upside down
// and sideways, made smaller until no side is longer than side.
func centre(img *image.Gray, side int) *image.Gray {
	img = pix.Origin(img)
	w, h := img.Rect.Dx(), img.Rect.Dy()
	mid := image.Rect(w/5, h/5, w-w/5, h-h/5)
	part := pix.Origin(img.SubImage(mid).(*image.Gray))
	k := (max(part.Rect.Dx(), part.Rect.Dy()) + side - 1) / side
	return pix.Shrink(part, k)
}

// mostCorners is how many corners of a code a page may seem to have: the search
// tries every three of them, and a page of print shows dozens by chance.
const mostCorners = 120

// errCrowded says that a page is full of what looks like corners of a code.
var errCrowded = errors.New("too much looks like a code")

// code is the text of the QR code in a picture.
func code(img *image.Gray) (text string, err error) {
	corners := 0
	defer func() {
		if r := recover(); r != nil { // ours, or the library's on a hostile picture
			text, err = "", errCrowded
		}
	}()
	seen := gozxing.ResultPointCallback(func(gozxing.ResultPoint) {
		if corners++; corners > mostCorners {
			panic(errCrowded)
		}
	})
	bitmap, err := gozxing.NewBinaryBitmap(gozxing.NewHybridBinarizer(gozxing.NewLuminanceSourceFromImage(img)))
	if err != nil {
		return "", err
	}
	found, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{
		gozxing.DecodeHintType_NEED_RESULT_POINT_CALLBACK: seen,
		gozxing.DecodeHintType_CHARACTER_SET:              "UTF-8",
	})
	if err != nil {
		return "", err
	}
	return found.GetText(), nil
}
