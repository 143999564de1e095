package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"bargkhan/api/fault"
)

// A Picture is a page of a file, given back as a picture of its own.
type Picture struct {
	Image int // page of the file, from 1
	JPEG  []byte
}

// Done ends the life of a claimed file: it goes to tray under the name it was
// dropped with, or one like it if that is taken. Repeating it changes nothing.
func (f *Folder) Done(a Arrival, tray Tray) (err error) {
	defer fault.Wrap(&err, "intake: move %s %q of station %s to %s", a.ID, a.Name, f.Station, tray)
	return f.end(a, tray, f.free(tray, a, nil))
}

// Return ends the life of a claimed file in returned/, with text beside it.
// Repeating it changes nothing.
func (f *Folder) Return(a Arrival, text string) (err error) {
	defer fault.Wrap(&err, "intake: return %s %q of station %s", a.ID, a.Name, f.Station)
	if f.ended(a) {
		f.clear(a)
		return nil
	}
	name := f.free(Returned, a, []byte(text))
	if err := f.slip(name, []byte(text)); err != nil {
		return err
	}
	return f.end(a, Returned, name)
}

// Slip puts text and pictures of single pages into returned/ for a file that goes
// elsewhere as a whole. It comes before Done; repeating it changes nothing. text
// must name the arrival, so that no other file's slip is equal to it.
func (f *Folder) Slip(a Arrival, text string, pages []Picture) (err error) {
	defer fault.Wrap(&err, "intake: return pages of %s %q of station %s", a.ID, a.Name, f.Station)
	if f.ended(a) {
		return nil
	}
	name := f.free(Returned, a, []byte(text))
	stem, _ := split(name)
	for _, p := range pages {
		jpg := fit(stem+".jpg", fmt.Sprintf("-p%03d", p.Image))
		if err := f.add(jpg, a.ID, p.JPEG); err != nil {
			return err
		}
	}
	return f.slip(name, []byte(text))
}

// PutBack returns a claimed file to drop/, as if it had never been claimed: it had
// not been whole. It gets another name if its own is taken by then.
func (f *Folder) PutBack(a Arrival) (err error) {
	defer fault.Wrap(&err, "intake: put %s %q of station %s back", a.ID, a.Name, f.Station)
	if f.Source != "" {
		return f.forgetTaken(a)
	}
	name := filepath.FromSlash(a.Name)
	if err := os.MkdirAll(filepath.Dir(filepath.Join(f.dir(drop), name)), 0o770); err != nil {
		return err
	}
	err = move(f.claimed(a.ID, a.Name), filepath.Join(f.dir(drop), name))
	if errors.Is(err, fs.ErrExist) {
		name = fit(name, "~"+a.ID)
		err = move(f.claimed(a.ID, a.Name), filepath.Join(f.dir(drop), name))
	}
	if err != nil && !gone(err) {
		return err
	}
	f.clear(a)
	return nil
}

// end moves the file of a, if that was not done before, and removes its folder.
func (f *Folder) end(a Arrival, tray Tray, name string) error {
	from, to := f.claimed(a.ID, a.Name), filepath.Join(f.dir(tray), name)
	if err := os.MkdirAll(filepath.Dir(to), 0o770); err != nil {
		return err
	}
	if err := move(from, to); err != nil && !gone(err) {
		return err
	}
	f.clear(a)
	return nil
}

// ended says that the file of a has left work/.
func (f *Folder) ended(a Arrival) bool {
	_, err := os.Lstat(f.claimed(a.ID, a.Name))
	return gone(err)
}

// clear removes the work folder of a once it is empty.
func (f *Folder) clear(a Arrival) { removeEmpty(filepath.Join(f.dir(work), a.ID)) }

// free is the name that a file, and with it a slip of this text, may have in tray:
// its own, or its own with its ID when something else has it. A slip with the same
// text is of an earlier try.
func (f *Folder) free(tray Tray, a Arrival, text []byte) string {
	name := filepath.FromSlash(a.Name)
	path := filepath.Join(f.dir(tray), name)
	_, err := os.Lstat(path)
	switch {
	case errors.Is(err, syscall.ENOTDIR):
		return fit(filepath.Base(name), "~"+a.ID) // a file has the name of the batch folder
	case err == nil:
		return fit(name, "~"+a.ID)
	}
	if text != nil {
		old, err := os.ReadFile(f.slipOf(name))
		if err == nil && !bytes.Equal(old, text) {
			return fit(name, "~"+a.ID)
		}
	}
	return name
}

// slipOf is where the text beside a returned file of this name lies.
func (f *Folder) slipOf(name string) string {
	dir, base := filepath.Split(name)
	return filepath.Join(f.dir(Returned), dir, cut(base, maxName-len(".txt"))+".txt")
}

// slip writes the text beside a returned file of this name.
func (f *Folder) slip(name string, text []byte) error {
	path := f.slipOf(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o770); err != nil {
		return err
	}
	return write(path, text)
}

// add writes a picture into returned/, beside any other of that name.
func (f *Folder) add(name, id string, body []byte) error {
	path := filepath.Join(f.dir(Returned), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o770); err != nil {
		return err
	}
	old, err := os.ReadFile(path)
	if err == nil && !bytes.Equal(old, body) {
		path = filepath.Join(f.dir(Returned), fit(name, "~"+id))
	}
	return write(path, body)
}
