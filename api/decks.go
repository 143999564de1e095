package api

import (
	"context"
	"net/http"
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
