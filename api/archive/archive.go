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
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"bargkhan/api/fault"
)

// A Folder is an archive in a folder of this machine, or of a share. It creates what
// it needs below Dir:
//
//	ab/abcd…      a scan, under its hash
//	.put/abcd….*  a scan that is being kept, or was when the power failed
//
// Its methods may be called from many goroutines, processes and machines.
type Folder struct {
	Dir string

	// Reserve is how many bytes must stay free on the disk; zero means the default.
	Reserve int64

	synced sync.Map // folders below Dir whose own names are surely on the disk
}

// putting is the folder of what is not yet kept.
const putting = ".put"

// abandoned is how long nothing was written to a half-kept scan whose writer is
// surely dead: far longer than a transfer stands still, and than the clocks of two
// machines differ.
const abandoned = 24 * time.Hour

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
	if !there(to) {
		if err := f.put(ctx, sum, path, to); err != nil {
			return err
		}
	}
	// Also of a scan that was there: who put it may have died before this.
	if err := syncDir(filepath.Dir(to)); err != nil {
		return err
	}
	f.tidy(sum)
	return nil
}

// put copies the file at path to the place to, by way of a name that says that it is
// not whole.
func (f *Folder) put(ctx context.Context, sum [32]byte, path, to string) error {
	if err := errors.Join(f.folder(filepath.Dir(to)), f.folder(filepath.Join(f.Dir, putting))); err != nil {
		return err
	}
	if err := f.Room(); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Join(f.Dir, putting), filepath.Base(to)+".*")
	if err != nil {
		return full(err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // after the rename there is none
	if err := errors.Join(copyAs(ctx, tmp, path, sum), onDisk(tmp.Sync()), onDisk(tmp.Close())); err != nil {
		return err
	}
	// Whoever kept the same bytes meanwhile has taken ours away as left over.
	if err := os.Rename(tmp.Name(), to); err != nil && !there(to) {
		return full(err)
	}
	return nil
}

// onDisk calls an error of bringing bytes to the disk an obstacle that may pass: a disk
// that is full, or fails, may say so only then.
func onDisk(err error) error {
	if err == nil {
		return nil
	}
	return full(err)
}

// folder makes a folder below Dir, and sees once that its name is on the disk.
func (f *Folder) folder(dir string) error {
	if _, known := f.synced.Load(dir); known && there(dir) {
		return nil
	}
	if err := os.MkdirAll(dir, 0o770); err != nil {
		return full(err)
	}
	if err := syncDir(f.Dir); err != nil {
		return err
	}
	f.synced.Store(dir, true)
	return nil
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// tidy removes what others left of a scan that is kept now, and of any scan long
// ago: whoever died over it comes again with the same bytes, or never.
func (f *Folder) tidy(sum [32]byte) {
	left, _ := os.ReadDir(filepath.Join(f.Dir, putting)) // what stays takes room and no more
	for _, d := range left {
		info, err := d.Info()
		if err != nil {
			continue // removed by its writer
		}
		if strings.HasPrefix(d.Name(), hex.EncodeToString(sum[:])) || time.Since(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(f.Dir, putting, d.Name()))
		}
	}
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
	free, err := f.Free()
	if err != nil {
		return full(err)
	}
	reserve := f.Reserve
	if reserve == 0 {
		reserve = defaultReserve
	}
	if free < reserve {
		return full(fmt.Errorf("%d MB free in %s, %d MB are kept in reserve", free>>20, f.Dir, reserve>>20))
	}
	return nil
}

// Free is how many bytes are free on the disk, the reserve included.
func (f *Folder) Free() (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(f.Dir, &s); err != nil {
		return 0, fmt.Errorf("asking %s for its room: %w", f.Dir, err)
	}
	return int64(s.Bavail) * s.Bsize, nil
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
