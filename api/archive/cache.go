package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sys/unix"

	"bargkhan/api/fault"
)

// A kept copy of a scan lies in the cache while somebody reads it, and for a while
// after: a person looks at one scan many times.
type kept struct {
	done  chan struct{} // closed when path or err is known
	path  string
	size  int64
	err   error
	users int
	used  int64 // turn of the last use
}

// Path is where a kept scan can be read by another process until release is
// called. It is a fault.NotFound when there is none, and a fault.Internal when the
// bucket holds other bytes than were kept.
func (b *Bucket) Path(ctx context.Context, sum [32]byte) (path string, release func(), err error) {
	for {
		k, mine := b.use(sum)
		if mine {
			k.path, k.size, k.err = b.fetch(ctx, sum)
			close(k.done)
		}
		select {
		case <-k.done:
		case <-ctx.Done():
			b.leave(sum, k)
			return "", nil, ctx.Err()
		}
		if k.err == nil {
			return k.path, func() { b.leave(sum, k) }, nil
		}
		b.leave(sum, k)
		if !mine && ctx.Err() == nil && errors.Is(k.err, context.Canceled) {
			continue // who fetched it was stopped; we were not
		}
		return "", nil, k.err
	}
}

// use finds the copy of a scan, or makes its place; then it is the caller's to fetch.
func (b *Bucket) use(sum [32]byte) (k *kept, mine bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn++
	k = b.copies[sum]
	if k == nil {
		k, mine = &kept{done: make(chan struct{})}, true
		b.copies[sum] = k
	}
	k.users++
	k.used = b.turn
	return k, mine
}

// leave ends one use of a copy and removes what nobody needs any more.
func (b *Bucket) leave(sum [32]byte, k *kept) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k.users--
	if k.err != nil && b.copies[sum] == k {
		delete(b.copies, sum) // the next one tries again
	}
	for b.idle() > b.room() {
		b.removeOldest()
	}
}

// room is how many bytes may lie unused.
func (b *Bucket) room() int64 {
	if b.Keep > 0 {
		return b.Keep
	}
	return defaultKeep
}

// idle counts the bytes of copies that nobody reads.
func (b *Bucket) idle() (n int64) {
	for _, k := range b.copies {
		if k.users == 0 {
			n += k.size
		}
	}
	return n
}

// removeOldest removes the copy that was not used for the longest time.
func (b *Bucket) removeOldest() {
	var sum [32]byte
	var oldest *kept
	for s, k := range b.copies {
		if k.users == 0 && (oldest == nil || k.used < oldest.used) {
			sum, oldest = s, k
		}
	}
	delete(b.copies, sum)
	_ = os.Remove(oldest.path) // what stays takes room and no more
}

// fetch copies a scan into the cache and checks that it is what was kept.
func (b *Bucket) fetch(ctx context.Context, sum [32]byte) (path string, size int64, err error) {
	ctx, stall := b.watch(ctx)
	defer stall.stop()
	obj, err := b.client.GetObject(ctx, b.s3.Bucket, b.key(sum), minio.GetObjectOptions{})
	if err != nil {
		return "", 0, b.missing(ctx, sum, err)
	}
	defer obj.Close() //nolint:errcheck // it was only read
	tmp, err := os.CreateTemp(b.dir, "scan-*")
	if err != nil {
		return "", 0, full(err)
	}
	h := sha256.New()
	size, err = io.Copy(io.MultiWriter(&writer{tmp}, h), &moving{obj, stall})
	if err != nil && !errors.Is(err, fault.Transient) {
		err = b.missing(ctx, sum, err)
	}
	if got := [32]byte(h.Sum(nil)); err == nil && got != sum {
		err = fmt.Errorf("archive: %w: the bucket holds %x under the name of scan %x: restore it from a backup", fault.Internal, got, sum)
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		_ = os.Remove(tmp.Name()) // what stays takes room and no more
		return "", 0, err
	}
	return tmp.Name(), size, nil
}

// Names in a cache: a folder for each process, and in it the lock that says that
// the process lives.
const (
	runHead  = "run-"
	lockName = "lock"
)

// young is how old a folder must be before it may be taken for a dead process's: a
// process that has just made its own has not locked it yet.
const young = time.Minute

// ownFolder makes a folder for this process in cache, and removes those of
// processes that are gone.
func ownFolder(cache string) (dir string, lock *os.File, err error) {
	if err := os.MkdirAll(cache, 0o770); err != nil {
		return "", nil, err
	}
	old, _ := filepath.Glob(filepath.Join(cache, runHead+"*"))
	for _, dir := range old {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < young {
			continue
		}
		if lock, err := lockIn(dir); err == nil {
			_ = os.RemoveAll(dir) // what stays takes room and no more
			_ = lock.Close()      // nothing was written
		}
	}
	if dir, err = os.MkdirTemp(cache, runHead+"*"); err != nil {
		return "", nil, err
	}
	lock, err = lockIn(dir)
	return dir, lock, err
}

// lockIn takes the lock of a folder, or says that another process has it.
func lockIn(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o660)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = lock.Close() // nothing was written
		return nil, err
	}
	return lock, nil
}
