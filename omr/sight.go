package omr

import (
	"fmt"
	"image"
	"math"
	"sync"

	"bargkhan/omr/internal/pix"
	"bargkhan/omr/page"
	"bargkhan/sheets/geom"
)

// Shorthands for the two spaces.
type (
	mm    = geom.Point[geom.Paper]
	px    = geom.Point[geom.Pixel]
	place = geom.Map[geom.Paper, geom.Pixel]
)

// A sight is one page while it is being read: the scan, a reduced copy to search
// in, and the brightness of its paper.
type sight struct {
	img     *image.Gray
	dpi     float64
	bilevel bool // one bit a pixel, whatever the file says
	clipped bool // the paper is as white as can be
	small   *image.Gray
	k       int // img is k times as large as small
	paper   *pix.Paper
	mem     *memory
}

// A memory is what reading a page needs besides the page. It serves one page after
// the other; nothing of it is in a Reading, and nothing in it outlives a page's reading
// but its size.
type memory struct {
	reduced pix.Reduced
	white   pix.Paper
	lines   pix.Lines
	where   pix.Where
	figures pix.Figures
	stencil pix.Stencil // to search with
	climbs  []pix.Climb // of each bubble
	knots   knots
	values  []float64   // samples of a bubble
	probes  []probes    // of each shape
	places  []pix.Place // of each bubble
	looks   []pix.Look  // at each bubble
	hidden  []uint8     // which of the places in one lie on a line
	steps   []mm        // places beside one another
	profile []float64   // brightness along a way
	off     []mm        // of the ticks at one side
	ok      []bool      // and whether they were found
	hits    []hit
	darks   []float64 // of rings around many bubbles
	known   known     // of the last design
	inside  []uint8   // how dark each place in each bubble is, where letters are printed
	starts  []int32   // where in inside those of each bubble begin
	blanks  []int32   // and those of the blanks with one letter
	letter  []uint8   // what a letter looks like, and what its places weigh
}

var memories = sync.Pool{New: func() any { return new(memory) }}

// SearchSide bounds the longer side of the picture that anchors are searched in:
// 130 dpi for A4, eight pixels a module of a marker, and a tenth of the time that
// a scan of 300 dpi would take. Pages that are decoded with it as page.Limits.Reduce
// are read as any others, and sooner.
const SearchSide = 1500

// Limits of a picture that is looked at, in pixels. Below the least no bubble of a
// whole sheet has ten pixels; the most is a page of A3 at 1200 dpi.
const (
	leastSide = 400
	mostSide  = 20000
)

// What the tones of a scan say of what it shows.
const (
	leastGrey = 0.002 // of the pixels: fewer has none but a scan of black and white. One of text in greys has ten times as many
	mostWhite = 0.15  // and more has none but a scan that makes paper white. Paper as it is, with its grain, has 0.06 in the brightest scan measured
)

// look prepares p, in m.
func look(p page.Page, m *memory) (*sight, error) {
	if p.Img == nil || p.Img.Rect.Empty() {
		return nil, reject(Undecoded, "the page holds no picture: scan it again")
	}
	s := &sight{img: pix.Origin(p.Img), dpi: p.DPI, mem: m}
	w, h := s.img.Rect.Dx(), s.img.Rect.Dy()
	if max(w, h) < leastSide || min(w, h) < leastSide/4 {
		return nil, reject(TooSmall, "the picture has %d×%d pixels: scan with 200 dpi or more", w, h)
	}
	if max(w, h) > mostSide {
		return nil, reject(Undecoded, "the picture has %d×%d pixels, more than the %d a side that are looked at", w, h, mostSide)
	}
	small, k := p.Reduced(), (max(w, h)+SearchSide-1)/SearchSide
	if small == nil || small.K != k {
		small = &m.reduced
		small.Of(s.img, k)
	}
	s.search(small)
	grey, white := small.Tones()
	s.bilevel = p.Bits == 1 || grey < leastGrey
	s.clipped = white > mostWhite
	return s, nil
}

// reduce makes the picture to search in k times smaller than the scan.
func (s *sight) reduce(k int) {
	s.mem.reduced.Of(s.img, max(k, 1))
	s.search(&s.mem.reduced)
}

// search sets the picture to search in.
func (s *sight) search(in *pix.Reduced) {
	s.k, s.small = in.K, s.img
	if s.k > 1 {
		s.small = &in.Img
	}
	s.paper = pix.PaperOf(s.small, &s.mem.white)
}

// full carries a place in the small picture to the scan.
func (s *sight) full(p px) px { return p.Mul(float64(s.k)) }

// reduced carries a place in the scan to the small picture.
func (s *sight) reduced(p px) px { return p.Mul(1 / float64(s.k)) }

// white is the brightness of paper at a place in the scan.
func (s *sight) white(p px) float64 { return s.paper.At(s.reduced(p)) }

// density is the pixels a mm at q, along and across the lines of text.
func density(l pix.Lens) (x, y float64) {
	return math.Sqrt(l.XX*l.XX + l.YX*l.YX), math.Sqrt(l.XY*l.XY + l.YY*l.YY)
}

// reject makes a Reject with its detail.
func reject(why Reason, format string, args ...any) *Reject {
	return &Reject{Reason: why, Detail: fmt.Sprintf(format, args...)}
}
