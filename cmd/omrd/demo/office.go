package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bargkhan/api/exam"
	"bargkhan/sheets"
)

// The session that the demo's office holds.
const (
	sessionID = exam.SessionID("mazandaran-1405-3")
	venueID   = exam.VenueID("sari-rudaki")
	titles    = 3
	perTitle  = 20
	options   = 4
	named     = 56 // sheets printed with a name
	spares    = 4  // blank ones, for people registered late
)

// An account of the demo, with the password that is shown at the end.
type account struct {
	exam.Account
	password string
}

// accounts are who works on the session.
var accounts = []account{
	{exam.Account{Login: "nazer", Name: "نرگس کاظمی", Duties: []exam.Duty{exam.Supervisor}}, "nazer-demo-1405"},
	{exam.Account{Login: "karshenas", Name: "سعید بهرامی", Duties: []exam.Duty{exam.Expert}}, "karshenas-demo-1405"},
	{exam.Account{Login: "taeid", Name: "مینا صادقی", Duties: []exam.Duty{exam.Approver}}, "taeid-demo-1405"},
	{exam.Account{Login: "markaz", Name: "سامانهٔ مرکز مطالعات", Duties: []exam.Duty{exam.Centre}}, "markaz-demo-1405"},
}

// An office is the session as it was set up, and the accounts' ways in.
type office struct {
	session    exam.Session
	key        map[exam.ItemID]exam.Item
	personal   *sheets.Design
	spare      *sheets.Design
	foreign    *sheets.Design   // of another exam: nothing here knows it
	people     []exam.Candidate // all sixty; the last few registered late and have no Serial
	spares     []sheets.Serial
	pdf        string
	admin      *client
	supervisor *client
	expert     *client
	approver   *client
	centre     *client
}

// setUp makes accounts, session, designs, roster and key. All of it may be
// repeated: what is there already stays as it is.
func (d *Demo) setUp(ctx context.Context) (*office, error) {
	o := &office{admin: newClient(d.Base, d.Token)}
	if err := o.hire(ctx, d.Base); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(d.Seed, 1))
	o.session, o.key = newSession(rng)
	o.people = people(named+spares, venueID, rng)
	if err := o.expert.call(ctx, http.MethodPut, o.path(""), o.session, nil); err != nil {
		return nil, err
	}
	if err := o.designs(ctx); err != nil {
		return nil, err
	}
	if err := o.print(ctx, d.Dir); err != nil {
		return nil, err
	}
	if err := o.putKey(ctx); err != nil {
		return nil, err
	}
	if err := o.open(ctx, d.Station); err != nil {
		return nil, err
	}
	return o, o.appoint(ctx)
}

// path is the address of the session, or of something below it.
func (o *office) path(below string) string {
	return "/api/v1/sessions/" + url.PathEscape(string(sessionID)) + below
}

// hire makes the accounts and a token for each.
func (o *office) hire(ctx context.Context, base string) error {
	ways := []**client{&o.supervisor, &o.expert, &o.approver, &o.centre}
	for i, a := range accounts {
		person := map[string]any{"name": a.Name, "duties": a.Duties, "password": a.password}
		if err := o.admin.call(ctx, http.MethodPut, "/api/v1/accounts/"+string(a.Login), person, nil); err != nil {
			return err
		}
		var t struct{ Secret string }
		ask := map[string]any{"name": "demo " + string(a.Login), "by": a.Login, "duties": a.Duties}
		if err := o.admin.call(ctx, http.MethodPost, "/api/v1/tokens", ask, &t); err != nil {
			return err
		}
		*ways[i] = newClient(base, t.Secret)
	}
	return nil
}

// designs lays out the session's two sheets and one of another exam.
func (o *office) designs(ctx context.Context) error {
	for _, spare := range []bool{false, true} {
		text := description(o.session, spare)
		d, err := sheets.Parse(bytes.NewReader(text))
		if err != nil {
			return err
		}
		if _, err := o.expert.raw(ctx, http.MethodPost, o.path("/designs"), "application/json", bytes.NewReader(text)); err != nil {
			return err
		}
		if spare {
			o.spare = d
		} else {
			o.personal = d
		}
	}
	other := o.session
	other.Name = "آزمون مکاتبه‌ای بهار ۱۴۰۴"
	d, err := sheets.Parse(bytes.NewReader(description(other, false)))
	o.foreign = d
	return err
}

// description is the session's sheet in an office's words.
func description(s exam.Session, spare bool) []byte {
	type block struct {
		Title     string `json:"title"`
		Questions int    `json:"questions"`
	}
	id := "mazandaran-3x20"
	if spare {
		id += "-spare"
	}
	sheet := map[string]any{
		"id": id, "paper": "A4", "issuer": s.Office, "title": "پاسخنامهٔ " + s.Set, "session": s.Name, "date": "۱۴۰۵/۰۸/۲۹",
		"options": options, "forms": len(s.Forms), "presence": true, "spare": spare,
	}
	var blocks []block
	for _, t := range s.Titles {
		blocks = append(blocks, block{t.Name, perTitle})
	}
	sheet["blocks"] = blocks
	b, err := json.Marshal(map[string]any{"sheet": sheet})
	if err != nil {
		panic(err) // maps of texts and numbers always marshal
	}
	return b
}

// print registers those who are in time, has their sheets and the spares printed,
// and then registers the late ones. What was done before stays as it is.
func (o *office) print(ctx context.Context, dir string) error {
	o.pdf = filepath.Join(dir, "sheets.pdf")
	var roster struct{ Candidates []exam.Candidate }
	if err := o.expert.call(ctx, http.MethodGet, o.path("/roster"), nil, &roster); err != nil {
		return err
	}
	if len(roster.Candidates) < len(o.people) {
		if err := o.register(ctx, o.people[:named]); err != nil {
			return err
		}
		pdf, err := o.expert.raw(ctx, http.MethodPost, o.path("/sheets"), "application/json", strings.NewReader(fmt.Sprintf(`{"spares":%d}`, spares)))
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.pdf, pdf, 0o644); err != nil {
			return err
		}
		if err := o.register(ctx, o.people); err != nil {
			return err
		}
	}
	return o.serials(ctx)
}

// serials learns which sheet of paper is whose.
func (o *office) serials(ctx context.Context) error {
	var paper struct{ Sheets []exam.Printed }
	if err := o.expert.call(ctx, http.MethodGet, o.path("/sheets"), nil, &paper); err != nil {
		return err
	}
	for _, p := range paper.Sheets {
		i := slices.IndexFunc(o.people, func(c exam.Candidate) bool { return c.Person == p.Person })
		if i < 0 {
			o.spares = append(o.spares, p.Serial)
		} else {
			o.people[i].Serial = p.Serial
		}
	}
	if len(o.spares) != spares {
		return fmt.Errorf("%d spares were printed where %d were asked for", len(o.spares), spares)
	}
	return nil
}

// putKey enters the key, unless it is there.
func (o *office) putKey(ctx context.Context) error {
	var s struct {
		KeyVersion int `json:"key_version"`
	}
	if err := o.expert.call(ctx, http.MethodGet, o.path(""), nil, &s); err != nil || s.KeyVersion > 0 {
		return err
	}
	return o.expert.call(ctx, http.MethodPost, o.path("/keys"), map[string]any{"seen": 0, "items": o.key}, nil)
}

// open opens the session for scanning at the station, unless it is open. Its test deck
// is made of the same pictures as its sheets, so somebody signs that none is needed.
func (o *office) open(ctx context.Context, station string) error {
	var book struct{ Openings []exam.Opening }
	if err := o.expert.call(ctx, http.MethodGet, o.path("/decks"), nil, &book); err != nil || len(book.Openings) > 0 {
		return err
	}
	waiver := exam.DeckWaiver{Station: station, Name: accounts[1].Name, Reason: "اسکنر این نمایش برنامه است و همان تصویرها را می‌سازد."}
	ask := map[string]string{"station": waiver.Station, "name": waiver.Name, "reason": waiver.Reason}
	if err := o.expert.call(ctx, http.MethodPost, o.path("/decks/waivers"), ask, nil); err != nil {
		return err
	}
	return o.expert.call(ctx, http.MethodPost, o.path("/opening"), map[string][]string{"stations": {station}}, nil)
}

// appoint names the supervisor, as the Centre does by letter.
func (o *office) appoint(ctx context.Context) error {
	day := time.Now()
	return o.centre.call(ctx, http.MethodPost, o.path("/appointments"), map[string]any{
		"who": accounts[0].Login, "letter": "۱۴۰۵/۱۲۳۴", "from": day.AddDate(0, 0, -1).Format(time.DateOnly), "to": day.AddDate(0, 1, 0).Format(time.DateOnly),
	}, nil)
}

// newSession is the exam: three titles of twenty, a booklet in two forms of which
// the second has each title's questions in another order, and the key.
func newSession(rng *rand.Rand) (exam.Session, map[exam.ItemID]exam.Item) {
	s := exam.Session{
		ID: sessionID, Name: "آزمون مکاتبه‌ای پاییز ۱۴۰۵ کارکنان شهرداری‌ها و دهیاری‌های مازندران", Province: "02",
		Office: "دفتر امور شهری و شوراهای استانداری مازندران", Set: "مدیریت خدمات شهری و روستایی",
		Date: exam.Date{Year: 2026, Month: 11, Day: 20}, Rules: exam.NationalRules(),
		Venues: []exam.Venue{{ID: venueID, Name: "ساری، تالار رودکی"}},
	}
	key := map[exam.ItemID]exam.Item{}
	one := exam.Form{ID: "1", At: map[sheets.FieldID]exam.ItemID{}}
	two := exam.Form{ID: "2", At: map[sheets.FieldID]exam.ItemID{}}
	for t, name := range []string{"حقوق شهروندی و قوانین شهرداری‌ها", "بودجه و امور مالی دهیاری‌ها", "ایمنی و مدیریت پسماند"} {
		title := exam.Title{ID: exam.TitleID(fmt.Sprintf("t%d", t+1)), Name: name, Hours: []int{12, 16, 8}[t], Class: "شغلی"}
		order := rng.Perm(perTitle)
		for i := range perTitle {
			item := exam.ItemID(fmt.Sprintf("t%d.%02d", t+1, i+1))
			title.Items = append(title.Items, item)
			key[item] = exam.Item{Right: []sheets.Choice{sheets.Choice('1' + rune(rng.IntN(options)))}}
			one.At[question(t*perTitle+i)] = item
			two.At[question(t*perTitle+order[i])] = item
		}
		s.Titles = append(s.Titles, title)
	}
	s.Forms = []exam.Form{one, two}
	return s, key
}

// question is the field of the i-th printed question, from 0.
func question(i int) sheets.FieldID { return sheets.FieldID(fmt.Sprintf("q%d", i+1)) }

// register sends people as the CSV an office would export from Excel.
func (o *office) register(ctx context.Context, people []exam.Candidate) error {
	var b bytes.Buffer
	b.WriteString("\ufeff") // Excel's mark
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"کد ملی", "نام و نام خانوادگی", "نام پدر", "محل خدمت", "حوزه", "صندلی"})
	for _, p := range people {
		_ = w.Write([]string{string(p.Person), p.Name, p.Father, p.Employer, string(p.Venue), p.Seat})
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	_, err := o.expert.raw(ctx, http.MethodPut, o.path("/roster"), "text/csv; charset=utf-8", &b)
	return err
}

// describe says what was set up.
func (o *office) describe(w io.Writer) {
	fmt.Fprintf(w, "  %s: %d sheets with a name, %d spares\n", o.pdf, named, len(o.spares))
	fmt.Fprintf(w, "  %s\n  %d titles of %d questions, %d forms, %d candidates, pass %d of %d in a title\n", o.session.Name,
		len(o.session.Titles), perTitle, len(o.session.Forms), len(o.people), o.session.Rules.Pass.Num, o.session.Rules.Pass.Den)
}

// form returns the form called id.
func (o *office) form(id sheets.Choice) exam.Form {
	i := slices.IndexFunc(o.session.Forms, func(f exam.Form) bool { return string(f.ID) == string(id) })
	return o.session.Forms[i]
}
