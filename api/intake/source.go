package intake

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A copied file of a share that may only be read. A line of the ledger with no ID
// takes back the one before it of the same name.
type copied struct {
	Name string    `json:"name"`
	Size int64     `json:"size"`
	Mod  time.Time `json:"mod"`
	ID   string    `json:"id"`
}

// copying begins the hidden name of a copy in work/ that is not yet claimed; its ID
// follows.
const copying = ".copy-"

// source is where the scanner writes.
func (f *Folder) source() string {
	if f.Source != "" {
		return f.Source
	}
	return f.dir(drop)
}

func (f *Folder) ledger() string { return filepath.Join(f.Root, "taken.jsonl") }

// passTaken removes from found what was copied before and has not changed since.
func (f *Folder) passTaken(found map[string]fs.FileInfo) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.readLedger(); err != nil {
		return err
	}
	for name, info := range found {
		if c, ok := f.taken[name]; ok && c.Size == info.Size() && c.Mod.Equal(info.ModTime()) {
			delete(found, name)
		}
	}
	return nil
}

// readLedger reads the ledger, once. A last line that a power cut left unfinished
// was never acted on: it is cut off. f.mu is held.
func (f *Folder) readLedger() error {
	if f.taken != nil {
		return nil
	}
	file, err := os.OpenFile(f.ledger(), os.O_RDWR|os.O_CREATE, 0o660)
	if err != nil {
		return err
	}
	defer file.Close()
	taken, good := map[string]copied{}, int64(0)
	for r := bufio.NewReader(file); ; {
		line, err := r.ReadBytes('\n')
		var c copied
		if err == nil {
			err = json.Unmarshal(line, &c)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("station %s: %s at byte %d: %w; repair the line or remove it", f.Station, f.ledger(), good, err)
		}
		good += int64(len(line))
		if taken[c.Name] = c; c.ID == "" {
			delete(taken, c.Name)
		}
	}
	if err := file.Truncate(good); err != nil {
		return err
	}
	f.taken = taken
	return file.Sync()
}

// enter appends to the ledger, for good.
func (f *Folder) enter(c copied) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.readLedger(); err != nil {
		return err
	}
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(f.ledger(), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		f.taken = nil // what is on the disk now is read again
		return err
	}
	if f.taken[c.Name] = c; c.ID == "" {
		delete(f.taken, c.Name)
	}
	return nil
}

// copyIn claims a file of the share by copying it: under a hidden name first, then
// into the ledger, then into its own folder. A crash between the last two is
// repaired by resume; before, nothing has happened.
func (f *Folder) copyIn(a Arrival, from string, info fs.FileInfo) error {
	hidden := filepath.Join(f.dir(work), copying+a.ID)
	if err := CopyFile(from, hidden); err != nil {
		remove(hidden)
		return err
	}
	if now, err := os.Stat(from); err != nil || now.Size() != info.Size() || !now.ModTime().Equal(info.ModTime()) {
		remove(hidden)
		return errNotNow
	}
	name := filepath.FromSlash(a.Name)
	if err := f.enter(copied{name, info.Size(), info.ModTime(), a.ID}); err != nil {
		remove(hidden)
		return err
	}
	return f.settleIn(hidden, a.ID, name)
}

// settleIn moves a whole copy into the folder of its claim.
func (f *Folder) settleIn(hidden, id, name string) error {
	to := f.claimed(id, filepath.ToSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o770); err != nil {
		return err
	}
	return move(hidden, to)
}

// resume ends what a crash left between ledger and claim: copies that are in the
// ledger are claimed, others removed.
func (f *Folder) resume() error {
	if f.Source == "" {
		return nil
	}
	f.mu.Lock()
	err := f.readLedger()
	names := map[string]string{}
	for _, c := range f.taken {
		names[c.ID] = c.Name
	}
	f.mu.Unlock()
	if err != nil {
		return err
	}
	left, _ := filepath.Glob(filepath.Join(f.dir(work), copying+"*")) // the pattern is right
	for _, hidden := range left {
		id := strings.TrimPrefix(filepath.Base(hidden), copying)
		if name, ok := names[id]; ok {
			err = errors.Join(err, f.settleIn(hidden, id, name))
		} else {
			remove(hidden)
		}
	}
	return err
}

// forgetTaken makes a claimed copy as if it had never been made.
func (f *Folder) forgetTaken(a Arrival) error {
	if f.ended(a) {
		return nil
	}
	if err := f.enter(copied{Name: filepath.FromSlash(a.Name)}); err != nil {
		return err
	}
	remove(f.claimed(a.ID, a.Name))
	f.clear(a)
	return nil
}

// CopyFile copies a file over to, which it makes or replaces; all of it is on the disk
// when it returns. The name is not: sync the folder.
func CopyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o660)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
