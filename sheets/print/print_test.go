package print

import (
	"image/png"
	"os"
	"testing"
	"time"

	"bargkhan/sheets"
)

func TestLook(t *testing.T) {
	f, _ := os.Open("../../testdata/designs/national-3x20-spare.json")
	d, err := sheets.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(d, nil)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	img, err := p.Raster(Copy{Stamp: sheets.Stamp{Serial: sheets.NewSerial(17)}}, 1, 200)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(time.Since(start))
	o, _ := os.Create("/tmp/paper/look.png")
	defer o.Close()
	png.Encode(o, img)
}
