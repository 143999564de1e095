package sheets

import (
	_ "embed"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// markers holds the modules of all predefined dictionaries of OpenCV one after the
// other, row by row from the top left, 1 for white, each marker from a byte of its own:
// ArUco's (Garrido-Jurado et al., Pattern Recognition 47, 2014) and AprilTag's (Wang and
// Olson, IROS 2016). testdata/dictionaries.cpp wrote it.
//
//go:embed dictionaries.bin
var markers string

// A dictionary is a set of markers.
type dictionary struct {
	name        string
	side, count int // modules of a side, without the black frame; markers
}

// dictionaries are those in markers, in their order. ArUco's smaller ones are the
// beginnings of its large ones: 4x4_50 of 4x4_1000. The original one is not stored: its
// rows are words of two bits.
var dictionaries = [...]dictionary{
	{"4x4", 4, 1000}, {"5x5", 5, 1000}, {"6x6", 6, 1000}, {"7x7", 7, 1000},
	{"16h5", 4, 30}, {"25h9", 5, 35}, {"36h10", 6, 2320}, {"36h11", 6, 587},
}

// original is ArUco's first dictionary: five rows, each one of four words.
var original = dictionary{"original", 5, 1024}

// originalRows are the words of the original dictionary, by two bits of the number.
var originalRows = [4]string{"10000", "10111", "01001", "01110"}

var dictionaryWord = regexp.MustCompile(`([4-7])x([4-7])(?:[_ ]*(50|100|250|1000))?|(16h5|25h9|36h10|36h11)|original`)

// DictionaryName is the name by which a design knows one of OpenCV's dictionaries of
// markers, of the many ways to write it: DICT_4X4_50, "ArUco 4x4_50", tag36h11. It is
// empty if there is none.
func DictionaryName(text string) string {
	m := dictionaryWord.FindStringSubmatch(strings.ToLower(text))
	switch {
	case m == nil, m[1] != m[2]:
		return ""
	case m[4] != "":
		return m[4]
	case m[1] != "" && m[3] != "":
		return m[1] + "x" + m[1] + "_" + m[3]
	case m[1] != "":
		return m[1] + "x" + m[1] + "_1000"
	}
	return original.name
}

// Modules are the modules inside the black frame of a Marker, row by row from the top
// left, true for white, side of them in a row.
func (a *Anchor) Modules() (side int, white []bool, err error) {
	bits := a.Bits
	if bits == "" {
		name := a.Dictionary
		if name == "" {
			name = "4x4_50"
		}
		if bits, err = lookUp(name, a.ID); err != nil {
			return 0, nil, err
		}
	}
	side = int(math.Sqrt(float64(len(bits))))
	if side*side != len(bits) || side < 3 || side > 8 || strings.Trim(bits, "01") != "" {
		return 0, nil, fmt.Errorf("marker %d: bits %q are not a square of 3 to 8 rows of 0 and 1", a.ID, a.Bits)
	}
	white = make([]bool, len(bits))
	for i := range white {
		white[i] = bits[i] == '1'
	}
	return side, white, nil
}

// lookUp is marker id of a dictionary, as 0 and 1.
func lookUp(name string, id int) (string, error) {
	kind, count, _ := strings.Cut(name, "_")
	at := 0
	for _, d := range append(dictionaries[:], original) {
		if d.name != kind {
			at += d.count * ((d.side*d.side + 7) / 8)
			continue
		}
		if n, err := strconv.Atoi(count); err == nil {
			d.count = min(d.count, n)
		}
		if id < 0 || id >= d.count {
			return "", fmt.Errorf("dictionary %s has no marker %d: its numbers run from 0 to %d", name, id, d.count-1)
		}
		return d.marker(at, id), nil
	}
	return "", fmt.Errorf("dictionary %q is not known: one of 4x4_50 … 7x7_1000, original, 16h5, 25h9, 36h10, 36h11 is expected", name)
}

// marker is marker id of d, which begins at a byte of markers.
func (d *dictionary) marker(at, id int) string {
	var out strings.Builder
	if d.name == original.name {
		for row := range d.side {
			out.WriteString(originalRows[id>>(2*(d.side-1-row))&3])
		}
		return out.String()
	}
	n := d.side * d.side
	b := markers[at+id*((n+7)/8):]
	for k := range n {
		out.WriteByte('0' + b[k/8]>>(7-k%8)&1)
	}
	return out.String()
}
