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
	columns []between
	blobs   []Blob
}

// maxRuns bounds the work on a picture that is all specks: a page of dense text at
// 100 dpi has 60,000.
const maxRuns = 1 << 20

// limitBlock is the side in pixels of a block with one limit of darkness: paper is known
// for tiles twice as large.
const limitBlock = 16

// Blobs finds the dark figures of img whose box is from least to most pixels long
// and high, in the order of their first rows. Dark is what is darker than ratio of
// the paper around it. On a picture of too many specks it finds none. The blobs are
// good until the next call.
func (f *Figures) Blobs(img *image.Gray, paper *Paper, ratio float64, least, most int) []Blob {
	f.blobs = f.blobs[:0]
	f.within(img, paper, img.Rect, ratio, least, most)
	return f.blobs
}

// BlobsIn is Blobs for figures that lie in one of some parts of img, part by part. What
// touches a part's border inside the picture may go on beyond it, and is left out.
func (f *Figures) BlobsIn(parts []image.Rectangle, img *image.Gray, paper *Paper, ratio float64, least, most int) []Blob {
	f.blobs = f.blobs[:0]
	for _, r := range parts {
		r.Min.X, r.Min.Y = r.Min.X/limitBlock*limitBlock, r.Min.Y/limitBlock*limitBlock // the blocks of Blobs
		f.within(img, paper, r.Intersect(img.Rect), ratio, least, most)
	}
	return f.blobs
}

// within appends the figures of a part of img to f.blobs.
func (f *Figures) within(img *image.Gray, paper *Paper, r image.Rectangle, ratio float64, least, most int) {
	w := r.Dx()
	nx, ny := (w+limitBlock-1)/limitBlock, (r.Dy()+limitBlock-1)/limitBlock
	f.limit, f.line = sized(f.limit, nx*ny), sized(f.line, w+limitBlock)
	f.white, f.columns = sized(f.white, nx), sized(f.columns, nx)
	paper.between(r.Min.X+limitBlock/2, limitBlock, f.columns)
	for j := range ny {
		paper.row(float64(r.Min.Y+j*limitBlock+limitBlock/2), f.columns, f.white)
		for i, white := range f.white {
			f.limit[j*nx+i] = uint8(min(max(ratio*white, 0), 255))
		}
	}
	f.runs = f.runs[:0]
	for y := r.Min.Y; y < r.Max.Y; {
		if cap(f.runs)-len(f.runs) <= w/2+1 {
			f.runs = append(make([]run, 0, 2*cap(f.runs)+1<<15+w), f.runs...)
		}
		y = f.more(img, r, nx, y)
		if len(f.runs) > maxRuns {
			return
		}
	}
	f.gather(least, most)
	for i := range f.figures {
		if b := blob(&f.figures[i]); b.Box.Intersect(inner(r, img.Rect)) == b.Box {
			f.blobs = append(f.blobs, b)
		}
	}
}

// inner is r without its border where that is not the border of all.
func inner(r, all image.Rectangle) image.Rectangle {
	in := r.Inset(1)
	if r.Min.X == all.Min.X {
		in.Min.X--
	}
	if r.Min.Y == all.Min.Y {
		in.Min.Y--
	}
	if r.Max.X == all.Max.X {
		in.Max.X++
	}
	if r.Max.Y == all.Max.Y {
		in.Max.Y++
	}
	return in
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
