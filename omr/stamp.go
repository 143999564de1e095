package omr

import (
	"slices"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// stamp reads the printed code. One copy is enough; two that say different things
// are none.
func (s *sight) stamp(f *framed) (sheets.Stamp, error) {
	got := make([]sheets.Stamp, 0, len(sheets.Frame{}.Codes))
	for _, box := range f.frame.Codes {
		if st, ok := s.strip(&f.pose, box); ok {
			got = append(got, st)
		}
	}
	switch {
	case len(got) == 0:
		return sheets.Stamp{}, reject(NoStamp, "neither of the two printed codes can be read: they are covered, damaged or cut off")
	case len(got) == 2 && got[0] != got[1]:
		return sheets.Stamp{}, reject(NoStamp, "the two printed codes say different things: %s and %s", got[0].Serial, got[1].Serial)
	}
	return got[0], nil
}

// nudges are the places a strip is read at, in mm beside where the pose says, the
// nearest first: half a cell at most. The check value has 32 bits; eighteen
// attempts raise the chance of a false one from 1 in 4 thousand million to 1 in 200
// million damaged strips.
var nudges = [...]mm{{}, {X: 0.3}, {X: -0.3}, {Y: 0.3}, {Y: -0.3}, {X: 0.3, Y: 0.3}, {X: -0.3, Y: 0.3}, {X: 0.3, Y: -0.3}, {X: -0.3, Y: -0.3}}

func (s *sight) strip(p *Pose, box geom.Rect[geom.Paper]) (sheets.Stamp, bool) {
	for _, d := range nudges {
		shifted := geom.Rect[geom.Paper]{Min: box.Min.Add(d), Max: box.Max.Add(d)}
		cells, paper := s.cells(p, shifted)
		for _, level := range levels(cells, paper) {
			var bits sheets.Bits
			for i, v := range cells {
				bits[i] = v < level*paper[i%sheets.StampColumns]
			}
			if st, err := sheets.ParseBits(bits); err == nil {
				return st, true
			}
		}
	}
	return sheets.Stamp{}, false
}

// stampSpots is how many places across and down a cell are looked at.
const stampSpots = 4

// cells measures each cell of a strip, and the paper above and below each column.
func (s *sight) cells(p *Pose, box geom.Rect[geom.Paper]) (cells [sheets.StampBits]float64, paper [sheets.StampColumns]float64) {
	const most, each = sheets.StampRows + 2, stampSpots * stampSpots
	w, h := box.W()/sheets.StampColumns, box.H()/sheets.StampRows
	var steps [most * each]mm // of a column, from its middle
	for k := range most {
		y := (float64(k) - 0.5) * h // of the paper above, of the cells, of the paper below
		switch k {
		case 0:
			y = -0.6 * h
		case most - 1:
			y = box.H() + 0.6*h
		}
		for i := range each {
			d := mm{X: float64(i%stampSpots) - 1.5, Y: float64(i/stampSpots) - 1.5}
			steps[k*each+i] = mm{X: d.X * w / 6, Y: y - box.H()/2 + d.Y*h/6}
		}
	}
	var values [most * each]float64
	for i := range sheets.StampColumns {
		c := mm{X: box.Min.X + (float64(i)+0.5)*w, Y: box.Center().Y}
		pix.Samples(s.img, p.At(c), p.lens(c), steps[:], values[:])
		var mean [most]float64
		for k, v := range values {
			mean[k/each] += v / each
		}
		paper[i] = max(mean[0], mean[most-1], 1)
		for j := range sheets.StampRows {
			cells[j*sheets.StampColumns+i] = mean[j+1]
		}
	}
	return cells, paper
}

// levels are the shares of the paper's brightness to part black from white cells at:
// half way between the darkest cells and the paper, and where the cells themselves
// part best.
func levels(cells [sheets.StampBits]float64, paper [sheets.StampColumns]float64) [2]float64 {
	v := make([]float64, len(cells))
	for i, c := range cells {
		v[i] = c / paper[i%sheets.StampColumns]
	}
	slices.Sort(v)
	at := func(q float64) float64 { return v[min(int(q*float64(len(v))), len(v)-1)] }
	black, white := at(0.1), at(0.9)
	gap, level := 0.0, (black+white)/2
	for q := 0.2; q < 0.8; q += 0.02 {
		a, b := at(q), at(q+0.02)
		if b-a > gap {
			gap, level = b-a, (a+b)/2
		}
	}
	return [2]float64{(black + 1) / 2, level}
}
