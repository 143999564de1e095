package api_test

import (
	"testing"
)

// TestDecks opens a session for scanning only when its stations have shown that they
// read, or somebody answers for it.
func TestDecks(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	open := map[string]any{"stations": []string{"a", "b"}}
	w.refused("expert", "POST", at("/opening"), open, 409, "conflict")
	w.refused("expert", "POST", at("/opening"), map[string]any{"stations": []string{}}, 409, "conflict")
	deck := func(station, design string, differences int) map[string]any {
		return map[string]any{"station": station, "design": design, "cards": 16, "differences": differences}
	}
	own, spare := w.design.Digest().String(), w.spare.Digest().String()
	w.refused("operator", "POST", at("/decks"), deck("", own, 0), 400, "invalid")
	w.refused("operator", "POST", at("/decks"), deck("a", "00", 0), 400, "invalid")
	w.refused("operator", "POST", at("/decks"), deck("a", own, -1), 400, "invalid")
	w.refused("operator", "POST", "/api/v1/sessions/none/decks", deck("a", own, 0), 404, "not-found")
	w.refused("expert", "POST", at("/decks/waivers"), map[string]any{"station": "b", "name": "", "reason": " "}, 400, "invalid")

	w.call("operator", "POST", at("/decks"), deck("a", own, 2), 201, nil)
	w.call("operator", "POST", at("/decks"), deck("a", spare, 0), 201, nil)
	w.call("expert", "POST", at("/decks/waivers"), map[string]any{"station": "b", "name": "مریم احمدی", "reason": "دیروز آزموده شد"}, 201, nil)
	w.refused("expert", "POST", at("/opening"), open, 409, "conflict") // a failed
	w.call("operator", "POST", at("/decks"), deck("a", own, 0), 201, nil)
	w.call("expert", "POST", at("/opening"), open, 201, nil)

	var got struct {
		Checks   []struct{ Passed bool }
		Waivers  []struct{ Name, By string }
		Openings []struct{ Stations []string }
	}
	w.call("operator", "GET", at("/decks"), nil, 200, &got)
	if len(got.Checks) != 3 || got.Checks[0].Passed || !got.Checks[2].Passed || len(got.Waivers) != 1 || got.Waivers[0].By != "expert" || len(got.Openings) != 1 {
		t.Errorf("got %+v", got)
	}
}
