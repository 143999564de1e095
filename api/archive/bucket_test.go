package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"bargkhan/api/fault"
)

// An s3 is a real server of buckets: versitygw over a folder.
type s3 struct {
	t    *testing.T
	dir  string // a folder a bucket
	addr string
	cmd  *exec.Cmd
	n    int
}

// gateway is where versitygw is, or "".
func gateway() string {
	if path, err := exec.LookPath("versitygw"); err == nil {
		return path
	}
	path, err := filepath.Abs("../../var/tools/versitygw")
	if _, statErr := os.Stat(path); err != nil || statErr != nil {
		return ""
	}
	return path
}

// newS3 starts a server. The test is skipped where there is none.
func newS3(t *testing.T) *s3 {
	t.Helper()
	if gateway() == "" {
		t.Skip("no S3 server: versitygw is neither in PATH nor in var/tools; `make s3` installs it (two minutes) and runs these tests")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &s3{t: t, dir: t.TempDir(), addr: l.Addr().String()}
	l.Close()
	s.start()
	t.Cleanup(s.kill)
	return s
}

// start starts the server on its address and waits until it answers.
func (s *s3) start() {
	s.t.Helper()
	s.cmd = exec.Command(gateway(), "--port", s.addr, "posix", "--nometa", s.dir)
	s.cmd.Env = []string{"ROOT_ACCESS_KEY=test", "ROOT_SECRET_KEY=test-secret", "PATH=" + os.Getenv("PATH"), "HOME=" + s.dir}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var log bytes.Buffer
	s.cmd.Stdout, s.cmd.Stderr = &log, &log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", s.addr)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(deadline) {
			s.kill()
			s.t.Fatalf("the S3 server does not answer: %v\n%s", err, &log)
		}
	}
}

// kill ends the server as a power cut does.
func (s *s3) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed
}

// bucket makes an empty bucket and opens it through address.
func (s *s3) bucket(t *testing.T, address string) (*Bucket, string) {
	t.Helper()
	s.n++
	name := "scans-" + string('a'+rune(s.n))
	dir := filepath.Join(s.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	b, err := OpenBucket(S3{Endpoint: address, Region: "us-east-1", Bucket: name, Prefix: "hall/",
		Access: "test", Secret: "test-secret", Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return b, dir
}

// TestBucket holds a bucket to what every archive must do.
func TestBucket(t *testing.T) {
	s := newS3(t)
	conform(t, func(t *testing.T) (backend, func() int) {
		b, dir := s.bucket(t, "http://"+s.addr)
		return b, func() int { return len(names(t, dir)) }
	})
}

// TestBucketOutage stops the server, and starts it again: nothing is lost, and the
// error meanwhile is one that passes.
func TestBucketOutage(t *testing.T) {
	s := newS3(t)
	b, _ := s.bucket(t, "http://"+s.addr)
	path, sum := file(t, []byte("a scan"))
	if err := b.Put(t.Context(), sum, path); err != nil {
		t.Fatal(err)
	}
	s.kill()
	other, otherSum := file(t, []byte("another scan"))
	if err := b.Put(t.Context(), otherSum, other); !errors.Is(err, fault.Transient) {
		t.Errorf("Put while the server is away: got %v, want transient", err)
	}
	if _, _, err := b.Path(t.Context(), sum); !errors.Is(err, fault.Transient) {
		t.Errorf("Path while the server is away: got %v, want transient", err)
	}
	s.start()
	checkKept(t, b, sum, []byte("a scan"))
	if err := b.Put(t.Context(), otherSum, other); err != nil {
		t.Error(err)
	}
	checkKept(t, b, otherSum, []byte("another scan"))
}

// TestBucketRefuses meets a server that knows us not, and a bucket that is not there.
func TestBucketRefuses(t *testing.T) {
	s := newS3(t)
	path, sum := file(t, []byte("a scan"))
	for name, c := range map[string]S3{
		"wrong secret":   {Bucket: "scans-b", Secret: "wrong"},
		"no such bucket": {Bucket: "none", Secret: "test-secret"},
	} {
		t.Run(name, func(t *testing.T) {
			c.Endpoint, c.Region, c.Access, c.Cache = "http://"+s.addr, "us-east-1", "test", t.TempDir()
			b, err := OpenBucket(c)
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Put(t.Context(), sum, path); !errors.Is(err, fault.Transient) {
				t.Errorf("Put: got %v, want transient", err)
			}
			if _, _, err := b.Path(t.Context(), sum); !errors.Is(err, fault.Transient) {
				t.Errorf("Path: got %v, want transient", err)
			}
		})
	}
	if _, err := OpenBucket(S3{Endpoint: "here"}); err == nil {
		t.Error("an address without http:// was taken")
	}
}

// TestBucketChanged changes what lies in the bucket behind the archive's back: what
// is read is never taken for the scan.
func TestBucketChanged(t *testing.T) {
	s := newS3(t)
	b, dir := s.bucket(t, "http://"+s.addr)
	path, sum := file(t, []byte("a scan"))
	if err := b.Put(t.Context(), sum, path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, b.key(sum)), []byte("A scan"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Path(t.Context(), sum); fault.KindOf(err) != fault.Internal || err == nil {
		t.Errorf("got %v, want an internal fault", err)
	}
}

// TestBucketFileGrows sends a file that changes after it was summed: the server is
// told the sum and refuses other bytes.
func TestBucketFileGrows(t *testing.T) {
	s := newS3(t)
	b, dir := s.bucket(t, "http://"+s.addr)
	path, _ := file(t, []byte("A SCAN"))
	sum := sha256.Sum256([]byte("a scan"))
	if err := b.send(t.Context(), sum, path, 6); err == nil {
		t.Error("the server took other bytes than the sum says")
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("the bucket holds %q, want nothing", got)
	}
}

// TestBucketCut cuts the connection in the middle of every transfer for a while.
func TestBucketCut(t *testing.T) {
	s := newS3(t)
	var cut atomic.Bool
	front := cutter(t, s.addr, &cut)
	b, _ := s.bucket(t, "http://"+front)
	b.Stall = 300 * time.Millisecond
	body := bytes.Repeat([]byte("0123456789"), 300_000)
	path, sum := file(t, body)
	cut.Store(true)
	if err := b.Put(t.Context(), sum, path); !errors.Is(err, fault.Transient) {
		t.Errorf("Put through a cut line: got %v, want transient", err)
	}
	cut.Store(false)
	checkAbsent(t, b, sum) // what the server itself left of it shows nowhere
	if err := b.Put(t.Context(), sum, path); err != nil {
		t.Fatal(err)
	}
	cut.Store(true)
	if _, _, err := b.Path(t.Context(), sum); !errors.Is(err, fault.Transient) {
		t.Errorf("Path through a cut line: got %v, want transient", err)
	}
	if got := cached(t, b); len(got) != 0 {
		t.Errorf("the cache holds %q, want nothing", got)
	}
	cut.Store(false)
	checkKept(t, b, sum, body)
}

// cutter is a line to addr that, while cut is set, goes dead after a megabyte.
func cutter(t *testing.T, addr string, cut *atomic.Bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	pass := func(to, from net.Conn) {
		defer to.Close()
		defer from.Close()
		buf, n := make([]byte, 64<<10), 0
		for {
			m, err := from.Read(buf)
			if n += m; cut.Load() && n > 1<<20 {
				time.Sleep(500 * time.Millisecond) // it only stands still, and ends later
				return
			}
			if _, werr := to.Write(buf[:m]); err != nil || werr != nil {
				return
			}
		}
	}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", addr)
			if err != nil {
				in.Close()
				continue
			}
			go pass(out, in)
			go pass(in, out)
		}
	}()
	return l.Addr().String()
}

// cached lists the copies in a bucket's cache.
func cached(t *testing.T, b *Bucket) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(b.dir, "scan-*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestCacheShared opens a cache that another process uses, and one that a dead
// process left.
func TestCacheShared(t *testing.T) {
	cache := t.TempDir()
	c := S3{Endpoint: "http://127.0.0.1:1", Cache: cache}
	alive, err := OpenBucket(c)
	if err != nil {
		t.Fatal(err)
	}
	dead, err := OpenBucket(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.lock.Close(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{alive.dir, dead.dir} {
		if err := os.WriteFile(filepath.Join(dir, "scan-1"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		long := time.Now().Add(-time.Hour)
		if err := os.Chtimes(dir, long, long); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenBucket(c); err != nil {
		t.Fatal(err)
	}
	if len(cached(t, alive)) != 1 || len(cached(t, dead)) != 0 {
		t.Errorf("of the living %q, of the dead %q", cached(t, alive), cached(t, dead))
	}
}

// TestBucketCache keeps copies while they are read, and a bounded number after.
func TestBucketCache(t *testing.T) {
	s := newS3(t)
	var gets atomic.Int64
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			gets.Add(1)
		}
		r.URL.Scheme, r.URL.Host, r.RequestURI = "http", s.addr, ""
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer res.Body.Close()
		for k, vs := range res.Header {
			w.Header()[k] = vs
		}
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body) // the client sees what is missing
	}))
	defer front.Close()
	b, _ := s.bucket(t, front.URL)
	b.Keep = 25 // two copies of ten bytes
	var sums [][32]byte
	for _, body := range []string{"scan one..", "scan two..", "scan three"} {
		path, sum := file(t, []byte(body))
		if err := b.Put(t.Context(), sum, path); err != nil {
			t.Fatal(err)
		}
		sums = append(sums, sum)
	}
	look := func(i int) func() {
		t.Helper()
		path, release, err := b.Path(context.Background(), sums[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		return release
	}
	first := look(0)
	for _, c := range []struct {
		scan int
		gets int64 // all in all, after it
	}{{1, 2}, {2, 3}, {1, 3}, {2, 3}, {0, 3}} {
		look(c.scan)()
		if n := gets.Load(); n != c.gets {
			t.Errorf("after scan %d: fetched %d times, want %d", c.scan, n, c.gets)
		}
	}
	first()
	if got := cached(t, b); len(got) != 2 {
		t.Errorf("the cache holds %q, want two copies", got)
	}
}
