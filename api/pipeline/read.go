package pipeline

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/pipeline/child"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// Work reads what is queued until ctx is done. It is all that runs on a machine
// that only helps with reading.
func (l *Line) Work(ctx context.Context) error {
	l.signals()
	err := l.Store.Work(ctx, l.workers(), l.read)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// read reads one scan, judges its pages and files them, all in one transaction.
// It may be repeated: filing again changes nothing.
func (l *Line) read(ctx context.Context, id exam.ScanID) (err error) {
	defer fault.Wrap(&err, "pipeline: read scan %s", id)
	began := l.now()
	scan, err := l.Store.Scan(ctx, id)
	if err != nil {
		return err
	}
	path, release, err := l.scan(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	f, err := l.filing(ctx, scan, path)
	if err != nil {
		return err
	}
	scripts, err := l.Store.File(ctx, f)
	if err != nil {
		return err
	}
	took := l.now().Sub(began)
	l.Metrics.read(f, took)
	l.Metrics.decided(l.now().Sub(scan.At))
	l.log().Info("scan read", "scan", id, "station", scan.Station, "name", scan.Name, "sheets", len(f.Sheets),
		"returned", len(f.Returned), "scripts", scripts, "ms", took.Milliseconds())
	hurry(l.filed)
	hurry(l.due)
	return nil
}

// filing is all that a scan gives: every page is in Sheets or in Returned.
func (l *Line) filing(ctx context.Context, scan exam.Scan, path string) (exam.Filing, error) {
	f := exam.Filing{Scan: scan.ID}
	policy := l.Policy(scan.Station)
	for p, err := range l.Reader.Read(ctx, path) {
		if err != nil {
			return f, err
		}
		sheet, reject, err := l.judge(ctx, p, scan.Stations, policy)
		switch {
		case err != nil:
			return f, err
		case reject != nil:
			f.Returned = append(f.Returned, exam.Returned{Image: p.Image, Why: reject})
		default:
			sheet.Scan = scan.ID
			f.Sheets = append(f.Sheets, sheet)
		}
	}
	if len(f.Sheets)+len(f.Returned) == 0 {
		nothing := &omr.Reject{Reason: omr.Undecoded, Detail: "there is no page in the file"}
		f.Returned = append(f.Returned, exam.Returned{Image: 1, Why: nothing})
	}
	return f, nil
}

// judge makes a sheet of a page that was read, or says why it is given back. A
// page on which it panics is given back too: one page never stops the line.
func (l *Line) judge(ctx context.Context, p child.Page, stations []string, policy judge.Policy) (s exam.Sheet, reject *omr.Reject, err error) {
	defer func() {
		if r := recover(); r != nil {
			l.log().Error("judging a page panicked; the page is given back", "image", p.Image, "panic", r, "stack", string(debug.Stack()))
			reject, err = &omr.Reject{Reason: omr.Killed, Detail: fmt.Sprintf("judging it panicked: %v", r)}, nil
		}
	}()
	if p.Reject != nil {
		return s, p.Reject, nil
	}
	d, reject, err := l.expected(ctx, p.Reading, stations)
	if err != nil || reject != nil {
		return s, reject, err
	}
	pg := d.Pages[p.Reading.Stamp.Page-1]
	return exam.Sheet{
		Image: p.Image, Reading: *p.Reading, Policy: policy.ID, Verdicts: judge.Fields(pg, p.Reading.Evidence, policy, p.Reading.Swatches...),
	}, nil, nil
}

// expected is the design of a page that some session expects at one of the stations from
// which it came; any other is given back.
func (l *Line) expected(ctx context.Context, r *omr.Reading, stations []string) (*sheets.Design, *omr.Reject, error) {
	serial := r.Stamp.Serial
	if r.Stamp.Test {
		return nil, notNow(omr.TestSheet, serial, "a sheet of a test deck"), nil
	}
	printed, err := l.Store.Printed(ctx, serial)
	if fault.KindOf(err) == fault.NotFound {
		return nil, notNow(omr.Foreign, serial, "never printed here"), nil
	}
	if err != nil {
		return nil, nil, err
	}
	if ok, err := l.prints(ctx, printed.Session, r.Design); err != nil || !ok {
		return nil, notNow(omr.Foreign, serial, "of session %s, which has no sheet like this", printed.Session), err
	}
	if open, err := l.open(ctx, printed.Session, stations); err != nil || !open {
		return nil, notNow(omr.Unopened, serial, "session %s is not opened for scanning at station %s", printed.Session, strings.Join(stations, ", ")), err
	}
	d, err := l.design(ctx, r.Stamp.Check)
	if err != nil {
		return nil, nil, err
	}
	if d == nil || d.Digest() != r.Design || r.Stamp.Page < 1 || r.Stamp.Page > len(d.Pages) {
		return nil, &omr.Reject{Reason: omr.NoDesign, Detail: fmt.Sprintf("page %d of design %s", r.Stamp.Page, r.Stamp.Check)}, nil
	}
	return d, nil, nil
}

// notNow gives back a sheet that was read.
func notNow(why omr.Reason, serial sheets.Serial, format string, args ...any) *omr.Reject {
	return &omr.Reject{Reason: why, Serial: serial, Detail: "serial " + string(serial) + ": " + fmt.Sprintf(format, args...)}
}

// An opening is a session that may be scanned at a station.
type opening struct {
	session exam.SessionID
	station string
}

// open is Store.Opened at any of the stations, remembered once it holds.
func (l *Line) open(ctx context.Context, id exam.SessionID, stations []string) (ok bool, err error) {
	for _, station := range stations {
		if _, ok := l.opened.Load(opening{id, station}); ok {
			return true, nil
		}
	}
	for i := 0; i < len(stations) && !ok && err == nil; i++ {
		if ok, err = l.Store.Opened(ctx, id, stations[i]); ok {
			l.opened.Store(opening{id, stations[i]}, true)
		}
	}
	return ok, err
}

// An edition is a design that the sheets of a session are printed from.
type edition struct {
	session exam.SessionID
	design  sheets.Digest
}

// prints says whether sheets of a session are printed from a design, and remembers it
// once they are.
func (l *Line) prints(ctx context.Context, id exam.SessionID, d sheets.Digest) (bool, error) {
	if _, ok := l.editions.Load(edition{id, d}); ok {
		return true, nil
	}
	ses, err := l.Store.Session(ctx, id)
	if err != nil || !slices.Contains(ses.Designs, d) {
		return false, err
	}
	l.editions.Store(edition{id, d}, true)
	return true, nil
}

const (
	// patient is how long the rest of a dump waits for the stacks of other stations: a
	// hall's exam is scanned in less.
	patient = 10 * time.Minute

	// aging is how often that is looked at.
	aging = time.Minute
)

// resumed bounds how many scans go back into the queue in one transaction.
const resumed = 100

// Resume has what waited for the opening of its session read, and what has waited for
// long go before the newest, until ctx is done.
func (l *Line) Resume(ctx context.Context) error {
	for aged := time.Now(); ctx.Err() == nil; {
		if time.Since(aged) > aging {
			aged = time.Now()
			if err := l.Store.Age(ctx, patient); err != nil && ctx.Err() == nil {
				l.complain("what has waited for long could not be put before the newest; it is tried again", err)
			}
		}
		n, err := l.Store.Resume(ctx, resumed)
		if err != nil && ctx.Err() == nil {
			l.complain("sheets of a session that was opened could not be queued; it is tried again", err)
		}
		if n > 0 {
			l.log().Info("sheets that waited for the opening of their session are read now", "scans", n)
		}
		if n < resumed {
			l.rest(ctx, nil)
		}
	}
	return nil
}
