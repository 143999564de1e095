package page

import (
	"encoding/binary"
	"math"
)

// The tags of a TIFF directory that matter here (TIFF 6.0; the first four are
// also Exif's).
const (
	tagOrientation  = 274
	tagXResolution  = 282
	tagYResolution  = 283
	tagUnit         = 296
	tagSubfile      = 254
	tagStripOffsets = 273
	tagStripBytes   = 279
	tagTileOffsets  = 324
	tagTileBytes    = 325
	tagCompression  = 259
	tagSamples      = 277
)

// typeSize is the bytes of one value of each TIFF type, by the type's number.
var typeSize = [19]int64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

// A tiffFile is a TIFF, or the part of a JPEG's Exif that has the same form.
type tiffFile struct {
	file
	order binary.ByteOrder
	big   bool // BigTIFF: offsets of 64 bits
	first int64
}

// openTIFF reads the header.
func openTIFF(f file) (tiffFile, error) {
	h, err := f.at(0, 8, "the header")
	if err != nil {
		return tiffFile{}, err
	}
	t := tiffFile{file: f, order: binary.LittleEndian}
	if h[0] == 'M' {
		t.order = binary.BigEndian
	}
	t.first = int64(t.order.Uint32(h[4:]))
	if t.big = t.order.Uint16(h[2:]) == 43; t.big {
		h, err = f.at(8, 8, "the header")
		if err != nil {
			return tiffFile{}, err
		}
		t.first = offset(t.order.Uint64(h))
	}
	return t, nil
}

// offset is v as a place in a file; what no file can hold becomes a place that
// none has.
func offset(v uint64) int64 { return int64(min(v, math.MaxInt64)) }

// A directory is one IFD: a page, and where its parts lie.
type directory struct {
	at      int64
	next    int64
	entries map[uint16]entry
}

// An entry is one field of a directory.
type entry struct {
	kind  uint16
	count int64
	value []byte // the bytes of the value itself, or of its offset
}

// directory reads the IFD at off.
func (t tiffFile) directory(off int64) (directory, error) {
	countLen, entryLen, nextLen := int64(2), int64(12), int64(4)
	if t.big {
		countLen, entryLen, nextLen = 8, 20, 8
	}
	head, err := t.at(off, countLen, "a page's directory")
	if err != nil {
		return directory{}, err
	}
	n := int64(t.order.Uint16(head))
	if t.big {
		n = offset(t.order.Uint64(head))
	}
	// There are 65,536 tags, and a directory names each once.
	if n > 1<<16 {
		return directory{}, torn("a page's directory claims %d entries", n)
	}
	body, err := t.at(off+countLen, n*entryLen+nextLen, "a page's directory")
	if err != nil {
		return directory{}, err
	}
	d := directory{at: off, entries: make(map[uint16]entry, n)}
	for ; n > 0; n-- {
		tag, e := t.entry(body[:entryLen])
		d.entries[tag] = e
		body = body[entryLen:]
	}
	if t.big {
		d.next = offset(t.order.Uint64(body))
	} else {
		d.next = int64(t.order.Uint32(body))
	}
	return d, nil
}

func (t tiffFile) entry(b []byte) (tag uint16, e entry) {
	e.kind = t.order.Uint16(b[2:])
	if t.big {
		e.count, e.value = offset(t.order.Uint64(b[4:])), b[12:20]
	} else {
		e.count, e.value = int64(t.order.Uint32(b[4:])), b[8:12]
	}
	return t.order.Uint16(b), e
}

// locate returns the bytes of e that stand in its directory, or, if they are nil,
// where they stand in the file; size is that of one value. An entry of an unknown
// type has none.
func (t tiffFile) locate(e entry) (b []byte, at, n, size int64, err error) {
	if e.count == 0 || int(e.kind) >= len(typeSize) || typeSize[e.kind] == 0 {
		return nil, 0, 0, 0, nil
	}
	size = typeSize[e.kind]
	if e.count > t.size/size {
		return nil, 0, 0, 0, torn("a page's directory claims %d values", e.count)
	}
	if n = e.count * size; n <= int64(len(e.value)) {
		return e.value[:n], 0, n, size, nil
	}
	if t.big {
		at = offset(t.order.Uint64(e.value))
	} else {
		at = int64(t.order.Uint32(e.value))
	}
	if at > t.size-n {
		return nil, 0, 0, 0, torn("a value of a page's directory lies beyond the end of the file")
	}
	return nil, at, n, size, nil
}

// bytes returns the value of tag, of size bytes each, or nil if d has none.
func (t tiffFile) bytes(d directory, tag uint16) (b []byte, size int64, err error) {
	b, at, n, size, err := t.locate(d.entries[tag])
	switch {
	case err != nil || b != nil || n == 0:
		return b, size, err
	case n/size > mostValues:
		return nil, 0, torn("a page's directory claims %d values", n/size)
	}
	b, err = t.at(at, n, "a value of a page's directory")
	return b, size, err
}

// No page has more strips than rows, and none of ours more rows than this.
const mostValues = 1 << 18

// numbers returns the whole numbers of tag; none if d has no such tag.
func (t tiffFile) numbers(d directory, tag uint16) ([]int64, error) {
	b, size, err := t.bytes(d, tag)
	if err != nil || b == nil {
		return nil, err
	}
	out := make([]int64, 0, int64(len(b))/size)
	for ; len(b) > 0; b = b[size:] {
		switch size {
		case 1:
			out = append(out, int64(b[0]))
		case 2:
			out = append(out, int64(t.order.Uint16(b)))
		case 4:
			out = append(out, int64(t.order.Uint32(b)))
		default:
			out = append(out, offset(t.order.Uint64(b)))
		}
	}
	return out, nil
}

// number returns the first number of tag, or def if there is none.
func (t tiffFile) number(d directory, tag uint16, def int64) int64 {
	ns, err := t.numbers(d, tag)
	if err != nil || len(ns) == 0 {
		return def
	}
	return ns[0]
}

// ratio returns the fraction of tag, or 0 if there is none.
func (t tiffFile) ratio(d directory, tag uint16) float64 {
	b, size, err := t.bytes(d, tag)
	if err != nil || size != 8 || len(b) < 8 {
		return 0
	}
	num, den := t.order.Uint32(b), t.order.Uint32(b[4:])
	if den == 0 {
		return 0
	}
	return float64(num) / float64(den)
}

// density returns the pixels per inch that d claims, 0 where it claims none.
func (t tiffFile) density(d directory) (x, y float64) {
	k := map[int64]float64{2: 1, 3: 2.54}[t.number(d, tagUnit, 2)]
	return k * t.ratio(d, tagXResolution), k * t.ratio(d, tagYResolution)
}

// orientation returns the orientation that d claims, 1 (as stored) to 8.
func (t tiffFile) orientation(d directory) orientation {
	if o := t.number(d, tagOrientation, 1); o >= 1 && o <= 8 {
		return orientation(o)
	}
	return 1
}

// exif returns what a picture's Exif block says of its orientation and density. A
// block that is damaged says nothing.
func exif(block []byte) (o orientation, x, y float64) {
	t, err := openTIFF(inMemory(block))
	if err != nil {
		return 1, 0, 0
	}
	d, err := t.directory(t.first)
	if err != nil {
		return 1, 0, 0
	}
	x, y = t.density(d)
	return t.orientation(d), x, y
}
