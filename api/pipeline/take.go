package pipeline

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/intake"
	"bargkhan/omr/page"
)

// Take takes what is dropped at every station, keeps its bytes and queues its
// reading, until ctx is done. While a file cannot be kept because the disk is full
// or the database away, nothing more is claimed at its station.
func (l *Line) Take(ctx context.Context) error {
	l.signals()
	var g errgroup.Group
	for _, f := range l.Folders {
		g.Go(func() error { l.takeAt(ctx, f); return nil })
	}
	return g.Wait()
}

// takeAt takes what is dropped at one station.
func (l *Line) takeAt(ctx context.Context, f *intake.Folder) {
	for a, err := range f.Arrivals(ctx) {
		switch {
		case err == nil:
			l.keepTrying(ctx, f, a)
		case ctx.Err() == nil:
			l.log().Error("a station's folder or file could not be taken; it is tried again", "station", f.Station, "err", err)
		}
	}
}

// How often a file is tried that fails for a reason of its own, before the next
// one gets its turn; Settle tries it again later.
const keepTries = 3

// keepTrying keeps an arrival, however long the world stands in the way.
func (l *Line) keepTrying(ctx context.Context, f *intake.Folder, a intake.Arrival) {
	l.taking.Store(a.ID, true)
	defer l.taking.Delete(a.ID)
	for try := 1; ctx.Err() == nil; try++ {
		err := l.keep(ctx, f, a)
		if err == nil || ctx.Err() != nil {
			return
		}
		l.complain("a file could not be kept; it is tried again", err, "station", f.Station, "arrival", a.ID, "name", a.Name)
		if fault.KindOf(err) != fault.Transient && try >= keepTries {
			return
		}
		pause(ctx, min(100*time.Millisecond<<min(try, 10), 10*time.Second))
	}
}

// keep keeps the bytes of an arrival under their hash and then, in one
// transaction, remembers the arrival and queues its reading. It may be repeated. A
// file that changed since it was taken goes back to be taken again.
func (l *Line) keep(ctx context.Context, f *intake.Folder, a intake.Arrival) error {
	err := l.Archive.Put(ctx, a.Sum, a.Path)
	if errors.Is(err, fault.Conflict) {
		l.log().Warn("a file changed after it was taken; it was put back", "station", f.Station, "arrival", a.ID, "name", a.Name)
		return f.PutBack(a)
	}
	if err != nil {
		return err
	}
	err = l.Store.Keep(ctx, exam.Arrival{
		ID: a.ID, Scan: scanOf(a.Sum), Station: a.Station, Name: a.Name, Size: a.Size, At: a.At,
	})
	if err == nil {
		l.Metrics.taken(a.Station, a.At)
		l.log().Info("file taken", "station", a.Station, "arrival", a.ID, "scan", scanOf(a.Sum), "name", a.Name, "bytes", a.Size)
		hurry(l.filed) // a copy's end is decided already
	}
	return err
}

// Whole says whether the file at path is complete in itself, and if not, what is
// missing: what intake asks before it takes a file.
func Whole(path string) (bool, string) {
	file, err := os.Open(path)
	if err != nil {
		return false, err.Error()
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, err.Error()
	}
	return page.Whole(file, info.Size())
}

// scanOf is the name of the scan whose bytes have this sum.
func scanOf(sum [32]byte) exam.ScanID { return exam.ScanID(hex.EncodeToString(sum[:])) }

// sumOf is the sum that a scan is named by. Another name is a fault.NotFound.
func sumOf(id exam.ScanID) (sum [32]byte, err error) {
	b, err := hex.DecodeString(string(id))
	if err != nil || len(b) != len(sum) {
		return sum, fault.New(fault.NotFound, "چنین اسکنی نیست.", "شناسهٔ اسکن را از دفتر ایستگاه بردارید.")
	}
	return [32]byte(b), nil
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
