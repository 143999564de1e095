package pipeline

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bargkhan/api/exam"
	"bargkhan/api/pipeline/child"
	"bargkhan/api/store"
	"bargkhan/api/store/local"
	"bargkhan/omr"
)

// TestFaultsGoBy is TestFaults for what goes by without a person, or costs one page.
func TestFaultsGoBy(t *testing.T) {
	t.Run("S-34 the disk is full only when it is synced", testSyncFull)
	t.Run("PostgreSQL is restarted", testRestarted)
	t.Run("a worker panics on one page", testPanic)
	t.Run("a poisoned job is set aside, with an alarm", testAside)
}

// testSyncFull has the archive on a disk that takes the bytes and refuses the sync, as
// thin volumes do: a file system in a sparse file on a small disk that fills up.
func testSyncFull(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	thin, dir := filepath.Join(o.root, "thin"), filepath.Join(o.root, "archive")
	tmpfs(t, thin, "6m")
	img := filepath.Join(thin, "img")
	o.must(os.Mkdir(dir, 0o755))
	o.must(os.WriteFile(img, nil, 0o600))
	o.must(os.Truncate(img, 64<<20))
	for _, line := range [][]string{{"mkfs.ext4", "-q", "-O", "^has_journal", img}, {"mount", "-o", "loop", img, dir}} {
		if out, err := exec.Command(line[0], line[1:]...).CombinedOutput(); err != nil {
			t.Skipf("a disk in a file cannot be had here: %v: %v: %s", line, err, out)
		}
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	ballast := fill(t, thin)
	if err := written(filepath.Join(dir, "probe")); !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EIO) {
		t.Fatalf("the full disk said %v to a sync", err)
	}
	o.must(os.Remove(filepath.Join(dir, "probe")))
	o.three()
	go func() {
		pause(context.Background(), time.Second)
		if got := o.ended(); got != 0 {
			t.Errorf("%d files ended while nothing could be kept", got)
		}
		_ = os.Remove(ballast)
	}()
	o.run(o.still(3), o.line(o.store).Run)
	o.allThree()
}

// written writes a file of some size, and syncs it.
func written(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 400_000))
	return errors.Join(err, f.Sync(), f.Close())
}

// testRestarted stops the database in the middle of the work, politely, and starts it
// again some seconds later, twice.
func testRestarted(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "bargkhan-again-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	up := func() *local.Server {
		server, err := local.Start(context.Background(), filepath.Join(dir, "pg"), nil, "fsync=off")
		if err != nil {
			t.Error(err)
		}
		return server
	}
	server := up()
	o := officeAt(t, server.URL(), false)
	o.three()
	restarts := make(chan *local.Server)
	go func() {
		for range 2 {
			pause(context.Background(), 200*time.Millisecond)
			server.Stop()
			pause(context.Background(), 2*time.Second) // past what the store bridges by itself
			server = up()
		}
		restarts <- server
	}()
	o.run(o.still(3), o.line(o.store).Run)
	t.Cleanup((<-restarts).Stop)
	o.allThree()
}

// A dizzy reader says nothing of one page, on which the judge panics.
type dizzy struct {
	Reader
	image int
}

func (d dizzy) Read(ctx context.Context, path string) iter.Seq2[child.Page, error] {
	return func(yield func(child.Page, error) bool) {
		for p, err := range d.Reader.Read(ctx, path) {
			if p.Image == d.image {
				p.Reading, p.Reject = nil, nil
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// testPanic panics on the second page of a stack: that page is given back, the others
// are read, and so is what lies behind.
func testPanic(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.drop(map[string][]byte{"1.tif": tif(o.of(0, 10, 0), o.of(1, 10, 0), o.of(2, 10, 0)), "2.jpg": jpg(o.of(3, 10, 0))})
	l := o.line(o.store)
	l.Reader = dizzy{l.Reader, 2}
	o.run(o.still(2), l.Run)
	ledger, err := o.store.Ledger(context.Background(), "", 10)
	if err != nil || len(ledger) != 2 {
		t.Fatalf("ledger: %+v, %v", ledger, err)
	}
	stack := ledger[1]
	if stack.End != exam.EndRead || stack.Sheets != 2 || len(stack.Back) != 1 || stack.Back[0].Image != 2 || stack.Back[0].Why.Reason != omr.Killed {
		t.Errorf("the stack: %+v; want two sheets and the second page given back", stack)
	}
	if got := o.outcomes(); len(got) != 3 {
		t.Errorf("graded %v, want three", got)
	}
}

// A record is a log that may be read while it is written.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *record) has(s string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Contains(r.b.String(), s)
}

// testAside has one file whose job fails whatever is done: after its tries, whose waits
// are cut short, it is set aside, said in the log and counted; what is dropped
// meanwhile is read. When the cause is repaired and the file dropped again, so is it.
func testAside(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	said := &record{}
	memory, err := store.Open(context.Background(), o.url, slog.New(slog.NewTextHandler(said, nil)))
	o.must(err)
	t.Cleanup(memory.Close)
	body := jpg(o.of(0, 10, 0))
	o.drop(map[string][]byte{"1.jpg": body})
	l := o.line(memory)
	bad := &poisoned{Reader: l.Reader, path: sumName(t, filepath.Join(o.root, "hall-1", "drop", "1.jpg"))}
	bad.on.Store(true)
	l.Reader = bad
	conn, err := pgx.Connect(context.Background(), o.url)
	o.must(err)
	defer conn.Close(context.Background()) //nolint:errcheck // nothing is at stake
	o.run(func() bool {
		_, err := conn.Exec(context.Background(), `update river_job set scheduled_at = now() - interval '1 s', state = 'available' where state = 'retryable'`)
		o.must(err)
		q, err := o.store.Queue(context.Background())
		return err == nil && q.Aside == 1 && q.Depth == 0
	}, l.Run)
	if !said.has("set aside after many tries") {
		t.Error("the log does not say that a scan was set aside")
	}
	o.drop(map[string][]byte{"2.jpg": jpg(o.of(1, 10, 0))})
	l = o.line(memory)
	l.Reader = bad
	o.run(func() bool { return o.ended() == 1 && len(o.outcomes()) == 1 }, l.Run)

	bad.on.Store(false)
	o.drop(map[string][]byte{"1 again.jpg": body})
	o.run(o.still(3), o.line(memory).Run)
	if got := o.outcomes(); len(got) != 2 {
		t.Errorf("graded %v, want both", got)
	}
	if q, err := o.store.Queue(context.Background()); err != nil || q.Aside != 0 {
		t.Errorf("queue: %+v, %v; want nothing aside", q, err)
	}
}
