package intake

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// emptyFor is how long a batch's folder must have been empty before it is removed:
// capture programs make the folder first and may take minutes to the first page.
const emptyFor = 10 * time.Minute

// Finish says that the stack is through the scanner: what lies in drop/ now is
// taken at the next look at which it is still as it was, without waiting for
// Settle. It must be whole all the same. What was put off is tried at once.
func (f *Folder) Finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finished = f.now()
	for _, s := range f.seen {
		s.next = time.Time{}
	}
}

// quiet is how long a file must be still: a look's distance when its batch was said
// to be complete.
func (f *Folder) quiet(s *sight) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	// A file that came just before was not seen before the next look.
	hurried := !f.finished.IsZero() && s.Since.Before(f.finished.Add(f.poll()))
	for dir := range f.marked {
		hurried = hurried || within(s.Name, dir)
	}
	if hurried {
		return min(f.settle(), f.poll())
	}
	return f.settle()
}

// within says whether the file called name lies in a folder of drop/, or below it.
func within(name, dir string) bool {
	return dir == "." || strings.HasPrefix(name, dir+string(filepath.Separator))
}

// remark keeps what a look saw of marks, of empty folders and of folders.
func (f *Folder) remark(marked map[string]string, empty map[string]bool, dirs []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.marked, f.dirs = marked, dirs
	bare := map[string]time.Time{}
	for dir := range empty {
		bare[dir] = f.now()
		if since, ok := f.bare[dir]; ok {
			bare[dir] = since
		}
	}
	f.bare = bare
}

// tidy puts away marks whose batches are taken, and removes folders that are long
// empty. What cannot be moved is tried again at the next look. f.mu is held.
func (f *Folder) tidy(found map[string]fs.FileInfo) {
	if f.Source != "" {
		return
	}
	for dir, mark := range f.marked {
		if !holds(found, dir) {
			f.putAway(mark)
		}
	}
	for dir, since := range f.bare {
		if f.now().Sub(since) > emptyFor {
			remove(filepath.Join(f.dir(drop), dir)) // not if something came meanwhile
		}
	}
}

// holds says whether a file was found in dir.
func holds(found map[string]fs.FileInfo, dir string) bool {
	for name := range found {
		if within(name, dir) {
			return true
		}
	}
	return false
}

// putAway moves a mark to where its batch lies.
func (f *Folder) putAway(mark string) {
	to := filepath.Join(f.dir(Read), f.free(Read, Arrival{Name: filepath.ToSlash(mark), ID: f.now().UTC().Format(idTime)}, nil))
	if err := os.MkdirAll(filepath.Dir(to), 0o770); err == nil {
		_ = move(filepath.Join(f.dir(drop), mark), to) // tried again at the next look
	}
}

// Look is the time between two looks.
func (f *Folder) Look() time.Duration { return f.poll() }
