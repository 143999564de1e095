package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"bargkhan/api/exam"
)

// putRoster replaces the session's roster by the one of a CSV.
func (f *surface) putRoster(c echo.Context) error {
	ctx, id := c.Request().Context(), exam.SessionID(c.Param("id"))
	_, r, err := upload(c, exam.MaxRoster)
	if err != nil {
		return err
	}
	ses, err := f.Records.Session(ctx, id)
	if err != nil {
		return err
	}
	cs, err := exam.ParseRoster(r)
	if err == nil {
		cs, err = ses.Enrol(cs)
	}
	if tooLarge(err) {
		return err
	}
	if err != nil {
		return flawed("فهرست داوطلبان ایراد دارد.", err)
	}
	if err := f.Records.PutRoster(ctx, id, cs); err != nil {
		return err
	}
	if err := f.Line.Grade(ctx); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]int{"candidates": len(cs)})
}

// getRoster lists the session's candidates.
func (f *surface) getRoster(c echo.Context) error {
	cs, err := f.Records.Roster(c.Request().Context(), exam.SessionID(c.Param("id")))
	if err != nil {
		return err
	}
	return list(c, "candidates", cs)
}
