package exam

import (
	"fmt"
	"slices"
	"time"

	"bargkhan/api/fault"
	"bargkhan/api/persian"
	"bargkhan/omr"
	"bargkhan/sheets"
)

// A Batch is a stack of paper: what the hall says of it, and the pages of one station
// that belong to it. It begins with its header sheet, or behind the batch before it.
type Batch struct {
	Station string    `json:"station"`
	N       int       `json:"n"` // of those that people of the station ended, from 1; 0: a header sheet's
	Session SessionID `json:"session"`
	Venue   VenueID   `json:"venue"`
	Stack   string    `json:"stack"` // what the hall calls it; of a header sheet, its number
	Paper   int       `json:"paper"` // sheets in it, counted by hand, or as the header sheet says
	By      Login     `json:"by"`    // who ended it; empty: a header sheet's
	At      time.Time `json:"at"`    // when it ended; of a header sheet, when that came
	Headed  bool      `json:"headed"`
}

// A Tally is a batch and what came of its files. Exact copies of files are counted
// among Files and Copies alone.
type Tally struct {
	Batch
	Files   int          `json:"files"`
	Copies  int          `json:"copies"`
	Waiting int          `json:"waiting"` // files not read yet
	Pages   int          `json:"pages"`   // images
	Sheets  int          `json:"sheets"`  // different sheets of paper among them
	Trays   map[Tray]int `json:"trays"`   // pages that are no sheet, by where they lie
	Open    bool         `json:"open"`    // its end sheet has not come

	Expected Expectation `json:"expected"` // of the machine, in those of its scripts that are graded
}

// Short is how many sheets are missing of what was counted, less than zero when there
// are too many; 0 while more may come.
func (t *Tally) Short() int {
	if t.Open || t.Waiting > 0 {
		return 0
	}
	return t.Paper - t.Sheets
}

// A Tray is where a page is put that did not become a sheet.
type Tray string

// The trays.
const (
	Blanks     Tray = "blank"     // white paper: backs, blank separators
	Separators Tray = "separator" // header and end sheets of stacks
	Others     Tray = "other"     // printed, but no answer sheet: booklet, letter
	Foreigns   Tray = "foreign"   // an answer sheet of no session here, or of a test deck
	Held       Tray = "held"      // an answer sheet that is read by itself once its session is opened for scanning
	Again      Tray = "again"     // an answer sheet, or what may be one, to be scanned again
)

// Trays lists the trays in the order they are shown.
func Trays() []Tray { return []Tray{Blanks, Separators, Others, Foreigns, Held, Again} }

// Expected says that paper in this tray belongs in a stack, and nobody needs it back.
func (t Tray) Expected() bool { return t == Blanks || t == Separators }

// TrayOf is the tray of a page given back for reason r.
func TrayOf(r omr.Reason) Tray {
	switch r {
	case omr.BlankPage:
		return Blanks
	case omr.Separator:
		return Separators
	case omr.Unopened:
		return Held
	case omr.NoAnchors:
		return Others
	case omr.Foreign, omr.NoDesign, omr.TestSheet:
		return Foreigns
	}
	return Again
}

// A Hall is all that is known of one venue of a session, to be reconciled.
type Hall struct {
	Venue      Venue       `json:"venue"`
	Registered int         `json:"registered"`
	Batches    []Tally     `json:"batches"`
	Sheets     int         `json:"sheets"`   // different sheets in its batches
	Expected   Expectation `json:"expected"` // of the machine, in those of these sheets that are graded
	Read       int         `json:"read"`     // candidates of the venue of whom a sheet was read
	Absent     []PersonID  `json:"absent"`   // by the hall's own list
	Missing    []Candidate `json:"missing"`  // no sheet, and not on that list
	Present    []PersonID  `json:"present"`  // on that list, and a sheet with answers was read
	Waivers    []Waiver    `json:"waivers"`  // in the order they were given
	Closed     *Closing    `json:"closed,omitempty"`
}

// A Closing says that a venue was reconciled, or waived, by then.
type Closing struct {
	By Login     `json:"by"`
	At time.Time `json:"at"`
}

// A Gap is a way in which the counts of a venue may differ.
type Gap string

// The gaps.
const (
	Uncounted   Gap = "uncounted"   // the hall has counted no paper
	Unread      Gap = "unread"      // files that are not read yet
	PaperGap    Gap = "paper"       // paper counted by hand, less sheets read
	MissingGap  Gap = "missing"     // candidates without a sheet who are not said to be absent
	PresenceGap Gap = "contradicts" // said to be absent, and a sheet with answers is there
)

// waivable are the gaps that two people may answer for. The others close by
// themselves, or by counting.
var waivable = []Gap{PaperGap, MissingGap, PresenceGap}

// A Difference is a gap that is open, or was waived as it is now.
type Difference struct {
	Gap    Gap     `json:"gap"`
	Amount int     `json:"amount"` // never zero
	Waived *Waiver `json:"waived,omitempty"`
}

// A Waiver is a difference that two people answer for. It is of one amount: when
// the counts change, it is worth nothing.
type Waiver struct {
	Gap        Gap       `json:"gap"`
	Amount     int       `json:"amount"`
	Reason     string    `json:"reason"`
	HallHead   string    `json:"hall_head"`  // name
	Supervisor string    `json:"supervisor"` // name
	By         Login     `json:"by"`         // who recorded it
	At         time.Time `json:"at"`
}

// Paper is how much the hall counted in all its stacks. A stack with a header that
// was fed at two stations is one.
func (h *Hall) Paper() (sum int) {
	seen := map[string]bool{}
	for _, b := range h.Batches {
		if b.Headed && seen[b.Stack] {
			continue
		}
		seen[b.Stack] = seen[b.Stack] || b.Headed
		sum += b.Paper
	}
	return sum
}

// Differences lists what does not balance: paper counted by the hall against sheets
// read, and the roster against sheets and the hall's list of the absent.
func (h *Hall) Differences() []Difference {
	unread, uncounted := 0, 0
	for _, b := range h.Batches {
		unread += b.Waiting
	}
	if len(h.Batches) == 0 && h.Registered > len(h.Absent) {
		uncounted = 1
	}
	out := []Difference{}
	for _, d := range []Difference{
		{Gap: Uncounted, Amount: uncounted},
		{Gap: Unread, Amount: unread},
		{Gap: PaperGap, Amount: h.Paper() - h.Sheets},
		{Gap: MissingGap, Amount: len(h.Missing)},
		{Gap: PresenceGap, Amount: len(h.Present)},
	} {
		if d.Amount != 0 {
			d.Waived = h.waiver(d)
			out = append(out, d)
		}
	}
	return out
}

// waiver is the latest waiver that fits d.
func (h *Hall) waiver(d Difference) *Waiver {
	for _, w := range slices.Backward(h.Waivers) {
		if w.Gap == d.Gap && w.Amount == d.Amount {
			return &w
		}
	}
	return nil
}

// MayClose is a fault.Conflict that names every difference nobody answers for.
func (h *Hall) MayClose() error {
	for _, d := range h.Differences() {
		if d.Waived == nil {
			return fault.New(fault.Conflict, fmt.Sprintf("شمارش حوزهٔ «%s» هنوز نمی‌خواند: %s.", h.Venue.Name, d.Words()),
				"اختلاف را برطرف کنید، یا با دلیل و نام رئیس حوزه و ناظر از آن بگذرید.")
		}
	}
	return nil
}

// Words says in Persian what differs.
func (d Difference) Words() string {
	n := persian.Int(max(d.Amount, -d.Amount))
	switch d.Gap {
	case Uncounted:
		return "هیچ دسته‌ای شمرده نشده است"
	case Unread:
		return n + " فایل هنوز خوانده نشده است"
	case PaperGap:
		if d.Amount < 0 {
			return n + " برگه بیش از شمارش حوزه خوانده شده است"
		}
		return n + " برگه کمتر از شمارش حوزه خوانده شده است"
	case MissingGap:
		return n + " داوطلب نه برگه دارد و نه در فهرست غایبان است"
	case PresenceGap:
		return n + " نفر از فهرست غایبان برگهٔ پاسخ‌داده دارد"
	}
	return string(d.Gap)
}

// Check returns every fault of a waiver, as fault.Invalid errors joined, or a
// fault.Conflict when h has no such difference.
func (w Waiver) Check(h *Hall) error {
	var f flaws
	if !slices.Contains(waivable, w.Gap) {
		f.add("برای این اختلاف باید شمارش کامل شود.", "از اختلاف «%s» نمی‌توان گذشت.", w.Gap)
	}
	if persian.Display(w.Reason) == "" {
		f.add("دلیل را در یک جمله بنویسید.", "دلیل اختلاف نوشته نشده است.")
	}
	head, supervisor := persian.Key(w.HallHead), persian.Key(w.Supervisor)
	if head == "" || supervisor == "" || head == supervisor {
		f.add("نام رئیس حوزه و نام ناظر را بنویسید.", "دو نفر، جدا از هم، باید مسئولیت اختلاف را بپذیرند.")
	}
	if err := f.join(); err != nil {
		return err
	}
	if !slices.ContainsFunc(h.Differences(), func(d Difference) bool { return d.Gap == w.Gap && d.Amount == w.Amount }) {
		return fault.New(fault.Conflict, "شمارش‌ها در این میان تغییر کرده است.", "صفحه را تازه کنید و دوباره تصمیم بگیرید.")
	}
	return nil
}

// Check returns every fault of a batch as the hall reports it, as fault.Invalid
// errors joined.
func (b Batch) Check(ses *Session) error {
	var f flaws
	if !slices.ContainsFunc(ses.Venues, func(v Venue) bool { return v.ID == b.Venue }) {
		f.add("یکی از حوزه‌های آزمون را برگزینید.", "این آزمون حوزه‌ای به نام «%s» ندارد.", b.Venue)
	}
	const most = 100_000 // a typing error; a hall has some thousand
	if b.Paper < 0 || b.Paper > most {
		f.add("شمار برگه‌های کاغذی دسته را بنویسید.", "%d شمار درستی از برگه نیست.", b.Paper)
	}
	return f.join()
}

// MissingSerials are the serials printed for the candidates in Missing.
func (h *Hall) MissingSerials() []sheets.Serial {
	var out []sheets.Serial
	for _, c := range h.Missing {
		if c.Serial != "" {
			out = append(out, c.Serial)
		}
	}
	return out
}

// Waivable says whether two people may answer for d.
func (d Difference) Waivable() bool { return slices.Contains(waivable, d.Gap) }

// In is how many pages of the batch lie in a tray.
func (t Tally) In(tray Tray) int { return t.Trays[tray] }

// Reasons are those of the pages in a tray.
func (t Tray) Reasons() (out []omr.Reason) {
	for r := omr.Reason(1); r.String() != ""; r++ {
		if TrayOf(r) == t {
			out = append(out, r)
		}
	}
	return out
}
