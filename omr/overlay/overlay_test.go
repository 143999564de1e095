package overlay_test

import (
	"image"
	"image/color"
	"testing"

	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/overlay"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// scan is a page of 100×150 mm at 4 px a mm, upside down, with a dark square at 20 to
// 30 mm from the sheet's own left and top.
func scan() (*image.Gray, *omr.Pose) {
	img := image.NewGray(image.Rect(0, 0, 400, 600))
	for i := range img.Pix {
		img.Pix[i] = 250
	}
	for y := 600 - 120; y < 600-80; y++ {
		for x := 400 - 120; x < 400-80; x++ {
			img.Pix[y*img.Stride+x] = 10
		}
	}
	return img, &omr.Pose{Map: geom.NewMap[geom.Paper, geom.Pixel]([9]float64{-4, 0, 400, 0, -4, 600, 0, 0, 1})}
}

func brightness(img image.Image, x, y int) uint32 { r, _, _, _ := img.At(x, y).RGBA(); return r >> 8 }

func TestCrop(t *testing.T) {
	img, pose := scan()
	got := overlay.Crop(img, pose, geom.R[geom.Paper](15, 15, 45, 35), 300)
	if got.Bounds() != image.Rect(0, 0, 300, 200) {
		t.Fatalf("size %v", got.Bounds())
	}
	for _, c := range []struct {
		x, y int
		dark bool
	}{{20, 20, false}, {60, 60, true}, {140, 140, true}, {160, 100, false}, {290, 190, false}} {
		if v := brightness(got, c.x, c.y); (v < 100) != c.dark {
			t.Errorf("at %d,%d: %d, want dark %v", c.x, c.y, v, c.dark)
		}
	}
	beside := overlay.Crop(img, pose, geom.R[geom.Paper](-40, -40, -20, -20), 50)
	if v := brightness(beside, 25, 25); v != 0xc0 {
		t.Errorf("beside the scan it is %d", v)
	}
}

func TestCropOfNothing(t *testing.T) {
	img, pose := scan()
	for _, r := range []geom.Rect[geom.Paper]{{}, geom.R[geom.Paper](5, 5, 4, 9)} {
		if b := overlay.Crop(img, pose, r, 100).Bounds(); b.Dx() != 1 || b.Dy() != 1 {
			t.Errorf("%v: %v", r, b)
		}
	}
	if b := overlay.Crop(img, pose, geom.R[geom.Paper](0, 0, 1, 1), -5).Bounds(); b.Dx() < 1 {
		t.Errorf("a width below 1 gives %v", b)
	}
	overlay.Crop(img, &omr.Pose{}, geom.R[geom.Paper](0, 0, 10, 10), 100) // the zero pose leads nowhere
}

func TestDraw(t *testing.T) {
	img, pose := scan()
	d := &sheets.Design{Size: geom.Point[geom.Paper]{X: 100, Y: 150}, Pages: []sheets.Page{{
		Anchors: []sheets.Anchor{{Box: geom.R[geom.Paper](5, 5, 15, 15)}},
		Fields: []sheets.Field{{ID: "q1", Outline: sheets.Rectangle, Bubbles: []sheets.Bubble{
			{Choice: "1", Box: geom.R[geom.Paper](20, 60, 30, 70)},
			{Choice: "2", Box: geom.R[geom.Paper](40, 60, 50, 70)},
		}}},
	}}}
	r := &omr.Reading{Stamp: sheets.Stamp{Page: 1}, Pose: *pose, Evidence: []judge.Evidence{
		{Field: "q1", Choice: "1", Ink: 1, Fit: 1, Seen: 1}, {Field: "q1", Choice: "2", Fit: 1, Seen: 1},
	}}
	got := overlay.Draw(img, d, r)
	at := func(x, y float64) (uint32, uint32) {
		p := pose.At(geom.Point[geom.Paper]{X: x, Y: y})
		r, g, _, _ := got.At(int(p.X), int(p.Y)).RGBA()
		return r >> 8, g >> 8
	}
	if r, g := at(25, 60); r < 200 || g > 50 {
		t.Errorf("a solid mark is drawn %d,%d, want red", r, g)
	}
	if r, g := at(45, 60); r > 50 || g < 150 {
		t.Errorf("a blank is drawn %d,%d, want green", r, g)
	}
	dots := func(v ...judge.Verdict) (n int) {
		drawn := overlay.Draw(img, d, r, v...)
		p := pose.At(geom.Point[geom.Paper]{X: 25, Y: 65})
		for dy := -12; dy <= 12; dy++ {
			for dx := -12; dx <= 12; dx++ {
				if drawn.At(int(p.X)+dx, int(p.Y)+dy) == (color.RGBA{G: 0xa0, B: 0xff, A: 0xff}) {
					n++
				}
			}
		}
		return n
	}
	if a, b := dots(), dots(judge.Verdict{Field: "q1", Choices: []sheets.Choice{"1"}}); a > 0 || b == 0 {
		t.Errorf("the middle of a mark has %d pixels of a dot, and %d with the verdict", a, b)
	}
	r.Stamp.Page = 9
	overlay.Draw(img, d, r) // a page the design does not have is shown as it is
}
