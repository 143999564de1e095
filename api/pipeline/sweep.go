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
		if err := l.Grade(ctx); err != nil && ctx.Err() == nil {
			l.complain("not everything that is due could be graded; it is tried again", err)
		}
		l.rest(ctx, l.due)
	}
	return nil
}

// batch is how many scripts are asked for at once.
const batch = 100

// rounds bounds how often one sweep looks again: two scripts that claim one
// person make each other due once.
const rounds = 1000

// Grade grades now whatever is due, once. Its error joins those of the scripts
// that could not be graded; they hold up no others.
func (l *Line) Grade(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "pipeline: grade what is due")
	l.signals()
	var failed error
	for range rounds {
		sick := l.sick()
		due, err := l.Store.Due(ctx, batch+len(sick))
		if err != nil {
			return errors.Join(failed, err)
		}
		desk, done := l.desk(), 0
		for _, id := range due {
			if sick[id] {
				continue
			}
			err := l.mark(ctx, id, desk)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if l.note(id, err); err != nil {
				failed = errors.Join(failed, err)
			}
			done++
		}
		if done == 0 {
			return failed
		}
	}
	return errors.Join(failed, fmt.Errorf("after %d rounds scripts are still due", rounds))
}

// A sickness is a script that could not be graded, and when to try again.
type sickness struct {
	times int
	next  time.Time
}

// sick names the scripts that are left alone for now.
func (l *Line) sick() map[exam.ScriptID]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[exam.ScriptID]bool{}
	for id, s := range l.ill {
		if l.now().Before(s.next) {
			out[id] = true
		}
	}
	return out
}

// note remembers whether a script could be graded. One that cannot is tried
// again, each time twice as late, up to a minute.
func (l *Line) note(id exam.ScriptID, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		delete(l.ill, id)
		return
	}
	s := l.ill[id]
	s.times++
	s.next = l.now().Add(min(50*time.Millisecond<<min(s.times, 12), time.Minute))
	l.ill[id] = s
}

// A desk holds what several scripts are graded by, for as long as one round.
type desk struct {
	line     *Line
	sessions map[exam.SessionID]*exam.Session
	rosters  map[exam.SessionID][]exam.Candidate
}

func (l *Line) desk() *desk {
	return &desk{l.signals(), map[exam.SessionID]*exam.Session{}, map[exam.SessionID][]exam.Candidate{}}
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
	roster, err := d.line.Store.Roster(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	d.sessions[id], d.rosters[id] = ses, roster
	return ses, roster, nil
}

// conflicts is how often a script that changes meanwhile is graded again at once.
const conflicts = 3

// mark computes and keeps everything that follows from the facts of a script. A
// panic of the rules is an error of this script alone.
func (l *Line) mark(ctx context.Context, id exam.ScriptID, desk *desk) (err error) {
	defer fault.Wrap(&err, "script %s", id)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("grading panicked: %v\n%s", r, debug.Stack())
		}
	}()
	for try := 1; ; try++ {
		err := l.markOnce(ctx, id, desk)
		if fault.KindOf(err) != fault.Conflict || try == conflicts {
			return err
		}
		desk = l.desk() // the key may be what changed
	}
}
