package demo

import (
	"context"
	"net/http"
	"net/url"

	"bargkhan/api/exam"
)

// count ends the batch as the operator does, with the paper that the hall counted, and
// enters the hall's list of those who did not come. What was ended stays so.
func (o *office) count(ctx context.Context, d *Demo, s *stack) error {
	var list struct{ Batches []exam.Tally }
	at := "/api/v1/stations/" + url.PathEscape(d.Station) + "/batches"
	if err := o.expert.call(ctx, http.MethodGet, at, nil, &list); err != nil {
		return err
	}
	ended := false
	for _, b := range list.Batches {
		ended = ended || !b.Headed
	}
	if !ended {
		ask := map[string]any{"session": sessionID, "venue": venueID, "stack": "1", "paper": len(s.papers)}
		if err := o.expert.call(ctx, http.MethodPost, at, ask, nil); err != nil {
			return err
		}
	}
	came := map[exam.PersonID]bool{}
	for _, p := range s.papers {
		came[p.person] = true
	}
	absent := []exam.PersonID{}
	for _, c := range o.people {
		if !came[c.Person] {
			absent = append(absent, c.Person)
		}
	}
	return o.expert.call(ctx, http.MethodPut, o.path("/venues/"+string(venueID)+"/absent"), map[string]any{"persons": absent}, nil)
}

// close closes the venue: all of it is accounted for.
func (o *office) close(ctx context.Context) error {
	return o.expert.call(ctx, http.MethodPost, o.path("/venues/"+string(venueID)+"/closing"), nil, nil)
}
