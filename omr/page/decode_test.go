package page_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/image/bmp"

	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
)

// picture is a w×h grey picture with edges, greys and noise.
func picture(w, h int) *image.Gray {
	rng := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	img := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := 128 + 90*math.Sin(float64(x)/9)*math.Cos(float64(y)/7) + 6*rng.NormFloat64()
			if x/8%5 == 0 && y/6%3 == 0 {
				v = 10
			}
			img.Pix[y*img.Stride+x] = uint8(min(255, max(0, v)))
		}
	}
	return img
}

// bilevel is picture in black and white.
func bilevel(w, h int) *image.Gray {
	img := picture(w, h)
	for i, v := range img.Pix {
		img.Pix[i] = 0
		if v >= 128 {
			img.Pix[i] = 255
		}
	}
	return img
}

// mapped is img with every grey replaced.
func mapped(img *image.Gray, f func(uint8) uint8) *image.Gray {
	out := omrtest.Clone(img)
	for i, v := range out.Pix {
		out.Pix[i] = f(v)
	}
	return out
}

// decoded is all that Decode yields of data.
func decoded(t *testing.T, data []byte, lim page.Limits) ([]page.Page, []error) {
	t.Helper()
	var ps []page.Page
	var errs []error
	for p, err := range page.Decode(context.Background(), bytes.NewReader(data), int64(len(data)), lim) {
		if err != nil {
			errs = append(errs, err)
		} else {
			ps = append(ps, p)
		}
	}
	return ps, errs
}

// one is the only page of data.
func one(t *testing.T, data []byte) page.Page {
	t.Helper()
	if whole, why := page.Whole(bytes.NewReader(data), int64(len(data))); !whole {
		t.Errorf("Whole says: %s", why)
	}
	ps, errs := decoded(t, data, page.Limits{})
	if len(errs) > 0 || len(ps) != 1 {
		t.Fatalf("%d pages, errors %v; want one page", len(ps), errs)
	}
	return ps[0]
}

// far is the greatest difference of two pictures; 999 if their sizes differ.
func far(got, want *image.Gray) int {
	if got.Rect != want.Rect {
		return 999
	}
	most := 0
	for y := range got.Rect.Dy() {
		for x := range got.Rect.Dx() {
			d := int(got.GrayAt(x, y).Y) - int(want.GrayAt(x, y).Y)
			most = max(most, d, -d)
		}
	}
	return most
}

// A lossless is a file and exactly what is in it.
type lossless struct {
	name string
	data []byte
	want *image.Gray
	bits int
	dpi  float64
}

func TestLossless(t *testing.T) {
	grey, bw := picture(203, 157), bilevel(203, 157)
	tests := []lossless{
		{"png grey", omrtest.EncodePNG(grey, 200), grey, 8, 200},
		{"png 1 bit", pngOf(bw, 1), bw, 1, 0},
		{"png 2 bit", pngOf(steps(grey, 3), 2), steps(grey, 3), 8, 0},
		{"png 4 bit", pngOf(steps(grey, 15), 4), steps(grey, 15), 8, 0},
		{"png 16 bit", omrtest.EncodePNG(deep(grey), 0), grey, 8, 0},
		{"png colour of greys", omrtest.EncodePNG(colourful(grey, false), 0), grey, 8, 0},
		{"png palette", omrtest.EncodePNG(palette(steps(grey, 15)), 0), steps(grey, 15), 8, 0},
		{"png half transparent", omrtest.EncodePNG(colourful(grey, true), 0), mapped(grey, func(v uint8) uint8 { return uint8((int(v)*128 + 255*127 + 127) / 255) }), 8, 0},
		{"bmp grey", bmpOf(t, grey, 0), grey, 8, 0},
		{"bmp dpi", bmpOf(t, grey, 11811), grey, 8, 300},
		{"tiff g4", omrtest.EncodeG4([]*image.Gray{bw}, 200), bw, 1, 200},
		{"tiff grey", omrtest.EncodeTIFF("w", omrtest.GreyPage(grey, omrtest.TIFFNone, 300)), grey, 8, 300},
		{"tiff grey big-endian", omrtest.EncodeTIFF("wb", omrtest.GreyPage(grey, omrtest.TIFFLZW, 300)), grey, 8, 300},
		{"bigtiff", omrtest.EncodeTIFF("w8", omrtest.GreyPage(grey, omrtest.TIFFDeflate, 300)), grey, 8, 300},
		{"tiff deep", tiff16(grey), grey, 8, 0},
		{"tiff colour", tiffColour(grey, 3, omrtest.TIFFRGB, omrtest.TIFFLZW, 0), grey, 8, 0},
		{"tiff inks", tiffColour(mapped(grey, negative), 4, omrtest.TIFFInks, omrtest.TIFFNone, 0), inked(grey), 8, 0},
		{"tiff alpha", tiffColour(grey, 4, omrtest.TIFFRGB, omrtest.TIFFDeflate, 2), grey, 8, 0},
		{"tiff planes", tiffPlanes(grey), grey, 8, 0},
		{"tiff palette", tiffPalette(grey), grey, 8, 0},
	}
	for c, name := range map[int]string{
		omrtest.TIFFNone: "none", omrtest.TIFFRLE: "rle", omrtest.TIFFG3: "g3", omrtest.TIFFG4: "g4",
		omrtest.TIFFLZW: "lzw", omrtest.TIFFDeflate: "deflate", omrtest.TIFFPackBits: "packbits",
	} {
		for _, order := range []int{1, 2} {
			p := omrtest.BilevelPage(bw, c, 204)
			p.FillOrder, p.RowsPerStrip = order, 40
			q := p
			q.Photometric = omrtest.TIFFMinIsBlack
			tests = append(tests,
				lossless{fmt.Sprintf("tiff %s, bits %d", name, order), omrtest.EncodeTIFF("w", p), bw, 1, 204},
				lossless{fmt.Sprintf("tiff %s, black 0, bits %d", name, order), omrtest.EncodeTIFF("w", q), mapped(bw, negative), 1, 204},
			)
		}
	}
	for _, options := range []int{1, 4, 5} {
		p := omrtest.BilevelPage(bw, omrtest.TIFFG3, 204)
		p.FaxOptions = options
		tests = append(tests, lossless{fmt.Sprintf("tiff g3 options %d", options), omrtest.EncodeTIFF("w", p), bw, 1, 204})
	}
	tiles := omrtest.GreyPage(grey, omrtest.TIFFDeflate, 0)
	tiles.Tile = 64
	tests = append(tests, lossless{"tiff tiles", omrtest.EncodeTIFF("w", tiles), grey, 8, 0})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := one(t, tt.data)
			if d := far(p.Img, tt.want); d != 0 {
				t.Errorf("pixels differ by up to %d", d)
			}
			if p.Bits != tt.bits || math.Abs(p.DPI-tt.dpi) > 0.01 || p.Number != 1 || p.Aspect != 1 {
				t.Errorf("got page %d, %d bits, %g dpi, aspect %g; want 1, %d, %g, 1", p.Number, p.Bits, p.DPI, p.Aspect, tt.bits, tt.dpi)
			}
		})
	}
}

func negative(v uint8) uint8 { return 255 - v }

// steps is img in n+1 greys.
func steps(img *image.Gray, n int) *image.Gray {
	return mapped(img, func(v uint8) uint8 { return uint8(int(v) * n / 255 * 255 / n) })
}

// inked is what three inks of 255−v over a fourth of 255−v leave of v.
func inked(img *image.Gray) *image.Gray {
	return mapped(img, func(v uint8) uint8 { return uint8((int(v)*int(v) + 127) / 255) })
}

func deep(img *image.Gray) image.Image {
	out := image.NewGray16(img.Rect)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			out.SetGray16(x, y, color.Gray16{Y: uint16(img.GrayAt(x, y).Y) * 257})
		}
	}
	return out
}

func colourful(img *image.Gray, transparent bool) image.Image {
	out := image.NewNRGBA(img.Rect)
	a := uint8(255)
	if transparent {
		a = 128
	}
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			v := img.GrayAt(x, y).Y
			out.SetNRGBA(x, y, color.NRGBA{v, v, v, a})
		}
	}
	return out
}

func palette(img *image.Gray) image.Image {
	var pal color.Palette
	for i := range 16 {
		pal = append(pal, color.Gray{Y: uint8(i * 17)})
	}
	out := image.NewPaletted(img.Rect, pal)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			out.Set(x, y, img.GrayAt(x, y))
		}
	}
	return out
}

// packed is img in rows of the given depth, white the highest value.
func packed(img *image.Gray, bits int) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	line := (w*bits + 7) / 8
	out := make([]byte, line*h)
	for y := range h {
		for x := range w {
			v := int(img.Pix[y*img.Stride+x]) * (1<<bits - 1) / 255
			out[y*line+x*bits/8] |= byte(v << (8 - bits - x*bits%8))
		}
	}
	return out
}

// pngOf writes img with few bits a pixel, which Go's encoder does not.
func pngOf(img *image.Gray, bits int) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	line := (w*bits + 7) / 8
	rows := packed(img, bits)
	var raw []byte
	for y := range h {
		raw = append(append(raw, 0), rows[y*line:][:line]...)
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(w))
	head = append(binary.BigEndian.AppendUint32(head, uint32(h)), byte(bits), 0, 0, 0, 0)
	out := []byte("\x89PNG\r\n\x1a\n")
	for _, c := range []struct {
		name string
		body []byte
	}{{"IHDR", head}, {"IDAT", deflated(raw)}, {"IEND", nil}} {
		out = append(out, omrtest.PNGChunk(c.name, c.body)...)
	}
	return out
}

func deflated(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func bmpOf(t *testing.T, img image.Image, perMetre uint32) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := bmp.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(b.Bytes()[38:], perMetre)
	binary.LittleEndian.PutUint32(b.Bytes()[42:], perMetre)
	return b.Bytes()
}

func tiff16(img *image.Gray) []byte {
	p := omrtest.TIFFPage{Width: img.Rect.Dx(), Height: img.Rect.Dy(), Bits: 16, Photometric: omrtest.TIFFMinIsBlack, Stride: 2 * img.Rect.Dx()}
	for _, v := range img.Pix {
		p.Rows = append(p.Rows, v, v) // the same in both byte orders
	}
	return omrtest.EncodeTIFF("w", p)
}

func tiffColour(img *image.Gray, samples, photometric, compression, alpha int) []byte {
	p := omrtest.TIFFPage{
		Width: img.Rect.Dx(), Height: img.Rect.Dy(), Bits: 8, Samples: samples, Photometric: photometric,
		Compression: compression, Stride: samples * img.Rect.Dx(), RowsPerStrip: 32, Alpha: alpha,
	}
	for _, v := range img.Pix {
		px := []byte{v, v, v, v}
		if alpha != 0 {
			px[3] = 255
		}
		p.Rows = append(p.Rows, px[:samples]...)
	}
	return omrtest.EncodeTIFF("w", p)
}

func tiffPlanes(img *image.Gray) []byte {
	return omrtest.EncodeTIFF("w", omrtest.TIFFPage{
		Width: img.Rect.Dx(), Height: img.Rect.Dy(), Bits: 8, Samples: 3, Photometric: omrtest.TIFFRGB, Planar: true,
		Stride: img.Rect.Dx(), Rows: slices.Concat(img.Pix, img.Pix, img.Pix), RowsPerStrip: 50,
	})
}

// tiffPalette stores img turned over, with a palette that turns it back.
func tiffPalette(img *image.Gray) []byte {
	p := omrtest.GreyPage(mapped(img, negative), omrtest.TIFFLZW, 0)
	p.Photometric = omrtest.TIFFPalette
	for range 3 {
		for i := range 256 {
			p.Palette = append(p.Palette, uint16(255-i)*257)
		}
	}
	return omrtest.EncodeTIFF("w", p)
}

func TestJPEG(t *testing.T) {
	grey := picture(200, 152)
	var colour bytes.Buffer
	jpeg.Encode(&colour, colourful(grey, false), &jpeg.Options{Quality: 95})
	inside := omrtest.GreyPage(grey, omrtest.TIFFJPEG, 200)
	tests := []struct {
		name string
		data []byte
		dpi  float64
	}{
		{"grey", omrtest.EncodeJPEG(grey, 95, 300), 300},
		{"colour", colour.Bytes(), 0},
		{"in a tiff", omrtest.EncodeTIFF("w", inside), 200},
		{"in a tiff, colour", tiffColour(grey, 3, omrtest.TIFFYCbCr, omrtest.TIFFJPEG, 0), 0},
		{"in a pdf", omrtest.EncodePDF([]*image.Gray{grey}, 95, 150), 150},
		{"followed by another", append(omrtest.EncodeJPEG(grey, 95, 300), "anything"...), 300},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := one(t, tt.data)
			// The libraries' JPEG differs by rounding, and quality 75 in TIFF by more.
			if d := far(p.Img, grey); d > 90 {
				t.Errorf("pixels differ by up to %d", d)
			}
			if math.Abs(p.DPI-tt.dpi) > 0.01 || p.Bits != 8 {
				t.Errorf("got %g dpi, %d bits; want %g, 8", p.DPI, p.Bits, tt.dpi)
			}
		})
	}
}

func TestOrientation(t *testing.T) {
	img := picture(64, 40)
	rng := rand.New(rand.NewPCG(1, 1))
	upright := map[int]*image.Gray{}
	for o, turn := range map[int]int{1: 0, 3: 2, 6: 1, 8: 3} {
		upright[o] = omrtest.Turn(turn)(omrtest.Clone(img), rng)
	}
	for o, turn := range map[int]int{2: 0, 4: 2, 7: 1, 5: 3} {
		upright[o] = omrtest.Turn(turn)(omrtest.Mirror()(omrtest.Clone(img), rng), rng)
	}
	for o := 1; o <= 8; o++ {
		t.Run(fmt.Sprint("exif ", o), func(t *testing.T) {
			plain := one(t, omrtest.EncodeJPEG(upright[o], 90, 0)).Img
			got := one(t, omrtest.WithExif(omrtest.EncodeJPEG(img, 90, 0), o)).Img
			if d := far(got, plain); d > 30 {
				t.Errorf("pixels differ by up to %d", d)
			}
		})
		t.Run(fmt.Sprint("tiff ", o), func(t *testing.T) {
			for _, tile := range []int{0, 32} {
				p := omrtest.GreyPage(img, omrtest.TIFFLZW, 0)
				p.Orientation, p.Tile = o, tile
				if d := far(one(t, omrtest.EncodeTIFF("w", p)).Img, upright[o]); d != 0 {
					t.Errorf("tiles of %d: pixels differ by up to %d", tile, d)
				}
			}
		})
	}
}

func TestFaxPixels(t *testing.T) {
	img := bilevel(160, 100)
	p := omrtest.BilevelPage(img, omrtest.TIFFG3, 0)
	p.X, p.Y = 204, 98
	got := one(t, omrtest.EncodeTIFF("w", p))
	if got.DPI != 204 || math.Abs(got.Aspect-98.0/204) > 1e-6 || got.Bits != 1 {
		t.Errorf("got %g dpi, aspect %g, %d bits; want 204, 0.48, 1", got.DPI, got.Aspect, got.Bits)
	}
	if w, h := got.Img.Rect.Dx(), got.Img.Rect.Dy(); w != 160 || h != 208 {
		t.Errorf("got %d×%d; want 160×208", w, h)
	}
	for _, at := range []image.Point{{3, 0}, {80, 50}, {159, 99}} {
		if g, w := got.Img.GrayAt(at.X, at.Y*208/100+1), img.GrayAt(at.X, at.Y); g != w {
			t.Errorf("pixel %v is %v; want %v", at, g, w)
		}
	}
	p.X, p.Y = 200, 199 // the scanner's own pixels are better evidence
	if got := one(t, omrtest.EncodeTIFF("w", p)); got.Aspect != 1 || far(got.Img, img) != 0 {
		t.Errorf("nearly square pixels were resampled")
	}
}

func TestPagesOfTIFF(t *testing.T) {
	a, b := bilevel(120, 80), picture(90, 70)
	small := omrtest.GreyPage(b, omrtest.TIFFLZW, 100)
	data := omrtest.EncodeTIFF("w", omrtest.BilevelPage(a, omrtest.TIFFG4, 200), small, omrtest.BilevelPage(a, omrtest.TIFFG3, 300))
	ps, errs := decoded(t, data, page.Limits{})
	if len(errs) > 0 || len(ps) != 3 {
		t.Fatalf("%d pages, errors %v; want 3", len(ps), errs)
	}
	for i, want := range []*image.Gray{a, b, a} {
		if far(ps[i].Img, want) != 0 || ps[i].Number != i+1 {
			t.Errorf("page %d is not what was written", i+1)
		}
	}
	_, errs = decoded(t, data, page.Limits{Pages: 2})
	wantCode(t, errs, page.TooManyPages, 0)
}

// A damaged page in the middle costs that page.
func TestDamagedPage(t *testing.T) {
	a := bilevel(400, 300)
	p := omrtest.BilevelPage(a, omrtest.TIFFG4, 200)
	data := omrtest.EncodeTIFF("w", p, p, p)
	strip := omrtest.EncodeTIFF("w", p)[8:40] // the beginning of the one strip
	at := bytes.Index(data, strip)
	at += 1 + bytes.Index(data[at+1:], strip)
	for i := range 12 {
		data[at+20+i] ^= 0x5A
	}
	ps, errs := decoded(t, data, page.Limits{})
	if len(ps) != 2 || ps[0].Number != 1 || ps[1].Number != 3 {
		t.Errorf("got %d pages; want pages 1 and 3", len(ps))
	}
	wantCode(t, errs, page.Torn, 2)
}

// wantCode checks that errs is one error of that code and page.
func wantCode(t *testing.T, errs []error, code page.Code, number int) {
	t.Helper()
	var e *page.Error
	if len(errs) != 1 || !errors.As(errs[0], &e) || e.Code != code || e.Page != number {
		t.Errorf("got errors %v; want one %q of page %d", errs, code, number)
	}
}

// pdfImage is a one-page PDF of a picture.
func pdfImage(w, h int, dict string, data []byte) []byte {
	return omrtest.BuildPDF([]omrtest.PDFPage{{DPI: 200, Strips: []omrtest.PDFStrip{{Width: w, Height: h, Dict: dict, Data: data}}}})
}

// fax is the coded strip of img.
func fax(img *image.Gray, compression int) []byte {
	p := omrtest.BilevelPage(img, compression, 0)
	data := omrtest.EncodeTIFF("w", p)
	le := binary.LittleEndian
	dir := data[le.Uint32(data[4:]):]
	var at, n uint32
	for e := dir[2:]; at == 0 || n == 0; e = e[12:] {
		v := le.Uint32(e[8:])
		switch le.Uint16(e) {
		case 273:
			at = v
		case 279:
			n = v & (1<<(8*map[uint16]uint32{3: 2, 4: 4}[le.Uint16(e[2:])]) - 1)
		}
	}
	return data[at : at+n]
}

// A pdfCase is a PDF of one picture and what it shows.
type pdfCase struct {
	name string
	data []byte
	want *image.Gray
	bits int
}

func pdfCases() []pdfCase {
	grey, bw := picture(203, 157), bilevel(203, 157)
	w, h := 203, 157
	size := " /ColorSpace /DeviceGray /BitsPerComponent 1 "
	parms := func(s string) string {
		return fmt.Sprintf("/Filter /CCITTFaxDecode /DecodeParms <<%s /Columns %d>>", s, w)
	}
	return []pdfCase{
		{"flate", pdfImage(w, h, "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode", deflated(grey.Pix)), grey, 8},
		{"flate, turned over", pdfImage(w, h, "/ColorSpace /DeviceGray /BitsPerComponent 8 /Decode [1 0] /Filter /FlateDecode", deflated(grey.Pix)), mapped(grey, negative), 8},
		{"flate, predicted", pdfImage(w, h, fmt.Sprintf("/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter [/FlateDecode] /DecodeParms [<</Predictor 15 /Columns %d>>]", w), deflated(predicted(grey))), grey, 8},
		{"flate, colour", pdfImage(w, h, "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode", deflated(tripled(grey))), grey, 8},
		{"raw, 4 bits", pdfImage(w, h, "/ColorSpace /DeviceGray /BitsPerComponent 4", packed(steps(grey, 15), 4)), steps(grey, 15), 8},
		{"palette", pdfImage(w, h, "/ColorSpace [/Indexed /DeviceGray 1 <FF00>] /BitsPerComponent 1", packed(bw, 1)), mapped(bw, negative), 1},
		{"ink", pdfImage(w, h, "/ColorSpace [/Separation /Black /DeviceGray <</FunctionType 2 /Domain [0 1] /C0 [1] /C1 [0] /N 1>>] /BitsPerComponent 8", grey.Pix), mapped(grey, negative), 8},
		{"stencil", pdfImage(w, h, "/ImageMask true /BitsPerComponent 1", packed(bw, 1)), bw, 1},
		{"hexadecimal", pdfImage(w, h, "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter [/ASCIIHexDecode /FlateDecode]", fmt.Appendf(nil, "%x>", deflated(grey.Pix))), grey, 8},
		{"g4", pdfImage(w, h, size+parms("/K -1"), fax(bw, omrtest.TIFFG4)), bw, 1},
		{"g4, black is 1", pdfImage(w, h, size+parms("/K -1 /BlackIs1 true"), fax(bw, omrtest.TIFFG4)), mapped(bw, negative), 1},
		{"g4, black is 1, decoded", pdfImage(w, h, size+parms("/K -1 /BlackIs1 true")+" /Decode [1 0]", fax(bw, omrtest.TIFFG4)), bw, 1},
		{"g4 stencil", pdfImage(w, h, "/ImageMask true "+parms("/K -1 /Rows 157"), fax(bw, omrtest.TIFFG4)), bw, 1},
		{"g3", pdfImage(w, h, size+parms("/EndOfLine true"), fax(bw, omrtest.TIFFG3)), bw, 1},
		{"g3 without ends, filled", pdfImage(w, h, size+parms("/EncodedByteAlign true"), fax(bw, omrtest.TIFFRLE)), bw, 1},
	}
}

func TestPDF(t *testing.T) {
	for _, tt := range pdfCases() {
		t.Run(tt.name, func(t *testing.T) {
			p := one(t, tt.data)
			if d := far(p.Img, tt.want); d != 0 {
				t.Errorf("pixels differ by up to %d", d)
			}
			if p.Bits != tt.bits || math.Abs(p.DPI-200) > 0.01 {
				t.Errorf("got %d bits, %g dpi; want %d, 200", p.Bits, p.DPI, tt.bits)
			}
		})
	}
}

// Rows of a fax that follow each other to the bit: nobody writes them but some
// copiers. White 16 is 101010, white 0 is 00110101, black 16 is 0000010111.
func TestFaxToTheBit(t *testing.T) {
	const white, black = "101010", "001101010000010111"
	bits := white + black + white + white + black + black + white + black
	var data []byte
	for i, c := range bits {
		if i%8 == 0 {
			data = append(data, 0)
		}
		data[i/8] |= byte(c-'0') << (7 - i%8)
	}
	dict := "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms <</Columns 16>>"
	img := one(t, pdfImage(16, 8, dict, data)).Img
	for y, want := range []uint8{255, 0, 255, 255, 0, 0, 255, 0} {
		for x := range 16 {
			if got := img.GrayAt(x, y).Y; got != want {
				t.Fatalf("pixel (%d, %d) is %d; want %d", x, y, got, want)
			}
		}
	}
}

func tripled(img *image.Gray) []byte {
	var out []byte
	for _, v := range img.Pix {
		out = append(out, v, v, v)
	}
	return out
}

// predicted is img by PNG's filters, each in turn.
func predicted(img *image.Gray) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	above := make([]byte, w)
	var out []byte
	for y := range h {
		row := img.Pix[y*img.Stride:][:w]
		kind := byte(y % 5)
		out = append(out, kind)
		for x, v := range row {
			var a, c int
			b := int(above[x])
			if x > 0 {
				a, c = int(row[x-1]), int(above[x-1])
			}
			guess := []int{0, a, b, (a + b) / 2, 0}[kind]
			if kind == 4 {
				guess = a
				pa, pb, pc := abs(b-c), abs(a-c), abs(a+b-2*c)
				if pb < pa && pb <= pc {
					guess = b
				} else if pc < pa && pc < pb {
					guess = c
				}
			}
			out = append(out, v-byte(guess))
		}
		copy(above, row)
	}
	return out
}

func abs(v int) int { return max(v, -v) }

func TestPDFLayout(t *testing.T) {
	bw := bilevel(200, 150)
	rng := rand.New(rand.NewPCG(1, 1))
	var strips []omrtest.PDFStrip
	for y := 0; y < 150; y += 37 {
		band := bw.SubImage(image.Rect(0, y, 200, min(150, y+37))).(*image.Gray)
		band = &image.Gray{Pix: band.Pix, Stride: band.Stride, Rect: band.Rect.Sub(band.Rect.Min)}
		strips = append(strips, omrtest.PDFStrip{
			Width: 200, Height: band.Rect.Dy(), Data: fax(band, omrtest.TIFFG4),
			Dict: "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms <</K -1 /Columns 200>>",
		})
	}
	for _, rotate := range []int{0, 90, 180, 270, -90, 450} {
		t.Run(fmt.Sprint("bands, turned by ", rotate), func(t *testing.T) {
			p := one(t, omrtest.BuildPDF([]omrtest.PDFPage{{DPI: 300, Rotate: rotate, Strips: strips, Extra: "BT 3 Tr (recognised \\) words) Tj ET\n"}}))
			if d := far(p.Img, omrtest.Turn(rotate/90)(omrtest.Clone(bw), rng)); d != 0 {
				t.Errorf("pixels differ by up to %d", d)
			}
			if math.Abs(p.DPI-300) > 0.1 || p.Bits != 1 {
				t.Errorf("got %g dpi, %d bits; want 300, 1", p.DPI, p.Bits)
			}
		})
	}
	t.Run("pages", func(t *testing.T) {
		ps, errs := decoded(t, omrtest.EncodePDF([]*image.Gray{bw, picture(80, 60), bw}, 90, 200), page.Limits{})
		if len(errs) > 0 || len(ps) != 3 || ps[2].Number != 3 || ps[1].Img.Rect.Dx() != 80 {
			t.Errorf("got %d pages, errors %v; want 3", len(ps), errs)
		}
	})
}

func TestRefusedByName(t *testing.T) {
	bw := bilevel(64, 48)
	strip := omrtest.PDFStrip{Width: 64, Height: 48, Data: packed(bw, 1), Dict: "/ColorSpace /DeviceGray /BitsPerComponent 1"}
	pdf := func(strips []omrtest.PDFStrip, extra string) []byte {
		return omrtest.BuildPDF([]omrtest.PDFPage{{DPI: 200, Strips: strips, Extra: extra}})
	}
	other := strip
	other.Dict = "/Filter /JBIG2Decode /ColorSpace /DeviceGray /BitsPerComponent 1"
	jpx := strip
	jpx.Dict = "/Filter /JPXDecode"
	masked := strip
	masked.Dict += " /Mask [0 0]"
	narrow := strip
	narrow.Width = 32
	old := omrtest.EncodeTIFF("w", omrtest.BilevelPage(bw, omrtest.TIFFG4, 0))
	patch(t, old, 259, 34661)
	tests := []struct {
		name string
		data []byte
		want string
		page int
	}{
		{"jbig2", pdf([]omrtest.PDFStrip{other}, ""), "JBIG2 in a PDF", 1},
		{"jpx", pdf([]omrtest.PDFStrip{jpx}, ""), "JPX (JPEG 2000) in a PDF", 1},
		{"text", pdf([]omrtest.PDFStrip{strip}, "BT /F1 12 Tf (x) Tj ET"), "PDF page with text", 1},
		{"lines", pdf([]omrtest.PDFStrip{strip}, "0 0 m 9 9 l S"), "PDF page with drawn lines or areas", 1},
		{"nothing", pdf(nil, ""), "PDF page without a scanned picture", 1},
		{"mask", pdf([]omrtest.PDFStrip{masked}, ""), "PDF picture with a mask (layers)", 1},
		{"layers", pdf([]omrtest.PDFStrip{strip, narrow}, ""), "PDF page of several pictures (layers)", 1},
		{"jbig in a tiff", old, "TIFF with JBIG inside", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, errs := decoded(t, tt.data, page.Limits{})
			wantCode(t, errs, page.Unsupported, tt.page)
			var e *page.Error
			if len(errs) == 1 && errors.As(errs[0], &e) && e.Name != tt.want {
				t.Errorf("named %q; want %q", e.Name, tt.want)
			}
		})
	}
}

// patch sets the value of a tag of a little-endian TIFF's first page.
func patch(t *testing.T, data []byte, tag uint16, v uint32) {
	t.Helper()
	le := binary.LittleEndian
	dir := data[le.Uint32(data[4:]):]
	for e := dir[2:]; len(e) >= 12; e = e[12:] {
		if le.Uint16(e) == tag {
			le.PutUint16(e[2:], 4)
			le.PutUint32(e[8:], v)
			return
		}
	}
	t.Fatalf("no tag %d", tag)
}

func TestLimits(t *testing.T) {
	img := picture(100, 100)
	tests := []struct {
		name string
		data []byte
		lim  page.Limits
		code page.Code
		page int
	}{
		{"empty", nil, page.Limits{}, page.Empty, 0},
		{"text", []byte("this is a letter"), page.Limits{}, page.UnknownKind, 0},
		{"bytes", omrtest.EncodePNG(img, 0), page.Limits{Bytes: 100}, page.TooLarge, 0},
		{"pixels of a jpeg", omrtest.EncodeJPEG(img, 90, 0), page.Limits{Pixels: 9999}, page.TooManyPixels, 0},
		{"pixels of a png", omrtest.EncodePNG(img, 0), page.Limits{Pixels: 9999}, page.TooManyPixels, 0},
		{"pixels of a bmp", bmpOf(t, img, 0), page.Limits{Pixels: 9999}, page.TooManyPixels, 0},
		{"pixels of a tiff", omrtest.EncodeTIFF("w", omrtest.GreyPage(img, 1, 0)), page.Limits{Pixels: 9999}, page.TooManyPixels, 1},
		{"pixels of a pdf", omrtest.EncodePDF([]*image.Gray{img}, 90, 200), page.Limits{Pixels: 9999}, page.TooManyPixels, 1},
		{"pages of a pdf", omrtest.EncodePDF([]*image.Gray{img, img}, 90, 200), page.Limits{Pages: 1}, page.TooManyPages, 0},
		{"a bomb", bomb(), page.Limits{}, page.TooManyPixels, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ps, errs := decoded(t, tt.data, tt.lim)
			if len(ps) != 0 {
				t.Errorf("got %d pages; want none", len(ps))
			}
			wantCode(t, errs, tt.code, tt.page)
		})
	}
}

// bomb is a small PNG of 32,000 × 32,000 pixels.
func bomb() []byte {
	b := omrtest.EncodePNG(image.NewGray(image.Rect(0, 0, 1, 1)), 0)
	binary.BigEndian.PutUint32(b[16:], 32000)
	binary.BigEndian.PutUint32(b[20:], 32000)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	img := bilevel(64, 48)
	data := omrtest.EncodeG4([]*image.Gray{img, img, img}, 200)
	n := 0
	for p, err := range page.Decode(ctx, bytes.NewReader(data), int64(len(data)), page.Limits{}) {
		if n++; n == 1 {
			cancel()
			continue
		}
		if !errors.Is(err, context.Canceled) || p.Number != 0 {
			t.Errorf("page %d, error %v; want the context's error", p.Number, err)
		}
	}
	if n != 2 {
		t.Errorf("%d steps; want 2", n)
	}
}

// Pages before From are passed over, in every kind of file.
func TestFrom(t *testing.T) {
	bw := bilevel(64, 48)
	three := []*image.Gray{bw, bw, bw}
	tests := []struct {
		name string
		data []byte
		from int
		want []int
	}{
		{"tiff", omrtest.EncodeG4(three, 200), 2, []int{2, 3}},
		{"pdf", omrtest.EncodePDF(three, 80, 200), 3, []int{3}},
		{"beyond the end", omrtest.EncodeG4(three, 200), 4, nil},
		{"one picture", omrtest.EncodePNG(bw, 200), 1, []int{1}},
		{"one picture, passed over", omrtest.EncodePNG(bw, 200), 2, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ps, errs := decoded(t, tt.data, page.Limits{From: tt.from})
			var got []int
			for _, p := range ps {
				got = append(got, p.Number)
			}
			if len(errs) > 0 || !slices.Equal(got, tt.want) {
				t.Errorf("got pages %v, errors %v; want %v", got, errs, tt.want)
			}
		})
	}
}
