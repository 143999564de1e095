// Package intake takes files from the drop folder of a station exactly once. It
// does not know what is in a file.
//
// A station's folder holds:
//
//	drop/             the scanner writes here, unless it writes to a share that may only be read
//	work/<id>/<name>  claimed: one folder an arrival, the file under its own name
//	read/             files that were read
//	copies/           exact copies of files that had already come
//	returned/         files and pages given back, each with a .txt that says why
//	taken.jsonl       what was copied from a share that may only be read
//
// All lie on one file system: a file moves by rename and is never in two places.
// Every step can be repeated, so that a power cut between any two of them is
// repaired by starting again.
//
// A name is never an identity: counters restart and clocks are wrong, so the same
// name comes again and again with other content. Nothing is ever overwritten.
package intake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"bargkhan/api/fault"
)

// A Folder is the folder of one station. It is polled: shares send no events, and on
// disks of this machine events only hurry the next look. A file it cannot take is
// tried for ever. Its exported fields are set once, before use; its methods may be
// called from many goroutines.
type Folder struct {
	Station string
	Root    string
	Settle  time.Duration    // how long a file must be still before it is taken; zero means the default
	Poll    time.Duration    // between looks; zero means the default
	Now     func() time.Time // nil means time.Now

	// Whole says whether a file is complete in itself, and if not, what is missing.
	// Nil takes every file that is still.
	Whole func(path string) (bool, string)

	// Source is the folder the scanner writes to when it lies elsewhere and nothing
	// may be moved in it: a share that may only be read. Its files are copied, and a
	// ledger beside the trays says which were. One service alone may take from it.
	// Empty means drop/.
	Source string

	// Ignore are patterns (path.Match, small letters) of names to pass over, beside
	// those that always are.
	Ignore []string

	// Marks are patterns (path.Match, small letters) of the names of files by which
	// capture programs say that the batch in their folder is complete: what lies
	// there is taken without waiting for Settle. Nil means the default.
	Marks []string

	// Deaf listens to no events of the system, also on a disk of this machine.
	Deaf bool

	probed  bool // by Arrivals, which alone looks
	mu      sync.Mutex
	dirs    []string          // folders below drop/, as the last look saw them
	seen    map[string]*sight // by name in drop/
	trouble error             // why the last look failed
	since   time.Time         // of trouble
	last    time.Time         // of the last claim, so that IDs grow
	uploads map[string]bool   // hidden names being written by Put

	finished time.Time            // when the last batch was said to be complete
	marked   map[string]string    // folders of drop/ with a mark, and the mark
	bare     map[string]time.Time // since when folders of drop/ are empty
	taken    map[string]copied    // from Source, by name; nil before it was read
}

const (
	// defaultSettle outlasts the pause of a feeder between two pages of one file;
	// copiers that append to a PDF for a minute are given more by configuration.
	defaultSettle = 5 * time.Second

	// defaultPoll is longer than the second for which an SMB client answers from
	// its attribute cache, so that two looks are two looks.
	defaultPoll = 1100 * time.Millisecond
)

// The folders of a station before a file's life has ended.
const (
	drop = "drop"
	work = "work"
)

// A Tray is a folder where the life of a file ends.
type Tray string

// The trays.
const (
	Read     Tray = "read"
	Copies   Tray = "copies"
	Returned Tray = "returned"
)

// An Arrival is a claimed file. Its ID is its own for ever; its Sum is what it holds.
type Arrival struct {
	ID      string // sortable by time of claim
	Sum     [32]byte
	Station string
	Name    string // as dropped; with the folders between, of a file in a subfolder of drop/
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

// Init creates the folders that are missing, Root among them. Only whoever sets a
// station up calls it: looking never creates a folder, because a share that is
// not mounted must not look like an empty one.
func (f *Folder) Init() error {
	if f.Source != "" {
		if _, err := os.Stat(f.Source); err != nil {
			return fmt.Errorf("station %s: the share that its scanner writes to: %w", f.Station, err)
		}
	}
	for _, tray := range []Tray{drop, work, Read, Copies, Returned} {
		if err := os.MkdirAll(f.dir(tray), 0o770); err != nil {
			return fmt.Errorf("station %s: creating its folders: %w; check that %s may be written", f.Station, err, f.Root)
		}
	}
	return syncDir(f.Root)
}

// Waiting lists what lies in drop/ and is not yet taken, in natural order, as the
// last look of Arrivals found it. While the folder cannot be looked at the error
// is a fault.Transient that says since when.
func (f *Folder) Waiting() ([]Wait, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.trouble != nil {
		return nil, &fault.Error{
			Kind: fault.Transient,
			Msg:  fmt.Sprintf("پوشهٔ ایستگاه «%s» در دسترس نیست.", f.Station),
			Hint: "اتصال پوشهٔ اشتراکی و اجازهٔ دسترسی را بررسی کنید؛ به محض بازگشت، کار خودبه‌خود ادامه می‌یابد.",
			Err:  fmt.Errorf("since %s: %w", f.since.UTC().Format(time.RFC3339), f.trouble),
		}
	}
	return f.waits(), nil
}

func (f *Folder) dir(tray Tray) string { return filepath.Join(f.Root, string(tray)) }

func (f *Folder) now() time.Time {
	if f.Now == nil {
		return time.Now()
	}
	return f.Now()
}

func (f *Folder) settle() time.Duration {
	if f.Settle > 0 {
		return f.Settle
	}
	return defaultSettle
}

func (f *Folder) poll() time.Duration {
	if f.Poll > 0 {
		return f.Poll
	}
	return defaultPoll
}

// gone says that a file is no longer where it was: somebody else moved it.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
