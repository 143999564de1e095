package pix

import "image"

// A Paper is how bright unprinted paper is all over a picture, from tiles.
type Paper struct {
	tile       float64
	cols, rows int
	white      []float64
	White      float64 // of the whole picture: its bright tiles

	raw, bright, line []float64
	band              []uint8
}

// paperTiles is the number of tiles along the longer side: seven millimetres of an
// A4 page each, which holds some paper wherever people print or write, and is small
// beside the shadow of a fold or of a lamp.
const paperTiles = 40

// tileShare is the share of a tile's pixels that its paper is brighter than: a fifth
// of the densest print is paper.
const tileShare = 0.8

// PaperOf measures img. into may be nil, or a Paper that is no longer needed, whose
// memory is then used.
func PaperOf(img *image.Gray, into *Paper) *Paper {
	p := into
	if p == nil {
		p = &Paper{}
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	t := max((max(w, h)+paperTiles-1)/paperTiles, 1)
	p.tile, p.cols, p.rows = float64(t), (w+t-1)/t, (h+t-1)/t
	n := p.cols * p.rows
	p.raw, p.bright, p.white = sized(p.raw, n), sized(p.bright, n), sized(p.white, n)
	p.line, p.band = sized(p.line, p.cols), sized(p.band, p.cols+2*w)
	for ty := range p.rows {
		p.measure(img, ty, t, min(ty*t+t, h))
	}
	p.White = max(upper(p.raw), 1)
	p.spread()
	return p
}

// sparse is the side of a tile from which not every pixel of it is looked at. Of smaller
// tiles every second row is: 450 pixels of the usual 30×30 say as much as all.
const sparse, every = 48, 2

// measure looks at one row of tiles, down to row y1.
func (p *Paper) measure(img *image.Gray, ty, t, y1 int) {
	w, raw := img.Rect.Dx(), p.raw[ty*p.cols:][:p.cols]
	if t < sparse {
		white := p.band[:p.cols]
		quantiles(img, ty*t, y1, every, t, tileShare, white, p.band[p.cols:])
		for i, v := range white {
			raw[i] = float64(v)
		}
		return
	}
	for tx := range raw {
		raw[tx] = tileWhite(img, tx*t, ty*t, min(tx*t+t, w), y1)
	}
}

// tileWhite is the paper of one large tile.
func tileWhite(img *image.Gray, x0, y0, x1, y1 int) float64 {
	var hist [256]int
	step := max((x1-x0)/(sparse/2), 1)
	for y := y0; y < y1; y += step {
		row := img.Pix[y*img.Stride:]
		for x := x0; x < x1; x += step {
			hist[row[x]]++
		}
	}
	return float64(quantile(&hist, tileShare))
}

// quantile is the brightness below which the share q of hist lies.
func quantile(hist *[256]int, q float64) int {
	total := 0
	for _, n := range hist {
		total += n
	}
	limit, sum := int(q*float64(total)), 0
	for i, n := range hist {
		if sum += n; sum > limit {
			return i
		}
	}
	return 255
}

// upper is what a tenth of the values exceed.
func upper(values []float64) float64 {
	var hist [256]int
	for _, v := range values {
		hist[int(v)]++
	}
	return float64(quantile(&hist, 0.9))
}

// spread gives each tile the brightest of its neighbourhood, so that a tile full of
// print still knows its paper, and then evens out. No tile is taken to be darker than
// half the page: that is not paper but what lies beside it.
func (p *Paper) spread() {
	line := p.line
	for y := range p.rows {
		up, row, down := p.beside(p.raw, y)
		for x := range line {
			line[x] = max(up[x], row[x], down[x], p.White/2)
		}
		for x := range line {
			p.bright[y*p.cols+x] = max(line[max(x-1, 0)], line[x], line[min(x+1, p.cols-1)])
		}
	}
	for y := range p.rows {
		up, row, down := p.beside(p.bright, y)
		for x := range line {
			line[x] = (up[x] + row[x] + down[x]) / 3
		}
		for x := range line {
			p.white[y*p.cols+x] = (line[max(x-1, 0)] + line[x] + line[min(x+1, p.cols-1)]) / 3
		}
	}
}

// beside is a row of tiles with those above and below it; the border is continued.
func (p *Paper) beside(of []float64, y int) (up, row, down []float64) {
	at := func(y int) []float64 { return of[y*p.cols:][:p.cols] }
	return at(max(y-1, 0)), at(y), at(min(y+1, p.rows-1))
}

// At is the brightness of paper at p, linear between tiles.
func (p *Paper) At(q Point) float64 {
	x := min(max(q.X/p.tile-0.5, 0), float64(p.cols-1))
	y := min(max(q.Y/p.tile-0.5, 0), float64(p.rows-1))
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, p.cols-1), min(y0+1, p.rows-1)
	fx, fy := x-float64(x0), y-float64(y0)
	a := p.white[y0*p.cols+x0]*(1-fx) + p.white[y0*p.cols+x1]*fx
	b := p.white[y1*p.cols+x0]*(1-fx) + p.white[y1*p.cols+x1]*fx
	return a*(1-fy) + b*fy
}

// between says between which columns of tiles a place lies, and how near to the second.
type between struct {
	first, second int
	share         float64
}

// between sets dst to where x0 and places beside it lie, every so many pixels.
func (p *Paper) between(x0, every int, dst []between) {
	for i := range dst {
		x := min(max(float64(x0+i*every)/p.tile-0.5, 0), float64(p.cols-1))
		k := int(x)
		dst[i] = between{k, min(k+1, p.cols-1), x - float64(k)}
	}
}

// row sets dst to At of some places at height y.
func (p *Paper) row(y float64, xs []between, dst []float64) {
	y = min(max(y/p.tile-0.5, 0), float64(p.rows-1))
	y0 := int(y)
	fy := y - float64(y0)
	top, low := p.white[y0*p.cols:][:p.cols], p.white[min(y0+1, p.rows-1)*p.cols:][:p.cols]
	for i, x := range xs {
		a := top[x.first]*(1-x.share) + top[x.second]*x.share
		b := low[x.first]*(1-x.share) + low[x.second]*x.share
		dst[i] = a*(1-fy) + b*fy
	}
}
