package omr

import (
	"context"

	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// byHand is the map that carries a paper of the given size to the corners that a person
// showed.
func byHand(size mm, corners *geom.Quad[geom.Pixel]) (Pose, error) {
	paper := geom.Rect[geom.Paper]{Max: size}.Corners()
	m, _, err := geom.Fit(paper[:], corners[:])
	if err != nil {
		return Pose{}, reject(NoAnchors, "the four corners that were given are no sheet: %v", err)
	}
	return Pose{Map: m}, nil
}

// frameByHand finds a frame of ours where a person showed the corners of the paper: its
// markers are looked for there, and if they cannot be seen its ticks must be there.
func (s *sight) frameByHand(corners *geom.Quad[geom.Pixel]) (*framed, error) {
	for _, f := range frames {
		rough, err := byHand(f.Size, corners)
		if err != nil {
			return nil, err
		}
		var q quads
		for i := range q {
			q[i] = s.seek(f.Markers[i], rough.Map)
		}
		if count(q) >= 3 {
			if out, err := s.fitFrame(f, q); err == nil {
				return out, nil
			}
		}
		if s.plausible(&rough, f.Size, mostTurn) != nil {
			continue
		}
		out := &framed{frame: f, pose: rough, corners: count(q), black: s.blackest(&rough, f.Size)}
		if ticked := *out; s.bend(&ticked) == nil {
			return out, nil
		}
	}
	return nil, reject(NoAnchors, "neither corner markers nor ticks are where the four corners that were given say: give the corners of the paper, beginning with its own top left")
}

// othersByHand reads a sheet of others where a person showed the corners of the paper.
// The bubbles still prove the place; which way up it lies, the person said.
func (s *sight) othersByHand(ctx context.Context, d *sheets.Design, corners *geom.Quad[geom.Pixel]) (*Reading, error) {
	rough, err := byHand(d.Size, corners)
	if err != nil {
		return nil, err
	}
	var shown []*guess
	for i := range d.Pages {
		shown = append(shown, &guess{pose: rough, page: i})
	}
	g, err := s.constellation(d, shown)
	if err != nil {
		return nil, err
	}
	if far := apart(d, &g.pose, &rough); far > mostAstray {
		return nil, reject(NoAnchors, "the bubbles lie %.0f mm from where the four corners that were given say: give the corners of the paper, beginning with its own top left", far)
	}
	out, err := s.readGuess(ctx, d, g)
	if err != nil {
		return nil, err
	}
	var moved []alike
	for _, a := range g.alike {
		if a.turn == 0 {
			moved = append(moved, a)
		}
	}
	return out, s.unmistakable(&out.Pose, d, g.page, g.grid, moved)
}

// mostAstray is how far from a paper's corners a person may point, in mm.
const mostAstray = 15.0
