package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"

	"github.com/labstack/echo/v4"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/sheets"
)

// me says who the caller is and, to a page of ours, the secret it must send with
// whatever it changes.
func (f *surface) me(c echo.Context) error {
	w := whoIs(c)
	type me struct {
		Login  exam.Login  `json:"login"`
		Name   string      `json:"name"`
		Duties []exam.Duty `json:"duties"`
		Token  string      `json:"token,omitempty"`
		CSRF   string      `json:"csrf,omitempty"`
	}
	m := me{Login: w.Login, Name: w.Name, Duties: w.Duties, Token: w.token}
	if w.token == "" {
		m.CSRF = f.csrf(c)
	}
	return c.JSON(http.StatusOK, m)
}

// list is the answer of everything that lists.
func list[T any](c echo.Context, key string, vs []T) error {
	if vs == nil {
		vs = []T{}
	}
	return c.JSON(http.StatusOK, map[string]any{key: vs})
}

// listSessions lists how far each session has come; to a supervisor only those of
// his appointments.
func (f *surface) listSessions(c echo.Context) error {
	all, err := f.standings(c.Request().Context(), whoIs(c))
	if err != nil {
		return err
	}
	return list(c, "sessions", all)
}

// standings are the sessions that w may know of.
func (f *surface) standings(ctx context.Context, w who) ([]exam.Standing, error) {
	all, err := f.Records.Sessions(ctx)
	if err != nil || w.may(clerks...) {
		return all, err
	}
	if !w.may(exam.Supervisor) {
		return nil, nil
	}
	mine, err := f.appointed(ctx, w.Login)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(s exam.Standing) bool { return !slices.Contains(mine, s.ID) }), nil
}

// appointed lists the sessions that l is appointed to today.
func (f *surface) appointed(ctx context.Context, l exam.Login) ([]exam.SessionID, error) {
	as, err := f.Records.Appointments(ctx, l)
	if err != nil {
		return nil, err
	}
	var ids []exam.SessionID
	for _, a := range as {
		if live(a, f.today()) && !slices.Contains(ids, a.Session) {
			ids = append(ids, a.Session)
		}
	}
	return ids, nil
}

// live says whether an appointment holds on a day.
func live(a exam.Appointment, day exam.Date) bool {
	return day.Compare(a.From) >= 0 && day.Compare(a.To) <= 0
}

// goodSession is what the id of a session may look like: it stands in addresses,
// file names and serials.
var goodSession = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// putSession makes a session or replaces it.
func (f *surface) putSession(c echo.Context) error {
	var s exam.Session
	if err := decode(c, &s); err != nil {
		return err
	}
	id := exam.SessionID(c.Param("id"))
	if s.ID == "" {
		s.ID = id
	}
	if s.ID != id {
		return invalid("شناسهٔ آزمون در نشانی و در بدنه یکی نیست.", "یکی از آن دو را درست کنید.")
	}
	if !goodSession.MatchString(string(id)) {
		return invalid("شناسهٔ آزمون پذیرفته نیست.", "تنها حروف کوچک لاتین، رقم، نقطه، خط تیره و زیرخط؛ تا ۶۴ نویسه.")
	}
	if err := s.Check(); err != nil {
		return flawed("تعریف آزمون ایراد دارد.", err)
	}
	if err := f.Records.PutSession(c.Request().Context(), s); err != nil {
		return err
	}
	if err := f.Line.Grade(c.Request().Context()); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, s)
}

// flawed is the refusal of a document with every fault that was found in it. A
// fault of another kind passes as it is.
func flawed(detail string, err error) error {
	if k := fault.KindOf(err); k != fault.Internal && k != fault.Invalid {
		return err
	}
	var known *fault.Error
	r := invalid(detail, "همهٔ موردهای فهرست‌شده را درست کنید و دوباره بفرستید.")
	if errors.As(err, &known) && known.Hint != "" {
		r.hint = known.Hint
	}
	r.faults, r.cause = faultsOf(err), err
	return r
}

// getSession shows a session as it was set up, with the designs of its sheets and
// the version of its key.
func (f *surface) getSession(c echo.Context) error {
	s, err := f.Records.Session(c.Request().Context(), exam.SessionID(c.Param("id")))
	if err != nil {
		return err
	}
	type shown struct {
		*exam.Session
		KeyVersion int      `json:"key_version"`
		Designs    []string `json:"designs"`
	}
	v := shown{Session: s, KeyVersion: s.Key.Version, Designs: []string{}}
	for _, d := range s.Designs {
		v.Designs = append(v.Designs, d.String())
	}
	return c.JSON(http.StatusOK, v)
}

// A designLine is a design in a list.
type designLine struct {
	Digest string          `json:"digest"`
	ID     sheets.DesignID `json:"id"`
	Title  string          `json:"title"`
	Pages  int             `json:"pages"`
	Fields int             `json:"fields"`
	Spare  bool            `json:"spare"` // it has a number grid, for sheets without a name
}

// lineOf describes d.
func lineOf(d *sheets.Design) designLine {
	l := designLine{Digest: d.Digest().String(), ID: d.ID, Title: d.Title, Pages: len(d.Pages), Spare: hasGrid(d)}
	for _, p := range d.Pages {
		l.Fields += len(p.Fields)
	}
	return l
}

// hasGrid says whether d asks for the candidate's number: a sheet without a name.
func hasGrid(d *sheets.Design) bool {
	return slices.ContainsFunc(d.Pages, func(p sheets.Page) bool {
		return slices.ContainsFunc(p.Fields, func(f sheets.Field) bool { return f.Role == sheets.Identity })
	})
}

// addDesign adds a design to the session's sheets.
func (f *surface) addDesign(c echo.Context) error {
	b, err := body(c, maxFile)
	if err != nil {
		return err
	}
	d, err := sheets.Parse(bytes.NewReader(b))
	if err != nil {
		return flawed("طرح برگه ایراد دارد.", err)
	}
	ctx, id := c.Request().Context(), exam.SessionID(c.Param("id"))
	s, err := f.Records.Session(ctx, id)
	if err != nil {
		return err
	}
	if err := s.CheckDesign(d); err != nil {
		return flawed("این طرح با آزمون نمی‌خواند.", err)
	}
	if err := f.Records.AddDesign(ctx, id, d); err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, lineOf(d))
}

// listDesigns lists the designs of a session's sheets.
func (f *surface) listDesigns(c echo.Context) error {
	ds, err := f.designs(c.Request().Context(), exam.SessionID(c.Param("id")))
	if err != nil {
		return err
	}
	lines := []designLine{}
	for _, d := range ds {
		lines = append(lines, lineOf(d))
	}
	return list(c, "designs", lines)
}

// designs are the designs of a session's sheets.
func (f *surface) designs(ctx context.Context, id exam.SessionID) ([]*sheets.Design, error) {
	s, err := f.Records.Session(ctx, id)
	if err != nil {
		return nil, err
	}
	var ds []*sheets.Design
	for _, digest := range s.Designs {
		d, err := f.Records.Design(ctx, digest.Head())
		if err != nil {
			return nil, err
		}
		if d != nil {
			ds = append(ds, d)
		}
	}
	return ds, nil
}

// addKey adds a version to the session's key and grades again what it changes. The
// key is given item by item, or as the office writes it, title by title.
func (f *surface) addKey(c echo.Context) error {
	var k struct {
		Seen   int                       `json:"seen"` // version the writer saw; 0: none yet
		Reason string                    `json:"reason"`
		Items  map[exam.ItemID]exam.Item `json:"items"`
		exam.KeyText
	}
	if err := decode(c, &k); err != nil {
		return err
	}
	ctx, id := c.Request().Context(), exam.SessionID(c.Param("id"))
	s, err := f.Records.Session(ctx, id)
	if err != nil {
		return err
	}
	if k.Items == nil {
		if k.Items, err = exam.ParseKey(s, k.KeyText); err != nil {
			return flawed("کلید با پرسش‌های آزمون نمی‌خواند.", err)
		}
	}
	key := exam.Key{Items: k.Items, By: whoIs(c).Login, At: f.Now(), Reason: k.Reason}
	if err := exam.CheckKey(s, key); err != nil {
		return flawed("کلید با پرسش‌های آزمون نمی‌خواند.", err)
	}
	if k.Seen > 0 && k.Reason == "" {
		return invalid("دلیل تغییر کلید نوشته نشده است.", "شمارهٔ صورت‌جلسه یا دلیل اصلاح را در reason بنویسید.")
	}
	version, err := f.Records.AddKey(ctx, id, k.Seen, key)
	if err != nil {
		return err
	}
	if err := f.Line.Grade(ctx); err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, map[string]int{"version": version})
}

// listKeys lists every version of the session's key, the first one first.
func (f *surface) listKeys(c echo.Context) error {
	ks, err := f.Records.Keys(c.Request().Context(), exam.SessionID(c.Param("id")))
	if err != nil {
		return err
	}
	return list(c, "keys", ks)
}

// appoint names a supervisor for a session.
func (f *surface) appoint(c echo.Context) error {
	var a exam.Appointment
	if err := decode(c, &a); err != nil {
		return err
	}
	ctx := c.Request().Context()
	a.Session, a.By = exam.SessionID(c.Param("id")), whoIs(c).Login
	switch {
	case a.Letter == "":
		return invalid("شمارهٔ نامهٔ معرفی نوشته نشده است.", "شمارهٔ نامهٔ مرکز را در letter بنویسید.")
	case a.From.IsZero() || a.To.IsZero() || a.To.Compare(a.From) < 0:
		return invalid("مدت معرفی درست نیست.", "روز آغاز و روز پایان را به ترتیب بدهید.")
	}
	if _, err := f.Records.Session(ctx, a.Session); err != nil {
		return err
	}
	acc, _, err := f.Records.Account(ctx, a.Who)
	if err != nil {
		return err
	}
	if !slices.Contains(acc.Duties, exam.Supervisor) {
		return invalid("این حساب وظیفهٔ ناظر ندارد.", "نخست مدیر سامانه وظیفهٔ supervisor را به آن بدهد.")
	}
	if err := f.Records.Appoint(ctx, a); err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, a)
}
