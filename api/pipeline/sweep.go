package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
)

// Sweep grades whatever is due, until ctx is done: after a filing, a ruling, a new
// key, and after a crash between any of them and its grading.
func (l *Line) Sweep(ctx context.Context) error {
	l.signals()
	for ctx.Err() == nil {
		began := time.Now()
		if err := l.Grade(ctx); err != nil && ctx.Err() == nil {
			l.complain("not everything that is due could be graded; it is tried again", err)
		}
		l.gather(ctx, time.Since(began))
		l.rest(ctx, l.due)
	}
	return nil
}

// batch is how many scripts are asked for at once: their evidence is some 10 MB.
const batch = 50

// Grade grades now whatever is due, until nothing is. Its error joins those of the
// scripts that could not be graded; they hold up no others.
func (l *Line) Grade(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "pipeline: grade what is due")
	failed := map[exam.ScriptID]error{}
	for {
		due, err := l.Store.Due(ctx, batch)
		if err != nil {
			return err
		}
		if l.gradeSome(ctx, due, failed) == 0 {
			break
		}
	}
	for _, e := range failed {
		err = errors.Join(err, e)
	}
	return err
}

// gradeSome grades those of due that did not fail before, and says how many were
// tried. The scripts are loaded before what they are graded by, so that whatever
// changes in between makes keeping the marking a fault.Conflict.
func (l *Line) gradeSome(ctx context.Context, due []exam.ScriptID, failed map[exam.ScriptID]error) (tried int) {
	scripts := map[exam.ScriptID]*exam.Script{}
	for _, id := range due {
		if failed[id] != nil {
			continue
		}
		tried++
		s, err := l.Store.Script(ctx, id)
		if err != nil {
			failed[id] = fmt.Errorf("script %s: %w", id, err)
			continue
		}
		scripts[id] = s
	}
	d := l.desk()
	for _, id := range due {
		if s := scripts[id]; s != nil {
			if err := l.mark(ctx, s, d); err != nil {
				failed[id] = err
			}
		}
	}
	return tried
}

// A desk holds what several scripts are graded by, for as long as one batch.
type desk struct {
	line     *Line
	sessions map[exam.SessionID]*exam.Session
	rosters  map[exam.SessionID][]exam.Candidate
}

func (l *Line) desk() *desk {
	return &desk{l, map[exam.SessionID]*exam.Session{}, map[exam.SessionID][]exam.Candidate{}}
}

// session loads a session and its roster, once.
func (d *desk) session(ctx context.Context, id exam.SessionID) (*exam.Session, []exam.Candidate, error) {
	if ses := d.sessions[id]; ses != nil {
		return ses, d.rosters[id], nil
	}
	ses, err := d.line.Store.Session(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	roster, err := d.line.roster(ctx, ses)
	if err != nil {
		return nil, nil, err
	}
	d.sessions[id], d.rosters[id] = ses, roster
	return ses, roster, nil
}

// A roster is that of a session at a version of it, or a later one: who changes it
// meanwhile makes every script of the session due again.
type roster struct {
	version    int
	candidates []exam.Candidate
}

// mostRosters bounds the rosters that are kept: of a national day, some 1 MB each.
const mostRosters = 64

// roster is the roster of ses, loaded when it has changed. Who gets it must not change it.
func (l *Line) roster(ctx context.Context, ses *exam.Session) ([]exam.Candidate, error) {
	l.rosterMu.Lock()
	known, ok := l.rosters[ses.ID]
	l.rosterMu.Unlock()
	if ok && known.version == ses.Roster {
		return known.candidates, nil
	}
	cs, err := l.Store.Roster(ctx, ses.ID)
	if err != nil {
		return nil, err
	}
	l.rosterMu.Lock()
	defer l.rosterMu.Unlock()
	if l.rosters == nil || len(l.rosters) >= mostRosters {
		l.rosters = map[exam.SessionID]roster{}
	}
	l.rosters[ses.ID] = roster{ses.Roster, cs}
	return cs, nil
}

// conflicts is how often a script that changes meanwhile is graded again at once.
const conflicts = 4

// mark computes and keeps everything that follows from the facts of s. A panic of
// the rules is an error of this script alone.
func (l *Line) mark(ctx context.Context, s *exam.Script, d *desk) (err error) {
	defer fault.Wrap(&err, "script %s", s.ID)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("grading panicked: %v\n%s", r, debug.Stack())
		}
	}()
	for try := 1; ; try++ {
		err := l.keepMarking(ctx, s, d)
		if fault.KindOf(err) != fault.Conflict || try == conflicts {
			return err
		}
		if s, err = l.Store.Script(ctx, s.ID); err != nil {
			return err
		}
		d = l.desk()
	}
}

// keepMarking computes what follows from s, and keeps it if s is still so.
func (l *Line) keepMarking(ctx context.Context, s *exam.Script, d *desk) error {
	ses, roster, err := d.session(ctx, s.Session)
	if err != nil {
		return err
	}
	var claims []exam.ScriptID
	if p, _ := exam.Whose(s, roster); p != "" {
		if claims, err = l.Store.Claims(ctx, s.Session, p); err != nil {
			return err
		}
	}
	return l.Store.Mark(ctx, exam.Mark(ses, s, roster, claims))
}
