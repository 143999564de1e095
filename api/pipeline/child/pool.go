// Package child reads scans in child processes, so that a decoder that aborts, a
// page that takes for ever or a hostile file costs one page and never the
// service. A child is the service's own program, started again with a hidden
// command; it has no database and no secret, and limits on memory and time.
package child

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"bargkhan/api/fault"
	"bargkhan/omr"
	"bargkhan/omr/page"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// Command is the hidden command of the service that calls Main.
const Command = "read-child"

// A Pool keeps children and gives them work. Its fields are set once, before
// use; its methods may be called from many goroutines.
type Pool struct {
	// Command starts a child; nil means this very program with Command.
	Command []string
	// Env is added to the nearly empty environment of a child.
	Env []string
	// Size is how many files are read at once; zero means one for each processor.
	Size int
	// Memory is how many bytes a child may use; zero means the default.
	Memory uint64
	// PageTime is how long one page may take; zero means the default.
	PageTime time.Duration
	// Limits bound the files that are read.
	Limits page.Limits
	// Design finds the revision with this head of its digest; nil without error
	// when there is none. Without it there are no designs.
	Design func(context.Context, sheets.Check) (*sheets.Design, error)
	// Log is told why a child ended; nil means nobody is.
	Log *slog.Logger

	once   sync.Once
	read   chan struct{} // a place for each file that is read
	cut    chan struct{} // a place for each picture that is cut
	mu     sync.Mutex
	idle   []*proc
	bad    int // children that ended badly since the last page that was read
	closed bool
}

const (
	// defaultMemory is three times what a page of 60 million pixels in colour was
	// measured to take, as JPEG or PNG: 0.6 GB.
	defaultMemory = 2 << 30

	// defaultPageTime is three times what the same page took as PNG, 22 s, on a
	// machine with ten others at work; a usual page takes 0.05 s.
	defaultPageTime = time.Minute

	// startTime is for loading a few hundred libraries from a cold disk.
	startTime = 60 * time.Second

	// pictures is how many pictures are cut beside the reading, so that the review
	// desk does not wait behind a stack of scans.
	pictures = 2

	// retire is how many pages a child reads before another takes its place: what
	// a C library leaks is bounded by it, and a start costs less than a page in it.
	retire = 2000

	// tries is how often a page is read that ended its child: the second time shows
	// whether it was the page, or a lack of memory beside it.
	tries = 2

	// slainTries is the same for one whose child was killed from outside, which says
	// little of the page: with the waits of take between, the machine has a second or
	// two to find memory.
	slainTries = 6

	// giveUp is how many pages in a row may end their children before the rest of
	// the file is given back unread: opening the file is what ends them.
	giveUp = 4
)

// A Page is what became of one page of a file: a Reading, or a Reject.
type Page struct {
	Image   int // from 1
	Reading *omr.Reading
	Reject  *omr.Reject
}

// Read yields every page of the file at path, in order. A page that ends its child
// is tried once more, one whose child is killed from outside some times more, and one
// that takes longer than PageTime is not; then it is an
// omr.Killed reject, and another child goes on behind it. An error, always the
// last of the sequence, means that the world stood in the way (fault.Transient)
// or ctx is done: nothing is known of the pages that were not yielded.
func (p *Pool) Read(ctx context.Context, path string) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		r := &run{pool: p, path: path, next: 1, yield: yield}
		leave, err := p.enter(ctx, func() chan struct{} { return p.read })
		if err == nil {
			defer leave()
			err = r.all(ctx)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(Page{}, err)
		}
	}
}

// A run is the reading of one file by as many children as it takes.
type run struct {
	pool  *Pool
	path  string
	next  int // the page expected now
	died  int // how often a child ended at next by itself
	slain int // how often one was killed there
	lost  int // pages in a row that ended their children
	yield func(Page, error) bool
}

// errStopped says that the consumer wants no more.
var errStopped = errors.New("stopped")

// all reads the file to its end.
func (r *run) all(ctx context.Context) error {
	for {
		err := r.some(ctx)
		if !ended(err) {
			return err
		}
		if r.again(err) {
			continue
		}
		r.lost++
		detail := err.Error()
		if r.lost == giveUp {
			detail += "; this page and all behind it were not read"
		}
		killed := Page{Image: r.next, Reject: &omr.Reject{Reason: omr.Killed, Detail: detail}}
		if !r.yield(killed, nil) {
			return errStopped
		}
		if r.lost == giveUp {
			return nil
		}
		r.next, r.died, r.slain = r.next+1, 0, 0
	}
}

// again says whether a page is tried once more after its child ended with err.
func (r *run) again(err error) bool {
	switch {
	case errors.Is(err, errLate):
		return false
	case errors.Is(err, errSlain):
		r.slain++
	default:
		r.died++
	}
	return r.died < tries && r.slain < slainTries
}

// ended says that err is the end of a child in the middle of a page.
func ended(err error) bool {
	return errors.Is(err, errDied) || errors.Is(err, errLate) || errors.Is(err, errSlain)
}

// some reads pages from next on with one child, until the end or the child's.
func (r *run) some(ctx context.Context) (err error) {
	c, err := r.pool.take(ctx)
	if err != nil {
		return err
	}
	defer func() { err = r.pool.put(c, r.path, r.next, err) }()
	lim := r.pool.Limits
	lim.From = r.next
	if err := c.send(ctx, r.pool.pageTime(), request{Do: "read", Path: r.path, Limits: lim}); err != nil {
		return err
	}
	for {
		a, err := r.pool.answer(ctx, c)
		if err != nil || a.Is == "end" {
			return err
		}
		if a.Is != "page" || (a.Reading == nil) == (a.Reject == nil) {
			return fmt.Errorf("%w: it answered %q to reading", errDied, a.Is)
		}
		c.pages++
		r.next, r.died, r.slain, r.lost = a.Image+1, 0, 0, 0
		r.pool.well()
		if !r.yield(Page{a.Image, a.Reading, a.Reject}, nil) {
			return errStopped
		}
	}
}

// Picture is a JPEG at most width pixels wide of a page of the file at path: box of
// the sheet, upright, if its pose is known, else the page as scanned. It is a
// fault.NotFound when the file has no such page, or none that can be decoded, a
// fault.Unreadable when the page ends its child, and a fault.Transient when that was
// killed from outside.
func (p *Pool) Picture(ctx context.Context, path string, img int, pose *omr.Pose, box geom.Rect[geom.Paper], width int) (body []byte, err error) {
	defer fault.Wrap(&err, "picture of page %d of %s", img, path)
	q := request{Do: "picture", Path: path, Limits: p.Limits, Pose: pose, Box: box, Width: width}
	q.Limits.From = img
	a, err := p.ask(ctx, q)
	if errors.Is(err, errSlain) {
		return nil, fmt.Errorf("%w: %w", fault.Transient, err)
	}
	if ended(err) {
		return nil, &fault.Error{
			Kind: fault.Unreadable, Err: err,
			Msg: "تصویر این صفحه ساخته نشد.", Hint: "برگه را دوباره اسکن کنید.",
		}
	}
	return a.JPEG, err
}

// ask has one request answered that has one answer.
func (p *Pool) ask(ctx context.Context, q request) (a answer, err error) {
	leave, err := p.enter(ctx, func() chan struct{} { return p.cut })
	if err != nil {
		return a, err
	}
	defer leave()
	c, err := p.take(ctx)
	if err != nil {
		return a, err
	}
	defer func() { err = p.put(c, q.Path, q.Limits.From, err) }()
	if err := c.send(ctx, p.pageTime(), q); err != nil {
		return a, err
	}
	return p.answer(ctx, c)
}

// answer waits for the next answer of a child that is not a need, and meets those.
func (p *Pool) answer(ctx context.Context, c *proc) (answer, error) {
	for {
		a, err := c.receive(ctx, p.pageTime())
		if err != nil {
			return a, err
		}
		switch a.Is {
		case "failed":
			if a.Missing {
				return a, fmt.Errorf("%w: %s", fault.NotFound, a.Fault)
			}
			return a, fmt.Errorf("%w: %s", fault.Transient, a.Fault)
		case "need":
			if err := c.send(ctx, p.pageTime(), p.offer(ctx, a.Check)); err != nil {
				return a, err
			}
		default:
			return a, nil
		}
	}
}

// offer looks up a design that a child needs.
func (p *Pool) offer(ctx context.Context, c sheets.Check) offer {
	if p.Design == nil {
		return offer{}
	}
	d, err := p.Design(ctx, c)
	if err != nil {
		return offer{Fault: err.Error()}
	}
	return offer{Design: d}
}

// enter waits for a place; leave gives it back.
func (p *Pool) enter(ctx context.Context, of func() chan struct{}) (leave func(), err error) {
	p.once.Do(func() {
		size := p.Size
		if size <= 0 {
			size = runtime.GOMAXPROCS(0)
		}
		p.read, p.cut = make(chan struct{}, size), make(chan struct{}, pictures)
	})
	places := of()
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// rested is an idle child that still lives; nil when there is none. One that was
// killed while it was idle says nothing of any page.
func (p *Pool) rested() *proc {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return nil
		}
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		if c.lives() {
			return c
		}
		c.end()
	}
}

// take is an idle child, or a new one. New ones come ever later while they end
// badly, so that a broken machine is not kept busy with starting them.
func (p *Pool) take(ctx context.Context) (*proc, error) {
	if c := p.rested(); c != nil {
		return c, nil
	}
	p.mu.Lock()
	bad := p.bad
	p.mu.Unlock()
	if bad > 2 {
		pause(ctx, min(50*time.Millisecond<<min(bad-2, 10), 10*time.Second))
	}
	c, err := start(ctx, p.command(), append(environment(p.memory()), p.Env...), p.memory(), startTime)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		p.ill()
		// Without the chain of err: that it ended says nothing of any page.
		return nil, fmt.Errorf("%w: starting a child to read with: %v", fault.Transient, err) //nolint:errorlint // its kind is ours, whatever the cause says
	}
	return c, nil
}

// put takes a child back that is well, and ends any other. It returns err, or
// errSlain when that is why.
func (p *Pool) put(c *proc, path string, image int, err error) error {
	whole := err == nil || errors.Is(err, fault.NotFound) || errors.Is(err, fault.Transient)
	p.mu.Lock()
	keep := whole && !p.closed && c.pages < retire
	if keep {
		p.idle = append(p.idle, c)
	}
	p.mu.Unlock()
	if keep {
		return err
	}
	if !whole && !errors.Is(err, errDied) {
		c.kill() // one that died is left to its end, which says why
	}
	how := c.end()
	if errors.Is(err, errDied) && c.slain() {
		err = errSlain
	}
	if ended(err) {
		p.ill()
		if p.Log != nil {
			p.Log.Warn("a page ended the process that read it", "path", path, "image", image, "why", err.Error(), "end", how, "said", c.last.String())
		}
	}
	return err
}

// Close ends the children that are idle, and each other one after its request.
func (p *Pool) Close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	var wg sync.WaitGroup
	for _, c := range idle {
		wg.Go(func() { c.end() })
	}
	wg.Wait()
}

func (p *Pool) well() {
	p.mu.Lock()
	p.bad = 0
	p.mu.Unlock()
}

func (p *Pool) ill() {
	p.mu.Lock()
	p.bad++
	p.mu.Unlock()
}

func (p *Pool) command() []string {
	if p.Command != nil {
		return p.Command
	}
	// The program that runs, also after another was put in its place: parent and
	// child speak one language.
	return []string{"/proc/self/exe", Command}
}

func (p *Pool) memory() uint64 {
	if p.Memory > 0 {
		return p.Memory
	}
	return defaultMemory
}

func (p *Pool) pageTime() time.Duration {
	if p.PageTime > 0 {
		return p.PageTime
	}
	return defaultPageTime
}

// pause waits for d, or until ctx is done.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
