package archive

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"bargkhan/api/fault"
)

// An S3 names a bucket of an S3-compatible server and who asks there.
type S3 struct {
	Endpoint string // "https://host" or "http://host:port"
	Region   string // empty: asked of the server
	Bucket   string // must exist
	Prefix   string // of every key, "scans/"; may be empty
	Access   string // the key's name
	Secret   string
	Cache    string // folder of the copies that other processes read; made when absent, and may be shared
}

// A Bucket is an archive in a bucket of an S3-compatible server, which many
// machines may share. Keys are as the files of a Folder, so that either can be
// copied into the other. Its methods may be called from many goroutines, its
// bucket may be used from many machines.
type Bucket struct {
	s3     S3
	client *minio.Client
	dir    string   // of the copies, below Cache, of this process alone
	lock   *os.File // held in dir for as long as the process lives

	// Stall is how long a transfer may stand still before it is given up, to be
	// tried again; zero means the default.
	Stall time.Duration

	// Keep bounds the copies in the cache that nobody reads, in bytes; zero means
	// the default.
	Keep int64

	mu     sync.Mutex
	copies map[[32]byte]*kept
	turn   int64 // counts the uses of copies
}

const (
	// defaultStall outlasts a mobile link that fades in a tunnel; longer only
	// holds up a job that could be read from its beginning by then.
	defaultStall = 30 * time.Second

	// defaultKeep holds what a review desk looks at in a quarter of an hour: five
	// hundred scans of half a megabyte.
	defaultKeep = 256 << 20

	// retries of the library for one request, a second or two: whoever calls tries
	// again himself.
	retries = 3
)

// OpenBucket makes the archive of c. It asks nobody yet: a server that is away
// now must not keep a service from starting.
func OpenBucket(c S3) (*Bucket, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("archive: %q is not the address of a server: https://host expected", c.Endpoint)
	}
	transport, err := minio.DefaultTransport(u.Scheme == "https")
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	transport.ResponseHeaderTimeout = defaultStall
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(c.Access, c.Secret, ""), Secure: u.Scheme == "https", Region: c.Region,
		Transport: transport, MaxRetries: retries, TrailingHeaders: true, // without it the library sends no checksums
	})
	if err != nil {
		return nil, fmt.Errorf("archive: bucket %s at %s: %w", c.Bucket, c.Endpoint, err)
	}
	b := &Bucket{s3: c, client: client, copies: map[[32]byte]*kept{}}
	if b.dir, b.lock, err = ownFolder(c.Cache); err != nil {
		return nil, fmt.Errorf("archive: cache of the bucket: %w", err)
	}
	return b, nil
}

// Put keeps the bytes of the file at path, whose SHA-256 must be sum. It is
// complete when it returns and nothing shows before. Keeping again changes
// nothing. Other bytes than sum says are a fault.Conflict; a server that does not
// answer or does not take them, a fault.Transient.
func (b *Bucket) Put(ctx context.Context, sum [32]byte, path string) (err error) {
	defer fault.Wrap(&err, "archive: keep %x", sum)
	_, err = b.client.StatObject(ctx, b.s3.Bucket, b.key(sum), minio.StatObjectOptions{})
	if err == nil {
		return nil
	}
	if !absent(err) {
		return away(ctx, err)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	h := sha256.New()
	size, err := io.Copy(h, &reader{ctx, file})
	if err != nil {
		return err
	}
	if got := [32]byte(h.Sum(nil)); got != sum {
		return fmt.Errorf("%w: the file holds %x: it changed after it was taken", fault.Conflict, got)
	}
	return b.send(ctx, sum, path, size)
}

// send uploads the file in one request. The server is told the sum of what it must
// have received, and keeps nothing else: a file that changes while it is sent is
// refused there.
func (b *Bucket) send(ctx context.Context, sum [32]byte, path string, size int64) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	ctx, stall := b.watch(ctx)
	defer stall.stop()
	_, err = b.client.PutObject(ctx, b.s3.Bucket, b.key(sum), &moving{file, stall}, size, minio.PutObjectOptions{
		DisableMultipart: true, ContentType: "application/octet-stream",
		UserMetadata: map[string]string{"x-amz-checksum-sha256": base64.StdEncoding.EncodeToString(sum[:])},
	})
	return away(ctx, err)
}

// Open opens a kept scan. It is a fault.NotFound when there is none. Every read may
// fail when the server goes away.
func (b *Bucket) Open(ctx context.Context, sum [32]byte) (io.ReadSeekCloser, error) {
	obj, err := b.client.GetObject(ctx, b.s3.Bucket, b.key(sum), minio.GetObjectOptions{})
	if err != nil {
		return nil, b.missing(ctx, sum, err)
	}
	if _, err := obj.Stat(); err != nil {
		_ = obj.Close() // nothing was opened
		return nil, b.missing(ctx, sum, err)
	}
	return obj, nil
}

// key is the name of a scan in the bucket.
func (b *Bucket) key(sum [32]byte) string {
	name := hex.EncodeToString(sum[:])
	return b.s3.Prefix + name[:2] + "/" + name
}

// missing says that a scan is not there, or that nobody knows.
func (b *Bucket) missing(ctx context.Context, sum [32]byte, err error) error {
	if absent(err) {
		return fmt.Errorf("archive: %w: no scan %x", fault.NotFound, sum)
	}
	return fmt.Errorf("archive: scan %x: %w", sum, away(ctx, err))
}

// absent says that the server answered: there is no such key.
func absent(err error) bool {
	r := minio.ToErrorResponse(err)
	return r.StatusCode == http.StatusNotFound && r.Code != minio.NoSuchBucket
}

// away calls an error of the bucket an obstacle that may pass, and says what to do.
// Being stopped is nobody's fault.
func away(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = errors.Join(err, cause)
		if !errors.Is(cause, errStall) {
			return err
		}
	}
	return &fault.Error{
		Kind: fault.Transient,
		Msg:  "سرور بایگانی اسکن‌ها پاسخ نمی‌دهد یا نمی‌پذیرد.",
		Hint: "شبکه، کلید دسترسی و جای خالی سرور بایگانی را بررسی کنید؛ کار خودبه‌خود ادامه می‌یابد و فایلی گم نمی‌شود.",
		Err:  err,
	}
}

// errStall ends a transfer that stands still.
var errStall = errors.New("the transfer stood still")

// A stall ends a context when nothing moves for a while.
type stall struct {
	timer  *time.Timer
	after  time.Duration
	cancel context.CancelCauseFunc
}

// watch returns a context that ends with errStall unless the stall is moved.
func (b *Bucket) watch(ctx context.Context) (context.Context, *stall) {
	ctx, cancel := context.WithCancelCause(ctx)
	s := &stall{after: b.Stall, cancel: cancel}
	if s.after <= 0 {
		s.after = defaultStall
	}
	s.timer = time.AfterFunc(s.after, func() { cancel(errStall) })
	return ctx, s
}

func (s *stall) stop() {
	s.timer.Stop()
	s.cancel(nil)
}

// moving tells a stall of everything that is read.
type moving struct {
	io.Reader
	stall *stall
}

func (m *moving) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if n > 0 {
		m.stall.timer.Reset(m.stall.after)
	}
	return n, err
}
