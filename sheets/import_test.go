package sheets

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bargkhan/sheets/geom"
)

// smallLayout has every type of registration feature and of bubble; at 254 dpi ten
// pixels are a millimetre.
const smallLayout = `{
 "set": "small", "page": {"width": 1000, "height": 1400, "dpi": 254},
 "registration": [
  {"type": "L mark", "corner": "top_left", "x": 60, "y": 60, "w": 40, "h": 40, "note": "by its centre"},
  {"type": "filled square", "corner": "top_right", "x": 940, "y": 60, "w": 40, "h": 40},
  {"type": "corner bracket", "corner": "bottom_right", "x": 960, "y": 1360, "w": 40, "h": 40},
  {"type": "ring", "corner": "bottom_left", "x": 60, "y": 1340, "w": 40, "h": 40, "stroke": 8},
  {"type": "filled small square", "corner": "left", "x": 60, "y": 700, "w": 20, "h": 20},
  {"type": "barcode", "corner": "bottom", "x": 500, "y": 1300, "w": 200, "h": 60},
  {"type": "printed frame", "x": 500, "y": 250, "w": 800, "h": 200},
  {"type": "page edges", "corner": "all", "x": 0, "y": 0, "w": 1000, "h": 1400}],
 "fields": [
  {"name": "q1", "options": ["A", "B"], "bubbles": [
   {"option": "A", "x": 300, "y": 300, "w": 30, "h": 30, "shape": "circle"},
   {"option": "B", "x": 400, "y": 300, "w": 30, "h": 30, "shape": "circle"}]},
  {"name": "sources", "rule": "any-number", "role": "survey", "bubbles": [
   {"option": "x", "x": 300, "y": 400, "w": 50, "h": 30, "shape": "stadium"}]},
  {"name": "box", "bubbles": [{"option": "1", "x": 300, "y": 500, "w": 30, "h": 30, "shape": "square"}]}]
}`

func TestImportLayout(t *testing.T) {
	got, err := ImportLayout(strings.NewReader(smallLayout))
	if err != nil {
		t.Fatal(err)
	}
	box := geom.R[geom.Paper]
	want := &Design{
		ID: "small", Title: "small", Size: geom.Point[geom.Paper]{X: 100, Y: 140},
		Pages: []Page{{
			Anchors: []Anchor{
				{Shape: Corner, Box: box(4, 4, 8, 8), Stroke: 2},
				{Shape: Square, Box: box(92, 4, 96, 8)},
				{Shape: Corner, Box: box(92, 132, 96, 136)},
				{Shape: Ring, Box: box(4, 132, 8, 136), Stroke: 0.8},
				{Shape: Square, Box: box(5, 69, 7, 71)},
			},
			Decor: []Decor{{Kind: Outlined, Box: box(10, 15, 90, 35), Width: 0.3, Ink: 1}},
			Fields: []Field{
				{ID: "q1", Rule: AnyNumber, Outline: Ellipse, Bubbles: []Bubble{{Choice: "A", Box: box(28.5, 28.5, 31.5, 31.5)}, {Choice: "B", Box: box(38.5, 28.5, 41.5, 31.5)}}},
				{ID: "sources", Role: Survey, Rule: AnyNumber, Outline: Stadium, Bubbles: []Bubble{{Choice: "x", Box: box(27.5, 38.5, 32.5, 41.5)}}},
				{ID: "box", Rule: AnyNumber, Outline: Rectangle, Bubbles: []Bubble{{Choice: "1", Box: box(28.5, 48.5, 31.5, 51.5)}}},
			},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestImportFeatures reads registration features in the words of other people; at 254
// dpi ten pixels are a millimetre.
func TestImportFeatures(t *testing.T) {
	box := geom.R[geom.Paper]
	for _, c := range []struct {
		name, feature string
		want          []Anchor
	}{
		{"thin rectangle", `"type": "filled rectangle", "x": 100, "y": 100, "w": 80, "h": 10`, []Anchor{{Shape: Bar, Box: box(6, 9.5, 14, 10.5)}}},
		{"even bar", `"type": "bar", "x": 100, "y": 100, "w": 40, "h": 40`, []Anchor{{Shape: Square, Box: box(8, 8, 12, 12)}}},
		{
			"timing track", `"type": "timing track", "x": 50, "y": 100, "w": 40, "h": 10, "count": 3, "dx": 0, "dy": 50`,
			[]Anchor{{Shape: Bar, Box: box(3, 9.5, 7, 10.5)}, {Shape: Bar, Box: box(3, 14.5, 7, 15.5)}, {Shape: Bar, Box: box(3, 19.5, 7, 20.5)}},
		},
		{"aruco", `"type": "aruco", "dictionary": "DICT_5X5_100", "id": 7, "x": 100, "y": 100, "w": 40, "h": 40`, []Anchor{{Shape: Marker, ID: 7, Dictionary: "5x5_100", Box: box(8, 8, 12, 12)}}},
		{"april tag", `"type": "AprilTag tag36h11", "id": 0, "x": 100, "y": 100, "w": 40, "h": 40`, []Anchor{{Shape: Marker, Dictionary: "36h11", Box: box(8, 8, 12, 12)}}},
		{"bits", `"type": "marker", "bits": "101010110", "x": 100, "y": 100, "w": 40, "h": 40`, []Anchor{{Shape: Marker, Bits: "101010110", Box: box(8, 8, 12, 12)}}},
		{"marker of no number", `"type": "aruco 4x4_50", "x": 100, "y": 100, "w": 40, "h": 40`, nil},
		{"cross", `"type": "cross", "x": 100, "y": 100, "w": 40, "h": 40`, []Anchor{{Shape: Figure, Box: box(8, 8, 12, 12)}}},
		{"QR code", `"type": "QR code", "x": 100, "y": 100, "w": 40, "h": 40`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := strings.Replace(smallLayout, `"type": "page edges", "corner": "all", "x": 0, "y": 0, "w": 1000, "h": 1400`, c.feature, 1)
			d, err := ImportLayout(strings.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			const before = 5 // of smallLayout's other features
			if diff := cmp.Diff(c.want, d.Pages[0].Anchors[before:], cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestImportLayoutRefuses(t *testing.T) {
	tests := []struct {
		name     string
		old, new string
		want     []string
	}{
		{"no page", `"page": {"width": 1000, "height": 1400, "dpi": 254}`, `"page": null`, []string{"describes no page"}},
		{"no dpi", `"dpi": 254`, `"dpi": 0`, []string{"dpi must be above 0"}},
		{"corner", `"corner": "bottom_right"`, `"corner": "south"`, []string{`corner "south"`}},
		{"mixed shapes", `"h": 30, "shape": "circle"}]`, `"h": 30, "shape": "square"}]`, []string{"one shape"}},
		{"marker", `"type": "page edges",`, `"type": "aruco 4x4_50", "id": 50,`, []string{"from 0 to 49"}},
		{"option twice", `"option": "B"`, `"option": "A"`, []string{`"A" stands twice`}},
		{"bubble out of the page", `"x": 400`, `"x": 2400`, []string{"leaves"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := strings.Replace(smallLayout, tt.old, tt.new, 1)
			_, err := ImportLayout(strings.NewReader(file))
			if file == smallLayout || err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q:\n%v", want, err)
				}
			}
		})
	}
}

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
