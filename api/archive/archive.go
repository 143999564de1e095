// Package archive keeps scans under the hash of what they hold. A scan is kept
// once, never changed, and found again by its hash alone.
package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"bargkhan/api/fault"
)

// A Folder is an archive in a folder of this machine. It creates what it needs
// below Dir. Its methods may be called from many goroutines and processes.
type Folder struct {
	Dir string

	// Reserve is how many bytes must stay free on the disk; zero means the default.
	Reserve int64
}

// defaultReserve leaves PostgreSQL and the logs of an exam day room to go on when
// scans have filled the disk: 3,000 sheets of 0.5 MB are 1.5 GB, their rows a
// tenth of that.
const defaultReserve = 256 << 20

// Put keeps the bytes of the file at path, whose SHA-256 must be sum. It is
// complete when it returns and nothing shows before. Keeping again changes
// nothing. Other bytes than sum says are a fault.Conflict; too little room, or a
// disk that does not write, a fault.Transient.
func (f *Folder) Put(ctx context.Context, sum [32]byte, path string) (err error) {
	defer fault.Wrap(&err, "archive: keep %x", sum)
	to := f.at(sum)
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o770); err != nil {
		return full(err)
	}
	if err := f.Room(); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(to), ".put-*")
	if err != nil {
		return full(err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // after the rename there is none
	if err := errors.Join(copyAs(ctx, tmp, path, sum), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), to); err != nil {
		return full(err)
	}
	return errors.Join(syncDir(filepath.Dir(to)), syncDir(f.Dir))
}

// copyAs copies the file at path and checks that it is what sum says.
func copyAs(ctx context.Context, to *os.File, path string, sum [32]byte) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(&writer{to}, h), &reader{ctx, from}); err != nil {
		return err
	}
	if got := [32]byte(h.Sum(nil)); got != sum {
		return fmt.Errorf("%w: the file holds %x: it changed after it was taken", fault.Conflict, got)
	}
	return nil
}

// Open opens a kept scan. It is a fault.NotFound when there is none.
func (f *Folder) Open(_ context.Context, sum [32]byte) (io.ReadSeekCloser, error) {
	file, err := os.Open(f.at(sum))
	if err != nil {
		return nil, missing(sum, err)
	}
	return file, nil
}

// Path is where a kept scan can be read by another process until release is
// called. It is a fault.NotFound when there is none.
func (f *Folder) Path(_ context.Context, sum [32]byte) (path string, release func(), err error) {
	path = f.at(sum)
	if _, err := os.Stat(path); err != nil {
		return "", nil, missing(sum, err)
	}
	return path, func() {}, nil
}

// Room is a fault.Transient while less than Reserve is free.
func (f *Folder) Room() error {
	var s unix.Statfs_t
	if err := unix.Statfs(f.Dir, &s); err != nil {
		return full(fmt.Errorf("asking %s for its room: %w", f.Dir, err))
	}
	reserve := f.Reserve
	if reserve == 0 {
		reserve = defaultReserve
	}
	if free := int64(s.Bavail) * s.Bsize; free < reserve {
		return full(fmt.Errorf("%d MB free in %s, %d MB are kept in reserve", free>>20, f.Dir, reserve>>20))
	}
	return nil
}

// at is where the scan with this sum lies. A folder a first byte keeps folders
// small enough to list: 300,000 scans a year make 1,200 in each.
func (f *Folder) at(sum [32]byte) string {
	name := hex.EncodeToString(sum[:])
	return filepath.Join(f.Dir, name[:2], name)
}

// full says that the disk is the obstacle, and what to do.
func full(err error) error {
	return &fault.Error{
		Kind: fault.Transient,
		Msg:  "بایگانی اسکن‌ها جا ندارد یا نوشته نمی‌شود.",
		Hint: "در دیسک بایگانی جا باز کنید و دسترسی نوشتن را بررسی کنید؛ کار خودبه‌خود ادامه می‌یابد و فایلی گم نمی‌شود.",
		Err:  err,
	}
}

// missing says that a scan is not there, or cannot be looked at.
func missing(sum [32]byte, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("archive: %w: no scan %x", fault.NotFound, sum)
	}
	return fmt.Errorf("archive: %w: scan %x: %w", fault.Transient, sum, err)
}

// syncDir brings the names in a folder to the disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return full(err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOTSUP) {
		return full(err)
	}
	return nil
}

// A writer calls every error of writing a lack of room.
type writer struct{ w io.Writer }

func (w *writer) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err != nil {
		err = full(err)
	}
	return n, err
}

// A reader stops reading when ctx is done.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
