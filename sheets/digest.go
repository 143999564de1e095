package sheets

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"

	"bargkhan/sheets/geom"
)

// Digest names this revision of d: SHA-256 over everything that is printed and
// everything that says how it is read, with lengths to the micrometre and inks to
// the thousandth. Equal descriptions give equal digests on every machine.
//
// The encoding is our own rather than JSON, so that no library's manner of writing
// numbers can ever orphan printed paper. Each value that is not zero is written
// behind a tag of its own: a Design can gain a part, and the digests of designs
// without that part stay as they were. A tag is never used again for another part.
func (d *Design) Digest() Digest {
	h := digester{bytes.NewBuffer(make([]byte, 0, 48<<10))} // three titles of twenty questions take half of it
	h.text(1, "bargkhan design 1")
	h.text(2, string(d.ID))
	h.text(3, d.Title)
	h.length(4, d.Size.X, d.Size.Y)
	for i := range d.Pages {
		h.page(&d.Pages[i])
	}
	return sha256.Sum256(h.Bytes())
}

// A digester lists tagged values, to be hashed at once.
type digester struct{ *bytes.Buffer }

func (h digester) tag(t byte, n int64) {
	var b [9]byte
	b[0] = t
	binary.BigEndian.PutUint64(b[1:], uint64(n))
	h.Write(b[:])
}

func (h digester) whole(t byte, n int) {
	if n != 0 {
		h.tag(t, int64(n))
	}
}

func (h digester) text(t byte, s string) {
	if s != "" {
		h.tag(t, int64(len(s)))
		h.WriteString(s)
	}
}

// length writes numbers, all of them if any is not zero.
func (h digester) length(t byte, vs ...float64) {
	zero := true
	for _, v := range vs {
		zero = zero && v == 0
	}
	if zero {
		return
	}
	for _, v := range vs {
		h.tag(t, int64(math.Round(v*1000)))
	}
}

func (h digester) box(t byte, r geom.Rect[geom.Paper]) {
	h.length(t, r.Min.X, r.Min.Y, r.Max.X, r.Max.Y)
}

func (h digester) page(p *Page) {
	h.tag(16, 1)
	for _, a := range p.Anchors {
		h.tag(17, int64(a.Shape))
		h.box(18, a.Box)
		h.whole(19, a.ID)
		h.length(20, a.Stroke)
		h.text(29, a.Dictionary)
		h.text(30, a.Bits)
	}
	for _, c := range p.Codes {
		h.box(21, c)
	}
	for _, s := range p.Swatches {
		h.box(22, s.Box)
		h.length(23, s.Ink)
	}
	for _, f := range p.Fields {
		h.text(24, string(f.ID))
		h.tag(25, int64(f.Role)<<16|int64(f.Rule)<<8|int64(f.Outline))
		for _, b := range f.Bubbles {
			h.box(26, b.Box)
			h.text(27, string(b.Choice))
			h.text(28, b.Inside)
		}
	}
	for _, c := range p.Decor {
		h.decor(&c)
	}
}

func (h digester) decor(c *Decor) {
	h.tag(32, int64(c.Kind)<<8|int64(c.Align))
	h.box(33, c.Box)
	h.text(34, c.Text)
	h.text(35, c.Slot)
	h.length(36, c.Size)
	if c.Bold {
		h.tag(37, 1)
	}
	h.length(38, c.Ink)
	h.length(39, c.Width)
}
