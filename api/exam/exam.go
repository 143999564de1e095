// Package exam is the examination office: rules, keys, scripts, rulings, grades.
// It is all law and no machinery: no clock, no disk, no network. Facts are
// appended, states are computed from them.
package exam

import (
	"encoding/json"
	"time"

	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

type (
	SessionID string // "1405-10-urban-2": chosen by the office
	TitleID   string
	FormID    string // what its bubble says: "1"
	ItemID    string
	VenueID   string
	ScanID    string // hex of the file's SHA-256
	ScriptID  string // made by ScriptOf
	PersonID  string // the national number, ten digits
	Login     string // names an account
)

// A Ratio is exact. Scores are compared by cross-multiplying and never rounded.
type Ratio struct {
	Num int `json:"num"`
	Den int `json:"den"`
}

// A Date is a civil day without a zone, "2026-11-22" in text.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// Rules are the law of a session. They are immutable once used.
type Rules struct {
	ID                string    `json:"id"`      // "national"
	Version           int       `json:"version"` // from 1
	LegalBasis        string    `json:"legal_basis"`
	ItemsPerTitle     int       `json:"items_per_title"`
	Options           int       `json:"options"`
	Pass              Ratio     `json:"pass"`    // of each title: 70 of 100
	Penalty           Ratio     `json:"penalty"` // for a wrong answer: 0 of 1
	Annulled          Annulment `json:"annulled"`
	ObjectionDays     int       `json:"objection_days"`
	ClaimMonths       int       `json:"claim_months"`       // Jalali
	CertificateMonths int       `json:"certificate_months"` // Jalali
}

// An Annulment says what an annulled item is worth.
type Annulment uint8

// What an annulled item may be worth; CreditedToAll is the national profile's.
const (
	Dropped Annulment = iota
	CreditedToAll
	CreditedIfAnswered
)

// A Session is one exam: its titles, the forms they were printed in, its key.
type Session struct {
	ID       SessionID `json:"id"`
	Name     string    `json:"name"`
	Province string    `json:"province"` // two-digit code as text; "00" is مرکزی
	Office   string    `json:"office"`   // the issuing body, as printed on certificates
	Set      string    `json:"set"`      // the educational set (مجموعه)
	Date     Date      `json:"date"`
	Rules    Rules     `json:"rules"`
	Titles   []Title   `json:"titles"`
	Forms    []Form    `json:"forms"`
	Venues   []Venue   `json:"venues"`

	Key     Key             `json:"-"` // the latest; older ones are kept. Version 0: none yet
	Designs []sheets.Digest `json:"-"` // that its sheets are printed from
	Roster  int             `json:"-"` // the version of its roster: counts what changed of candidates and serials
}

// A Title is one subject of the set, certified on its own.
type Title struct {
	ID    TitleID  `json:"id"`
	Name  string   `json:"name"`
	Hours int      `json:"hours"`
	Class string   `json:"class"` // شغلی، مدیران، عمومی
	Items []ItemID `json:"items"`
}

// A Form is one printed order of the booklet.
type Form struct {
	ID FormID                    `json:"id"`
	At map[sheets.FieldID]ItemID `json:"at"`
}

// A Venue is one hall.
type Venue struct {
	ID   VenueID `json:"id"`
	Name string  `json:"name"`
}

// A Key is immutable; a correction or an annulment is a new Version.
type Key struct {
	Version int             `json:"version"` // from 1
	Items   map[ItemID]Item `json:"items"`
	By      Login           `json:"by"`
	At      time.Time       `json:"at"`
	Reason  string          `json:"reason"`
}

// An Item is what a Key says of one question.
type Item struct {
	Right    []sheets.Choice `json:"right"` // any of them is right
	Annulled bool            `json:"annulled,omitempty"`
}

// A Candidate is one person of a session's roster.
type Candidate struct {
	Person   PersonID      `json:"person"` // national number
	Name     string        `json:"name"`
	Father   string        `json:"father,omitempty"`
	Employer string        `json:"employer,omitempty"`
	Venue    VenueID       `json:"venue"`
	Seat     string        `json:"seat,omitempty"`
	Serial   sheets.Serial `json:"serial,omitempty"` // of the sheet printed for this person, if one was
}

// A Sheet is one read page, as evidence and as first judged.
type Sheet struct {
	Scan     ScanID          `json:"scan"`
	Image    int             `json:"image"` // page of the scan, from 1
	Reading  omr.Reading     `json:"reading"`
	Policy   string          `json:"policy"`
	Verdicts []judge.Verdict `json:"verdicts"`
}

// A Filing is all that one scan gave: every page is in Sheets or in Returned.
type Filing struct {
	Scan     ScanID
	Sheets   []Sheet
	Returned []Returned
}

// Returned is a page that could not be read, and why.
type Returned struct {
	Image int         `json:"image"`
	Why   *omr.Reject `json:"why"`
}

// Tray is where the page lies.
func (r Returned) Tray() Tray {
	if r.Why == nil {
		return Again
	}
	return TrayOf(r.Why.Reason)
}

// MarshalJSON writes r with its tray.
func (r Returned) MarshalJSON() ([]byte, error) {
	type plain Returned
	return json.Marshal(struct {
		plain
		Tray Tray `json:"tray"`
	}{plain(r), r.Tray()})
}

// A Script is everything one candidate handed in for one session. Sheets, Rulings
// and Grades are only ever appended; its State is computed from them.
type Script struct {
	ID      ScriptID      `json:"id"`
	Session SessionID     `json:"session"`
	Serial  sheets.Serial `json:"serial"`
	Spare   bool          `json:"spare"` // printed without a name
	Sheets  []Sheet       `json:"sheets"`
	Rulings []Ruling      `json:"rulings"`
	Rev     int           `json:"rev"` // counts Sheets and Rulings; a writer names the Rev it saw
	Grades  []Grade       `json:"grades"`

	Design *sheets.Design `json:"-"` // that all its sheets were printed from
	Owner  PersonID       `json:"-"` // whom its serial was printed for; empty for a spare
	Stir   int            `json:"-"` // counts all that made it due, roster and rivals included, from 1
}

// ScriptOf names the script that the sheet with serial s belongs to. The same
// sheet always gives the same name, so that filing twice files once.
func ScriptOf(s sheets.Serial) ScriptID { return ScriptID(s) }

// State is how far a script has come.
type State uint8

// The states of a script, computed and never set.
const (
	Partial  State = iota // pages are missing
	Nameless              // whose it is, or which form, is open
	InReview              // some title is Open
	Decided               // every title is passed or failed, whatever the open marks are
	Settled               // nothing is open
)

// A Ruling is a person's decision. It is appended, never changed. The latest one
// on a field stands.
type Ruling struct {
	Field     sheets.FieldID  `json:"field"` // PersonField: whose the script is
	Choices   []sheets.Choice `json:"choices"`
	CannotSay bool            `json:"cannot_say,omitempty"` // looked, and leaves it open for another person
	Withdrawn bool            `json:"withdrawn,omitempty"`  // undo: the field stands as if never ruled on
	By        Login           `json:"by"`
	At        time.Time       `json:"at"`
	Note      string          `json:"note,omitempty"`
}

// PersonField is the field of a ruling that says whose a script is: its one
// choice is a PersonID. Only the office may rule on it.
const PersonField sheets.FieldID = "@person"

// A Task is one question to a reviewer. It is blind by type: there is no name,
// no key and no score in it to show.
type Task struct {
	Script   ScriptID        `json:"script"`
	Rev      int             `json:"rev"`
	Field    sheets.FieldID  `json:"field"`
	Role     sheets.Role     `json:"role"`
	Options  []sheets.Choice `json:"options"` // in the sheet's order
	Doubts   []judge.Doubt   `json:"doubts"`
	Decisive bool            `json:"decisive"` // some answer to it would turn a fail into a pass
	Office   bool            `json:"office"`   // not for the review desk: whose it is
	Views    []View          `json:"views"`    // where to look; two when two scans disagree
}

// A View is one page on which the field of a Task can be seen.
type View struct {
	Scan  ScanID `json:"scan"`
	Image int    `json:"image"`
}

// A Grade is one title of one script. While marks are open it is an interval:
// Low takes every open mark against the candidate, High for the candidate.
type Grade struct {
	Script  ScriptID `json:"script"`
	Person  PersonID `json:"person,omitempty"` // empty while whose it is is open
	Title   TitleID  `json:"title"`
	Rev     int      `json:"rev"` // of the script
	Key     int      `json:"key"` // version
	Low     Ratio    `json:"low"`
	High    Ratio    `json:"high"`
	Right   int      `json:"right"`
	Wrong   int      `json:"wrong"`
	Blank   int      `json:"blank"`
	Open    int      `json:"open"` // marks still open
	Outcome Outcome  `json:"outcome"`
}

// Outcome is what a Grade means for a certificate.
type Outcome uint8

// The outcomes; text codes "open", "failed", "passed".
const (
	Open Outcome = iota // Low fails and High passes
	Failed
	Passed
)

// A Marking is all that is computed of one script. It is a cache of pure
// functions, keyed by the facts it was computed from.
type Marking struct {
	Script ScriptID
	Rev    int
	Key    int      // version; 0 when there was no key, and so no Grades
	Stir   int      // of the script when it was read; 0 when nobody looked
	Claim  PersonID // whom stamp, number and rulings name, whoever else is named so too; empty when open
	Person PersonID // Claim, when no other script of the session has the same Claim; else empty
	State  State
	Absent bool // the hall's staff marked it absent and nothing is answered: no Grades
	Grades []Grade
	Tasks  []Task // open ones, the decisive first

	Expected Expectation // of the fields that the machine accepted; of none when the script is nobody's
}

// Final says that nothing about the grade is open: score, form and person.
func (g Grade) Final() bool { return g.Low == g.High && g.Person != "" && g.Open == 0 }

// A Duty is what an account may do.
type Duty string

// The duties (DOMAIN: station operator, supervisor, office expert, approver,
// Centre, auditor, administrator).
const (
	Operator   Duty = "operator"   // scans; sees no results
	Supervisor Duty = "supervisor" // reviews, by appointment to a session
	Expert     Duty = "expert"     // sessions, roster, keys, whose a script is, issues certificates
	Approver   Duty = "approver"   // approves certificates
	Centre     Duty = "centre"     // reads everything, names supervisors
	Auditor    Duty = "auditor"    // reads everything
	Admin      Duty = "admin"      // accounts and tokens
)

// An Account is a person or a program that may log in.
type Account struct {
	Login  Login  `json:"login"`
	Name   string `json:"name"`
	Duties []Duty `json:"duties"`
}

// An Appointment names a supervisor for a session (letter of the Centre).
type Appointment struct {
	Session SessionID `json:"session"`
	By      Login     `json:"by"`
	Who     Login     `json:"who"`
	Letter  string    `json:"letter"` // number of the letter
	From    Date      `json:"from"`
	To      Date      `json:"to"` // the last day, included
}
