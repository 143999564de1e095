package intake

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"bargkhan/api/persian"
)

// The codes of Wait.Why.
const (
	growing    = "growing"
	settling   = "settling"
	incomplete = "incomplete"
	busy       = "busy"
	unreadable = "unreadable"
	empty      = "empty"
)

// retryAtMost bounds the back-off of files that could not be taken: an operator
// who has repaired one should not wait longer for it to go.
const retryAtMost = time.Minute

// A sight is what is known of one file in drop/.
type sight struct {
	Wait
	mod   time.Time
	still time.Time // since when size and mod are as they are, by our own clock
	grew  bool      // it was seen to change
	tries int       // how often it was still and could not be taken
	next  time.Time // when to try again
}

// look sees what lies in drop/ now and returns the names of the files that are
// ready, in natural order. A folder that cannot be listed is an error and changes
// nothing that is known. Only Arrivals looks; others see what was found.
func (f *Folder) look() ([]string, error) {
	began := f.now()
	found, err := f.list()
	if err == nil {
		err = f.probe()
	}
	if err == nil && f.Source != "" {
		err = f.passTaken(found)
	}
	if err != nil {
		f.lost(err)
		return nil, err
	}
	// One time for all that a look sees, so that a batch becomes ready as a whole and
	// is taken in order: that of its end where stillness begins, of its beginning
	// where it is measured.
	ended := f.now()
	now := map[string]*sight{}
	var ready []string
	for name, info := range found {
		s := f.note(f.sight(name), name, info, ended)
		now[name] = s
		if f.ready(s, began) {
			ready = append(ready, name)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trouble, f.seen = nil, now
	f.tidy(found)
	slices.SortFunc(ready, persian.Natural)
	return ready, nil
}

// lost remembers since when and why the folder cannot be looked at.
func (f *Folder) lost(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.trouble == nil {
		f.since = f.now()
	}
	f.trouble = err
}

// sight is a copy of what is known of a file; nil if nothing is.
func (f *Folder) sight(name string) *sight {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.seen[name]
	if s == nil {
		return nil
	}
	known := *s
	return &known
}

// list finds every file below drop/ that is not ignored, by its name in drop/, and
// notes marks and empty folders. What is not a regular file is found too, and
// never followed.
func (f *Folder) list() (map[string]fs.FileInfo, error) {
	root := f.source()
	found, marked, empty := map[string]fs.FileInfo{}, map[string]string{}, map[string]bool{}
	var dirs []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if path == root {
			return err
		}
		name, relErr := filepath.Rel(root, path)
		delete(empty, filepath.Dir(name))
		if f.ignores(d.Name()) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return relErr
		}
		if d.IsDir() && err == nil {
			empty[name], dirs = true, append(dirs, name)
			return nil
		}
		if f.marks(d.Name()) {
			marked[filepath.Dir(name)] = name
			return nil
		}
		info, statErr := d.Info()
		if gone(statErr) {
			return nil // between listing and looking
		}
		if err := errors.Join(statErr, relErr); err != nil {
			return err
		}
		found[name] = info // also a folder that cannot be opened: it is listed as such
		return nil
	})
	if err == nil {
		f.remark(marked, empty, dirs)
	}
	return found, err
}

// note brings what is known of a file up to date.
func (f *Folder) note(s *sight, name string, info fs.FileInfo, now time.Time) *sight {
	switch {
	case s == nil:
		s = &sight{Wait: Wait{Name: name, Since: now}, still: now}
	case s.Size != info.Size() || !s.mod.Equal(info.ModTime()):
		s.still, s.grew, s.tries, s.next = now, true, 0, time.Time{}
	}
	s.Size, s.mod = info.Size(), info.ModTime()
	if !info.Mode().IsRegular() {
		s.Why, s.Detail = unreadable, "not a regular file: "+info.Mode().Type().String()
		s.next = now.Add(retryAtMost)
	}
	return s
}

// ready says whether a file may be taken now; if not, s says why.
func (f *Folder) ready(s *sight, now time.Time) bool {
	switch {
	case now.Before(s.next):
		return false
	case s.Size == 0:
		s.Why, s.Detail = empty, "0 bytes"
		return false
	case now.Sub(s.still) < f.quiet(s):
		s.Why, s.Detail = settling, ""
		if s.grew {
			s.Why = growing
		}
		return false
	}
	path := filepath.Join(f.source(), s.Name)
	if err := opens(path); err != nil {
		f.putOff(s, whyNot(err), err.Error())
		return false
	}
	if f.Whole == nil {
		return true
	}
	whole, missing := f.Whole(path)
	if !whole {
		f.putOff(s, incomplete, missing)
	}
	return whole
}

// putOff notes why a file cannot be taken and tries it again later, each time
// twice as late as before.
func (f *Folder) putOff(s *sight, why, detail string) {
	s.Why, s.Detail = why, detail
	s.next = f.now().Add(min(f.poll()<<min(s.tries, 10), retryAtMost))
	s.tries++
}

// waits lists what is known of the files in drop/.
func (f *Folder) waits() []Wait {
	out := []Wait{}
	for _, s := range f.seen {
		out = append(out, s.Wait)
	}
	slices.SortFunc(out, func(a, b Wait) int { return persian.Natural(a.Name, b.Name) })
	return out
}

// opens says whether a file can be opened, and why not.
func opens(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return file.Close()
}

// whyNot is the code for an error of opening or moving a file.
func whyNot(err error) string {
	for _, held := range []error{unix.EBUSY, unix.ETXTBSY, unix.EAGAIN, unix.EDEADLK} {
		if errors.Is(err, held) {
			return busy
		}
	}
	return unreadable
}
