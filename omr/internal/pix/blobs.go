package pix

import "image"

// A Blob is a connected dark figure.
type Blob struct {
	Box    image.Rectangle
	Area   int      // pixels
	Center Point    // of gravity
	Far    [4]Point // its farthest pixels towards top left, top right, bottom right, bottom left
}

// Figures finds blobs. Its memory serves one picture after the other; the zero Figures
// is ready.
type Figures struct {
	runs    []run
	figures []figure
	limit   []uint8
	line    []uint8
	white   []float64
	blobs   []Blob
}

// maxRuns bounds the work on a picture that is all specks: a page of dense text at
// 100 dpi has 60,000.
const maxRuns = 1 << 20

// limitBlock is the side in pixels of a block with one limit of darkness: paper changes
// slower.
const limitBlock = 8

// Blobs finds the dark figures of img whose box is from least to most pixels long
// and high, in the order of their first rows. Dark is what is darker than ratio of
// the paper around it. On a picture of too many specks it finds none. The blobs are
// good until the next call.
func (f *Figures) Blobs(img *image.Gray, paper *Paper, ratio float64, least, most int) []Blob {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	nx, ny := (w+limitBlock-1)/limitBlock, (h+limitBlock-1)/limitBlock
	f.limit, f.line = sized(f.limit, nx*ny), sized(f.line, w)
	f.white = sized(f.white, nx)
	for j := range ny {
		paper.row(float64(j*limitBlock), limitBlock, f.white)
		for i, white := range f.white {
			f.limit[j*nx+i] = uint8(min(max(ratio*white, 0), 255))
		}
	}
	f.runs = f.runs[:0]
	for y := 0; y < h; {
		if cap(f.runs)-len(f.runs) <= w/2+1 {
			f.runs = append(make([]run, 0, 2*cap(f.runs)+1<<15+w), f.runs...)
		}
		y = f.more(img, nx, y)
		if len(f.runs) > maxRuns {
			return nil
		}
	}
	f.gather(least, most)
	f.blobs = f.blobs[:0]
	for i := range f.figures {
		f.blobs = append(f.blobs, blob(&f.figures[i]))
	}
	return f.blobs
}

// blob is a figure as callers see it.
func blob(g *figure) Blob {
	b := Blob{Box: image.Rect(int(g.x0), int(g.y0), int(g.x1), int(g.y1)), Area: int(g.area)}
	b.Center = Point{X: float64(g.cx) / 2, Y: float64(g.cy) / 2}.Mul(1 / float64(g.area))
	for k, p := range g.far {
		b.Far[k] = Point{X: float64(p[0]) / 2, Y: float64(p[1]) / 2}
	}
	return b
}
