package omrtest

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"

	"bargkhan/sheets"
	"bargkhan/sheets/print"
)

// Pages are n scans of the first page of d: nine of ten fields filled in pencil, laid
// a little askew, scanned. They have no texts, for which fonts are needed. Equal seeds
// give equal pages.
func Pages(d *sheets.Design, n int, dpi DPI, seed uint64) ([]*image.Gray, error) {
	var out []*image.Gray
	for i := range n {
		img, err := print.Raster(d, 1, print.Copy{Stamp: sheets.Stamp{Page: 1, Serial: sheets.NewSerial(i + 1)}}, float64(dpi), nil)
		if err != nil {
			return nil, err
		}
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		marks := map[sheets.FieldID][]sheets.Choice{}
		for _, f := range d.Pages[0].Fields {
			if rng.IntN(10) > 0 {
				marks[f.ID] = []sheets.Choice{f.Bubbles[rng.IntN(len(f.Bubbles))].Choice}
			}
		}
		Fill(img, dpi, d.Pages[0], marks, Pencil, rng)
		out = append(out, Chain(Skew(1.4*rng.Float64()-0.7), Scanned())(img, rng))
	}
	return out, nil
}

// EncodeColourJPEG writes img as a colour JPEG of quality q, on paper that is a little
// yellow.
func EncodeColourJPEG(img *image.Gray, q int, dpi DPI) []byte {
	out := image.NewYCbCr(img.Rect, image.YCbCrSubsampleRatio420)
	_, cb, cr := color.RGBToYCbCr(250, 246, 232)
	for y := range img.Rect.Dy() {
		copy(out.Y[y*out.YStride:], img.Pix[y*img.Stride:][:img.Rect.Dx()])
	}
	for i := range out.Cb {
		out.Cb[i], out.Cr[i] = cb, cr
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, out, &jpeg.Options{Quality: q}); err != nil {
		panic("omrtest: " + err.Error()) // a bytes.Buffer takes everything
	}
	return WithJFIF(b.Bytes(), int(math.Round(float64(dpi))), int(math.Round(float64(dpi))))
}
