package print

import (
	"image/png"
	"os"
	"testing"
	"time"

	"bargkhan/sheets"
	"bargkhan/sheets/typeset"
)

func TestLook(t *testing.T) {
	for _, n := range []string{"national-3x20", "national-3x20-spare"} {
		f, _ := os.Open("../../testdata/designs/" + n + ".json")
		d, err := sheets.Parse(f)
		if err != nil {
			t.Fatal(err)
		}
		fonts, err := typeset.LoadFonts("")
		if err != nil {
			t.Fatal(err)
		}
		p, err := New(d, fonts)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		img, err := p.Raster(Copy{Stamp: sheets.Stamp{Serial: sheets.NewSerial(17)}, Person: Person{Name: "سیدمحمدرضا حسینی‌نژاد", Father: "علی‌اکبر", Number: "0012345679", Employer: "شهرداری شهر جدید پردیس، معاونت خدمات شهری", Venue: "دانشگاه شهید بهشتی، تالار ابوریحان", Seat: "112"}}, 1, 200)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(time.Since(start))
		o, _ := os.Create("/tmp/paper/" + n + ".png")
		defer o.Close()
		png.Encode(o, img)
	}
}
