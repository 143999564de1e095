package page_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
)

// samples are whole files of every kind.
func samples() map[string][]byte {
	grey, bw := picture(160, 120), bilevel(160, 120)
	var colour bytes.Buffer
	jpeg.Encode(&colour, colourful(grey, false), &jpeg.Options{Quality: 80})
	strips := omrtest.GreyPage(grey, omrtest.TIFFLZW, 200)
	strips.RowsPerStrip = 16
	tiles := omrtest.GreyPage(grey, omrtest.TIFFDeflate, 200)
	tiles.Tile = 32
	var b bytes.Buffer
	b.Write(bmpGrey(grey))
	files := map[string][]byte{
		"grey.jpg":    omrtest.WithExif(omrtest.EncodeJPEG(grey, 80, 200), 6),
		"colour.jpg":  colour.Bytes(),
		"grey.png":    omrtest.EncodePNG(grey, 200),
		"palette.png": omrtest.EncodePNG(palette(steps(grey, 15)), 0),
		"grey.bmp":    b.Bytes(),
		"g4.tif":      omrtest.EncodeG4([]*image.Gray{bw, bw}, 200),
		"g3.tif":      omrtest.EncodeTIFF("w", omrtest.BilevelPage(bw, omrtest.TIFFG3, 200)),
		"strips.tif":  omrtest.EncodeTIFF("wb", strips),
		"tiles.tif":   omrtest.EncodeTIFF("w8", tiles),
		"jpeg.tif":    omrtest.EncodeTIFF("w", omrtest.GreyPage(grey, omrtest.TIFFJPEG, 200)),
		"raw.tif":     omrtest.EncodeTIFF("w", omrtest.GreyPage(grey, omrtest.TIFFNone, 200)),
		"jpeg.pdf":    omrtest.EncodePDF([]*image.Gray{grey, grey}, 80, 200),
		"flate.pdf":   pdfImage(160, 120, "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode", deflated(grey.Pix)),
		"g4.pdf": pdfImage(160, 120, "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms <</K -1 /Columns 160>>",
			fax(bw, omrtest.TIFFG4)),
	}
	for _, name := range []string{"progressive-colour.jpg", "restart.jpg", "arithmetic.jpg", "ycck-adobe.jpg"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			panic(err) // a checkout without its files
		}
		files[name] = data
	}
	return files
}

// bmpGrey is a BMP of 24 bits.
func bmpGrey(img *image.Gray) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	le := binary.LittleEndian
	b := make([]byte, 54, 54+3*w*h)
	copy(b, "BM")
	le.PutUint32(b[10:], 54)
	le.PutUint32(b[14:], 40)
	le.PutUint32(b[18:], uint32(w))
	le.PutUint32(b[22:], uint32(h))
	le.PutUint16(b[26:], 1)
	le.PutUint16(b[28:], 24)
	for y := h - 1; y >= 0; y-- {
		for _, v := range img.Pix[y*img.Stride:][:w] {
			b = append(b, v, v, v)
		}
	}
	return b
}

// A file cut anywhere is not whole, and gives an error for what is lost: never
// fewer pages, or other pixels, without a word.
func TestCutAnywhere(t *testing.T) {
	for name, data := range samples() {
		t.Run(name, func(t *testing.T) {
			whole, errs := decoded(t, data, page.Limits{})
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			step := 1 + len(data)/400
			for n := 0; n < len(data); n++ {
				if n%step != 0 && n < len(data)-64 {
					continue // every place near the end, where decoders forgive
				}
				ps, errs := decoded(t, data[:n], page.Limits{})
				if len(errs) == 0 && !same(ps, whole) {
					t.Fatalf("cut at %d of %d: %d pages and no error", n, len(data), len(ps))
				}
				if ok, _ := page.Whole(bytes.NewReader(data[:n]), int64(n)); ok && len(errs) > 0 {
					t.Fatalf("cut at %d of %d: whole, but %v", n, len(data), errs)
				}
			}
		})
	}
}

func same(a, b []page.Page) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if far(a[i].Img, b[i].Img) != 0 {
			return false
		}
	}
	return true
}

// A file still being copied may have its end before its middle: a hole of zeros.
func TestHoles(t *testing.T) {
	grey := picture(800, 600)
	for name, data := range map[string][]byte{
		"jpeg": omrtest.EncodeJPEG(grey, 85, 200),
		"png":  omrtest.EncodePNG(grey, 200),
		"g4":   omrtest.EncodeG4([]*image.Gray{bilevel(800, 600)}, 200),
		"lzw":  omrtest.EncodeTIFF("w", omrtest.GreyPage(grey, omrtest.TIFFLZW, 200)),
	} {
		t.Run(name, func(t *testing.T) {
			for _, at := range []int{4, 5, 6, 7, 8} { // tenths
				holed := bytes.Clone(data)
				clear(holed[len(data)*at/10 : len(data)*(at+1)/10])
				ps, errs := decoded(t, holed, page.Limits{})
				if len(ps) != 0 || len(errs) != 1 {
					t.Errorf("a hole at %d0 %%: %d pages, errors %v", at, len(ps), errs)
				}
			}
		})
	}
}

func TestEncrypted(t *testing.T) {
	plain := omrtest.EncodePDF([]*image.Gray{picture(80, 60)}, 80, 200)
	var locked bytes.Buffer
	conf := model.NewAESConfiguration("open", "own", 256)
	if err := api.Encrypt(bytes.NewReader(plain), &locked, conf); err != nil {
		t.Fatal(err)
	}
	_, errs := decoded(t, locked.Bytes(), page.Limits{})
	wantCode(t, errs, page.Encrypted, 0)
	var free bytes.Buffer // only changes are forbidden: everyone may look
	if err := api.Encrypt(bytes.NewReader(plain), &free, model.NewAESConfiguration("", "own", 256)); err != nil {
		t.Fatal(err)
	}
	if got := one(t, free.Bytes()); got.Img.Rect.Dx() != 80 {
		t.Errorf("got %v", got.Img.Rect)
	}
}

func TestErrorSaysWhatToDo(t *testing.T) {
	for _, c := range []page.Code{page.Empty, page.UnknownKind, page.Torn, page.TooLarge, page.TooManyPages, page.TooManyPixels, page.Unsupported, page.Encrypted} {
		if s := (&page.Error{Code: c, Page: 3}).Error(); !strings.HasPrefix(s, "page 3: ") || len(s) < 25 {
			t.Errorf("%s: %q", c, s)
		}
	}
}

// Damaged files must leave nothing behind in the decoders' own memory.
func TestNoLeak(t *testing.T) {
	var torn [][]byte
	for _, data := range samples() {
		torn = append(torn, data, data[:len(data)*2/3])
		for i := range 4 {
			bad := bytes.Clone(data)
			bad[len(bad)*(i+3)/8] ^= 0xFF
			torn = append(torn, bad)
		}
	}
	round := func(n int) {
		for range n {
			for _, data := range torn {
				for range page.Decode(context.Background(), bytes.NewReader(data), int64(len(data)), page.Limits{}) {
				}
			}
		}
	}
	round(20)
	before := resident(t)
	round(60)
	// Go's own heap breathes by some megabytes; one row lost a file would be 30.
	if grown := resident(t) - before; grown > 24<<20 {
		t.Errorf("%d MB more after %d files", grown>>20, 60*len(torn))
	}
}

// resident is this process's memory in bytes.
func resident(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no /proc to measure memory by")
	}
	f := strings.Fields(string(b))
	if err != nil || len(f) < 2 {
		t.Fatal(err, f)
	}
	n, err := strconv.Atoi(f[1])
	if err != nil {
		t.Fatal(err)
	}
	return n * os.Getpagesize()
}

// Decoders' messages belong to the process; each page must get its own.
func TestSideBySide(t *testing.T) {
	bw := bilevel(300, 200)
	whole := omrtest.EncodeG4([]*image.Gray{bw}, 200)
	bad := bytes.Clone(whole)
	for i := range 8 {
		bad[60+i] ^= 0x5A
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				data := whole
				if i%2 == 1 {
					data = bad
				}
				ps, errs := decoded(t, data, page.Limits{})
				if good := len(ps) == 1 && len(errs) == 0; good != (i%2 == 0) {
					t.Errorf("%d pages, errors %v", len(ps), errs)
				}
			}
		})
	}
	wg.Wait()
}
