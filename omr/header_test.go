package omr

import (
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"testing"
	"time"

	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
	"bargkhan/sheets/print"
)

// header is the header sheet of s as a clean scan.
func header(t testing.TB, s sheets.Stack, dpi omrtest.DPI) *image.Gray {
	t.Helper()
	d, err := sheets.Layout(sheets.Description{ID: "header-paper", Blocks: []sheets.Block{{Title: "یک", Questions: 5}}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := print.Header(d, s, "آزمون سراسری", "1405/06/12", nil)
	if err != nil {
		t.Fatal(err)
	}
	img, err := p.Gray(float64(dpi))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// A header sheet is known however it was fed and whatever the scanner did to it, and
// is no answer sheet.
func TestHeader(t *testing.T) {
	long := sheets.Stack{Session: "mazandaran-1405-3", Venue: "بابل، دانشگاه صنعتی نوشیروانی، تالار ۲", Number: 117, Sheets: 48, End: true}
	short := sheets.Stack{Session: "x", Number: 1}
	for _, dpi := range []omrtest.DPI{100, 150, 200, 300} {
		for name, spoil := range map[string]omrtest.Spoil{
			"clean": nil, "scanned": omrtest.Scanned(), "upside down": omrtest.Turn(2), "sideways": omrtest.Turn(1), "jpeg": omrtest.JPEG(40),
			"bilevel": omrtest.Bilevel(128), "tilted": omrtest.Skew(3), "pale": omrtest.Contrast(0.35), "streak": omrtest.Streak(0.5, 3, 40),
		} {
			if dpi != 150 && name != "clean" && name != "scanned" {
				continue
			}
			for _, want := range []sheets.Stack{long, short} {
				if want == short && name != "clean" {
					continue
				}
				t.Run(fmt.Sprintf("%.0f dpi %s %d", float64(dpi), name, want.Number), func(t *testing.T) {
					img := header(t, want, dpi)
					if spoil != nil {
						img = spoil(img, rand.New(rand.NewPCG(1, 2)))
					}
					p := page.Page{Img: img, DPI: float64(dpi)}
					var back *Reject
					if _, err := (&Reader{}).Read(t.Context(), p); !errors.As(err, &back) || back.Reason != NoAnchors {
						t.Errorf("reading it says %v, want %v", err, NoAnchors)
					}
					if got, ok := Header(p); !ok || got != want {
						t.Errorf("got %+v, %v; want %+v", got, ok, want)
					}
				})
			}
		}
	}
}

// What is no header is none, and looking at it ends soon.
func TestNoHeader(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	noise := image.NewGray(image.Rect(0, 0, 2480, 3508))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(rng.Uint32())
	}
	crowd := image.NewGray(noise.Rect) // nothing but corners of codes
	for y := range 3508 {
		for x := range 2480 {
			d := max(abs(x%70-35), abs(y%70-35)) / 5
			if d == 2 || d > 3 {
				crowd.Pix[y*crowd.Stride+x] = 255
			}
		}
	}
	torn := header(t, sheets.Stack{Session: "x", Venue: "ساری", Number: 3, Sheets: 40}, 150)
	for y := torn.Rect.Dy() * 38 / 100; y < torn.Rect.Dy()/2; y++ {
		clear(torn.Pix[y*torn.Stride : (y+1)*torn.Stride])
	}
	for name, img := range map[string]*image.Gray{
		"nothing": nil, "tiny": image.NewGray(image.Rect(0, 0, 30, 30)), "noise": noise, "crowd": crowd, "half its code is covered": torn,
		"text": omrtest.DPI(300).TextPage(210, 297, rng), "white": omrtest.DPI(150).Paper(210, 297),
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			if got, ok := Header(page.Page{Img: img, DPI: 300}); ok {
				t.Errorf("taken for the header %+v", got)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func abs(n int) int { return max(n, -n) }
