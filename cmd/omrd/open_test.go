package main

import (
	"testing"
	"time"

	"bargkhan/api/exam"
	"bargkhan/api/store"
)

// openAt opens a session for scanning at stations whose decks nobody checks.
func openAt(t *testing.T, s *store.Store, id exam.SessionID, stations ...string) {
	t.Helper()
	for _, station := range stations {
		w := exam.DeckWaiver{Station: station, Name: "سعید بهرامی", Reason: "آزمایش", By: "expert", At: time.Now()}
		if err := s.AddDeckWaiver(t.Context(), id, w); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.OpenScanning(t.Context(), id, exam.Opening{Stations: stations, By: "expert", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
}
