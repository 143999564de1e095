package typeset

import (
	"fmt"

	"github.com/boombuler/barcode/qr"
)

// quiet is the white border of a QR code in modules, as ISO/IEC 18004 asks.
const quiet = 4

// QR draws text as a QR code in box, which must be a square and holds the code's
// quiet zone too. A quarter of the code may be lost (level Q).
func (p *Page) QR(box Rect, text string) {
	code, err := qr.Encode(text, qr.Q, qr.Auto)
	if err != nil {
		p.fail(fmt.Errorf("typeset: no QR code holds %q: %w", text, err))
		return
	}
	n := code.Bounds().Dx()
	module := min(box.W(), box.H()) / float64(n+2*quiet)
	black := func(x, y int) bool {
		r, _, _, _ := code.At(x, y).RGBA()
		return r < 0x8000
	}
	path := new(Path)
	for y := range n {
		for x := 0; x < n; x++ {
			from := x
			for x < n && black(x, y) {
				x++
			}
			if x > from {
				at := Point{X: box.Min.X + float64(quiet+from)*module, Y: box.Min.Y + float64(quiet+y)*module}
				path.Rect(Rect{Min: at, Max: at.Add(Point{X: float64(x-from) * module, Y: module})})
			}
		}
	}
	p.Fill(path, Color{})
}
