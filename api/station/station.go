package station

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"bargkhan/api/archive"
	"bargkhan/api/fault"
	"bargkhan/api/intake"
)

// A Station takes, sends and asks. Its exported fields are set once, before Open;
// its methods may be called from many goroutines.
type Station struct {
	Data    string           // folder of the spool and the ledger; created when absent
	KeyFile string           // read again whenever the service does not know the key
	Folders []*intake.Folder // where files are dropped; their Station names the folder
	Client  *Client          // nil for a hall without network
	Reserve int64            // bytes of disk kept free; zero means the archive's default
	Poll    time.Duration    // between questions about files that are being read; zero means the default
	Now     func() time.Time // nil means time.Now
	Log     *slog.Logger     // nil means silence

	ledger *ledger
	spool  *archive.Folder
	lock   *os.File
	sent   chan struct{} // something may be sent
	asked  chan struct{} // something may be asked

	// spooling is held for reading from a file's coming into the spool to its entry,
	// and for writing while bytes that no entry needs are removed.
	spooling sync.RWMutex

	mu       sync.Mutex
	key      Key
	keyErr   error
	line     Line
	troubles map[string]trouble // by file
	alarms   map[string]string  // by folder: why nothing is taken there
}

// A Line is how the way to the service stands.
type Line struct {
	Heard time.Time     // when the service answered last; zero: never since the start
	Since time.Time     // since when it does not answer; zero: it does
	Err   error         // why
	Ahead time.Duration // how far our clock is ahead of the service's
}

// A trouble is why one file cannot be sent, and when it is tried again.
type trouble struct {
	err   error
	tries int
	next  time.Time
}

// defaultPoll: a verdict is wanted while the paper is still in the hand, and two
// questions a second from each of a hundred halls are little for the service.
const defaultPoll = 500 * time.Millisecond

// Open opens the spool and the ledger, for this process alone. The caller closes
// the station.
func (s *Station) Open() (err error) {
	defer fault.Wrap(&err, "station: open %s", s.Data)
	if err := os.MkdirAll(filepath.Join(s.Data, "spool"), 0o770); err != nil {
		return err
	}
	s.lock, err = os.OpenFile(filepath.Join(s.Data, "lock"), os.O_RDWR|os.O_CREATE, 0o660)
	if err != nil {
		return err
	}
	if err := unix.Flock(int(s.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = s.lock.Close() // nothing was written
		return fmt.Errorf("another process works on this folder: stop it first, or give this one its own: %w", err)
	}
	if s.ledger, err = openLedger(filepath.Join(s.Data, ledgerName), s.now()); err != nil {
		_ = s.lock.Close() // nothing was written
		return err
	}
	if n := s.ledger.broken; n > 0 {
		s.log().Warn("lines of the ledger could not be read; what they said is done again", "lines", n)
	}
	s.spool = &archive.Folder{Dir: filepath.Join(s.Data, "spool"), Reserve: s.Reserve}
	s.sent, s.asked = make(chan struct{}, 1), make(chan struct{}, 1)
	s.troubles, s.alarms = map[string]trouble{}, map[string]string{}
	s.readKey()
	return nil
}

// ledgerName is the ledger's file in the data folder.
const ledgerName = "ledger"

// Close closes what Open opened.
func (s *Station) Close() error { return errors.Join(s.ledger.close(), s.lock.Close()) }

// Run takes, sends and asks until ctx is done. Nothing that happens ends it.
func (s *Station) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, f := range s.Folders {
		g.Go(func() error { s.take(ctx, f); return nil })
	}
	g.Go(func() error { s.settle(ctx); return nil })
	if s.Client != nil {
		for _, loop := range []func(context.Context){s.greet, s.send, s.ask} {
			g.Go(func() error { loop(ctx); return nil })
		}
	}
	return g.Wait()
}

// readKey reads the key's file again.
func (s *Station) readKey() {
	k, err := ReadKey(s.KeyFile)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key, s.keyErr = k, err
}

// Key is the station's key as it was read last.
func (s *Station) Key() (Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key, s.keyErr
}

// take takes what is dropped in one folder.
func (s *Station) take(ctx context.Context, f *intake.Folder) {
	for a, err := range f.Arrivals(ctx) {
		switch {
		case err == nil:
			s.keepTrying(ctx, f, a)
		case ctx.Err() == nil:
			s.log().Error("a folder or file could not be taken; it is tried again", "folder", f.Station, "err", err)
		}
	}
}

// keepTrying keeps one file, however long the disk is full. Nothing more is claimed
// in its folder meanwhile.
func (s *Station) keepTrying(ctx context.Context, f *intake.Folder, a intake.Arrival) {
	for try := 0; ctx.Err() == nil; try++ {
		err := s.keep(ctx, f, a)
		s.alarm(f.Station, err)
		if err == nil || ctx.Err() != nil {
			return
		}
		s.log().Error("a file could not be kept; it is tried again", "folder", f.Station, "file", a.ID, "name", a.Name, "err", err)
		if fault.KindOf(err) != fault.Transient && try >= 2 {
			return // it lies in work/, where the next start finds it; the next file gets its turn
		}
		pause(ctx, nil, min(100*time.Millisecond<<min(try, 10), 10*time.Second))
	}
}

// keep copies one file into the spool and then enters it in the ledger. It may be
// repeated. A file that changed since it was taken goes back to be taken again.
func (s *Station) keep(ctx context.Context, f *intake.Folder, a intake.Arrival) error {
	old, known := s.ledger.get(a.ID)
	if known && (old.Sum != Sum(a.Sum)) {
		return f.PutBack(a)
	}
	if known && old.Fate != nil {
		return nil // settle puts it away
	}
	s.spooling.RLock()
	defer s.spooling.RUnlock()
	err := s.spool.Put(ctx, a.Sum, a.Path)
	if errors.Is(err, fault.Conflict) {
		return f.PutBack(a)
	}
	if err != nil || known {
		return err
	}
	e := Entry{File: File{ID: a.ID, Sum: Sum(a.Sum), Size: a.Size, Name: a.Name, At: a.At}, Folder: f.Station}
	if err := s.ledger.put(e); err != nil {
		return &fault.Error{Kind: fault.Transient, Msg: "دفتر ایستگاه نوشته نمی‌شود.", Hint: "در دیسک ایستگاه جا باز کنید.", Err: err}
	}
	s.log().Info("file taken", "folder", f.Station, "file", a.ID, "name", a.Name, "bytes", a.Size)
	wake(s.sent)
	return nil
}

// alarm notes why nothing can be taken in a folder, or that it can.
func (s *Station) alarm(folder string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var f *fault.Error
	switch {
	case err == nil:
		delete(s.alarms, folder)
	case errors.As(err, &f):
		s.alarms[folder] = f.Msg + " " + f.Hint
	default:
		s.alarms[folder] = "فایلی از این پوشه برداشته نشد؛ دوباره تلاش می‌شود."
	}
}

// settle puts files whose fate is known into the trays of their folders, again and
// again while a folder is out of reach. It also takes in receipts from sticks.
func (s *Station) settle(ctx context.Context) {
	const every = 2 * time.Second
	for ctx.Err() == nil {
		s.receipts(ctx)
		for _, e := range s.ledger.find(func(e *Entry) bool { return e.Fate != nil && !e.Put }) {
			if err := s.put(e); err != nil && ctx.Err() == nil {
				s.log().Warn("a file could not be put away; it is tried again", "file", e.ID, "name", e.Name, "err", err)
			}
		}
		pause(ctx, nil, every)
	}
}

// decide keeps the fate of a file and puts it away.
func (s *Station) decide(ctx context.Context, e Entry, f Fate) error {
	if e.Fate = &f; e.Sent.IsZero() {
		e.Sent = s.now()
	}
	s.fetch(ctx, e)
	if err := s.ledger.put(e); err != nil {
		return err
	}
	s.log().Info("file decided", "file", e.ID, "name", e.Name, "end", f.End, "pages", f.Pages, "back", len(f.Back))
	return s.put(e)
}

// put moves a file into the tray of its end, with the slip of what was given back,
// and forgets its bytes in the spool. Repeating it changes nothing.
func (s *Station) put(e Entry) error {
	f := s.folder(e.Folder)
	if f == nil {
		return fmt.Errorf("the folder %s is no longer configured: name it again", e.Folder)
	}
	a := intake.Arrival{ID: e.ID, Sum: e.Sum, Station: f.Station, Name: e.Name, Size: e.Size, At: e.At}
	var err error
	switch back := e.Fate.needed(); {
	case e.Fate.End == Returned:
		err = f.Return(a, slip(e))
	case e.Fate.End == Copied:
		err = f.Done(a, intake.Copies)
	case len(back) > 0:
		err = errors.Join(f.Slip(a, slip(e), s.pictures(e)), f.Done(a, intake.Read))
	default:
		err = f.Done(a, intake.Read)
	}
	if err != nil {
		return err
	}
	e.Put = true
	if err := s.ledger.put(e); err != nil {
		return err
	}
	return s.drop(e.Sum)
}

// drop removes bytes from the spool that no file needs any more.
func (s *Station) drop(sum Sum) error {
	s.spooling.Lock()
	defer s.spooling.Unlock()
	if len(s.ledger.find(func(e *Entry) bool { return e.Sum == sum && e.Fate == nil })) > 0 {
		return nil
	}
	path, release, err := s.spool.Path(context.Background(), sum)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer release()
	return os.Remove(path)
}

// folder is the drop folder of this name; nil when there is none.
func (s *Station) folder(name string) *intake.Folder {
	for _, f := range s.Folders {
		if f.Station == name {
			return f
		}
	}
	return nil
}

func (s *Station) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s *Station) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

// wake wakes whoever waits on c, now or at his next wait.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// pause waits for d, until it is woken, or until ctx is done.
func pause(ctx context.Context, c chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-c:
	case <-t.C:
	}
}
