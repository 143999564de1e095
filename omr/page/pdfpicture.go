package page

// #include "jpeg.h"
import "C"

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"

	"github.com/pdfcpu/pdfcpu/pkg/filter"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// An unpacked is a stream with its general filters undone. What is left is coded
// as a picture, by the filter left, or not at all if that is "".
type unpacked struct {
	data  []byte
	left  string
	parms types.Dict // of the filter left
}

// pictureFilters are the filters that make pictures and not bytes.
var pictureFilters = map[string]string{
	"DCTDecode": "", "DCT": "", "CCITTFaxDecode": "", "CCF": "",
	"JBIG2Decode": "JBIG2", "JPXDecode": "JPX (JPEG 2000)",
}

// unpack undoes the filters of sd in turn, up to most bytes of output each.
func (f pdfFile) unpack(sd types.StreamDict, most int64) (unpacked, error) {
	out := unpacked{data: sd.Raw}
	names := f.list(f.get(sd.Dict, "Filter", "F"))
	parms := f.list(f.get(sd.Dict, "DecodeParms", "DP"))
	for i, o := range names {
		name := f.name(o)
		var d types.Dict
		if i < len(parms) {
			d = f.dict(parms[i])
		}
		if refused, ok := pictureFilters[name]; ok {
			if refused != "" {
				return out, unsupported(refused + " in a PDF")
			}
			if i < len(names)-1 {
				return out, torn("a filter after %s", name)
			}
			out.left, out.parms = name, d
			return out, nil
		}
		var err error
		if out.data, err = f.undo(name, d, out.data, most); err != nil {
			return out, err
		}
	}
	return out, nil
}

// longNames are the filters that may be called by less in a PDF.
var longNames = map[string]string{
	"Fl": "FlateDecode", "LZW": "LZWDecode", "A85": "ASCII85Decode", "AHx": "ASCIIHexDecode", "RL": "RunLengthDecode",
}

// undo undoes one general filter.
func (f pdfFile) undo(name string, parms types.Dict, data []byte, most int64) ([]byte, error) {
	most = min(most, 16*int64(f.lim.Pixels)) // eight samples of 16 bits: no picture needs more
	if long, ok := longNames[name]; ok {
		name = long
	}
	var out []byte
	var err error
	switch name {
	case "FlateDecode":
		out, err = inflate(data, most)
	case "LZWDecode", "ASCII85Decode", "ASCIIHexDecode", "RunLengthDecode":
		out, err = f.byPDFCPU(name, parms, data, most)
	case "Crypt":
		return nil, &Error{Code: Encrypted}
	default:
		return nil, unsupported("PDF filter " + name)
	}
	if err != nil || name != "FlateDecode" && name != "LZWDecode" {
		return out, err
	}
	return f.unpredict(out, parms)
}

func (f pdfFile) byPDFCPU(name string, parms types.Dict, data []byte, most int64) ([]byte, error) {
	p := map[string]int{"EarlyChange": f.whole(f.get(parms, "EarlyChange"), 1)}
	undo, err := filter.NewFilter(name, p, most)
	if err != nil {
		return nil, unsupported("PDF filter " + name)
	}
	r, err := undo.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, torn("%s: %v", name, err)
	}
	return io.ReadAll(r)
}

// inflate undoes deflate. Some writers leave the sum at the end out, which loses
// nothing: the caller knows how many bytes a picture must have.
func inflate(data []byte, most int64) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, torn("deflate: %v", err)
	}
	out, err := io.ReadAll(io.LimitReader(r, most+1))
	if int64(len(out)) > most {
		return nil, &Error{Code: TooManyPixels, Detail: fmt.Sprintf("more than %d bytes unpacked", most)}
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, torn("deflate: %v", err)
	}
	return out, nil
}

// unpredict undoes the predictor of a deflate or LZW filter (ISO 32000-1,
// 7.4.4.4).
func (f pdfFile) unpredict(data []byte, parms types.Dict) ([]byte, error) {
	kind := f.whole(f.get(parms, "Predictor"), 1)
	if kind <= 1 {
		return data, nil
	}
	colours, bits := f.whole(f.get(parms, "Colors"), 1), f.whole(f.get(parms, "BitsPerComponent"), 8)
	columns := f.whole(f.get(parms, "Columns"), 1)
	if colours < 1 || colours > 32 || bits < 1 || bits > 16 || columns < 1 || columns > f.lim.Pixels {
		return nil, torn("a predictor of impossible size")
	}
	pixel := max(1, colours*bits/8)
	line := (columns*colours*bits + 7) / 8
	if kind == 2 {
		if bits != 8 {
			return nil, unsupported("TIFF predictor of other than 8 bits in a PDF")
		}
		for row := data; len(row) >= line; row = row[line:] {
			for i := pixel; i < line; i++ {
				row[i] += row[i-pixel]
			}
		}
		return data, nil
	}
	out := make([]byte, 0, len(data))
	above := make([]byte, line)
	for len(data) > 1 {
		n := min(line, len(data)-1)
		row := append([]byte(nil), data[1:1+n]...)
		if err := pngRow(data[0], row, above, pixel); err != nil {
			return nil, err
		}
		out = append(out, row...)
		data = data[1+n:]
		copy(above, row)
	}
	return out, nil
}

// pngRow undoes one of PNG's filters on row (PNG, 9.2).
func pngRow(kind byte, row, above []byte, pixel int) error {
	for i := range row {
		var left, corner int
		up := int(above[i])
		if i >= pixel {
			left, corner = int(row[i-pixel]), int(above[i-pixel])
		}
		switch kind {
		case 0:
		case 1:
			row[i] += byte(left)
		case 2:
			row[i] += byte(up)
		case 3:
			row[i] += byte((left + up) / 2)
		case 4:
			row[i] += paeth(left, up, corner)
		default:
			return torn("an unknown predictor in a row")
		}
	}
	return nil
}

func paeth(a, b, c int) byte {
	abs := func(v int) int { return max(v, -v) }
	pa, pb, pc := abs(b-c), abs(a-c), abs(a+b-2*c)
	switch {
	case pa <= pb && pa <= pc:
		return byte(a)
	case pb <= pc:
		return byte(b)
	}
	return byte(c)
}

// grey returns the w×h picture of sd, and the depth of its samples. ink is what a
// stencil is painted with.
func (f pdfFile) grey(sd types.StreamDict, w, h int, ink uint8) (*image.Gray, int, error) {
	for _, key := range []string{"SMask", "Mask"} {
		if f.get(sd.Dict, key) != nil {
			return nil, 0, unsupported("PDF picture with a mask (layers)")
		}
	}
	colours, err := f.coloursOf(sd.Dict, ink)
	if err != nil {
		return nil, 0, err
	}
	line := (w*colours.n*colours.bits + 7) / 8
	u, err := f.unpack(sd, int64(line+1)*int64(h)+1024)
	if err != nil {
		return nil, 0, err
	}
	switch u.left {
	case "DCTDecode", "DCT":
		img, err := f.fromJPEG(u.data, colours, w, h)
		return img, 8, err
	case "CCITTFaxDecode", "CCF":
		img, err := f.fromFax(u, colours, w, h)
		return img, 1, err
	}
	if len(u.data) < line*h {
		return nil, 0, torn("%d bytes of picture where %d must be", len(u.data), line*h)
	}
	img := newGray(w, h)
	for y := range h {
		colours.row(u.data[y*line:][:line], img.Pix[y*img.Stride:][:w])
	}
	bits := 8
	if colours.n == 1 && colours.bits == 1 {
		bits = 1
	}
	return img, bits, nil
}

// fromJPEG decodes a picture that is a JPEG. Its Exif block is not for PDF.
func (f pdfFile) fromJPEG(data []byte, c colours, w, h int) (*image.Gray, error) {
	ink := C.int(C.PAGE_INK_IS_HIGH)
	if c.inverted {
		ink = C.PAGE_INK_IS_LOW
	}
	lim := f.lim
	lim.Reduce = 0 // what is decoded is not yet the page
	head, img, _, err := greyJPEG(data, ink, lim)
	if err != nil {
		return nil, err
	}
	if head.width != w || head.height != h {
		return nil, torn("a JPEG of %d×%d in a picture of %d×%d", head.width, head.height, w, h)
	}
	if head.parts != c.n && c.n != 0 {
		return nil, unsupported("JPEG in a PDF with other colours than it says")
	}
	switch {
	case c.n == 1 && c.lut != nil && *c.lut != straight:
		for i, v := range img.Pix {
			img.Pix[i] = c.lut[v]
		}
	case c.n == 3 && c.inverted:
		for i, v := range img.Pix {
			img.Pix[i] = 255 - v
		}
	}
	return img, nil
}

// straight is the table of greys that changes none.
var straight = func() (lut [256]uint8) {
	for i := range lut {
		lut[i] = uint8(i)
	}
	return lut
}()

// fromFax decodes CCITT data by putting it into a TIFF.
func (f pdfFile) fromFax(u unpacked, c colours, w, h int) (*image.Gray, error) {
	if c.n != 1 || c.bits != 1 {
		return nil, torn("a fax of more than one bit")
	}
	fax, err := f.faxOf(u, w, h)
	if err != nil {
		return nil, err
	}
	img, err := fax.grey()
	if err != nil {
		return nil, err
	}
	// The fax's white runs are ones, unless BlackIs1 says otherwise.
	black, white := c.lut[0], c.lut[1]
	if f.flag(u.parms, "BlackIs1") {
		black, white = white, black
	}
	out := newGray(w, h)
	for y := range h {
		src := img.Pix[y*img.Stride:][:w]
		dst := out.Pix[y*out.Stride:][:w]
		for x, v := range src {
			dst[x] = white
			if v == 0 {
				dst[x] = black
			}
		}
	}
	free(img)
	return out, nil
}

// faxOf reads how the CCITT data of a w×h picture is coded (ISO 32000-1, table 11).
func (f pdfFile) faxOf(u unpacked, w, h int) (faxPicture, error) {
	columns := f.whole(f.get(u.parms, "Columns"), 1728)
	rows := f.whole(f.get(u.parms, "Rows"), 0)
	if columns < w || rows != 0 && rows < h {
		return faxPicture{}, torn("a fax of %d×%d in a picture of %d×%d", columns, rows, w, h)
	}
	fax := faxPicture{data: u.data, columns: columns, rows: h}
	filled := f.flag(u.parms, "EncodedByteAlign")
	switch k := f.whole(f.get(u.parms, "K"), 0); {
	case k < 0 && filled:
		return fax, unsupported("G4 with rows filled to bytes in a PDF")
	case k < 0:
		fax.compression = 4
	case k > 0:
		fax.compression, fax.options = 3, 1
	case startsWithEOL(u.data):
		fax.compression = 3
	default:
		fax.compression, fax.unaligned = 2, !filled
	}
	return fax, f.lim.room(columns, h)
}

// flag says whether an entry of d is true.
func (f pdfFile) flag(d types.Dict, key string) bool {
	b, ok := f.get(d, key).(types.Boolean)
	return ok && bool(b)
}

// startsWithEOL says whether a fax begins with its end-of-line code: eleven or
// more zeros and a one.
func startsWithEOL(data []byte) bool {
	zeros := 0
	for _, b := range data[:min(len(data), 8)] {
		for i := 7; i >= 0; i-- {
			if b>>i&1 == 1 {
				return zeros >= 11
			}
			zeros++
		}
	}
	return false
}

// A faxPicture is CCITT data and how it is coded, by TIFF's numbers.
type faxPicture struct {
	data          []byte
	columns, rows int
	compression   uint32
	options       uint32
	unaligned     bool // rows of compression 2 are not filled to bytes
}

// grey decodes p as the one strip of a TIFF whose black is 0.
func (p faxPicture) grey() (*image.Gray, error) {
	const head, entries = 8, 9
	const strip = head + 2 + entries*12 + 4
	b := []byte{'I', 'I', 42, 0, head, 0, 0, 0, entries, 0}
	for _, e := range [entries][3]uint32{
		{256, 4, uint32(p.columns)},
		{257, 4, uint32(p.rows)},
		{258, 3, 1},
		{259, 3, p.compression},
		{262, 3, 0},
		{273, 4, strip},
		{278, 4, uint32(p.rows)},
		{279, 4, uint32(len(p.data))},
		{292, 4, p.options},
	} {
		b = binary.LittleEndian.AppendUint16(b, uint16(e[0]))
		b = binary.LittleEndian.AppendUint16(b, uint16(e[1]))
		b = binary.LittleEndian.AppendUint32(b, 1)
		b = binary.LittleEndian.AppendUint32(b, e[2])
	}
	b = append(b, 0, 0, 0, 0)
	img, _, err := greyTIFF(append(b, p.data...), head, p.columns, p.rows, p.unaligned)
	return img, err
}
