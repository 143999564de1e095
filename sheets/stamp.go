package sheets

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// A Stamp is what the printed code carries. Nothing in it names a person.
type Stamp struct {
	Check  Check  // head of the Design's Digest: paper cannot be edited
	Page   int    // of the sheet, from 1 to 15
	Serial Serial // of the sheet of paper, the same on all its pages
	Test   bool   // a sheet of a test deck: it can never enter results
}

// A Serial names one printed sheet of paper: nine digits and a check digit.
type Serial string

// MaxSerial is the largest number a Serial holds.
const MaxSerial = 999_999_999

// NewSerial returns the serial with number n, at most MaxSerial.
func NewSerial(n int) Serial {
	s := fmt.Sprintf("%09d", n)
	return Serial(s + string('0'+damm(s)))
}

// Number returns the number of s. A wrong check digit is an error.
func (s Serial) Number() (int, error) {
	if len(s) != 10 {
		return 0, fmt.Errorf("serial %q: ten digits expected", string(s))
	}
	n, err := strconv.Atoi(string(s[:9]))
	if err != nil || NewSerial(n) != s {
		return 0, fmt.Errorf("serial %q: the check digit does not agree", string(s))
	}
	return n, nil
}

// damm is the check digit of Damm (2004): it finds every single wrong digit and
// every swap of neighbours.
func damm(digits string) byte {
	table := [10]string{
		"0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
		"3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
	}
	c := byte(0)
	for i := range len(digits) {
		c = table[c][digits[i]-'0'] - '0'
	}
	return c
}

// StampBits is the number of cells of a printed stamp.
const StampBits = StampColumns * StampRows

// Bits are the cells of a printed stamp, row by row, true for black: 3 bits of
// layout version, test, page (4), serial (30), check (32), CRC-32 (IEEE) of those
// seventy bits and two cells that are always black and white.
type Bits [StampBits]bool

const stampVersion = 1

// Bits returns the cells to print. The serial must be valid and the page in range.
func (s Stamp) Bits() (Bits, error) {
	n, err := s.Serial.Number()
	if err != nil {
		return Bits{}, err
	}
	if s.Page < 1 || s.Page > 15 {
		return Bits{}, fmt.Errorf("page %d: a stamp holds pages 1 to 15", s.Page)
	}
	var b Bits
	i := 0
	put := func(v uint64, width int) {
		for k := width - 1; k >= 0; k-- {
			b[i] = v>>k&1 == 1
			i++
		}
	}
	put(stampVersion, 3)
	put(map[bool]uint64{true: 1}[s.Test], 1)
	put(uint64(s.Page), 4)
	put(uint64(n), 30)
	for _, c := range s.Check {
		put(uint64(c), 8)
	}
	put(uint64(sum(b)), 32)
	put(2, 2)
	return b, nil
}

// ErrStamp says that cells are not a stamp: damaged, or never one.
var ErrStamp = errors.New("the printed code does not agree with its check value")

// ParseBits reads printed cells. It repairs nothing: any cell read wrong is ErrStamp.
func ParseBits(b Bits) (Stamp, error) {
	i := 0
	get := func(width int) (v uint64) {
		for range width {
			v <<= 1
			if b[i] {
				v |= 1
			}
			i++
		}
		return v
	}
	version, test, page, n := get(3), get(1), get(4), get(30)
	var c Check
	for k := range c {
		c[k] = byte(get(8))
	}
	crc, tail := get(32), get(2)
	if version != stampVersion || tail != 2 || uint32(crc) != sum(b) || n > MaxSerial || page == 0 {
		return Stamp{}, ErrStamp
	}
	return Stamp{Check: c, Page: int(page), Serial: NewSerial(int(n)), Test: test == 1}, nil
}

// sum is the CRC-32 of the first seventy cells.
func sum(b Bits) uint32 {
	var packed [9]byte
	for i := range 70 {
		if b[i] {
			packed[i/8] |= 1 << (i % 8)
		}
	}
	return crc32.ChecksumIEEE(packed[:])
}

// stampPrefix begins the text of a stamp: what it is, and its version.
const stampPrefix = "BK1"

// Text is the stamp as a QR code carries it: "BK1/0000000017/8F265CA8/1", with
// "/T" behind it on a sheet of a test deck. All of it is in the QR alphabet of
// capitals and digits, which keeps the code's modules large.
func (s Stamp) Text() string {
	text := fmt.Sprintf("%s/%s/%X/%d", stampPrefix, s.Serial, s.Check[:], s.Page)
	if s.Test {
		text += "/T"
	}
	return text
}

// ParseStampText reads what Text wrote. Anything else is ErrStamp.
func ParseStampText(text string) (Stamp, error) {
	body, test := strings.CutSuffix(text, "/T")
	part := strings.Split(body, "/")
	if len(part) != 4 {
		return Stamp{}, ErrStamp
	}
	s := Stamp{Serial: Serial(part[1]), Test: test}
	check, err := hex.DecodeString(part[2])
	if err != nil || len(check) != len(s.Check) {
		return Stamp{}, ErrStamp
	}
	s.Check = Check(check)
	s.Page, err = strconv.Atoi(part[3])
	if _, bad := s.Bits(); err != nil || bad != nil || s.Text() != text {
		return Stamp{}, ErrStamp
	}
	return s, nil
}
