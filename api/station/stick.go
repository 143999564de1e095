package station

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"bargkhan/api/archive"
	"bargkhan/api/intake"
)

// Names on a stick and in the data folder. They are such as FAT takes.
const (
	bundleHead  = "bargkhan-"
	listName    = "list.json"
	receiptName = "receipt.json"
	filesName   = "files"
	exportsName = "exports"
	receiptsDir = "receipts"
)

// maxBundle is how many files one list names at most: its JSON stays below the
// service's limit for a request.
const maxBundle = 5000

// An Export says what was written to a stick.
type Export struct {
	Dirs     []string
	Files    int
	Bytes    int64
	Receipts int // that were taken from the stick
}

// WriteStick writes to dir what the service does not have and no earlier export
// wrote (with all: also that), each pile with a signed list, and takes in the
// receipts that lie there. It may run beside the station's process: it only reads
// the ledger. A bundle gets its name when it is whole; a stick that was pulled too
// early holds none.
func WriteStick(ctx context.Context, data, keyFile, dir string, all bool, now time.Time) (out Export, err error) {
	k, err := ReadKey(keyFile)
	if err != nil {
		return out, err
	}
	if out.Receipts, err = takeReceipts(data, dir, k); err != nil {
		return out, err
	}
	l, _, err := readLedger(filepath.Join(data, ledgerName))
	if err != nil {
		return out, err
	}
	written, err := exported(data)
	if err != nil {
		return out, err
	}
	var todo []File
	for _, e := range l.find(func(e *Entry) bool { return e.Sent.IsZero() && e.Fate == nil }) {
		if _, before := written[e.ID]; all || !before {
			todo = append(todo, e.File)
		}
	}
	for n := 0; len(todo) > 0; n++ {
		some := todo[:min(len(todo), maxBundle)]
		todo = todo[len(some):]
		name := fmt.Sprintf("%s%s-%s-%d", bundleHead, k.Station, now.UTC().Format("20060102T150405"), n+1)
		if err := writeBundle(ctx, data, filepath.Join(dir, name), k, List{k.Station, now.UTC(), some}); err != nil {
			return out, fmt.Errorf("writing to the stick: %w; nothing is lost: export again", err)
		}
		out.Dirs = append(out.Dirs, filepath.Join(dir, name))
		out.Files += len(some)
		for _, f := range some {
			out.Bytes += f.Size
		}
	}
	return out, nil
}

// writeBundle writes one bundle, and remembers in the data folder that it did.
func writeBundle(ctx context.Context, data, to string, k Key, l List) error {
	tmp := filepath.Join(filepath.Dir(to), "."+filepath.Base(to))
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(tmp, filesName), 0o770); err != nil {
		return err
	}
	spool := &archive.Folder{Dir: filepath.Join(data, "spool")}
	for _, f := range l.Files {
		from, release, err := spool.Path(ctx, f.Sum)
		if err != nil {
			return err
		}
		err = errors.Join(intake.CopyFile(from, filepath.Join(tmp, filesName, f.Sum.String())), ctx.Err())
		release()
		if err != nil {
			return err
		}
	}
	signed, err := k.Sign(l)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(signed)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(tmp, listName), raw); err != nil {
		return err
	}
	if err := errors.Join(os.Rename(tmp, to), syncDir(filepath.Dir(to))); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(data, exportsName), 0o770); err != nil {
		return err
	}
	return writeFile(filepath.Join(data, exportsName, filepath.Base(to)+".json"), raw)
}

// exported says when each file was written to a stick last, by its ID.
func exported(data string) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	names, _ := filepath.Glob(filepath.Join(data, exportsName, bundleHead+"*.json"))
	for _, name := range names {
		var s Signed
		var l List
		raw, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(raw, &s)
		}
		if err == nil {
			err = json.Unmarshal([]byte(s.List), &l)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, f := range l.Files {
			if l.At.After(out[f.ID]) {
				out[f.ID] = l.At
			}
		}
	}
	return out, nil
}

// An Imported says what came of one bundle.
type Imported struct {
	Dir     string
	Station string
	Files   int      // in its list
	Fresh   int      // brought in now
	Known   int      // that the service had before
	Bad     []string // that are missing on the stick, or are not what the list says
}

// ReadStick brings every bundle below dir to the service and leaves receipts on the
// stick. The service verifies the signature before anything else; bytes that are
// not what the list says never leave the stick. An error ends it; what was brought
// in stays, and importing again goes on from there.
func ReadStick(ctx context.Context, c *Client, bearer, dir string) (out []Imported, err error) {
	lists, err := filepath.Glob(filepath.Join(dir, bundleHead+"*", listName))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, listName)); err == nil {
		lists = append(lists, filepath.Join(dir, listName))
	}
	if len(lists) == 0 {
		return nil, fmt.Errorf("%s holds no bundle of a station: a folder called %s… with a %s in it is expected", dir, bundleHead, listName)
	}
	for _, name := range lists {
		i, err := readBundle(ctx, c, bearer, filepath.Dir(name))
		out = append(out, i)
		if err != nil {
			return out, fmt.Errorf("%s: %w", filepath.Dir(name), err)
		}
	}
	return out, nil
}

// readBundle brings one bundle in.
func readBundle(ctx context.Context, c *Client, bearer, dir string) (out Imported, err error) {
	out.Dir = dir
	raw, err := os.ReadFile(filepath.Join(dir, listName))
	if err != nil {
		return out, err
	}
	var s Signed
	var l List
	if err = json.Unmarshal(raw, &s); err == nil {
		err = json.Unmarshal([]byte(s.List), &l) // what it says is believed when the service has verified it
	}
	if err != nil {
		return out, fmt.Errorf("the list is damaged: %w; export again", err)
	}
	out.Station, out.Files = l.Station, len(l.Files)
	states, err := c.Import(ctx, bearer, l.Station, s)
	if err != nil {
		return out, err
	}
	var ids []string
	for _, f := range l.Files {
		ids = append(ids, f.ID)
		if states[f.ID].Done {
			out.Known++
			continue
		}
		ok, err := sendFrom(ctx, c, bearer, l.Station, f, filepath.Join(dir, filesName, f.Sum.String()))
		if err != nil {
			return out, err
		}
		if ok {
			out.Fresh++
		} else {
			out.Bad = append(out.Bad, f.Name)
		}
	}
	return out, leaveReceipts(ctx, c, bearer, l.Station, ids, dir)
}

// sendFrom sends one file of a stick, if it is what the list says.
func sendFrom(ctx context.Context, c *Client, bearer, station string, f File, path string) (bool, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return false, err
	}
	if Sum(h.Sum(nil)) != f.Sum {
		return false, nil
	}
	return true, c.Send(ctx, bearer, station, f, file)
}

// leaveReceipts writes onto the stick what the service says of its files.
func leaveReceipts(ctx context.Context, c *Client, bearer, station string, ids []string, dir string) error {
	var all []json.RawMessage
	for len(ids) > 0 {
		some := ids[:min(len(ids), askedAtOnce)]
		ids = ids[len(some):]
		_, raw, err := c.Fates(ctx, bearer, station, some)
		if err != nil {
			return err
		}
		all = append(all, raw)
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, receiptName), raw)
}

// takeReceipts copies the receipts on a stick that are truly the service's into the
// data folder, where the station finds them, and counts them.
func takeReceipts(data, dir string, k Key) (n int, err error) {
	names, _ := filepath.Glob(filepath.Join(dir, bundleHead+k.Station+"-*", receiptName))
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			return n, err
		}
		if _, err := openReceipt(raw, k); err != nil {
			return n, fmt.Errorf("%s: %w", name, err)
		}
		if err := os.MkdirAll(filepath.Join(data, receiptsDir), 0o770); err != nil {
			return n, err
		}
		sum := sha256.Sum256(raw)
		if err := writeFile(filepath.Join(data, receiptsDir, hex.EncodeToString(sum[:8])+".json"), raw); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// openReceipt returns what a receipt says, if the service said it to this station.
func openReceipt(raw []byte, k Key) (out []Fate, err error) {
	var answers []struct {
		Files json.RawMessage `json:"files"`
		MAC   string          `json:"mac"`
	}
	if err := json.Unmarshal(raw, &answers); err != nil {
		return nil, fmt.Errorf("the receipt is damaged: %w; import the stick again", err)
	}
	for _, a := range answers {
		want := Seal(sha256.Sum256([]byte(k.Bearer())), a.Files)
		if !hmac.Equal([]byte(want), []byte(a.MAC)) {
			return nil, errors.New("the receipt is not the service's, or is for another key: import the stick again")
		}
		var fs []Fate
		if err := json.Unmarshal(a.Files, &fs); err != nil {
			return nil, err
		}
		out = append(out, fs...)
	}
	return out, nil
}

// receipts takes in what receipts say.
func (s *Station) receipts(ctx context.Context) {
	names, _ := filepath.Glob(filepath.Join(s.Data, receiptsDir, "*.json"))
	for _, name := range names {
		if err := s.receipt(ctx, name); err != nil {
			s.log().Error("a receipt was not taken in", "file", name, "err", err)
			continue
		}
		_ = os.Remove(name) // taking it in again changes nothing
	}
}

func (s *Station) receipt(ctx context.Context, name string) error {
	k, err := s.Key()
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	fates, err := openReceipt(raw, k)
	if err != nil {
		return err
	}
	for _, f := range fates {
		e, ok := s.ledger.get(f.ID)
		if !ok || e.Fate != nil {
			continue
		}
		if f.End != Waiting {
			err = errors.Join(err, s.decide(ctx, e, f))
		} else if e.Sent.IsZero() {
			e.Sent = s.now()
			err = errors.Join(err, s.ledger.put(e))
		}
	}
	return err
}

// writeFile writes a file whole or not at all.
func writeFile(path string, body []byte) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o660)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return errors.Join(os.Rename(tmp, path), syncDir(filepath.Dir(path)))
}
