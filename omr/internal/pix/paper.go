package pix

import "image"

// A Paper is how bright unprinted paper is all over a picture, from tiles.
type Paper struct {
	tile       float64
	cols, rows int
	white      []float64
	White      float64 // of the whole picture: its bright tiles
	Black      float64 // of the whole picture: its darkest pixels
}

// paperTiles is the number of tiles along the longer side: seven millimetres of an
// A4 page each, which holds some paper wherever people print or write, and is small
// beside the shadow of a fold or of a lamp.
const paperTiles = 40

// PaperOf measures img.
func PaperOf(img *image.Gray) *Paper {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	t := max((max(w, h)+paperTiles-1)/paperTiles, 1)
	p := &Paper{tile: float64(t), cols: (w + t - 1) / t, rows: (h + t - 1) / t}
	raw := make([]float64, p.cols*p.rows)
	var all [256]int
	for ty := range p.rows {
		for tx := range p.cols {
			raw[ty*p.cols+tx] = tileWhite(img, tx*t, ty*t, min(tx*t+t, w), min(ty*t+t, h), &all)
		}
	}
	p.White = max(upper(raw), 1)
	p.Black = float64(quantile(&all, 0.002))
	p.white = p.spread(raw)
	return p
}

// tileWhite is the brightness that a fifth of the tile exceeds; it counts the tile's
// pixels into all.
func tileWhite(img *image.Gray, x0, y0, x1, y1 int, all *[256]int) float64 {
	var hist [256]int
	step := max((x1-x0)/24, 1)
	for y := y0; y < y1; y += step {
		row := img.Pix[y*img.Stride:]
		for x := x0; x < x1; x += step {
			hist[row[x]]++
		}
	}
	for i, n := range hist {
		all[i] += n
	}
	return float64(quantile(&hist, 0.8))
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
func (p *Paper) spread(raw []float64) []float64 {
	bright := p.around(raw, func(a, v float64) float64 { return max(a, v) })
	for i, v := range bright {
		bright[i] = max(v, p.White/2)
	}
	sum := p.around(bright, func(a, v float64) float64 { return a + v })
	n := p.around(bright, func(a, v float64) float64 { return a + 1 })
	for i := range sum {
		sum[i] /= n[i]
	}
	return sum
}

// around folds f over each tile and its neighbours, starting from 0.
func (p *Paper) around(in []float64, f func(acc, v float64) float64) []float64 {
	out := make([]float64, len(in))
	for y := range p.rows {
		for x := range p.cols {
			acc := 0.0
			for j := max(y-1, 0); j <= min(y+1, p.rows-1); j++ {
				for i := max(x-1, 0); i <= min(x+1, p.cols-1); i++ {
					acc = f(acc, in[j*p.cols+i])
				}
			}
			out[y*p.cols+x] = acc
		}
	}
	return out
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
