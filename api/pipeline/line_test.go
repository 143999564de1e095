package pipeline

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"iter"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"bargkhan/api/archive"
	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/pipeline/child"
	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// TestLine walks every kind of file that may come from paper to grades.
func TestLine(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	l := o.line(o.store)
	stranger := sheets.NewSerial(999_000_111)
	first := jpg(o.of(0, 10, 0))
	torn := jpg(o.of(5, 10, 0))
	o.drop(map[string][]byte{
		"a.jpg":       first,
		"b.tif":       tif(o.of(1, 5, 0), o.text(), o.blank(), o.of(2, 3, 0)),
		"c.pdf":       omrtest.EncodePDF(pages(o.of(3, 10, 7), o.of(4, 0, 0)), 85, dpi),
		"copy.jpg":    first,
		"text.jpg":    jpg(o.text()),
		"foreign.jpg": jpg(o.sheet(o.design, sheets.Stamp{Page: 1, Serial: stranger}, 5, 0)),
		"test.jpg":    jpg(o.sheet(o.design, sheets.Stamp{Page: 1, Serial: o.people[0].Serial, Test: true}, 5, 0)),
		"other.jpg":   jpg(o.sheet(lay(t, "other-2x5"), sheets.Stamp{Page: 1, Serial: o.people[0].Serial}, 5, 0)),
		"torn.jpg":    torn[:len(torn)*2/3],
	})
	o.run(o.still(8), l.Run)
	waits, err := l.Waiting("hall-1")
	if err != nil || len(waits) != 1 || waits[0].Name != "torn.jpg" || waits[0].Why != "incomplete" {
		t.Errorf("waiting: %+v, %v", waits, err)
	}
	o.drop(map[string][]byte{"torn.jpg": torn})
	o.run(o.still(9), l.Run)

	one := strings.Contains(strings.Join(o.tree(), " "), "read/a.jpg")
	a, b := "copies/copy.jpg", "read/a.jpg"
	if !one { // whichever came first is the scan
		a, b = "copies/a.jpg", "read/copy.jpg"
	}
	want := []string{
		a, b, "read/b.tif", "read/c.pdf", "read/torn.jpg",
		"returned/b-p002.jpg", "returned/b.tif.txt", "returned/foreign.jpg", "returned/foreign.jpg.txt",
		"returned/other.jpg", "returned/other.jpg.txt", "returned/test.jpg", "returned/test.jpg.txt",
		"returned/text.jpg", "returned/text.jpg.txt",
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, o.tree()); diff != "" {
		t.Error(diff)
	}
	for name, reason := range map[string]string{
		"b.tif": "no-anchors", "foreign.jpg": "foreign", "other.jpg": "no-design", "test.jpg": "test-sheet", "text.jpg": "no-anchors",
	} {
		body, err := os.ReadFile(filepath.Join(o.root, "hall-1", "returned", name+".txt"))
		if err != nil || !bytes.Contains(body, []byte("("+reason+")")) {
			t.Errorf("%s: %v: %s", name, err, body)
		}
	}
	graded := map[exam.PersonID]string{
		national(0): "passed 5/5-5/5 passed 5/5-5/5 ",
		national(1): "passed 5/5-5/5 failed 0/5-0/5 ",
		national(2): "failed 3/5-3/5 failed 0/5-0/5 ",
		national(3): "passed 5/5-5/5 passed 4/5-5/5 ",
		national(4): "failed 0/5-0/5 failed 0/5-0/5 ",
		national(5): "passed 5/5-5/5 passed 5/5-5/5 ",
	}
	if diff := cmp.Diff(graded, o.outcomes()); diff != "" {
		t.Error(diff)
	}
	o.review(l)
	o.pictures(l)
	o.counted(l)
}

func pages[T any](a ...T) []T { return a }

// review settles the one doubt, through the line.
func (o *office) review(l *Line) {
	ctx := context.Background()
	tasks, err := o.store.Tasks(ctx, o.ses.ID, false, 10)
	o.must(err)
	if len(tasks) != 1 || tasks[0].Field != "q7" {
		o.t.Fatalf("tasks: %+v", tasks)
	}
	r := exam.Ruling{Field: "q7", Choices: []sheets.Choice{"4"}, By: "supervisor"}
	if err := l.Rule(ctx, tasks[0].Script, tasks[0].Rev-1, r); fault.KindOf(err) != fault.Conflict {
		o.t.Errorf("an old rev: %v", err)
	}
	o.must(l.Rule(ctx, tasks[0].Script, tasks[0].Rev, r))
	if got, want := o.outcomes()[national(3)], "passed 5/5-5/5 passed 4/5-4/5 "; got != want {
		o.t.Errorf("after the ruling: %q, want %q", got, want)
	}
	if tasks, err = o.store.Tasks(ctx, o.ses.ID, false, 10); err != nil || len(tasks) != 0 {
		o.t.Errorf("left: %+v, %v", tasks, err)
	}
}

// pictures looks at a page that was read and at one that was not.
func (o *office) pictures(l *Line) {
	ctx := context.Background()
	ledger, err := o.store.Ledger(ctx, "hall-1", 100)
	o.must(err)
	at := slices.IndexFunc(ledger, func(f exam.Fate) bool { return f.Name == "b.tif" })
	scan := ledger[at].Scan
	for _, c := range []struct {
		image, width, w, h int
		box                geom.Rect[geom.Paper]
	}{
		{1, 600, 600, 300, geom.R[geom.Paper](20, 100, 120, 150)},
		{1, 210, 210, 297, geom.Rect[geom.Paper]{}},
		{2, 620, 620, 877, geom.R[geom.Paper](20, 100, 120, 150)},
	} {
		body, err := l.Picture(ctx, exam.View{Scan: scan, Image: c.image}, c.box, c.width)
		if err != nil {
			o.t.Error(err)
			continue
		}
		img, err := jpeg.Decode(bytes.NewReader(body))
		if err != nil || img.Bounds().Dx() != c.w || img.Bounds().Dy() < c.h-1 || img.Bounds().Dy() > c.h+1 {
			o.t.Errorf("page %d: %v, %v", c.image, img.Bounds(), err)
		}
	}
	for _, v := range []exam.View{{Scan: scan, Image: 0}, {Scan: scan, Image: 5}, {Scan: "0102", Image: 1}, {Scan: exam.ScanID(strings.Repeat("0", 64)), Image: 1}} {
		if _, err := l.Picture(ctx, v, geom.Rect[geom.Paper]{}, 100); fault.KindOf(err) != fault.NotFound {
			o.t.Errorf("%+v: %v, want not-found", v, err)
		}
	}
}

// counted reads the metrics.
func (o *office) counted(l *Line) {
	reg := prometheus.NewRegistry()
	o.must(reg.Register(l.Metrics))
	want := `
		# HELP bargkhan_pages_total Pages by outcome: read, doubted, returned.
		# TYPE bargkhan_pages_total counter
		bargkhan_pages_total{outcome="doubted"} 1
		bargkhan_pages_total{outcome="read"} 5
		bargkhan_pages_total{outcome="returned"} 6
		# HELP bargkhan_station_waiting_files Files in the drop folder that are not yet taken.
		# TYPE bargkhan_station_waiting_files gauge
		bargkhan_station_waiting_files{station="hall-1"} 0
	`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "bargkhan_pages_total", "bargkhan_station_waiting_files"); err != nil {
		o.t.Error(err)
	}
	o.expected(l)
}

// expected holds what the metrics say of the accepted fields against what is remembered of
// the session, and both against the verdicts themselves.
func (o *office) expected(l *Line) {
	ctx := context.Background()
	all, err := o.store.Sessions(ctx)
	o.must(err)
	var of judge.Expectation
	for serial := range o.serials() {
		s, err := o.store.Script(ctx, exam.ScriptOf(serial))
		o.must(err)
		of.Add(calibration.Default().Policy, s.Sheets[0].Verdicts)
	}
	got := all[0].Expected
	if got.Accepted == 0 || got.Unknown != 0 || got.Accepted != of.Accepted || math.Abs(got.Wrong-of.Wrong) > 1e-9 || got.AtMost < of.AtMost {
		o.t.Errorf("the session says %+v, its verdicts %+v", got, of)
	}
	known, unknown := testutil.ToFloat64(l.Metrics.accepted.WithLabelValues("known")), testutil.ToFloat64(l.Metrics.accepted.WithLabelValues("unknown"))
	if wrong := testutil.ToFloat64(l.Metrics.wrong); int(known) != of.Accepted || unknown != 0 || math.Abs(wrong-of.Wrong) > 1e-9 {
		o.t.Errorf("counted: %v known, %v unknown, %v wrong; the verdicts say %+v", known, unknown, wrong, of)
	}
}

// serials are those of every script.
func (o *office) serials() map[sheets.Serial]bool {
	out := map[sheets.Serial]bool{}
	rows, err := o.store.Grades(context.Background(), o.ses.ID, 0, 1000)
	o.must(err)
	for _, r := range rows {
		out[r.Serial] = true
	}
	return out
}

// errCut stands for a power cut.
var errCut = errors.New("the power fails")

// A brittle store fails once in each of its steps: before it did anything, or
// after it did all.
type brittle struct {
	Store
	before, after map[string]bool // by step, those still to fail
}

func (b *brittle) step(name string, do func() error) error {
	if b.before[name] {
		delete(b.before, name)
		return errCut
	}
	err := do()
	if err == nil && b.after[name] {
		delete(b.after, name)
		return errCut
	}
	return err
}

func (b *brittle) Keep(ctx context.Context, a exam.Arrival) error {
	return b.step("keep", func() error { return b.Store.Keep(ctx, a) })
}

func (b *brittle) File(ctx context.Context, f exam.Filing) (ids []exam.ScriptID, err error) {
	err = b.step("file", func() error {
		ids, err = b.Store.File(ctx, f)
		return err
	})
	return ids, err
}

func (b *brittle) Mark(ctx context.Context, m exam.Marking) error {
	return b.step("mark", func() error { return b.Store.Mark(ctx, m) })
}

// TestCutBetweenSteps runs each step of the walk in a life of its own, with a
// failure before and after what each commits; the end is as without.
func TestCutBetweenSteps(t *testing.T) {
	all := func() map[string]bool { return map[string]bool{"keep": true, "file": true, "mark": true} }
	for name, b := range map[string]*brittle{
		"nothing fails": {}, "before each commit": {before: all()}, "after each commit": {after: all()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			b.Store = o.store
			o.drop(map[string][]byte{"a.jpg": jpg(o.of(0, 10, 0)), "b.tif": tif(o.of(1, 5, 0), o.text())})
			queued := func() bool {
				q, err := o.store.Queue(context.Background())
				return err == nil && q.Depth == 2
			}
			o.run(queued, o.line(b).Take)
			read := func() bool {
				q, err := o.store.Queue(context.Background())
				return err == nil && q.Depth == 0
			}
			o.run(read, o.line(b).Work)
			if o.ended() != 0 || len(o.outcomes()) != 0 {
				t.Errorf("before settling and grading: %v, %v", o.tree(), o.outcomes())
			}
			o.run(func() bool { return o.ended() == 2 }, o.line(b).Settle)
			o.run(o.still(2), o.line(b).Sweep)
			want := []string{"read/a.jpg", "read/b.tif", "returned/b-p002.jpg", "returned/b.tif.txt"}
			if diff := cmp.Diff(want, o.tree()); diff != "" {
				t.Error(diff)
			}
			graded := map[exam.PersonID]string{
				national(0): "passed 5/5-5/5 passed 5/5-5/5 ",
				national(1): "passed 5/5-5/5 failed 0/5-0/5 ",
			}
			if diff := cmp.Diff(graded, o.outcomes()); diff != "" {
				t.Error(diff)
			}
			ledger, err := o.store.Ledger(context.Background(), "", 10)
			if err != nil || len(ledger) != 2 {
				t.Errorf("ledger: %+v, %v", ledger, err)
			}
		})
	}
}

// TestFileThatGrows takes a file to which its writer adds a page afterwards.
func TestFileThatGrows(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	l := o.line(o.store)
	two := tif(o.of(0, 10, 0), o.of(1, 10, 0))
	o.drop(map[string][]byte{"a.tif": tif(o.of(0, 10, 0))})
	read := func() bool {
		q, err := o.store.Queue(context.Background())
		ids, _ := filepath.Glob(filepath.Join(o.root, "hall-1", "work", "*", "a.tif"))
		return err == nil && q.Depth == 0 && len(ids) == 1
	}
	o.run(read, l.Take, func(ctx context.Context) error { return l.Work(ctx) })
	ids, _ := filepath.Glob(filepath.Join(o.root, "hall-1", "work", "*", "a.tif"))
	o.must(os.WriteFile(ids[0], two, 0o600))
	o.run(o.still(1), l.Run)
	if got := o.outcomes(); len(got) != 2 {
		t.Errorf("graded %v, want both", got)
	}
	if body, err := os.ReadFile(filepath.Join(o.root, "hall-1", "read", "a.tif")); err != nil || !bytes.Equal(body, two) {
		t.Errorf("read/ holds %d bytes, %v; want all %d", len(body), err, len(two))
	}
}

// TestUploadIsADrop sends a file through the line's own door.
func TestUploadIsADrop(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	l := o.line(o.store)
	ctx := context.Background()
	o.must(l.Drop(ctx, "hall-1", `C:\scans\برگه.jpg`, bytes.NewReader(jpg(o.of(2, 10, 0)))))
	o.run(o.still(1), l.Run)
	if diff := cmp.Diff([]string{"read/برگه.jpg"}, o.tree()); diff != "" {
		t.Error(diff)
	}
	if err := l.Drop(ctx, "hall-9", "a.jpg", strings.NewReader("x")); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no such station: %v", err)
	}
	if _, err := l.Waiting("hall-9"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no such station: %v", err)
	}
	if diff := cmp.Diff([]string{"hall-1"}, l.Stations()); diff != "" {
		t.Error(diff)
	}
}

// TestKeptAgain finds a file that was claimed and never remembered.
func TestKeptAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	l := o.line(o.store)
	ago := time.Now().Add(-time.Hour).UTC().Format("20060102T150405.000000Z") + "-00000000"
	dir := filepath.Join(o.root, "hall-1", "work", ago)
	o.must(os.MkdirAll(dir, 0o700))
	o.must(os.WriteFile(filepath.Join(dir, "a.jpg"), jpg(o.of(0, 10, 0)), 0o600))
	o.run(o.still(1), l.Settle, l.Work, l.Sweep)
	if diff := cmp.Diff([]string{"read/a.jpg"}, o.tree()); diff != "" {
		t.Error(diff)
	}
}

// TestDiskFull takes nothing more while the archive has no room, and goes on by
// itself when it has (S-34).
func TestDiskFull(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	l := o.line(o.store)
	o.drop(map[string][]byte{"1.jpg": jpg(o.of(0, 10, 0)), "2.jpg": jpg(o.of(1, 10, 0)), "3.jpg": jpg(o.of(2, 10, 0))})
	full := &archive.Folder{Dir: filepath.Join(o.root, "archive"), Reserve: 1 << 62}
	l.Archive = full
	var tried atomic.Int32
	l.Now = func() time.Time { tried.Add(1); return time.Now() }
	claimed := func() int {
		ids, _ := filepath.Glob(filepath.Join(o.root, "hall-1", "work", "*", "*"))
		return len(ids)
	}
	o.run(func() bool { return tried.Load() > 2 && claimed() == 1 }, l.Take)
	if q, err := o.store.Queue(context.Background()); err != nil || q.Depth != 0 || claimed() != 1 {
		t.Errorf("queued %+v, %v; claimed %d", q, err, claimed())
	}
	l = o.line(o.store)
	o.run(o.still(3), l.Run)
	if got := o.outcomes(); len(got) != 3 {
		t.Errorf("graded %v", got)
	}
}

// A mad reader yields a page without a reading, which nothing else ever does.
type mad struct{ Reader }

func (mad) Read(context.Context, string) iter.Seq2[child.Page, error] {
	return func(yield func(child.Page, error) bool) {
		_ = yield(child.Page{Image: 1}, nil) && yield(child.Page{Image: 2, Reject: &omr.Reject{Reason: omr.BlankPage}}, nil)
	}
}

// TestPanicCostsOnePage judges a page on which the judge panics.
func TestPanicCostsOnePage(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	l := o.line(o.store)
	l.Reader = mad{l.Reader}
	o.drop(map[string][]byte{"a.jpg": jpg(o.of(0, 10, 0))})
	o.run(o.still(1), l.Run)
	ledger, err := o.store.Ledger(context.Background(), "", 10)
	if err != nil || len(ledger) != 1 || ledger[0].End != exam.EndReturned || len(ledger[0].Back) != 2 ||
		ledger[0].Back[0].Why.Reason != omr.Killed || ledger[0].Back[1].Why.Reason != omr.BlankPage {
		t.Errorf("ledger: %+v, %v", ledger, err)
	}
}

// TestFairToOthers grades the other scripts when one cannot be graded.
func TestFairToOthers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := &broken{Store: o.store, id: exam.ScriptOf(o.people[1].Serial)}
	l := o.line(b)
	o.drop(map[string][]byte{"a.tif": tif(o.of(0, 10, 0), o.of(1, 10, 0), o.of(2, 10, 0))})
	l.Log = nil
	o.run(func() bool { return len(o.outcomes()) == 2 && o.ended() == 1 }, l.Run)
	if err := l.Grade(context.Background()); !errors.Is(err, errCut) {
		t.Errorf("got %v, want the error of the one", err)
	}
}

// A broken store cannot mark one script.
type broken struct {
	Store
	id exam.ScriptID
}

func (b *broken) Mark(ctx context.Context, m exam.Marking) error {
	if m.Script == b.id {
		return errCut
	}
	return b.Store.Mark(ctx, m)
}

// TestKilled kills the service again and again while it works, and lets it end in
// peace at last: every file has one end, every sheet is there once, nothing is lost.
func TestKilled(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first := jpg(o.of(0, 10, 0))
	o.drop(map[string][]byte{
		"a.jpg": first, "b.tif": tif(o.of(1, 5, 0), o.text(), o.of(2, 3, 0)), "c.jpg": jpg(o.of(3, 10, 0)), "text.jpg": jpg(o.text()),
	})
	const kills = 8
	for i := range kills {
		service := exec.Command("/proc/self/exe")
		service.Env = append(os.Environ(), "LINE_OF_TEST="+o.url, "ROOT_OF_TEST="+o.root)
		o.must(service.Start())
		pause(context.Background(), time.Duration(200+o.rng.IntN(500))*time.Millisecond)
		o.must(service.Process.Kill())
		_ = service.Wait()
		if i == kills/2 {
			o.drop(map[string][]byte{"copy.jpg": first, "d.jpg": jpg(o.of(4, 7, 0))})
		}
	}
	o.run(o.still(6), o.line(o.store).Run)
	want := []string{
		"copies/copy.jpg", "read/a.jpg", "read/b.tif", "read/c.jpg", "read/d.jpg",
		"returned/b-p002.jpg", "returned/b.tif.txt", "returned/text.jpg", "returned/text.jpg.txt",
	}
	if diff := cmp.Diff(want, o.tree()); diff != "" {
		t.Error(diff)
	}
	graded := map[exam.PersonID]string{
		national(0): "passed 5/5-5/5 passed 5/5-5/5 ",
		national(1): "passed 5/5-5/5 failed 0/5-0/5 ",
		national(2): "failed 3/5-3/5 failed 0/5-0/5 ",
		national(3): "passed 5/5-5/5 passed 5/5-5/5 ",
		national(4): "passed 5/5-5/5 failed 2/5-2/5 ",
	}
	if diff := cmp.Diff(graded, o.outcomes()); diff != "" {
		t.Error(diff)
	}
	kept, _ := filepath.Glob(filepath.Join(o.root, "archive", "*", "[0-9a-f]*"))
	if len(kept) != 5 {
		t.Errorf("the archive holds %q, want five scans", kept)
	}
}

// A tallied store counts how often a roster is loaded.
type tallied struct {
	Store
	rosters atomic.Int32
}

func (s *tallied) Roster(ctx context.Context, id exam.SessionID) ([]exam.Candidate, error) {
	s.rosters.Add(1)
	return s.Store.Roster(ctx, id)
}

// TestRosterOnce loads the roster once, however often scripts are graded, and again when
// it has changed: then every script is graded by the new one.
func TestRosterOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx := context.Background()
	memory := &tallied{Store: o.store}
	o.drop(map[string][]byte{"a.jpg": jpg(o.of(0, 10, 0))})
	l := o.line(memory)
	o.run(o.still(1), l.Run)
	o.drop(map[string][]byte{"b.jpg": jpg(o.of(1, 10, 0)), "spare.jpg": jpg(o.sheet(o.design, sheets.Stamp{Page: 1, Serial: o.spares[0]}, 3, 0))})
	o.run(o.still(3), l.Run)
	if n := memory.rosters.Load(); n != 1 {
		t.Errorf("the roster was loaded %d times for three scripts, want once", n)
	}
	o.must(l.Grade(ctx))
	newcomer := exam.Candidate{Person: national(candidates), Name: "تازه", Venue: "sari"}
	spare, err := o.store.Script(ctx, exam.ScriptOf(o.spares[0]))
	o.must(err)
	who := exam.Ruling{Field: exam.PersonField, Choices: []sheets.Choice{sheets.Choice(newcomer.Person)}, By: "expert"}
	o.must(l.Rule(ctx, spare.ID, spare.Rev, who))
	if o.outcomes()[newcomer.Person] != "" {
		t.Errorf("graded %v: nobody of that number is on the roster", o.outcomes())
	}
	o.must(o.store.PutRoster(ctx, o.ses.ID, append(slices.Clone(o.people), newcomer)))
	o.must(l.Grade(ctx))
	if o.outcomes()[newcomer.Person] == "" || o.outcomes()[national(1)] == "" {
		t.Errorf("graded %v, want the newcomer too", o.outcomes())
	}
	if n := memory.rosters.Load(); n != 2 {
		t.Errorf("the roster was loaded %d times, want once more after it changed", n)
	}
}
