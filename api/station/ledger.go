package station

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// An Entry is what a station knows of a file it took.
type Entry struct {
	File
	Folder string    `json:"folder"`         // it was dropped in
	Sent   time.Time `json:"sent,omitzero"`  // since when the service has all of it
	Fate   *Fate     `json:"fate,omitempty"` // once it is decided
	Put    bool      `json:"put,omitempty"`  // the file lies in the tray of its end
}

// A ledger is a plain file that is only ever appended to: one line a change, each
// the whole Entry after it with its own checksum, on the disk before anyone goes
// on. A line that a power cut tore is cut off when the ledger is opened again, and
// the change it stood for is made again. When it is opened and most of it is history,
// it is written anew with what is known last.
type ledger struct {
	mu      sync.Mutex
	file    *os.File
	entries map[string]*Entry
	order   []string // IDs as they came
	lines   int
	broken  int // lines that could not be read
}

// readLedger reads the ledger at path and says where its last whole line ends. One
// that is not there is empty.
func readLedger(path string) (l *ledger, end int64, err error) {
	l = &ledger{entries: map[string]*Entry{}}
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return l, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	r := bufio.NewReader(file)
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return l, end, nil // what is left is a torn line, or nothing
		}
		if err != nil {
			return nil, 0, err
		}
		end += int64(len(line))
		l.lines++
		if e, ok := parseLine(bytes.TrimSuffix(line, []byte("\n"))); ok {
			l.remember(e)
		} else {
			l.broken++
		}
	}
}

// openLedger opens the ledger at path for this process alone.
func openLedger(path string, now time.Time) (*ledger, error) {
	l, end, err := readLedger(path)
	if err == nil && l.worn(now) {
		if err = l.rewrite(path); err == nil {
			l, end, err = readLedger(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("ledger of the station: %w", err)
	}
	l.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o660)
	if err == nil {
		err = l.file.Truncate(end)
	}
	if err == nil {
		_, err = l.file.Seek(end, io.SeekStart)
	}
	if err == nil {
		err = errors.Join(l.file.Sync(), syncDir(filepath.Dir(path)))
	}
	if err != nil {
		return nil, fmt.Errorf("ledger of the station: %w", err)
	}
	return l, nil
}

const (
	// remembered is how long a file that was put away stays in the ledger: longer than
	// a session, its objections and the way of a stick.
	remembered = 180 * 24 * time.Hour

	// wornLines is how many lines of history are no burden: a start reads 100,000 in a
	// second.
	wornLines = 20_000
)

// worn drops what is remembered no longer, and says whether most of the file is
// history.
func (l *ledger) worn(now time.Time) bool {
	l.order = slices.DeleteFunc(l.order, func(id string) bool {
		old := l.entries[id].Put && now.Sub(l.entries[id].At) > remembered
		if old {
			delete(l.entries, id)
		}
		return old
	})
	return l.lines > wornLines && l.lines > 2*len(l.order)
}

// rewrite writes the ledger anew, whole or not at all: one line an entry.
func (l *ledger) rewrite(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // it is gone after the rename
	w := bufio.NewWriter(file)
	for _, id := range l.order {
		_, _ = w.Write(formatLine(*l.entries[id])) // Flush tells
	}
	if err := errors.Join(w.Flush(), file.Chmod(0o660), file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func (l *ledger) close() error { return l.file.Close() }

// put keeps an entry; it is on the disk when put returns.
func (l *ledger) put(e Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, err := l.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err = l.file.Write(formatLine(e)); err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		// Half a line must not stand before the next one.
		_, back := l.file.Seek(at, io.SeekStart)
		return errors.Join(err, l.file.Truncate(at), back)
	}
	l.remember(e)
	return nil
}

// get is a copy of what is known of a file.
func (l *ledger) get(id string) (Entry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.entries[id]
	if !ok {
		return Entry{}, false
	}
	return *e, true
}

// find lists copies of the entries that are as wanted, the oldest first.
func (l *ledger) find(want func(*Entry) bool) (out []Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range l.order {
		if e := l.entries[id]; want(e) {
			out = append(out, *e)
		}
	}
	return out
}

// newest lists copies of the last n entries, the newest first.
func (l *ledger) newest(n int) (out []Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range slices.Backward(l.order) {
		if len(out) == n {
			break
		}
		out = append(out, *l.entries[id])
	}
	return out
}

func (l *ledger) remember(e Entry) {
	if _, known := l.entries[e.ID]; !known {
		l.order = append(l.order, e.ID)
	}
	l.entries[e.ID] = &e
}

// formatLine is the line of an entry: a CRC-32 of the JSON, and the JSON.
func formatLine(e Entry) []byte {
	body, err := json.Marshal(e)
	if err != nil {
		panic(err) // words, numbers and times
	}
	return fmt.Appendf(nil, "%08x %s\n", crc32.ChecksumIEEE(body), body)
}

// parseLine reads a line; ok says that it is whole.
func parseLine(line []byte) (e Entry, ok bool) {
	sum, body, _ := strings.Cut(string(line), " ")
	if sum != fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(body))) {
		return e, false
	}
	return e, json.Unmarshal([]byte(body), &e) == nil && e.ID != ""
}

// syncDir brings the names in a folder to the disk. Sticks that cannot are forgiven.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	_ = d.Sync()
	return nil
}
