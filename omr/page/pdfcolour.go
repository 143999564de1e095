package page

import (
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// A colours says what the samples of a picture in a PDF mean.
type colours struct {
	n        int         // samples of a pixel
	bits     int         // of a sample
	lut      *[256]uint8 // of one sample: its grey
	inverted bool        // of several: 0 is the most
}

// coloursOf reads the colour space, depth and decode array of a picture. A JPEG
// without a colour space has n 0.
func (f pdfFile) coloursOf(d types.Dict, ink uint8) (colours, error) {
	c := colours{bits: f.whole(f.get(d, "BitsPerComponent", "BPC"), 8)}
	stencil, _ := f.get(d, "ImageMask", "IM").(types.Boolean)
	decode := f.list(f.get(d, "Decode", "D"))
	if stencil {
		c.n, c.bits, c.lut = 1, 1, &[256]uint8{ink, 255}
		if len(decode) > 0 && f.number(decode[0], 0) == 1 {
			c.lut = &[256]uint8{255, ink}
		}
		return c, nil
	}
	switch c.bits {
	case 1, 2, 4, 8, 16:
	default:
		return c, torn("samples of %d bits", c.bits)
	}
	s, err := f.space(f.get(d, "ColorSpace", "CS"), 0)
	if err != nil {
		return c, err
	}
	if c.n = s.n; s.n == 1 {
		c.lut = f.greys(s, c.bits, decode)
		return c, nil
	}
	for i, o := range decode {
		straight, turned := float64(i%2), float64(1-i%2)
		switch v := f.number(o, -1); {
		case i == 0 && v == turned:
			c.inverted = true
		case c.inverted && v != turned, !c.inverted && v != straight:
			return c, unsupported("PDF picture with a partial Decode array")
		}
	}
	return c, nil
}

// A space is a colour space as far as grey is concerned.
type space struct {
	n       int     // samples of a pixel; 0 if the file does not say
	ink     bool    // one sample, of ink: 0 is white
	palette []uint8 // of an indexed one: greys
}

// space resolves a colour space. depth guards against one made of itself.
func (f pdfFile) space(o types.Object, depth int) (space, error) {
	items := f.list(o)
	if len(items) == 0 {
		return space{}, nil
	}
	name := f.name(items[0])
	switch name {
	case "DeviceGray", "G", "CalGray":
		return space{n: 1}, nil
	case "DeviceRGB", "RGB", "CalRGB":
		return space{n: 3}, nil
	case "DeviceCMYK", "CMYK":
		return space{n: 4}, nil
	}
	switch {
	case name == "ICCBased" && len(items) > 1:
		n := f.whole(f.get(f.dict(items[1]), "N"), 0)
		if n == 1 || n == 3 || n == 4 {
			return space{n: n}, nil
		}
		return space{}, torn("a colour profile of %d colours", n)
	case name == "Separation" && len(items) > 1:
		if colorant := f.name(items[1]); colorant != "Black" && colorant != "All" {
			return space{}, unsupported("PDF picture in the ink " + colorant)
		}
		return space{n: 1, ink: true}, nil
	case (name == "Indexed" || name == "I") && len(items) == 4 && depth == 0:
		return f.indexed(items)
	}
	return space{}, unsupported("PDF colour space " + name)
}

// indexed resolves [/Indexed base last table].
func (f pdfFile) indexed(items []types.Object) (space, error) {
	base, err := f.space(items[1], 1)
	if err != nil {
		return space{}, err
	}
	var table []byte
	switch o, _ := f.Dereference(items[3]); o := o.(type) {
	case types.StreamDict:
		u, err := f.unpack(o, 1<<16)
		if err != nil {
			return space{}, err
		}
		table = u.data
	case types.HexLiteral:
		table, err = o.Bytes()
	case types.StringLiteral:
		table, err = types.Unescape(string(o))
	}
	last := f.whole(items[2], -1)
	if err != nil || base.n == 0 || last < 0 || last > 255 || len(table) < (last+1)*base.n {
		return space{}, torn("a palette of a picture is damaged")
	}
	s := space{n: 1, palette: make([]uint8, last+1)}
	c := colours{n: base.n, bits: 8}
	if base.n == 1 {
		c.lut = f.greys(base, 8, nil)
	}
	for i := range s.palette {
		c.row(table[i*base.n:][:base.n], s.palette[i:i+1])
	}
	return s, nil
}

// greys is the grey of each value of a sample; of 16 bits, of its high byte.
func (f pdfFile) greys(s space, bits int, decode []types.Object) *[256]uint8 {
	most := 1<<min(bits, 8) - 1
	lo, hi := 0.0, 1.0
	if s.palette != nil {
		hi = float64(most)
	}
	if len(decode) >= 2 {
		lo, hi = f.number(decode[0], lo), f.number(decode[1], hi)
	}
	var lut [256]uint8
	for i := range most + 1 {
		v := lo + (hi-lo)*float64(i)/float64(most)
		switch {
		case s.palette != nil:
			lut[i] = s.palette[int(min(float64(len(s.palette)-1), max(0, v+.5)))]
		case s.ink:
			lut[i] = level(1 - v)
		default:
			lut[i] = level(v)
		}
	}
	return &lut
}

// row turns one row of packed samples into greys.
func (c colours) row(in []byte, out []uint8) {
	for x := range out {
		i := x * c.n
		if c.n == 1 {
			out[x] = c.lut[c.sample(in, i)]
			continue
		}
		var v [4]uint32
		for k := range c.n {
			v[k] = c.full(in, i+k)
		}
		if c.n == 4 { // inks
			v[0], v[1], v[2] = 255-v[0], 255-v[1], 255-v[2]
		}
		g := uint32(luma(v[0], v[1], v[2]))
		if c.n == 4 {
			g = (g*(255-v[3]) + 127) / 255
		}
		out[x] = uint8(g)
	}
}

// sample is sample i of a packed row; of 16 bits, its high byte.
func (c colours) sample(in []byte, i int) uint8 {
	switch c.bits {
	case 8:
		return in[i]
	case 16:
		return in[2*i]
	}
	at := i * c.bits
	return in[at/8] >> (8 - c.bits - at%8) & (1<<c.bits - 1)
}

// full is sample i, 0 to 255, the right way round.
func (c colours) full(in []byte, i int) uint32 {
	v := uint32(c.sample(in, i)) * 255 / (1<<min(c.bits, 8) - 1)
	if c.inverted {
		return 255 - v
	}
	return v
}
