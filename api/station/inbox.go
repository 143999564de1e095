package station

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"bargkhan/api/archive"
	"bargkhan/api/fault"
)

// An Inbox gathers the pieces of files on the side of the service. What came of a
// file stays over a restart, so that a torn upload goes on where it broke. Its
// methods may be called from many goroutines of one process.
type Inbox struct {
	Dir     string // created when absent; of one process
	Reserve int64  // bytes of disk kept free; zero means the archive's default

	busy sync.Map // files that are being written, by path
}

// Faults of a piece that the station repairs by asking how much is there.
var (
	// ErrOffset says that a piece does not begin where the file ends.
	ErrOffset = errors.New("the piece does not begin where the file ends")
	// ErrSum says that all of a file is there, and it is not what was promised.
	ErrSum = errors.New("the file does not have its sum")
)

// Have is how many bytes of a file are there.
func (in *Inbox) Have(station string, f File) (int64, error) {
	info, err := os.Stat(in.at(station, f))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, in.full(err)
	}
	return info.Size(), nil
}

// Add appends a piece that begins at offset and returns how much is there. What
// came before the piece broke off is kept. When all of the file is there and it is
// what its sum says, it is given to keep, and forgotten here once keep has it; keep
// must bear being called again for the same file. A wrong offset is ErrOffset, a
// wrong sum ErrSum: then the file begins again.
func (in *Inbox) Add(ctx context.Context, station string, f File, offset int64, piece io.Reader, keep func(path string) error) (have int64, done bool, err error) {
	path := in.at(station, f)
	if _, taken := in.busy.LoadOrStore(path, true); taken {
		return 0, false, fault.New(fault.Transient, "همین فایل از اتصال دیگری در حال رسیدن است.", "کمی بعد خودبه‌خود دوباره تلاش می‌شود.")
	}
	defer in.busy.Delete(path)
	have, err = in.write(path, f, offset, piece)
	if err != nil || have < f.Size {
		return have, false, err
	}
	if err := in.check(ctx, path, f); err != nil {
		return 0, false, err
	}
	if err := keep(path); err != nil {
		return have, false, err
	}
	_ = os.Remove(path) // what stays is swept away one day
	return have, true, nil
}

// write appends a piece to a file.
func (in *Inbox) write(path string, f File, offset int64, piece io.Reader) (have int64, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o770); err != nil {
		return 0, in.full(err)
	}
	if err := (&archive.Folder{Dir: in.Dir, Reserve: in.Reserve}).Room(); err != nil {
		return 0, in.full(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o660)
	if err != nil {
		return 0, in.full(err)
	}
	defer func() {
		if cerr := errors.Join(file.Sync(), file.Close()); cerr != nil {
			err = errors.Join(err, in.full(cerr))
		}
	}()
	have, err = file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, in.full(err)
	}
	if have != offset {
		return have, ErrOffset
	}
	from := &source{r: io.LimitReader(piece, f.Size-have)}
	n, err := io.Copy(file, from)
	switch {
	case from.err != nil:
		return have + n, from.err
	case err != nil:
		return have + n, in.full(err)
	}
	return have + n, nil
}

// A source remembers the error of who sends, apart from the disk's.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// check says whether a complete file is what was promised, and removes another.
func (in *Inbox) check(ctx context.Context, path string, f File) error {
	file, err := os.Open(path)
	if err != nil {
		return in.full(err)
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return in.full(err)
	}
	if Sum(h.Sum(nil)) == f.Sum {
		return ctx.Err()
	}
	if err := os.Remove(path); err != nil {
		return in.full(err)
	}
	return ErrSum
}

// abandoned is how old a piece must be before it is swept away: a hall that was cut
// off in the middle of a file has come back, or its file will begin again.
const abandoned = 30 * 24 * time.Hour

// Sweep removes the pieces of files that nobody will complete.
func (in *Inbox) Sweep(now time.Time) {
	old, _ := filepath.Glob(filepath.Join(in.Dir, "*", "*.part"))
	for _, path := range old {
		if info, err := os.Stat(path); err == nil && now.Sub(info.ModTime()) > abandoned {
			_ = os.Remove(path) // what stays takes room and no more
		}
	}
}

// at is where a file is gathered. Other bytes under the same ID are another file.
func (in *Inbox) at(station string, f File) string {
	return filepath.Join(in.Dir, filepath.Base(station), f.ID+"-"+f.Sum.String()[:16]+".part")
}

// full says that the disk of the service is the obstacle.
func (in *Inbox) full(err error) error {
	return &fault.Error{
		Kind: fault.Transient,
		Msg:  "سرور اکنون نمی‌تواند فایل را نگه دارد.",
		Hint: "فایل در ایستگاه می‌ماند و خودبه‌خود دوباره فرستاده می‌شود؛ جای خالی دیسک سرور را بررسی کنید.",
		Err:  fmt.Errorf("inbox %s: %w", in.Dir, err),
	}
}
