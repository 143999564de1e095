// Package page turns the bytes of a scan into grey pages, exactly as scanned,
// one at a time and within limits. It does not know what it looks at.
//
// JPEG goes through libjpeg-turbo with its warnings made errors, because a torn
// picture that decodes without a word would be read as blank; TIFF through
// libtiff in memory, the same way; a PNG's stream through libdeflate, and what is
// unusual or wrong in one, and BMP, through Go. Of a PDF only the
// scanned pictures are taken out, without resampling; a page that was drawn and
// not scanned is refused by name. OpenCV decodes nothing here: it accepts torn
// files, and knows neither the second page of a TIFF nor a resolution.
package page

import (
	"context"
	"fmt"
	"image"
	"io"
	"iter"
	"runtime"
)

// A Page is one image of a scan, exactly as scanned, but for what the file itself
// asks of everyone who shows it: its orientation is applied, pixels that are not
// square are made so, and what is transparent lies on white.
type Page struct {
	Number int     // in the file, from 1
	DPI    float64 // of Img, as the file says; 0 if it does not
	Img    *image.Gray
	Bits   int     // of depth a pixel had in the file: 1 for a bilevel scan, else 8
	Aspect float64 // width over height of a pixel in the file: 1 of nearly every scan, 0.48 of a coarse fax
	lent   bool    // Img is of newGray
	small  *reduction
}

// Limits protect the service from hostile or broken files.
// The zero value means the defaults.
type Limits struct {
	Bytes  int64 // of a file
	Pages  int   // of a file
	Pixels int   // of a page
	From   int   // pages before this one are passed over undecoded; 0 and 1 pass over none
	Reduce int   // the longest side, in pixels, of a copy that is made of pages while they are decoded, where that is cheap (Page.Reduced); 0 for none
}

// The defaults of Limits.
const (
	// A batch of 200 grey pages at 200 dpi is 60 MB as JPEG; one uncompressed
	// colour page at 300 dpi is 26 MB.
	defaultBytes = 64 << 20
	// The largest feeder of an office holds 300 sheets, the usual one 50 to 100.
	defaultPages = 200
	// A4 at 600 dpi is 35 million, A3 at 400 dpi 31 million, a good phone 50 million.
	defaultPixels = 60_000_000
)

// withDefaults returns lim with its zero fields filled.
func (lim Limits) withDefaults() Limits {
	if lim.Bytes <= 0 {
		lim.Bytes = defaultBytes
	}
	if lim.Pages <= 0 {
		lim.Pages = defaultPages
	}
	if lim.Pixels <= 0 {
		lim.Pixels = defaultPixels
	}
	return lim
}

// A decoder yields the pages of one kind of file, numbered from 1. It returns
// false when yield did.
type decoder func(ctx context.Context, data []byte, lim Limits, yield func(Page, error) bool) bool

// Decode yields the pages of a PDF, TIFF, PNG, JPEG or BMP one at a time, so that
// one page is held in memory at once. The kind is what the bytes say, whatever
// the file is called. It never panics on bad input. An error that belongs to one
// page comes with that page's Number set and does not end the sequence; an error
// of the whole file comes with Number 0 and ends it. What is wrong with the file
// is an *Error; an error of r or of ctx comes as it is.
func Decode(ctx context.Context, r io.ReaderAt, size int64, lim Limits) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		data, decode, err := open(r, size, lim.withDefaults())
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			yield(Page{}, err)
			return
		}
		defer files.back(data) // no page holds any of them
		decode(ctx, data, lim.withDefaults(), func(p Page, err error) bool {
			runtime.Gosched() // whoever is in C for 10 ms and is not scheduled wakes Go's monitor, which then disturbs all for as long
			return yield(p, err)
		})
	}
}

// open reads a file that is within its limit, and finds its decoder.
func open(r io.ReaderAt, size int64, lim Limits) ([]byte, decoder, error) {
	if size <= 0 {
		return nil, nil, &Error{Code: Empty}
	}
	if size > lim.Bytes {
		return nil, nil, &Error{Code: TooLarge, Detail: fmt.Sprintf("%d bytes, at most %d", size, lim.Bytes)}
	}
	data := files.take(int(size))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), data); err != nil {
		return nil, nil, fmt.Errorf("reading the scan: %w", err)
	}
	switch sniff(data) {
	case kindJPEG:
		return data, single(decodeJPEG), nil
	case kindPNG:
		return data, single(decodePNG), nil
	case kindBMP:
		return data, single(decodeBMP), nil
	case kindTIFF:
		return data, decodeTIFF, nil
	case kindPDF:
		return data, decodePDF, nil
	}
	return nil, nil, &Error{Code: UnknownKind, Detail: "neither JPEG, PNG, TIFF, PDF nor BMP"}
}

// single makes the decoder of a kind whose files hold one picture. What is wrong
// with the picture is then wrong with the file.
func single(decode func(data []byte, lim Limits) (Page, error)) decoder {
	return func(_ context.Context, data []byte, lim Limits, yield func(Page, error) bool) bool {
		if lim.From > 1 {
			return true
		}
		p, err := decode(data, lim)
		if err != nil {
			return yield(Page{}, err)
		}
		p.Number = 1
		return yield(p, nil)
	}
}

// room says whether a w×h picture is within the limit.
func (lim Limits) room(w, h int) error {
	if w <= 0 || h <= 0 {
		return torn("a picture of %d×%d pixels", w, h)
	}
	if w > lim.Pixels/h {
		return &Error{Code: TooManyPixels, Detail: fmt.Sprintf("%d×%d pixels, at most %d", w, h, lim.Pixels)}
	}
	return nil
}
