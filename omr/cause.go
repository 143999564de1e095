package omr

import (
	"errors"
	"image"
	"math"

	"bargkhan/omr/internal/pix"
	"bargkhan/sheets/geom"
)

// What a page shows whose anchors were not found.
const (
	darkness   = 64     // brightness that no paper has, however dark the scan
	blankShare = 0.0006 // of the pixels that are dark: the four corner markers alone are five times as much
	printDark  = 0.7    // of the paper's brightness: print is darker
	faintDark  = 0.87   // print that is only darker than this is faint; what shows through paper is brighter
	faintShare = 0.004  // of the pixels: markers and outlines of a sheet are three times as much
	streakAll  = 2      // lines through the whole picture
	softEdge   = 0.16   // of the step from print to paper, in one pixel of the small picture: a scan has 0.3 and more
	beyondEdge = 2.0    // mm outside the picture, so that a marker that is only hidden is not taken for cut off
)

// diagnose replaces "no anchors" by the true cause where the page shows one.
func (s *sight) diagnose(err error) error {
	var back *Reject
	if !errors.As(err, &back) || back.Reason != NoAnchors {
		return err
	}
	if s.paper.White < darkness {
		return reject(NoAnchors, "the picture is dark all over: there is no paper on it, or no light")
	}
	if pix.Printed(s.small, printDark*s.paper.White) < blankShare {
		if pix.Printed(s.small, faintDark*s.paper.White) > faintShare {
			return reject(LowContrast, "what is printed is hardly darker than the paper: raise the contrast, or clean the copier's drum, and scan again")
		}
		return reject(BlankPage, "nothing is printed on this page")
	}
	if n := s.cutOff(); n > 0 {
		return reject(Cropped, "%d of four corner markers lie outside the picture: scan the whole sheet", n)
	}
	s.mem.where.Nowhere(s.small)
	if lines := pix.FindLines(s.small, s.paper, &s.mem.where, &s.mem.lines); lines.Full >= streakAll {
		return reject(Soiled, "%d dark lines run through the whole page: clean the scanner's glass and scan again", lines.Full)
	}
	if e := s.sharpness(); e < softEdge {
		return reject(Blurred, "nothing on the page has a sharp edge: lay it flat on the glass, or hold the camera still, and scan again")
	}
	return err
}

// cutOff counts the corner markers of a sheet of ours that must lie outside the picture,
// by those that are seen, two at least: a figure of some other paper may look like one.
func (s *sight) cutOff() (n int) {
	f, seen := choose(s.markers(darkRatios[0], s.small.Rect))
	if count(seen) < 2 {
		return 0
	}
	on, at := pairs(f, seen)
	rough, _, err := geom.FitAffine(on, at)
	if err != nil {
		return 0
	}
	p := Pose{Map: rough}
	w, h := float64(s.img.Rect.Dx()), float64(s.img.Rect.Dy())
	for i, q := range seen {
		if q != nil {
			continue
		}
		c := f.Markers[i].Box.Center()
		dx, dy := density(p.lens(c))
		out := beyondEdge * math.Sqrt(dx*dy)
		if v := rough.At(c); v.X < -out || v.Y < -out || v.X > w+out || v.Y > h+out {
			n++
		}
	}
	return n
}

// sharpness is the step between neighbours that one of 200 steps across the small picture
// exceeds, as a share of the way from the darkest print to paper.
func (s *sight) sharpness() float64 {
	steps, all := steps(s.small)
	depth := s.paper.White - darkest(s.small)
	left := all / 200
	for d := len(steps) - 1; d > 0; d-- {
		if left -= steps[d]; left < 0 {
			return float64(d) / max(depth, 1)
		}
	}
	return 0
}

// darkest is the brightness that one of 500 pixels is darker than.
func darkest(img *image.Gray) float64 {
	var count [256]int
	for y := range img.Rect.Dy() {
		for _, v := range img.Pix[y*img.Stride:][:img.Rect.Dx()] {
			count[v]++
		}
	}
	left := img.Rect.Dx() * img.Rect.Dy() / 500
	for v, n := range count {
		if left -= n; left < 0 {
			return float64(v)
		}
	}
	return 0
}

// steps counts the steps between a pixel and the one after the next, half as high, that
// are higher than the grain of paper.
func steps(img *image.Gray) (count [256]int, all int) {
	const grain = 6
	for y := range img.Rect.Dy() {
		row := img.Pix[y*img.Stride:][:img.Rect.Dx()]
		for x := 2; x < len(row); x++ {
			d := (max(row[x], row[x-2]) - min(row[x], row[x-2])) / 2
			if d > grain {
				count[d]++
				all++
			}
		}
	}
	return count, all
}
