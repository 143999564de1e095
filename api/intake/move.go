package intake

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// move renames a file and never overwrites one: a taken target is fs.ErrExist.
// Both folders are on the disk when it returns.
func move(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) {
		err = moveLooking(from, to) // a network share that knows no such promise
	}
	if errors.Is(err, unix.EXDEV) {
		err = moveAcross(from, to)
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	if err := syncDir(filepath.Dir(to)); err != nil {
		return err
	}
	return syncDir(filepath.Dir(from))
}

// moving begins the hidden name of a file that is on its way from another disk.
const moving = ".move-"

// moveAcross moves a file to another file system: it copies, and removes what it
// copied when all of it is on the disk. A crash before leaves a hidden name; one
// between the two leaves the file in both places, and it comes again as a copy.
func moveAcross(from, to string) error {
	hidden := filepath.Join(filepath.Dir(to), moving+filepath.Base(filepath.Dir(to)))
	defer remove(hidden) // nothing is there after the rename
	before, err := os.Stat(from)
	if err != nil {
		return err
	}
	if err := CopyFile(from, hidden); err != nil {
		return err
	}
	after, err := os.Stat(from)
	if err != nil {
		return err
	}
	if after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return errGrew
	}
	if err := unix.Renameat2(unix.AT_FDCWD, hidden, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE); err != nil {
		return err
	}
	return os.Remove(from)
}

// moveLooking renames after looking whether the target is free.
func moveLooking(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	return os.Rename(from, to)
}

// writing begins the hidden name of a file that is being written.
const writing = ".write-"

// write writes a file whole or not at all: under a hidden name first. A file of
// that name is replaced.
func write(path string, body []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), writing+"*")
	if err != nil {
		return err
	}
	defer remove(tmp.Name())
	_, err = tmp.Write(body)
	if err = errors.Join(err, tmp.Chmod(0o660), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// remove removes a file that may be gone already; one that stays is hidden, and
// harms nobody.
func remove(path string) { _ = os.Remove(path) }

// syncDir brings the names in a folder to the disk. Shares that cannot are
// forgiven: they promise no order either.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EBADF) {
		return nil
	}
	return err
}
