package page_test

import (
	"os"
	"path/filepath"
	"testing"
)

// The forms of JPEG that Go does not write, made once with libjpeg: 32×16 pixels,
// the left half paper, the right half one colour.
func TestFormsOfJPEG(t *testing.T) {
	tests := []struct {
		file        string
		left, right int
	}{
		{"progressive.jpg", 240, 40},
		{"restart.jpg", 240, 40},
		{"arithmetic.jpg", 240, 40},
		{"progressive-colour.jpg", 250, 84},
		{"rgb.jpg", 250, 84},
		{"cmyk-adobe.jpg", 255, 134}, // inks of 200, 30 and 60 under a fifth of black
		{"ycck-adobe.jpg", 255, 134},
		{"cmyk.jpg", 255, 134},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", tt.file))
			if err != nil {
				t.Fatal(err)
			}
			img := one(t, data).Img
			for _, at := range []struct{ x, want int }{{4, tt.left}, {27, tt.right}} {
				if got := int(img.GrayAt(at.x, 8).Y); abs(got-at.want) > 3 {
					t.Errorf("grey at %d is %d; want %d", at.x, got, at.want)
				}
			}
		})
	}
}

// In a PDF, the Decode array says what inks mean, and Adobe's mark does not.
func TestInksOfPDF(t *testing.T) {
	for file, decode := range map[string]string{"cmyk.jpg": "", "cmyk-adobe.jpg": "/Decode [1 0 1 0 1 0 1 0]"} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		img := one(t, pdfImage(32, 16, "/ColorSpace /DeviceCMYK /BitsPerComponent 8 /Filter /DCTDecode "+decode, data)).Img
		for x, want := range map[int]int{4: 255, 27: 134} {
			if got := int(img.GrayAt(x, 8).Y); abs(got-want) > 3 {
				t.Errorf("%s: grey at %d is %d; want %d", file, x, got, want)
			}
		}
	}
}
