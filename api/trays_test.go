package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"bargkhan/api/exam"
	"bargkhan/omr"
	"bargkhan/sheets"
)

// returned files pages of a station that are given back, as one file.
func (w *world) returned(name string, pages ...*omr.Reject) {
	w.t.Helper()
	id := exam.ScanID(fmt.Sprintf("%064x", len(name)*1000+len(pages)+int(name[0])))
	f := exam.Filing{Scan: id}
	for i, why := range pages {
		f.Returned = append(f.Returned, exam.Returned{Image: i + 1, Why: why})
	}
	err := w.store.Keep(w.t.Context(), exam.Arrival{ID: name, Scan: id, Station: station, Name: name + ".tif", Size: 9, At: w.clock()})
	if err == nil {
		_, err = w.store.File(w.t.Context(), f)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestTrays has each kind of paper in its own tray: over the API and on the screen.
func TestTrays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setUp()
	w.returned("a", &omr.Reject{Reason: omr.Separator, Stack: &sheets.Stack{Session: string(session), Venue: "ساری، تالار رودکی", Number: 3, Sheets: 48}})
	w.returned("b", &omr.Reject{Reason: omr.BlankPage}, &omr.Reject{Reason: omr.BlankPage}, &omr.Reject{Reason: omr.NoAnchors})
	w.returned("c", &omr.Reject{Reason: omr.Foreign, Serial: sheets.NewSerial(9)}, &omr.Reject{Reason: omr.Unopened, Serial: w.roster[0].Serial})
	at := "/api/v1/stations/" + station
	var got struct {
		Trays []struct {
			Tray  exam.Tray
			Pages int
		}
	}
	w.call("operator", "GET", at+"/trays", nil, 200, &got)
	want := "[{blank 2} {separator 1} {other 1} {foreign 1} {held 1} {again 0}]"
	if fmt.Sprint(got.Trays) != want {
		t.Errorf("trays %v, want %s", got.Trays, want)
	}
	for tray, file := range map[exam.Tray]string{exam.Separators: "a.tif", exam.Blanks: "b.tif", exam.Others: "b.tif", exam.Held: "c.tif", exam.Again: ""} {
		var list struct {
			Scans []struct {
				Name string
				End  string
				Back []struct{ Tray exam.Tray }
			}
		}
		w.call("operator", "GET", at+"/scans?tray="+string(tray), nil, 200, &list)
		switch {
		case file == "" && len(list.Scans) > 0, file != "" && (len(list.Scans) != 1 || list.Scans[0].Name != file):
			t.Errorf("tray %s holds %+v, want %q", tray, list.Scans, file)
		case file == "a.tif" && (list.Scans[0].End != "read" || list.Scans[0].Back[0].Tray != exam.Separators):
			t.Errorf("the header: %+v", list.Scans[0])
		case file == "c.tif" && list.Scans[0].End != "waiting":
			t.Errorf("what is held: %+v", list.Scans[0])
		}
	}
	w.refused("operator", "GET", at+"/scans?tray=bin", nil, 400, "invalid")
	w.refused("operator", "GET", "/api/v1/stations/none/trays", nil, 404, "not-found")
	for path, says := range map[string][]string{
		"/stations": {"سربرگ: ۱ صفحه", "سفید: ۲ صفحه", "دستهٔ ۳، ساری، تالار رودکی، ۴۸ برگه", "سربرگ ۳", "باز است"},
		"/stations?station=" + station + "&tray=held":  {"منتظر باز شدن آزمون", "c.tif", "دوباره اسکن نکنید"},
		"/stations?station=" + station + "&tray=other": {"کاغذ دیگر", "b.tif"},
	} {
		_, _, body := w.ask("operator", "GET", path, "", nil)
		for _, word := range says {
			if !strings.Contains(string(body), word) {
				t.Errorf("%s does not say %q: %s", path, word, body)
			}
		}
	}
	w.now.Add(int64((8 * 24 * time.Hour).Seconds()))
	w.call("operator", "GET", at+"/trays", nil, 200, &got)
	if got.Trays[0].Pages != 0 {
		t.Errorf("a week later: %v", got.Trays)
	}
}

// TestStacksPrinted prints by venue, in stacks between header and end sheets.
func TestStacksPrinted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setUp()
	status, head, pdf := w.ask("expert", "POST", at("/sheets"), "application/json", `{"spares": 2, "stack": 3}`)
	if status != 200 || head.Get("Content-Type") != "application/pdf" {
		t.Fatalf("%d %v %.200s", status, head, pdf)
	}
	// Of the venue: lists for door and signatures, and two stacks of two sheets; one
	// stack of two spares. Each stack has a header and an end.
	if want := "/Type/Pages/Count 14/"; !strings.Contains(string(pdf), want) {
		t.Errorf("the PDF does not have 14 pages")
	}
	for _, bad := range []string{`{"stack": -1}`, `{"stack": 501}`} {
		if status, _, _ := w.ask("expert", "POST", at("/sheets"), "application/json", bad); status != 400 {
			t.Errorf("%s: %d, want 400", bad, status)
		}
	}
}

// TestS32Streak tells a station to clean the glass when three sheets in a row have a
// line on them, and stops when one is clean.
func TestS32Streak(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setUp()
	scan := func(i int, notes ...omr.Note) {
		t.Helper()
		id := exam.ScanID(fmt.Sprintf("%064d", i))
		a := exam.Arrival{ID: fmt.Sprintf("n%03d", i), Scan: id, Station: station, Name: "x.jpg", Size: 1, At: w.clock()}
		sh := w.personal(i%4, "1", 20).sheet(id)
		sh.Reading.Notes = notes
		err := w.store.Keep(t.Context(), a)
		if err == nil {
			_, err = w.store.File(t.Context(), exam.Filing{Scan: id, Sheets: []exam.Sheet{sh}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	alarm := func(want int) {
		t.Helper()
		var list struct {
			Stations []struct{ Streak exam.Streak }
		}
		w.call("operator", "GET", "/api/v1/stations", nil, 200, &list)
		if got := list.Stations[0].Streak.Pages; got != want {
			t.Errorf("%d sheets in a row, want %d", got, want)
		}
		_, _, body := w.ask("operator", "GET", "/stations", "", nil)
		if says := strings.Contains(string(body), "شیشهٔ اسکنر را پاک کنید"); says != (want > 0) {
			t.Errorf("the screen says so: %v", says)
		}
	}
	scan(1, omr.Streaked)
	scan(2)
	scan(3, omr.Pale, omr.Streaked)
	scan(4, omr.Streaked)
	alarm(0)
	scan(5, omr.Streaked)
	alarm(3)
	scan(6, omr.Streaked)
	alarm(4)
	scan(7)
	alarm(0)
}

// TestTokensEnd lists tokens and keys of stations, and ends them.
func TestTokensEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var made struct{ ID, Secret string }
	w.call("admin", "POST", "/api/v1/tokens", map[string]any{"name": "nightly", "by": "centre", "duties": []string{"centre"}}, 201, &made)
	w.tokens["nightly"] = made.Secret
	w.call("nightly", "GET", "/api/v1/sessions", nil, 200, nil)
	var list struct{ Tokens []exam.Token }
	w.call("admin", "GET", "/api/v1/tokens", nil, 200, &list)
	found := 0
	for _, k := range list.Tokens {
		if k.ID == made.ID && k.Name == "nightly" && k.By == "centre" {
			found++
		}
	}
	if found != 1 || len(list.Tokens) != len(accounts)+1 {
		t.Errorf("tokens: %+v", list.Tokens)
	}
	w.call("admin", http.MethodDelete, "/api/v1/tokens/"+made.ID, nil, 204, nil)
	w.refused("nightly", "GET", "/api/v1/sessions", nil, 401, "login")
	w.refused("admin", http.MethodDelete, "/api/v1/tokens/"+made.ID, nil, 404, "not-found")

	w.call("admin", "POST", "/api/v1/stations/amol-1/key", nil, 201, nil)
	w.call("admin", http.MethodDelete, "/api/v1/stations/amol-1/key", nil, 204, nil)
	w.now.Add(60)
	w.call("admin", "POST", "/api/v1/stations/amol-1/key", nil, 201, nil)
	var keys struct{ Keys []exam.GivenKey }
	w.call("admin", "GET", "/api/v1/stations/amol-1/keys", nil, 200, &keys)
	if k := keys.Keys; len(k) != 2 || !k[0].RevokedAt.IsZero() || k[1].RevokedBy != "admin" || k[0].By != "admin" {
		t.Errorf("keys: %+v", k)
	}
}

// TestOpeningOnScreen signs for a station without a deck and opens the session there.
func TestOpeningOnScreen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setUp()
	page := "/sessions/" + string(session) + "/opening"
	says := func(word string) {
		t.Helper()
		if status, _, body := w.ask("expert", "GET", page, "", nil); status != 200 || !strings.Contains(string(body), word) {
			t.Errorf("%d, want the page to say %q: %s", status, word, body)
		}
	}
	says("باز نیست")
	for _, f := range []struct {
		fields url.Values
		status int
	}{
		{url.Values{"do": {"open"}, "station": {station}}, 409},
		{url.Values{"do": {"waive"}, "station": {station}, "name": {""}, "reason": {"x"}}, 400},
		{url.Values{"do": {"waive"}, "station": {station}, "name": {"سعید بهرامی"}, "reason": {"همان اسکنر دیروز است."}}, 303},
		{url.Values{"do": {"open"}, "station": {station}}, 303},
		{url.Values{"do": {"dance"}, "station": {station}}, 400},
	} {
		if status, _, body := w.ask("expert", "POST", page, "application/x-www-form-urlencoded", f.fields.Encode()); status != f.status {
			t.Errorf("%v: %d, want %d: %s", f.fields, status, f.status, body)
		}
	}
	says("باز شد، ")
	says("همان اسکنر دیروز است.")
	if ok, err := w.store.Opened(t.Context(), session, station); err != nil || !ok {
		t.Errorf("opened: %v, %v", ok, err)
	}
}
