package page_test

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Poppler is a second opinion about what a PDF shows: black and white confused
// would be seen at once.
func TestAgainstPoppler(t *testing.T) {
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		t.Skip("no pdftoppm on this machine (Debian: poppler-utils)")
	}
	dir := t.TempDir()
	for i, tt := range pdfCases() {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(dir, fmt.Sprint(i))
			if err := os.WriteFile(path+".pdf", tt.data, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("pdftoppm", "-gray", "-r", "200", "-singlefile", path+".pdf", path).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			data, err := os.ReadFile(path + ".pgm")
			if err != nil {
				t.Fatal(err)
			}
			got := one(t, tt.data).Img
			if d := meanDifference(got, pgm(t, data)); d > 25 { // confused, they differ by a hundred
				t.Errorf("poppler's picture differs by %.1f greys in the mean", d)
			}
		})
	}
}

func pgm(t *testing.T, data []byte) *image.Gray {
	t.Helper()
	var w, h, most int
	if _, err := fmt.Fscanf(bytes.NewReader(data), "P5\n%d %d\n%d\n", &w, &h, &most); err != nil || len(data) < w*h {
		t.Fatal(err)
	}
	return &image.Gray{Pix: data[len(data)-w*h:], Stride: w, Rect: image.Rect(0, 0, w, h)}
}

// meanDifference compares what two pictures have in common; poppler rounds the
// page up to whole pixels and resamples for it, which is not meant here.
func meanDifference(a, b *image.Gray) float64 {
	r := a.Rect.Intersect(b.Rect)
	sum := 0
	for y := range r.Dy() {
		for x := range r.Dx() {
			sum += abs(int(a.GrayAt(x, y).Y) - int(b.GrayAt(x, y).Y))
		}
	}
	return float64(sum) / float64(r.Dx()*r.Dy())
}
