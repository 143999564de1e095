package pipeline

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bargkhan/api/exam"
	"bargkhan/omr"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestSlip compares the text beside a returned file with what was looked at.
func TestSlip(t *testing.T) {
	f := exam.Fate{
		Arrival: exam.Arrival{
			ID: "20261122T054512.000000Z-0a1b2c3d", Station: "hall-1", Name: "دسته ۱/scan0001.pdf",
			At: time.Date(2026, 11, 22, 5, 45, 12, 0, time.UTC),
		},
		End: exam.EndRead, Pages: 12, Sheets: 10, Back: []exam.Returned{
			{Image: 3, Why: &omr.Reject{Reason: omr.NoStamp}},
			{Image: 11, Why: &omr.Reject{Reason: omr.Undecoded, Detail: "page 11: torn or damaged: scan again"}},
		},
	}
	some := slip(f)
	f.End, f.Sheets, f.Pages = exam.EndReturned, 0, 2
	for name, got := range map[string]string{"slip-some.txt": some, "slip-all.txt": slip(f)} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
