package typeset

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A page that is used turned and scaled lies where it should, in both backends.
func TestUseAs(t *testing.T) {
	q := NewPage(nil, 60, 40)
	q.Rect(Box(10, 10, 20, 15), Color{})
	tests := []struct {
		name           string
		scale, degrees float64
		want           Rect
	}{
		{"as it is", 1, 0, Box(10, 10, 20, 15)},
		{"half", 0.5, 0, Box(20, 15, 25, 17.5)},
		{"upside down", 1, 180, Box(40, 25, 50, 30)},
		{"a quarter", 1, 90, Box(35, 0, 40, 10)}, // clockwise about 30, 20
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := NewPage(nil, 60, 40)
			p.UseAs(q, tt.scale, tt.degrees)
			got := inkBox(gray(t, p, 254), 254)
			if math.Abs(got.Min.X-tt.want.Min.X)+math.Abs(got.Min.Y-tt.want.Min.Y)+math.Abs(got.Max.X-tt.want.Max.X)+math.Abs(got.Max.Y-tt.want.Max.Y) > 0.3 {
				t.Errorf("the ink is in %v, want %v", got, tt.want)
			}
			out := filepath.Join(t.TempDir(), "x")
			tool(t, "pdftoppm", "-r", "254", "-gray", "-png", "-singlefile", pdf(t, p), out)
			b, err := os.ReadFile(out + ".png")
			if err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			c := tt.want.Center()
			if v, _, _, _ := img.At(int(c.X*10), int(c.Y*10)).RGBA(); v > 0x3000 {
				t.Errorf("the PDF has nothing at %v", c)
			}
			if v, _, _, _ := img.At(int((tt.want.Min.X-1)*10), int(c.Y*10)).RGBA(); tt.want.Min.X > 1 && v < 0xc000 {
				t.Errorf("the PDF has ink left of %v", tt.want)
			}
		})
	}
}

func pngBytes(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A picture is drawn in its proportions, in the middle of its box; what is
// transparent in it is paper.
func TestPicture(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 20, 10))
	for y := range 10 {
		for x := range 10 {
			img.Set(x, y, color.NRGBA{200, 0, 0, 255})
		}
	}
	pic, err := DecodePNG(pngBytes(t, img))
	if err != nil {
		t.Fatal(err)
	}
	p := NewPage(nil, 50, 50)
	p.Picture(Box(10, 10, 30, 30), pic)
	got, err := p.RGBA(254)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		x, y int // in tenths of mm
		want color.RGBA
	}{
		{150, 200, color.RGBA{200, 0, 0, 255}}, {250, 200, color.RGBA{255, 255, 255, 255}}, {150, 140, color.RGBA{255, 255, 255, 255}}, {150, 260, color.RGBA{255, 255, 255, 255}},
	} {
		if v := got.RGBAAt(tt.x, tt.y); v != tt.want {
			t.Errorf("at %d, %d: %v, want %v", tt.x, tt.y, v, tt.want)
		}
	}
	if out := tool(t, "qpdf", "--check", pdf(t, p, p)); strings.Contains(out, "WARNING") {
		t.Error(out)
	}
	if out := tool(t, "pdfimages", "-list", pdf(t, p)); !strings.Contains(out, "20    10") {
		t.Errorf("the picture is not in the file:\n%s", out)
	}
	for name, bad := range map[string][]byte{"nothing": nil, "torn": pngBytes(t, img)[:50], "huge": hugePNG(t)} {
		if _, err := DecodePNG(bad); err == nil {
			t.Errorf("%s: it is decoded", name)
		}
	}
}

// hugePNG says it has many more pixels than it has bytes.
func hugePNG(t *testing.T) []byte {
	return pngBytes(t, image.NewPaletted(image.Rect(0, 0, 4000, 1100), color.Palette{color.White}))
}

func TestSVG(t *testing.T) {
	tests := []struct {
		name, svg string
		area      float64 // mm² of ink in a box of 10 by 10 mm
	}{
		{"rect", `<svg viewBox="0 0 100 100"><rect x="10" y="20" width="50" height="30"/></svg>`, 15},
		{"no viewBox", `<svg width="100px" height="100"><circle cx="50" cy="50" r="30"/></svg>`, math.Pi * 9},
		{"polygon", `<svg viewBox="0 0 100 100"><polygon points="0,0 100,0 100,100"/></svg>`, 50},
		{"path", `<svg viewBox="0 0 100 100"><path d="M10,10h80v80H10z"/></svg>`, 64},
		{"two figures, relative", `<svg viewBox="0 0 100 100"><path d="m10 10 20 0 0 20 -20 0zm40 0 20 0 0 20-20 0z"/></svg>`, 8},
		{"hole", `<svg viewBox="0 0 100 100"><path d="M0 0L100 0 100 100 0 100Z M20 20L20 80 80 80 80 20Z"/></svg>`, 64},
		{"curves", `<svg viewBox="0 0 100 100"><path d="M0 50C0 22.4 22.4 0 50 0S100 22.4 100 50 77.6 100 50 100 0 77.6 0 50"/></svg>`, 78.6},
		{"quadratic", `<svg viewBox="0 0 100 100"><path d="M0 0Q50 100 100 0z"/></svg>`, 100.0 / 3},
		{"group", `<svg viewBox="0 0 100 100"><g transform="translate(10 10) scale(2)"><rect width="20" height="20"/></g></svg>`, 16},
		{"rotate", `<svg viewBox="0 0 100 100"><rect x="40" y="10" width="20" height="80" transform="rotate(90 50 50)"/></svg>`, 16},
		{"matrix", `<svg viewBox="0 0 100 100"><rect width="10" height="10" transform="matrix(2 0 0 3 5 5)"/></svg>`, 6},
		{"style", `<svg viewBox="0 0 100 100"><title>x</title><defs/><rect width="100" height="50" style="fill:#808080;stroke:none"/></svg>`, 50 * 127.0 / 255},
		{"none", `<svg viewBox="0 0 100 100"><rect width="100" height="50" fill="none"/><rect width="10" height="10"/></svg>`, 1},
		{"shifted view", `<svg viewBox="-50 -50 100 100"><ellipse rx="20" ry="10"/></svg>`, math.Pi * 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			art, err := ParseSVG([]byte(tt.svg))
			if err != nil {
				t.Fatal(err)
			}
			p := NewPage(nil, 20, 20)
			p.Drawing(Box(5, 5, 15, 15), art)
			sum, _, _ := ink(gray(t, p, 254))
			if got := sum / 100; math.Abs(got-tt.area)/tt.area > 0.01 {
				t.Errorf("area %.2f mm², want %.2f", got, tt.area)
			}
		})
	}
}

// What would be drawn otherwise than meant is refused by its name.
func TestSVGRefuses(t *testing.T) {
	for svg, want := range map[string]string{
		`<svg viewBox="0 0 9 9"><text>x</text></svg>`:                                   "<text>",
		`<svg viewBox="0 0 9 9"><image href="x"/></svg>`:                                "<image>",
		`<svg viewBox="0 0 9 9"><rect width="1" height="1" stroke="black"/></svg>`:      "stroke",
		`<svg viewBox="0 0 9 9"><rect width="1" height="1" fill="url(#a)"/></svg>`:      "url(#a)",
		`<svg viewBox="0 0 9 9"><rect width="1" height="1" opacity="0.5"/></svg>`:       "opacity",
		`<svg viewBox="0 0 9 9"><rect width="1" height="1" clip-path="url(#a)"/></svg>`: "clip-path",
		`<svg viewBox="0 0 9 9"><path d="M0 0A1 1 0 0 1 2 2"/></svg>`:                   "'A'",
		`<svg viewBox="0 0 9 9"><path d="L0 0"/></svg>`:                                 "'L'",
		`<svg viewBox="0 0 9 9"><path fill-rule="evenodd" d="M0 0h1v1z"/></svg>`:        "fill-rule",
		`<svg viewBox="0 0 9 9"><defs><linearGradient/></defs></svg>`:                   "linearGradient",
		`<svg viewBox="0 0 9 9"><style>rect{fill:red}</style></svg>`:                    "<style>",
		`<svg viewBox="0 0 9 9"><g transform="skewX(3)"></g></svg>`:                     "skewX",
		`<svg viewBox="0 0 9 9"><svg/></svg>`:                                           "inside another",
		`<svg viewBox="0 0 9 9"><rect width="50%" height="1"/></svg>`:                   "50%",
		`<svg viewBox="0 0 9 9"/>`:                                                      "draws nothing",
		`<svg><rect width="1" height="1"/></svg>`:                                       "no size",
		`<svg viewBox="0 0 9 9"><rect`:                                                  "SVG",
		`<svg viewBox="0 0 9 9"><polygon points="1 2 3"/></svg>`:                        "polygon",
		`<svg viewBox="0 0 9 9"><rect width="1" height="1" fill="hsl(1,2,3)"/></svg>`:   "hsl",
	} {
		if _, err := ParseSVG([]byte(svg)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", svg, err)
		}
	}
}

func FuzzParseSVG(f *testing.F) {
	f.Add([]byte(`<svg viewBox="0 0 100 100"><g transform="rotate(3)"><path d="M1-1.5e1.5L2 2Q1 1 2 2t3 3zs1 2 3 4"/></g></svg>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		art, err := ParseSVG(data)
		if err != nil || len(data) > 4096 {
			return
		}
		p := NewPage(nil, 20, 20)
		p.Drawing(Box(5, 5, 15, 15), art)
		if _, err := p.Gray(30); err != nil {
			t.Error(err)
		}
	})
}
