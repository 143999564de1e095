package pix

import "image"

// A Blob is a connected dark figure.
type Blob struct {
	Box    image.Rectangle
	Area   int      // pixels
	Center Point    // of gravity
	Far    [4]Point // its farthest pixels towards top left, top right, bottom right, bottom left
}

// run is a row of dark pixels from x0 to before x1.
type run struct{ y, x0, x1, parent int32 }

// maxRuns bounds the work on a picture that is all specks: a page of dense text at
// 100 dpi has 60,000.
const maxRuns = 1 << 20

// Blobs finds the dark figures of img whose box is from least to most pixels long
// and high, in the order of their first rows. Dark is what is darker than ratio of
// the paper around it. On a picture of too many specks it finds none.
func Blobs(img *image.Gray, paper *Paper, ratio float64, least, most int) []Blob {
	runs := darkRuns(img, paper, ratio)
	if runs == nil {
		return nil
	}
	join(runs)
	return gather(runs, least, most)
}

// darkRuns lists the runs of dark pixels, row by row.
func darkRuns(img *image.Gray, paper *Paper, ratio float64) []run {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	limit := make([]uint8, w)
	var runs []run
	const every = 8 // rows: paper changes slower
	for y := range h {
		if y%every == 0 {
			for x := range limit {
				if x%every == 0 {
					limit[x] = uint8(min(max(ratio*paper.At(Point{X: float64(x), Y: float64(y)}), 0), 255))
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
			runs = append(runs, run{int32(y), int32(x0), int32(x), int32(len(runs))})
		}
		if len(runs) > maxRuns {
			return nil
		}
	}
	return runs
}

// join links each run to those it touches in the row above, corners included.
func join(runs []run) {
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
func root(runs []run, i int32) int32 {
	for runs[i].parent != i {
		runs[i].parent = runs[runs[i].parent].parent
		i = runs[i].parent
	}
	return i
}

// gather makes blobs of runs.
func gather(runs []run, least, most int) []Blob {
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

// add counts r into b; Center is a sum until all are in.
func (b *Blob) add(r run) {
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
