package page

import (
	"image"
	"runtime"
	"sync"
)

// Memory that was given back and is to be used again: of pictures, and of the bytes of
// files. A page of A4 at 200 dpi is 3.9 MB: to have so much mapped and cleared anew
// for each page costs as much as reading its stamp, and two threads that do it wait for
// one another in the kernel.
var pictures, files store

// A store lends memory whose bytes are those of its last use. It is safe for
// concurrent use. (A sync.Pool keeps some for each of Go's places to run, and so twice as much.)
type store struct {
	lock sync.Mutex
	free [][]byte // the last that was given back last: it is still close to the processor
}

// spare is how many times as large as it need be memory may be that is lent: beyond, one
// poster would hold its memory for all the letters after it.
const spare = 4

// take lends n bytes.
func (s *store) take(n int) []byte {
	if b := s.last(); cap(b) >= n && cap(b)/spare <= n {
		return b[:n]
	}
	return make([]byte, n)
}

// last takes out what was given back last; nil if there is none.
func (s *store) last() []byte {
	s.lock.Lock()
	defer s.lock.Unlock()
	n := len(s.free)
	if n == 0 {
		return nil
	}
	b := s.free[n-1]
	s.free[n-1], s.free = nil, s.free[:n-1]
	return b
}

// back takes memory back that nobody looks at any more. What lies there is as much as was
// ever lent at a time, and no more than one for each of Go's places to run.
func (s *store) back(b []byte) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if len(s.free) < runtime.GOMAXPROCS(0) {
		s.free = append(s.free, b)
	}
}

// newGray is a w×h picture whose pixels are whatever they were: who asks for it
// writes every one of them, or gives an error instead.
func newGray(w, h int) *image.Gray {
	return &image.Gray{Pix: pictures.take(w * h), Stride: w, Rect: image.Rect(0, 0, w, h)}
}

// free gives the memory of a picture of newGray back. img is empty from then on.
func free(img *image.Gray) {
	if b := img.Pix; b != nil {
		*img = image.Gray{}
		pictures.back(b)
	}
}

// Free gives the memory of p's picture back, for a page that is decoded later. Nobody has
// to: what is not given back is the garbage collector's. The picture is empty from then
// on in every copy of p, so that who looks at it too late sees no picture, and never that
// of another page; but a SubImage of it, or a slice of its Pix, must not be kept. Free does nothing to a page that
// has no picture any more, or one that was not decoded here.
func (p Page) Free() {
	if p.lent && p.Img != nil {
		if p.small != nil && p.small.from == p.Img { // and not of a page that has its memory by now
			p.small.free()
		}
		free(p.Img)
	}
}
