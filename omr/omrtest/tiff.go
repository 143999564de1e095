package omrtest

// #cgo LDFLAGS: -ltiff
// #include <stdlib.h>
// #include "tiff.h"
import "C"

import (
	"image"
	"runtime"
	"unsafe"
)

// The compressions of a TIFFPage, by the numbers of the tag.
const (
	TIFFNone     = 1
	TIFFRLE      = 2
	TIFFG3       = 3
	TIFFG4       = 4
	TIFFLZW      = 5
	TIFFJPEG     = 7
	TIFFDeflate  = 8
	TIFFPackBits = 32773
)

// The photometrics of a TIFFPage, by the numbers of the tag.
const (
	TIFFMinIsWhite = 0
	TIFFMinIsBlack = 1
	TIFFRGB        = 2
	TIFFPalette    = 3
	TIFFInks       = 5
	TIFFYCbCr      = 6
)

// A TIFFPage is one page as it is to be written: rows packed as the format wants
// them. Zero fields take the plainest value.
type TIFFPage struct {
	Width, Height int
	Rows          []byte // planes one after the other if Planar
	Stride        int
	Bits          int // of a sample; 0 is 1
	Samples       int // of a pixel; 0 is 1
	Photometric   int
	Compression   int      // 0 is TIFFNone
	FillOrder     int      // 0 is 1
	Orientation   int      // 0 is 1
	RowsPerStrip  int      // 0 is one strip
	Tile          int      // side of square tiles, a multiple of 16; 0 is strips
	FaxOptions    int      // of TIFFG3: 1 two-dimensional, 4 filled to bytes
	Planar        bool     // each sample in a plane of its own
	Alpha         int      // what the last sample is: 1 premultiplied, 2 not; 0 none
	Palette       []uint16 // reds, greens, blues
	X, Y          DPI
}

// EncodeTIFF writes pages as one file. big writes a BigTIFF and swapped one in
// the other byte order: mode is libtiff's, "w", "w8", "wb", "wl". It panics where
// libtiff refuses: such a test says nothing.
func EncodeTIFF(mode string, pages ...TIFFPage) []byte {
	cmode := C.CString(mode)
	defer C.free(unsafe.Pointer(cmode))
	w := C.omrtest_tiff_begin(cmode)
	if w == nil {
		panic("omrtest: libtiff begins no file")
	}
	for i := range pages {
		if !addTIFF(w, &pages[i]) {
			panic("omrtest: libtiff refuses a page")
		}
	}
	var n C.size_t
	at := C.omrtest_tiff_end(w, &n)
	defer C.free(unsafe.Pointer(at))
	return C.GoBytes(unsafe.Pointer(at), C.int(n))
}

func addTIFF(w unsafe.Pointer, p *TIFFPage) bool {
	var pin runtime.Pinner
	defer pin.Unpin()
	or := func(v, def int) int {
		if v == 0 {
			return def
		}
		return v
	}
	c := C.omrtest_tiff_page{
		width: C.uint32_t(p.Width), height: C.uint32_t(p.Height),
		rows_per_strip: C.uint32_t(or(p.RowsPerStrip, p.Height)), tile: C.uint32_t(p.Tile),
		bits: C.uint16_t(or(p.Bits, 1)), samples: C.uint16_t(or(p.Samples, 1)),
		photometric: C.uint16_t(p.Photometric), compression: C.uint16_t(or(p.Compression, TIFFNone)),
		fill_order: C.uint16_t(or(p.FillOrder, 1)), orientation: C.uint16_t(or(p.Orientation, 1)),
		planar: 1, fax_options: C.uint16_t(p.FaxOptions), alpha: C.uint16_t(p.Alpha),
		xdpi: C.float(p.X), ydpi: C.float(p.Y), stride: C.size_t(p.Stride),
	}
	if p.Planar {
		c.planar = 2
	}
	pin.Pin(&p.Rows[0])
	c.rows = (*C.uchar)(&p.Rows[0])
	if p.Palette != nil {
		pin.Pin(&p.Palette[0])
		c.palette = (*C.uint16_t)(&p.Palette[0])
	}
	return C.omrtest_tiff_add(w, &c) != 0
}

// BilevelPage packs img, black where it is darker than 128, for MinIsWhite.
func BilevelPage(img *image.Gray, compression int, dpi DPI) TIFFPage {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	p := TIFFPage{Width: w, Height: h, Stride: (w + 7) / 8, Compression: compression, X: dpi, Y: dpi}
	p.Rows = make([]byte, p.Stride*h)
	for y := range h {
		for x, v := range img.Pix[y*img.Stride:][:w] {
			if v < 128 {
				p.Rows[y*p.Stride+x/8] |= 0x80 >> (x % 8)
			}
		}
	}
	return p
}

// GreyPage is img in eight bits.
func GreyPage(img *image.Gray, compression int, dpi DPI) TIFFPage {
	return TIFFPage{
		Width: img.Rect.Dx(), Height: img.Rect.Dy(), Stride: img.Stride, Rows: img.Pix, Bits: 8,
		Photometric: TIFFMinIsBlack, Compression: compression, X: dpi, Y: dpi,
	}
}

// EncodeG4 writes bilevel pages as one TIFF, as a feeder's driver does.
func EncodeG4(pages []*image.Gray, dpi DPI) []byte {
	var ps []TIFFPage
	for _, img := range pages {
		ps = append(ps, BilevelPage(img, TIFFG4, dpi))
	}
	return EncodeTIFF("w", ps...)
}
