package sheets

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func stamps() *rapid.Generator[Stamp] {
	return rapid.Custom(func(t *rapid.T) Stamp {
		s := Stamp{
			Page:   rapid.IntRange(1, 15).Draw(t, "page"),
			Serial: NewSerial(rapid.IntRange(0, MaxSerial).Draw(t, "serial")),
			Test:   rapid.Bool().Draw(t, "test"),
		}
		copy(s.Check[:], rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "check"))
		return s
	})
}

func TestStampComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stamps().Draw(t, "stamp")
		b, err := s.Bits()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseBits(b); err != nil || got != s {
			t.Fatalf("the cells of %+v read as %+v, %v", s, got, err)
		}
		if got, err := ParseStampText(s.Text()); err != nil || got != s {
			t.Fatalf("the text of %+v reads as %+v, %v", s, got, err)
		}
	})
}

// A CRC-32 finds every burst up to 32 cells: one cell, and a whole row or blot.
func TestWrongCellsAreNoStamp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		good, err := stamps().Draw(t, "stamp").Bits()
		if err != nil {
			t.Fatal(err)
		}
		for i := range good {
			b := good
			b[i] = !b[i]
			if _, err := ParseBits(b); !errors.Is(err, ErrStamp) {
				t.Fatalf("cell %d read wrong gives %v", i, err)
			}
		}
		from := rapid.IntRange(0, StampBits-2).Draw(t, "from")
		b := good
		for i := from; i < min(from+32, StampBits); i++ {
			if i == from || rapid.Bool().Draw(t, "wrong") {
				b[i] = !b[i]
			}
		}
		if _, err := ParseBits(b); !errors.Is(err, ErrStamp) {
			t.Fatalf("a blot from cell %d gives %v", from, err)
		}
	})
}

func TestOneColourIsNoStamp(t *testing.T) {
	for _, on := range []bool{false, true} {
		var b Bits
		for i := range b {
			b[i] = on
		}
		if _, err := ParseBits(b); !errors.Is(err, ErrStamp) {
			t.Errorf("cells all %v: %v", on, err)
		}
	}
}

func TestStampRefuses(t *testing.T) {
	for _, s := range []Stamp{
		{Page: 0, Serial: NewSerial(1)}, {Page: 16, Serial: NewSerial(1)},
		{Page: 1}, {Page: 1, Serial: "0000000001"}, {Page: 1, Serial: "00000000x0"},
	} {
		if _, err := s.Bits(); err == nil {
			t.Errorf("%+v has cells", s)
		}
	}
	text := Stamp{Page: 1, Serial: NewSerial(17), Check: Check{1, 2, 3, 4}}.Text()
	for _, bad := range []string{"", text + "x", strings.ToLower(text), text + "/T/T", text[1:], strings.Replace(text, "/1", "/01", 1), "BK2" + text[3:]} {
		if _, err := ParseStampText(bad); !errors.Is(err, ErrStamp) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Damm's digit finds every wrong digit and every swap of neighbours.
func TestSerialFindsSlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, MaxSerial).Draw(t, "n")
		s := NewSerial(n)
		if got, err := s.Number(); err != nil || got != n {
			t.Fatalf("%s is %d, %v", s, got, err)
		}
		for i := range s {
			for d := byte('0'); d <= '9'; d++ {
				b := []byte(s)
				b[i] = d
				if _, err := Serial(b).Number(); err == nil && d != s[i] {
					t.Fatalf("%s for %s is not found", b, s)
				}
			}
			if i > 0 && s[i-1] != s[i] {
				b := []byte(s)
				b[i-1], b[i] = b[i], b[i-1]
				if _, err := Serial(b).Number(); err == nil {
					t.Fatalf("%s for %s is not found", b, s)
				}
			}
		}
	})
}

// word is a marker's modules as bits, turned clockwise by quarter turns.
func word(id, turns int) (w uint16) {
	m := MarkerBits(id)
	for range turns {
		var next [16]bool
		for y := range 4 {
			for x := range 4 {
				next[4*x+3-y] = m[4*y+x]
			}
		}
		m = next
	}
	for i, on := range m {
		if on {
			w |= 1 << i
		}
	}
	return w
}

// Two different corners, or one corner in two turns, differ in at least five of
// their sixteen modules, so that two modules read wrong are still told apart.
func TestMarkersDiffer(t *testing.T) {
	least, where := 16, ""
	for a := range 12 {
		for b := range 12 {
			for turn := range 4 {
				if a == b && turn == 0 {
					continue
				}
				if d := bits.OnesCount16(word(a, 0) ^ word(b, turn)); d < least {
					least, where = d, fmt.Sprintf("marker %d and marker %d turned %d×90°", a, b, turn)
				}
			}
		}
	}
	const want = 5
	if least != want {
		t.Errorf("the least distance is %d (%s), want %d", least, where, want)
	}
}

func TestFrames(t *testing.T) {
	ids := map[int]string{}
	for _, f := range Frames() {
		for _, m := range f.Markers {
			if other, twice := ids[m.ID]; twice {
				t.Errorf("marker %d is in %s and %s", m.ID, other, f.Name)
			}
			ids[m.ID] = f.Name
		}
		all := append(f.Markers[:], f.Ticks...)
		for i, a := range all {
			edge := min(a.Box.Min.X, a.Box.Min.Y, f.Size.X-a.Box.Max.X, f.Size.Y-a.Box.Max.Y)
			if edge < 8 {
				t.Errorf("%s: anchor %d is %v mm from the edge", f.Name, i, edge)
			}
			if a.Box.Overlaps(f.Content) {
				t.Errorf("%s: anchor %d lies in the content", f.Name, i)
			}
			for _, b := range all[i+1:] {
				if a.Box.Overlaps(b.Box) {
					t.Errorf("%s: anchors %v and %v overlap", f.Name, a.Box, b.Box)
				}
			}
			for _, c := range f.Codes {
				if a.Box.Overlaps(c) {
					t.Errorf("%s: anchor %v overlaps a code", f.Name, a.Box)
				}
			}
		}
	}
}
