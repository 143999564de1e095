package print

import (
	"os"
	"testing"
	"time"

	"bargkhan/sheets"
	"bargkhan/sheets/typeset"
)

func TestLookPDF(t *testing.T) {
	fonts, err := typeset.LoadFonts("")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"national-3x20", "national-3x20-spare"} {
		f, _ := os.Open("../../testdata/designs/" + n + ".json")
		d, err := sheets.Parse(f)
		if err != nil {
			t.Fatal(err)
		}
		o, _ := os.Create("/tmp/paper/" + n + ".pdf")
		defer o.Close()
		start := time.Now()
		err = PDF(o, d, func(yield func(Copy) bool) {
			for i := range 200 {
				if !yield(Copy{Stamp: sheets.Stamp{Serial: sheets.NewSerial(17 + i)}, Person: Person{Name: "سیدمحمدرضا حسینی‌نژاد", Father: "علی‌اکبر", Number: "0012345679", Employer: "شهرداری شهر جدید پردیس، معاونت خدمات شهری", Venue: "دانشگاه شهید بهشتی، تالار ابوریحان", Seat: "112"}}) {
					return
				}
			}
		}, fonts, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(time.Since(start))
	}
}
