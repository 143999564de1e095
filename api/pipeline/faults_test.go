package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bargkhan/api/fault"
	"bargkhan/api/pipeline/child"
	"bargkhan/api/store"
	"bargkhan/api/store/local"
)

// TestFaults puts the line into a world that fails, and wants everything to end as
// in one that does not, by itself once the world is well again.
func TestFaults(t *testing.T) {
	t.Run("S-34 the archive's disk is full", testArchiveFull)
	t.Run("S-34 the database's disk is full", testDatabaseFull)
	t.Run("input and output errors", testInputOutput)
	t.Run("permission denied", testImmutable)
	t.Run("rename across file systems", testAcross)
	t.Run("S-36 the clock jumps", testClock)
	t.Run("the connection is cut", testCut)
	t.Run("one job is poisoned for ever", testPoisoned)
}

// three drops three sheets.
func (o *office) three() {
	o.t.Helper()
	o.drop(map[string][]byte{"1.jpg": jpg(o.of(0, 10, 0)), "2.jpg": jpg(o.of(1, 10, 0)), "3.jpg": jpg(o.of(2, 10, 0))})
}

// allThree wants the three read, graded, and kept byte for byte.
func (o *office) allThree() {
	o.t.Helper()
	if diff := cmp.Diff([]string{"read/1.jpg", "read/2.jpg", "read/3.jpg"}, o.tree()); diff != "" {
		o.t.Error(diff)
	}
	if got := o.outcomes(); len(got) != 3 {
		o.t.Errorf("graded %v, want three", got)
	}
	kept, _ := filepath.Glob(filepath.Join(o.root, "archive", "*", "[0-9a-f]*"))
	if len(kept) != 3 {
		o.t.Errorf("the archive holds %q", kept)
	}
}

// tmpfs mounts a small disk of its own, for root alone.
func tmpfs(t *testing.T, dir, size string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=755,size="+size); err != nil {
		t.Skipf("mounting a small disk is not allowed here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// fill writes until the disk of dir is full, and returns what to remove.
func fill(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4096} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return path
}

func testArchiveFull(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	dir := filepath.Join(o.root, "archive")
	tmpfs(t, dir, "8m")
	ballast := fill(t, dir)
	o.three()
	l := o.line(o.store) // Reserve is a byte: the copy itself meets the full disk
	go func() {
		pause(context.Background(), time.Second)
		if got := o.ended(); got != 0 {
			t.Errorf("%d files ended while nothing could be kept", got)
		}
		_ = os.Remove(ballast)
	}()
	o.run(o.still(3), l.Run)
	o.allThree()
}

// testDatabaseFull fills the disk of a database of its own while sheets are filed.
func testDatabaseFull(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "bargkhan-full-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	tmpfs(t, filepath.Join(dir, "disk"), "200m")
	server, err := local.Start(context.Background(), filepath.Join(dir, "disk", "pg"), nil, "fsync=off", "max_wal_size=64MB", "min_wal_size=32MB")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	o := officeAt(t, server.URL(), false)
	o.three()
	ballast := fill(t, filepath.Join(dir, "disk"))
	go func() {
		pause(context.Background(), 2*time.Second)
		_ = os.Remove(ballast)
	}()
	o.run(o.still(3), o.line(o.store).Run)
	o.allThree()
}

// A sick archive fails the first times it is asked.
type sick struct {
	Archive
	left atomic.Int32
}

func (s *sick) fails() error {
	if s.left.Add(-1) >= 0 {
		return fmt.Errorf("archive: %w: %w", fault.Transient, &os.PathError{Op: "write", Path: "scan", Err: syscall.EIO})
	}
	return nil
}

func (s *sick) Put(ctx context.Context, sum [32]byte, path string) error {
	if err := s.fails(); err != nil {
		return err
	}
	return s.Archive.Put(ctx, sum, path)
}

func (s *sick) Path(ctx context.Context, sum [32]byte) (string, func(), error) {
	if err := s.fails(); err != nil {
		return "", nil, err
	}
	return s.Archive.Path(ctx, sum)
}

func testInputOutput(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.three()
	l := o.line(o.store)
	bad := &sick{Archive: l.Archive}
	bad.left.Store(5)
	l.Archive = bad
	o.run(o.still(3), l.Run)
	o.allThree()
}

// testImmutable forbids to move a file, even to root: it waits, listed, and the
// others do not wait for it.
func testImmutable(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.three()
	path := filepath.Join(o.root, "hall-1", "drop", "2.jpg")
	if out, err := exec.Command("chattr", "+i", path).CombinedOutput(); err != nil {
		t.Skipf("a file cannot be made immutable here: %v: %s", err, bytes.TrimSpace(out))
	}
	free := func() { _ = exec.Command("chattr", "-i", path).Run() }
	t.Cleanup(free)
	l := o.line(o.store)
	o.run(func() bool {
		waits, err := l.Waiting("hall-1")
		return err == nil && len(waits) == 1 && waits[0].Why == "unreadable" && o.ended() == 2
	}, l.Run)
	free()
	o.run(o.still(3), o.line(o.store).Run)
	o.allThree()
}

// testAcross has the scanner's folder on another disk than the trays.
func testAcross(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	tmpfs(t, filepath.Join(o.root, "hall-1", "drop"), "8m")
	o.three()
	o.run(o.still(3), o.line(o.store).Run)
	o.allThree()
}

func testClock(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.three()
	l := o.line(o.store)
	jumps := []time.Duration{0, -50 * 365 * 24 * time.Hour, 24 * time.Hour, -90 * time.Minute, time.Hour}
	// Not in turns: looks that ask as often as there are jumps would see one of them only.
	l.Now = func() time.Time { return time.Now().Add(jumps[rand.IntN(len(jumps))]) }
	l.Folders[0].Now = l.Now
	o.run(o.still(3), l.Run)
	o.allThree()
}

// A proxy stands between the line and the database, and can be cut.
type proxy struct {
	net.Listener
	socket string
	mu     sync.Mutex
	cut    bool
	conns  []net.Conn
}

func newProxy(t *testing.T, database string) (p *proxy, through string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	p = &proxy{socket: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432")}
	if p.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(p.socket); err != nil {
		t.Skipf("the database of the tests is not behind a socket: %v", err)
	}
	t.Cleanup(func() { p.Close(); p.set(true) })
	go p.serve()
	u.Host, u.RawQuery = p.Addr().String(), "sslmode=disable"
	return p, u.String()
}

func (p *proxy) serve() {
	for {
		in, err := p.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("unix", p.socket)
		if err != nil {
			_ = in.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, in, out)
		refused := p.cut
		p.mu.Unlock()
		if refused {
			p.set(true)
			continue
		}
		go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
	}
}

// set cuts every connection and refuses new ones, or lets them pass again.
func (p *proxy) set(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut = cut; cut {
		for _, c := range p.conns {
			_ = c.Close()
		}
		p.conns = nil
	}
}

// testCut cuts the line from its database for some seconds, or for BARGKHAN_CUT, twice,
// in the middle of its work.
func testCut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p, through := newProxy(t, o.url)
	far, err := store.Open(context.Background(), through, nil)
	o.must(err)
	t.Cleanup(far.Close)
	l := o.line(far)
	o.three()
	cut := 3 * time.Second // past what the store bridges by itself
	if asked := os.Getenv("BARGKHAN_CUT"); asked != "" {
		cut, err = time.ParseDuration(asked)
		o.must(err)
	}
	go func() {
		for range 2 {
			pause(context.Background(), 150*time.Millisecond)
			p.set(true)
			pause(context.Background(), cut)
			p.set(false)
		}
	}()
	o.runFor(40*time.Second+2*cut, o.still(3), l.Run)
	o.allThree()
}

// A poisoned reader fails for ever on one file.
type poisoned struct {
	Reader
	path string // its end
	on   atomic.Bool
}

func (p *poisoned) Read(ctx context.Context, path string) iter.Seq2[child.Page, error] {
	if p.on.Load() && filepath.Base(path) == p.path {
		return func(yield func(child.Page, error) bool) { yield(child.Page{}, errors.New("poison")) }
	}
	return p.Reader.Read(ctx, path)
}

// testPoisoned has one file whose job fails whatever is done: the others are read,
// and when the cause is repaired so is it.
func testPoisoned(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.three()
	l := o.line(o.store)
	bad := &poisoned{Reader: l.Reader, path: sumName(t, filepath.Join(o.root, "hall-1", "drop", "1.jpg"))}
	bad.on.Store(true)
	l.Reader = bad
	o.run(func() bool { return o.ended() == 2 && len(o.outcomes()) == 2 }, l.Run)
	q, err := o.store.Queue(context.Background())
	if err != nil || q.Depth+q.Aside != 1 {
		t.Errorf("queue: %+v, %v; want the one file kept in mind", q, err)
	}
	bad.on.Store(false)
	l = o.line(o.store)
	o.run(o.still(3), l.Run)
	o.allThree()
}

// sumName is the name in the archive of a file.
func sumName(t *testing.T, path string) string {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(scanOf(sha256.Sum256(body)))
}
