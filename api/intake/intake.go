// Package intake takes files from the drop folder of a station exactly once. It
// does not know what is in a file.
//
// A station's folder holds:
//
//	drop/             the scanner writes here
//	work/<id>/<name>  claimed: one folder an arrival, the file under its own name
//	read/             files that were read
//	copies/           exact copies of files that had already come
//	returned/         files and pages given back, each with a .txt that says why
//
// All lie on one file system: a file moves by rename and is never in two places.
package intake

import (
	"time"
)

// A Folder is the folder of one station. It is polled: shares send no events. A
// file it cannot take is tried for ever.
type Folder struct {
	Station string
	Root    string
	Settle  time.Duration // how long a file must be still before it is taken; zero means the default
	Poll    time.Duration // between looks; zero means the default
	Now     func() time.Time

	// Whole says whether a file is complete in itself, and if not, what is missing.
	Whole func(path string) (bool, string)
}

// An Arrival is a claimed file. Its ID is its own for ever; its Sum is what it holds.
type Arrival struct {
	ID      string // sortable by time of claim
	Sum     [32]byte
	Station string
	Name    string // as dropped
	Path    string // now
	Size    int64
	At      time.Time // of claim, by the server's clock
}

// A Wait is a file in drop/ that is not yet taken, and why.
type Wait struct {
	Name   string    `json:"name"`
	Since  time.Time `json:"since"` // first seen
	Size   int64     `json:"size"`
	Why    string    `json:"why"` // stable code: "growing", "settling", "incomplete", "busy", "unreadable", "empty"
	Detail string    `json:"detail,omitempty"`
}
