package sheets

import (
	"os"
	"path/filepath"
	"testing"
)

// scans is the folder of real scans with layouts, which are not part of the project.
func scans(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("BARGKHAN_SCANS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "scans")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no real scans here (%v); set BARGKHAN_SCANS to their folder", err)
	}
	return dir
}

func TestImportRealLayouts(t *testing.T) {
	tests := []struct {
		set                      string
		anchors, fields, bubbles int
		shape                    Shape
	}{
		{"formscanner_test", 4, 46, 220, Ring},
		{"formscanner_questionnaire", 4, 7, 31, Corner},
		{"openmcr_75q", 4, 116, 1101, Corner},
		{"omrc_upsc160", 4, 173, 764, Square},
	}
	dir := scans(t)
	for _, tt := range tests {
		t.Run(tt.set, func(t *testing.T) {
			f, err := os.Open(filepath.Join(dir, tt.set, "layout.json"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			d, err := ImportLayout(f)
			if err != nil {
				t.Fatal(err)
			}
			bubbles := 0
			for _, field := range d.Pages[0].Fields {
				bubbles += len(field.Bubbles)
			}
			p := d.Pages[0]
			if len(p.Anchors) != tt.anchors || len(p.Fields) != tt.fields || bubbles != tt.bubbles || p.Anchors[0].Shape != tt.shape {
				t.Errorf("got %d anchors, %d fields, %d bubbles, shape %v; want %d, %d, %d, %v",
					len(p.Anchors), len(p.Fields), bubbles, p.Anchors[0].Shape, tt.anchors, tt.fields, tt.bubbles, tt.shape)
			}
			if len(p.Codes) != 0 {
				t.Error("a sheet printed by others must have no codes")
			}
		})
	}
}
