package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
)

// TestDecks opens a session only when its stations have passed or are waived, and
// remembers all that was said.
func TestDecks(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	minute := func(n int) time.Time { return day.Add(time.Duration(n) * time.Minute) }
	open := exam.Opening{Stations: []string{"tehran-1", "tehran-2"}, By: "expert", At: minute(9)}
	if err := o.OpenScanning(ctx, ses, open); !errors.Is(err, fault.Conflict) {
		t.Fatalf("opened untested: %v", err)
	}
	failed := exam.DeckCheck{Station: "tehran-1", Design: o.d.Digest(), Cards: 16, Differences: 2, By: "operator", At: minute(1)}
	passed := failed
	passed.Differences, passed.At = 0, minute(2)
	waiver := exam.DeckWaiver{Station: "tehran-2", Name: "مریم احمدی", Reason: "دیروز آزموده شد", By: "expert", At: minute(3)}
	must(t, o.AddDeckCheck(ctx, ses, failed))
	must(t, o.AddDeckWaiver(ctx, ses, waiver))
	if err := o.OpenScanning(ctx, ses, open); !errors.Is(err, fault.Conflict) {
		t.Fatalf("opened with a failed deck: %v", err)
	}
	must(t, o.AddDeckCheck(ctx, ses, passed))
	must(t, o.OpenScanning(ctx, ses, open))
	got, err := o.Decks(ctx, ses)
	must(t, err)
	want := exam.DeckBook{Checks: []exam.DeckCheck{failed, passed}, Waivers: []exam.DeckWaiver{waiver}, Openings: []exam.Opening{open}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, err := range map[string]error{
		"check":   o.AddDeckCheck(ctx, "none", passed),
		"waiver":  o.AddDeckWaiver(ctx, "none", waiver),
		"opening": o.OpenScanning(ctx, "none", open),
	} {
		if !errors.Is(err, fault.NotFound) {
			t.Errorf("%s of no session: %v", name, err)
		}
	}
	if _, err := o.Decks(ctx, "none"); !errors.Is(err, fault.NotFound) {
		t.Errorf("decks of no session: %v", err)
	}
}
