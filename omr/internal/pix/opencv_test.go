package pix

import (
	"cmp"
	"fmt"
	"image"
	"math/rand/v2"
	"slices"
	"testing"

	"gocv.io/x/gocv"
)

// OpenCV is the oracle that others wrote: what our loops find, its own must find. It
// does not read itself: on a page of 200 dpi, in one run of BenchmarkAsOpenCV, its
// reduction takes five times and its connected components twelve times as long as
// ours (9.9 to 1.9 ms, 24 to 1.9 ms), and any exception of it ends the process.

// mat is img as OpenCV sees it. The caller closes it.
func mat(t *testing.T, img *image.Gray) gocv.Mat {
	t.Helper()
	m, err := gocv.NewMatFromBytes(img.Rect.Dy(), img.Rect.Dx(), gocv.MatTypeCV8U, Origin(img).Pix)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestShrinkAsOpenCV compares with area reduction, which may round a half otherwise.
func TestShrinkAsOpenCV(t *testing.T) {
	for k := 2; k <= 6; k++ {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			img := noise(61*k, 47*k, uint64(k))
			src, dst := mat(t, img), gocv.NewMat()
			defer src.Close()
			defer dst.Close()
			gocv.Resize(src, &dst, image.Pt(61, 47), 0, 0, gocv.InterpolationArea)
			want, got := dst.ToBytes(), Shrink(img, k)
			for i := range want {
				if d := int(want[i]) - int(got.Pix[i]); d < -1 || d > 1 {
					t.Fatalf("pixel %d: %d, OpenCV says %d", i, got.Pix[i], want[i])
				}
			}
		})
	}
}

// TestBlobsAsOpenCV compares figures with OpenCV's connected components.
func TestBlobsAsOpenCV(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			img := figures(400, 300, seed)
			got := new(Figures).Blobs(img, PaperOf(img, nil), 0.5, 3, 200)
			want := components(t, img, 3, 200)
			slices.SortFunc(got, func(a, b Blob) int { return order(a.Box, b.Box) })
			if len(got) != len(want) || len(want) == 0 {
				t.Fatalf("%d figures, OpenCV says %d", len(got), len(want))
			}
			for i, w := range want {
				if got[i].Box != w.box || got[i].Area != w.area {
					t.Errorf("figure %d: %v of %d pixels, OpenCV says %v of %d", i, got[i].Box, got[i].Area, w.box, w.area)
				}
			}
		})
	}
}

// figures is white paper with black discs and boxes on it, some of which touch.
func figures(w, h int, seed uint64) *image.Gray {
	rng := rand.New(rand.NewPCG(seed, 9))
	img := white(w, h)
	for range 60 {
		x, y, r := rng.IntN(w), rng.IntN(h), 2+rng.IntN(7)
		round := rng.IntN(2) == 0
		for dy := -r; dy <= r; dy++ {
			for dx := -r; dx <= r; dx++ {
				if p := image.Pt(x+dx, y+dy); p.In(img.Rect) && (!round || dx*dx+dy*dy <= r*r) {
					img.Pix[p.Y*img.Stride+p.X] = 0
				}
			}
		}
	}
	return img
}

// A component is a figure as OpenCV finds it.
type component struct {
	box  image.Rectangle
	area int
}

// components are OpenCV's figures whose box is from least to most pixels long and high.
func components(t *testing.T, img *image.Gray, least, most int) (out []component) {
	t.Helper()
	src, dark := mat(t, img), gocv.NewMat()
	labels, stats, middles := gocv.NewMat(), gocv.NewMat(), gocv.NewMat()
	for _, m := range []*gocv.Mat{&src, &dark, &labels, &stats, &middles} {
		defer m.Close()
	}
	gocv.Threshold(src, &dark, 127, 255, gocv.ThresholdBinaryInv)
	n := gocv.ConnectedComponentsWithStats(dark, &labels, &stats, &middles)
	for i := 1; i < n; i++ { // 0 is the paper
		x, y := int(stats.GetIntAt(i, 0)), int(stats.GetIntAt(i, 1))
		w, h := int(stats.GetIntAt(i, 2)), int(stats.GetIntAt(i, 3))
		if min(w, h) >= least && max(w, h) <= most {
			out = append(out, component{image.Rect(x, y, x+w, y+h), int(stats.GetIntAt(i, 4))})
		}
	}
	slices.SortFunc(out, func(a, b component) int { return order(a.box, b.box) })
	return out
}

// order sorts boxes from the top, then from the left.
func order(a, b image.Rectangle) int {
	return cmp.Or(cmp.Compare(a.Min.Y, b.Min.Y), cmp.Compare(a.Min.X, b.Min.X), cmp.Compare(a.Max.X, b.Max.X), cmp.Compare(a.Max.Y, b.Max.Y))
}

// BenchmarkAsOpenCV times ours beside OpenCV's on a page of 200 dpi, in one run.
func BenchmarkAsOpenCV(b *testing.B) {
	img := figures(1654, 2339, 1)
	src, err := gocv.NewMatFromBytes(img.Rect.Dy(), img.Rect.Dx(), gocv.MatTypeCV8U, img.Pix)
	if err != nil {
		b.Fatal(err)
	}
	dst, labels, stats, middles := gocv.NewMat(), gocv.NewMat(), gocv.NewMat(), gocv.NewMat()
	for _, m := range []*gocv.Mat{&src, &dst, &labels, &stats, &middles} {
		defer m.Close()
	}
	paper, figures, small := PaperOf(img, nil), new(Figures), new(Reduced)
	for name, run := range map[string]func(){
		"shrink/ours":   func() { small.Of(img, 3) },
		"shrink/opencv": func() { gocv.Resize(src, &dst, image.Pt(1654/3, 2339/3), 0, 0, gocv.InterpolationArea) },
		"blobs/ours":    func() { figures.Blobs(img, paper, 0.5, 3, 200) },
		"blobs/opencv": func() {
			gocv.Threshold(src, &dst, 127, 255, gocv.ThresholdBinaryInv)
			gocv.ConnectedComponentsWithStats(dst, &labels, &stats, &middles)
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				run()
			}
		})
	}
}
