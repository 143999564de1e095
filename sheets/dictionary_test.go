package sheets

import (
	"crypto/sha256"
	"fmt"
	"testing"
)

// TestDictionaries holds the stored table by its hash, and its format by markers that
// are known from elsewhere: those of our frames, and the first AprilTag of each family.
func TestDictionaries(t *testing.T) {
	const want = "742540dc02129658cdf9fce63fb3a2e19d7c40b995d421a556e41cff46234504"
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(markers))); got != want {
		t.Errorf("dictionaries.bin has the hash %s, want %s", got, want)
	}
	for id := range 12 {
		a := Anchor{Shape: Marker, ID: id}
		side, white, err := a.Modules()
		if err != nil || side != 4 || [16]bool(white) != MarkerBits(id) {
			t.Errorf("marker %d of 4x4_50: got %d, %v, %v", id, side, white, err)
		}
	}
	for _, c := range []struct {
		name, bits string
		id         int
	}{
		{"original", "1000010000100001000010000", 0},
		{"original", "0111001110011100111001110", 1023},
		{"4x4_1000", "1111011110111111", 999},
		{"5x5_1000", "1010001011011001010111100", 0},
		{"6x6_250", "011100000011110100111000101001100000", 249},
		{"7x7_1000", "1110011111100110100101101110001000000110100111111", 999},
		{"16h5", "0111010011110101", 29},
		{"25h9", "0111001110001001100111010", 34},
		{"36h10", "100101101100001000111101101001111011", 2319},
		{"36h11", "110011101101001001111101110000010111", 586},
	} {
		if got, err := lookUp(c.name, c.id); err != nil || got != c.bits {
			t.Errorf("%s %d: got %s, %v, want %s", c.name, c.id, got, err, c.bits)
		}
	}
	for _, name := range []string{"4x4_50", "original", "36h11", "7x7_250"} {
		for _, id := range []int{-1, 2320} {
			if got, err := lookUp(name, id); err == nil {
				t.Errorf("%s has a marker %d: %s", name, id, got)
			}
		}
	}
}

func TestDictionaryName(t *testing.T) {
	for text, want := range map[string]string{
		"DICT_4X4_50": "4x4_50", "ArUco 5x5_100 marker": "5x5_100", "DICT_ARUCO_ORIGINAL": "original", "aruco 6x6": "6x6_1000",
		"DICT_APRILTAG_36h11": "36h11", "tag25h9": "25h9", "filled square": "", "aruco": "",
	} {
		if got := DictionaryName(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
