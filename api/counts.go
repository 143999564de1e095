package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/intake"
	"bargkhan/api/persian"
)

// finish ends a batch: first its files are taken, then it is counted.
func (f *surface) finish(ctx context.Context, station string, b exam.Batch) (exam.Batch, []intake.Wait, error) {
	ses, err := f.Records.Session(ctx, b.Session)
	if err != nil {
		return b, nil, err
	}
	if err := b.Check(ses); err != nil {
		return b, nil, flawed("دسته پذیرفته نشد.", err)
	}
	far, err := f.Records.FarStations(ctx)
	if err != nil {
		return b, nil, err
	}
	var left []intake.Wait
	if !slices.ContainsFunc(far, func(s exam.FarStation) bool { return s.ID == station }) {
		if left, err = f.Line.Finish(ctx, station); err != nil {
			return b, nil, err
		}
	}
	b.Station, b.At, b.Stack = station, f.Now(), persian.Display(b.Stack)
	b, err = f.Records.EndBatch(ctx, b)
	return b, left, err
}

// endBatch ends a batch of a station.
func (f *surface) endBatch(c echo.Context) error {
	id := c.Param("id")
	var in struct {
		Session exam.SessionID `json:"session"`
		Venue   exam.VenueID   `json:"venue"`
		Stack   string         `json:"stack"`
		Paper   *int           `json:"paper"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	if in.Paper == nil {
		return invalid("شمار برگه‌های کاغذی نیامده است.", "برگه‌های دسته را بشمارید و در «paper» بنویسید.")
	}
	b := exam.Batch{Session: in.Session, Venue: in.Venue, Stack: in.Stack, Paper: *in.Paper, By: whoIs(c).Login}
	b, left, err := f.finish(c.Request().Context(), id, b)
	if err != nil {
		return err
	}
	if left == nil {
		left = []intake.Wait{}
	}
	return c.JSON(http.StatusCreated, map[string]any{"batch": b, "left": left})
}

// listBatches lists the newest batches of a station.
func (f *surface) listBatches(c echo.Context) error {
	id, err := f.here(c)
	if err != nil {
		return err
	}
	bs, err := f.Records.Batches(c.Request().Context(), id, 100)
	if err != nil {
		return err
	}
	return list(c, "batches", bs)
}

// listVenues lists the counts of every venue and what does not balance.
func (f *surface) listVenues(c echo.Context) error {
	hs, err := f.Records.Halls(c.Request().Context(), exam.SessionID(c.Param("id")))
	if err != nil {
		return err
	}
	type hall struct {
		exam.Hall
		Paper       int               `json:"paper"`
		Differences []exam.Difference `json:"differences"`
	}
	out := []hall{}
	for _, h := range hs {
		out = append(out, hall{h, h.Paper(), h.Differences()})
	}
	return list(c, "venues", out)
}

// putAbsent replaces the hall's list of the absent.
func (f *surface) putAbsent(c echo.Context) error {
	var in struct {
		Persons []exam.PersonID `json:"persons"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	err := f.Records.Absent(c.Request().Context(), exam.SessionID(c.Param("id")), exam.VenueID(c.Param("venue")), in.Persons, whoIs(c).Login, f.Now())
	return orNothing(c, err)
}

// waive keeps that two people answer for a difference.
func (f *surface) waive(c echo.Context) error {
	var w exam.Waiver
	if err := decode(c, &w); err != nil {
		return err
	}
	return orNothing(c, f.keepWaiver(c, exam.SessionID(c.Param("id")), exam.VenueID(c.Param("venue")), w))
}

func (f *surface) keepWaiver(c echo.Context, id exam.SessionID, v exam.VenueID, w exam.Waiver) error {
	w.By, w.At = whoIs(c).Login, f.Now()
	err := f.Records.Waive(c.Request().Context(), id, v, w)
	if fault.KindOf(err) == fault.Invalid {
		return flawed("از این اختلاف نمی‌توان گذشت.", err)
	}
	return err
}

// closeVenue closes a venue whose counts balance or are answered for.
func (f *surface) closeVenue(c echo.Context) error {
	by := exam.Closing{By: whoIs(c).Login, At: f.Now()}
	return orNothing(c, f.Records.CloseVenue(c.Request().Context(), exam.SessionID(c.Param("id")), exam.VenueID(c.Param("venue")), by))
}

// orNothing answers with err, or that there is nothing to say.
func orNothing(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// A venueChoice is a venue of some session in the form that ends a batch.
type venueChoice struct{ Value, Word string }

// venueChoices lists the venues of all sessions, for whoever may end a batch.
func (f *surface) venueChoices(c echo.Context) ([]venueChoice, error) {
	if !whoIs(c).may(exam.Operator, exam.Expert) {
		return nil, nil
	}
	ctx := c.Request().Context()
	all, err := f.Records.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	var out []venueChoice
	for _, st := range all {
		ses, err := f.Records.Session(ctx, st.ID)
		if err != nil {
			return nil, err
		}
		for _, v := range ses.Venues {
			out = append(out, venueChoice{string(v.ID) + "@" + string(ses.ID), v.Name + " — " + ses.Name})
		}
	}
	return out, nil
}

// batchForm ends a batch and says what became of it.
func (f *surface) batchForm(c echo.Context) error {
	venue, session, _ := strings.Cut(c.FormValue("at"), "@")
	paper, err := strconv.Atoi(persian.ASCII(strings.TrimSpace(c.FormValue("paper"))))
	if err != nil {
		return invalid("شمار برگه‌های کاغذی عدد نیست.", "برگه‌های دسته را بشمارید و با رقم بنویسید.")
	}
	b := exam.Batch{Session: exam.SessionID(session), Venue: exam.VenueID(venue), Stack: c.FormValue("stack"), Paper: paper, By: whoIs(c).Login}
	b, left, err := f.finish(c.Request().Context(), c.FormValue("station"), b)
	if err != nil {
		return err
	}
	said := "دستهٔ " + fa(b.N) + " بسته شد."
	if len(left) > 0 {
		said += " " + fa(len(left)) + " فایل هنوز برداشته نشده است و در دستهٔ بعد شمرده می‌شود."
	}
	return c.Redirect(http.StatusSeeOther, "/stations?said="+url.QueryEscape(said))
}

// venuesPage shows the counts of every venue.
func (f *surface) venuesPage(c echo.Context) error {
	ctx, id := c.Request().Context(), exam.SessionID(c.Param("id"))
	ses, err := f.Records.Session(ctx, id)
	if err != nil {
		return err
	}
	hs, err := f.Records.Halls(ctx, id)
	if err != nil {
		return err
	}
	all := make([]*exam.Hall, len(hs))
	for i := range hs {
		all[i] = &hs[i]
	}
	return f.show(c, "venues", struct {
		Session *exam.Session
		Halls   []*exam.Hall
		Said    string
	}{ses, all, c.QueryParam("said")})
}

// venueForm does what one of the page's forms asks.
func (f *surface) venueForm(c echo.Context) error {
	ctx, id, venue := c.Request().Context(), exam.SessionID(c.Param("id")), exam.VenueID(c.FormValue("venue"))
	var err error
	switch c.FormValue("do") {
	case "absent":
		form, bad := c.FormParams()
		if bad != nil {
			return bad
		}
		who := []exam.PersonID{}
		for _, p := range form["person"] {
			who = append(who, exam.PersonID(p))
		}
		err = f.Records.Absent(ctx, id, venue, who, whoIs(c).Login, f.Now())
	case "waive":
		amount, bad := strconv.Atoi(c.FormValue("amount"))
		if bad != nil {
			return invalid("فرم کامل نیست.", "صفحه را دوباره باز کنید.")
		}
		err = f.keepWaiver(c, id, venue, exam.Waiver{Gap: exam.Gap(c.FormValue("gap")), Amount: amount,
			Reason: c.FormValue("reason"), HallHead: c.FormValue("hall_head"), Supervisor: c.FormValue("supervisor")})
	case "close":
		err = f.Records.CloseVenue(ctx, id, venue, exam.Closing{By: whoIs(c).Login, At: f.Now()})
	default:
		return invalid("فرم کامل نیست.", "صفحه را دوباره باز کنید.")
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/sessions/"+url.PathEscape(string(id))+"/venues?said="+url.QueryEscape("ثبت شد."))
}
