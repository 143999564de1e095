package api_test

import (
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"bargkhan/api/exam"
	"bargkhan/api/persian"
	"bargkhan/omr/judge"
)

// TestCounts ends a batch, looks at what does not balance, has people answer for it
// and closes the venue.
func TestCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setUp()
	batches := "/api/v1/stations/" + station + "/batches"
	var ended struct{ Batch exam.Batch }
	w.call("operator", "POST", batches, map[string]any{"session": session, "venue": "rudaki", "stack": "الف", "paper": 1}, 201, &ended)
	if b := ended.Batch; b.N != 1 || b.By != "operator" || b.Paper != 1 || b.Station != station {
		t.Errorf("ended %+v", b)
	}
	w.refused("operator", "POST", batches, map[string]any{"session": session, "venue": "none", "paper": 1}, 400, "invalid")
	w.refused("operator", "POST", batches, map[string]any{"session": session, "venue": "rudaki"}, 400, "invalid")
	w.refused("operator", "POST", "/api/v1/stations/none/batches", map[string]any{"session": session, "venue": "rudaki", "paper": 1}, 404, "not-found")
	var list struct{ Batches []exam.Tally }
	w.call("operator", "GET", batches, nil, 200, &list)
	if len(list.Batches) != 1 || list.Batches[0].Paper != 1 {
		t.Errorf("batches: %+v", list)
	}

	venue := at("/venues/rudaki")
	w.refused("expert", "POST", venue+"/closing", nil, 409, "conflict")
	var persons []exam.PersonID
	for _, c := range w.roster {
		persons = append(persons, c.Person)
	}
	w.refused("expert", "PUT", venue+"/absent", map[string]any{"persons": []string{"1"}}, 400, "invalid")
	w.call("expert", "PUT", venue+"/absent", map[string]any{"persons": persons}, 204, nil)
	waiver := map[string]any{"gap": "paper", "amount": 1, "reason": "برگه‌ای خط خورده بود.", "hall_head": "علی", "supervisor": "علی"}
	w.refused("expert", "POST", venue+"/waivers", waiver, 400, "invalid")
	waiver["supervisor"] = "نرگس"
	w.call("expert", "POST", venue+"/waivers", waiver, 204, nil)
	w.call("expert", "POST", venue+"/closing", nil, 204, nil)
	var halls struct {
		Venues []struct {
			Closed      *exam.Closing
			Differences []exam.Difference
		}
	}
	w.call("centre", "GET", at("/venues"), nil, 200, &halls)
	if v := halls.Venues; len(v) != 1 || v[0].Closed == nil || v[0].Closed.By != "expert" || len(v[0].Differences) != 1 || v[0].Differences[0].Waived == nil {
		t.Errorf("venues: %+v", halls)
	}
	w.countsOnScreen(t)
}

// countsOnScreen does the same with the forms of the screens.
func (w *world) countsOnScreen(t *testing.T) {
	t.Helper()
	page := "/sessions/" + string(session) + "/venues"
	for path, says := range map[string]string{page: "بسته شد", "/stations": "پایان دسته"} {
		if status, _, body := w.ask("expert", "GET", path, "", nil); status != 200 || !strings.Contains(string(body), says) {
			t.Errorf("%s: %d, want it to say %q: %s", path, status, says, body)
		}
	}
	forms := []struct {
		path   string
		fields url.Values
		status int
	}{
		{"/stations/batch", url.Values{"station": {station}, "at": {"rudaki@" + string(session)}, "stack": {"ب"}, "paper": {"۲"}}, 303},
		{"/stations/batch", url.Values{"station": {station}, "at": {"rudaki@" + string(session)}, "paper": {"دو"}}, 400},
		{page, url.Values{"do": {"close"}, "venue": {"rudaki"}}, 409},
		{page, url.Values{"do": {"waive"}, "venue": {"rudaki"}, "gap": {"paper"}, "amount": {"3"}, "reason": {"گم شد"}, "hall_head": {"علی"}, "supervisor": {"نرگس"}}, 303},
		{page, url.Values{"do": {"absent"}, "venue": {"rudaki"}, "person": {string(w.roster[0].Person)}}, 303},
		{page, url.Values{"do": {"dance"}, "venue": {"rudaki"}}, 400},
	}
	for _, f := range forms {
		status, _, body := w.ask("expert", http.MethodPost, f.path, "application/x-www-form-urlencoded", f.fields.Encode())
		if status != f.status {
			t.Errorf("%s %v: got %d, want %d: %s", f.path, f.fields, status, f.status, body)
		}
	}
	if _, _, body := w.ask("expert", "GET", page, "", nil); !strings.Contains(string(body), "داوطلبان بی‌برگه") {
		t.Errorf("the page lists nobody without a sheet: %s", body)
	}
}

// TestExpected says how far the machine is to be believed, to programs and to people.
func TestExpected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setUp()
	page := "/sessions/" + string(session)
	says := func(path string, want ...string) {
		t.Helper()
		_, _, body := w.ask("expert", "GET", path, "", nil)
		for _, s := range want {
			if !strings.Contains(string(body), s) {
				t.Errorf("%s does not say %q: %s", path, s, body)
			}
		}
	}
	if _, _, body := w.ask("expert", "GET", page, "", nil); strings.Contains(string(body), "انتظار می‌رود") {
		t.Errorf("nothing is accepted, and yet something is expected: %s", body)
	}
	a, b := w.personal(0, "1", 20), w.personal(1, "1", 20)
	a.wrong, a.doubts["q3"] = 0.002, judge.Faint
	id := w.scan("a", a)
	w.scan("b", b) // judged when verdicts carried no probability
	w.counted()
	fields := len(w.design.Pages[0].Fields)
	want := exam.Expected(2*fields-1, fields, 0.002*float64(fields-1))
	about := func(got exam.Expectation) {
		t.Helper()
		if got.Accepted != want.Accepted || got.Unknown != want.Unknown || math.Abs(got.Wrong-want.Wrong) > 1e-9 || got.AtMost != want.AtMost || got.AtMost == 0 {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	check := func() {
		t.Helper()
		var list struct{ Sessions []exam.Standing }
		w.call("centre", "GET", "/api/v1/sessions", nil, 200, &list)
		about(list.Sessions[0].Expected)
		var halls struct{ Venues []exam.Hall }
		w.call("centre", "GET", at("/venues"), nil, 200, &halls)
		about(halls.Venues[0].Expected)
		about(halls.Venues[0].Batches[0].Expected)
	}
	check()
	sentence := "از " + persian.Int(fields-1) + " پاسخِ پذیرفته‌شدهٔ ماشینی، انتظار می‌رود ۰٫۱۲ نادرست باشد؛ با اطمینان ۹۵٪، حداکثر " + persian.Int(want.AtMost) + "."
	says(page, sentence, "برای "+persian.Int(fields)+" پاسخِ پذیرفته‌شده، احتمال نادرستی ثبت نشده است")
	says(page+"/venues", sentence)
	says("/stations", "۰٫۱۲؛ حداکثر "+persian.Int(want.AtMost))

	// What a person decides is no matter of the machine's, whatever he decides.
	for rev, q := range []string{"q3", "q4"} {
		w.call("nazer", "POST", "/api/v1/scripts/"+string(id)+"/rulings", map[string]any{"rev": rev + 1, "field": q, "choices": []string{"1"}}, 201, nil)
	}
	want = exam.Expected(2*fields-2, fields, 0.002*float64(fields-2))
	check()
}

// TestSessionPageFinds searches the results of a session: those of nobody come last, and
// names are found however they are typed.
func TestSessionPageFinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setUp()
	w.scan("a", w.personal(0, "1", 20))
	w.scan("b", w.personal(1, "1", 20))
	spare := paper{design: w.spare, serial: w.extra[0], marks: answers("1", 20)}
	w.scan("c", spare)
	page := "/sessions/" + string(session)
	body := func(q string) string {
		_, _, b := w.ask("centre", "GET", page+"?q="+url.QueryEscape(q), "", nil)
		return string(b)
	}
	one, two, nobody := w.roster[0], w.roster[1], persian.Digits(string(w.extra[0]))
	all := body("")
	if i, k := strings.LastIndex(all, one.Name), strings.Index(all, nobody); i < 0 || k < i {
		t.Errorf("the sheet of nobody stands at %d, a name at %d: want names first", k, i)
	}
	for q, finds := range map[string]string{
		strings.Fields(one.Name)[0]:           one.Name,
		persian.Digits(string(one.Person)):    one.Name,
		string(one.Person)[:6]:                one.Name,
		string(w.extra[0]):                    nobody,
		strings.ReplaceAll(two.Name, " ", ""): two.Name,
	} {
		if got := body(q); !strings.Contains(got, finds) || strings.Contains(got, w.roster[3].Name) {
			t.Errorf("searching %q does not find %q", q, finds)
		}
	}
	if got := body("هیچ‌کس"); !strings.Contains(got, "نتیجه‌ای با این نام یا شماره نیست") || strings.Contains(got, one.Name) {
		t.Errorf("searching for nobody: %s", got)
	}
}
