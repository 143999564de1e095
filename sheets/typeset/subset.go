package typeset

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
)

// subset returns the TrueType file behind ld with every glyph blanked that is not
// used. Glyphs keep their numbers, so that nothing that names them changes; what
// only layout needs is left out, because the PDF places every glyph itself.
func subset(ld *opentype.Loader, used map[font.GID]bool) ([]byte, error) {
	table := func(tag string) ([]byte, error) { return ld.RawTable(opentype.MustNewTag(tag)) }
	head, err := table("head")
	if err != nil || len(head) < 54 {
		return nil, fmt.Errorf("typeset: the font has no head: %w", err)
	}
	loca, err1 := table("loca")
	glyf, err2 := table("glyf")
	if err1 != nil || err2 != nil {
		return nil, fmt.Errorf("typeset: the font has no TrueType outlines: %w", cmpErr(err1, err2))
	}
	at := offsets(loca, binary.BigEndian.Uint16(head[50:]) == 0)
	newGlyf, newLoca := keep(glyf, at, closure(glyf, at, used))
	head = slices.Clone(head)
	binary.BigEndian.PutUint32(head[8:], 0)  // checkSumAdjustment; PDF readers ignore it
	binary.BigEndian.PutUint16(head[50:], 1) // long offsets
	tables := []sfntTable{{"glyf", newGlyf}, {"head", head}, {"loca", newLoca}}
	for _, tag := range []string{"cvt ", "fpgm", "hhea", "hmtx", "maxp", "prep"} {
		if b, err := table(tag); err == nil {
			tables = append(tables, sfntTable{tag, b})
		}
	}
	return sfnt(tables), nil
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// offsets reads the places of all glyphs, one more than there are glyphs.
func offsets(loca []byte, short bool) []uint32 {
	var at []uint32
	if short {
		for ; len(loca) >= 2; loca = loca[2:] {
			at = append(at, 2*uint32(binary.BigEndian.Uint16(loca)))
		}
		return at
	}
	for ; len(loca) >= 4; loca = loca[4:] {
		at = append(at, binary.BigEndian.Uint32(loca))
	}
	return at
}

// glyphData is the outline of one glyph; nil if it has none.
func glyphData(glyf []byte, at []uint32, id int) []byte {
	if id+1 >= len(at) || at[id] >= at[id+1] || int(at[id+1]) > len(glyf) {
		return nil
	}
	return glyf[at[id]:at[id+1]]
}

// closure is used together with .notdef and the parts of composed glyphs.
func closure(glyf []byte, at []uint32, used map[font.GID]bool) map[int]bool {
	all := map[int]bool{}
	queue := []int{0}
	for id := range used {
		queue = append(queue, int(id))
	}
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		if !all[id] {
			all[id] = true
			queue = append(queue, parts(glyphData(glyf, at, id))...)
		}
	}
	return all
}

// parts are the glyphs a composed glyph is made of (OpenType, table glyf).
func parts(data []byte) (ids []int) {
	if len(data) < 10 || int16(binary.BigEndian.Uint16(data)) >= 0 {
		return nil
	}
	const words, scale, more, xyScale, matrix = 1, 8, 32, 64, 128
	for data = data[10:]; len(data) >= 4; {
		flags := binary.BigEndian.Uint16(data)
		ids = append(ids, int(binary.BigEndian.Uint16(data[2:])))
		skip := 6
		if flags&words != 0 {
			skip += 2
		}
		switch {
		case flags&scale != 0:
			skip += 2
		case flags&xyScale != 0:
			skip += 4
		case flags&matrix != 0:
			skip += 8
		}
		if flags&more == 0 || skip > len(data) {
			break
		}
		data = data[skip:]
	}
	return ids
}

// keep returns tables glyf and loca with only the kept glyphs in them.
func keep(glyf []byte, at []uint32, kept map[int]bool) (newGlyf, newLoca []byte) {
	for id := range at {
		newLoca = binary.BigEndian.AppendUint32(newLoca, uint32(len(newGlyf)))
		if kept[id] {
			newGlyf = append(newGlyf, glyphData(glyf, at, id)...)
			for len(newGlyf)%4 != 0 {
				newGlyf = append(newGlyf, 0)
			}
		}
	}
	return newGlyf, newLoca
}

type sfntTable struct {
	tag  string
	data []byte
}

// sfnt puts tables, sorted by tag, into a file.
func sfnt(tables []sfntTable) []byte {
	n := len(tables)
	power, shift := 1, 0
	for power*2 <= n {
		power, shift = power*2, shift+1
	}
	be := binary.BigEndian
	out := be.AppendUint32(nil, 0x00010000)
	out = be.AppendUint16(out, uint16(n))
	out = be.AppendUint16(out, uint16(power*16))
	out = be.AppendUint16(out, uint16(shift))
	out = be.AppendUint16(out, uint16((n-power)*16))
	place := 12 + 16*n
	for _, t := range tables {
		out = append(out, t.tag...)
		out = be.AppendUint32(out, checksum(t.data))
		out = be.AppendUint32(out, uint32(place))
		out = be.AppendUint32(out, uint32(len(t.data)))
		place += (len(t.data) + 3) &^ 3
	}
	for _, t := range tables {
		out = append(out, t.data...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	return out
}

// checksum is the sum of a table's words, the last one filled with zeros.
func checksum(data []byte) (sum uint32) {
	for len(data) >= 4 {
		sum += binary.BigEndian.Uint32(data)
		data = data[4:]
	}
	var tail [4]byte
	copy(tail[:], data)
	return sum + binary.BigEndian.Uint32(tail[:])
}
