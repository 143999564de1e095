package page

// #cgo LDFLAGS: -ldeflate
// #cgo noescape page_png_grey
// #cgo nocallback page_png_grey
// #include "png.h"
import "C"

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"unsafe"
)

// A pngHead is what the chunks of a PNG say.
type pngHead struct {
	width, height int
	bits          int // of a sample
	x, y          float64
	orientation   orientation
}

// walkPNG follows the chunks of f from its start to IEND.
func walkPNG(f file) (pngHead, error) {
	h := pngHead{orientation: 1}
	data := false
	for off := int64(8); ; {
		b, err := f.at(off, 8, "the next chunk")
		if err != nil {
			return h, err
		}
		n, name := int64(binary.BigEndian.Uint32(b)), string(b[4:])
		if off+12+n > f.size {
			return h, torn("chunk %q ends beyond the end of the file", name)
		}
		switch name {
		case "IHDR", "pHYs", "eXIf":
			if b, err = f.at(off+8, n, "a chunk"); err != nil {
				return h, err
			}
			h.chunk(name, b)
		case "IDAT":
			data = true
		case "IEND":
			if !data || h.width == 0 {
				return h, torn("no picture in it")
			}
			return h, nil
		}
		off += 12 + n
	}
}

func (h *pngHead) chunk(name string, b []byte) {
	switch {
	case name == "IHDR" && len(b) >= 13:
		// The format's limit is 2³¹−1 (PNG, 11.2.2), which fits an int.
		h.width, h.height = int(binary.BigEndian.Uint32(b)), int(binary.BigEndian.Uint32(b[4:]))
		h.bits = int(b[8])
	case name == "pHYs" && len(b) >= 9 && b[8] == 1: // to the metre
		h.x = float64(binary.BigEndian.Uint32(b)) * 0.0254
		h.y = float64(binary.BigEndian.Uint32(b[4:])) * 0.0254
	case name == "eXIf":
		h.orientation, _, _ = exif(b)
	}
}

// decodePNG decodes a PNG file. What scanners write is decoded quickly; all else, and
// what is wrong with a file, is for Go's decoder to say, which checks every chunk's sum
// and the end.
func decodePNG(data []byte, lim Limits) (Page, error) {
	h, err := walkPNG(inMemory(data))
	if err != nil {
		return Page{}, err
	}
	if err := lim.room(h.width, h.height); err != nil {
		return Page{}, err
	}
	if img := quickPNG(data); img != nil {
		return lay(img, 8, h.orientation, h.x, h.y, lim)
	}
	src, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return Page{}, torn("%v", err)
	}
	bits := 8
	if h.bits == 1 {
		bits = 1
	}
	return lay(grey(src), bits, h.orientation, h.x, h.y, lim)
}

// quickPNG decodes a PNG of eight bits, grey or coloured, neither interlaced nor
// transparent; nil if data is another one, or anything is wrong with it.
func quickPNG(data []byte) *image.Gray {
	var packed []byte // the picture's data, of all chunks
	var head []byte
	for off, last := 8, ""; last != "IEND"; {
		if len(data)-off < 12 {
			return nil
		}
		n, name := int(binary.BigEndian.Uint32(data[off:])), string(data[off+4:off+8])
		if n > len(data)-off-12 || crc32.ChecksumIEEE(data[off+4:off+8+n]) != binary.BigEndian.Uint32(data[off+8+n:]) {
			return nil
		}
		body := data[off+8 : off+8+n]
		switch {
		case (name == "IHDR") != (off == 8), name == "PLTE", name == "tRNS", name == "IEND" && n > 0:
			return nil
		case name == "IHDR":
			head = body
		case name == "IDAT" && packed != nil && last != "IDAT":
			return nil
		case name == "IDAT":
			if packed == nil {
				packed = make([]byte, 0, len(data)-off)
			}
			packed = append(packed, body...)
		}
		off, last = off+12+n, name
	}
	if len(head) != 13 || len(packed) == 0 || head[8] != 8 || head[9]&^2 != 0 || head[10] != 0 || head[11] != 0 || head[12] != 0 {
		return nil
	}
	img := newGray(int(binary.BigEndian.Uint32(head)), int(binary.BigEndian.Uint32(head[4:])))
	ok := C.page_png_grey((*C.uchar)(unsafe.SliceData(packed)), C.size_t(len(packed)), (*C.uchar)(unsafe.SliceData(img.Pix)),
		C.int(img.Rect.Max.X), C.int(img.Rect.Max.Y), C.int(1+head[9]))
	if ok == 0 {
		free(img)
		return nil
	}
	return img
}

// grey returns src in grey (Rec. 601), laid on white where it is transparent.
func grey(src image.Image) *image.Gray {
	b := src.Bounds()
	if src, ok := src.(*image.Gray); ok {
		return src
	}
	out := newGray(b.Dx(), b.Dy())
	switch src := src.(type) {
	case *image.Paletted:
		greyPaletted(out, src)
	case *image.RGBA:
		greyRGBA(out, src)
	default:
		for y := range b.Dy() {
			row := out.Pix[y*out.Stride:][:b.Dx()]
			for x := range row {
				row[x] = onWhite(src.At(b.Min.X+x, b.Min.Y+y))
			}
		}
	}
	return out
}

func greyPaletted(out *image.Gray, src *image.Paletted) {
	var lut [256]uint8
	for i, c := range src.Palette {
		lut[i] = onWhite(c)
	}
	for y := range out.Rect.Dy() {
		from := src.Pix[y*src.Stride:]
		for x := range out.Pix[y*out.Stride:][:out.Rect.Dx()] {
			out.Pix[y*out.Stride+x] = lut[from[x]]
		}
	}
}

// greyRGBA is for opaque pictures: Go's decoder gives others as NRGBA.
func greyRGBA(out *image.Gray, src *image.RGBA) {
	for y := range out.Rect.Dy() {
		from := src.Pix[y*src.Stride:]
		row := out.Pix[y*out.Stride:][:out.Rect.Dx()]
		for x := range row {
			p := from[4*x : 4*x+3 : 4*x+3]
			row[x] = luma(uint32(p[0]), uint32(p[1]), uint32(p[2]))
		}
	}
}

// luma is the grey of a colour, by the weights of Rec. 601 in 16 bits, which add
// up to 1 and which libjpeg uses too.
func luma(r, g, b uint32) uint8 {
	return uint8((19595*r + 38470*g + 7471*b + 1<<15) >> 16)
}

// onWhite is the grey of c on white paper.
func onWhite(c color.Color) uint8 {
	r, g, b, a := c.RGBA() // premultiplied, 16 bits
	rest := 0xFFFF - a
	return uint8(((19595*(r+rest)+38470*(g+rest)+7471*(b+rest)+1<<15)>>16 + 128) / 257)
}
