// Package api is the HTTP surface: a JSON API and the review screens.
package api

import (
	"context"
	"io"
	"time"

	"bargkhan/api/certificate"
	"bargkhan/api/exam"
	"bargkhan/api/intake"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// Records is what the screens and the API remember. *store.Store satisfies it.
// Each method is one transaction; a missing thing is a fault.NotFound.
type Records interface {
	FarRecords
	DeckRecords

	// Accounts. hash is an argon2id string made by this package.
	PutAccount(ctx context.Context, a exam.Account, hash string) error
	Account(ctx context.Context, l exam.Login) (a exam.Account, hash string, err error)
	Accounts(ctx context.Context) ([]exam.Account, error)

	// Tokens are kept by the SHA-256 of their secret.
	PutToken(ctx context.Context, t exam.Token, sum [32]byte) error
	Token(ctx context.Context, sum [32]byte) (exam.Token, error)
	Tokens(ctx context.Context) ([]exam.Token, error)
	// DropToken is a fault.NotFound when there is none with this ID.
	DropToken(ctx context.Context, id string) error

	Appoint(ctx context.Context, a exam.Appointment) error
	Appointments(ctx context.Context, who exam.Login) ([]exam.Appointment, error)

	// Sessions. PutSession is a fault.Conflict once a sheet of the session was read
	// and titles, forms or rules would change.
	PutSession(ctx context.Context, s exam.Session) error
	Session(ctx context.Context, id exam.SessionID) (*exam.Session, error)
	Sessions(ctx context.Context) ([]exam.Standing, error)
	AddDesign(ctx context.Context, id exam.SessionID, d *sheets.Design) error
	Design(ctx context.Context, c sheets.Check) (*sheets.Design, error)

	// AddKey gives k the next version, which must be seen+1, or it is a fault.Conflict.
	AddKey(ctx context.Context, id exam.SessionID, seen int, k exam.Key) (version int, err error)
	Keys(ctx context.Context, id exam.SessionID) ([]exam.Key, error)

	// PutRoster replaces the roster; a person whose sheet is printed may change
	// name but not vanish (fault.Conflict).
	PutRoster(ctx context.Context, id exam.SessionID, cs []exam.Candidate) error
	Roster(ctx context.Context, id exam.SessionID) ([]exam.Candidate, error)

	// AllotSerials gives a serial to every candidate who has none, and makes
	// spares until the session has that many. Repeating it changes nothing. It
	// returns the candidates with their serials, and the serials of the spares.
	AllotSerials(ctx context.Context, id exam.SessionID, spares int) ([]exam.Candidate, []sheets.Serial, error)

	// Sheets lists what was printed for a session, by serial.
	Sheets(ctx context.Context, id exam.SessionID) ([]exam.Printed, error)

	// Review. NextTask leases the most decisive open review task of the sessions to
	// by until the time given, skipping tasks leased to others and those by has
	// said "cannot say" to; nil when there is none. left counts what is open.
	NextTask(ctx context.Context, ids []exam.SessionID, by exam.Login, until time.Time) (t *exam.Task, left int, err error)
	Tasks(ctx context.Context, id exam.SessionID, office bool, limit int) ([]exam.Task, error)
	Script(ctx context.Context, id exam.ScriptID) (*exam.Script, error)

	// Grades pages through the session's latest grades by their sequence number,
	// oldest first: those with Seq > after, at most limit.
	Grades(ctx context.Context, id exam.SessionID, after int64, limit int) ([]exam.GradeRow, error)

	Certificate(ctx context.Context, s certificate.Serial) (*certificate.Certificate, error)
	Certificates(ctx context.Context, id exam.SessionID) ([]certificate.Certificate, error)
	// Elsewhere lists certificates of other sessions of the same set because of which
	// something that this session has earned is not issued.
	Elsewhere(ctx context.Context, id exam.SessionID) ([]certificate.Certificate, error)

	// Ledger is the newest arrivals of a station, each with its fate; all stations
	// for "".
	Ledger(ctx context.Context, station string, limit int) ([]exam.Fate, error)
	// InTray is the newest files of a station since then with a page in a tray; Trays
	// counts such pages.
	InTray(ctx context.Context, station string, tray exam.Tray, since time.Time, limit int) ([]exam.Fate, error)
	Trays(ctx context.Context, station string, since time.Time) (map[exam.Tray]int, error)
	// Streak is how many of a station's latest sheets in a row have a line on them.
	Streak(ctx context.Context, station string) (exam.Streak, error)

	// EndBatch ends a batch at its time; what the station took since the batch
	// before it belongs to it. It returns it with its number.
	EndBatch(ctx context.Context, b exam.Batch) (exam.Batch, error)
	// Batches is the newest batches of a station with their counts.
	Batches(ctx context.Context, station string, limit int) ([]exam.Tally, error)
	// Halls is every venue of a session with all its counts.
	Halls(ctx context.Context, id exam.SessionID) ([]exam.Hall, error)
	// Absent replaces the hall's list of those who did not come to a venue.
	Absent(ctx context.Context, id exam.SessionID, v exam.VenueID, who []exam.PersonID, by exam.Login, at time.Time) error
	// Waive keeps that two people answer for a difference, which must be as it says
	// now (fault.Conflict).
	Waive(ctx context.Context, id exam.SessionID, v exam.VenueID, w exam.Waiver) error
	// CloseVenue is a fault.Conflict while a difference is open.
	CloseVenue(ctx context.Context, id exam.SessionID, v exam.VenueID, c exam.Closing) error
}

// Line is what the screens ask of the line.
type Line interface {
	// Drop is how an upload enters: through the drop folder, like every other file.
	Drop(ctx context.Context, station, name string, r io.Reader) error
	// Deliver takes in a file that a station far away took; again changes nothing.
	Deliver(ctx context.Context, a exam.Arrival, path string) error
	// Waiting lists what lies in a station's drop folder and why.
	Waiting(station string) ([]intake.Wait, error)
	// Finish has a station's files taken at once: the stack is through the scanner.
	// It returns what could not be taken.
	Finish(ctx context.Context, station string) ([]intake.Wait, error)
	Stations() []string
	// Rule records a person's decision and grades the script again.
	Rule(ctx context.Context, id exam.ScriptID, rev int, r exam.Ruling) error
	// Grade grades now whatever is due, after a new key or roster.
	Grade(ctx context.Context) error
	// Picture shows box of a page of a scan, upright, as a JPEG width pixels wide; a
	// zero box is the whole sheet. When the page was never read, pose is unknown and
	// the page is shown as scanned.
	Picture(ctx context.Context, v exam.View, box geom.Rect[geom.Paper], width int) ([]byte, error)
}

// Registry issues and acts. *certificate.Registry satisfies it.
type Registry interface {
	Issue(ctx context.Context, id exam.SessionID, by exam.Login) (issued int, err error)
	Act(ctx context.Context, s certificate.Serial, k certificate.Kind, by exam.Login, reason string) error
	Verify(c *certificate.Certificate) error // nil when the signature holds
	PDF(ctx context.Context, w io.Writer, cs []certificate.Certificate) error
}
