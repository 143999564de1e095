package omr

import (
	"context"

	"bargkhan/omr/page"
)

// Read returns a *Reject if the page cannot be read with certainty. It fits the
// anchors it finds and invents none: too few, or in disagreement, is a Reject.
func (r *Reader) Read(ctx context.Context, p page.Page) (*Reading, error) {
	return nil, &Reject{Reason: NoAnchors, Detail: "this reader finds no sheets yet"}
}
