package pipeline

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/intake"
	"bargkhan/api/pipeline/child"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// An Archive keeps scans by their SHA-256. *archive.Folder satisfies it.
type Archive interface {
	// Put keeps the file at path, whole or not at all. Bytes that do not have this
	// sum are a fault.Conflict; no room is a fault.Transient.
	Put(ctx context.Context, sum [32]byte, path string) error

	// Path is where a scan can be read by another process until release is called.
	Path(ctx context.Context, sum [32]byte) (path string, release func(), err error)
}

// A Reader reads the pages of a file. *child.Pool satisfies it.
type Reader interface {
	// Read yields what became of every page, in order, and at most one error, last.
	Read(ctx context.Context, path string) iter.Seq2[child.Page, error]

	// Picture is a JPEG of one page; a nil pose shows it as scanned.
	Picture(ctx context.Context, path string, image int, pose *omr.Pose, box geom.Rect[geom.Paper], width int) ([]byte, error)
}

// A Line holds everything needed to process scans. Its exported fields are set
// once, before use; its methods may be called from many goroutines. Several lines
// may run on one database and one archive, on one machine or many.
type Line struct {
	Folders []*intake.Folder // one a station
	Archive Archive
	Store   Store
	Reader  Reader
	Policy  func(station string) judge.Policy // that a station's pages are judged by
	Workers int                               // files read at once; zero means one for each processor
	Poll    time.Duration                     // between looks for what is due or decided; zero means the default
	Now     func() time.Time                  // nil means time.Now
	Log     *slog.Logger                      // nil means silence
	Metrics *Metrics                          // nil means none

	once     sync.Once
	filed    chan struct{} // something was filed: some file's end is decided
	due      chan struct{} // something may be due
	taking   sync.Map      // IDs of arrivals that are being kept
	designs  sync.Map      // by sheets.Check; they never change
	opened   sync.Map      // by opening: sessions open at stations; they stay so
	editions sync.Map      // by edition: designs of sessions; they stay so

	rosterMu sync.Mutex
	rosters  map[exam.SessionID]roster // by session, as loaded last

	mu   sync.Mutex
	lost map[string]time.Time // what was complained of, and when
}

// defaultPoll is what the line waits before it looks for work that another
// machine made; its own work hurries it.
const defaultPoll = 2 * time.Second

// Run runs the whole line until ctx is done: it takes what is dropped, reads what
// is queued, ends the life of files whose fate is decided and grades what is due.
// One bad file never stops it; an error means that the database is not as needed.
func (l *Line) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, loop := range []func(context.Context) error{l.Take, l.Work, l.Settle, l.Sweep, l.Resume} {
		g.Go(func() error { return loop(ctx) })
	}
	return g.Wait()
}

// Stations names the stations, in the order of Folders.
func (l *Line) Stations() []string {
	out := []string{}
	for _, f := range l.Folders {
		out = append(out, f.Station)
	}
	return out
}

// Drop is how an upload enters: through the drop folder, like every other file.
func (l *Line) Drop(ctx context.Context, station, name string, r io.Reader) error {
	f, err := l.folder(station)
	if err != nil {
		return err
	}
	return f.Put(ctx, name, r)
}

// Waiting lists what lies in a station's drop folder and why. While the folder is
// out of reach it is a fault.Transient.
func (l *Line) Waiting(station string) ([]intake.Wait, error) {
	f, err := l.folder(station)
	if err != nil {
		return nil, err
	}
	return f.Waiting()
}

func (l *Line) folder(station string) (*intake.Folder, error) {
	for _, f := range l.Folders {
		if f.Station == station {
			return f, nil
		}
	}
	return nil, fault.New(fault.NotFound, "ایستگاهی با این نام نیست.", "نام ایستگاه را از فهرست ایستگاه‌ها بردارید.")
}

// Rule records a person's decision made at rev and grades the script again. Once
// the ruling is kept there is no error: a script that could not be graded at once
// is due.
func (l *Line) Rule(ctx context.Context, id exam.ScriptID, rev int, r exam.Ruling) (err error) {
	defer fault.Wrap(&err, "pipeline: rule on script %s", id)
	if r.At.IsZero() {
		r.At = l.now()
	}
	if err := l.Store.Rule(ctx, id, rev, r); err != nil {
		return err
	}
	s, err := l.Store.Script(ctx, id)
	if err == nil {
		err = l.mark(ctx, s, l.desk())
	}
	if err != nil {
		l.log().Warn("a ruling was kept; its script will be graded by the sweep", "script", id, "err", err)
	}
	hurry(l.signals().due) // another script may have been waiting for this one
	return nil
}

// The widths of pictures, in pixels: below nothing can be seen, above nothing more.
const (
	minWidth = 16
	maxWidth = 4000
)

// Picture shows box of a page of a scan, upright, as a JPEG width pixels wide; a
// zero box is the whole sheet. A page that was never read is shown as scanned.
func (l *Line) Picture(ctx context.Context, v exam.View, box geom.Rect[geom.Paper], width int) (_ []byte, err error) {
	defer fault.Wrap(&err, "pipeline: picture of page %d of scan %s", v.Image, v.Scan)
	if v.Image < 1 {
		return nil, fault.New(fault.NotFound, "چنین صفحه‌ای نیست.", "شمارهٔ صفحه از یک آغاز می‌شود.")
	}
	pose, box, err := l.pose(ctx, v, box)
	if err != nil {
		return nil, err
	}
	return l.picture(ctx, v, pose, box, min(max(width, minWidth), maxWidth))
}

// pose finds how a page lay in the scan, if it was ever read, and what box means.
func (l *Line) pose(ctx context.Context, v exam.View, box geom.Rect[geom.Paper]) (*omr.Pose, geom.Rect[geom.Paper], error) {
	r, err := l.Store.Reading(ctx, v)
	if fault.KindOf(err) == fault.NotFound {
		return nil, box, nil
	}
	if err != nil {
		return nil, box, err
	}
	if box.W() <= 0 || box.H() <= 0 {
		d, err := l.design(ctx, r.Design.Head())
		if err != nil {
			return nil, box, err
		}
		if d == nil {
			return nil, box, nil
		}
		box = geom.R[geom.Paper](0, 0, d.Size.X, d.Size.Y)
	}
	return &r.Pose, box, nil
}

// picture cuts a picture from the archived scan.
func (l *Line) picture(ctx context.Context, v exam.View, pose *omr.Pose, box geom.Rect[geom.Paper], width int) ([]byte, error) {
	path, release, err := l.scan(ctx, v.Scan)
	if err != nil {
		return nil, err
	}
	defer release()
	return l.Reader.Picture(ctx, path, v.Image, pose, box, width)
}

// scan is where an archived scan lies.
func (l *Line) scan(ctx context.Context, id exam.ScanID) (path string, release func(), err error) {
	sum, err := sumOf(id)
	if err != nil {
		return "", nil, err
	}
	return l.Archive.Path(ctx, sum)
}

// design is Store.Design, remembered: the revision a check names never changes.
func (l *Line) design(ctx context.Context, c sheets.Check) (*sheets.Design, error) {
	if d, ok := l.designs.Load(c); ok {
		return d.(*sheets.Design), nil
	}
	d, err := l.Store.Design(ctx, c)
	if err == nil && d != nil {
		l.designs.Store(c, d)
	}
	return d, err
}

// signals makes the channels of a Line at its first use.
func (l *Line) signals() *Line {
	l.once.Do(func() {
		l.filed, l.due = make(chan struct{}, 1), make(chan struct{}, 1)
		l.lost = map[string]time.Time{}
	})
	return l
}

// hurry wakes whoever waits on c, now or at his next wait.
func hurry(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// rest waits until it is hurried, until the next look is due, or ctx is done.
func (l *Line) rest(ctx context.Context, c chan struct{}) {
	d := l.Poll
	if d <= 0 {
		d = defaultPoll
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-c:
	case <-t.C:
	}
}

// The bounds of gather: below, nothing is saved; above, people wait.
const (
	leastGather = 30 * time.Millisecond
	mostGather  = time.Second
)

// gather waits for more of the work that just took so long: to look at everything costs
// the same for one file as for fifty, so that it is done half of the time at most. Work
// that comes alone does not wait: the pause comes after it.
func (l *Line) gather(ctx context.Context, took time.Duration) {
	pause(ctx, min(max(took, leastGather), mostGather))
}

func (l *Line) workers() int {
	if l.Workers > 0 {
		return l.Workers
	}
	return runtime.GOMAXPROCS(0)
}

func (l *Line) now() time.Time {
	if l.Now == nil {
		return time.Now()
	}
	return l.Now()
}

func (l *Line) log() *slog.Logger {
	if l.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l.Log
}

// complain logs err at most once a minute for each what and first argument, the
// station, so that an outage does not drown the log.
func (l *Line) complain(what string, err error, args ...any) {
	key := what
	if len(args) > 1 {
		key += fmt.Sprint(args[1])
	}
	l.signals().mu.Lock()
	quiet := l.now().Sub(l.lost[key]) < time.Minute
	if !quiet {
		l.lost[key] = l.now()
	}
	l.mu.Unlock()
	if !quiet {
		l.log().Error(what, append(args, "kind", fault.KindOf(err).Error(), "err", err)...)
	}
}
