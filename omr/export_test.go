package omr

import (
	"context"

	"bargkhan/omr/page"
)

// PatchLen is how many numbers a pattern has.
const PatchLen = patchLen

// LookNames are what a pattern may be.
var LookNames = lookNames

// Patches reads a page, and gives the pattern of each bubble too, as the second reader
// sees it.
func Patches(ctx context.Context, r *Reader, p page.Page) (*Reading, [][PatchLen]float64, error) {
	m := new(memory)
	s, err := look(p, m)
	if err != nil {
		return nil, nil, err
	}
	var out *Reading
	if r.Expect != nil && others(r.Expect) {
		out, err = s.readOthers(ctx, r)
	} else {
		out, err = r.readOurs(ctx, s)
	}
	if err != nil {
		return nil, nil, err
	}
	patches := make([][PatchLen]float64, len(m.looks))
	for _, which := range sameLetter(letters(&r.Expect.Pages[out.Stamp.Page-1], len(m.looks))) {
		b := blankOf(which, middleInk(which, out.Evidence), 0, out.Evidence, m.looks)
		for _, i := range which {
			patches[i] = b.beyond(&m.looks[i].Pattern)
		}
	}
	return out, patches, nil
}
