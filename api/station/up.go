package station

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"bargkhan/api/fault"
)

// How long the station waits before it tries the line again, at first and at most:
// a hall that comes back after days begins to send within half a minute.
const (
	firstWait = time.Second
	lastWait  = 30 * time.Second
)

// greetEvery is how often clocks are compared: a clock that is set by hand during
// an exam is noticed before the next pile.
const greetEvery = 5 * time.Minute

// greet compares clocks with the service, and so knows that it is there.
func (s *Station) greet(ctx context.Context) {
	for wait := firstWait; ctx.Err() == nil; {
		k, err := s.Key()
		if err == nil {
			var ahead time.Duration
			_, ahead, err = s.Client.Greet(ctx, k.Bearer(), k.Station, s.now)
			if err == nil {
				s.mu.Lock()
				s.line.Ahead = ahead
				s.mu.Unlock()
			}
		}
		s.heard(ctx, err)
		if err == nil {
			wait = firstWait
			pause(ctx, nil, greetEvery)
			continue
		}
		pause(ctx, nil, wait)
		wait = min(2*wait, lastWait)
	}
}

// heard notes whether the service answers. An answer that refuses is an answer,
// unless it refuses us altogether: then the key's file is read again.
func (s *Station) heard(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	if err == nil || refused(err) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.line.Heard, s.line.Since, s.line.Err = s.now(), time.Time{}, nil
		return
	}
	if unknown(err) || s.keyFailed() {
		s.readKey()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line.Err == nil {
		s.line.Since = s.now()
		s.log().Warn("the service cannot be reached; files are kept and tried again", "err", err)
	}
	s.line.Err = err
}

func (s *Station) keyFailed() bool {
	_, err := s.Key()
	return err != nil
}

// send brings files to the service, the oldest first. A file that is refused lets
// the others pass.
func (s *Station) send(ctx context.Context) {
	for wait := firstWait; ctx.Err() == nil; {
		err := s.sendAll(ctx)
		s.heard(ctx, err)
		if err == nil {
			wait = firstWait
			pause(ctx, s.sent, lastWait)
			continue
		}
		pause(ctx, nil, wait)
		wait = min(2*wait, lastWait)
	}
}

// sendAll sends what is not sent. An error is of the line, and ends it.
func (s *Station) sendAll(ctx context.Context) error {
	for _, e := range s.ledger.find(func(e *Entry) bool { return e.Sent.IsZero() && e.Fate == nil }) {
		if s.later(e.ID) {
			continue
		}
		err := s.sendOne(ctx, e)
		var disk *os.PathError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			s.settled(e.ID)
		case refused(err) || errors.As(err, &disk) || fault.KindOf(err) == fault.NotFound:
			s.putOff(e, err)
		default:
			return err
		}
	}
	return nil
}

// sendOne sends one file.
func (s *Station) sendOne(ctx context.Context, e Entry) error {
	k, err := s.Key()
	if err != nil {
		return err
	}
	path, release, err := s.spool.Path(ctx, e.Sum)
	if err != nil {
		return err
	}
	defer release()
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := s.Client.Send(ctx, k.Bearer(), k.Station, e.File, file); err != nil {
		return err
	}
	e.Sent = s.now()
	if err := s.ledger.put(e); err != nil {
		return err
	}
	s.log().Info("file sent", "file", e.ID, "name", e.Name, "bytes", e.Size)
	wake(s.asked)
	return nil
}

// later says that a file was refused and is not yet tried again.
func (s *Station) later(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now().Before(s.troubles[id].next)
}

func (s *Station) settled(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.troubles, id)
}

// putOff notes why a file was refused, and tries it again each time twice as late.
func (s *Station) putOff(e Entry, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.troubles[e.ID]
	t.err = err
	t.next = s.now().Add(min(firstWait<<min(t.tries, 10), 10*time.Minute))
	t.tries++
	s.troubles[e.ID] = t
	s.log().Error("a file was refused; it is kept and tried again", "file", e.ID, "name", e.Name, "err", err)
}

// asked bounds how many fates are asked for at once.
const askedAtOnce = 200

// ask asks what became of the files that were sent.
func (s *Station) ask(ctx context.Context) {
	for ctx.Err() == nil {
		open := s.ledger.find(func(e *Entry) bool { return !e.Sent.IsZero() && e.Fate == nil })
		if len(open) == 0 {
			pause(ctx, s.asked, lastWait)
			continue
		}
		err := s.askAll(ctx, open)
		s.heard(ctx, err)
		d := s.Poll
		if d <= 0 {
			d = defaultPoll
		}
		if err != nil {
			d = max(d, firstWait)
		}
		pause(ctx, nil, d)
	}
}

// askAll asks for the fates of files. What the service has never heard of, because
// it was brought back from an older copy, is sent again.
func (s *Station) askAll(ctx context.Context, open []Entry) error {
	k, err := s.Key()
	if err != nil {
		return err
	}
	for some := range slices.Chunk(open, askedAtOnce) {
		ids := make([]string, len(some))
		for i := range some {
			ids[i] = some[i].ID
		}
		fates, _, err := s.Client.Fates(ctx, k.Bearer(), k.Station, ids)
		if err != nil {
			return err
		}
		known := map[string]Fate{}
		for _, f := range fates {
			known[f.ID] = f
		}
		for _, e := range some {
			f, ok := known[e.ID]
			switch {
			case !ok:
				err = errors.Join(err, s.again(e))
			case f.End != Waiting:
				err = errors.Join(err, s.decide(ctx, e, f))
			}
		}
		if err != nil {
			s.log().Error("what became of files could not be kept; it is asked again", "err", err)
		}
	}
	return nil
}

// again sends a file again that the service does not have.
func (s *Station) again(e Entry) error {
	s.log().Warn("the service no longer has a file; it is sent again", "file", e.ID, "name", e.Name)
	e.Sent = time.Time{}
	if err := s.ledger.put(e); err != nil {
		return fmt.Errorf("file %s: %w", e.ID, err)
	}
	wake(s.sent)
	return nil
}
