// Package station is the line of a hall that is far from the service: it takes
// files from drop folders, keeps them until the service has them, asks what became
// of them and tells the operator. It works for days without the service, and
// without any network through a list of files that it signs.
//
// Both ends of the way are here: the Station at the hall, and the Inbox where the
// service gathers the pieces of a file. Nothing is ever believed of a file but what
// its SHA-256 says. A file bears the ID it was given when it was taken for its
// whole life, so sending it again, in whatever order, changes nothing.
package station

import (
	"encoding/hex"
	"fmt"
	"time"
)

// A Sum is the SHA-256 of a file; its text form is 64 small hexadecimal digits.
type Sum [32]byte

// String is the text form of s.
func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// MarshalText writes the text form of s.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the text form.
func (s *Sum) UnmarshalText(b []byte) error {
	raw, err := hex.DecodeString(string(b))
	if err != nil || len(raw) != len(s) || hex.EncodeToString(raw) != string(b) {
		return fmt.Errorf("%.80q is no SHA-256: 64 small hexadecimal digits expected", b)
	}
	*s = Sum(raw)
	return nil
}

// A File is one file that a station took.
type File struct {
	ID   string    `json:"id"` // given when it was taken, its own for ever at its station
	Sum  Sum       `json:"sum"`
	Size int64     `json:"size"` // bytes
	Name string    `json:"name"` // as dropped
	At   time.Time `json:"at"`   // of taking, by the station's clock
}

// A State is how much of a file the service has.
type State struct {
	Offset int64 `json:"offset"` // bytes; the next piece begins here
	Done   bool  `json:"done"`   // all of it, kept under its hash
}

// A Greeting is the station's own clock, to be compared.
type Greeting struct {
	Now time.Time `json:"now"`
}

// An Answer to a Greeting is the clock that rules.
type Answer struct {
	Station string    `json:"station"`
	Now     time.Time `json:"now"`
}

// A Fate is what became of a file. Its words are Persian.
type Fate struct {
	ID     string `json:"id"`
	End    End    `json:"end"`
	Pages  int    `json:"pages"`          // images in the file
	Sheets int    `json:"sheets"`         // of them read
	Of     string `json:"of,omitempty"`   // of a copy: the name of the file that came first
	Back   []Back `json:"back,omitempty"` // pages that were not read
	Notes  []Note `json:"notes,omitempty"`
}

// An End is how the life of a file ended.
type End string

// The ends.
const (
	Waiting  End = "waiting"
	Read     End = "read"
	Returned End = "returned"
	Copied   End = "copy"
)

// A Back is a page that was given back, and what to do.
type Back struct {
	Image  int    `json:"image"` // page of the file, from 1; 0 is the file as a whole
	Reason string `json:"reason"`
	Why    string `json:"why"`
	Do     string `json:"do"`
}

// expected are the reasons of pages that belong in a stack and that nobody needs back:
// blank backs, header and end sheets.
var expected = []string{"blank-page", "separator"}

// A Note is a word to the operator about the machine.
type Note struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// streaked is the note that says: clean the glass.
const streaked = "streaked"

// Fates is the service's answer about files. MAC is an HMAC-SHA256 of Files as they
// stand, under the sum of the station's bearer word, so that an answer may travel
// on a stick as a receipt.
type Fates struct {
	Files []Fate `json:"files"`
	MAC   string `json:"mac"`
}

// Piece is how many bytes of a file go in one request: half a minute on a line of
// one megabit, and small enough for every proxy.
const Piece = 4 << 20
