package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// A question is a task as it is answered: exam.Task with the words and pictures
// that a reviewer is shown. Like a task it holds no name, no key and no score.
type question struct {
	Script   exam.ScriptID   `json:"script"`
	Session  exam.SessionID  `json:"session,omitempty"`
	Rev      int             `json:"rev"`
	Field    sheets.FieldID  `json:"field"`
	Role     string          `json:"role"`
	Label    string          `json:"label"` // the field for a person, in Persian
	Options  []sheets.Choice `json:"options"`
	Several  bool            `json:"several"` // the field may hold several marks
	Doubts   []judge.Doubt   `json:"doubts"`
	Why      []string        `json:"why"` // the doubts for a person, in Persian
	Decisive bool            `json:"decisive"`
	Office   bool            `json:"office"`
	Pictures []picture       `json:"pictures"`
	Alike    int             `json:"alike,omitempty"` // other ticks, or crosses, of the sheet that one decision may settle too
}

// A picture is one scan of the field of a question.
type picture struct {
	Crop  string     `json:"crop"` // address of the field in its surroundings
	Page  string     `json:"page"` // address of the sheet
	Frame *frame     `json:"frame"`
	Place *frame     `json:"place"`     // the field on the sheet; null when it lies outside what is shown
	Size  [2]float64 `json:"size"`      // of the crop, mm
	Sheet [2]float64 `json:"page_size"` // of the sheet's picture, mm
}

// questionOf shows t, a task of s.
func questionOf(t exam.Task, s *exam.Script) question {
	q := question{
		Script: t.Script, Session: s.Session, Rev: t.Rev, Field: t.Field, Role: t.Role.String(), Label: label(s.Design, t.Field, t.Role),
		Options: t.Options, Doubts: t.Doubts, Decisive: t.Decisive, Office: t.Office, Pictures: []picture{},
		Why: why(t.Doubts),
	}
	if s.Design != nil {
		if _, f := find(s.Design, t.Field); f != nil {
			q.Several = f.Rule == sheets.AnyNumber
		}
	}
	base := "/api/v1/tasks/" + url.PathEscape(string(t.Script)) + "/" + url.PathEscape(string(t.Field))
	for i, l := range looks(s, t.Field) {
		if len(t.Views) > 0 && !slices.Contains(t.Views, l.view) {
			continue
		}
		q.Pictures = append(q.Pictures, picture{
			Crop: base + "/crop.jpg?view=" + strconv.Itoa(i), Page: base + "/page.jpg?view=" + strconv.Itoa(i),
			Frame: frameOf(l.crop, l.field), Place: frameOf(l.page, l.field),
			Size: [2]float64{l.crop.W(), l.crop.H()}, Sheet: [2]float64{l.page.W(), l.page.H()},
		})
	}
	if q.Options == nil {
		q.Options = []sheets.Choice{}
	}
	if q.Doubts == nil {
		q.Doubts = []judge.Doubt{}
	}
	return q
}

// next leases the most decisive open task of the caller's sessions to him.
func (f *surface) next(c echo.Context) error {
	ctx, w := c.Request().Context(), whoIs(c)
	mine, err := f.appointed(ctx, w.Login)
	if err != nil {
		return err
	}
	type answer struct {
		Task     *question        `json:"task"` // null: nothing is open
		Left     int              `json:"left"` // open tasks, this one included
		Until    *time.Time       `json:"until"`
		Sessions []exam.SessionID `json:"sessions"` // appointed to today
	}
	a := answer{Sessions: mine}
	if len(mine) == 0 {
		a.Sessions = []exam.SessionID{}
		return c.JSON(http.StatusOK, a)
	}
	until := f.Now().Add(f.Lease)
	t, left, err := f.Records.NextTask(ctx, mine, w.Login, until)
	if err != nil {
		return err
	}
	a.Left = left
	if t != nil {
		s, err := f.Records.Script(ctx, t.Script)
		if err != nil {
			return err
		}
		q := questionOf(*t, s)
		others, err := f.alike(ctx, s, t.Field)
		if err != nil {
			return err
		}
		q.Alike = len(others)
		a.Task, a.Until = &q, &until
	}
	return c.JSON(http.StatusOK, a)
}

// listTasks lists what is open in a session, the most decisive first: the review
// desk's, or with office=true the office's.
func (f *surface) listTasks(c echo.Context) error {
	ctx, w, id := c.Request().Context(), whoIs(c), exam.SessionID(c.Param("id"))
	limit, err := number(c, "limit", 100, 1, 1000)
	if err != nil {
		return err
	}
	office := c.QueryParam("office") == "true"
	if !w.may(readers...) {
		mine, err := f.appointed(ctx, w.Login)
		if err != nil {
			return err
		}
		if !slices.Contains(mine, id) {
			return notFound("برای این آزمون معرفی‌نامه‌ای که امروز معتبر باشد ندارید.")
		}
		if office {
			return denied("این کارها با کارشناس دفتر است.", "")
		}
	}
	ts, err := f.Records.Tasks(ctx, id, office, limit)
	if err != nil {
		return err
	}
	qs, err := f.questions(ctx, ts)
	if err != nil {
		return err
	}
	return list(c, "tasks", qs)
}

// questions shows tasks, looking each script up once.
func (f *surface) questions(ctx context.Context, ts []exam.Task) ([]question, error) {
	scripts := map[exam.ScriptID]*exam.Script{}
	qs := make([]question, len(ts))
	for i, t := range ts {
		s := scripts[t.Script]
		if s == nil {
			var err error
			if s, err = f.Records.Script(ctx, t.Script); err != nil {
				return nil, err
			}
			scripts[t.Script] = s
		}
		qs[i] = questionOf(t, s)
	}
	return qs, nil
}

// seen returns the script of the address when the caller may see the field.
func (f *surface) seen(c echo.Context, id exam.ScriptID, field sheets.FieldID) (*exam.Script, error) {
	ctx, w := c.Request().Context(), whoIs(c)
	s, err := f.Records.Script(ctx, id)
	if err != nil || w.may(readers...) {
		return s, err
	}
	mine, err := f.appointed(ctx, w.Login)
	if err != nil {
		return nil, err
	}
	if field == exam.PersonField || !slices.Contains(mine, s.Session) {
		return nil, notFound("چنین پرسشی نیست، یا دیدن آن با شما نیست.")
	}
	return s, nil
}

// crop shows the field of a task enlarged in its surroundings.
func (f *surface) crop(c echo.Context) error {
	return f.picture(c, 900, func(l look) box { return l.crop })
}

// page shows the sheet of a task as far as it is blind.
func (f *surface) page(c echo.Context) error {
	return f.picture(c, 1000, func(l look) box { return l.page })
}

// picture answers with a box of one scan of a task's field.
func (f *surface) picture(c echo.Context, usual int, part func(look) box) error {
	id, field := exam.ScriptID(c.Param("script")), sheets.FieldID(c.Param("field"))
	s, err := f.seen(c, id, field)
	if err != nil {
		return err
	}
	all := looks(s, field)
	n, err := number(c, "view", 0, 0, 99)
	if err != nil {
		return err
	}
	if n >= len(all) {
		return notFound("از این پرسش چنین تصویری نیست.")
	}
	return f.jpeg(c, all[n].view, part(all[n]), usual)
}

// jpeg answers with a box of a page of a scan; a zero box is the whole page.
func (f *surface) jpeg(c echo.Context, v exam.View, b box, usual int) error {
	width, err := number(c, "width", usual, 64, 2400)
	if err != nil {
		return err
	}
	img, err := f.Line.Picture(c.Request().Context(), v, b, width)
	if err != nil {
		return err
	}
	// A scan never changes, but who may see it does: only the caller's own browser
	// keeps it, and not for long.
	c.Response().Header().Set("Cache-Control", "private, max-age=600")
	return c.Blob(http.StatusOK, "image/jpeg", img)
}

// A decision is a ruling as it is sent.
type decision struct {
	Rev       int              `json:"rev"` // of the script, as it was seen
	Field     sheets.FieldID   `json:"field"`
	Choices   *[]sheets.Choice `json:"choices"` // [] says that the field is blank
	CannotSay bool             `json:"cannot_say"`
	Withdrawn bool             `json:"withdrawn"`
	Note      string           `json:"note"`
	Alike     bool             `json:"alike"` // so too for all ticks, or crosses, of the sheet
}

// rule records a person's decision on a field of a script.
func (f *surface) rule(c echo.Context) error {
	var d decision
	if err := decode(c, &d); err != nil {
		return err
	}
	ctx, w, id := c.Request().Context(), whoIs(c), exam.ScriptID(c.Param("id"))
	choices, err := d.chosen()
	if err != nil {
		return err
	}
	r := exam.Ruling{Field: d.Field, Choices: choices, CannotSay: d.CannotSay, Withdrawn: d.Withdrawn, By: w.Login, At: f.Now(), Note: d.Note}
	if d.Alike {
		return f.ruleAlike(c, id, &d, r)
	}
	if err := f.decide(ctx, w, id, d.Rev, r); err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, map[string]any{"script": id, "rev": d.Rev + 1})
}

// ruleAlike records a decision on a tick or a cross, and the same on all others of the
// sheet, each as a ruling of its own that can be taken back by itself. Where the script
// changes meanwhile, what is recorded stands and the rest is asked as usual.
func (f *surface) ruleAlike(c echo.Context, id exam.ScriptID, d *decision, r exam.Ruling) error {
	ctx, w := c.Request().Context(), whoIs(c)
	s, err := f.Records.Script(ctx, id)
	if err != nil {
		return err
	}
	t, others, err := f.likeTask(ctx, s, d.Field)
	if err != nil {
		return err
	}
	if t == nil || t.Kind() == 0 || d.Choices == nil {
		return invalid("این پرسش دربارهٔ یک تیک یا ضربدر تنها نیست.", "تصمیم را بی alike بفرستید.")
	}
	if _, err := t.Likewise(t, r.Choices); err != nil {
		return err
	}
	if err := f.decide(ctx, w, id, d.Rev, r); err != nil {
		return err
	}
	rev, also := d.Rev+1, []question{}
	for i := range others {
		like := r
		like.Field, like.Note = others[i].Field, "همان تصمیمِ "+label(s.Design, d.Field, t.Role)
		if like.Choices, err = t.Likewise(&others[i], r.Choices); err != nil {
			return err
		}
		if err := f.decide(ctx, w, id, rev, like); err != nil {
			f.Log.WarnContext(ctx, "not all ticks of a sheet were decided alike", "script", id, "decided", i, "of", len(others), "err", err)
			break
		}
		rev++
		also = append(also, questionOf(others[i], s))
	}
	return c.JSON(http.StatusCreated, map[string]any{"script": id, "rev": rev, "also": also})
}

// likeTask is the open task on a field of s, nil if there is none, and the others that
// one decision on it may settle too.
func (f *surface) likeTask(ctx context.Context, s *exam.Script, field sheets.FieldID) (*exam.Task, []exam.Task, error) {
	ses, err := f.Records.Session(ctx, s.Session)
	if err != nil {
		return nil, nil, err
	}
	all := exam.Mark(ses, s, nil, nil).Tasks
	i := slices.IndexFunc(all, func(t exam.Task) bool { return t.Field == field })
	if i < 0 {
		return nil, nil, nil
	}
	return &all[i], all[i].Alike(all), nil
}

func (f *surface) alike(ctx context.Context, s *exam.Script, field sheets.FieldID) ([]exam.Task, error) {
	_, others, err := f.likeTask(ctx, s, field)
	return others, err
}

// decide lets w rule on a script as it was at rev, if it is his to rule.
func (f *surface) decide(ctx context.Context, w who, id exam.ScriptID, rev int, r exam.Ruling) error {
	s, err := f.Records.Script(ctx, id)
	if err != nil {
		return err
	}
	if err := f.mayRule(ctx, w, s, r.Field); err != nil {
		return err
	}
	if s.Rev != rev {
		return changedTo(s, nil)
	}
	if err := f.checkRuling(ctx, s, r); err != nil {
		return err
	}
	if err := f.Line.Rule(ctx, id, rev, r); err != nil {
		return f.changed(ctx, id, err)
	}
	return nil
}

// mayRule says whether w may decide the field of s. Whose a script is and, with the
// hall's minutes, which form it is, the office may; all but whose it is, a
// supervisor appointed to the session today. Whoever writes the key does not decide
// marks.
func (f *surface) mayRule(ctx context.Context, w who, s *exam.Script, field sheets.FieldID) error {
	if w.may(exam.Expert) && (field == exam.PersonField || isForm(s, field)) {
		return nil
	}
	if field == exam.PersonField {
		return denied("این که برگه از آن کیست با کارشناس دفتر است.", "کار بعدی را بردارید.")
	}
	if !w.may(exam.Supervisor) {
		return denied("داوری نشانه‌ها با ناظر معرفی‌شده است.", "از مرکز بخواهید ناظری معرفی کند.")
	}
	mine, err := f.appointed(ctx, w.Login)
	if err != nil {
		return err
	}
	if !slices.Contains(mine, s.Session) {
		return notFound("برای آزمون این برگه معرفی‌نامه‌ای که امروز معتبر باشد ندارید.")
	}
	return nil
}

// isForm says whether a field of s asks for the form of the booklet.
func isForm(s *exam.Script, id sheets.FieldID) bool {
	if s.Design == nil {
		return false
	}
	_, f := find(s.Design, id)
	return f != nil && f.Role == sheets.Version
}

// chosen is what d chooses. A decision says one thing: choices, "cannot say", or undo.
func (d *decision) chosen() ([]sheets.Choice, error) {
	said := 0
	for _, b := range []bool{d.Choices != nil, d.CannotSay, d.Withdrawn} {
		if b {
			said++
		}
	}
	if said != 1 {
		return nil, invalid("داوری باید دقیقاً یک چیز بگوید.",
			"یکی از این سه را بفرستید: choices (با [] برای «سفید است»)، cannot_say یا withdrawn.")
	}
	if d.Choices == nil {
		return []sheets.Choice{}, nil
	}
	return *d.Choices, nil
}

// checkRuling says whether r can stand on s.
func (f *surface) checkRuling(ctx context.Context, s *exam.Script, r exam.Ruling) error {
	last := lastRuling(s, r.Field)
	if r.Withdrawn {
		if last == nil || last.Withdrawn || last.By != r.By {
			return &refusal{status: http.StatusConflict, code: fault.Conflict.Error(), rev: &s.Rev,
				detail: "داوریِ ایستاده‌ای از شما بر این پرسش نیست که پس گرفته شود.", hint: "کار بعدی را بردارید."}
		}
		return nil
	}
	var roster []exam.Candidate
	if r.Field == exam.PersonField {
		var err error
		if roster, err = f.Records.Roster(ctx, s.Session); err != nil {
			return err
		}
	}
	if err := exam.CheckRuling(s, roster, r); err != nil {
		return flawed("این داوری پذیرفته نیست.", err)
	}
	return nil
}

// lastRuling is the latest ruling on a field; nil when there is none.
func lastRuling(s *exam.Script, field sheets.FieldID) *exam.Ruling {
	for i := len(s.Rulings) - 1; i >= 0; i-- {
		if s.Rulings[i].Field == field {
			return &s.Rulings[i]
		}
	}
	return nil
}

// changed adds to a conflict the script's latest rev, so that the decision can be
// made again on what stands now.
func (f *surface) changed(ctx context.Context, id exam.ScriptID, err error) error {
	if fault.KindOf(err) != fault.Conflict {
		return err
	}
	s, lookErr := f.Records.Script(ctx, id)
	if lookErr != nil {
		return err
	}
	return changedTo(s, err)
}

// changedTo says that a script is not what it was when it was seen.
func changedTo(s *exam.Script, cause error) *refusal {
	return &refusal{status: http.StatusConflict, code: fault.Conflict.Error(), rev: &s.Rev, cause: cause,
		detail: "این برگه پس از آنکه آن را دیدید تغییر کرده است.", hint: "دوباره به تصویر نگاه کنید و تصمیم بگیرید."}
}
