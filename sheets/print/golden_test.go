package print

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"bargkhan/sheets"
	"bargkhan/sheets/typeset"
)

var update = flag.Bool("update", false, "write the golden pictures")

// goldenDPI is enough to see every line and word, and keeps a picture under 60 KB.
const goldenDPI = 62

// golden compares a page with the picture of that name. Faces differ a little from
// release to release of the distribution, so it is the mean over each part of the
// page that has to agree, not each pixel.
func golden(t *testing.T, name string, page *typeset.Page) {
	t.Helper()
	got := gray(t, page)
	file := filepath.Join("testdata", "golden", name+".png")
	if *update {
		var b bytes.Buffer
		enc := png.Encoder{CompressionLevel: png.BestCompression}
		if err := enc.Encode(&b, coarse(got)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds() != got.Bounds() {
		t.Fatalf("%s is %v, the golden picture %v", name, got.Bounds(), img.Bounds())
	}
	const part = 20
	for y := 0; y < got.Rect.Dy(); y += part {
		for x := 0; x < got.Rect.Dx(); x += part {
			sum, n := 0.0, 0.0
			for j := y; j < min(y+part, got.Rect.Dy()); j++ {
				for i := x; i < min(x+part, got.Rect.Dx()); i++ {
					want, _, _, _ := img.At(i, j).RGBA()
					sum += float64(got.GrayAt(i, j).Y) - float64(want>>8)
					n++
				}
			}
			if math.Abs(sum/n) > 12 {
				t.Errorf("%s: around %d, %d it is %.0f of 255 off the golden picture; look at it, then run with -update", name, x, y, sum/n)
				return
			}
		}
	}
}

// plain is a text without the marks of direction that pdftotext puts around numbers,
// and with single spaces.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if r >= 0x202a && r <= 0x202e || r == 0x200e || r == 0x200f {
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

func gray(t *testing.T, page *typeset.Page) *image.Gray {
	t.Helper()
	img, err := page.Gray(goldenDPI)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// coarse keeps sixteen greys, which compress well.
func coarse(img *image.Gray) *image.Gray {
	out := image.NewGray(img.Rect)
	for i, v := range img.Pix {
		out.Pix[i] = uint8((int(v) + 8) / 17 * 17)
	}
	return out
}

// Every page of every design of testdata looks as it looked when somebody looked.
func TestGoldenSheets(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "designs", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no designs", err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		d := design(t, name)
		p, err := New(d, fonts(t))
		if err != nil {
			t.Fatal(err)
		}
		for n := range d.Pages {
			page, err := p.Page(Copy{Stamp: sheets.Stamp{Serial: sheets.NewSerial(17)}, Person: person, Edition: n + 1}, n+1)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, fmt.Sprintf("%s-%d", strings.TrimSuffix(name, ".json"), n+1), page)
		}
	}
}

// batch is a small batch of two venues.
func batch(t testing.TB, people int) *Batch {
	b := &Batch{Design: design(t, "national-3x20.json"), Spare: design(t, "national-3x20-spare.json"),
		Session: "mazandaran-1405-1", Name: "آزمون سراسری، دورهٔ نخست ۱۴۰۵", Date: "1405/06/12", Stack: 4}
	serial := 0
	for _, venue := range []string{"ساری، تالار رودکی", "بابل، دانشگاه صنعتی نوشیروانی"} {
		v := Venue{Name: venue}
		for i := range people {
			serial++
			who := person
			who.Venue, who.Seat = venue, fmt.Sprint(i+1)
			v.Sheets = append(v.Sheets, Copy{Stamp: sheets.Stamp{Serial: sheets.NewSerial(serial)}, Person: who})
		}
		v.Door = slices.Clone(v.Sheets)
		slices.Reverse(v.Door)
		b.Venues = append(b.Venues, v)
	}
	b.Spares = []Copy{{Stamp: sheets.Stamp{Serial: sheets.NewSerial(serial + 1)}}}
	return b
}

func TestGoldenLists(t *testing.T) {
	b := batch(t, 5)
	p, err := b.press(io.Discard, fonts(t))
	if err != nil {
		t.Fatal(err)
	}
	stack := b.Stacks()[0]
	golden(t, "header", p.header(stack))
	stack.End = true
	golden(t, "end", p.header(stack))
	for name, l := range map[string]*list{"attendance": attendance(b, &b.Venues[0]), "door": doorList(b, &b.Venues[0])} {
		page := p.empty()
		l.draw(page, l.rows, 1, 1)
		golden(t, name, page)
	}
}

// A header's code says what lies in the stack, and another program reads it.
func TestHeaderCode(t *testing.T) {
	b := batch(t, 5)
	p, err := b.press(io.Discard, fonts(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range b.Stacks() {
		img, err := p.header(want).Gray(100)
		if err != nil {
			t.Fatal(err)
		}
		bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
		if err != nil {
			t.Fatal(err)
		}
		text, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := sheets.ParseStackText(text.GetText()); err != nil || got != want {
			t.Errorf("the code says %+v, want %+v: %v", got, want, err)
		}
	}
}

// Stacks hold all sheets, none of two venues, and are as equal as can be.
func TestStacks(t *testing.T) {
	b := batch(t, 9)
	want := []int{3, 3, 3, 3, 3, 3, 1}
	var got []int
	for i, s := range b.Stacks() {
		got = append(got, s.Sheets)
		if s.Number != i+1 || s.Session != b.Session || (s.Venue == "") != (i == 6) {
			t.Errorf("stack %d: %+v", i+1, s)
		}
	}
	if !slices.Equal(got, want) || b.Sheets() != 19 {
		t.Errorf("stacks of %v, want %v", got, want)
	}
}

// A batch is one PDF, clean and searchable, in the order of the hall.
func TestBatchPDF(t *testing.T) {
	b := batch(t, 5)
	var out bytes.Buffer
	var done []int
	if err := b.PDF(&out, fonts(t), func(n int) { done = append(done, n) }); err != nil {
		t.Fatal(err)
	}
	if len(done) != 11 || done[10] != 11 {
		t.Errorf("progress %v", done)
	}
	name := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := tool(t, "qpdf", "--check", name); strings.Contains(out, "WARNING") {
		t.Error(out)
	}
	// a door list, an attendance list, and five sheets in two stacks with a header and
	// an end each, for two venues; a stack of one spare
	if out := tool(t, "pdfinfo", name); !strings.Contains(out, "Pages:           25") {
		t.Error(out)
	}
	for page, want := range map[int]string{1: "فهرست صندلی‌ها", 2: "فهرست حضور و امضا", 3: "سربرگ دسته ۱", 6: "پایان دسته ۱", 7: "سربرگ دسته ۲", 23: "برگه‌های سفید"} {
		n := fmt.Sprint(page)
		if text := plain(tool(t, "pdftotext", "-f", n, "-l", n, "-layout", name, "-")); !strings.Contains(text, want) {
			t.Errorf("page %d does not say %q:\n%s", page, want, text)
		}
	}
	var again bytes.Buffer
	if err := b.PDF(&again, fonts(t), nil); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Error("the same batch gives another file", err)
	}
}

func TestBatchRefuses(t *testing.T) {
	none := batch(t, 0)
	none.Spares = nil
	spares := batch(t, 1)
	spares.Spare = nil
	paper := batch(t, 1)
	paper.Spare = design(t, "a5-20-spare.json")
	for name, b := range map[string]*Batch{"nothing": none, "spares without a design": spares, "two papers": paper} {
		if err := b.PDF(io.Discard, fonts(t), nil); err == nil {
			t.Errorf("%s: it is printed", name)
		}
	}
	p, err := New(none.Design, fonts(t))
	if err != nil {
		t.Fatal(err)
	}
	errs := p.Check([]Copy{{Person: person}, {Person: Person{Name: "漢"}}, {Person: Person{Employer: strings.Repeat("دراز ", 300)}}})
	if errs[0] != nil || errs[1] == nil || errs[2] == nil {
		t.Errorf("got %v", errs)
	}
}

// What is printed on both sides shares no sheet of paper with anything else.
func TestBothSides(t *testing.T) {
	b := batch(t, 1)
	b.Design, b.Spare, b.Spares = design(t, "a4-10x30.json"), nil, nil
	b.Venues = b.Venues[:1]
	var out bytes.Buffer
	if err := b.PDF(&out, fonts(t), nil); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "/Type/Page/"); n != 10 { // two lists, header, end and the sheet
		t.Errorf("%d pages", n)
	}
}

// Every design makes a clean PDF with its faces embedded and its words in it.
func TestEveryDesignAsPDF(t *testing.T) {
	words := map[string]string{
		"a4-200": "دفترچهٔ یکم", "a4-6x20": "مدیریت بحران", "a5-20": "پاسخنامهٔ آزمون کوتاه", "letter-50": "درک مطلب", "rtl-3x20": "الف",
		"survey": "کمک‌آموزشی", "key-3x20": "برگهٔ کلید آزمون", "a4-10x30": "صفحهٔ ۱", "national-3x20-spare": "کد ملی",
	}
	for file, want := range words {
		var b bytes.Buffer
		if err := PDF(&b, design(t, file+".json"), copies(1, 1), fonts(t), nil); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "x.pdf")
		if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if out := tool(t, "qpdf", "--check", name); strings.Contains(out, "WARNING") {
			t.Errorf("%s: %s", file, out)
		}
		if out := tool(t, "pdffonts", name); strings.Count(out, "yes yes yes") != strings.Count(out, "Noto") {
			t.Errorf("%s: a face is not embedded as a subset with its text:\n%s", file, out)
		}
		if text := plain(tool(t, "pdftotext", "-layout", name, "-")); !strings.Contains(text, want) {
			t.Errorf("%s does not say %q:\n%s", file, want, text)
		}
	}
}

// A logo is printed from PNG and from SVG; what cannot be drawn whole is refused.
func TestLogo(t *testing.T) {
	base := sheets.Description{ID: "x", Blocks: []sheets.Block{{Title: "یک"}}}
	for name, tt := range map[string]struct {
		logo string
		ok   bool
	}{
		"png":  {uri("png", pngOf(t, 20, 10)), true},
		"svg":  {uri("svg+xml", []byte(`<svg viewBox="0 0 10 10"><rect width="10" height="10" fill="#000"/></svg>`)), true},
		"text": {uri("svg+xml", []byte(`<svg viewBox="0 0 10 10"><text>x</text></svg>`)), false},
		"torn": {uri("png", pngOf(t, 20, 10)[:60]), false},
	} {
		s := base
		s.Logo = tt.logo
		d, err := sheets.Layout(s)
		if err != nil {
			t.Fatal(name, err)
		}
		img, err := Raster(d, 1, Copy{Stamp: sheets.Stamp{Serial: sheets.NewSerial(1)}}, 100, nil)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !tt.ok {
			continue
		}
		box := d.Pages[0].Decor[slices.IndexFunc(d.Pages[0].Decor, func(c sheets.Decor) bool { return c.Kind == sheets.Picture })].Box
		c := box.Center()
		if p := (picture{img, 100 / 25.4}); !p.black(c.X, c.Y) {
			t.Errorf("%s: there is no logo in %v", name, box)
		}
		var pdf bytes.Buffer
		if err := PDF(&pdf, d, copies(1, 2), fonts(t), nil); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "x.pdf")
		if err := os.WriteFile(file, pdf.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if out := tool(t, "qpdf", "--check", file); strings.Contains(out, "WARNING") {
			t.Error(out)
		}
	}
}

func uri(kind string, data []byte) string {
	return "data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)
}

// pngOf is a black picture.
func pngOf(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// BenchmarkBatch prints a batch of two venues; besides the time for
// each sheet it tells the highest memory that was in use.
func BenchmarkBatch(b *testing.B) {
	job := batch(b, max(1, b.N/2))
	job.Stack = 0
	f := fonts(b)
	var m runtime.MemStats
	peak := uint64(0)
	b.ReportAllocs()
	b.ResetTimer()
	err := job.PDF(io.Discard, f, func(n int) {
		if n%500 == 0 {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sheets/s")
	b.ReportMetric(float64(peak)/1e6, "peak-MB")
}
