package typeset

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

var loaded = sync.OnceValues(func() (*Fonts, error) { return LoadFonts("") })

func fonts(t testing.TB) *Fonts {
	t.Helper()
	f, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return f
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

func gray(t *testing.T, p *Page, dpi float64) *image.Gray {
	t.Helper()
	img, err := p.Gray(dpi)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// ink is the black on a picture in pixels, and its centre.
func ink(img *image.Gray) (sum, x, y float64) {
	for i, v := range img.Pix {
		a := 1 - float64(v)/255
		sum += a
		x += a * (float64(i%img.Stride) + 0.5)
		y += a * (float64(i/img.Stride) + 0.5)
	}
	return sum, x / sum, y / sum
}

// Figures have the area and the centre they should have, to a fiftieth of a pixel.
func TestFiguresAreWhereTheyShouldBe(t *testing.T) {
	const dpi, k = 200, 200 / mmPerInch
	r := Box(10.13, 20.37, 14.33, 22.97)
	stadium := (r.W()-r.H())*r.H() + math.Pi*r.H()*r.H()/4
	inner := r.Inset(0.3)
	hole := (inner.W()-inner.H())*inner.H() + math.Pi*inner.H()*inner.H()/4
	tests := []struct {
		name string
		draw func(*Page)
		area float64 // mm²
	}{
		{"rect", func(p *Page) { p.Rect(r, Color{}) }, r.W() * r.H()},
		{"ellipse", func(p *Page) { p.Fill(new(Path).Ellipse(r), Color{}) }, math.Pi * r.W() * r.H() / 4},
		{"stadium", func(p *Page) { p.Fill(new(Path).Stadium(r), Color{}) }, stadium},
		{"outline", func(p *Page) { p.Fill(new(Path).Stadium(r).Hole(new(Path).Stadium(inner)), Color{}) }, stadium - hole},
		{"border", func(p *Page) { p.Border(r, 0.4, Color{}) }, 2 * 0.4 * (r.W() + r.H())},
		{"line", func(p *Page) {
			p.Line(Point{X: r.Min.X, Y: r.Center().Y}, Point{X: r.Max.X, Y: r.Center().Y}, 0.5, Color{})
		}, (r.W() + 0.5) * 0.5},
		{"grey", func(p *Page) { p.Rect(r, Ink(0.6)) }, r.W() * r.H() * 0.6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := NewPage(nil, 40, 50)
			tt.draw(p)
			sum, x, y := ink(gray(t, p, dpi))
			if got := sum / k / k; math.Abs(got-tt.area)/tt.area > 0.003 {
				t.Errorf("area %.3f mm², want %.3f", got, tt.area)
			}
			if dx, dy := x-r.Center().X*k, y-r.Center().Y*k; math.Hypot(dx, dy) > 0.02 {
				t.Errorf("the centre is %.3f, %.3f px off", dx, dy)
			}
		})
	}
}

func TestColours(t *testing.T) {
	p := NewPage(nil, 10, 10)
	p.Rect(Box(0, 0, 5, 10), Color{R: 200, G: 30, B: 60})
	img, err := p.RGBA(100)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := img.RGBAAt(3, 3), (color.RGBA{200, 30, 60, 255}); got != want {
		t.Errorf("colour %v, want %v", got, want)
	}
	if got, want := img.RGBAAt(35, 3), (color.RGBA{255, 255, 255, 255}); got != want {
		t.Errorf("paper %v, want %v", got, want)
	}
	if got := gray(t, p, 100).GrayAt(3, 3).Y; got != 84 { // 0.299·200 + 0.587·30 + 0.114·60
		t.Errorf("grey %d, want 84", got)
	}
}

// What leaves the page is cut off, not drawn elsewhere.
func TestOutsideIsCutOff(t *testing.T) {
	p := NewPage(nil, 10, 10)
	p.Rect(Box(-50, -50, 5, 5), Color{})
	p.Rect(Box(200, 200, 300, 300), Color{})
	p.Rect(Box(-1e3, 9, 1e3, 9.5), Color{})
	if sum, _, _ := ink(gray(t, p, 254)); math.Abs(sum-2500-500) > 10 {
		t.Errorf("%.0f px of ink, want 3000", sum)
	}
	if _, err := NewPage(nil, 1e6, 1e6).Gray(300); err == nil {
		t.Error("a picture without bounds is drawn")
	}
}

func TestMissingFonts(t *testing.T) {
	_, err := LoadFonts(t.TempDir())
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"fonts-noto-core", "NotoNaskhArabic-Regular.ttf", "NotoSerif-Bold.ttf"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

func TestMissingLetter(t *testing.T) {
	p := NewPage(fonts(t), 100, 100)
	p.Text(Box(0, 0, 90, 10), Style{Size: 4}, Span{Text: "علی 漢"})
	for name, err := range map[string]error{"page": p.Err(), "PDF": NewPDF(io.Discard, Meta{}).Add(p)} {
		if err == nil || !strings.Contains(err.Error(), "U+6F22") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.Gray(100); err == nil {
		t.Error("a picture with a missing letter is drawn")
	}
}

// shapeOne shapes text and returns the names of its glyphs from the left.
func shapeOne(t *testing.T, text string) (names []string, l line) {
	t.Helper()
	f := fonts(t)
	set := newSetter(f)
	sh, err := set.shape(Style{}, []Span{{Text: text}})
	if err != nil {
		t.Fatal(err)
	}
	l = set.lines(&sh, Style{}, 1e6)[0]
	for _, r := range l.runs {
		for _, g := range r.glyphs {
			names = append(names, f.fonts[r.face].GlyphName(g.id))
		}
	}
	return names, l
}

// Persian digits have their Persian forms, and stand from the left.
func TestPersianDigits(t *testing.T) {
	names, _ := shapeOne(t, "۴۵۶۷")
	if got := strings.Join(names, " "); got != "uni06F4 uni06F5 uni06F6 uni06F7" {
		t.Errorf("glyphs %s", got)
	}
}

// Letters join, and the first one stands at the right.
func TestLettersJoin(t *testing.T) {
	_, l := shapeOne(t, "بهار")
	var text []string
	for _, r := range l.runs {
		if !r.rtl {
			t.Error("a Persian word is not set from right to left")
		}
		for _, g := range r.glyphs {
			if g.count > 0 {
				text = append(text, g.text)
			}
		}
	}
	if got := strings.Join(text, ""); got != "راهب" {
		t.Errorf("from the left: %q", got)
	}
	joined, _ := shapeOne(t, "هه")
	apart, _ := shapeOne(t, "ه‌ه") // with ZWNJ
	if joined[0] == apart[0] {
		t.Errorf("the ZWNJ does not part letters: %v, %v", joined, apart)
	}
}

// In a mixed line each part keeps its own direction.
func TestMixedLine(t *testing.T) {
	_, l := shapeOne(t, "مداد HB و B2")
	var parts []string
	for _, r := range l.runs {
		s := ""
		for _, g := range r.glyphs {
			s += g.text
		}
		if strings.TrimSpace(s) != "" {
			parts = append(parts, strings.TrimSpace(s))
		}
	}
	if got := strings.Join(parts, "|"); got != "B2|و|HB|دادم" {
		t.Errorf("from the left: %q", got)
	}
}

// inkBox is the smallest box of all that is dark, in mm.
func inkBox(img *image.Gray, dpi float64) Rect {
	b := image.Rectangle{}
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if img.GrayAt(x, y).Y < 200 {
				b = b.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	k := mmPerInch / dpi
	return Box(float64(b.Min.X)*k, float64(b.Min.Y)*k, float64(b.Max.X)*k, float64(b.Max.Y)*k)
}

func TestTextStandsInItsBox(t *testing.T) {
	long := strings.Repeat("آموزش مکاتبه‌ای کارکنان شهرداری‌ها و دهیاری‌ها ", 4)
	box := Box(20, 30, 80, 50)
	tests := []struct {
		name  string
		text  string
		style Style
		left  bool // the ink touches the left side
		right bool
	}{
		{"start", "احمد", Style{Size: 5}, false, true},
		{"end", "احمد", Style{Size: 5, Align: End}, true, false},
		{"centre", "احمد", Style{Size: 5, Align: Centre}, false, false},
		{"latin", "HEM", Style{Size: 5, LTR: true}, true, false},
		{"latin at its end", "HEM", Style{Size: 5, LTR: true, Align: End}, false, true},
		{"long", long, Style{Size: 5}, false, true},
		{"justified", long, Style{Size: 5, Align: Justify}, true, true},
		{"bold", long, Style{Size: 5, Bold: true}, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := NewPage(fonts(t), 100, 80)
			bottom := p.Text(box, tt.style, Span{Text: tt.text})
			got := inkBox(gray(t, p, 300), 300)
			if out := box.Inset(-0.3); got.Union(out) != out {
				t.Errorf("the ink %v leaves the box %v", got, box)
			}
			if left := got.Min.X < box.Min.X+0.8; left != tt.left && tt.name != "long" && tt.name != "bold" {
				t.Errorf("the ink begins at %.2f; touches the left: %v, want %v", got.Min.X, left, tt.left)
			}
			if right := got.Max.X > box.Max.X-0.8; right != tt.right {
				t.Errorf("the ink ends at %.2f; touches the right: %v, want %v", got.Max.X, right, tt.right)
			}
			if bottom < got.Max.Y-0.5 || bottom > box.Max.Y+1 {
				t.Errorf("the last line is said to end at %.2f; its ink ends at %.2f", bottom, got.Max.Y)
			}
		})
	}
}

func TestTooLongIsRefused(t *testing.T) {
	p := NewPage(fonts(t), 100, 100)
	p.Text(Box(0, 0, 10, 4), Style{Size: 4}, Span{Text: strings.Repeat("دراز ", 200)})
	if p.Err() == nil || !strings.Contains(p.Err().Error(), "shorten it") {
		t.Errorf("got %v", p.Err())
	}
}

func TestHeightFollowsLines(t *testing.T) {
	p := NewPage(fonts(t), 210, 297)
	s := Style{Size: 4, Leading: 1.5}
	one := p.Height(150, s, Span{Text: "یک"})
	three := p.Height(150, s, Span{Text: "یک\nدو\n"}, Span{Text: "سه", Bold: true})
	if d := three - one; math.Abs(d-2*1.5*4) > 1e-6 {
		t.Errorf("two lines more are %v mm higher, want 12", d)
	}
}

const persianText = "گواهی می‌شود خانم مریم حسینی‌نژاد، فرزند علی‌اکبر، در دورهٔ «حقوق شهری» نمرهٔ ۸۵ از ۱۰۰ گرفت. کاملاً پذیرفته شد؛ کد پیگیری AB-12 است."

// pdf writes pages to a file and returns its name.
func pdf(t *testing.T, pages ...*Page) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x.pdf")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := NewPDF(f, Meta{Title: "گواهینامه", Author: "دفتر"})
	for _, p := range pages {
		if err := d.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// words are the words and numbers of a text, in their order. Points and spaces are
// left out: pdftotext turns those that stand between words of two directions.
func words(s string) string {
	return strings.Join(wordOrNumber.FindAllString(s, -1), " ")
}

var wordOrNumber = regexp.MustCompile(`[\p{L}\p{Mn}\x{200c}]+|\p{Nd}+`)

// What is copied from a PDF is what was written, ZWNJ and marks included.
func TestPDFGivesTextBack(t *testing.T) {
	for _, style := range []Style{{Size: 5}, {Size: 5, Align: Justify}, {Size: 5, Bold: true}, {Size: 5, Align: Centre}} {
		t.Run(fmt.Sprintf("%+v", style), func(t *testing.T) {
			p := NewPage(fonts(t), 297, 210)
			p.Text(Box(20, 20, 277, 100), style, Span{Text: persianText})
			got := words(tool(t, "pdftotext", "-enc", "UTF-8", pdf(t, p), "-"))
			if got != words(persianText) {
				t.Errorf("\n got %q\nwant %q", got, words(persianText))
			}
		})
	}
}

func TestPDFIsWellFormed(t *testing.T) {
	f := fonts(t)
	base := NewPage(f, 210, 297)
	base.Rect(Box(10, 10, 20, 20), Ink(0.3))
	base.Text(Box(20, 20, 190, 40), Style{Size: 6, Bold: true}, Span{Text: "پایه"})
	var pages []*Page
	for i := range 3 {
		p := NewPage(f, 210, 297)
		p.Use(base)
		p.Text(Box(20, 50, 190, 60), Style{Size: 4}, Span{Text: strings.Repeat("صفحه ", i+1)})
		p.Rect(Box(30, 70, 40, 80), Color{R: 10, G: 80, B: 200})
		pages = append(pages, p)
	}
	name := pdf(t, pages...)
	if out := tool(t, "qpdf", "--check", name); strings.Contains(out, "WARNING") {
		t.Error(out)
	}
	out := tool(t, "pdffonts", name)
	for _, want := range []string{"NotoNaskhArabic-Regular", "NotoNaskhArabic-Bold"} {
		if !strings.Contains(out, want) {
			t.Errorf("%s is not in the file:\n%s", want, out)
		}
	}
	if strings.Contains(out, "NotoSerif") || strings.Count(out, "yes yes yes") != 2 {
		t.Errorf("two subsets with their texts are expected:\n%s", out)
	}
	if out := tool(t, "pdfinfo", name); !strings.Contains(out, "Pages:           3") || !strings.Contains(out, "گواهینامه") {
		t.Error(out)
	}
}

// Equal pages give equal files: no clock, no chance.
func TestPDFIsDeterministic(t *testing.T) {
	draw := func() []byte {
		p := NewPage(fonts(t), 210, 297)
		p.Text(Box(20, 20, 190, 60), Style{Size: 5}, Span{Text: persianText})
		p.QR(Box(20, 70, 50, 100), "HTTPS://EXAMPLE.IR/V/1")
		var b bytes.Buffer
		d := NewPDF(&b, Meta{Title: "x"})
		if err := d.Add(p); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	if !bytes.Equal(draw(), draw()) {
		t.Error("two files of one page differ")
	}
}

func TestPDFRefuses(t *testing.T) {
	if err := NewPDF(io.Discard, Meta{}).Close(); err == nil {
		t.Error("a PDF without pages is closed")
	}
	other, err := LoadFonts("")
	if err != nil {
		t.Fatal(err)
	}
	d := NewPDF(io.Discard, Meta{})
	if err := d.Add(NewPage(fonts(t), 10, 10)); err != nil {
		t.Fatal(err)
	}
	if err := d.Add(NewPage(other, 10, 10)); err == nil {
		t.Error("pages of two sets of fonts are taken")
	}
	if err := NewPDF(failing{}, Meta{}).Add(NewPage(nil, 10, 10)); err == nil {
		t.Error("a writer's error is lost")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// Both backends show the same.
func TestPDFLooksLikeThePicture(t *testing.T) {
	p := NewPage(fonts(t), 100, 100)
	p.Text(Box(10, 10, 90, 60), Style{Size: 6, Align: Justify}, Span{Text: persianText})
	p.Fill(new(Path).Stadium(Box(20, 70, 60, 90)).Hole(new(Path).Ellipse(Box(30, 72, 50, 88))), Ink(0.6))
	out := filepath.Join(t.TempDir(), "y")
	tool(t, "pdftoppm", "-r", "254", "-gray", "-singlefile", "-x", "0", "-y", "0", "-W", "1000", "-H", "1000", pdf(t, p), out)
	b, err := os.ReadFile(out + ".pgm")
	if err != nil {
		t.Fatal(err)
	}
	want := gray(t, p, 254)
	pix := b[len(b)-len(want.Pix):] // a PGM is a short head and the pixels
	sum := 0.0
	for i, v := range pix {
		sum += math.Abs(float64(v) - float64(want.Pix[i]))
	}
	// Poppler draws a little bolder: its edges differ by up to a quarter of a pixel.
	if mean := sum / float64(len(pix)); mean > 2.5 {
		t.Errorf("the PDF differs from the picture by %.2f of 255 on average", mean)
	}
}

func TestQRIsRead(t *testing.T) {
	const text = "BK1/0000000174/8F265CA8/1"
	for _, dpi := range []float64{150, 200, 300} {
		p := NewPage(nil, 40, 40)
		p.QR(Box(10, 10, 30, 30), text)
		bitmap, err := gozxing.NewBinaryBitmapFromImage(gray(t, p, dpi))
		if err != nil {
			t.Fatal(err)
		}
		got, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
		if err != nil || got.GetText() != text {
			t.Errorf("%v dpi: read %v, %v", dpi, got, err)
		}
	}
	p := NewPage(nil, 40, 40)
	p.QR(Box(10, 10, 30, 30), strings.Repeat("x", 5000))
	if p.Err() == nil {
		t.Error("a text too long for any QR code is taken")
	}
}

// Many goroutines may set text with the same fonts and draw the same page.
func TestFontsAreShared(t *testing.T) {
	f := fonts(t)
	base := NewPage(f, 50, 50)
	base.Text(Box(5, 5, 45, 20), Style{Size: 4}, Span{Text: "مشترک"})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			p := NewPage(f, 50, 50)
			p.Use(base)
			p.Text(Box(5, 20, 45, 45), Style{Size: 3}, Span{Text: strings.Repeat("نام ", i+1)})
			if _, err := p.Gray(72); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
