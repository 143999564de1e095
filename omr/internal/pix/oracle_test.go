package pix

import (
	"image"
	"math"
	"slices"

	"bargkhan/sheets/geom"
)

// The plain versions of the loops in C, for tests to hold them against.

// plain are Lines as the plain version finds them.
type plain struct {
	w, h  int
	cells []uint8
	Full  int
}

// The states of a pixel: paper on both sides, and darker than both.
const (
	testable = 1
	darker   = 3

	lineLong  = 60
	lineWhole = 92
	lineOpen  = 30

	lineEvery = 4 // each so manieth pixel is looked at first,
	lineDarks = 3 // and so many of those are dark

	lineEven = 12 // of so many pixels one is lighter than the even darkness of a line,
	lineOwn  = 3  // and of so many one than its own
)

func line(dark, open, long int) bool {
	return dark > 0 && 100*dark >= lineWhole*open && 100*open >= lineOpen*long
}

// plainRun is a row of dark pixels from x0 to before x1.
type plainRun struct{ y, x0, x1, parent int32 }

// plainShrink returns img reduced k times: each pixel is the mean of k×k. What is left
// over at the right and the bottom is dropped. For k of 1 it is img itself.
func plainShrink(img *image.Gray, k int) *image.Gray {
	if k <= 1 {
		return img
	}
	w, h := img.Rect.Dx()/k, img.Rect.Dy()/k
	out := image.NewGray(image.Rect(0, 0, w, h))
	sums := make([]uint32, w)
	area := uint32(k * k)
	for y := range h {
		clear(sums)
		for j := range k {
			row := img.Pix[(y*k+j)*img.Stride:]
			row = row[:w*k]
			for x := range sums {
				s := uint32(0)
				for _, v := range row[x*k : x*k+k] {
					s += uint32(v)
				}
				sums[x] += s
			}
		}
		line := out.Pix[y*out.Stride:][:w]
		for x, s := range sums {
			line[x] = uint8((s + area/2) / area)
		}
	}
	return out
}

// plainSamples sets dst[i] to the brightness at c plus the i-th of steps seen through l,
// or to Outside.
func plainSamples(img *image.Gray, c Point, l Lens, steps []geom.Point[geom.Paper], dst []float64) {
	w, h := float64(img.Rect.Max.X), float64(img.Rect.Max.Y)
	for i, s := range steps {
		x, y := c.X+l.XX*s.X+l.XY*s.Y, c.Y+l.YX*s.X+l.YY*s.Y
		if x < 0 || y < 0 || x >= w || y >= h {
			dst[i] = Outside
			continue
		}
		dst[i] = at(img, x-0.5, y-0.5)
	}
}

// plainAt is the brightness at c plus d seen through l in 128ths of a step, as See counts, with
// places in 128ths of a pixel from the one left of and above all within reach; false outside.
func plainAt(img *image.Gray, c Point, l Lens, d, reach geom.Point[geom.Paper]) (int, bool) {
	const parts = 128
	one := func(c, lx, ly float64, size int) (at, part int, in bool) {
		c -= 0.5
		from := math.Floor(c - (math.Abs(lx)*reach.X + math.Abs(ly)*reach.Y))
		x := float32(float32(lx*parts) * float32(d.X))
		y := float32(float32(ly*parts) * float32(d.Y))
		p := int(float32(float32(float32((c-from)*parts)+x)+y)) + int(from)*parts
		in = p >= -parts/2 && p < size*parts-parts/2
		p = min(max(p, 0), (size-1)*parts)
		return p / parts, p % parts, in
	}
	w, h := img.Rect.Max.X, img.Rect.Max.Y
	x, fx, inX := one(c.X, l.XX, l.XY, w)
	y, fy, inY := one(c.Y, l.YX, l.YY, h)
	if !inX || !inY {
		return 0, false
	}
	pixel := func(x, y int) int { return int(img.Pix[min(y, h-1)*img.Stride+min(x, w-1)]) }
	top := pixel(x, y)*(parts-fx) + pixel(x+1, y)*fx
	low := pixel(x, y+1)*(parts-fx) + pixel(x+1, y+1)*fx
	return (top*(parts-fy) + low*fy + parts/2) / parts, true
}

// plainSee is See at steps, the rings and then what is inside, place by place.
func plainSee(img *image.Gray, at Place, pr Print, steps []geom.Point[geom.Paper], ends [Cells]int32, hidden []uint8) (to Look, darks []uint8) {
	var reach geom.Point[geom.Paper]
	for _, d := range steps {
		reach.X, reach.Y = max(reach.X, math.Abs(d.X)), max(reach.Y, math.Abs(d.Y))
	}
	vs, in := make([]int, len(steps)), make([]bool, len(steps))
	var paper []int
	for i, d := range steps {
		vs[i], in[i] = plainAt(img, at.At, at.Lens, d, reach)
		if in[i] && i < 2*Ring {
			paper = append(paper, vs[i])
		}
	}
	usual := at.White * 128
	white := max(int(usual+0.5), 1)
	if len(paper) >= Ring/2 {
		slices.Sort(paper)
		white = max(int(min(max(float64(paper[len(paper)*3/4]), 0.88*usual), 1.08*usual)+0.5), 1)
	}
	rng, full := max(int(float64(white)*(1-pr.Black)+0.5), 1), max(int(float64(white)*0.7*pr.Line+0.5), 1)
	dark := func(i int) int {
		if !in[i] {
			return 0
		}
		return min(max(white-vs[i], 0), rng)
	}
	clear, shut, open := 0, 0, 0
	around := [Sectors]int{}
	for i := range Ring {
		if out := 3*Ring + i; in[out] && in[2*Ring+i] {
			clear += min(max(max(vs[out], vs[4*Ring+i])-vs[2*Ring+i], 0), full)
		}
		if !in[Ring+i] || vs[Ring+i] < 7*white/10 {
			shut++
		}
		for _, k := range []int{i, Ring + i} {
			around[i*Sectors/Ring] += dark(k)
			if in[k] && vs[k] > 4*white/5 {
				open++
			}
		}
	}
	to.Line, to.Open, to.Paper = float64(clear)/float64(full*Ring), 1-float64(shut)/Ring, float64(open)/(2*Ring)
	cells, sectors, overs, rest := to.Pattern[:Cells], to.Pattern[Cells:], to.Pattern[Cells+Sectors:], to.Pattern[Cells+Sectors+Levels:]
	for k, v := range around {
		sectors[k] = float64(v) * (1 / float64(rng*2*Ring/Sectors))
	}
	n := len(steps) - rings*Ring
	darks = make([]uint8, n)
	var sum, squares, seen int
	var over [Levels]int
	var sums, counts [Cells]int
	scale := float32(Black) / float32(rng)
	for i, k := 0, 0; i < n; i++ {
		for i >= int(ends[k]) {
			k++
		}
		darks[i] = Unseen
		if at := rings*Ring + i; in[at] && (hidden == nil || hidden[i] == 0) {
			d := int(float32(float32(dark(at))*scale) + 0.5)
			darks[i] = uint8(d)
			sum, squares, seen = sum+d, squares+d*d, seen+1
			sums[k], counts[k] = sums[k]+d, counts[k]+1
			for j, level := range [Levels]float64{0.1, 0.2, 0.35, 0.5, 0.7} {
				if float64(d) > level*Black {
					over[j]++
				}
			}
		}
	}
	share := 1 / float64(max(seen, 1))
	to.Seen, rest[0] = float64(seen)/float64(n), float64(sum)*share/Black
	rest[1] = math.Sqrt(max(float64(squares)*share/(Black*Black)-rest[0]*rest[0], 0))
	for j := range over {
		overs[j] = float64(over[j]) * share
	}
	for k := range sums {
		if cells[k] = rest[0]; counts[k] > 0 {
			cells[k] = float64(sums[k]) / float64(counts[k]*Black)
		}
	}
	rest[2], rest[3] = slices.Min(cells), slices.Max(cells)
	return to, darks
}

// plainProfile sets dst to the brightness along the way from a to b, each value the mean
// of m places on a line across it, as Profile says: all in 65536 of a pixel and of a step.
func plainProfile(img *image.Gray, a, b, across Point, m int, dst []float64) {
	fixed := func(v float64) int { return int((v+32000)*65536+0.5) - 32000*65536 }
	n := float64(max(len(dst)-1, 1))
	d := b.Sub(a)
	for i := range dst {
		sum := 0
		for j := range m {
			t := (2*float64(j)+1)/float64(m) - 1
			x, y := fixed(a.X+across.X*t-0.5)+i*fixed(d.X/n), fixed(a.Y+across.Y*t-0.5)+i*fixed(d.Y/n)
			x, y = min(max(x, 0), (img.Rect.Max.X-1)<<16), min(max(y, 0), (img.Rect.Max.Y-1)<<16)
			v := func(dx, dy int) int {
				return int(img.GrayAt(min(x>>16+dx, img.Rect.Max.X-1), min(y>>16+dy, img.Rect.Max.Y-1)).Y)
			}
			fx, fy := x>>8&255, y>>8&255
			sum += (256-fy)*((256-fx)*v(0, 0)+fx*v(1, 0)) + fy*((256-fx)*v(0, 1)+fx*v(1, 1))
		}
		dst[i] = float64(sum) / 65536 / float64(m)
	}
}

// plainTones are the Tones of a Reduced, by counting.
func plainTones(img *image.Gray) (grey, white float64) {
	all := 0
	for y := 0; y < img.Rect.Dy(); y += 7 {
		for _, v := range img.Pix[y*img.Stride:][:img.Rect.Dx()] {
			switch {
			case v >= 253:
				white++
			case v >= 64 && v <= 191:
				grey++
			}
			all++
		}
	}
	return grey / float64(max(all, 1)), white / float64(max(all, 1))
}

// compare sets the state of each pixel by its neighbours lineSide steps of the given
// stride away.
func (l *plain) compare(img *image.Gray, paper *Paper, state []uint8, stride int) {
	off := lineSide * stride
	x0, x1, y0, y1 := lineSide, l.w-lineSide, 0, l.h
	if stride != 1 {
		x0, x1, y0, y1 = 0, l.w, lineSide, l.h-lineSide
	}
	const every = 16
	open, step := make([]uint8, l.w), make([]uint8, l.w) // the brightness of paper, and of a line's contrast
	for y := y0; y < y1; y++ {
		if y%every == 0 || y == y0 {
			for x := range open {
				if x%every == 0 {
					white := paper.At(Point{X: float64(x), Y: float64(y - y%every)})
					open[x], step[x] = uint8(white*linePaper/100), uint8(white*lineDark/100)
				} else {
					open[x], step[x] = open[x-1], step[x-1]
				}
			}
		}
		row := img.Pix[y*img.Stride:]
		left, right := img.Pix[y*img.Stride+x0-off:], img.Pix[y*img.Stride+x0+off:]
		mark := state[y*l.w:][:l.w]
		for x := x0; x < x1; x++ {
			side := min(left[x-x0], right[x-x0])
			if side < open[x] {
				continue
			}
			mark[x] = testable
			if int(row[x])+int(step[x]) < int(side) {
				mark[x] = darker
			}
		}
	}
}

// columns marks the lines along columns and returns how many run from end to end.
func (l *plain) columns(state []uint8) (full int) {
	dark, open, some := make([]int, l.w), make([]int, l.w), make([]int, l.w)
	allDark, allOpen := make([]int, l.w), make([]int, l.w)
	for y := range l.h {
		row := state[y*l.w:][:l.w]
		var old []uint8
		if y >= lineLong {
			old = state[(y-lineLong)*l.w:][:l.w]
		}
		for x, s := range row {
			open[x] += int(s & 1)
			dark[x] += int(s >> 1)
			allOpen[x] += int(s & 1)
			allDark[x] += int(s >> 1)
			if old != nil {
				open[x] -= int(old[x] & 1)
				dark[x] -= int(old[x] >> 1)
			}
			if y%lineEvery == 0 {
				some[x] += int(s >> 1)
				if old != nil {
					some[x] -= int(old[x] >> 1)
				}
			}
			if y >= lineLong-1 && line(dark[x], open[x], lineLong) && some[x] >= lineDarks {
				for j := y - lineLong + 1; j <= y; j++ {
					l.cells[j*l.w+x] |= down
				}
			}
		}
	}
	return l.whole(allDark, allOpen, l.h)
}

// rows is columns for lines along rows.
func (l *plain) rows(state []uint8) (full int) {
	allDark, allOpen := make([]int, l.h), make([]int, l.h)
	for y := range l.h {
		row := state[y*l.w:][:l.w]
		dark, open, some := 0, 0, 0
		for x, s := range row {
			open += int(s & 1)
			dark += int(s >> 1)
			allOpen[y] += int(s & 1)
			allDark[y] += int(s >> 1)
			if x >= lineLong {
				open -= int(row[x-lineLong] & 1)
				dark -= int(row[x-lineLong] >> 1)
			}
			if x%lineEvery == 0 {
				some += int(s >> 1)
				if x >= lineLong {
					some -= int(row[x-lineLong] >> 1)
				}
			}
			if x >= lineLong-1 && line(dark, open, lineLong) && some >= lineDarks {
				for i := x - lineLong + 1; i <= x; i++ {
					l.cells[y*l.w+i] |= along
				}
			}
		}
	}
	return l.whole(allDark, allOpen, l.w)
}

// whole counts the groups of neighbouring lines that run from end to end.
func (l *plain) whole(dark, open []int, long int) (n int) {
	last := -2
	for i := range dark {
		if line(dark[i], open[i], long) {
			if i > last+1 {
				n++
			}
			last = i
		}
	}
	return n
}

// plainLines looks for lines along the columns and along the rows of img.
func plainLines(img *image.Gray, paper *Paper) *plain {
	l := &plain{w: img.Rect.Dx(), h: img.Rect.Dy()}
	l.cells = make([]uint8, l.w*l.h)
	if l.w <= 2*lineSide || l.h <= 2*lineSide {
		return l
	}
	state := make([]uint8, l.w*l.h)
	l.compare(img, paper, state, 1)
	l.Full += l.columns(state)
	clear(state)
	l.compare(img, paper, state, img.Stride)
	l.Full += l.rows(state)
	for x := range l.w {
		l.even(img, paper, x, 0, 0, 1, down)
	}
	for y := range l.h {
		l.even(img, paper, 0, y, 1, 0, along)
	}
	return l
}

// even takes away what is marked as along the column or row from x, y on in steps of dx, dy
// and is not about as dark everywhere.
func (l *plain) even(img *image.Gray, paper *Paper, x, y, dx, dy int, as uint8) {
	var dark []int
	var cells []int
	for ; ; x, y = x+dx, y+dy {
		inside := x < l.w && y < l.h
		if inside && l.cells[y*l.w+x]&as != 0 {
			cells = append(cells, y*l.w+x)
			at := func(by int) int { return int(img.Pix[(y+by*dx)*img.Stride+x+by*dy]) }
			side := min(at(-lineSide), at(lineSide))
			if side >= int(paper.At(Point{X: float64(x - x%16), Y: float64(y - y%16)})*linePaper/100) {
				dark = append(dark, max(side-at(0), 0))
			}
			continue
		}
		slices.Sort(dark)
		if len(dark) > 0 && 5*dark[len(dark)/lineEven] < 3*dark[len(dark)/lineOwn] {
			for _, i := range cells {
				l.cells[i] &^= as
			}
		}
		if dark, cells = nil, nil; !inside {
			return
		}
	}
}

// plainGaps marks the light lines along columns among l's, and counts them.
func (l *plain) plainGaps(img *image.Gray, paper *Paper) {
	last := -3
	for x := 5; x < l.w-5; x++ {
		found, against := false, false
		for k, near := range []int{2, 4} {
			cross, gaps, from, to, bands := 0, 0, 8, 0, 0
			for band := range 8 {
				some := false
				for y := band * l.h / 8; y < (band+1)*l.h/8; y++ {
					row := img.Pix[y*img.Stride:]
					side := int(max(row[x-near], row[x-near-1], row[x+near], row[x+near+1]))
					white := paper.At(Point{X: float64(x - x%16), Y: float64(y - y%16)})
					open, step := int(white*linePaper/100), int(white*lineDark/100)
					if side >= open-open/8 {
						continue
					}
					cross++
					if int(row[x]) > side+step {
						gaps++
						some = true
					}
				}
				if some {
					from, to, bands = min(from, band), band, bands+1
				}
			}
			against = against || 100*gaps < 90*cross
			found = found || !against && cross >= 8+4*k && bands >= 3+k && to-from >= 4
		}
		if !found {
			continue
		}
		if x > last+2 {
			l.Full++
		}
		last = x
		for y := range l.h {
			l.cells[y*l.w+x] |= light
		}
	}
}

// plainRuns lists the runs of dark pixels, row by row.
func plainRuns(img *image.Gray, paper *Paper, ratio float64) []plainRun {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	limit := make([]uint8, w)
	var runs []plainRun
	const every = 16 // rows: paper changes slower
	for y := range h {
		if y%every == 0 {
			for x := range limit {
				if x%every == 0 {
					limit[x] = uint8(min(max(ratio*paper.At(Point{X: float64(x + every/2), Y: float64(y + every/2)}), 0), 255))
				} else {
					limit[x] = limit[x-1]
				}
			}
		}
		row := img.Pix[y*img.Stride:][:w]
		for x := 0; x < w; x++ {
			if row[x] >= limit[x] {
				continue
			}
			x0 := x
			for x < w && row[x] < limit[x] {
				x++
			}
			runs = append(runs, plainRun{int32(y), int32(x0), int32(x), int32(len(runs))})
		}
		if len(runs) > maxRuns {
			return nil
		}
	}
	return runs
}

// join links each run to those it touches in the row above, corners included.
func join(runs []plainRun) {
	above, row := 0, 0 // first runs of the row above and of this row
	for i := range runs {
		if i > 0 && runs[i].y != runs[i-1].y {
			above, row = row, i
			if runs[i].y != runs[i-1].y+1 {
				above = row
			}
		}
		for above < row && runs[above].x1 < runs[i].x0 {
			above++
		}
		for j := above; j < row && runs[j].x0 <= runs[i].x1; j++ {
			a, b := root(runs, int32(i)), root(runs, int32(j))
			if a < b {
				runs[b].parent = a
			} else {
				runs[a].parent = b
			}
		}
	}
}

// root is the first run of the figure that run i belongs to.
func root(runs []plainRun, i int32) int32 {
	for runs[i].parent != i {
		runs[i].parent = runs[runs[i].parent].parent
		i = runs[i].parent
	}
	return i
}

// gather makes blobs of runs.
func gather(runs []plainRun, least, most int) []Blob {
	boxes := make(map[int32]image.Rectangle)
	for i := range runs {
		r := root(runs, int32(i))
		boxes[r] = boxes[r].Union(image.Rect(int(runs[i].x0), int(runs[i].y), int(runs[i].x1), int(runs[i].y)+1))
	}
	index := make(map[int32]int)
	var blobs []Blob
	for i := range runs {
		r := root(runs, int32(i))
		b := boxes[r]
		if b.Dx() < least || b.Dy() < least || b.Dx() > most || b.Dy() > most {
			continue
		}
		k, ok := index[r]
		if !ok {
			k = len(blobs)
			index[r] = k
			first := Point{X: float64(runs[i].x0) + 0.5, Y: float64(runs[i].y) + 0.5}
			blobs = append(blobs, Blob{Box: b, Far: [4]Point{first, first, first, first}})
		}
		blobs[k].add(runs[i])
	}
	for i := range blobs {
		blobs[i].Center = blobs[i].Center.Mul(1 / float64(blobs[i].Area))
	}
	return blobs
}

// plainBlobs finds the dark figures of img whose box is from least to most pixels long
// and high, in the order of their first rows. Dark is what is darker than ratio of
// the paper around it. On a picture of too many specks it finds none.
func plainBlobs(img *image.Gray, paper *Paper, ratio float64, least, most int) []Blob {
	runs := plainRuns(img, paper, ratio)
	if runs == nil {
		return nil
	}
	join(runs)
	return gather(runs, least, most)
}

// add counts r into b; Center is a sum until all are in.
func (b *Blob) add(r plainRun) {
	n := int(r.x1 - r.x0)
	y := float64(r.y) + 0.5
	l, e := Point{X: float64(r.x0) + 0.5, Y: y}, Point{X: float64(r.x1) - 0.5, Y: y}
	b.Area += n
	b.Center = b.Center.Add(l.Add(e).Mul(float64(n) / 2))
	if l.X+l.Y < b.Far[0].X+b.Far[0].Y {
		b.Far[0] = l
	}
	if e.X-e.Y > b.Far[1].X-b.Far[1].Y {
		b.Far[1] = e
	}
	if e.X+e.Y > b.Far[2].X+b.Far[2].Y {
		b.Far[2] = e
	}
	if l.X-l.Y < b.Far[3].X-b.Far[3].Y {
		b.Far[3] = l
	}
}
