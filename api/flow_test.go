package api_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bargkhan/api"
	"bargkhan/api/certificate"
	"bargkhan/api/exam"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// refused sends a request that must be refused, and returns the problem.
func (w *world) refused(login, method, path string, body any, status int, wantCode string) api.Problem {
	w.t.Helper()
	got, h, raw := w.ask(login, method, path, "application/json", body)
	var p api.Problem
	if err := json.Unmarshal(raw, &p); err != nil {
		w.t.Errorf("%s %s as %s: %d %s: not a problem: %v", method, path, login, got, raw, err)
		return p
	}
	if got != status || p.Code != wantCode || p.Status != got || h.Get("Content-Type") != "application/problem+json" {
		w.t.Errorf("%s %s as %s: got %d %q (%s), want %d %q: %s", method, path, login, got, p.Code, h.Get("Content-Type"), status, wantCode, raw)
	}
	if p.Title == "" || p.Detail == "" || p.Hint == "" || p.Request == "" || p.Request != h.Get("X-Request-Id") {
		w.t.Errorf("%s %s: a problem says what happened, what to do and its request: %s", method, path, raw)
	}
	return p
}

// TestRefusals is what is wrong with a request, and how it is said.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	s, key := exam1()
	long := strings.Repeat("x", 5<<20)
	for name, r := range map[string]struct {
		login, method, path string
		body                any
		status              int
		code                string
	}{
		"no token":                {"", "GET", "/api/v1/me", nil, 401, "login"},
		"no such address":         {"expert", "GET", "/api/v1/nothing", nil, 404, "not-found"},
		"no such method":          {"expert", "DELETE", at(""), nil, 405, "method"},
		"unknown key":             {"expert", "PUT", at(""), `{"id": "1405-09-test", "nmae": "x"}`, 400, "invalid"},
		"no JSON":                 {"expert", "PUT", at(""), `{"id": `, 400, "invalid"},
		"more than JSON":          {"expert", "POST", at("/sheets"), `{"spares": 0} {}`, 400, "invalid"},
		"wrong type":              {"expert", "POST", at("/sheets"), `{"spares": "two"}`, 400, "invalid"},
		"too large":               {"expert", "PUT", at(""), `{"name": "` + long + `"}`, 413, "too-large"},
		"another id":              {"expert", "PUT", "/api/v1/sessions/other", s, 400, "invalid"},
		"a bad id":                {"expert", "PUT", "/api/v1/sessions/A%20B", map[string]any{"id": "A B"}, 400, "invalid"},
		"a flawed session":        {"expert", "PUT", at(""), map[string]any{"name": ""}, 400, "invalid"},
		"no such session":         {"expert", "GET", "/api/v1/sessions/none", nil, 404, "not-found"},
		"a flawed design":         {"expert", "POST", at("/designs"), `{"sheet": {"id": "x", "wrong": 1}}`, 400, "invalid"},
		"a flawed roster":         {"expert", "PUT", at("/roster"), "کد ملی,نام\n123,علی", 400, "invalid"},
		"key without answers":     {"expert", "POST", at("/keys"), map[string]any{"seen": 1, "reason": "r", "items": map[string]any{}}, 400, "invalid"},
		"key without reason":      {"expert", "POST", at("/keys"), map[string]any{"seen": 1, "items": key}, 400, "invalid"},
		"key on an old one":       {"expert", "POST", at("/keys"), map[string]any{"seen": 0, "items": key}, 409, "conflict"},
		"too many spares":         {"expert", "POST", at("/sheets"), `{"spares": 100000}`, 400, "invalid"},
		"appointing no one":       {"centre", "POST", at("/appointments"), map[string]any{"who": "nobody", "letter": "1", "from": "2026-11-20", "to": "2026-11-21"}, 404, "not-found"},
		"appointing an expert":    {"centre", "POST", at("/appointments"), map[string]any{"who": "expert", "letter": "1", "from": "2026-11-20", "to": "2026-11-21"}, 400, "invalid"},
		"an appointment reversed": {"centre", "POST", at("/appointments"), map[string]any{"who": "nazer", "letter": "1", "from": "2026-11-22", "to": "2026-11-21"}, 400, "invalid"},
		"no letter":               {"centre", "POST", at("/appointments"), map[string]any{"who": "nazer", "from": "2026-11-20", "to": "2026-11-21"}, 400, "invalid"},
		"tasks of no appointment": {"stranger", "GET", at("/tasks"), nil, 404, "not-found"},
		"the office's tasks":      {"nazer", "GET", at("/tasks?office=true"), nil, 403, "denied"},
		"a bad limit":             {"expert", "GET", at("/grades?limit=0"), nil, 400, "invalid"},
		"a bad cursor":            {"expert", "GET", at("/grades?after=x"), nil, 400, "invalid"},
		"a bad format":            {"expert", "GET", at("/grades?format=xlsx"), nil, 400, "invalid"},
		"no such station":         {"operator", "GET", "/api/v1/stations/none/scans", nil, 404, "not-found"},
		"a path for a name":       {"operator", "POST", "/api/v1/stations/" + station + "/scans?name=..%2Fx.jpg", "x", 400, "invalid"},
		"a hidden name":           {"operator", "POST", "/api/v1/stations/" + station + "/scans?name=.x.jpg", "x", 400, "invalid"},
		"no name":                 {"operator", "POST", "/api/v1/stations/" + station + "/scans", "x", 400, "invalid"},
		"no such script":          {"nazer", "POST", "/api/v1/scripts/0000000000/rulings", map[string]any{"rev": 1, "field": "q1", "choices": []string{}}, 404, "not-found"},
		"no such serial":          {"", "GET", "/api/v1/verify/123", nil, 404, "not-found"},
		"a bad login":             {"admin", "PUT", "/api/v1/accounts/A%20B", map[string]any{"name": "x", "duties": []string{}}, 400, "invalid"},
		"an unknown duty":         {"admin", "PUT", "/api/v1/accounts/new", map[string]any{"name": "x", "duties": []string{"king"}}, 400, "invalid"},
		"two people's duties":     {"admin", "PUT", "/api/v1/accounts/new", map[string]any{"name": "x", "duties": []string{"expert", "approver"}}, 400, "invalid"},
		"a short password":        {"admin", "PUT", "/api/v1/accounts/new", map[string]any{"name": "x", "duties": []string{"expert"}, "password": "short"}, 400, "invalid"},
		"more than the account":   {"admin", "POST", "/api/v1/tokens", map[string]any{"name": "x", "by": "expert", "duties": []string{"admin"}}, 400, "invalid"},
		"a token of the past":     {"admin", "POST", "/api/v1/tokens", map[string]any{"name": "x", "by": "expert", "duties": []string{"expert"}, "expires": "2020-01-01T00:00:00Z"}, 400, "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			w.refused(r.login, r.method, r.path, r.body, r.status, r.code)
		})
	}
	p := w.refused("expert", "PUT", at("/roster"), "کد ملی,نام و نام خانوادگی\n123,علی محمدی\n456,رضا کریمی", 400, "invalid")
	if len(p.Faults) < 2 {
		t.Errorf("a roster with two faults: got %q, want both told", p.Faults)
	}
}

// TestRulings is who may decide what.
func TestRulings(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	p := w.personal(0, "1", 14)
	p.doubts["q3"], p.doubts["form"] = judge.Faint, judge.Several
	id := w.scan("one", p)
	to := "/api/v1/scripts/" + string(id) + "/rulings"
	body := func(rev int, field string, kv ...any) map[string]any {
		m := map[string]any{"rev": rev, "field": field}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1]
		}
		return m
	}
	one := []string{"1"}
	w.refused("stranger", "POST", to, body(1, "q3", "choices", one), 404, "not-found")
	w.refused("expert", "POST", to, body(1, "q3", "choices", one), 403, "denied")
	w.refused("nazer", "POST", to, body(1, "@person", "choices", []string{"0013542419"}), 403, "denied")
	w.refused("nazer", "POST", to, body(1, "q3", "choices", []string{"5"}), 400, "invalid")
	w.refused("nazer", "POST", to, body(1, "q3", "choices", []string{"1", "1"}), 400, "invalid")
	w.refused("nazer", "POST", to, body(1, "q99", "choices", one), 400, "invalid")
	w.refused("nazer", "POST", to, body(1, "q3"), 400, "invalid")
	w.refused("nazer", "POST", to, body(1, "q3", "choices", one, "cannot_say", true), 400, "invalid")
	w.refused("nazer", "POST", to, body(1, "q3", "withdrawn", true), 409, "conflict")
	if p := w.refused("nazer", "POST", to, body(0, "q3", "choices", one), 409, "conflict"); p.Rev == nil || *p.Rev != 1 {
		t.Errorf("a decision on an old rev: got rev %v, want the latest, 1", p.Rev)
	}
	var a struct{ Rev int }
	w.call("nazer", "POST", to, body(1, "q3", "choices", one), 201, &a)
	if a.Rev != 2 {
		t.Fatalf("after a ruling: got rev %d, want 2", a.Rev)
	}
	w.refused("nazer2", "POST", to, body(2, "q3", "choices", []string{"2"}), 400, "invalid")
	w.refused("nazer2", "POST", to, body(2, "q3", "withdrawn", true), 409, "conflict")
	w.call("nazer2", "POST", to, body(2, "q3", "choices", []string{"2"}, "note", "بزرگ‌نمایی شد"), 201, &a)
	w.call("nazer2", "POST", to, body(3, "q3", "withdrawn", true), 201, &a)
	w.call("expert", "POST", to, body(4, "form", "choices", one), 201, &a)
	w.refused("expert", "POST", to, body(5, "@person", "choices", []string{"2080000047"}), 400, "invalid")
	w.call("expert", "POST", to, body(5, "@person", "choices", []string{"0013542419"}), 201, &a)
	w.now.Add(40 * 24 * 3600)
	w.refused("nazer", "POST", to, body(6, "q3", "choices", one), 404, "not-found")
	var next struct {
		Task     *json.RawMessage
		Sessions []string
	}
	w.call("nazer", "POST", "/api/v1/review/next", nil, 200, &next)
	if next.Task != nil || len(next.Sessions) != 0 {
		t.Errorf("after the appointment's last day: got %+v, want nothing", next)
	}
}

// TestLease is two supervisors who never get the same script (S-49).
func TestLease(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	for i := range 2 {
		p := w.personal(i, "1", 14)
		p.doubts["q3"] = judge.Faint
		w.scan(fmt.Sprint("scan", i), p)
	}
	next := func(login string) string {
		var a struct{ Task *struct{ Script string } }
		w.call(login, "POST", "/api/v1/review/next", nil, 200, &a)
		if a.Task == nil {
			return ""
		}
		return a.Task.Script
	}
	one, two := next("nazer"), next("nazer2")
	if one == "" || two == "" || one == two {
		t.Fatalf("two supervisors at once: got scripts %q and %q, want two", one, two)
	}
	if again := next("nazer"); again != one {
		t.Errorf("asking again: got %q, want the same script %q", again, one)
	}
}

// TestGrades is how the Centre pulls.
func TestGrades(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	for i := range 4 {
		w.scan(fmt.Sprint("scan", i), w.personal(i, "1", 12+2*i))
	}
	var rows []exam.GradeRow
	path := at("/grades?limit=5")
	for range 10 {
		var page struct {
			Grades []exam.GradeRow
			Next   int64
			More   bool
		}
		status, h, body := w.ask("centre", "GET", path, "", nil)
		if err := json.Unmarshal(body, &page); err != nil || status != 200 {
			t.Fatal(status, err)
		}
		rows = append(rows, page.Grades...)
		link := regexp.MustCompile(`^<([^>]+)>; rel="next"$`).FindStringSubmatch(h.Get("Link"))
		if link == nil {
			t.Fatalf("Link is %q", h.Get("Link"))
		}
		path = link[1]
		if !page.More {
			break
		}
	}
	if len(rows) != 12 {
		t.Fatalf("got %d grades, want 3 of each of 4 candidates", len(rows))
	}
	_, _, body := w.ask("centre", "GET", path, "", nil)
	if !bytes.Contains(body, []byte(`"grades":[]`)) {
		t.Errorf("after the last: got %s, want none", body)
	}
	_, h, nd := w.ask("centre", "GET", at("/grades?format=ndjson"), "", nil)
	if n := bytes.Count(nd, []byte("\n")); n != 12 || h.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("NDJSON: got %d lines of %s, want 12", n, h.Get("Content-Type"))
	}
	checkCSV(t, w, rows)
}

func checkCSV(t *testing.T, w *world, rows []exam.GradeRow) {
	t.Helper()
	_, h, body := w.ask("centre", "GET", at("/grades?format=csv"), "", nil)
	if !bytes.HasPrefix(body, []byte("\xEF\xBB\xBF")) || bytes.Count(body, []byte("\r\n")) != 13 || !strings.HasPrefix(h.Get("Content-Type"), "text/csv") {
		t.Errorf("CSV: want UTF-8's mark and CRLF, got %.80q of %s", body, h.Get("Content-Type"))
	}
	table, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	col := func(name string) int {
		for i, h := range table[0] {
			if h == name {
				return i
			}
		}
		t.Fatalf("no column %s in %q", name, table[0])
		return 0
	}
	for i, r := range table[1:] {
		if want := string(rows[i].Serial); r[col("serial")] != want {
			t.Errorf("row %d: serial %q, want %q", i, r[col("serial")], want)
		}
		if strings.HasPrefix(r[col("name")], "=") {
			t.Errorf("row %d: the name %q would run in a spreadsheet", i, r[col("name")])
		}
	}
	if bytes.ContainsAny(body, "۰۱۲۳۴۵۶۷۸۹") {
		t.Errorf("CSV has Persian digits")
	}
}

// TestScript is how another party verifies a grade.
func TestScript(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	id := w.scan("one", w.personal(0, "1", 14))
	var s struct {
		exam.Script
		Owner  exam.PersonID
		Design string
		Pages  []string
	}
	w.call("centre", "GET", "/api/v1/scripts/"+string(id), nil, 200, &s)
	if s.Owner != w.roster[0].Person || s.Design != w.design.Digest().String() || len(s.Sheets) != 1 || len(s.Sheets[0].Reading.Evidence) == 0 || len(s.Pages) != 1 {
		t.Errorf("got owner %q, design %q, %d sheets, pages %q", s.Owner, s.Design, len(s.Sheets), s.Pages)
	}
	status, h, _ := w.ask("auditor", "GET", "/api/v1/scripts/"+string(id)+"/pages/2", "", nil)
	if status != 404 {
		t.Errorf("a page that is not: got %d %v", status, h)
	}
	status, h, _ = w.ask("nazer", "GET", "/api/v1/tasks/"+string(id)+"/q1/page.jpg?width=300", "", nil)
	if status != 200 || h.Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(h.Get("Cache-Control"), "private") {
		t.Errorf("a picture: got %d %v", status, h)
	}
	for _, path := range []string{"/@person/page.jpg", "/q1/page.jpg?view=1", "/none/crop.jpg"} {
		if status, _, _ := w.ask("nazer", "GET", "/api/v1/tasks/"+string(id)+path, "", nil); status != 404 {
			t.Errorf("%s: got %d, want 404", path, status)
		}
	}
	if status, _, _ := w.ask("stranger", "GET", "/api/v1/tasks/"+string(id)+"/q1/crop.jpg", "", nil); status != 404 {
		t.Errorf("a picture of another's session: got %d, want 404", status)
	}
}

// TestCertificates goes from issue to revocation, and what the public sees of it.
func TestCertificates(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	w.scan("one", w.personal(0, "1", 20))
	var issued struct {
		Issued  int
		Blocked []exam.VenueID
	}
	if w.call("expert", "POST", at("/certificates"), nil, 200, &issued); issued.Issued != 0 || len(issued.Blocked) != 1 {
		t.Fatalf("before the hall has counted: %+v", issued)
	}
	w.counted()
	for _, want := range []int{3, 0} {
		if w.call("expert", "POST", at("/certificates"), nil, 200, &issued); issued.Issued != want {
			t.Fatalf("issued %d, want %d", issued.Issued, want)
		}
	}
	var list struct{ Certificates []certificate.Certificate }
	w.call("approver", "GET", at("/certificates"), nil, 200, &list)
	serial := string(list.Certificates[0].Serial)
	path := "/api/v1/certificates/" + serial
	verify := func(want string) {
		t.Helper()
		var v map[string]any
		w.call("", "GET", "/api/v1/verify/"+strings.ToLower(serial), nil, 200, &v)
		if v["standing"] != want || v["initials"] != "ع. م." {
			t.Errorf("got %v, want %s", v, want)
		}
		for _, word := range []string{"محمدی", "0013542419", "شهرداری"} {
			if strings.Contains(fmt.Sprint(v), word) {
				t.Errorf("the public is told %q", word)
			}
		}
	}
	verify("unapproved")
	w.refused("approver", "GET", at("/certificates.pdf"), nil, 409, "conflict")
	w.refused("expert", "POST", path+"/acts", map[string]any{"kind": "approved"}, 403, "denied")
	w.refused("approver", "POST", path+"/acts", map[string]any{"kind": "delivered"}, 403, "denied")
	w.refused("approver", "POST", path+"/acts", map[string]any{"kind": "eaten"}, 400, "invalid")
	w.call("approver", "POST", path+"/acts", map[string]any{"kind": "approved"}, 201, nil)
	w.refused("approver", "POST", path+"/acts", map[string]any{"kind": "approved"}, 409, "conflict")
	verify("valid")
	for _, pdf := range []string{path + "/pdf", at("/certificates.pdf")} {
		if status, h, body := w.ask("centre", "GET", pdf, "", nil); status != 200 || h.Get("Content-Type") != "application/pdf" || !bytes.HasPrefix(body, []byte("%PDF-")) {
			t.Errorf("%s: got %d %s", pdf, status, h.Get("Content-Type"))
		}
	}
	w.call("expert", "POST", path+"/acts", map[string]any{"kind": "delivered"}, 201, nil)
	w.refused("approver", "POST", path+"/acts", map[string]any{"kind": "revoked"}, 400, "invalid")
	w.call("approver", "POST", path+"/acts", map[string]any{"kind": "revoked", "reason": "اصلاح کلید"}, 201, nil)
	verify("revoked")
	status, _, page := w.page(nil, "GET", "/v/"+serial, nil)
	if status != 200 || !bytes.Contains(page, []byte("باطل شده است")) || bytes.Contains(page, []byte("محمدی")) {
		t.Errorf("the public page: %d %s", status, page)
	}
}

// TestDrop is an upload: it lies in the drop folder under its name, whole.
func TestDrop(t *testing.T) {
	w := newWorld(t)
	path := "/api/v1/stations/" + station + "/scans"
	if status, _, body := w.ask("operator", "POST", path+"?name=%D8%A7%D8%B3%DA%A9%D9%86-1.jpg", "image/jpeg", "bytes"); status != 202 {
		t.Fatalf("got %d %s", status, body)
	}
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	part, _ := m.CreateFormFile("file", "two.jpg")
	_, _ = io.WriteString(part, "more bytes")
	m.Close()
	if status, _, body := w.ask("operator", "POST", path, m.FormDataContentType(), form.Bytes()); status != 202 {
		t.Fatalf("a form: got %d %s", status, body)
	}
	if status, _, body := w.ask("operator", "POST", path, "multipart/form-data; boundary=x", "--x--"); status != 400 {
		t.Errorf("a form without a file: got %d %s", status, body)
	}
	var stations struct {
		Stations []struct {
			ID string
		}
	}
	w.call("operator", "GET", "/api/v1/stations", nil, 200, &stations)
	if len(stations.Stations) != 1 || stations.Stations[0].ID != station {
		t.Errorf("got %+v", stations)
	}
	w.call("operator", "GET", "/api/v1/stations/"+station+"/waiting", nil, 200, nil)
	var scans struct{ Scans []exam.Fate }
	w.call("operator", "GET", path, nil, 200, &scans)
}

// TestAccess is accounts and tokens.
func TestAccess(t *testing.T) {
	w := newWorld(t)
	var acc struct{ Password string }
	w.call("admin", "PUT", "/api/v1/accounts/new.one", map[string]any{"name": "نو", "duties": []string{"expert", "operator"}}, 200, &acc)
	if len(acc.Password) < api.MinPassword {
		t.Errorf("a new account's password: %q", acc.Password)
	}
	var tok struct{ Secret string }
	w.call("admin", "POST", "/api/v1/tokens", map[string]any{"name": "robot", "by": "new.one", "duties": []string{"operator"}, "expires": w.clock().Add(time.Hour)}, 201, &tok)
	w.tokens["robot"] = tok.Secret
	w.call("robot", "GET", "/api/v1/stations", nil, 200, nil)
	w.refused("robot", "PUT", "/api/v1/sessions/x", map[string]any{}, 403, "denied")
	var me struct {
		Login, Token, CSRF string
		Duties             []exam.Duty
	}
	w.call("robot", "GET", "/api/v1/me", nil, 200, &me)
	if me.Token != "robot" || me.CSRF != "" || !cmp.Equal(me.Duties, []exam.Duty{exam.Operator}) {
		t.Errorf("me: %+v", me)
	}
	w.call("admin", "PUT", "/api/v1/accounts/new.one", map[string]any{"name": "نو", "duties": []string{"expert"}}, 200, &acc)
	w.refused("robot", "GET", "/api/v1/stations", nil, 403, "denied")
	w.now.Add(3601)
	w.refused("robot", "GET", "/api/v1/me", nil, 401, "login")
	w.tokens["forged"] = tok.Secret + "x"
	w.refused("forged", "GET", "/api/v1/me", nil, 401, "login")
	var all struct{ Accounts []exam.Account }
	w.call("admin", "GET", "/api/v1/accounts", nil, 200, &all)
	if len(all.Accounts) != len(accounts)+1 {
		t.Errorf("got %d accounts", len(all.Accounts))
	}
}

// page asks as a browser does, with a jar of cookies; nil is a new one.
func (w *world) page(jar http.CookieJar, method, path string, form url.Values) (int, http.Header, []byte) {
	w.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, res.Header, got
}

// TestLogin is the login by password: its cookie, its secret, its patience.
func TestLogin(t *testing.T) {
	w := newWorld(t)
	jar, _ := cookiejar.New(nil)
	if status, h, _ := w.page(jar, "GET", "/review", nil); status != 303 || h.Get("Location") != "/login?to=%2Freview" {
		t.Errorf("a stranger: got %d to %q", status, h.Get("Location"))
	}
	right := url.Values{"login": {"expert"}, "password": {"expertexpert"}, "to": {"//evil.example/"}}
	status, h, _ := w.page(jar, "POST", "/login", right)
	if status != 303 || h.Get("Location") != "/" {
		t.Fatalf("login: got %d to %q, want 303 to /", status, h.Get("Location"))
	}
	if c := h.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") {
		t.Errorf("cookie %q", c)
	}
	status, h, body := w.page(jar, "GET", "/", nil)
	if status != 200 || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("home: got %d, policy %q", status, h.Get("Content-Security-Policy"))
	}
	secret := regexp.MustCompile(`name="csrf" content="([^"]+)"`).FindSubmatch(body)
	if secret == nil {
		t.Fatal("the page has no secret")
	}
	if status, _, body := w.page(jar, "POST", "/sessions/x/issue", url.Values{}); status != 403 || !bytes.Contains(body, []byte("کهنه")) {
		t.Errorf("a form without the secret: got %d", status)
	}
	if status, _, _ := w.page(jar, "POST", "/sessions/none/issue", url.Values{"csrf": {string(secret[1])}}); status != 404 {
		t.Errorf("a form with the secret: got %d, want 404 of the session", status)
	}
	if status, _, _ := w.page(jar, "POST", "/logout", url.Values{"csrf": {string(secret[1])}}); status != 303 {
		t.Errorf("logout: got %d", status)
	}
	if status, _, _ := w.page(jar, "GET", "/", nil); status != 303 {
		t.Errorf("after logout: got %d, want the login page", status)
	}
	checkPatience(t, w)
}

// checkPatience guesses passwords.
func checkPatience(t *testing.T, w *world) {
	t.Helper()
	guess := url.Values{"login": {"nazer"}, "password": {"wrong"}}
	for i := range 5 {
		if status, _, _ := w.page(nil, "POST", "/login", guess); status != 401 {
			t.Fatalf("guess %d: got %d, want 401", i, status)
		}
	}
	right := url.Values{"login": {"nazer"}, "password": {"nazernazer"}}
	if status, _, _ := w.page(nil, "POST", "/login", right); status != 429 {
		t.Errorf("after five guesses: got %d, want 429 also for the right one", status)
	}
	if status, _, _ := w.page(nil, "POST", "/login", url.Values{"login": {"expert"}, "password": {"expertexpert"}}); status != 303 {
		t.Errorf("another account: got %d, want it open", status)
	}
	w.now.Add(31)
	if status, _, _ := w.page(nil, "POST", "/login", right); status != 303 {
		t.Errorf("after the wait: got %d, want it open", status)
	}
	if status, _, _ := w.page(nil, "POST", "/login", url.Values{"login": {"nobody"}, "password": {"x"}}); status != 401 {
		t.Errorf("an account that is not: got %d, want 401", status)
	}
	cross, _ := http.NewRequestWithContext(t.Context(), "POST", w.url+"/login", strings.NewReader(right.Encode()))
	cross.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	cross.Header.Set("Sec-Fetch-Site", "cross-site")
	if status, _, _ := w.send(cross); status != 403 {
		t.Errorf("a login from another site: got %d, want 403", status)
	}
}

// TestOperation is what an operator's tools look at.
func TestOperation(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		if status, _, body := w.ask("", "GET", path, "", nil); status != 200 || string(body) != want {
			t.Errorf("%s: got %d %q", path, status, body)
		}
	}
	req, _ := http.NewRequestWithContext(t.Context(), "GET", w.url+"/api/v1/me?name=secret", nil)
	req.Header.Set("X-Request-Id", "from-a-proxy-1")
	w.send(req)
	_, _, metrics := w.ask("", "GET", "/metrics", "", nil)
	if want := `omrd_http_requests_total{method="GET",route="/api/v1/me",status="401"} 1`; !bytes.Contains(metrics, []byte(want)) {
		t.Errorf("metrics lack %s:\n%s", want, metrics)
	}
	log := w.log.String()
	if !strings.Contains(log, `"request":"from-a-proxy-1"`) || strings.Contains(log, "secret") {
		t.Errorf("log: %s", log)
	}
	for path, kind := range map[string]string{
		"/assets/app.css": "text/css", "/assets/review.js": "text/javascript", "/assets/fonts/NotoSansArabic-Regular.ttf": "font/ttf",
		"/api/v1/openapi.yaml": "application/yaml"} {
		if status, h, _ := w.ask("", "GET", path, "", nil); status != 200 || !strings.HasPrefix(h.Get("Content-Type"), kind) {
			t.Errorf("%s: got %d %s", path, status, h.Get("Content-Type"))
		}
	}
	for _, path := range []string{"/assets/..%2Fpages.go", "/assets/fonts/..%2F..%2Fpasswd", "/nothing"} {
		if status, _, _ := w.ask("", "GET", path, "", nil); status != 404 {
			t.Errorf("%s: got %d, want 404", path, status)
		}
	}
}

// TestKeyAsWritten is a key title by title, as an office writes it.
func TestKeyAsWritten(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	titles := map[string]string{}
	for _, id := range []string{"t1", "t2", "t3"} {
		titles[id] = strings.Repeat("۱۲الفد", 5)
	}
	var v struct{ Version int }
	w.call("expert", "POST", at("/keys"), map[string]any{"seen": 1, "reason": "صورت‌جلسهٔ ۱۲", "titles": titles}, 201, &v)
	var ks struct{ Keys []exam.Key }
	w.call("auditor", "GET", at("/keys"), nil, 200, &ks)
	got := ks.Keys[len(ks.Keys)-1].Items["t1.03"].Right
	if v.Version != 2 || len(ks.Keys) != 2 || !cmp.Equal(got, []sheets.Choice{"1"}) {
		t.Errorf("got version %d of %d, item t1.03 %q", v.Version, len(ks.Keys), got)
	}
}
