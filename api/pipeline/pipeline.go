// Package pipeline walks a file from the drop folder to grades. What each step
// does lives elsewhere; the order of things, and that any step may be repeated
// after a crash, lives here.
package pipeline

import (
	"context"
	"time"

	"bargkhan/api/exam"
	"bargkhan/omr"
	"bargkhan/sheets"
)

// A Store is what the line needs remembered. Each method is one transaction. A
// write made for a Rev that is no longer the latest is a fault.Conflict.
type Store interface {
	// Keep records an arrival and, for bytes not seen before, the scan with its
	// reading job. Bytes that were seen before make the arrival a copy, unless
	// nothing could be read of them then: such a scan is queued again. Keeping an
	// arrival again changes nothing.
	Keep(ctx context.Context, a exam.Arrival) error

	// Work runs queued reading jobs, workers at once, until ctx is done. A job
	// whose do fails is tried again later, and set aside with a log line after
	// many tries. Jobs of a worker that died are taken up again.
	Work(ctx context.Context, workers int, do func(context.Context, exam.ScanID) error) error

	// Scan is a fault.NotFound when no such file came.
	Scan(ctx context.Context, id exam.ScanID) (exam.Scan, error)

	// Fates says what became of the named arrivals, those still waiting included.
	Fates(ctx context.Context, arrivals []string) ([]exam.Fate, error)

	// Printed says what was printed with a serial. It is a fault.NotFound for a
	// serial never printed.
	Printed(ctx context.Context, s sheets.Serial) (exam.Printed, error)

	// Opened says whether a session was opened for scanning at a station. It stays so.
	Opened(ctx context.Context, id exam.SessionID, station string) (bool, error)

	// Resume queues again the reading of at most limit scans with pages that waited
	// for the opening of their session, and says how many.
	Resume(ctx context.Context, limit int) (int, error)

	// Age lets scans that have waited for so long go before what came later.
	Age(ctx context.Context, waited time.Duration) error

	// Design finds the revision with this head of its digest; nil without error
	// when there is none.
	Design(ctx context.Context, c sheets.Check) (*sheets.Design, error)

	// File keeps a whole filing or nothing. Filing a scan again changes nothing
	// and names the same scripts, so a crash anywhere is repaired by starting over.
	File(ctx context.Context, f exam.Filing) ([]exam.ScriptID, error)

	// Reading is what a page of a scan said when it was read; a fault.NotFound for
	// a page that never was.
	Reading(ctx context.Context, v exam.View) (*omr.Reading, error)

	// Due names at most limit scripts whose Grades are not of their Rev and the
	// latest Key: after a crash, after a ruling, after a new Key.
	Due(ctx context.Context, limit int) ([]exam.ScriptID, error)

	Session(ctx context.Context, id exam.SessionID) (*exam.Session, error)
	Script(ctx context.Context, id exam.ScriptID) (*exam.Script, error)

	Roster(ctx context.Context, id exam.SessionID) ([]exam.Candidate, error)

	// Claims names every script of the session that claims p.
	Claims(ctx context.Context, id exam.SessionID, p exam.PersonID) ([]exam.ScriptID, error)

	// Mark keeps what was computed of a script at its Rev and Key: grades, open
	// tasks and state, all replaced in one transaction. When the Claim is new or
	// gone, the other scripts with the old or the new Claim become due.
	Mark(ctx context.Context, m exam.Marking) error

	// Rule appends a ruling made at rev.
	Rule(ctx context.Context, id exam.ScriptID, rev int, r exam.Ruling) error
}
