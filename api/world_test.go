package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"

	"bargkhan/api"
	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/intake"
	"bargkhan/api/pipeline"
	"bargkhan/api/pipeline/child"
	far "bargkhan/api/station"
	"bargkhan/api/store"
	"bargkhan/api/store/storetest"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
	"bargkhan/sheets/print"
	"bargkhan/sheets/typeset"
)

// noon is when the tests take place: a day in the appointment's month.
var noon = time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC)

const (
	session = exam.SessionID("1405-09-test")
	station = "sari-1"
	dpi     = omrtest.DPI(150)
)

// accounts are one for each duty, and a supervisor nobody appointed. Their
// passwords are their logins, twice.
var accounts = []exam.Account{
	{Login: "operator", Name: "کاربر", Duties: []exam.Duty{exam.Operator}},
	{Login: "nazer", Name: "نرگس کاظمی", Duties: []exam.Duty{exam.Supervisor}},
	{Login: "nazer2", Name: "بهروز نادری", Duties: []exam.Duty{exam.Supervisor}},
	{Login: "stranger", Name: "ناظر دیگر", Duties: []exam.Duty{exam.Supervisor}},
	{Login: "expert", Name: "سعید بهرامی", Duties: []exam.Duty{exam.Expert}},
	{Login: "approver", Name: "مینا صادقی", Duties: []exam.Duty{exam.Approver}},
	{Login: "centre", Name: "مرکز", Duties: []exam.Duty{exam.Centre}},
	{Login: "auditor", Name: "بازرس", Duties: []exam.Duty{exam.Auditor}},
	{Login: "admin", Name: "مدیر", Duties: []exam.Duty{exam.Admin}},
}

// A world is the whole surface on a real database and a real line, of which only
// the eye and the archive are doubles: what a page says is given, and pictures are
// cut from pages kept in memory.
type world struct {
	t       testing.TB
	store   *store.Store
	line    *pipeline.Line
	url     string
	server  *httptest.Server
	now     atomic.Int64 // seconds after noon
	tokens  map[string]string
	scans   map[exam.ScanID]*image.Gray
	read    map[exam.View]omr.Reading
	design  *sheets.Design
	spare   *sheets.Design
	fonts   *typeset.Fonts
	roster  []exam.Candidate
	extra   []sheets.Serial
	log     *bytes.Buffer
	printer map[*sheets.Design]*print.Printer
}

func (w *world) clock() time.Time { return noon.Add(time.Duration(w.now.Load()) * time.Second) }

// cheap is a hash of little cost, so that tests do not wait for passwords.
func cheap(login string) string { return api.CheapHash(login + login) }

// newWorld starts a service with the accounts and a token for each, and nothing else.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, tokens: map[string]string{}, scans: map[exam.ScanID]*image.Gray{}, read: map[exam.View]omr.Reading{}, printer: map[*sheets.Design]*print.Printer{}, log: &bytes.Buffer{}}
	w.store = storetest.New(t)
	w.store.Now = w.clock
	folder := &intake.Folder{Station: station, Root: t.TempDir(), Now: w.clock}
	if err := folder.Init(); err != nil {
		t.Fatal(err)
	}
	w.line = &pipeline.Line{Folders: []*intake.Folder{folder}, Archive: archive{}, Reader: eye{w}, Store: lineStore{w.store, w.read}, Now: w.clock}
	s := &api.Server{
		Records: w.store, Line: w.line, Registry: newRegistry(w), Logins: memstore.New(), Inbox: &far.Inbox{Dir: t.TempDir()},
		Now: w.clock, Log: slog.New(slog.NewJSONHandler(w.log, nil)), Ready: w.store.Health,
	}
	w.server = httptest.NewServer(s.Handler())
	t.Cleanup(w.server.Close)
	w.url = w.server.URL
	for _, a := range accounts {
		if err := w.store.PutAccount(t.Context(), a, cheap(string(a.Login))); err != nil {
			t.Fatal(err)
		}
		secret, sum := api.NewSecret()
		if err := w.store.PutToken(t.Context(), exam.Token{Name: "test", By: a.Login, Duties: a.Duties}, sum); err != nil {
			t.Fatal(err)
		}
		w.tokens[string(a.Login)] = secret
	}
	return w
}

// archive finds a scan by its name: the pages are in memory.
type archive struct{}

func (archive) Put(context.Context, [32]byte, string) error { return nil }

func (archive) Path(_ context.Context, sum [32]byte) (string, func(), error) {
	return fmt.Sprintf("%x", sum), func() {}, nil
}

// eye cuts pictures from the pages kept in memory.
type eye struct{ *world }

func (e eye) Read(context.Context, string) iter.Seq2[child.Page, error] {
	return func(func(child.Page, error) bool) {}
}

func (e eye) Picture(_ context.Context, path string, _ int, pose *omr.Pose, box geom.Rect[geom.Paper], width int) ([]byte, error) {
	src := e.scans[exam.ScanID(path)]
	if pose == nil { // never read: as scanned
		var b bytes.Buffer
		err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, width, width)), nil)
		return b.Bytes(), err
	}
	k := box.W() / float64(width)
	out := image.NewGray(image.Rect(0, 0, width, int(box.H()/k)))
	for y := range out.Rect.Dy() {
		for x := range width {
			p := pose.At(geom.Point[geom.Paper]{X: box.Min.X + (float64(x)+.5)*k, Y: box.Min.Y + (float64(y)+.5)*k})
			out.Pix[y*out.Stride+x] = smooth(src, p.X-.5, p.Y-.5)
		}
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, out, &jpeg.Options{Quality: 85})
	return b.Bytes(), err
}

// smooth is the grey between four pixels; grey outside.
func smooth(img *image.Gray, x, y float64) uint8 {
	x0, y0 := int(x), int(y)
	if x < 0 || y < 0 || x0+1 >= img.Rect.Dx() || y0+1 >= img.Rect.Dy() {
		return 200
	}
	fx, fy := x-float64(x0), y-float64(y0)
	at := func(i, j int) float64 { return float64(img.Pix[(y0+j)*img.Stride+x0+i]) }
	return uint8((at(0, 0)*(1-fx)+at(1, 0)*fx)*(1-fy) + (at(0, 1)*(1-fx)+at(1, 1)*fx)*fy)
}

// ask sends one request with a token of the account; "" is nobody.
func (w *world) ask(login, method, path, kind string, body any) (int, http.Header, []byte) {
	w.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	case []byte:
		r = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, r)
	if err != nil {
		w.t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if login != "" {
		req.Header.Set("Authorization", "Bearer "+w.tokens[login])
	}
	return w.send(req)
}

// send sends a request and checks request and answer against the API's description.
func (w *world) send(req *http.Request) (int, http.Header, []byte) {
	w.t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	described(w.t, req, res, got)
	return res.StatusCode, res.Header, got
}

// call sends in as JSON and reads the answer into out; any status but want fails.
func (w *world) call(login, method, path string, in any, want int, out any) {
	w.t.Helper()
	kind := ""
	if in != nil {
		kind = "application/json"
	}
	status, _, body := w.ask(login, method, path, kind, in)
	if status != want {
		w.t.Fatalf("%s %s as %s: got %d, want %d: %s", method, path, login, status, want, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			w.t.Fatalf("%s %s: %v: %s", method, path, err, body)
		}
	}
}

// at is an address below the session.
func at(below string) string { return "/api/v1/sessions/" + string(session) + below }

// exam1 is a session of three titles in two forms.
func exam1() (exam.Session, map[exam.ItemID]exam.Item) {
	s := exam.Session{
		ID: session, Name: "آزمون مکاتبه‌ای پاییز ۱۴۰۵ مازندران", Province: "02", Office: "دفتر امور شهری و شوراهای استانداری مازندران",
		Set: "مدیریت خدمات شهری", Date: exam.Date{Year: 2026, Month: 11, Day: 20}, Rules: exam.NationalRules(),
		Venues: []exam.Venue{{ID: "rudaki", Name: "ساری، تالار رودکی"}},
	}
	key := map[exam.ItemID]exam.Item{}
	one := exam.Form{ID: "1", At: map[sheets.FieldID]exam.ItemID{}}
	two := exam.Form{ID: "2", At: map[sheets.FieldID]exam.ItemID{}}
	for t, name := range []string{"حقوق شهروندی", "بودجه و امور مالی", "ایمنی و پسماند"} {
		title := exam.Title{ID: exam.TitleID(fmt.Sprintf("t%d", t+1)), Name: name, Hours: 12, Class: "شغلی"}
		for i := range 20 {
			item := exam.ItemID(fmt.Sprintf("t%d.%02d", t+1, i+1))
			title.Items = append(title.Items, item)
			key[item] = exam.Item{Right: []sheets.Choice{sheets.Choice('1' + rune(i%4))}}
			one.At[field(t*20+i)], two.At[field(t*20+19-i)] = item, item
		}
		s.Titles = append(s.Titles, title)
	}
	s.Forms = []exam.Form{one, two}
	return s, key
}

// field is the i-th question of the sheet, from 0.
func field(i int) sheets.FieldID { return sheets.FieldID(fmt.Sprintf("q%d", i+1)) }

const rosterCSV = "\ufeffکد ملی,نام و نام خانوادگی,نام پدر,محل خدمت,حوزه,صندلی\r\n" +
	"0013542419,علی محمدی,رضا,شهرداری ساری,rudaki,101\r\n" +
	"2080000012,زهرا چراغی,حسین,دهیاری آکند,rudaki,102\r\n" +
	"2080000020,گودرز نیک‌نام,احمد,شهرداری بابل,rudaki,103\r\n" +
	"2080000039,=cmd|' /C calc'!A0,جواد,دهیاری اسرم,rudaki,104\r\n"

// setUp holds an exam as an office would, over the API: session, designs, roster,
// printed sheets, key, appointments.
func (w *world) setUp() {
	w.t.Helper()
	s, key := exam1()
	w.call("expert", "PUT", at(""), s, 200, nil)
	for _, name := range []string{"national-3x20.json", "national-3x20-spare.json"} {
		text, err := os.ReadFile(filepath.Join("..", "testdata", "designs", name))
		if err != nil {
			w.t.Fatal(err)
		}
		d, err := sheets.Parse(bytes.NewReader(text))
		if err != nil {
			w.t.Fatal(err)
		}
		if status, _, body := w.ask("expert", "POST", at("/designs"), "application/json", text); status != 201 {
			w.t.Fatalf("design %s: %d %s", name, status, body)
		}
		if w.design == nil {
			w.design = d
		}
		w.spare = d
	}
	if status, _, body := w.ask("expert", "PUT", at("/roster"), "text/csv", rosterCSV); status != 200 {
		w.t.Fatalf("roster: %d %s", status, body)
	}
	status, h, pdf := w.ask("expert", "POST", at("/sheets"), "application/json", `{"spares": 2}`)
	if status != 200 || h.Get("Content-Type") != "application/pdf" || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		w.t.Fatalf("sheets: %d %v %.200s", status, h, pdf)
	}
	var err error
	if w.roster, w.extra, err = w.store.AllotSerials(w.t.Context(), session, 2); err != nil {
		w.t.Fatal(err)
	}
	w.call("expert", "POST", at("/keys"), map[string]any{"seen": 0, "items": key}, 201, nil)
	for _, who := range []string{"nazer", "nazer2"} {
		w.call("centre", "POST", at("/appointments"), map[string]any{
			"who": who, "letter": "1405/1234", "from": "2026-11-20", "to": "2026-12-20"}, 201, nil)
	}
}

// A paper is one sheet as it was handed in and as the machine judged it.
type paper struct {
	design *sheets.Design
	serial sheets.Serial
	person print.Person
	marks  map[sheets.FieldID][]sheets.Choice
	hands  map[sheets.FieldID]omrtest.Hand // that are not plain pencil
	doubts map[sheets.FieldID]judge.Reason
	wrong  float64 // of every settled verdict, the probability that it is wrong
}

// answers marks the form and right answers in the first n questions of each title,
// and wrong ones after.
func answers(form string, n int) map[sheets.FieldID][]sheets.Choice {
	marks := map[sheets.FieldID][]sheets.Choice{"form": {sheets.Choice(form)}}
	for q := range 60 {
		i := q % 20
		if form == "2" {
			i = 19 - i
		}
		c := sheets.Choice('1' + rune(i%4))
		if q%20 >= n {
			c = sheets.Choice('1' + rune((i+1)%4))
		}
		marks[field(q)] = []sheets.Choice{c}
	}
	return marks
}

// scan prints, fills and files a paper as one file, and grades it.
func (w *world) scan(name string, p paper) exam.ScriptID {
	w.t.Helper()
	img := w.picture(p)
	id := exam.ScanID(fmt.Sprintf("%x", sha256.Sum256([]byte(name))))
	w.scans[id] = img
	a := exam.Arrival{ID: name, Scan: id, Station: station, Name: name + ".jpg", Size: 412_000, At: w.clock()}
	if err := w.store.Keep(w.t.Context(), a); err != nil {
		w.t.Fatal(err)
	}
	sh := p.sheet(id)
	w.read[exam.View{Scan: id, Image: 1}] = sh.Reading
	ids, err := w.store.File(w.t.Context(), exam.Filing{Scan: id, Sheets: []exam.Sheet{sh}})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.line.Grade(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return ids[0]
}

// counted has the hall count the paper that was read, and say that the others did not
// come.
func (w *world) counted() {
	w.t.Helper()
	ctx := w.t.Context()
	all, err := w.store.Sessions(ctx)
	if err == nil {
		_, err = w.store.EndBatch(ctx, exam.Batch{Station: station, Session: session, Venue: "rudaki", Paper: all[0].Scripts, By: "operator", At: w.clock()})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	halls, err := w.store.Halls(ctx, session)
	if err != nil {
		w.t.Fatal(err)
	}
	absent := []exam.PersonID{}
	for _, c := range halls[0].Missing {
		absent = append(absent, c.Person)
	}
	w.call("expert", "PUT", at("/venues/rudaki/absent"), map[string]any{"persons": absent}, 204, nil)
}

// picture is the paper as a scanner sees it.
func (w *world) picture(p paper) *image.Gray {
	w.t.Helper()
	pr := w.printer[p.design]
	if pr == nil {
		var err error
		if pr, err = print.New(p.design, w.fonts); err != nil {
			w.t.Fatal(err)
		}
		w.printer[p.design] = pr
	}
	img, err := pr.Raster(print.Copy{Stamp: sheets.Stamp{Serial: p.serial}, Person: p.person}, 1, float64(dpi))
	if err != nil {
		w.t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 7))
	for _, f := range p.design.Pages[0].Fields {
		if cs := p.marks[f.ID]; len(cs) > 0 {
			omrtest.Fill(img, dpi, p.design.Pages[0], map[sheets.FieldID][]sheets.Choice{f.ID: cs}, p.hands[f.ID], rng)
		}
	}
	return omrtest.Scanned()(img, rng)
}

// sheet is what the machine read of the paper.
func (p paper) sheet(id exam.ScanID) exam.Sheet {
	k := float64(dpi) / 25.4
	sh := exam.Sheet{Scan: id, Image: 1, Policy: "test-1"}
	sh.Reading = omr.Reading{
		Engine: "test", Design: p.design.Digest(), Stamp: sheets.Stamp{Check: p.design.Digest().Head(), Page: 1, Serial: p.serial},
		Pose: omr.Pose{Map: geom.NewMap[geom.Paper, geom.Pixel]([9]float64{k, 0, 0, 0, k, 0, 0, 0, 1}), Residual: .02, Scale: 1, Fit: 1},
	}
	for _, f := range p.design.Pages[0].Fields {
		v := judge.Verdict{Field: f.ID, Choices: p.marks[f.ID], Wrong: p.wrong}
		if r := p.doubts[f.ID]; r != 0 {
			v.Doubts, v.Wrong = []judge.Doubt{{Reason: r, Margin: .05}}, 0
			if len(v.Choices) > 0 {
				v.Doubts[0].Choice = v.Choices[0]
			}
		}
		sh.Verdicts = append(sh.Verdicts, v)
		for _, b := range f.Bubbles {
			e := judge.Evidence{Field: f.ID, Choice: b.Choice, Ink: .03, Fit: 1, Seen: 1}
			if slices.Contains(v.Choices, b.Choice) {
				e.Ink = .8
			}
			sh.Reading.Evidence = append(sh.Reading.Evidence, e)
		}
	}
	return sh
}

// personal is the sheet of the i-th candidate.
func (w *world) personal(i int, form string, right int) paper {
	c := w.roster[i]
	return paper{
		design: w.design, serial: c.Serial, marks: answers(form, right), hands: map[sheets.FieldID]omrtest.Hand{}, doubts: map[sheets.FieldID]judge.Reason{},
		person: print.Person{Name: c.Name, Father: c.Father, Number: string(c.Person), Employer: c.Employer, Venue: "ساری، تالار رودکی", Seat: c.Seat},
	}
}

// lineStore finds readings in the scripts that the world filed.
type lineStore struct {
	*store.Store
	readings map[exam.View]omr.Reading
}

func (s lineStore) Reading(_ context.Context, v exam.View) (*omr.Reading, error) {
	r, ok := s.readings[v]
	if !ok {
		return nil, fault.New(fault.NotFound, "خوانده نشده است.", "")
	}
	return &r, nil
}
