// Package page turns the bytes of a scan into grey pages, exactly as scanned,
// one at a time and within limits. It does not know what it looks at.
package page

import (
	"context"
	"image"
	"io"
	"iter"
)

// A Page is one image of a scan, exactly as scanned.
type Page struct {
	Number int     // in the file, from 1
	DPI    float64 // across, as the file says; 0 if it does not
	Img    *image.Gray
	Bits   int // of depth a pixel had in the file: 1 for a bilevel scan, else 8
}

// Limits protect the service from hostile or broken files.
// The zero value means the defaults.
type Limits struct {
	Bytes  int64 // of a file
	Pages  int   // of a file
	Pixels int   // of a page
}

// Whole reports whether a file is complete in itself: its end is there, and all
// that it points to lies inside it. It looks at structure and decodes nothing.
// A file of no known kind is not whole; why says what is missing.
func Whole(r io.ReaderAt, size int64) (whole bool, why string) { panic("stub") }

// Decode yields the pages of a PDF, TIFF, PNG, JPEG or BMP one at a time, so that
// one page is held in memory at once. It never panics on bad input. An error that
// belongs to one page comes with that page's Number set and does not end the
// sequence; an error of the whole file comes with Number 0 and ends it.
func Decode(ctx context.Context, r io.ReaderAt, size int64, lim Limits) iter.Seq2[Page, error] {
	panic("stub")
}
