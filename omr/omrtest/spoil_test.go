package omrtest_test

import (
	"bytes"
	"context"
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
)

const dpi = omrtest.DPI(150)

// spoils are all of them, with usual strengths.
func spoils() map[string]omrtest.Spoil {
	back := dpi.TextPage(105, 148, rngOf(9))
	return map[string]omrtest.Spoil{
		"skew": omrtest.Skew(2), "turn": omrtest.Turn(1), "mirror": omrtest.Mirror(), "shear": omrtest.Shear(0.01),
		"scale": omrtest.Scale(0.97, 0.975), "resample": omrtest.Resample(0.75), "stretch": omrtest.Stretch(0.02),
		"slip": omrtest.Slip(0.01, 0.5, 0.1), "crop": dpi.Crop(3, 0, 2, 1), "margin": dpi.Margin(5, 20),
		"phone": omrtest.Phone(900, 0.7), "blur": omrtest.Blur(1), "range": omrtest.Range(30, 240),
		"gamma": omrtest.Gamma(0.8), "contrast": omrtest.Contrast(2), "noise": omrtest.Noise(3), "grain": omrtest.Grain(4),
		"uneven light": omrtest.UnevenLight(0.3), "show-through": omrtest.ShowThrough(back, 0.2), "jpeg": omrtest.JPEG(40),
		"bilevel": omrtest.Bilevel(140), "photocopy": omrtest.Photocopy(0.97, 1.5, 60), "scanned": omrtest.Scanned(),
		"streak": omrtest.Streak(0.3, 2, 60), "frame": dpi.Frame(4, 20), "fold corner": dpi.FoldCorner(omrtest.TopRight, 15),
		"torn corner": dpi.TornCorner(omrtest.BottomLeft, 15), "punch": dpi.Punch(12, 60), "fold line": omrtest.FoldLine(0.4, 2, 160),
		"coffee": dpi.Coffee(0.5, 0.5, 30), "fingerprint": dpi.Fingerprint(0.5, 0.5, 0.5), "stamp": dpi.Stamp(0.5, 0.5),
		"staple": dpi.Staple(omrtest.TopRight, 8), "bands": dpi.Bands(20, 0.1), "speckle": omrtest.Speckle(50),
		"double feed": omrtest.DoubleFeed(back, 0.6), "dirty erasing": omrtest.DirtyErasing(0.3), "unreadable": omrtest.Unreadable(),
		"levels": omrtest.Levels(10, 200), "unsharp": omrtest.Unsharp(4, 2), "local bilevel": omrtest.LocalBilevel(8, 12),
	}
}

// Equal seeds spoil equally, to the byte; every spoil does something.
func TestSpoilsRepeat(t *testing.T) {
	pg := plainPage()
	clean := printed(pg, dpi)
	omrtest.Fill(clean, dpi, pg, answersOf(pg), omrtest.Pencil, rngOf(1))
	for name, s := range spoils() {
		t.Run(name, func(t *testing.T) {
			a, b := s(omrtest.Clone(clean), rngOf(5)), s(omrtest.Clone(clean), rngOf(5))
			if a.Rect != b.Rect || !bytes.Equal(a.Pix, b.Pix) {
				t.Error("the same seed made another picture")
			}
			if a.Rect.Min != (image.Point{}) || a.Stride != a.Rect.Dx() {
				t.Errorf("an unusual picture: %v, rows of %d", a.Rect, a.Stride)
			}
			if a.Rect == clean.Rect && bytes.Equal(a.Pix, clean.Pix) {
				t.Error("nothing was spoiled")
			}
		})
	}
}

// dotted is a white A6 with one black dot of 3 mm, its middle at x, y mm.
func dotted(x, y float64) *image.Gray {
	img := dpi.Paper(105, 148)
	k := float64(dpi) / 25.4
	for py := int((y - 1.5) * k); py <= int((y+1.5)*k); py++ {
		for px := int((x - 1.5) * k); px <= int((x+1.5)*k); px++ {
			if math.Hypot((float64(px)+.5)/k-x, (float64(py)+.5)/k-y) < 1.5 {
				img.Pix[py*img.Stride+px] = 0
			}
		}
	}
	return img
}

// where is the middle of what is dark, in mm.
func where(img *image.Gray) (x, y float64) {
	var sx, sy, n float64
	for py := range img.Rect.Dy() {
		for px := range img.Rect.Dx() {
			if w := 1 - float64(img.Pix[py*img.Stride+px])/255; w > 0.3 { // the lid is lighter
				sx, sy, n = sx+w*(float64(px)+.5), sy+w*(float64(py)+.5), n+w
			}
		}
	}
	k := float64(dpi) / 25.4
	return sx / n / k, sy / n / k
}

// A dot at (30, 40) mm goes where the geometry says, to a twentieth of a mm.
func TestGeometry(t *testing.T) {
	const w, h, x, y = 105.0, 148.0, 30.0, 40.0
	s, c := math.Sincos(2 * math.Pi / 180)
	tests := []struct {
		name  string
		spoil omrtest.Spoil
		x, y  float64
	}{
		{"nothing", omrtest.Turn(0), x, y},
		{"quarter turn", omrtest.Turn(1), h - y, x},
		{"half turn", omrtest.Turn(2), w - x, h - y},
		{"quarter turn back", omrtest.Turn(-1), y, w - x},
		{"mirror", omrtest.Mirror(), w - x, y},
		{"skew", omrtest.Skew(2), w/2 + c*(x-w/2) - s*(y-h/2), h/2 + s*(x-w/2) + c*(y-h/2)},
		{"shear", omrtest.Shear(0.02), x + 0.02*(y-h/2), y},
		{"scale", omrtest.Scale(0.95, 1.04), w/2 + 0.95*(x-w/2), h/2 + 1.04*(y-h/2)},
		{"resample", omrtest.Resample(2), 2 * x, 2 * y},
		{"coarser", omrtest.Resample(0.5), x / 2, y / 2},
		{"stretch", omrtest.Stretch(0.03), x, 1.03 * y},
		{"slip above", omrtest.Slip(0.02, 0.1, 0.05), x, y + 0.02*h},
		{"slip below", omrtest.Slip(0.02, 0.6, 0.05), x, y},
		{"crop", dpi.Crop(2, 3, 4, 5), x - 2, y - 3},
		{"margin", dpi.Margin(4, 255), x + 4, y + 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			gx, gy := where(tt.spoil(dotted(x, y), rngOf(1)))
			// Whole pixels are cut off and added: up to one each way, 0.17 mm.
			if d := math.Hypot(gx-tt.x, gy-tt.y); d > 0.24 {
				t.Errorf("got (%.2f, %.2f); want (%.2f, %.2f)", gx, gy, tt.x, tt.y)
			}
		})
	}
}

func TestFourTurnsAreNone(t *testing.T) {
	img := printed(plainPage(), dpi)
	if got := omrtest.Turn(4)(omrtest.Clone(img), rngOf(1)); !bytes.Equal(got.Pix, img.Pix) {
		t.Error("four quarter turns changed the picture")
	}
	quarter := omrtest.Turn(1)
	if got := omrtest.Chain(quarter, quarter, quarter, quarter)(omrtest.Clone(img), rngOf(1)); !bytes.Equal(got.Pix, img.Pix) {
		t.Error("four times a quarter turn changed the picture")
	}
}

// mean is the mean grey of a part of img, in fractions.
func mean(img *image.Gray, x0, y0, x1, y1 float64) float64 {
	w, h := float64(img.Rect.Dx()), float64(img.Rect.Dy())
	sum, n := 0.0, 0.0
	for y := int(y0 * h); y < int(y1*h); y++ {
		for x := int(x0 * w); x < int(x1*w); x++ {
			sum, n = sum+float64(img.Pix[y*img.Stride+x]), n+1
		}
	}
	return sum / n
}

// What covers, darkens or removes does so where it says.
func TestPlaces(t *testing.T) {
	tests := []struct {
		name        string
		spoil       omrtest.Spoil
		part        [4]float64
		least, most float64
	}{
		{"streak", omrtest.Streak(0.3, 3, 0), [4]float64{0.29, 0, 0.31, 1}, 150, 235},
		{"beside the streak", omrtest.Streak(0.3, 3, 0), [4]float64{0.32, 0, 1, 1}, 255, 255},
		{"folded corner", dpi.FoldCorner(omrtest.TopLeft, 20), [4]float64{0, 0, 0.08, 0.05}, 230, 240},
		{"other corner", dpi.FoldCorner(omrtest.TopLeft, 20), [4]float64{0.5, 0.5, 1, 1}, 255, 255},
		{"torn corner", dpi.TornCorner(omrtest.BottomRight, 20), [4]float64{0.93, 0.95, 1, 1}, 230, 240},
		{"frame", dpi.Frame(6, 10), [4]float64{0, 0, 0.005, 1}, 0, 140},
		{"inside the frame", dpi.Frame(6, 10), [4]float64{0.1, 0.1, 0.9, 0.9}, 255, 255},
		{"inside the ring", dpi.Coffee(0.5, 0.5, 30), [4]float64{0.4, 0.4, 0.6, 0.6}, 210, 240},
		{"hole", dpi.Punch(12, 40), [4]float64{0.10, 0, 0.13, 1}, 230, 252},
		{"range", omrtest.Range(30, 240), [4]float64{0, 0, 1, 1}, 239, 241},
		{"uneven light", omrtest.UnevenLight(0.4), [4]float64{0, 0, 1, 1}, 180, 225},
		{"text", func(img *image.Gray, _ *rand.Rand) *image.Gray { return dpi.TextPage(105, 148, rngOf(2)) }, [4]float64{0.3, 0.2, 0.7, 0.8}, 200, 252},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := mean(tt.spoil(dpi.Paper(105, 148), rngOf(3)), tt.part[0], tt.part[1], tt.part[2], tt.part[3])
			if got < tt.least || got > tt.most {
				t.Errorf("mean grey %.1f; want %.0f to %.0f", got, tt.least, tt.most)
			}
		})
	}
}

// What is written is what package page decodes.
func TestWritersAgainstPage(t *testing.T) {
	img := omrtest.Scanned()(printed(plainPage(), dpi), rngOf(1))
	bw := omrtest.Bilevel(140)(omrtest.Clone(img), rngOf(1))
	tests := []struct {
		name  string
		data  []byte
		want  []*image.Gray
		least int // greatest difference allowed
		bits  int
	}{
		{"png", omrtest.EncodePNG(img, dpi), []*image.Gray{img}, 0, 8},
		{"g4", omrtest.EncodeG4([]*image.Gray{bw, bw}, dpi), []*image.Gray{bw, bw}, 0, 1},
		{"jpeg", omrtest.EncodeJPEG(img, 80, dpi), []*image.Gray{omrtest.JPEG(80)(img, nil)}, 3, 8},
		{"pdf", omrtest.EncodePDF([]*image.Gray{img, img}, 80, dpi), []*image.Gray{omrtest.JPEG(80)(img, nil), omrtest.JPEG(80)(img, nil)}, 3, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if whole, why := page.Whole(bytes.NewReader(tt.data), int64(len(tt.data))); !whole {
				t.Error(why)
			}
			n := 0
			for p, err := range page.Decode(context.Background(), bytes.NewReader(tt.data), int64(len(tt.data)), page.Limits{}) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n > len(tt.want) {
					t.Fatal("too many pages")
				}
				if d := farthest(p.Img, tt.want[n-1]); d > tt.least {
					t.Errorf("page %d differs by up to %d", n, d)
				}
				if math.Abs(p.DPI-float64(dpi)) > 0.1 || p.Bits != tt.bits {
					t.Errorf("page %d: %g dpi, %d bits; want %g, %d", n, p.DPI, p.Bits, dpi, tt.bits)
				}
			}
			if n != len(tt.want) {
				t.Errorf("%d pages; want %d", n, len(tt.want))
			}
		})
	}
}

func farthest(a, b *image.Gray) int {
	if a.Rect != b.Rect {
		return 999
	}
	most := 0
	for i, v := range a.Pix {
		d := int(v) - int(b.Pix[i])
		most = max(most, d, -d)
	}
	return most
}
