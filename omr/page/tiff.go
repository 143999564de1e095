package page

// #cgo LDFLAGS: -ltiff
// #cgo noescape page_tiff_grey
// #cgo nocallback page_tiff_grey
// #include "tiff.h"
import "C"

import (
	"context"
	"fmt"
	"image"
	"unsafe"
)

// tiffDirectories returns the directories of f in order, without thumbnails and
// masks. The chain must end, inside the file, after at most most pages.
func tiffDirectories(f file, most int) (tiffFile, []directory, error) {
	t, err := openTIFF(f)
	if err != nil {
		return t, nil, err
	}
	var ds []directory
	seen := make(map[int64]bool)
	for off := t.first; off != 0; {
		if seen[off] {
			return t, nil, torn("the chain of pages is a ring")
		}
		// Four directories a page leave room for thumbnails and masks.
		if seen[off] = true; len(ds) >= most || len(seen) > 4*most+4 {
			return t, nil, &Error{Code: TooManyPages, Detail: fmt.Sprintf("at most %d", most)}
		}
		d, err := t.directory(off)
		if err != nil {
			return t, nil, err
		}
		const reduced, mask = 1, 4
		if t.number(d, tagSubfile, 0)&(reduced|mask) == 0 {
			ds = append(ds, d)
		}
		off = d.next
	}
	if len(ds) == 0 {
		return t, nil, torn("no page in it")
	}
	return t, ds, nil
}

// inside says whether all the values, strips and tiles of d lie in the file.
func (t tiffFile) inside(d directory) error {
	for _, e := range d.entries {
		if _, _, _, _, err := t.locate(e); err != nil {
			return err
		}
	}
	for _, tags := range [][2]uint16{{tagStripOffsets, tagStripBytes}, {tagTileOffsets, tagTileBytes}} {
		at, err := t.numbers(d, tags[0])
		if err != nil {
			return err
		}
		n, err := t.numbers(d, tags[1])
		if err != nil {
			return err
		}
		for i, off := range at {
			size := int64(1) // at least, where a writer does not say
			if i < len(n) {
				size = n[i]
			}
			if off > t.size || size > t.size-off {
				return torn("strip %d of %d lies beyond the end of the file", i+1, len(at))
			}
		}
		if len(at) > 0 {
			return nil
		}
	}
	return torn("a page without a picture")
}

// compressions names what is inside a TIFF but is not read; the numbers are
// those of the tag. What is not in either list is unusual altogether.
var compressions = map[int64]string{
	6: "TIFF with old JPEG inside (6)", 9: "TIFF with JBIG inside", 10: "TIFF with JBIG inside",
	34661: "TIFF with JBIG inside", 34712: "TIFF with JPEG 2000 inside", 34887: "TIFF with LERC inside",
	34925: "TIFF with LZMA inside", 50000: "TIFF with Zstandard inside", 50001: "TIFF with WebP inside",
}

// known are the compressions that are read: none, the three of CCITT, LZW, JPEG,
// deflate by both its numbers, PackBits.
var known = map[int64]bool{1: true, 2: true, 3: true, 4: true, 5: true, 7: true, 8: true, 32946: true, 32773: true}

func decodeTIFF(ctx context.Context, data []byte, lim Limits, yield func(Page, error) bool) bool {
	t, ds, err := tiffDirectories(inMemory(data), lim.Pages)
	if err != nil {
		return yield(Page{}, err)
	}
	for i, d := range ds {
		if err := ctx.Err(); err != nil {
			return yield(Page{}, err)
		}
		if i+1 < lim.From {
			continue
		}
		p, err := t.page(d, data, lim)
		if err != nil {
			err = onPage(err, i+1)
		}
		if p.Number = i + 1; !yield(p, err) {
			return false
		}
	}
	return true
}

// page decodes the page of d, laid as its orientation tag says.
func (t tiffFile) page(d directory, data []byte, lim Limits) (Page, error) {
	if c := t.number(d, tagCompression, 1); !known[c] {
		name := compressions[c]
		if name == "" {
			name = fmt.Sprintf("TIFF of compression %d", c)
		}
		return Page{}, unsupported(name)
	}
	if err := t.inside(d); err != nil {
		return Page{}, err
	}
	const tagWidth, tagLength = 256, 257
	w, h := t.number(d, tagWidth, 0), t.number(d, tagLength, 0)
	if err := lim.room(int(w), int(h)); err != nil {
		return Page{}, err
	}
	img, bits, err := greyTIFF(data, d.at, int(w), int(h), false)
	if err != nil {
		return Page{}, err
	}
	if t.number(d, tagSamples, 1) != 1 || bits != 1 {
		bits = 8
	}
	x, y := t.density(d)
	return lay(img, bits, t.orientation(d), x, y, lim)
}

// greyTIFF decodes the w×h picture whose directory stands at ifd. Of CCITT RLE,
// unaligned says that rows are not filled to bytes, which TIFF does not know.
func greyTIFF(data []byte, ifd int64, w, h int, unaligned bool) (*image.Gray, int, error) {
	img := newGray(w, h)
	var msg [256]byte
	var bits, loose C.int
	if unaligned {
		loose = 1
	}
	code := C.page_tiff_grey((*C.uchar)(unsafe.SliceData(data)), C.size_t(len(data)), C.uint64_t(ifd),
		(*C.uchar)(unsafe.SliceData(img.Pix)), C.uint32_t(w), C.uint32_t(h), loose, &bits,
		(*C.char)(unsafe.Pointer(&msg[0])), C.int(len(msg)))
	switch code {
	case C.PAGE_TIFF_OK:
		return img, int(bits), nil
	case C.PAGE_TIFF_UNSUPPORTED:
		return nil, 0, unsupported(text(msg[:]))
	}
	return nil, 0, torn("%s", text(msg[:]))
}
