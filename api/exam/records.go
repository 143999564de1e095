package exam

import (
	"fmt"
	"slices"
	"time"

	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// A Scan is a file that came, known by what it holds.
type Scan struct {
	ID      ScanID    `json:"id"`
	Station string    `json:"station"` // where it came first
	Name    string    `json:"name"`    // as first dropped
	Size    int64     `json:"size"`    // bytes
	At      time.Time `json:"at"`      // of the first claim

	Stations []string `json:"stations"` // all from which it came, in the order of their names
}

// An Arrival is one dropped file as it is remembered. The same bytes may arrive
// many times; they are one Scan.
type Arrival struct {
	ID      string    `json:"id"` // given when it was claimed, its own for ever
	Scan    ScanID    `json:"scan"`
	Station string    `json:"station"`
	Name    string    `json:"name"` // as dropped
	Size    int64     `json:"size"` // bytes
	At      time.Time `json:"at"`   // of claim
}

// An End is how the life of a dropped file ended.
type End uint8

// The ends; text codes "waiting", "read", "returned" and "copy". A file of
// several pages is EndRead when at least one sheet of it was read; its other
// pages are still given back one by one. So is a file of nothing but paper that is
// expected: blank backs, header and end sheets of stacks. A file with a sheet of a
// session that is not opened for scanning waits until that is opened.
const (
	EndWaiting End = iota // not read, or not all of it yet
	EndRead
	EndReturned
	EndCopied
)

// ends are the stable codes; they appear in files, URLs and the database.
var ends = [...]string{"waiting", "read", "returned", "copy"}

// String is the stable code of e.
func (e End) String() string {
	if int(e) < len(ends) {
		return ends[e]
	}
	return ""
}

// MarshalText writes the stable code of e.
func (e End) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads a stable code; an unknown one is an error.
func (e *End) UnmarshalText(b []byte) error {
	i := slices.Index(ends[:], string(b))
	if i < 0 {
		return fmt.Errorf("no end is called %q: one of %q expected", b, ends)
	}
	*e = End(i)
	return nil
}

// A Fate is one dropped file and what became of it.
type Fate struct {
	Arrival
	End    End        `json:"end"`
	Pages  int        `json:"pages"`          // images in the file; 0 while waiting
	Sheets int        `json:"sheets"`         // pages of it that were read
	Back   []Returned `json:"back,omitempty"` // pages given back, by Image
	Of     string     `json:"of,omitempty"`   // of a copy: the name of the file that came first
}

// Printed is one sheet of paper as it was printed.
type Printed struct {
	Serial  sheets.Serial `json:"serial"`
	Session SessionID     `json:"session"`
	Person  PersonID      `json:"person,omitempty"` // empty for a spare
}

// A Token lets a program in.
type Token struct {
	ID      string    `json:"id,omitempty"` // head of the sum it is kept by: it opens nothing
	Name    string    `json:"name"`
	By      Login     `json:"by"` // acts as
	Duties  []Duty    `json:"duties"`
	Expires time.Time `json:"expires"` // zero: never
}

// A Standing is how far a session has come.
type Standing struct {
	ID         SessionID `json:"id"`
	Name       string    `json:"name"`
	Date       Date      `json:"date"`
	Registered int       `json:"registered"`
	Scripts    int       `json:"scripts"`
	Review     int       `json:"review"` // open tasks of the review desk
	Office     int       `json:"office"` // open tasks of the office
	Decisive   int       `json:"decisive"`
	Final      int       `json:"final"`   // scripts with nothing open
	Earned     int       `json:"earned"`  // certificates earned and not yet issued
	Approve    int       `json:"approve"` // certificates issued and not yet approved
	Stale      int       `json:"stale"`   // valid certificates that the grade no longer bears out
	KeyVersion int       `json:"key_version"`

	Expected Expectation `json:"expected"` // of the machine, in all graded scripts
}

// A GradeRow is a grade as the Centre pulls it.
type GradeRow struct {
	Seq     int64          `json:"seq"`
	Session SessionID      `json:"session"`
	Serial  sheets.Serial  `json:"serial"`
	Name    string         `json:"name,omitempty"`
	Grade   Grade          `json:"grade"`
	State   State          `json:"state"`
	Scans   []ScanID       `json:"scans"`  // SHA-256 of the files it was read from
	Policy  string         `json:"policy"` // profile of the verdicts
	Doubts  []judge.Reason `json:"doubts"` // that were raised, settled or not
	At      time.Time      `json:"at"`
}
