package page

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"

	"golang.org/x/image/bmp"
)

// A bmpHead is what the headers of a BMP say.
type bmpHead struct {
	width, height int
	bits          int
	compression   uint32
	x, y          float64
	end           int64 // of the pixels in the file, as far as the header tells
}

// walkBMP reads the headers of f and checks that the pixels are all there.
func walkBMP(f file) (bmpHead, error) {
	var h bmpHead
	b, err := f.at(0, 14+40, "the header")
	if err != nil {
		return h, err
	}
	le := binary.LittleEndian
	if n := le.Uint32(b[14:]); n < 40 {
		return h, unsupported("BMP of OS/2")
	}
	h.width, h.height = int(int32(le.Uint32(b[18:]))), int(int32(le.Uint32(b[22:])))
	h.height = max(h.height, -h.height) // negative: stored from the top
	h.bits, h.compression = int(le.Uint16(b[28:])), le.Uint32(b[30:])
	h.x, h.y = float64(le.Uint32(b[38:]))*0.0254, float64(le.Uint32(b[42:]))*0.0254
	if h.width <= 0 || h.height <= 0 || h.bits < 1 || h.bits > 32 {
		return h, torn("a picture of %d×%d pixels of %d bits", h.width, h.height, h.bits)
	}
	size := int64(le.Uint32(b[34:])) // of the pixels; may be 0 where it follows from the rest
	const none, fields = 0, 3
	if h.compression == none || h.compression == fields {
		line := (int64(h.width)*int64(h.bits) + 31) / 32 * 4
		if line > math.MaxInt64/int64(h.height) {
			return h, torn("a picture of %d×%d pixels", h.width, h.height)
		}
		size = line * int64(h.height)
	}
	h.end = int64(le.Uint32(b[10:])) + size
	if h.end > f.size {
		return h, torn("it ends inside the picture")
	}
	return h, nil
}

func wholeBMP(f file) error {
	_, err := walkBMP(f)
	return err
}

// decodeBMP decodes a BMP file without compression.
func decodeBMP(data []byte, lim Limits) (Page, error) {
	h, err := walkBMP(inMemory(data))
	if err != nil {
		return Page{}, err
	}
	if err := lim.room(h.width, h.height); err != nil {
		return Page{}, err
	}
	src, err := bmp.Decode(bytes.NewReader(data))
	if errors.Is(err, bmp.ErrUnsupported) {
		return Page{}, unsupported("compressed BMP, or one of an unusual depth")
	}
	if err != nil {
		return Page{}, torn("%v", err)
	}
	bits := 8
	if h.bits == 1 {
		bits = 1
	}
	return lay(grey(src), bits, 1, h.x, h.y, lim)
}
