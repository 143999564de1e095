package page

// #cgo LDFLAGS: -ljpeg
// #cgo noescape page_jpeg_open
// #cgo nocallback page_jpeg_open
// #cgo noescape page_jpeg_rows
// #cgo nocallback page_jpeg_rows
// #cgo nocallback page_jpeg_close
// #include "jpeg.h"
import "C"

import (
	"bytes"
	"encoding/binary"
	"image"
	"runtime"
	"strings"
	"unsafe"
)

// A jpegHead is what the markers of a JPEG say.
type jpegHead struct {
	frame         byte // the SOF marker; 0 if there is none
	precision     int
	width, height int
	parts         int // colour components
	jfifX, jfifY  float64
	exifX, exifY  float64
	orientation   orientation
}

// The markers of a JPEG (ITU-T T.81, table B.1).
const (
	markSOI  = 0xD8
	markEOI  = 0xD9
	markSOS  = 0xDA
	markAPP0 = 0xE0
	markAPP1 = 0xE1
)

// bare says whether a marker has no length and no content.
func bare(m byte) bool { return m == 0x01 || m >= 0xD0 && m <= markSOI }

// walkJPEG follows the markers of f from its start to EOI. What comes after is
// nobody's: phones put more pictures there.
func walkJPEG(f file) (jpegHead, error) {
	h := jpegHead{orientation: 1}
	off := int64(2)
	for {
		b, err := f.at(off, 2, "the next marker")
		if err != nil {
			return h, err
		}
		m := b[1]
		switch {
		case b[0] != 0xFF:
			return h, torn("no marker where one must be, at byte %d", off)
		case m == 0xFF: // padding
			off++
			continue
		case m == markEOI:
			if h.frame == 0 {
				return h, torn("no picture in it")
			}
			return h, nil
		case bare(m):
			off += 2
			continue
		}
		if off, err = h.segment(f, off+2, m); err != nil {
			return h, err
		}
	}
}

// segment takes in the segment of marker m at off, and returns where the next
// marker stands.
func (h *jpegHead) segment(f file, off int64, m byte) (int64, error) {
	b, err := f.at(off, 2, "a segment")
	if err != nil {
		return 0, err
	}
	n := int64(binary.BigEndian.Uint16(b))
	if n < 2 {
		return 0, torn("a segment of %d bytes, at byte %d", n, off)
	}
	if b, err = f.at(off+2, n-2, "a segment"); err != nil {
		return 0, err
	}
	switch {
	case m == markSOS:
		return skipScan(f, off+n)
	case m == markAPP0:
		h.jfif(b)
	case m == markAPP1:
		if block, ok := bytes.CutPrefix(b, []byte("Exif\x00\x00")); ok {
			h.orientation, h.exifX, h.exifY = exif(block)
		}
	case m >= 0xC0 && m <= 0xCF && m != 0xC4 && m != 0xC8 && m != 0xCC && h.frame == 0:
		if len(b) < 6 {
			return 0, torn("a frame header of %d bytes", n)
		}
		h.frame, h.precision, h.parts = m, int(b[0]), int(b[5])
		h.height, h.width = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	}
	return off + n, nil
}

// jfif takes in the density of a JFIF header: units, then x and y.
func (h *jpegHead) jfif(b []byte) {
	if len(b) < 12 || !bytes.HasPrefix(b, []byte("JFIF\x00")) {
		return
	}
	k := map[byte]float64{1: 1, 2: 2.54}[b[7]]
	h.jfifX = k * float64(binary.BigEndian.Uint16(b[8:]))
	h.jfifY = k * float64(binary.BigEndian.Uint16(b[10:]))
}

// skipScan returns where the marker stands that ends the coded data at off.
func skipScan(f file, off int64) (int64, error) {
	piece := int64(64 << 10)
	if f.data != nil {
		piece = f.size
	}
	for f.size-off >= 2 { // a marker has two bytes
		b, err := f.at(off, min(piece, f.size-off), "the picture")
		if err != nil {
			return 0, err
		}
		n, ended := coded(b)
		if off += int64(n); ended {
			return off, nil
		}
	}
	return 0, torn("it ends inside the picture")
}

// coded is how many bytes of b, at its start, are coded data, and whether a marker ends
// them. A last 0xFF is not counted: what it is, the next byte says.
func coded(b []byte) (n int, ended bool) {
	for {
		k := bytes.IndexByte(b[n:], 0xFF)
		if k < 0 {
			return len(b), false
		}
		if n += k; n+1 == len(b) {
			return n, false
		}
		if m := b[n+1]; m != 0 && m != 0xFF && (m < 0xD0 || m > 0xD7) {
			return n, true
		}
		n++
	}
}

// decodeJPEG decodes a JPEG file, laid as its Exif says.
func decodeJPEG(data []byte, lim Limits) (Page, error) {
	h, img, small, err := greyJPEG(data, C.PAGE_INK_ADOBE, lim)
	if err != nil {
		return Page{}, err
	}
	x, y := h.jfifX, h.jfifY
	if plausible(x) == 0 {
		x, y = h.exifX, h.exifY
	}
	p, err := lay(img, 8, h.orientation, x, y, lim)
	p.small = small.of(p.Img)
	return p, err
}

// greyJPEG decodes the picture alone, and reduces it as lim asks. ink says what the components of
// a CMYK picture mean.
func greyJPEG(data []byte, ink C.int, lim Limits) (jpegHead, *image.Gray, *reduction, error) {
	h, err := walkJPEG(inMemory(data))
	if err != nil {
		return h, nil, nil, err
	}
	if err := h.readable(); err != nil {
		return h, nil, nil, err
	}
	if err := lim.room(h.width, h.height); err != nil {
		return h, nil, nil, err
	}
	img := newGray(h.width, h.height)
	small := newReduction(img, lim)
	if err := decodeBands(data, ink, img, small); err != nil {
		small.free()
		free(img)
		return h, nil, nil, err
	}
	return h, img, small, nil
}

// jpegBand is how many rows are decoded before they are reduced: few enough to be close to the
// processor still, and many enough for a call.
const jpegBand = 32

// breath is how many pixels are decoded, in some five milliseconds, until others may run.
const breath = 4 << 20

// decodeBands decodes data to img, and reduces it to small if that is not nil.
func decodeBands(data []byte, ink C.int, img *image.Gray, small *reduction) error {
	var held runtime.Pinner // what C reads from between calls
	held.Pin(unsafe.SliceData(data))
	defer held.Unpin()
	var msg [256]byte
	said, room := (*C.char)(unsafe.Pointer(&msg[0])), C.int(len(msg))
	w, h := img.Rect.Dx(), img.Rect.Dy()
	j := C.page_jpeg_open((*C.uchar)(unsafe.SliceData(data)), C.size_t(len(data)), C.int(w), C.int(h), ink, said, room)
	if j == nil {
		return torn("%s", text(msg[:]))
	}
	defer C.page_jpeg_close(j)
	band := h
	if small != nil {
		band = (jpegBand + small.K - 1) / small.K * small.K
	}
	decoded := 0
	for y := 0; y < h; y += band {
		end := min(y+band, h)
		if C.page_jpeg_rows(j, (*C.uchar)(&img.Pix[y*img.Stride]), C.int(end-y), said, room) != 0 {
			return torn("%s", text(msg[:]))
		}
		if small != nil {
			small.Rows(img, y, end)
		}
		if decoded += (end - y) * w; decoded > breath {
			decoded = 0
			runtime.Gosched() // as Decode does
		}
	}
	return nil
}

// readable says by name what libjpeg does not decode.
func (h *jpegHead) readable() error {
	switch {
	case h.frame == 0xC3 || h.frame >= 0xC5 && h.frame <= 0xC7 || h.frame >= 0xCB:
		return unsupported("lossless or hierarchical JPEG")
	case h.precision != 8:
		return unsupported("JPEG of 12 bits")
	case h.height == 0:
		return unsupported("JPEG without a height (DNL)")
	case h.parts != 1 && h.parts != 3 && h.parts != 4:
		return unsupported("JPEG of an unusual number of colours")
	}
	return nil
}

// text is the message that C left in b.
func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return strings.ToValidUTF8(string(b), "?")
}
