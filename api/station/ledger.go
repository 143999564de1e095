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
// the change it stood for is made again.
type ledger struct {
	mu      sync.Mutex
	file    *os.File
	entries map[string]*Entry
	order   []string // IDs as they came
	broken  int      // lines that could not be read
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
		if e, ok := parseLine(bytes.TrimSuffix(line, []byte("\n"))); ok {
			l.remember(e)
		} else {
			l.broken++
		}
	}
}

// openLedger opens the ledger at path for this process alone.
func openLedger(path string) (*ledger, error) {
	l, end, err := readLedger(path)
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
