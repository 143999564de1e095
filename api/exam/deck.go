package exam

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"bargkhan/api/fault"
	"bargkhan/sheets"
)

// A DeckCheck is one comparison of a station's scans of a test deck with what must
// be read from it.
type DeckCheck struct {
	Station     string        `json:"station"`
	Design      sheets.Digest `json:"design"` // that the deck was made of
	Cards       int           `json:"cards"`  // of the deck
	Differences int           `json:"differences"`
	By          Login         `json:"by"`
	At          time.Time     `json:"at"`
}

// Passed says whether the station reads as it should.
func (c *DeckCheck) Passed() bool { return c.Cards > 0 && c.Differences == 0 }

// A DeckWaiver says that a station need not scan a deck, who answers for that, and
// why. It is worth nothing once a deck fails there after it was signed: it was signed
// not knowing that.
type DeckWaiver struct {
	Station string    `json:"station"`
	Name    string    `json:"name"` // of the person who answers for it
	Reason  string    `json:"reason"`
	By      Login     `json:"by"` // who recorded it
	At      time.Time `json:"at"`
}

// An Opening says that a session was opened for scanning at its stations.
type Opening struct {
	Stations []string  `json:"stations"`
	By       Login     `json:"by"`
	At       time.Time `json:"at"`
}

// A DeckBook is all that is known of the decks of a session, in the order in which it
// was recorded.
type DeckBook struct {
	Checks   []DeckCheck
	Waivers  []DeckWaiver
	Openings []Opening
}

// Check says what is wrong with a waiver.
func (w *DeckWaiver) Check() error {
	var f flaws
	if strings.TrimSpace(w.Station) == "" {
		f.add("نام ایستگاه را بنویسید.", "ایستگاه نوشته نشده است.")
	}
	if strings.TrimSpace(w.Name) == "" {
		f.add("نام و نام خانوادگی کسی را بنویسید که مسئولیت آن را می‌پذیرد.", "نام مسئول نوشته نشده است.")
	}
	if strings.TrimSpace(w.Reason) == "" {
		f.add("بنویسید چرا آزمایش این ایستگاه لازم نیست.", "دلیل نوشته نشده است.")
	}
	return f.join()
}

// MayScan says whether a session can be opened for scanning at its stations: at each
// of them, for each design of the session, the latest check of a deck has passed, or
// a named person signed a waiver after the latest check that failed. Otherwise it is
// a fault.Conflict that names every station and what it lacks. Checks and waivers may
// be in any order.
func MayScan(ses *Session, stations []string, checks []DeckCheck, waivers []DeckWaiver) error {
	if len(stations) == 0 || len(ses.Designs) == 0 {
		return fault.New(fault.Conflict, "آزمون ایستگاه یا طرح پاسخنامه ندارد.", "نخست طرح‌ها را بیفزایید و ایستگاه‌های اسکن را نام ببرید.")
	}
	var lacks []string
	for _, station := range stations {
		untested, failed := 0, 0
		for _, design := range ses.Designs {
			switch last := lastCheck(checks, station, design); {
			case last != nil && last.Passed():
			case waived(waivers, station, last):
			case last == nil:
				untested++
			default:
				failed++
			}
		}
		switch {
		case failed > 0:
			lacks = append(lacks, fmt.Sprintf("ایستگاه «%s» در آزمایش رد شده است", station))
		case untested > 0:
			lacks = append(lacks, fmt.Sprintf("ایستگاه «%s» آزمایش نشده است", station))
		}
	}
	if len(lacks) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, strings.Join(lacks, "؛ ")+".",
		"برگه‌های آزمایشی هر طرح را در آن ایستگاه اسکن و بررسی کنید، یا معافیت آن را با نام مسئول و دلیل ثبت کنید.")
}

// lastCheck is the latest check of a design at a station; nil if there is none.
func lastCheck(checks []DeckCheck, station string, design sheets.Digest) (last *DeckCheck) {
	for i := range checks {
		if c := &checks[i]; c.Station == station && c.Design == design && (last == nil || !c.At.Before(last.At)) {
			last = c
		}
	}
	return last
}

// waived says whether a waiver of the station was signed after the failed check, if
// there was one.
func waived(waivers []DeckWaiver, station string, failed *DeckCheck) bool {
	return slices.ContainsFunc(waivers, func(w DeckWaiver) bool {
		return w.Station == station && w.Check() == nil && (failed == nil || w.At.After(failed.At))
	})
}
