package api

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"bargkhan/api/certificate"
	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/intake"
	"bargkhan/api/persian"
	"bargkhan/sheets"
)

// A loginForm is what the login page is drawn from.
type loginForm struct {
	To, Login string
	Problem   *Problem
}

// loginPage asks who is there.
func (f *surface) loginPage(c echo.Context) error {
	return f.show(c, "login", loginForm{To: localPath(c.QueryParam("to"))})
}

// login lets a person in, or says why not on the same page.
func (f *surface) login(c echo.Context) error {
	r := c.Request()
	if err := f.origin.Check(r); err != nil { // no page of another site logs anyone in
		return &refusal{status: http.StatusForbidden, code: "csrf", detail: "این درخواست از صفحهٔ ورود این سامانه نیامده است.",
			hint: "صفحهٔ ورود را باز کنید و از آنجا وارد شوید.", cause: err}
	}
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxForm)
	l := exam.Login(persian.ASCII(r.PostFormValue("login")))
	to := localPath(r.PostFormValue("to"))
	err := f.check(c, l, r.PostFormValue("password"))
	var no *refusal
	if errors.As(err, &no) {
		p := problem(err)
		return f.pages.write(c, p.Status, "login", f.view(c, loginForm{To: to, Login: string(l), Problem: &p}))
	}
	if err != nil {
		return err
	}
	if err := f.enter(c, l); err != nil {
		return err
	}
	f.Log.InfoContext(r.Context(), "logged in", "by", l, "from", c.RealIP())
	return c.Redirect(http.StatusSeeOther, to)
}

// logout ends the login on the server, not only in the browser.
func (f *surface) logout(c echo.Context) error {
	if err := f.logins.Destroy(c.Request().Context()); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/login")
}

// home says what is waiting for whom.
func (f *surface) home(c echo.Context) error {
	w := whoIs(c)
	all, err := f.standings(c.Request().Context(), w)
	if err != nil {
		return err
	}
	var sum exam.Standing
	for _, s := range all {
		sum.Review += s.Review
		sum.Decisive += s.Decisive
		sum.Office += s.Office
		sum.Earned += s.Earned
		sum.Approve += s.Approve
	}
	first := func(n func(exam.Standing) int) exam.SessionID {
		i := slices.IndexFunc(all, func(s exam.Standing) bool { return n(s) > 0 })
		if i < 0 {
			return ""
		}
		return all[i].ID
	}
	return f.show(c, "home", struct {
		Sessions                []exam.Standing
		Sum                     exam.Standing
		Stations                int
		Office, Earned, Approve exam.SessionID // the first that waits for it
	}{all, sum, len(f.Line.Stations()), first(func(s exam.Standing) int { return s.Office }),
		first(func(s exam.Standing) int { return s.Earned }), first(func(s exam.Standing) int { return s.Approve })})
}

// reviewPage is the review desk; its module asks for the tasks.
func (f *surface) reviewPage(c echo.Context) error { return f.show(c, "review", nil) }

// A stationView is one station on the ledger page.
type stationView struct {
	ID      string
	Trouble string // why its folder cannot be looked at
	Waiting []intake.Wait
	Fates   []exam.Fate
	Batches []exam.Tally
	Trays   []trayLine
	Streak  exam.Streak
	Far     *exam.FarStation // of a station far away
}

// stationsPage lists what became of every file, newest first; of one station alone,
// and of one of its trays, if they are asked for.
func (f *surface) stationsPage(c echo.Context) error {
	var all []stationView
	for _, id := range f.Line.Stations() {
		v := stationView{ID: id}
		var trouble error
		if v.Waiting, trouble = f.Line.Waiting(id); trouble != nil { // an alarm, and no reason to hide the other stations
			v.Trouble = problem(trouble).Detail
		}
		all = append(all, v)
	}
	far, err := f.Records.FarStations(c.Request().Context())
	if err != nil {
		return err
	}
	for i := range far {
		all = append(all, stationView{ID: far[i].ID, Far: &far[i]})
	}
	one, tray := c.QueryParam("station"), exam.Tray(c.QueryParam("tray"))
	if one != "" {
		all = slices.DeleteFunc(all, func(v stationView) bool { return v.ID != one })
	}
	for i := range all {
		if err := f.look(c, &all[i]); err != nil {
			return err
		}
	}
	at, err := f.venueChoices(c)
	if err != nil {
		return err
	}
	return f.show(c, "stations", struct {
		Stations []stationView
		Venues   []venueChoice
		Tray     exam.Tray
		Said     string
	}{all, at, tray, c.QueryParam("said")})
}

// look fills in what is remembered of a station.
func (f *surface) look(c echo.Context, v *stationView) (err error) {
	ctx := c.Request().Context()
	if v.Fates, err = f.files(c, v.ID, 200); err != nil {
		return err
	}
	if v.Batches, err = f.Records.Batches(ctx, v.ID, 20); err != nil {
		return err
	}
	if v.Trays, err = f.traysOf(c, v.ID); err != nil {
		return err
	}
	v.Streak, err = f.Records.Streak(ctx, v.ID)
	return err
}

// A certLine is a certificate in the session's table.
type certLine struct {
	Serial   certificate.Serial
	Person   exam.PersonID
	Name     string
	Title    string
	Score    exam.Ratio
	Standing string
	Word     string
}

// A titleLine counts the outcomes of a title.
type titleLine struct {
	Name                 string
	Passed, Failed, Open int
}

// A sessionView is what the session's page is drawn from.
type sessionView struct {
	Session  *exam.Session
	Standing exam.Standing
	Titles   []titleLine
	Results  []exam.GradeRow
	Certs    []certLine
	Waiting  int // certificates issued and not approved
	Valid    int // certificates that are worth something
	Office   []question
	Blocked  []*exam.Hall              // venues of which no certificate is issued
	Others   []certificate.Certificate // of other sessions, that stand in the way
	Said     string                    // what the last form did

	Query                  string // what was searched for among certificates and results
	Search                 bool   // there is so much that searching helps
	MoreCerts, MoreResults int    // how many are not shown
}

// mostRows bounds each table of the session's page: a page of thousands is slow and
// helps nobody find a name.
const mostRows = 300

// cut leaves what is searched for of the tables, and no more than a page shows.
func (v *sessionView) cut() {
	v.Search = v.Query != "" || len(v.Certs)+len(v.Results) > mostRows/10
	if v.Query != "" {
		v.Certs = slices.DeleteFunc(v.Certs, func(l certLine) bool { return !v.finds(l.Name, string(l.Person), string(l.Serial)) })
		v.Results = slices.DeleteFunc(v.Results, func(r exam.GradeRow) bool {
			return !v.finds(r.Name, string(r.Grade.Person), string(r.Serial))
		})
	}
	v.MoreCerts, v.MoreResults = max(0, len(v.Certs)-mostRows), max(0, len(v.Results)-mostRows)
	v.Certs, v.Results = v.Certs[:len(v.Certs)-v.MoreCerts], v.Results[:len(v.Results)-v.MoreResults]
}

// finds says whether what is searched for is in one of the words, however it is typed.
func (v *sessionView) finds(words ...string) bool {
	key := persian.Key(v.Query)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(persian.Key(w), key) })
}

// sessionPage shows how far a session is, its results and its certificates.
func (f *surface) sessionPage(c echo.Context) error {
	ctx, id, w := c.Request().Context(), exam.SessionID(c.Param("id")), whoIs(c)
	s, err := f.Records.Session(ctx, id)
	if err != nil {
		return err
	}
	v := sessionView{Session: s, Said: c.QueryParam("said"), Query: persian.Display(c.QueryParam("q"))}
	all, err := f.Records.Sessions(ctx)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(all, func(x exam.Standing) bool { return x.ID == id }); i >= 0 {
		v.Standing = all[i]
	}
	if w.may(readers...) {
		if err := f.results(c, &v); err != nil {
			return err
		}
	}
	if w.may(exam.Expert) {
		if err := f.officeTasks(c, &v); err != nil {
			return err
		}
	}
	if err := f.certLines(c, &v); err != nil {
		return err
	}
	if v.Standing.Earned > 0 && w.may(readers...) {
		if v.Blocked, err = f.blocked(ctx, id); err != nil {
			return err
		}
		if v.Others, err = f.Records.Elsewhere(ctx, id); err != nil {
			return err
		}
	}
	v.cut()
	return f.show(c, "session", v)
}

// results fills in the grades, by name and title, and their counts.
func (f *surface) results(c echo.Context, v *sessionView) error {
	for after := int64(0); ; {
		rows, err := f.Records.Grades(c.Request().Context(), v.Session.ID, after, 5000)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		v.Results = append(v.Results, rows...)
		after = rows[len(rows)-1].Seq
	}
	names := map[exam.TitleID]string{}
	for _, t := range v.Session.Titles {
		names[t.ID] = t.Name
		l := titleLine{Name: t.Name}
		for _, r := range v.Results {
			if r.Grade.Title != t.ID {
				continue
			}
			switch r.Grade.Outcome {
			case exam.Passed:
				l.Passed++
			case exam.Failed:
				l.Failed++
			case exam.Open:
				l.Open++
			}
		}
		v.Titles = append(v.Titles, l)
	}
	for i := range v.Results {
		v.Results[i].Grade.Title = exam.TitleID(cmp.Or(names[v.Results[i].Grade.Title], string(v.Results[i].Grade.Title)))
	}
	nobody := func(r exam.GradeRow) string { return strconv.FormatBool(r.Name == "") } // "true" is behind "false": behind all names
	persian.Sort(v.Results, nobody, func(r exam.GradeRow) string { return r.Name }, func(r exam.GradeRow) string { return string(r.Grade.Title) })
	return nil
}

// officeTasks fills in what only the office can say: whose a script is.
func (f *surface) officeTasks(c echo.Context, v *sessionView) error {
	ctx := c.Request().Context()
	ts, err := f.Records.Tasks(ctx, v.Session.ID, true, 50)
	if err != nil {
		return err
	}
	v.Office, err = f.questions(ctx, ts)
	return err
}

// certLines fills in the certificates, by name and title.
func (f *surface) certLines(c echo.Context, v *sessionView) error {
	cs, err := f.Records.Certificates(c.Request().Context(), v.Session.ID)
	if err != nil {
		return err
	}
	for i := range cs {
		k := &cs[i]
		l := certLine{Serial: k.Serial, Person: k.Person.Person, Name: k.Person.Name, Title: k.Title.Name, Score: k.Grade.Low, Standing: standing(k)}
		l.Word = standingWords[l.Standing][0]
		switch l.Standing {
		case "unapproved":
			v.Waiting++
		case "valid":
			v.Valid++
		}
		v.Certs = append(v.Certs, l)
	}
	persian.Sort(v.Certs, func(l certLine) string { return l.Name }, func(l certLine) string { return l.Title })
	return nil
}

// issueForm issues what the session has earned.
func (f *surface) issueForm(c echo.Context) error {
	id := exam.SessionID(c.Param("id"))
	n, err := f.Registry.Issue(c.Request().Context(), id, whoIs(c).Login)
	if err != nil {
		return err
	}
	hs, err := f.blocked(c.Request().Context(), id)
	if err != nil {
		return err
	}
	said := fa(n) + " گواهی صادر شد."
	if len(hs) > 0 {
		said += " گواهی‌های " + fa(len(hs)) + " حوزه تا درست شدن شمارش صادر نمی‌شود."
	}
	return f.back(c, id, said)
}

// approveForm approves every certificate of the session that waits for it and that
// the caller has not issued himself.
func (f *surface) approveForm(c echo.Context) error {
	ctx, id, w := c.Request().Context(), exam.SessionID(c.Param("id")), whoIs(c)
	cs, err := f.Records.Certificates(ctx, id)
	if err != nil {
		return err
	}
	done := 0
	for i := range cs {
		if standing(&cs[i]) != "unapproved" {
			continue
		}
		if err := f.perform(ctx, w, cs[i].Serial, "approved", ""); err != nil {
			return err // what is approved so far stands; the rest waits for another try
		}
		done++
	}
	return f.back(c, id, fa(done)+" گواهی تأیید شد.")
}

// actForm does one act with one certificate.
func (f *surface) actForm(c echo.Context) error {
	ctx := c.Request().Context()
	k, err := f.addressed(c)
	if err != nil {
		return err
	}
	if err := f.perform(ctx, whoIs(c), k.Serial, c.FormValue("kind"), c.FormValue("reason")); err != nil {
		return err
	}
	return f.back(c, k.Session, "ثبت شد.")
}

// rulingForm is the office's decision on one of its tasks.
func (f *surface) rulingForm(c echo.Context) error {
	ctx, id, script := c.Request().Context(), exam.SessionID(c.Param("id")), exam.ScriptID(c.FormValue("script"))
	rev, err := strconv.Atoi(c.FormValue("rev"))
	if err != nil {
		return invalid("فرم کامل نیست.", "صفحه را دوباره باز کنید.")
	}
	field, choice := sheets.FieldID(c.FormValue("field")), c.FormValue("choice")
	if field == exam.PersonField {
		if choice, err = persian.National(choice); err != nil {
			return flawed("کد ملی درست نیست.", err)
		}
	}
	r := exam.Ruling{Field: field, Choices: []sheets.Choice{sheets.Choice(choice)}, By: whoIs(c).Login, At: f.Now(), Note: c.FormValue("note")}
	if err := f.decide(ctx, whoIs(c), script, rev, r); err != nil {
		return err
	}
	return f.back(c, id, "ثبت شد.")
}

// back returns to the session's page, which says what was done.
func (f *surface) back(c echo.Context, id exam.SessionID, said string) error {
	return c.Redirect(http.StatusSeeOther, "/sessions/"+url.PathEscape(string(id))+"?said="+url.QueryEscape(said))
}

// verifyPage tells the public what a certificate is worth.
func (f *surface) verifyPage(c echo.Context) error {
	v, err := f.verified(c)
	if errors.Is(err, fault.NotFound) {
		return notFound("گواهی‌ای با این شماره در دفتر ثبت نیست. اگر برگه‌ای با این شماره به شما نشان داده‌اند، آن را نپذیرید.")
	}
	if err != nil {
		return err
	}
	return f.show(c, "verify", struct {
		*verification
		Words [2]string
	}{v, standingWords[v.Standing]})
}
