package api_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	far "bargkhan/api/station"
	"bargkhan/omr"
)

// a hall is a station far away, as its requests look from here.
type hall struct {
	*world
	name string
	key  far.Key
}

func (w *world) hall(name string) *hall {
	w.t.Helper()
	var a struct{ Key string }
	w.call("admin", "POST", "/api/v1/stations/"+name+"/key", nil, 201, &a)
	k, err := far.ParseKey(a.Key)
	if err != nil {
		w.t.Fatal(err)
	}
	w.tokens[name] = k.Bearer()
	return &hall{w, name, k}
}

// at is an address below the station.
func (h *hall) at(below string) string { return "/api/v1/stations/" + h.name + below }

// file is the address of a file.
func (h *hall) file(f far.File, more string) string {
	q := url.Values{"sum": {f.Sum.String()}, "size": {fmt.Sprint(f.Size)}, "name": {f.Name}, "at": {f.At.Format(time.RFC3339Nano)}}
	return h.at("/files/" + f.ID + "?" + q.Encode() + more)
}

// put sends a piece and returns the status, the code of a refusal, and the state.
func (h *hall) put(as string, f far.File, offset int, piece string) (int, string, far.State) {
	h.t.Helper()
	status, _, body := h.ask(as, "PUT", h.file(f, fmt.Sprintf("&offset=%d", offset)), "application/octet-stream", piece)
	var s far.State
	if status == 200 {
		if err := json.Unmarshal(body, &s); err != nil {
			h.t.Fatal(err)
		}
	}
	return status, code(body), s
}

func farFile(n int, body string) far.File {
	return far.File{ID: fmt.Sprintf("20261122T083000.000000Z-%08d", n), Sum: sha256.Sum256([]byte(body)), Size: int64(len(body)),
		Name: fmt.Sprintf("batch/اسکن %d.jpg", n), At: noon.Add(-time.Hour)}
}

// TestFarUpload sends a file in pieces of every kind. It arrives once.
func TestFarUpload(t *testing.T) {
	w := newWorld(t)
	h := w.hall("amol-1")
	body := strings.Repeat("0123456789", 500)
	f := farFile(1, body)
	for _, s := range []struct {
		name   string
		offset int
		piece  string
		status int
		code   string
		have   int64
		done   bool
	}{
		{"a hole", 10, body[10:], 409, "offset", 0, false},
		{"first piece", 0, body[:2000], 200, "", 2000, false},
		{"again", 0, body[:2000], 409, "offset", 0, false},
		{"the rest", 2000, body[2000:], 200, "", 5000, true},
		{"the rest again", 2000, body[2000:], 200, "", 5000, true},
		{"all again", 0, body, 200, "", 5000, true},
	} {
		status, code, state := h.put(h.name, f, s.offset, s.piece)
		if status != s.status || code != s.code || state.Offset != s.have || state.Done != s.done {
			t.Errorf("%s: got %d %s %+v", s.name, status, code, state)
		}
	}
	other := farFile(1, "another scan")
	if status, code, _ := h.put(h.name, other, 0, "another scan"); status != 409 || code != "conflict" {
		t.Errorf("other bytes under the same ID: got %d %s", status, code)
	}
	torn := farFile(2, "a scan")
	if status, code, _ := h.put(h.name, torn, 0, "A scan"); status != 409 || code != "sum" {
		t.Errorf("a spoiled file: got %d %s", status, code)
	}
	if status, _, s := h.put(h.name, torn, 0, "a scan"); status != 200 || !s.Done {
		t.Errorf("the same file, whole: got %d %+v", status, s)
	}
	var l struct{ Scans []exam.Fate }
	w.call("operator", "GET", h.at("/scans"), nil, 200, &l)
	if len(l.Scans) != 2 || l.Scans[1].ID != h.name+"."+f.ID || !l.Scans[1].At.Equal(noon) || l.Scans[1].Name != f.Name {
		t.Errorf("the ledger says %+v", l.Scans)
	}
}

// TestFarUploadAtOnce sends one file over many connections at once: it arrives once.
func TestFarUploadAtOnce(t *testing.T) {
	w := newWorld(t)
	h := w.hall("amol-1")
	f := farFile(1, "a scan")
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			for range 20 {
				if _, _, s := h.put(h.name, f, 0, "a scan"); s.Done {
					return
				}
			}
			t.Error("it was never taken")
		})
	}
	wg.Wait()
	if fs, err := w.store.Ledger(t.Context(), h.name, 10); err != nil || len(fs) != 1 {
		t.Errorf("%d arrivals, %v", len(fs), err)
	}
}

// TestFarFates tells a station what became of its files, sealed for it.
func TestFarFates(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	h := w.hall("amol-1")
	read, back, waits := farFile(1, "read"), farFile(2, "back"), farFile(3, "waits")
	for f, body := range map[*far.File]string{&read: "read", &back: "back", &waits: "waits"} {
		if status, _, s := h.put(h.name, *f, 0, body); status != 200 || !s.Done {
			t.Fatalf("%d %+v", status, s)
		}
	}
	sh := w.personal(0, "1", 20).sheet(exam.ScanID(read.Sum.String()))
	sh.Reading.Notes = []omr.Note{omr.Streaked}
	for _, f := range []exam.Filing{
		{Scan: sh.Scan, Sheets: []exam.Sheet{sh}},
		{Scan: exam.ScanID(back.Sum.String()), Returned: []exam.Returned{{Image: 1, Why: &omr.Reject{Reason: omr.NoStamp}}}},
	} {
		if _, err := w.store.File(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	for file, want := range map[string]int{
		back.ID + "/pages/1.jpg": 200, back.ID + "/pages/2.jpg": 404, read.ID + "/pages/1.jpg": 404, "x/pages/1.jpg": 404, back.ID + "/pages/x.jpg": 404,
	} {
		status, head, body := h.ask(h.name, "GET", h.at("/files/"+file), "", nil)
		if status != want || want == 200 && (head.Get("Content-Type") != "image/jpeg" || len(body) == 0) {
			t.Errorf("picture %s: %d %v, want %d", file, status, head, want)
		}
	}
	var a struct {
		Files json.RawMessage
		MAC   string
	}
	w.call(h.name, "POST", h.at("/fates"), map[string]any{"files": []string{read.ID, back.ID, waits.ID, "never-heard-of"}}, 200, &a)
	if a.MAC != far.Seal(sha256.Sum256([]byte(h.key.Bearer())), a.Files) {
		t.Error("the seal is not of this station")
	}
	var fs []far.Fate
	if err := json.Unmarshal(a.Files, &fs); err != nil || len(fs) != 3 {
		t.Fatalf("%v: %s", err, a.Files)
	}
	if f := fs[0]; f.ID != read.ID || f.End != far.Read || f.Sheets != 1 || len(f.Notes) != 1 || f.Notes[0].Code != "streaked" || f.Notes[0].Text == "" {
		t.Errorf("read: %+v", f)
	}
	if f := fs[1]; f.End != far.Returned || len(f.Back) != 1 || f.Back[0].Reason != "no-stamp" || f.Back[0].Why == "" || f.Back[0].Do == "" {
		t.Errorf("returned: %+v", f)
	}
	if f := fs[2]; f.End != far.Waiting {
		t.Errorf("waiting: %+v", f)
	}
	if status, _, _ := w.ask("operator", "GET", "/stations", "", nil); status != 200 {
		t.Errorf("the stations' screen: %d", status)
	}
}

// TestS36FarClock keeps how wrong a station's clock is, even by decades; ours rules.
func TestS36FarClock(t *testing.T) {
	w := newWorld(t)
	h := w.hall("amol-1")
	var a far.Answer
	w.call(h.name, "POST", h.at("/greeting"), far.Greeting{Now: noon.Add(-26 * time.Hour)}, 200, &a)
	if !a.Now.Equal(noon) || a.Station != h.name {
		t.Errorf("got %+v", a)
	}
	var l struct {
		Stations []struct {
			ID  string
			Far *struct {
				Keyed bool
				Seen  time.Time
				Ahead float64
			}
		}
	}
	w.call("operator", "GET", "/api/v1/stations", nil, 200, &l)
	if len(l.Stations) != 2 || l.Stations[1].Far == nil || l.Stations[1].Far.Ahead != -26*3600 || !l.Stations[1].Far.Seen.Equal(noon) {
		t.Errorf("got %+v", l.Stations)
	}
	w.call(h.name, "POST", h.at("/greeting"), far.Greeting{Now: time.Unix(0, 0)}, 200, &a)
	all, err := w.store.FarStations(t.Context())
	if err != nil || len(all) != 1 || all[0].Ahead != time.Unix(0, 0).Sub(noon) {
		t.Errorf("a clock of 1970: %+v, %v", all, err)
	}
	f := farFile(1, "a scan")
	f.At = time.Unix(0, 0)
	h.put(h.name, f, 0, "a scan")
	fs, err := w.store.Ledger(t.Context(), h.name, 1)
	if err != nil || len(fs) != 1 || !fs[0].At.Equal(noon) {
		t.Errorf("the ledger says %+v, %v, want our clock", fs, err)
	}
}

// TestFarKey gives, replaces and revokes keys; one step each.
func TestFarKey(t *testing.T) {
	w := newWorld(t)
	h := w.hall("amol-1")
	ask := func(word string) int {
		w.tokens["probe"] = word
		status, _, _ := w.ask("probe", "POST", h.at("/fates"), "application/json", `{"files": []}`)
		return status
	}
	old := h.key.Bearer()
	if got := ask(old); got != 200 {
		t.Fatalf("its own key: %d", got)
	}
	h = w.hall("amol-1")
	if got := ask(old); got != 401 {
		t.Errorf("the key that was replaced: %d, want 401", got)
	}
	w.call("admin", "DELETE", h.at("/key"), nil, 204, nil)
	if got := ask(h.key.Bearer()); got != 401 {
		t.Errorf("the revoked key: %d, want 401", got)
	}
	w.call("admin", "DELETE", h.at("/key"), nil, 404, nil)
	for _, bad := range []string{"Hall 1", "x_y", station} { // the last has its folder here
		w.call("admin", "POST", "/api/v1/stations/"+url.PathEscape(bad)+"/key", nil, 400, nil)
	}
}

// TestFarImport hands in a list: what it names may be brought, and nothing else.
func TestFarImport(t *testing.T) {
	w := newWorld(t)
	h := w.hall("amol-1")
	f, g := farFile(1, "a scan"), farFile(2, "another")
	if status, _, _ := h.put("operator", f, 0, "a scan"); status != 404 {
		t.Errorf("a file in no list: %d, want 404", status)
	}
	h.put(h.name, f, 0, "a s") // the station itself had begun
	s, err := h.key.Sign(far.List{Station: h.name, At: noon, Files: []far.File{f, g}})
	if err != nil {
		t.Fatal(err)
	}
	bad := s
	bad.List = strings.Replace(bad.List, `"size": 6`, `"size": 7`, 1)
	w.call("operator", "POST", h.at("/imports"), bad, 403, nil)
	w.call("operator", "POST", "/api/v1/stations/babol-1/imports", s, 404, nil)
	for range 2 {
		var a struct{ Files map[string]far.State }
		w.call("operator", "POST", h.at("/imports"), s, 200, &a)
		if len(a.Files) != 2 || a.Files[f.ID].Offset != 3 || a.Files[g.ID].Offset != 0 {
			t.Errorf("got %+v", a.Files)
		}
	}
	if status, code, _ := h.put("operator", farFile(1, "A scan"), 0, "A scan"); status != 404 {
		t.Errorf("other bytes than listed: %d %s", status, code)
	}
	if status, _, st := h.put("operator", f, 3, "can"); status != 200 || !st.Done {
		t.Errorf("the rest: %d %+v", status, st)
	}
	var a struct{ Files map[string]far.State }
	w.call("expert", "POST", h.at("/imports"), s, 200, &a)
	if !a.Files[f.ID].Done || a.Files[g.ID].Done {
		t.Errorf("got %+v", a.Files)
	}
	d, err := w.store.Delivery(t.Context(), h.name, g.ID)
	if err != nil || d.Listed != "operator" {
		t.Errorf("who handed the list in: %+v, %v", d, err)
	}
}

// TestFarOutage keeps what came while the database is away, and takes it in after.
func TestFarOutage(t *testing.T) {
	w := newWorld(t)
	h := w.hall("amol-1")
	f := farFile(1, "a scan")
	calls := 0
	in := &far.Inbox{Dir: t.TempDir()}
	keep := func(string) error {
		if calls++; calls == 1 {
			return fault.New(fault.Transient, "", "")
		}
		return w.line.Deliver(context.Background(), exam.Delivery{Station: h.name, ID: f.ID, Scan: exam.ScanID(f.Sum.String()), Size: f.Size,
			Name: f.Name, At: f.At}.Arrival(noon), "")
	}
	if _, done, err := in.Add(t.Context(), h.name, f, 0, strings.NewReader("a scan"), keep); done || !errors.Is(err, fault.Transient) {
		t.Errorf("got %v, %v", done, err)
	}
	for range 2 {
		if err := keep(""); err != nil {
			t.Fatal(err)
		}
	}
	if fs, err := w.store.Ledger(t.Context(), h.name, 9); err != nil || len(fs) != 1 {
		t.Errorf("%d arrivals, %v", len(fs), err)
	}
}

// TestNobodyIsAStation checks that no account and no token gets a machine's duty.
func TestNobodyIsAStation(t *testing.T) {
	w := newWorld(t)
	w.call("admin", "PUT", "/api/v1/accounts/someone", map[string]any{"name": "x", "duties": []exam.Duty{exam.Station}}, http.StatusBadRequest, nil)
	if slices.ContainsFunc(accounts, func(a exam.Account) bool { return slices.Contains(a.Duties, exam.Station) }) {
		t.Error("an account of the tests is a station")
	}
}
