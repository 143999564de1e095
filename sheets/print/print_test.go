package print

import (
	"bytes"
	"image"
	"io"
	"iter"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"bargkhan/sheets"
	"bargkhan/sheets/geom"
	"bargkhan/sheets/typeset"
)

var loaded = sync.OnceValues(func() (*typeset.Fonts, error) { return typeset.LoadFonts("") })

func fonts(t testing.TB) *typeset.Fonts {
	t.Helper()
	f, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func design(t testing.TB, name string) *sheets.Design {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "testdata", "designs", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := sheets.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var person = Person{
	Name: "سیدمحمدرضا حسینی‌نژاد", Father: "علی‌اکبر", Number: "0012345679",
	Employer: "شهرداری شهر جدید پردیس، معاونت خدمات شهری", Venue: "دانشگاه شهید بهشتی، تالار ابوریحان", Seat: "112",
}

// copies yields n copies with serials from first on.
func copies(first, n int) iter.Seq[Copy] {
	return func(yield func(Copy) bool) {
		for i := range n {
			if !yield(Copy{Stamp: sheets.Stamp{Serial: sheets.NewSerial(first + i)}, Person: person}) {
				return
			}
		}
	}
}

// A picture is a raster that is asked in millimetres.
type picture struct {
	*image.Gray
	k float64 // pixels per mm
}

// ink is the mean black inside r, of whole pixels.
func (p picture) ink(r geom.Rect[geom.Paper]) float64 {
	sum, n := 0.0, 0
	for y := int(math.Ceil(r.Min.Y * p.k)); y < int(r.Max.Y*p.k); y++ {
		for x := int(math.Ceil(r.Min.X * p.k)); x < int(r.Max.X*p.k); x++ {
			sum += 1 - float64(p.GrayAt(x, y).Y)/255
			n++
		}
	}
	return sum / float64(n)
}

func (p picture) black(x, y float64) bool { return p.GrayAt(int(x*p.k), int(y*p.k)).Y < 128 }

// Everything the reader will look for is where the design says it is.
func TestRasterIsTheDesign(t *testing.T) {
	for _, tt := range []struct {
		name string
		dpi  float64
	}{{"national-3x20.json", 150}, {"national-3x20.json", 200}, {"national-3x20-spare.json", 300}} {
		d := design(t, tt.name)
		want := sheets.Stamp{Serial: sheets.NewSerial(123456789), Test: true}
		img, err := Raster(d, 1, Copy{Stamp: want, Person: person}, tt.dpi, fonts(t))
		if err != nil {
			t.Fatal(err)
		}
		want.Check, want.Page = d.Digest().Head(), 1
		p, page := picture{img, tt.dpi / 25.4}, &d.Pages[0]
		checkAnchors(t, p, page)
		checkStamps(t, p, page, want)
		checkBubbles(t, p, page)
		checkCode(t, p, page, want)
		for _, s := range page.Swatches {
			if got := p.ink(s.Box.Inset(0.2)); math.Abs(got-s.Ink) > 0.005 {
				t.Errorf("a swatch of ink %v has %v", s.Ink, got)
			}
		}
	}
}

func checkAnchors(t *testing.T, p picture, page *sheets.Page) {
	t.Helper()
	for _, a := range page.Anchors {
		if around := p.ink(a.Box.Inset(-0.6)); around > 0.93 {
			t.Errorf("no paper around anchor %v", a.Box)
		}
		if a.Shape == sheets.Bar {
			if got := p.ink(a.Box.Inset(0.2)); got < 0.99 {
				t.Errorf("tick %v has ink %v", a.Box, got)
			}
			continue
		}
		for i, white := range sheets.MarkerBits(a.ID) {
			module := a.Box.W() / 6
			x, y := a.Box.Min.X+(1.5+float64(i%4))*module, a.Box.Min.Y+(1.5+float64(i/4))*module
			if p.black(x, y) == white {
				t.Errorf("module %d of marker %d is wrong", i, a.ID)
			}
		}
	}
}

func checkStamps(t *testing.T, p picture, page *sheets.Page, want sheets.Stamp) {
	t.Helper()
	for _, box := range page.Codes {
		var bits sheets.Bits
		w, h := box.W()/sheets.StampColumns, box.H()/sheets.StampRows
		for i := range bits {
			bits[i] = p.black(box.Min.X+(float64(i%sheets.StampColumns)+0.5)*w, box.Min.Y+(float64(i/sheets.StampColumns)+0.5)*h)
		}
		if got, err := sheets.ParseBits(bits); err != nil || got != want {
			t.Errorf("the stamp reads %+v, %v; want %+v", got, err, want)
		}
	}
}

// checkBubbles: the inside is paper, the outline has the area of its line, and
// nothing else is printed close by.
func checkBubbles(t *testing.T, p picture, page *sheets.Page) {
	t.Helper()
	for _, f := range page.Fields {
		for _, b := range f.Bubbles {
			if got := p.ink(b.Box.Inset(0.55)); got > 1.0/255 { // one step of grey is rounding
				t.Errorf("the inside of %s=%s has ink %v", f.ID, b.Choice, got)
			}
			r := b.Box.H() / 2
			line := 2*(b.Box.W()-b.Box.H())*sheets.OutlineWidth + math.Pi*(r*r-math.Pow(r-sheets.OutlineWidth, 2))
			out := b.Box.Inset(-0.15)
			if got := p.ink(out) * out.W() * out.H(); math.Abs(got-line)/line > 0.25 { // whole pixels only
				t.Errorf("the outline of %s=%s has %.2f mm² of ink, want %.2f", f.ID, b.Choice, got, line)
			}
		}
	}
}

// checkCode reads the QR code with another program's decoder.
func checkCode(t *testing.T, p picture, page *sheets.Page, want sheets.Stamp) {
	t.Helper()
	for _, d := range page.Decor {
		if d.Kind != sheets.Code {
			continue
		}
		crop := p.SubImage(image.Rect(int(d.Box.Min.X*p.k), int(d.Box.Min.Y*p.k), int(d.Box.Max.X*p.k), int(d.Box.Max.Y*p.k)))
		bitmap, err := gozxing.NewBinaryBitmapFromImage(crop)
		if err != nil {
			t.Fatal(err)
		}
		text, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
		if err != nil {
			t.Errorf("the QR code cannot be read: %v", err)
			continue
		}
		if got, err := sheets.ParseStampText(text.GetText()); err != nil || got != want {
			t.Errorf("the QR code says %q: %v", text, err)
		}
	}
}

// A sheet of others is drawn with all its shapes, and without fonts too.
func TestOthersShapes(t *testing.T) {
	box := geom.R[geom.Paper]
	d := &sheets.Design{ID: "x", Size: geom.Point[geom.Paper]{X: 100, Y: 100}, Pages: []sheets.Page{{
		Anchors: []sheets.Anchor{
			{Shape: sheets.Corner, Box: box(5, 5, 15, 15), Stroke: 2},
			{Shape: sheets.Corner, Box: box(85, 85, 95, 95)},
			{Shape: sheets.Ring, Box: box(85, 5, 95, 15), Stroke: 2},
			{Shape: sheets.Disc, Box: box(5, 85, 15, 95)},
			{Shape: sheets.Square, Box: box(5, 45, 15, 55)},
		},
		Fields: []sheets.Field{
			{ID: "a", Outline: sheets.Ellipse, Bubbles: []sheets.Bubble{{Choice: "1", Box: box(40, 40, 44, 44), Inside: "A"}}},
			{ID: "b", Outline: sheets.Rectangle, Bubbles: []sheets.Bubble{{Choice: "1", Box: box(50, 40, 54, 44)}}},
		},
	}}}
	img, err := Raster(d, 1, Copy{}, 254, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := picture{img, 10}
	for _, tt := range []struct {
		name  string
		x, y  float64
		black bool
	}{
		{"corner's vertex", 6, 6, true}, {"corner's arms", 14, 6, true}, {"corner's arms", 6, 14, true}, {"corner's inside", 13, 13, false},
		{"far corner's vertex", 94, 94, true}, {"far corner's inside", 87, 87, false},
		{"ring", 86, 10, true}, {"ring's inside", 90, 10, false}, {"ring's outside", 85.3, 5.3, false},
		{"disc", 10, 90, true}, {"disc's outside", 5.3, 85.3, false}, {"square", 5.3, 45.3, true},
		{"circle", 40.15, 42, true}, {"circle's inside", 42, 42, false}, {"box's corner", 50.1, 40.1, true}, {"box's inside", 52, 42, false},
	} {
		if p.black(tt.x, tt.y) != tt.black {
			t.Errorf("%s: black at %v, %v is %v", tt.name, tt.x, tt.y, !tt.black)
		}
	}
}

func TestPrinterRefuses(t *testing.T) {
	d := design(t, "national-3x20.json")
	p, err := New(d, nil)
	if err != nil {
		t.Fatal(err)
	}
	good := sheets.Stamp{Serial: sheets.NewSerial(1)}
	other := good
	other.Check = sheets.Check{1, 2, 3, 4}
	for name, err := range map[string]error{
		"page 2":           second(p.Page(Copy{Stamp: good}, 2)),
		"another revision": second(p.Page(Copy{Stamp: other}, 1)),
		"no serial":        second(p.Page(Copy{}, 1)),
		"bad design":       second(New(&sheets.Design{}, nil)),
		"a strange letter": PDF(io.Discard, d, func(yield func(Copy) bool) {
			yield(Copy{Stamp: good, Person: Person{Name: "漢"}})
		}, fonts(t), nil),
	} {
		if err == nil {
			t.Errorf("%s is printed", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestDigits(t *testing.T) {
	for in, want := range map[string]string{"112": "۱۱۲", "B2": "B2", "مداد B2، 3 عدد": "مداد B2، ۳ عدد", "2B": "2B", "": "", "۷": "۷"} {
		if got := persianDigits(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

// tool runs a program of Debian's poppler-utils or qpdf.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed (make setup installs it)", name)
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func TestPDF(t *testing.T) {
	d := design(t, "national-3x20.json")
	var b bytes.Buffer
	var done []int
	if err := PDF(&b, d, copies(17, 3), fonts(t), func(n int) { done = append(done, n) }); err != nil {
		t.Fatal(err)
	}
	if len(done) != 3 || done[2] != 3 {
		t.Errorf("progress %v", done)
	}
	name := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := tool(t, "qpdf", "--check", name); strings.Contains(out, "WARNING") {
		t.Error(out)
	}
	if out := tool(t, "pdfinfo", name); !strings.Contains(out, "Pages:           3") || !strings.Contains(out, "(A4)") {
		t.Error(out)
	}
	text := tool(t, "pdftotext", "-f", "2", "-l", "2", "-layout", name, "-")
	for _, want := range []string{"سیدمحمدرضا حسینی‌نژاد", "علی‌اکبر", "۰۰۱۲۳۴۵۶۷۹", "پاسخنامهٔ آزمون آموزش‌های مکاتبه‌ای", "۰۰۰۰۰۰۰۱۸", "برنامه‌ریزی و توسعهٔ روستایی", "۶۰"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
}

// A hundred sheets more leave nothing behind in memory but their places.
func TestPDFIsFlat(t *testing.T) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // a pool gives up what it holds at the second one only
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var early, late uint64
	err := PDF(io.Discard, design(t, "national-3x20.json"), copies(1, 150), fonts(t), func(n int) {
		switch n {
		case 50:
			early = heap()
		case 150:
			late = heap()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if kept := int64(late) - int64(early); kept > 200_000 {
		t.Errorf("a hundred sheets keep %d bytes", kept)
	}
}

func BenchmarkPDF(b *testing.B) {
	d := design(b, "national-3x20.json")
	f := fonts(b)
	b.ReportAllocs()
	if err := PDF(io.Discard, d, copies(1, max(b.N, 1)), f, nil); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkRaster200(b *testing.B) {
	p, err := New(design(b, "national-3x20.json"), fonts(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Raster(Copy{Stamp: sheets.Stamp{Serial: sheets.NewSerial(1)}, Person: person}, 1, 200); err != nil {
			b.Fatal(err)
		}
	}
}
