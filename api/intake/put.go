package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"bargkhan/api/fault"
)

// uploading begins the hidden name of a file that is being put; the leading dot
// keeps looks away from it.
const uploading = ".upload-"

// stale is how old an unfinished upload of an earlier run must be before it is
// removed: longer than any upload takes, and than clocks of two machines differ.
const stale = 48 * time.Hour

// Put drops a file, whole or not at all. An upload is a drop: it is taken like a
// scanner's file. A taken name gets a number. The name is made safe first; what r
// gives is not looked at.
func (f *Folder) Put(ctx context.Context, name string, r io.Reader) (err error) {
	defer fault.Wrap(&err, "intake: put %q at station %s", name, f.Station)
	if f.Source != "" {
		return fault.New(fault.Invalid, "این ایستگاه فایل‌ها را از پوشه‌ای اشتراکی برمی‌دارد و بارگذاری نمی‌پذیرد.", "فایل را در همان پوشه بگذارید، یا در ایستگاهی دیگر بارگذاری کنید.")
	}
	tmp, err := os.CreateTemp(f.dir(drop), uploading+"*")
	if err != nil {
		return unavailable(err)
	}
	f.mark(tmp.Name(), true)
	defer f.mark(tmp.Name(), false)
	defer remove(tmp.Name())
	in := &reader{ctx: ctx, r: r}
	_, err = io.Copy(tmp, in)
	err = errors.Join(err, tmp.Chmod(0o660), tmp.Sync(), tmp.Close())
	if in.err != nil {
		return in.err // the sender's affair
	}
	if err == nil {
		err = f.place(tmp.Name(), clean(name))
	}
	return unavailable(err)
}

// place moves a written file to the first free name like base.
func (f *Folder) place(path, base string) error {
	to := base
	for n := 2; ; n++ {
		err := move(path, filepath.Join(f.dir(drop), to))
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		to = fit(base, fmt.Sprintf("~%d", n))
	}
}

// mark remembers the uploads of this process, so that none is swept away.
func (f *Folder) mark(path string, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.uploads == nil {
		f.uploads = map[string]bool{}
	}
	if on {
		f.uploads[path] = true
	} else {
		delete(f.uploads, path)
	}
}

// sweep removes the uploads and the slips that an earlier run left unfinished.
func (f *Folder) sweep() {
	old, _ := filepath.Glob(filepath.Join(f.dir(drop), uploading+"*"))
	slips, _ := filepath.Glob(filepath.Join(f.dir(Returned), writing+"*"))
	for _, path := range append(old, slips...) {
		info, err := os.Lstat(path)
		f.mu.Lock()
		ours := f.uploads[path]
		f.mu.Unlock()
		if err == nil && !ours && f.now().Sub(info.ModTime()) > stale {
			remove(path)
		}
	}
}

// unavailable tells an uploader that it is not his fault.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return &fault.Error{
		Kind: fault.Transient,
		Msg:  "فایل در پوشهٔ ایستگاه نوشته نشد.",
		Hint: "چند دقیقهٔ دیگر دوباره بفرستید؛ اگر تکرار شد، فضای خالی و دسترسی پوشهٔ ایستگاه را بررسی کنید.",
		Err:  err,
	}
}

// A reader stops reading when ctx is done, and keeps the error that ended it.
type reader struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (r *reader) Read(p []byte) (n int, err error) {
	if err = r.ctx.Err(); err == nil {
		n, err = r.r.Read(p)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
