package omr

import (
	"slices"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets"
)

// swatchInset is what is left out at the sides of a reference patch, in mm: its outline,
// and what a bent page may be off by there.
const swatchInset, swatchStep = 1.2, 0.25

// swatches measures the reference patches of a page, each as Ink is: 0 paper, 1 printed
// black. A page of which one patch is cut off or covered has none: half a scale is no
// scale.
func (s *sight) swatches(p *Pose, pg *sheets.Page, black float64) (out []float64) {
	black = min(max(black, 0), blackest)
	for _, sw := range pg.Swatches {
		box := sw.Box.Inset(swatchInset)
		at := box.Center()
		steps := s.mem.steps[:0]
		for y := box.Min.Y; y <= box.Max.Y; y += swatchStep {
			for x := box.Min.X; x <= box.Max.X; x += swatchStep {
				steps = append(steps, mm{X: x - at.X, Y: y - at.Y})
			}
		}
		s.mem.steps = steps
		s.mem.values = slices.Grow(s.mem.values[:0], len(steps))[:len(steps)]
		vs := s.mem.values
		c := p.At(at)
		pix.Samples(s.img, c, p.lens(at), steps, vs)
		if len(vs) == 0 {
			return nil
		}
		white, sum := s.white(c), 0.0
		for _, v := range vs {
			if v == pix.Outside {
				return nil
			}
			sum += min(max((white-v)/(white*(1-black)), 0), 1)
		}
		out = append(out, round(sum/float64(len(vs))))
	}
	return out
}
