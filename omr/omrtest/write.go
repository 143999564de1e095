package omrtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"math"
)

// EncodeJPEG writes img as a grey JPEG of quality q that says its resolution.
func EncodeJPEG(img *image.Gray, q int, dpi DPI) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: q}); err != nil {
		panic("omrtest: " + err.Error()) // a bytes.Buffer takes everything
	}
	return WithJFIF(b.Bytes(), int(math.Round(float64(dpi))), int(math.Round(float64(dpi))))
}

// WithJFIF returns the JPEG data with a JFIF header that says x by y dots to the
// inch.
func WithJFIF(data []byte, x, y int) []byte {
	h := []byte{0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 2, 1, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(h[14:], uint16(x))
	binary.BigEndian.PutUint16(h[16:], uint16(y))
	return append(h, data[2:]...)
}

// WithExif returns the JPEG data with an Exif header that says its orientation, 1
// to 8.
func WithExif(data []byte, orientation int) []byte {
	h := []byte{0xFF, 0xD8, 0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0,
		'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, byte(orientation), 0, 0, 0, 0, 0, 0}
	return append(h, data[2:]...)
}

// EncodePNG writes img, of any depth and colour that Go knows, with its
// resolution; 0 leaves that out.
func EncodePNG(img image.Image, dpi DPI) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic("omrtest: " + err.Error())
	}
	if dpi == 0 {
		return b.Bytes()
	}
	perMetre := uint32(math.Round(float64(dpi) / 0.0254))
	phys := binary.BigEndian.AppendUint32(nil, perMetre)
	phys = append(binary.BigEndian.AppendUint32(phys, perMetre), 1)
	const head = 8 + 25 // signature and IHDR
	out := append([]byte(nil), b.Bytes()[:head]...)
	out = append(out, PNGChunk("pHYs", phys)...)
	return append(out, b.Bytes()[head:]...)
}

// PNGChunk is a chunk of a PNG file.
func PNGChunk(name string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, name...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// A PDFPage is one page of a scanner's PDF: pictures one below the other, each
// as wide as the page.
type PDFPage struct {
	Strips []PDFStrip
	DPI    DPI
	Rotate int    // as the page says: a multiple of 90, clockwise
	Extra  string // more operators for its content
}

// A PDFStrip is one picture, coded.
type PDFStrip struct {
	Width, Height int
	Dict          string // of the picture but for its size: "/Filter /DCTDecode …"
	Data          []byte
}

// EncodePDF writes a PDF of JPEG pages, as copiers do.
func EncodePDF(pages []*image.Gray, q int, dpi DPI) []byte {
	var ps []PDFPage
	for _, img := range pages {
		ps = append(ps, PDFPage{DPI: dpi, Strips: []PDFStrip{{
			Width: img.Rect.Dx(), Height: img.Rect.Dy(), Data: EncodeJPEG(img, q, dpi),
			Dict: "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode",
		}}})
	}
	return BuildPDF(ps)
}

// BuildPDF writes a PDF of any pictures.
func BuildPDF(pages []PDFPage) []byte {
	w := pdfWriter{objects: make([]int, 3)} // 1 is the catalog, 2 the list of pages
	w.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	var kids []byte
	for _, p := range pages {
		kids = fmt.Appendf(kids, "%d 0 R ", w.page(p))
	}
	w.object(1, "<</Type /Catalog /Pages 2 0 R>>")
	w.object(2, fmt.Sprintf("<</Type /Pages /Count %d /Kids [%s]>>", len(pages), kids))
	start := w.Len()
	fmt.Fprintf(&w, "xref\n0 %d\n0000000000 65535 f \n", len(w.objects))
	for _, at := range w.objects[1:] {
		fmt.Fprintf(&w, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&w, "trailer\n<</Size %d /Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(w.objects), start)
	return w.Bytes()
}

type pdfWriter struct {
	bytes.Buffer
	objects []int // where each stands
}

func (w *pdfWriter) object(n int, body string) {
	w.objects[n] = w.Len()
	fmt.Fprintf(w, "%d 0 obj\n%s\nendobj\n", n, body)
}

func (w *pdfWriter) add(body string) int {
	w.objects = append(w.objects, 0)
	w.object(len(w.objects)-1, body)
	return len(w.objects) - 1
}

func (w *pdfWriter) page(p PDFPage) int {
	k := 72 / float64(p.DPI)
	total := 0
	for _, s := range p.Strips {
		total += s.Height
	}
	var names, content string
	y := float64(total) * k
	wide := 0.0
	for i, s := range p.Strips {
		y -= float64(s.Height) * k
		wide = max(wide, float64(s.Width)*k)
		id := w.add(fmt.Sprintf("<</Type /XObject /Subtype /Image /Width %d /Height %d %s /Length %d>>\nstream\n%s\nendstream",
			s.Width, s.Height, s.Dict, len(s.Data), s.Data))
		names += fmt.Sprintf("/Im%d %d 0 R ", i, id)
		content += fmt.Sprintf("q %.4f 0 0 %.4f 0 %.4f cm /Im%d Do Q\n", float64(s.Width)*k, float64(s.Height)*k, y, i)
	}
	content += p.Extra
	c := w.add(fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(content), content))
	return w.add(fmt.Sprintf("<</Type /Page /Parent 2 0 R /MediaBox [0 0 %.4f %.4f] /Rotate %d /Resources <</XObject <<%s>>>> /Contents %d 0 R>>",
		wide, float64(total)*k, p.Rotate, names, c))
}
