package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"

	"bargkhan/api/exam"
	"bargkhan/omr/omrtest"
)

// A manner is how a scanner's program writes a file into its folder.
type manner uint8

const (
	atOnce    manner = iota // under a hidden name, then renamed
	inPieces                // slowly, under its own name
	tornFirst               // stops half-way, and is completed when everything else was scanned
)

// A file is what the scanner writes, and what is truly on it.
type file struct {
	name   string // names repeat when a scanner's counter restarts
	bytes  []byte
	pages  []omrtest.Truth
	manner manner
	copy   bool // the same bytes came before
	how    string
}

// sum is the file's identity.
func (f *file) sum() exam.ScanID {
	s := sha256.Sum256(f.bytes)
	return exam.ScanID(hex.EncodeToString(s[:]))
}

// scan drops the stack's files one after another, as the demo's scanner, and
// waits until the line has brought every one of them to its end. Files that
// arrived in an earlier, broken-off run are not dropped again.
func (d *Demo) scan(ctx context.Context, o *office, s *stack) error {
	if err := d.clearTorn(); err != nil {
		return err
	}
	if err := d.idle(ctx, o); err != nil {
		return err
	}
	fates, err := d.ledger(ctx, o)
	if err != nil {
		return err
	}
	come := map[exam.ScanID]int{}
	for _, f := range fates {
		come[f.Scan]++
	}
	dropped := make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() { dropped <- d.feed(ctx, s, come) }()
	return d.watch(ctx, o, s, dropped)
}

// feed writes the files that have not come yet.
func (d *Demo) feed(ctx context.Context, s *stack, come map[exam.ScanID]int) error {
	var torn []*file
	for _, f := range s.files {
		if come[f.sum()] > 0 {
			come[f.sum()]--
			continue
		}
		if f.manner == tornFirst {
			if err := os.WriteFile(filepath.Join(d.Drop, f.name), f.bytes[:len(f.bytes)*3/5], 0o644); err != nil {
				return err
			}
			torn = append(torn, f)
			continue
		}
		if err := d.drop(ctx, f); err != nil {
			return err
		}
	}
	for _, f := range torn {
		if err := d.drop(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// drop writes one file as its scanner would, when the name is free: a scanner
// whose counter restarts waits for its earlier file to be taken.
func (d *Demo) drop(ctx context.Context, f *file) error {
	name := filepath.Join(d.Drop, f.name)
	if f.manner != tornFirst {
		if err := await(ctx, func() (bool, error) {
			_, err := os.Lstat(name)
			return os.IsNotExist(err), nil
		}); err != nil {
			return fmt.Errorf("%s is never taken: %w", f.name, err)
		}
	}
	if f.manner == atOnce {
		hidden := filepath.Join(d.Drop, "."+f.name+".part")
		if err := os.WriteFile(hidden, f.bytes, 0o644); err != nil {
			return err
		}
		return os.Rename(hidden, name)
	}
	w, err := os.Create(name)
	if err != nil {
		return err
	}
	const pieces = 4
	for i := range pieces {
		if _, err := w.Write(f.bytes[len(f.bytes)*i/pieces : len(f.bytes)*(i+1)/pieces]); err != nil {
			w.Close()
			return err
		}
		if !pause(ctx, 60*time.Millisecond) {
			w.Close()
			return ctx.Err()
		}
	}
	return w.Close()
}

// watch shows how far the line has come until every file of the stack has ended.
func (d *Demo) watch(ctx context.Context, o *office, s *stack, dropped <-chan error) error {
	bar := d.progress("read", len(s.files))
	done, last, moved := false, 0, time.Now()
	for {
		fates, err := d.ledger(ctx, o)
		if err != nil {
			return err
		}
		ended := 0
		for _, f := range fates {
			if f.End != exam.EndWaiting {
				ended++
			}
		}
		bar(ended)
		if ended > last {
			last, moved = ended, time.Now()
		} else if time.Since(moved) > patience {
			return fmt.Errorf("%d of %d files have come to an end, and for %v no other", ended, len(s.files), patience)
		}
		if done && ended >= len(s.files) {
			return d.graded(ctx, o, s)
		}
		select {
		case err := <-dropped:
			if err != nil {
				return err
			}
			done = true
			dropped = nil
		case <-time.After(300 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// graded waits until every script that was filed has its grades.
func (d *Demo) graded(ctx context.Context, o *office, s *stack) error {
	return await(ctx, func() (bool, error) {
		rows, err := o.pull(ctx)
		want := 0
		for _, p := range s.papers {
			if !p.absent {
				want += titles
			}
		}
		return len(rows) >= want, err
	})
}

// progress is the display of n things done: a bar on a terminal, a line now and
// then elsewhere.
func (d *Demo) progress(what string, n int) func(done int) {
	if d.Terminal {
		bar := progressbar.NewOptions(n, progressbar.OptionSetWriter(d.Out), progressbar.OptionShowCount(),
			progressbar.OptionSetDescription("  "+what), progressbar.OptionSetPredictTime(false), progressbar.OptionFullWidth(),
			progressbar.OptionOnCompletion(func() { fmt.Fprintln(d.Out) }))
		return func(done int) { _ = bar.Set(done) } // a display that fails is no reason to stop
	}
	last := -1
	return func(done int) {
		if step := done * 10 / n; step != last {
			last = step
			fmt.Fprintf(d.Out, "  %s %d of %d\n", what, done, n)
		}
	}
}

// clearTorn removes what a broken-off run left half-written in the drop folder:
// the scanner that wrote it will write it again.
func (d *Demo) clearTorn() error {
	entries, err := os.ReadDir(d.Drop)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(d.Drop, e.Name())); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

// idle waits until every file that arrived has ended.
func (d *Demo) idle(ctx context.Context, o *office) error {
	return await(ctx, func() (bool, error) {
		fates, err := d.ledger(ctx, o)
		if err != nil {
			return false, err
		}
		work, err := os.ReadDir(filepath.Join(filepath.Dir(d.Drop), "work"))
		if err != nil && !os.IsNotExist(err) {
			return false, err
		}
		for _, f := range fates {
			if f.End == exam.EndWaiting {
				return false, nil
			}
		}
		return len(work) == 0, nil
	})
}

// ledger is what the service says became of the station's files.
func (d *Demo) ledger(ctx context.Context, o *office) ([]exam.Fate, error) {
	var page struct{ Scans []exam.Fate }
	err := o.expert.call(ctx, http.MethodGet, "/api/v1/stations/"+d.Station+"/scans?limit=1000", nil, &page)
	return page.Scans, err
}

// patience is how long the demo waits for one thing before it gives up.
const patience = 2 * time.Minute

// await asks until done says yes.
func await(ctx context.Context, done func() (bool, error)) error {
	deadline := time.Now().Add(patience)
	for {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %v in vain", patience)
		}
		if !pause(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// pause waits for t, and says whether nobody stopped it.
func pause(ctx context.Context, t time.Duration) bool {
	select {
	case <-time.After(t):
		return true
	case <-ctx.Done():
		return false
	}
}
