package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"bargkhan/api"
	"bargkhan/api/exam"
)

// TestDuties asks every address with every duty and with none: what the table of
// routes does not give is refused, and what it gives is not.
func TestDuties(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	for _, r := range api.Routes() {
		path := strings.NewReplacer(":id", string(session), ":script", "0000000000", ":field", "q1", ":serial", "x", ":login", "x", ":n", "1", ":file", "x", ":venue", "x", ":page", "1.jpg").Replace(r.Path)
		for _, a := range append([]exam.Account{{}}, accounts...) {
			req, err := http.NewRequestWithContext(t.Context(), r.Method, w.url+path, strings.NewReader("{"))
			if err != nil {
				t.Fatal(err)
			}
			if a.Login != "" {
				req.Header.Set("Authorization", "Bearer "+w.tokens[string(a.Login)])
			}
			status, _, body := w.send(req)
			has := slices.ContainsFunc(a.Duties, func(d exam.Duty) bool { return slices.Contains(r.Needs, d) })
			switch {
			case r.Public:
				if (status == 401 || status == 403) && r.Path != "/login" {
					t.Errorf("%s %s is public and answers %d", r.Method, path, status)
				}
			case a.Login == "":
				if status != 401 {
					t.Errorf("%s %s without a name: got %d, want 401", r.Method, path, status)
				}
			case has || len(r.Needs) == 0:
				if status == 401 || status == 403 {
					t.Errorf("%s %s as %s: got %d, want it allowed: %s", r.Method, path, a.Login, status, body)
				}
			case status != 403 || code(body) != "denied":
				t.Errorf("%s %s as %s: got %d, want it denied", r.Method, path, a.Login, status)
			}
		}
	}
}

// code is the code of a problem.
func code(body []byte) string {
	var p api.Problem
	_ = json.Unmarshal(body, &p)
	return p.Code
}

// TestNothingNamesAnyoneToSupervisors reads all that a supervisor can read over the
// API: no name, no number of a person, no key, no score.
func TestNothingNamesAnyoneToSupervisors(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	w.fill(t)
	for _, r := range api.Routes() {
		if r.Method != "GET" || !slices.Contains(r.Needs, exam.Supervisor) {
			continue
		}
		path := strings.NewReplacer(":id", string(session), ":script", string(exam.ScriptOf(w.roster[0].Serial)), ":field", "q1").Replace(r.Path)
		_, h, body := w.ask("nazer", "GET", path, "", nil)
		if strings.HasPrefix(h.Get("Content-Type"), "image/") {
			continue // what a picture shows is the test of the looks
		}
		checkSays(t, w, path, string(body))
	}
	_, _, body := w.ask("nazer", "POST", "/api/v1/review/next", "", nil)
	checkSays(t, w, "/api/v1/review/next", string(body))
}

func checkSays(t *testing.T, w *world, path, said string) {
	t.Helper()
	for _, c := range w.roster {
		for _, word := range []string{c.Name, string(c.Person), c.Father, c.Employer} {
			if strings.Contains(said, word) {
				t.Errorf("%s says %q to a supervisor", path, word)
			}
		}
	}
	for _, word := range []string{`"right"`, `"outcome"`, `"low"`, `"key":`} {
		if strings.Contains(said, word) {
			t.Errorf("%s says %s to a supervisor", path, word)
		}
	}
}
