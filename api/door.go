package api

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// A door slows down who guesses passwords. It counts the failed tries of a login
// from one address, and of the address alone, and forgets them in memory: a restart
// gives a guesser one more round, which the cost of a hash makes worthless.
type door struct {
	now func() time.Time

	mu    sync.Mutex
	tries map[string]try
	turns sync.Once
	turn  chan struct{}
}

// A try is what is remembered of one key.
type try struct {
	failed int
	until  time.Time // closed until then
	last   time.Time
}

// How patient the door is. Five typing errors are human; afterwards the wait
// doubles from half a minute to a quarter of an hour: at most a hundred guesses a
// day for one login. An address may fail for as many logins as a hall has people.
const (
	freeTries    = 5
	freeTriesAll = 40
	firstWait    = 30 * time.Second
	longestWait  = 15 * time.Minute
	forgetAfter  = time.Hour
)

// hashesAtOnce bounds the memory that logins take: 64 MiB each.
const hashesAtOnce = 2

// knock counts a try as failed until open says otherwise, and refuses it while the
// door is closed.
func (d *door) knock(login, from string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tries == nil {
		d.tries = map[string]try{}
	}
	now := d.now()
	d.forget(now)
	both, all := login+"\x00"+from, "\x00"+from
	if now.Before(d.tries[both].until) || now.Before(d.tries[all].until) {
		return &refusal{status: http.StatusTooManyRequests, code: "too-many",
			detail: "چند بار پشت سر هم گذرواژهٔ نادرست وارد شده است.", hint: "چند دقیقه بعد دوباره بکوشید."}
	}
	d.tries[both] = d.tries[both].fail(now, freeTries)
	d.tries[all] = d.tries[all].fail(now, freeTriesAll)
	return nil
}

// fail returns t after one more failure.
func (t try) fail(now time.Time, free int) try {
	t.failed++
	t.last = now
	if over := t.failed - free; over >= 0 {
		t.until = now.Add(min(firstWait<<min(over, 10), longestWait))
	}
	return t
}

// open forgets the failures of a login that got in.
func (d *door) open(login, from string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.tries, login+"\x00"+from)
	all := d.tries["\x00"+from]
	all.failed--
	all.until = time.Time{}
	d.tries["\x00"+from] = all
}

// forget drops what is old, so that the map does not grow with every stranger.
func (d *door) forget(now time.Time) {
	for k, t := range d.tries {
		if now.Sub(t.last) > forgetAfter {
			delete(d.tries, k)
		}
	}
}

// compare is matches, a few at a time.
func (d *door) compare(ctx context.Context, hash, password string) (bool, error) {
	d.turns.Do(func() { d.turn = make(chan struct{}, hashesAtOnce) })
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
		return matches(hash, password)
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
