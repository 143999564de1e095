package api

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/intake"
)

// A stationLine is one station in a list.
type stationLine struct {
	ID      string   `json:"id"`
	Waiting int      `json:"waiting"`           // files in the drop folder that are not taken yet
	Trouble string   `json:"trouble,omitempty"` // why the drop folder cannot be looked at
	Far     *farLine `json:"far,omitempty"`

	Streak *exam.Streak `json:"streak,omitempty"` // somebody should clean the glass of its scanner
}

// A farLine is how a station far away stands.
type farLine struct {
	Keyed bool      `json:"keyed"` // its key is not revoked
	Seen  time.Time `json:"seen"`  // when it spoke last
	Ahead float64   `json:"ahead"` // seconds its clock was ahead of ours then
}

func farLineOf(s exam.FarStation) *farLine { return &farLine{s.Keyed, s.Seen, s.Ahead.Seconds()} }

// listStations lists the stations and how much waits in each.
func (f *surface) listStations(c echo.Context) error {
	all := []stationLine{}
	for _, id := range f.Line.Stations() {
		ws, err := f.Line.Waiting(id)
		line := stationLine{ID: id, Waiting: len(ws)}
		if err != nil { // an alarm, and no reason to hide the other stations
			line.Trouble = problem(err).Detail
		}
		all = append(all, line)
	}
	far, err := f.Records.FarStations(c.Request().Context())
	if err != nil {
		return err
	}
	for _, s := range far {
		all = append(all, stationLine{ID: s.ID, Far: farLineOf(s)})
	}
	for i := range all {
		s, err := f.Records.Streak(c.Request().Context(), all[i].ID)
		if err != nil {
			return err
		}
		if s.Alarm() {
			all[i].Streak = &s
		}
	}
	return list(c, "stations", all)
}

// here is the station of the address.
func (f *surface) here(c echo.Context) (string, error) {
	id := c.Param("id")
	if !slices.Contains(f.Line.Stations(), id) {
		return "", notFound("چنین ایستگاهی نیست.")
	}
	return id, nil
}

// somewhere is the station of the address, here or far away.
func (f *surface) somewhere(c echo.Context) (string, error) {
	id, err := f.here(c)
	if err == nil {
		return id, nil
	}
	far, ask := f.Records.FarStations(c.Request().Context())
	if ask != nil {
		return "", ask
	}
	if slices.ContainsFunc(far, func(s exam.FarStation) bool { return s.ID == c.Param("id") }) {
		return c.Param("id"), nil
	}
	return "", err
}

// drop takes an upload: it is dropped into the station's folder like a file of the
// scanner, and what becomes of it stands in the ledger.
func (f *surface) drop(c echo.Context) error {
	id, err := f.here(c)
	if err != nil {
		return err
	}
	name, r, err := upload(c, f.MaxScan)
	if err != nil {
		return err
	}
	if err := checkName(name); err != nil {
		return err
	}
	if err := f.Line.Drop(c.Request().Context(), id, name, r); err != nil {
		if !tooLarge(err) && fault.KindOf(err) == fault.Internal && c.Request().Context().Err() != nil {
			return fmt.Errorf("%w: upload broken off: %w", fault.Transient, err)
		}
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]string{
		"station": id, "name": name, "ledger": "/api/v1/stations/" + id + "/scans",
	})
}

// checkName says whether a file of this name may be dropped: a name and no path,
// not hidden, and such as every file system takes.
func checkName(name string) error {
	bad := name == "" || len(name) > 200 || !utf8.ValidString(name) || path.Base(name) != name || strings.HasPrefix(name, ".") ||
		strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(`\/:*?"<>|`, r) })
	if bad {
		return invalid("نام فایل پذیرفته نیست.", "نامی ساده بدهید، مانند ‎scan-0001.jpg‎، در ‎?name=‎ یا در فرم.")
	}
	return nil
}

// ledger lists the newest files of a station, each with its fate.
func (f *surface) ledger(c echo.Context) error {
	id, err := f.somewhere(c)
	if err != nil {
		return err
	}
	limit, err := number(c, "limit", 100, 1, 1000)
	if err != nil {
		return err
	}
	fs, err := f.files(c, id, limit)
	if err != nil {
		return err
	}
	return list(c, "scans", fs)
}

// trayTime is how long a page is counted in its tray: long enough to find the paper,
// and to see a pile of backs grow.
const trayTime = 7 * 24 * time.Hour

// files are the newest of a station; those with a page in a tray, if one is asked for.
func (f *surface) files(c echo.Context, id string, limit int) ([]exam.Fate, error) {
	tray := exam.Tray(c.QueryParam("tray"))
	if tray == "" {
		return f.Records.Ledger(c.Request().Context(), id, limit)
	}
	if !slices.Contains(exam.Trays(), tray) {
		return nil, invalid("سینی‌ای با این نام نیست.", "یکی از این‌ها: blank، separator، other، foreign، held، again.")
	}
	return f.Records.InTray(c.Request().Context(), id, tray, f.Now().Add(-trayTime), limit)
}

// A trayLine is how many pages lie in a tray.
type trayLine struct {
	Tray  exam.Tray `json:"tray"`
	Pages int       `json:"pages"`
}

// trays counts the pages of a station in each tray.
func (f *surface) trays(c echo.Context) error {
	id, err := f.somewhere(c)
	if err != nil {
		return err
	}
	all, err := f.traysOf(c, id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"trays": all, "since": f.Now().Add(-trayTime).UTC()})
}

func (f *surface) traysOf(c echo.Context, id string) (out []trayLine, err error) {
	n, err := f.Records.Trays(c.Request().Context(), id, f.Now().Add(-trayTime))
	for _, t := range exam.Trays() {
		out = append(out, trayLine{t, n[t]})
	}
	return out, err
}

// waiting lists what lies in a station's drop folder, and why it is not taken.
func (f *surface) waiting(c echo.Context) error {
	id, err := f.here(c)
	if err != nil {
		return err
	}
	ws, err := f.Line.Waiting(id)
	if err != nil {
		return err
	}
	return list[intake.Wait](c, "waiting", ws)
}
