package intake

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// complain is how often a folder that stays out of reach is spoken of again.
const complain = time.Minute

// Arrivals yields first what an earlier run claimed and did not finish, then what
// is dropped, until ctx is done. An error is of the folder or of one file: it ends
// nothing, and what failed is tried again by itself. The files of one look come in
// natural order of their names. Nothing is claimed while the consumer is busy.
func (f *Folder) Arrivals(ctx context.Context) iter.Seq2[Arrival, error] {
	return func(yield func(Arrival, error) bool) {
		f.sweep()
		if err := f.resume(); err != nil && !yield(Arrival{}, err) {
			return
		}
		left, err := f.Claimed()
		if err != nil && !yield(Arrival{}, err) {
			return
		}
		for _, a := range left {
			if a, err = f.Sum(ctx, a); ctx.Err() != nil || !yield(a, err) {
				return
			}
		}
		listening, stop := context.WithCancel(ctx) // a name of its own: ctx is done a moment before it
		defer stop()
		w, spoke := f.listen(listening), time.Time{}
		for ctx.Err() == nil {
			if !f.round(ctx, &spoke, yield) {
				return
			}
			f.rest(ctx, w)
		}
	}
}

// round looks once and takes what is ready. spoke is when an error of the folder
// was last yielded.
func (f *Folder) round(ctx context.Context, spoke *time.Time, yield func(Arrival, error) bool) bool {
	ready, err := f.look()
	if err != nil {
		if f.now().Sub(*spoke) < complain {
			return true
		}
		*spoke = f.now()
		return yield(Arrival{}, fmt.Errorf("station %s: its folder cannot be looked at: %w; bring the share back, it is taken up again by itself", f.Station, err))
	}
	*spoke = time.Time{}
	for _, name := range ready {
		if ctx.Err() != nil {
			return false
		}
		a, err := f.take(ctx, name)
		if ctx.Err() != nil {
			return false
		}
		if errors.Is(err, errNotNow) {
			continue
		}
		if !yield(a, err) {
			return false
		}
	}
	return true
}

// errNotNow says that a file is no longer ready, or no longer there.
var errNotNow = errors.New("not now")

// take claims one file and finds its sum. A file that cannot be claimed or read,
// or that grew meanwhile, lies in drop/ afterwards, listed with the reason.
func (f *Folder) take(ctx context.Context, name string) (Arrival, error) {
	a, err := f.claim(name)
	if gone(err) || errors.Is(err, errNotNow) {
		return a, errNotNow
	}
	if err != nil {
		f.refuse(name, whyNot(err), err)
		return a, fmt.Errorf("station %s: claiming %q: %w", f.Station, name, err)
	}
	f.forget(name)
	summed, err := f.Sum(ctx, a)
	if err == nil && summed.Size == a.Size {
		return summed, nil
	}
	if ctx.Err() != nil {
		return a, ctx.Err() // it is in work/, where the next run finds it
	}
	if back := f.PutBack(a); back != nil {
		return a, errors.Join(err, back)
	}
	if err == nil || errors.Is(err, errGrew) {
		return a, errNotNow
	}
	return a, fmt.Errorf("station %s: reading %q: %w", f.Station, name, err)
}

// claim moves a file that is as it was seen into a folder of its own in work/.
func (f *Folder) claim(name string) (Arrival, error) {
	from := filepath.Join(f.source(), name)
	info, err := os.Lstat(from)
	if err != nil {
		return Arrival{}, err
	}
	if !f.asSeen(name, info) {
		return Arrival{}, errNotNow
	}
	a := f.arrival(name, info.Size())
	if f.Source != "" {
		return a, f.copyIn(a, from, info)
	}
	if err := os.MkdirAll(filepath.Dir(a.Path), 0o770); err != nil {
		return a, err
	}
	if err := syncDir(f.dir(work)); err != nil {
		return a, err
	}
	if err := move(from, a.Path); err != nil {
		f.clear(a)
		return a, err
	}
	return a, nil
}

// arrival makes a new arrival of a file of this name.
func (f *Folder) arrival(name string, size int64) Arrival {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.now().UTC().Truncate(time.Microsecond)
	if !at.After(f.last) {
		at = f.last.Add(time.Microsecond)
	}
	f.last = at
	var salt [4]byte
	rand.Read(salt[:])
	id := at.Format(idTime) + "-" + hex.EncodeToString(salt[:])
	return Arrival{ID: id, Station: f.Station, Name: filepath.ToSlash(name), Path: f.claimed(id, name), Size: size, At: at}
}

// idTime is the head of an ID; IDs sort by it.
const idTime = "20060102T150405.000000Z"

// claimed is where the claimed file of this ID and name lies.
func (f *Folder) claimed(id, name string) string {
	return filepath.Join(f.dir(work), id, filepath.FromSlash(name))
}

// Claimed lists what lies in work/, oldest first: claimed, and its life not yet
// ended. Their Sums are not computed. Folders that a claim left empty when it was
// cut off are removed.
func (f *Folder) Claimed() ([]Arrival, error) {
	dirs, err := os.ReadDir(f.dir(work))
	if err != nil {
		return nil, fmt.Errorf("station %s: listing what was claimed: %w", f.Station, err)
	}
	var out []Arrival
	for _, d := range dirs {
		if !d.IsDir() || ignores(d.Name()) {
			continue
		}
		a, err := f.held(d.Name())
		if gone(err) {
			continue
		}
		if err != nil {
			return out, err
		}
		out = append(out, a)
	}
	return out, nil
}

// abandoned is how old an empty folder of a claim is that no claim is just filling.
const abandoned = time.Minute

// held finds the file in the work folder of one ID; fs.ErrNotExist if there is none.
func (f *Folder) held(id string) (Arrival, error) {
	root := filepath.Join(f.dir(work), id)
	a := Arrival{ID: id, Station: f.Station}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasPrefix(d.Name(), moving) {
			return os.Remove(path) // a crash cut it off; the whole file is where it came from
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		a.Name, a.Path, a.Size = filepath.ToSlash(name), path, info.Size()
		return fs.SkipAll
	})
	if err != nil {
		return a, err
	}
	stamp, _, _ := strings.Cut(id, "-")
	a.At, err = time.Parse(idTime, stamp)
	if a.Path == "" {
		if f.now().Sub(a.At) > abandoned {
			removeEmpty(root)
		}
		return a, fs.ErrNotExist
	}
	if err != nil {
		return a, fmt.Errorf("station %s: %s is not a folder of a claim: move its file into drop/", f.Station, root)
	}
	return a, nil
}

// errGrew says that a file changed while it was being read.
var errGrew = errors.New("the file changed while it was read")

// Sum returns a with the size and the SHA-256 of what the claimed file holds.
func (f *Folder) Sum(ctx context.Context, a Arrival) (Arrival, error) {
	file, err := os.Open(a.Path)
	if err != nil {
		return a, err
	}
	defer file.Close()
	before, err := file.Stat()
	if err != nil {
		return a, err
	}
	h := sha256.New()
	n, err := io.Copy(h, &reader{ctx: ctx, r: file})
	if err != nil {
		return a, err
	}
	after, err := file.Stat()
	if err != nil {
		return a, err
	}
	if n != before.Size() || n != after.Size() || !before.ModTime().Equal(after.ModTime()) {
		return a, errGrew
	}
	a.Size = n
	a.Sum = [32]byte(h.Sum(nil))
	return a, nil
}

// asSeen says whether a file is still as the last look saw it.
func (f *Folder) asSeen(name string, info fs.FileInfo) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.seen[name]
	return s != nil && info.Mode().IsRegular() && s.Size == info.Size() && s.mod.Equal(info.ModTime())
}

// refuse notes why a file could not be taken.
func (f *Folder) refuse(name, why string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.seen[name]; s != nil {
		f.putOff(s, why, err.Error())
	}
}

// forget drops what is known of a file that left drop/.
func (f *Folder) forget(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.seen, name)
}

// removeEmpty removes the empty folders below and at root, and nothing else.
func removeEmpty(root string) {
	var dirs []string
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		return nil // what cannot be listed is not empty, or is gone
	})
	for _, dir := range slices.Backward(dirs) {
		remove(dir)
	}
}

// pause waits for d, or until ctx is done.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
