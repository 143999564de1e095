package station

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"bargkhan/api/fault"
	"bargkhan/api/intake"
)

var noon = time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC)

// fileOf is a file that holds body.
func fileOf(id, body string) File {
	return File{ID: id, Sum: sha256.Sum256([]byte(body)), Size: int64(len(body)), Name: "اسکن ۱.jpg", At: noon}
}

func TestKey(t *testing.T) {
	k := NewKey("sari-2")
	got, err := ParseKey(" " + k.String() + "\r\n")
	if err != nil || got.Bearer() != k.Bearer() || !got.Public().Equal(k.Public()) || got.Station != "sari-2" {
		t.Errorf("the key does not survive its text: %v, %v", got, err)
	}
	if strings.Contains(k.String(), strings.TrimPrefix(k.Bearer(), KeyHead+"sari-2.")) || k.Bearer() == NewKey("sari-2").Bearer() {
		t.Error("the bearer word says the key, or two keys have one word")
	}
	for _, bad := range []string{"", "omrs_sari-2", "omrs_sari-2.AAAA", "omrs_." + strings.Repeat("A", 43), "omrd_x"} {
		if _, err := ParseKey(bad); err == nil {
			t.Errorf("%q was taken for a key", bad)
		}
	}
}

func TestSum(t *testing.T) {
	want := Sum(sha256.Sum256([]byte("a scan")))
	var got Sum
	if err := got.UnmarshalText([]byte(want.String())); err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "00", strings.ToUpper(want.String()), want.String() + "00", strings.Repeat("z", 64)} {
		if err := got.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was taken for a sum", bad)
		}
	}
}

// TestList signs a list, and changes every byte of it and of its signature.
func TestList(t *testing.T) {
	k := NewKey("sari-2")
	l := List{"sari-2", noon, []File{fileOf("20261122T083000.000000Z-00000001", "a"), fileOf("20261122T083000.000001Z-00000002", "b")}}
	s, err := k.Sign(l)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Verify(k.Public())
	if d := cmp.Diff(l, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	for i := range s.List {
		bad := []byte(s.List)
		bad[i] ^= 1
		if _, err := (Signed{string(bad), s.Signature}).Verify(k.Public()); !errors.Is(err, fault.Denied) {
			t.Fatalf("byte %d of the list changed: got %v, want denied", i, err)
		}
	}
	for name, bad := range map[string]Signed{
		"other key":    s,
		"no signature": {s.List, ""},
		"shorter":      {s.List[:len(s.List)-1], s.Signature},
	} {
		key := k.Public()
		if name == "other key" {
			key = NewKey("sari-2").Public()
		}
		if _, err := bad.Verify(key); !errors.Is(err, fault.Denied) {
			t.Errorf("%s: got %v, want denied", name, err)
		}
	}
	for _, f := range []File{{}, {ID: "../../etc/passwd", Sum: Sum{1}, Size: 1, Name: "x"}, {ID: "20261122T083000", Sum: Sum{1}, Size: -1, Name: "x"}} {
		s, err := k.Sign(List{"sari-2", noon, []File{f}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Verify(k.Public()); !errors.Is(err, fault.Invalid) {
			t.Errorf("%v: got %v, want invalid", f, err)
		}
	}
}

// TestLedger cuts the ledger after each of its bytes: every whole line is there,
// nothing else is, and it can be written on.
func TestLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	l, err := openLedger(path, noon)
	if err != nil {
		t.Fatal(err)
	}
	a, b := Entry{File: fileOf("a", "a"), Folder: "scans"}, Entry{File: fileOf("b", "b"), Folder: "scans"}
	sent := a
	sent.Sent = noon
	for _, e := range []Entry{a, b, sent} {
		if err := l.put(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	states := [][]Entry{nil, {a}, {a, b}, {sent, b}}
	all := func(*Entry) bool { return true }
	for n := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := openLedger(path, noon)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Count(whole[:n], []byte("\n"))
		if d := cmp.Diff(states[lines], l.find(all)); d != "" {
			t.Fatalf("cut after %d bytes (-want +got):\n%s", n, d)
		}
		c := Entry{File: fileOf("c", "c")}
		if err := errors.Join(l.put(c), l.close()); err != nil {
			t.Fatal(err)
		}
		again, _, err := readLedger(path)
		if err != nil || again.broken > 0 || len(again.find(all)) != len(states[lines])+1 {
			t.Fatalf("cut after %d bytes and written on: %v, %d broken lines, %d entries", n, err, again.broken, len(again.find(all)))
		}
	}
}

// TestLedgerBroken spoils a byte in the middle: that line is lost and counted, the
// others stand.
// TestLedgerWorn writes the ledger anew when most of it is history: what is known last
// of every file stays, but for those put away half a year ago.
func TestLedgerWorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	var raw bytes.Buffer
	want := map[string]Entry{}
	line := func(e Entry) {
		raw.Write(formatLine(e))
		want[e.ID] = e
	}
	for i := range wornLines/3 + 1 {
		e := Entry{File: fileOf(fmt.Sprintf("20261122T083000.%06dZ-1", i), "a"), Folder: "f"}
		line(e)
		e.Sent = noon
		line(e)
		e.Fate = &Fate{ID: e.ID, End: Read, Pages: 1, Sheets: 1}
		line(e)
	}
	old := Entry{File: fileOf("20200101T000000.000000Z-1", "b"), Folder: "f", Fate: &Fate{End: Read}, Put: true}
	old.At = noon.Add(-remembered - time.Hour)
	line(old)
	delete(want, old.ID)
	open := old
	open.ID, open.Put = "20200101T000000.000000Z-2", false // decided, and its folder out of reach since
	line(open)
	if err := os.WriteFile(path, append(raw.Bytes(), "half a li"...), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		l, err := openLedger(path, noon)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]Entry{}
		for _, e := range l.find(func(*Entry) bool { return true }) {
			got[e.ID] = e
		}
		if !maps.EqualFunc(want, got, func(a, b Entry) bool { return bytes.Equal(formatLine(a), formatLine(b)) }) {
			t.Errorf("%d entries of %d are as they were known last", len(got), len(want))
		}
		if l.lines != len(want) || l.broken != 0 {
			t.Errorf("%d lines, %d broken, of %d entries", l.lines, l.broken, len(want))
		}
		if err := l.close(); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := filepath.Glob(path + ".new-*"); left != nil {
		t.Errorf("left: %q", left)
	}
}

func TestLedgerBroken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	raw := append(formatLine(Entry{File: fileOf("a", "a")}), formatLine(Entry{File: fileOf("b", "b")})...)
	raw[20] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	l, _, err := readLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := l.get("b"); !ok || l.broken != 1 || len(l.order) != 1 {
		t.Errorf("got %v with %d broken lines", l.order, l.broken)
	}
}

// TestInbox brings a file in pieces of every kind: torn ones, wrong ones, and some
// twice.
func TestInbox(t *testing.T) {
	in := &Inbox{Dir: t.TempDir()}
	body := strings.Repeat("0123456789", 1000)
	f := fileOf("20261122T083000.000000Z-00000001", body)
	var kept []string
	keep := func(path string) error {
		b, err := os.ReadFile(path)
		kept = append(kept, string(b))
		return err
	}
	steps := []struct {
		name   string
		offset int64
		piece  io.Reader
		have   int64
		done   bool
		err    error
	}{
		{"a hole", 5, strings.NewReader(body[5:]), 0, false, ErrOffset},
		{"first piece", 0, strings.NewReader(body[:3000]), 3000, false, nil},
		{"first piece again", 0, strings.NewReader(body[:3000]), 3000, false, ErrOffset},
		{"torn piece", 3000, io.MultiReader(strings.NewReader(body[3000:4000]), iotest.ErrReader(io.ErrUnexpectedEOF)), 4000, false, io.ErrUnexpectedEOF},
		{"nothing", 4000, strings.NewReader(""), 4000, false, nil},
		{"the rest and more", 4000, strings.NewReader(body[4000:] + "more"), 10000, true, nil},
	}
	for _, s := range steps {
		have, done, err := in.Add(t.Context(), "sari-2", f, s.offset, s.piece, keep)
		if have != s.have || done != s.done || !errors.Is(err, s.err) {
			t.Errorf("%s: got %d, %v, %v, want %d, %v, %v", s.name, have, done, err, s.have, s.done, s.err)
		}
	}
	if len(kept) != 1 || kept[0] != body {
		t.Errorf("kept %d files", len(kept))
	}
	if have, err := in.Have("sari-2", f); have != 0 || err != nil {
		t.Errorf("after it was kept: %d bytes, %v", have, err)
	}
}

// TestInboxRefuses brings a file that is not what was promised, and one that cannot
// be kept at first.
func TestInboxRefuses(t *testing.T) {
	in := &Inbox{Dir: t.TempDir()}
	f := fileOf("20261122T083000.000000Z-00000001", "a scan")
	never := func(string) error { t.Error("it was kept"); return nil }
	if _, _, err := in.Add(t.Context(), "x", f, 0, strings.NewReader("A scan"), never); !errors.Is(err, ErrSum) {
		t.Errorf("got %v, want ErrSum", err)
	}
	full := errors.New("full")
	have, done, err := in.Add(t.Context(), "x", f, 0, strings.NewReader("a scan"), func(string) error { return full })
	if have != 6 || done || !errors.Is(err, full) {
		t.Errorf("got %d, %v, %v", have, done, err)
	}
	have, done, err = in.Add(t.Context(), "x", f, 6, strings.NewReader(""), func(string) error { return nil })
	if have != 6 || !done || err != nil {
		t.Errorf("tried again: got %d, %v, %v", have, done, err)
	}
	other := f
	other.Sum = Sum{7}
	if have, _ := in.Have("x", other); have != 0 {
		t.Error("another file under the same ID goes on from the first")
	}
}

// TestInboxFull takes nothing while the disk is nearly full.
func TestInboxFull(t *testing.T) {
	in := &Inbox{Dir: t.TempDir(), Reserve: 1 << 62}
	f := fileOf("20261122T083000.000000Z-00000001", "a scan")
	if _, _, err := in.Add(t.Context(), "x", f, 0, strings.NewReader("a scan"), nil); !errors.Is(err, fault.Transient) {
		t.Errorf("got %v, want transient", err)
	}
	if have, _ := in.Have("x", f); have != 0 {
		t.Error("something was written")
	}
}

// TestS34Full fills the disk of a hall: the page says so, and the file is taken once
// there is room.
func TestS34Full(t *testing.T) {
	data := t.TempDir()
	folder := &intake.Folder{Station: "scans", Root: filepath.Join(data, "scans"), Settle: time.Millisecond, Poll: 10 * time.Millisecond}
	if err := folder.Init(); err != nil {
		t.Fatal(err)
	}
	if err := folder.Put(t.Context(), "a.jpg", strings.NewReader("a scan")); err != nil {
		t.Fatal(err)
	}
	s := runStation(t, data, folder, 1<<62)
	within(t, func() bool {
		return slices.ContainsFunc(s.Status().Alerts, func(a Alert) bool { return a.Code == "kept" })
	})
	if n := s.Status().Taken; n != 0 {
		t.Errorf("%d files were taken without room", n)
	}
	s.end()
	s = runStation(t, data, folder, 1)
	within(t, func() bool { return s.Status().Taken == 1 })
	if other := (&Station{Data: data}).Open(); other == nil {
		t.Error("two processes work on one ledger")
	}
	s.end()
}

// A running station can be ended before the test is.
type running struct {
	*Station
	end func()
}

// runStation runs a station without a line to any service.
func runStation(t *testing.T, data string, f *intake.Folder, reserve int64) running {
	t.Helper()
	key := filepath.Join(data, "key")
	if err := os.WriteFile(key, []byte(NewKey("sari-2").String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Station{Data: data, KeyFile: key, Folders: []*intake.Folder{f}, Reserve: reserve}
	if err := s.Open(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	return running{s, func() {
		stop()
		if err := errors.Join(<-done, s.Close()); err != nil {
			t.Error(err)
		}
	}}
}

// within waits ten seconds at most.
func within(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

// TestInboxSweep forgets what nobody completed in a month.
func TestInboxSweep(t *testing.T) {
	in := &Inbox{Dir: t.TempDir()}
	f := fileOf("20261122T083000.000000Z-00000001", "a scan")
	if _, _, err := in.Add(t.Context(), "x", f, 0, strings.NewReader("a"), nil); err != nil {
		t.Fatal(err)
	}
	in.Sweep(time.Now().Add(29 * 24 * time.Hour))
	if have, _ := in.Have("x", f); have != 1 {
		t.Error("forgotten too early")
	}
	in.Sweep(time.Now().Add(31 * 24 * time.Hour))
	if have, _ := in.Have("x", f); have != 0 {
		t.Error("not forgotten")
	}
}

// TestReceipt believes only what the service sealed for this very key.
func TestReceipt(t *testing.T) {
	k := NewKey("sari-2")
	fates := []Fate{{ID: "a", End: Returned, Back: []Back{{1, "no-stamp", "<کد> & خوانده نشد", "دوباره"}}}}
	files, err := json.Marshal(fates)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal([]Fates{{fates, Seal(sha256.Sum256([]byte(k.Bearer())), files)}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := openReceipt(raw, k); err != nil || cmp.Diff(fates, got) != "" {
		t.Errorf("got %v, %v", got, err)
	}
	for name, bad := range map[string][]byte{
		"changed": bytes.Replace(raw, []byte("returned"), []byte("read"), 1),
		"torn":    raw[:len(raw)-3],
	} {
		if _, err := openReceipt(bad, k); err == nil {
			t.Errorf("%s: believed", name)
		}
	}
	if _, err := openReceipt(raw, NewKey("sari-2")); err == nil {
		t.Error("believed with another key")
	}
}

// TestServer refuses addresses on which the bearer word would be heard.
func TestServer(t *testing.T) {
	for _, c := range []struct {
		server Server
		ok     bool
	}{
		{Server{URL: "https://omr.example.ir"}, true},
		{Server{URL: "http://127.0.0.1:8080"}, true},
		{Server{URL: "http://omr.example.ir"}, false},
		{Server{URL: "http://10.1.2.3", Plain: true}, true},
		{Server{URL: "omr.example.ir"}, false},
		{Server{URL: "ftp://x"}, false},
		{Server{URL: "https://x", Pin: "12"}, false},
		{Server{URL: "https://x", CA: "/nothing/here"}, false},
	} {
		if _, err := NewClient(c.server); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.server, err)
		}
	}
}

// TestPieces checks that the pieces of a large file are those of its bytes.
func TestPieces(t *testing.T) {
	in := &Inbox{Dir: t.TempDir()}
	rng := rand.New(rand.NewPCG(1, 2))
	body := make([]byte, 300_000)
	for i := range body {
		body[i] = byte(rng.Uint32())
	}
	f := fileOf("20261122T083000.000000Z-00000001", string(body))
	kept := 0
	for offset := int64(0); offset < f.Size; {
		n := min(1+rng.Int64N(50_000), f.Size-offset)
		have, _, err := in.Add(t.Context(), "x", f, offset, bytes.NewReader(body[offset:offset+n]), func(path string) error {
			kept++
			got, err := os.ReadFile(path)
			if !bytes.Equal(got, body) {
				t.Error("other bytes were kept")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		offset = have
	}
	if kept != 1 {
		t.Errorf("kept %d times", kept)
	}
}
