package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"bargkhan/api/exam"
	"bargkhan/sheets"
)

// DeckRecords is what is remembered of test decks. *store.Store satisfies it.
type DeckRecords interface {
	AddDeckCheck(ctx context.Context, id exam.SessionID, c exam.DeckCheck) error
	AddDeckWaiver(ctx context.Context, id exam.SessionID, w exam.DeckWaiver) error
	Decks(ctx context.Context, id exam.SessionID) (exam.DeckBook, error)

	// OpenScanning is a fault.Conflict unless exam.MayScan allows it.
	OpenScanning(ctx context.Context, id exam.SessionID, o exam.Opening) error
}

// A deckLine is one check of a deck as the API says it.
type deckLine struct {
	Station     string     `json:"station"`
	Design      string     `json:"design"` // digest in hexadecimal
	Cards       int        `json:"cards"`
	Differences int        `json:"differences"`
	Passed      bool       `json:"passed"`
	By          exam.Login `json:"by"`
	At          time.Time  `json:"at"`
}

func deckLineOf(c exam.DeckCheck) deckLine {
	return deckLine{c.Station, c.Design.String(), c.Cards, c.Differences, c.Passed(), c.By, c.At}
}

// listDecks lists what is known of the decks of a session.
func (f *surface) listDecks(c echo.Context) error {
	book, err := f.Records.Decks(c.Request().Context(), exam.SessionID(c.Param("id")))
	if err != nil {
		return err
	}
	checks := []deckLine{}
	for _, k := range book.Checks {
		checks = append(checks, deckLineOf(k))
	}
	return c.JSON(http.StatusOK, map[string]any{
		"checks": checks, "waivers": append([]exam.DeckWaiver{}, book.Waivers...), "openings": append([]exam.Opening{}, book.Openings...),
	})
}

// addDeck records what a station read of a deck, as the desk tool counted it.
func (f *surface) addDeck(c echo.Context) error {
	var ask struct {
		Station     string `json:"station"`
		Design      string `json:"design"`
		Cards       int    `json:"cards"`
		Differences int    `json:"differences"`
	}
	if err := decode(c, &ask); err != nil {
		return err
	}
	ctx, id := c.Request().Context(), exam.SessionID(c.Param("id"))
	ses, err := f.Records.Session(ctx, id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(ses.Designs, func(d sheets.Digest) bool { return d.String() == ask.Design })
	switch {
	case strings.TrimSpace(ask.Station) == "":
		return invalid("ایستگاه نوشته نشده است.", "نام ایستگاهی را که برگه‌های آزمایشی را اسکن کرد بنویسید.")
	case i < 0:
		return invalid("این آزمون چنین طرحی ندارد.", "رمز کامل یکی از طرح‌های همین آزمون را بدهید.")
	case ask.Cards < 1 || ask.Differences < 0:
		return invalid("شمار برگه‌های آزمایشی یا تفاوت‌ها درست نیست.", "عددهایی را بدهید که omr deck check می‌گوید.")
	}
	k := exam.DeckCheck{Station: ask.Station, Design: ses.Designs[i], Cards: ask.Cards, Differences: ask.Differences, By: whoIs(c).Login, At: f.Now()}
	if err := f.Records.AddDeckCheck(ctx, id, k); err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, deckLineOf(k))
}

// waiveDeck records that a station need not scan a deck, and who answers for that.
func (f *surface) waiveDeck(c echo.Context) error {
	var ask struct {
		Station string `json:"station"`
		Name    string `json:"name"`
		Reason  string `json:"reason"`
	}
	if err := decode(c, &ask); err != nil {
		return err
	}
	w := exam.DeckWaiver{Station: ask.Station, Name: ask.Name, Reason: ask.Reason, By: whoIs(c).Login, At: f.Now()}
	if err := w.Check(); err != nil {
		return flawed("معافیت ایستگاه ایراد دارد.", err)
	}
	if err := f.Records.AddDeckWaiver(c.Request().Context(), exam.SessionID(c.Param("id")), w); err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, w)
}

// openScanning opens a session for scanning at stations.
func (f *surface) openScanning(c echo.Context) error {
	var ask struct {
		Stations []string `json:"stations"`
	}
	if err := decode(c, &ask); err != nil {
		return err
	}
	o := exam.Opening{Stations: ask.Stations, By: whoIs(c).Login, At: f.Now()}
	if err := f.Records.OpenScanning(c.Request().Context(), exam.SessionID(c.Param("id")), o); err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, o)
}

// A stationDeck is how a station stands with the decks of a session.
type stationDeck struct {
	ID      string
	Opened  time.Time // when the session was opened there; zero: it is not
	Checks  []exam.DeckCheck
	Waivers []exam.DeckWaiver
	Lacks   string // why it cannot be opened there; empty: it can
}

// openingPage shows where a session is opened for scanning, and what lacks elsewhere.
func (f *surface) openingPage(c echo.Context) error {
	ctx, id := c.Request().Context(), exam.SessionID(c.Param("id"))
	ses, err := f.Records.Session(ctx, id)
	if err != nil {
		return err
	}
	book, err := f.Records.Decks(ctx, id)
	if err != nil {
		return err
	}
	far, err := f.Records.FarStations(ctx)
	if err != nil {
		return err
	}
	names := slices.Clone(f.Line.Stations())
	for _, s := range far {
		names = append(names, s.ID)
	}
	var all []stationDeck
	for _, name := range names {
		all = append(all, stationDeckOf(ses, &book, name))
	}
	return f.show(c, "opening", struct {
		Session  *exam.Session
		Stations []stationDeck
		Said     string
	}{ses, all, c.QueryParam("said")})
}

func stationDeckOf(ses *exam.Session, book *exam.DeckBook, station string) stationDeck {
	d := stationDeck{ID: station}
	for _, o := range book.Openings {
		if slices.Contains(o.Stations, station) && d.Opened.IsZero() {
			d.Opened = o.At
		}
	}
	for _, k := range book.Checks {
		if k.Station == station {
			d.Checks = append(d.Checks, k)
		}
	}
	for _, w := range book.Waivers {
		if w.Station == station {
			d.Waivers = append(d.Waivers, w)
		}
	}
	if err := exam.MayScan(ses, []string{station}, book.Checks, book.Waivers); err != nil {
		d.Lacks = problem(err).Detail
	}
	return d
}

// openingForm signs that a station needs no deck, or opens the session there.
func (f *surface) openingForm(c echo.Context) error {
	ctx, id, station := c.Request().Context(), exam.SessionID(c.Param("id")), c.FormValue("station")
	said := "اسکن آزمون در ایستگاه «" + station + "» باز شد."
	switch c.FormValue("do") {
	case "waive":
		w := exam.DeckWaiver{Station: station, Name: c.FormValue("name"), Reason: c.FormValue("reason"), By: whoIs(c).Login, At: f.Now()}
		if err := w.Check(); err != nil {
			return flawed("معافیت ایستگاه ایراد دارد.", err)
		}
		if err := f.Records.AddDeckWaiver(ctx, id, w); err != nil {
			return err
		}
		said = "معافیت ایستگاه «" + station + "» ثبت شد."
	case "open":
		if err := f.Records.OpenScanning(ctx, id, exam.Opening{Stations: []string{station}, By: whoIs(c).Login, At: f.Now()}); err != nil {
			return err
		}
	default:
		return invalid("فرم کامل نیست.", "صفحه را دوباره باز کنید.")
	}
	return c.Redirect(http.StatusSeeOther, "/sessions/"+url.PathEscape(string(id))+"/opening?said="+url.QueryEscape(said))
}
