package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bargkhan/api/certificate"
	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/store"
	"bargkhan/api/store/storetest"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

var (
	ctx = context.Background()
	day = time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC)
)

// must stops the test on an error of what was done before.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t testing.TB, what string, err error, want fault.Kind) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s = %v, want a fault of kind %v", what, err, want)
	}
}

func wantEqual(t *testing.T, what string, got, want any) {
	t.Helper()
	same := cmpopts.EquateComparable(geom.Map[geom.Paper, geom.Pixel]{})
	if d := cmp.Diff(want, got, same, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// design is a sheet of two questions; size makes it another one.
func design(size float64) *sheets.Design {
	d := &sheets.Design{ID: "tiny", Title: "آزمایشی", Size: geom.Point[geom.Paper]{X: size, Y: 297}}
	var p sheets.Page
	for q := range 2 {
		f := sheets.Field{ID: sheets.FieldID(fmt.Sprint("q", q+1)), Rule: sheets.AtMostOne}
		for c := range 4 {
			x, y := float64(20+10*c), float64(50+10*q)
			f.Bubbles = append(f.Bubbles, sheets.Bubble{Choice: sheets.Choice(fmt.Sprint(c + 1)), Box: geom.R[geom.Paper](x, y, x+5, y+3)})
		}
		p.Fields = append(p.Fields, f)
	}
	d.Pages = []sheets.Page{p}
	return d
}

// scan names a file by its content.
func scan(content string) exam.ScanID {
	return exam.ScanID(fmt.Sprintf("%x", sha256.Sum256([]byte(content))))
}

func arrival(id, content string) exam.Arrival {
	return exam.Arrival{ID: id, Scan: scan(content), Station: "tehran-1", Name: id + ".jpg", Size: int64(len(content)), At: day}
}

// sheet reads the paper of a serial as marked with one choice everywhere.
func sheet(d *sheets.Design, content string, image int, serial sheets.Serial, choice sheets.Choice) exam.Sheet {
	sh := exam.Sheet{Scan: scan(content), Image: image, Policy: "factory-1"}
	sh.Reading = omr.Reading{
		Engine: "eye-1", Design: d.Digest(), Notes: []omr.Note{omr.Pale}, Swatches: []float64{0, 0.25, 0.5, 0.75, 1},
		Stamp: sheets.Stamp{Check: d.Digest().Head(), Page: 1, Serial: serial},
		Pose: omr.Pose{Map: geom.NewMap[geom.Paper, geom.Pixel]([9]float64{7.874, 0, 3, 0, 7.874, 4, 0, 0, 1}),
			Residual: 0.1, Scale: 0.97, Fit: 0.875},
	}
	for _, f := range d.Pages[0].Fields {
		for _, b := range f.Bubbles {
			e := judge.Evidence{Field: f.ID, Choice: b.Choice, Ink: 0.0625, Fit: 0.75, Seen: 1, Mark: 0.125, Tick: 0.5, Cross: 0.25}
			if b.Choice == choice {
				e.Ink = 0.875
			}
			sh.Reading.Evidence = append(sh.Reading.Evidence, e)
		}
		sh.Verdicts = append(sh.Verdicts, judge.Verdict{Field: f.ID, Choices: []sheets.Choice{choice}})
	}
	return sh
}

// doubted is sh with a doubt on its first field.
func doubted(sh exam.Sheet) exam.Sheet {
	sh.Verdicts[0].Doubts = []judge.Doubt{{Reason: judge.Faint, Choice: "1", Margin: 0.125}}
	return sh
}

func giveBack(image int, r omr.Reason) exam.Returned {
	return exam.Returned{Image: image, Why: &omr.Reject{Reason: r, Detail: "why"}}
}

// An office is a store with a session of two candidates, sheets printed.
type office struct {
	*store.Store
	d      *sheets.Design
	roster []exam.Candidate
	spares []sheets.Serial
}

const ses exam.SessionID = "1405-09-a"

func session() exam.Session {
	return exam.Session{
		ID: ses, Name: "آزمون پاییز", Province: "08", Office: "دفتر امور شهری", Set: "مجموعهٔ یک",
		Date:   exam.Date{Year: 2026, Month: 11, Day: 20},
		Rules:  exam.Rules{ID: "national", Version: 1, LegalBasis: "نامهٔ ۱۹۲۸۱", Pass: exam.Ratio{Num: 70, Den: 100}},
		Titles: []exam.Title{{ID: "t1", Name: "درس یک", Hours: 8, Items: []exam.ItemID{"i1", "i2"}}},
		Forms:  []exam.Form{{ID: "1", At: map[sheets.FieldID]exam.ItemID{"q1": "i1", "q2": "i2"}}},
		Venues: []exam.Venue{{ID: "v1", Name: "سالن"}},
	}
}

func candidates() []exam.Candidate {
	return []exam.Candidate{
		{Person: "0012345679", Name: "مریم", Father: "علی", Employer: "شهرداری", Venue: "v1", Seat: "1"},
		{Person: "0499370899", Name: "رضا", Venue: "v1"},
	}
}

func newOffice(t *testing.T) *office {
	t.Helper()
	return officeOf(t, 2)
}

// officeOf is an office with n candidates.
func officeOf(t testing.TB, n int) *office {
	t.Helper()
	o := &office{Store: storetest.New(t), d: design(210)}
	must(t, o.PutSession(ctx, session()))
	must(t, o.AddDesign(ctx, ses, o.d))
	cs := candidates()
	for i := len(cs); i < n; i++ {
		cs = append(cs, exam.Candidate{Person: exam.PersonID(fmt.Sprintf("1%09d", i)), Name: "داوطلب"})
	}
	must(t, o.PutRoster(ctx, ses, cs))
	var err error
	o.roster, o.spares, err = o.AllotSerials(ctx, ses, 2)
	must(t, err)
	return o
}

// file keeps and files one scan of one page.
func (o *office) file(t testing.TB, content string, serial sheets.Serial, choice sheets.Choice) exam.ScriptID {
	t.Helper()
	must(t, o.Keep(ctx, arrival("a-"+content, content)))
	ids, err := o.File(ctx, exam.Filing{Scan: scan(content), Sheets: []exam.Sheet{sheet(o.d, content, 1, serial, choice)}})
	must(t, err)
	return ids[0]
}

// marking is what could be computed of a script now, with one grade.
func (o *office) marking(t testing.TB, id exam.ScriptID, p exam.PersonID, out exam.Outcome) exam.Marking {
	t.Helper()
	s, err := o.Script(ctx, id)
	must(t, err)
	se, err := o.Session(ctx, ses)
	must(t, err)
	m := exam.Marking{Script: id, Rev: s.Rev, Key: se.Key.Version, Stir: s.Stir, Claim: p, Person: p, State: exam.Settled}
	if m.Key > 0 {
		g := exam.Grade{Script: id, Person: p, Title: "t1", Rev: s.Rev, Key: m.Key,
			Low: exam.Ratio{Num: 100, Den: 100}, High: exam.Ratio{Num: 100, Den: 100}, Right: 2, Outcome: out}
		m.Grades = []exam.Grade{g}
	}
	return m
}

func (o *office) key(t *testing.T, seen int) {
	t.Helper()
	_, err := o.AddKey(ctx, ses, seen, exam.Key{By: "expert", At: day, Reason: "نخست",
		Items: map[exam.ItemID]exam.Item{"i1": {Right: []sheets.Choice{"2"}}, "i2": {Annulled: true}}})
	must(t, err)
}

func (o *office) due(t *testing.T) []exam.ScriptID {
	t.Helper()
	ids, err := o.Due(ctx, 100)
	must(t, err)
	return ids
}

func (o *office) fate(t *testing.T, id string) exam.Fate {
	t.Helper()
	fs, err := o.Fates(ctx, []string{id})
	must(t, err)
	if len(fs) != 1 {
		t.Fatalf("%d fates of arrival %s, want 1", len(fs), id)
	}
	return fs[0]
}

func TestOpenAgainChangesNothing(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	must(t, store.Migrate(ctx, url, nil))
	s, err := store.Open(ctx, url, nil)
	must(t, err)
	defer s.Close()
	must(t, s.Health(ctx))
	var table string
	must(t, s.Pool().QueryRow(ctx, `select 'sessions'::regclass::text || ' ' || current_schema`).Scan(&table))
	wantEqual(t, "the table of web logins", table, "sessions web")
}

func TestOpenWhatIsNoDatabase(t *testing.T) {
	t.Parallel()
	_, err := store.Open(ctx, "postgres://%zz", nil)
	wantKind(t, "Open of a bad address", err, fault.Invalid)
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	_, err = store.Open(short, "postgres://x@/y?host=/nowhere", nil)
	wantKind(t, "Open of an address where nobody answers", err, fault.Transient)
}

func TestKeepOnce(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	a := arrival("a1", "bytes")
	for range 3 {
		must(t, s.Keep(ctx, a))
	}
	q, err := s.Queue(ctx)
	must(t, err)
	if q.Depth != 1 || q.Aside != 0 || q.Oldest < 0 || q.Oldest > time.Minute {
		t.Errorf("Queue after keeping one file thrice = %+v, want one job", q)
	}
	got, err := s.Scan(ctx, a.Scan)
	must(t, err)
	wantEqual(t, "Scan", got, exam.Scan{ID: a.Scan, Station: a.Station, Name: a.Name, Size: a.Size, At: a.At, Stations: []string{a.Station}})
	_, err = s.Scan(ctx, scan("never"))
	wantKind(t, "Scan of what never came", err, fault.NotFound)
	other := a
	other.Scan = scan("other")
	wantKind(t, "Keep of other bytes with a known arrival", s.Keep(ctx, other), fault.Conflict)
	wantKind(t, "Keep of no sum", s.Keep(ctx, exam.Arrival{ID: "x", Scan: "no sum"}), fault.Invalid)
}

func TestKeepAtOnce(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	const n = 12
	var wg sync.WaitGroup
	ids := make([]string, n)
	for i := range n {
		ids[i] = fmt.Sprintf("a%02d", i)
		wg.Go(func() {
			if err := s.Keep(ctx, arrival(ids[i], "the same")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	q, err := s.Queue(ctx)
	must(t, err)
	if q.Depth != 1 {
		t.Errorf("%d jobs for one file, want 1", q.Depth)
	}
	fs, err := s.Fates(ctx, ids)
	must(t, err)
	count := map[exam.End]int{}
	first := ""
	for _, f := range fs {
		count[f.End]++
		if f.End == exam.EndWaiting {
			first = f.Name
		}
	}
	wantEqual(t, "ends of the same bytes from many stations", count, map[exam.End]int{exam.EndWaiting: 1, exam.EndCopied: n - 1})
	for _, f := range fs {
		if f.End == exam.EndCopied && f.Of != first {
			t.Errorf("copy %s is of %q, want %q", f.ID, f.Of, first)
		}
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	serial := o.roster[0].Serial
	must(t, o.Keep(ctx, arrival("a1", "file")))
	f := exam.Filing{
		Scan:     scan("file"),
		Sheets:   []exam.Sheet{doubted(sheet(o.d, "file", 2, serial, "2")), sheet(o.d, "file", 1, o.spares[0], "1")},
		Returned: []exam.Returned{giveBack(3, omr.BlankPage)},
	}
	var want []exam.ScriptID
	for i := range 3 {
		ids, err := o.File(ctx, f)
		must(t, err)
		if i == 0 {
			want = ids
		}
		wantEqual(t, "scripts of a filing", ids, want)
	}
	if len(want) != 2 {
		t.Fatalf("scripts %v, want 2", want)
	}

	s, err := o.Script(ctx, exam.ScriptOf(serial))
	must(t, err)
	if s.Design.Digest() != o.d.Digest() {
		t.Error("the script's design is not the one filed")
	}
	s.Design = nil
	wantEqual(t, "Script", s, &exam.Script{
		ID: exam.ScriptOf(serial), Session: ses, Serial: serial, Rev: 1, Stir: 2, Owner: "0012345679",
		Sheets: f.Sheets[:1], Rulings: []exam.Ruling{}, Grades: []exam.Grade{},
	})
	spare, err := o.Script(ctx, exam.ScriptOf(o.spares[0]))
	must(t, err)
	if !spare.Spare || spare.Owner != "" {
		t.Errorf("spare = %v, owner %q; want a spare of nobody", spare.Spare, spare.Owner)
	}
	fate := o.fate(t, "a1")
	if fate.End != exam.EndRead || fate.Pages != 3 || fate.Sheets != 2 {
		t.Errorf("fate = %+v, want read, 3 pages, 2 sheets", fate)
	}
	wantEqual(t, "pages given back", fate.Back, f.Returned)
	_, err = o.File(ctx, exam.Filing{Scan: scan("never")})
	wantKind(t, "File of what never came", err, fault.NotFound)
}

func TestFileRefuses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	must(t, o.Keep(ctx, arrival("a1", "x")))
	good := func() exam.Sheet { return sheet(o.d, "x", 1, o.roster[0].Serial, "1") }
	change := func(do func(*exam.Sheet)) exam.Filing {
		sh := good()
		do(&sh)
		return exam.Filing{Scan: scan("x"), Sheets: []exam.Sheet{sh}}
	}
	for name, f := range map[string]exam.Filing{
		"a serial never printed": change(func(s *exam.Sheet) { s.Reading.Stamp.Serial = sheets.NewSerial(1) }),
		"a test deck":            change(func(s *exam.Sheet) { s.Reading.Stamp.Test = true }),
		"a page too many":        change(func(s *exam.Sheet) { s.Reading.Stamp.Page = 2 }),
		"too little evidence":    change(func(s *exam.Sheet) { s.Reading.Evidence = s.Reading.Evidence[1:] }),
		"evidence out of order":  change(func(s *exam.Sheet) { s.Reading.Evidence[0].Choice = "4" }),
		"a page twice": {Scan: scan("x"), Sheets: []exam.Sheet{good()},
			Returned: []exam.Returned{giveBack(1, omr.NoStamp)}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := o.File(ctx, f)
			wantKind(t, "File", err, fault.Invalid)
			if got := o.fate(t, "a1").End; got != exam.EndWaiting {
				t.Errorf("the file is %v, want waiting", got)
			}
			_, err = o.Script(ctx, exam.ScriptOf(o.roster[0].Serial))
			wantKind(t, "Script", err, fault.NotFound)
		})
	}
	unknown := design(148)
	_, err := o.File(ctx, exam.Filing{Scan: scan("x"), Sheets: []exam.Sheet{sheet(unknown, "x", 1, o.roster[0].Serial, "1")}})
	if fault.KindOf(err) == fault.Internal {
		t.Errorf("File with an unknown design = %v, want a kind", err)
	}
}

func TestFileSecondScanOfASheet(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	serial := o.roster[0].Serial
	id := o.file(t, "one", serial, "2")
	o.file(t, "two", serial, "2")
	s, err := o.Script(ctx, id)
	must(t, err)
	if s.Rev != 2 || len(s.Sheets) != 2 || s.Sheets[1].Scan != scan("two") {
		t.Errorf("rev %d with %d sheets, want both scans at rev 2", s.Rev, len(s.Sheets))
	}

	// The same serial on paper of another design of the session.
	other := design(297)
	must(t, o.AddDesign(ctx, ses, other))
	must(t, o.Keep(ctx, arrival("a3", "three")))
	_, err = o.File(ctx, exam.Filing{Scan: scan("three"), Sheets: []exam.Sheet{sheet(other, "three", 1, serial, "3")}})
	must(t, err)
	f := o.fate(t, "a3")
	if f.End != exam.EndReturned || len(f.Back) != 1 || f.Back[0].Why.Reason != omr.Foreign {
		t.Errorf("fate of paper of another design = %+v, want returned as foreign", f)
	}
}

func TestFileAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const n = 8
	var wg sync.WaitGroup
	for i := range n {
		content := fmt.Sprint("scan ", i)
		must(t, o.Keep(ctx, arrival(fmt.Sprint("a", i), content)))
		a, b := o.roster[0].Serial, o.roster[1].Serial
		if i%2 == 0 {
			a, b = b, a
		}
		for range 2 { // and each of them twice
			wg.Go(func() {
				_, err := o.File(ctx, exam.Filing{Scan: scan(content),
					Sheets: []exam.Sheet{sheet(o.d, content, 1, a, "1"), sheet(o.d, content, 2, b, "1")}})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	for _, c := range o.roster {
		s, err := o.Script(ctx, exam.ScriptOf(c.Serial))
		must(t, err)
		if s.Rev != n || len(s.Sheets) != n {
			t.Errorf("script %s: rev %d, %d sheets; want %d", s.ID, s.Rev, len(s.Sheets), n)
		}
	}
}

func TestReturnedIsReadAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	must(t, o.Keep(ctx, arrival("a1", "x")))
	must(t, o.Keep(ctx, arrival("a2", "x"))) // before the first was read
	_, err := o.File(ctx, exam.Filing{Scan: scan("x"), Returned: []exam.Returned{giveBack(1, omr.NoDesign)}})
	must(t, err)
	must(t, o.Keep(ctx, arrival("a3", "x"))) // the design is there now
	if got := o.fate(t, "a3").End; got != exam.EndWaiting {
		t.Fatalf("what could not be read is %v when it comes again, want waiting", got)
	}
	if q, _ := o.Queue(ctx); q.Depth != 2 {
		t.Errorf("%d jobs, want a second one", q.Depth)
	}
	ids, err := o.File(ctx, exam.Filing{Scan: scan("x"), Sheets: []exam.Sheet{sheet(o.d, "x", 1, o.spares[0], "1")}})
	must(t, err)
	wantEqual(t, "scripts", ids, []exam.ScriptID{exam.ScriptOf(o.spares[0])})
	must(t, o.Keep(ctx, arrival("a4", "x")))
	var ends []string
	fs, err := o.Fates(ctx, []string{"a4", "nobody", "a1", "a2", "a3"})
	must(t, err)
	for _, f := range fs {
		ends = append(ends, f.ID+" "+f.End.String()+" "+f.Of)
	}
	wantEqual(t, "fates", ends, []string{"a4 copy a1.jpg", "a1 returned ", "a2 copy a1.jpg", "a3 read "})
}

func TestLedger(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	for i := range 5 {
		a := arrival(fmt.Sprint("a", i), fmt.Sprint("content ", i))
		a.Station, a.At = fmt.Sprint("station-", i%2), day.Add(time.Duration(i)*time.Minute)
		must(t, s.Keep(ctx, a))
	}
	names := func(station string, limit int) (out []string) {
		fs, err := s.Ledger(ctx, station, limit)
		must(t, err)
		for _, f := range fs {
			out = append(out, f.ID)
		}
		return out
	}
	wantEqual(t, "ledger of all", names("", 3), []string{"a4", "a3", "a2"})
	wantEqual(t, "ledger of one", names("station-1", 9), []string{"a3", "a1"})
	last, err := s.Stations(ctx)
	must(t, err)
	wantEqual(t, "Stations", last, map[string]time.Time{"station-0": day.Add(4 * time.Minute), "station-1": day.Add(3 * time.Minute)})
}

func TestRule(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.file(t, "x", o.roster[0].Serial, "2")
	r := exam.Ruling{Field: "q1", Choices: []sheets.Choice{"3"}, By: "sup", At: day, Note: "پاک‌شده"}
	must(t, o.Rule(ctx, id, 1, r))
	wantKind(t, "Rule at an old rev", o.Rule(ctx, id, 1, r), fault.Conflict)
	blank := exam.Ruling{Field: "q2", Choices: []sheets.Choice{}, By: "sup", At: day}
	must(t, o.Rule(ctx, id, 2, blank))
	s, err := o.Script(ctx, id)
	must(t, err)
	wantEqual(t, "Rulings", s.Rulings, []exam.Ruling{r, blank})
	if s.Rev != 3 {
		t.Errorf("rev %d after a sheet and two rulings, want 3", s.Rev)
	}
	wantKind(t, "Rule on nothing", o.Rule(ctx, "none", 1, r), fault.NotFound)

	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 6 {
		wg.Go(func() {
			err := o.Rule(ctx, id, 3, r)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errors.Is(err, fault.Conflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d of six rulings at one rev were taken, want 1", won)
	}
}

func TestDueAndMark(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.file(t, "x", o.roster[0].Serial, "2")
	p := o.roster[0].Person
	wantEqual(t, "due after filing", o.due(t), []exam.ScriptID{id})
	m := o.marking(t, id, p, exam.Passed)
	must(t, o.Mark(ctx, m))
	must(t, o.Mark(ctx, m))
	wantEqual(t, "due after marking", o.due(t), []exam.ScriptID{})

	o.key(t, 0)
	wantEqual(t, "due after a key", o.due(t), []exam.ScriptID{id})
	wantKind(t, "Mark of an old key", o.Mark(ctx, m), fault.Conflict)
	m = o.marking(t, id, p, exam.Passed)
	must(t, o.Mark(ctx, m))
	s, err := o.Script(ctx, id)
	must(t, err)
	wantEqual(t, "Grades", s.Grades, m.Grades)

	must(t, o.PutRoster(ctx, ses, candidates()))
	wantEqual(t, "due after a roster", o.due(t), []exam.ScriptID{id})
	wantKind(t, "Mark of an old roster", o.Mark(ctx, m), fault.Conflict)
	must(t, o.Mark(ctx, o.marking(t, id, p, exam.Passed)))

	must(t, o.Rule(ctx, id, 1, exam.Ruling{Field: "q1", By: "sup", At: day}))
	wantEqual(t, "due after a ruling", o.due(t), []exam.ScriptID{id})
	wantKind(t, "Mark of an old rev", o.Mark(ctx, m), fault.Conflict)
	wantKind(t, "Mark of nothing", o.Mark(ctx, exam.Marking{Script: "none"}), fault.NotFound)
}

func TestDueTakesTurns(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for i, c := range o.roster {
		o.file(t, fmt.Sprint("x", i), c.Serial, "2")
	}
	first, err := o.Due(ctx, 1)
	must(t, err)
	second, err := o.Due(ctx, 1)
	must(t, err)
	if len(first) != 1 || len(second) != 1 || first[0] == second[0] {
		t.Errorf("due, one at a time: %v then %v; want both scripts", first, second)
	}
}

func TestRivals(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.key(t, 0)
	p := o.roster[0].Person
	a := o.file(t, "a", o.roster[0].Serial, "2")
	b := o.file(t, "b", o.spares[0], "2")
	must(t, o.Mark(ctx, o.marking(t, a, p, exam.Passed)))
	o.balance(t, 2)
	passed := func() int {
		t.Helper()
		ps, err := o.Passed(ctx, ses)
		must(t, err)
		return len(ps)
	}
	if passed() != 1 {
		t.Fatal("a passed script has earned nothing")
	}

	// b claims the same person, computed before a was marked.
	wantKind(t, "Mark with a person another script has", o.Mark(ctx, o.marking(t, b, p, exam.Passed)), fault.Conflict)
	seen, err := o.Claims(ctx, ses, p)
	must(t, err)
	wantEqual(t, "Claims", seen, []exam.ScriptID{a})
	claim := func(id exam.ScriptID, claim, person exam.PersonID) {
		t.Helper()
		m := o.marking(t, id, person, exam.Passed)
		m.Claim = claim
		must(t, o.Mark(ctx, m))
	}
	claim(b, p, "")
	if n := passed(); n != 0 {
		t.Errorf("%d earned while two scripts claim a person, want 0", n)
	}
	wantEqual(t, "due after a rival came", o.due(t), []exam.ScriptID{a})
	claim(a, p, "")
	wantEqual(t, "due after both know", o.due(t), []exam.ScriptID{})
	claim(b, "", "")
	wantEqual(t, "due after the rival went", o.due(t), []exam.ScriptID{a})
	claim(a, p, p)
	if passed() != 1 {
		t.Error("the only claim is not earned again")
	}
}

func TestGrades(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.key(t, 0)
	var ids []exam.ScriptID
	for i, c := range o.roster {
		ids = append(ids, o.file(t, fmt.Sprint("x", i), c.Serial, "2"))
		must(t, o.Mark(ctx, o.marking(t, ids[i], c.Person, exam.Passed)))
	}
	page := func(after int64, limit int) []exam.GradeRow {
		t.Helper()
		gs, err := o.Grades(ctx, ses, after, limit)
		must(t, err)
		return gs
	}
	all := page(0, 10)
	if len(all) != 2 || all[0].Seq >= all[1].Seq {
		t.Fatalf("grades %+v, want two in order", all)
	}
	g := all[0]
	if g.Name != "مریم" || g.Serial != o.roster[0].Serial || g.Policy != "factory-1" || g.State != exam.Settled || g.At.IsZero() {
		t.Errorf("row = %+v", g)
	}
	wantEqual(t, "Scans", g.Scans, []exam.ScanID{scan("x0")})
	wantEqual(t, "the second page", page(all[0].Seq, 1), all[1:])

	// Marking the same again says nothing new; a changed grade has a new number.
	m := o.marking(t, ids[0], o.roster[0].Person, exam.Passed)
	must(t, o.Mark(ctx, m))
	if n := len(page(all[1].Seq, 10)); n != 0 {
		t.Errorf("%d new rows after marking the same again, want 0", n)
	}
	m.Grades[0].Low.Num, m.Grades[0].Open, m.Grades[0].Outcome = 50, 1, exam.Open
	must(t, o.Mark(ctx, m))
	after := page(all[1].Seq, 10)
	if len(after) != 1 || after[0].Grade != m.Grades[0] {
		t.Errorf("after a change: %+v, want the changed grade", after)
	}
	if n := len(page(0, 10)); n != 2 {
		t.Errorf("%d latest grades, want 2", n)
	}

	must(t, o.Keep(ctx, arrival("d", "d")))
	_, err := o.File(ctx, exam.Filing{Scan: scan("d"), Sheets: []exam.Sheet{doubted(sheet(o.d, "d", 1, o.roster[0].Serial, "2"))}})
	must(t, err)
	m = o.marking(t, ids[0], o.roster[0].Person, exam.Passed)
	m.Grades, m.Absent = nil, true
	must(t, o.Mark(ctx, m))
	if n := len(page(0, 10)); n != 1 {
		t.Errorf("%d grades after one script has none, want 1", n)
	}
	m = o.marking(t, ids[0], o.roster[0].Person, exam.Passed)
	must(t, o.Mark(ctx, m))
	last := page(after[0].Seq, 10)
	if len(last) != 1 {
		t.Fatalf("rows %+v, want 1", last)
	}
	wantEqual(t, "Doubts", last[0].Doubts, []judge.Reason{judge.Faint})
	_, err = o.Grades(ctx, "none", 0, 1)
	wantKind(t, "Grades of no session", err, fault.NotFound)
}

// TestGradesAreFollowed marks at once from many sides while a reader follows the
// sequence numbers: he must see each latest grade in the end.
func TestGradesAreFollowed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.key(t, 0)
	ids := []exam.ScriptID{o.file(t, "x0", o.roster[0].Serial, "2"), o.file(t, "x1", o.roster[1].Serial, "2")}
	var wg sync.WaitGroup
	for i, id := range ids {
		m := o.marking(t, id, o.roster[i].Person, exam.Passed)
		wg.Go(func() {
			for n := range 40 {
				m.Grades[0].Blank = n
				if err := o.Mark(ctx, m); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	seen := map[exam.ScriptID]int{}
	follow := func(after int64) int64 {
		gs, err := o.Grades(ctx, ses, after, 100)
		must(t, err)
		for _, g := range gs {
			seen[g.Grade.Script], after = g.Grade.Blank, g.Seq
		}
		return after
	}
	after := int64(0)
	for open := true; open; {
		select {
		case <-done:
			open = false
		default:
		}
		after = follow(after)
	}
	follow(after)
	wantEqual(t, "the last that was seen", seen, map[exam.ScriptID]int{ids[0]: 39, ids[1]: 39})
}

func TestNextTask(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	now := day
	o.Now = func() time.Time { return now }
	a := o.file(t, "a", o.roster[0].Serial, "2")
	b := o.file(t, "b", o.roster[1].Serial, "2")
	tasks := func(id exam.ScriptID, decisive ...bool) {
		t.Helper()
		m := o.marking(t, id, "", exam.Open)
		for i, d := range decisive {
			m.Tasks = append(m.Tasks, exam.Task{Script: id, Rev: m.Rev, Field: sheets.FieldID(fmt.Sprint("q", i+1)),
				Options: []sheets.Choice{"1", "2", "3", "4"}, Doubts: []judge.Doubt{{Reason: judge.Faint, Choice: "1", Margin: 0.25}},
				Decisive: d, Views: []exam.View{{Scan: scan("a"), Image: 1}}})
		}
		m.Tasks = append(m.Tasks, exam.Task{Script: id, Rev: m.Rev, Field: exam.PersonField, Office: true})
		must(t, o.Mark(ctx, m))
	}
	tasks(a, false, false)
	tasks(b, true, false)
	next := func(by exam.Login) string {
		t.Helper()
		got, left, err := o.NextTask(ctx, []exam.SessionID{ses}, by, now.Add(time.Minute))
		must(t, err)
		if got == nil {
			return fmt.Sprint("nothing of ", left)
		}
		return fmt.Sprintf("%s of %d", strings.NewReplacer(string(a), "a", string(b), "b").Replace(string(got.Script)+" "+string(got.Field)), left)
	}
	for i, step := range []struct {
		by   exam.Login
		want string
	}{
		{"one", "b q1 of 4"},      // the decisive one
		{"one", "b q1 of 4"},      // and again while it is open
		{"two", "a q1 of 4"},      // another script
		{"three", "nothing of 4"}, // all are leased
	} {
		if got := next(step.by); got != step.want {
			t.Errorf("step %d: next of %s = %s, want %s", i, step.by, got, step.want)
		}
	}
	// "Cannot say" is for others, and the mark it causes keeps the task.
	must(t, o.Rule(ctx, b, 1, exam.Ruling{Field: "q1", CannotSay: true, By: "one", At: day}))
	tasks(b, true, false)
	if got := next("one"); got != "b q2 of 4" {
		t.Errorf("after cannot say: %s, want the next of the script", got)
	}
	now = now.Add(2 * time.Minute) // leases end
	if got := next("three"); got != "b q1 of 4" {
		t.Errorf("after the leases ended: %s, want what another could not say", got)
	}
	if got, _, err := o.NextTask(ctx, nil, "one", now); got != nil || err != nil {
		t.Errorf("next of no session = %v, %v; want nothing", got, err)
	}

	list, err := o.Tasks(ctx, ses, false, 10)
	must(t, err)
	if len(list) != 4 || !list[0].Decisive || list[0].Doubts[0].Reason != judge.Faint || list[0].Views[0].Image != 1 {
		t.Errorf("Tasks = %+v", list)
	}
	list, err = o.Tasks(ctx, ses, true, 10)
	must(t, err)
	if len(list) != 2 || list[0].Field != exam.PersonField {
		t.Errorf("Tasks of the office = %+v, want two", list)
	}
	st, err := o.Sessions(ctx)
	must(t, err)
	wantEqual(t, "Sessions", st, []exam.Standing{{ID: ses, Name: "آزمون پاییز", Date: session().Date,
		Registered: 2, Scripts: 2, Review: 4, Office: 2, Decisive: 1, Final: 2}})
}

func TestNextTaskAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for i, c := range o.roster {
		id := o.file(t, fmt.Sprint("x", i), c.Serial, "2")
		m := o.marking(t, id, "", exam.Open)
		m.Tasks = []exam.Task{{Script: id, Rev: 1, Field: "q1", Decisive: true}}
		must(t, o.Mark(ctx, m))
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[exam.ScriptID]int{}
	for i := range 8 {
		wg.Go(func() {
			task, _, err := o.NextTask(ctx, []exam.SessionID{ses}, exam.Login(fmt.Sprint("sup", i)), time.Now().Add(time.Minute))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if task != nil {
				got[task.Script]++
			}
		})
	}
	wg.Wait()
	wantEqual(t, "leases", got, map[exam.ScriptID]int{exam.ScriptOf(o.roster[0].Serial): 1, exam.ScriptOf(o.roster[1].Serial): 1})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	got, err := o.Session(ctx, ses)
	must(t, err)
	want := session()
	want.Designs, want.Roster = []sheets.Digest{o.d.Digest()}, 2 // handed in, and given serials
	wantEqual(t, "Session", got, &want)
	_, err = o.Session(ctx, "none")
	wantKind(t, "Session that is none", err, fault.NotFound)

	o.key(t, 0)
	_, err = o.AddKey(ctx, ses, 0, exam.Key{})
	wantKind(t, "AddKey that had not seen the latest", err, fault.Conflict)
	o.key(t, 1)
	keys, err := o.Keys(ctx, ses)
	must(t, err)
	if len(keys) != 2 || keys[1].Version != 2 || !keys[0].Items["i2"].Annulled || !keys[0].At.Equal(day) {
		t.Errorf("Keys = %+v", keys)
	}
	got, err = o.Session(ctx, ses)
	must(t, err)
	wantEqual(t, "latest key", got.Key, keys[1])

	change := session()
	change.Titles[0].Name = "درس دیگر"
	must(t, o.PutSession(ctx, change))
	o.file(t, "x", o.roster[0].Serial, "1")
	change.Name = "نام تازه"
	must(t, o.PutSession(ctx, change))
	change.Rules.Pass.Num = 60
	wantKind(t, "PutSession with another law after reading", o.PutSession(ctx, change), fault.Conflict)
	wantKind(t, "AddDesign to no session", o.AddDesign(ctx, "none", o.d), fault.NotFound)
}

func TestDesigns(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	must(t, o.AddDesign(ctx, ses, o.d))
	for range 2 { // from the database, and from memory
		d, err := o.Design(ctx, o.d.Digest().Head())
		must(t, err)
		if d == nil || d.Digest() != o.d.Digest() {
			t.Errorf("Design = %v, want the one that was added", d)
		}
	}
	if d, err := o.Design(ctx, sheets.Check{1}); d != nil || err != nil {
		t.Errorf("Design of an unknown head = %v, %v; want nothing", d, err)
	}
}

func TestRoster(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	if o.roster[0].Person != "0012345679" || o.roster[0].Serial == "" || len(o.spares) != 2 {
		t.Fatalf("allotted %+v and %v", o.roster, o.spares)
	}
	seen := map[sheets.Serial]bool{}
	for _, s := range append(o.spares, o.roster[0].Serial, o.roster[1].Serial) {
		if _, err := s.Number(); err != nil || seen[s] {
			t.Errorf("serial %s: %v, seen before: %v", s, err, seen[s])
		}
		seen[s] = true
	}
	cs, spares, err := o.AllotSerials(ctx, ses, 2)
	must(t, err)
	wantEqual(t, "allotted again", cs, o.roster)
	wantEqual(t, "spares again", spares, o.spares)
	cs[0].Name = "مریم‌السادات"
	more := append(cs[:1:1], exam.Candidate{Person: "0084575948", Name: "سارا"})
	wantKind(t, "PutRoster without a person whose sheet is printed", o.PutRoster(ctx, ses, more), fault.Conflict)
	must(t, o.PutRoster(ctx, ses, append(more, cs[1])))
	got, spares, err := o.AllotSerials(ctx, ses, 3)
	must(t, err)
	if len(got) != 3 || got[0].Name != "مریم‌السادات" || got[0].Serial != o.roster[0].Serial || got[1].Serial == "" || len(spares) != 3 {
		t.Errorf("after a new roster: %+v, spares %v", got, spares)
	}
	p, err := o.Printed(ctx, got[1].Serial)
	must(t, err)
	wantEqual(t, "Printed", p, exam.Printed{Serial: got[1].Serial, Session: ses, Person: "0084575948"})
	_, err = o.Printed(ctx, sheets.NewSerial(5))
	wantKind(t, "Printed of a serial never printed", err, fault.NotFound)
	wantKind(t, "PutRoster with a person twice", o.PutRoster(ctx, ses, append(got, got[0])), fault.Invalid)
	_, err = o.Roster(ctx, "none")
	wantKind(t, "Roster of no session", err, fault.NotFound)
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	a := exam.Account{Login: "sup", Name: "ناظر", Duties: []exam.Duty{exam.Supervisor}}
	must(t, s.PutAccount(ctx, a, "hash"))
	a.Name = "ناظر دوم"
	must(t, s.PutAccount(ctx, a, ""))
	got, hash, err := s.Account(ctx, "sup")
	must(t, err)
	wantEqual(t, "Account", got, a)
	if hash != "hash" {
		t.Errorf("hash %q, want the one from before", hash)
	}
	_, _, err = s.Account(ctx, "none")
	wantKind(t, "Account of nobody", err, fault.NotFound)
	all, err := s.Accounts(ctx)
	must(t, err)
	wantEqual(t, "Accounts", all, []exam.Account{a})

	tok := exam.Token{Name: "مرکز", By: "sup", Duties: []exam.Duty{exam.Centre}}
	must(t, s.PutToken(ctx, tok, [32]byte{1}))
	ends := tok
	ends.Expires = day
	must(t, s.PutToken(ctx, ends, [32]byte{2}))
	for sum, want := range map[[32]byte]exam.Token{{1}: tok, {2}: ends} {
		got, err := s.Token(ctx, sum)
		must(t, err)
		wantEqual(t, "Token", got, want)
	}
	_, err = s.Token(ctx, [32]byte{3})
	wantKind(t, "Token that is none", err, fault.NotFound)
	wantKind(t, "PutToken of nobody", s.PutToken(ctx, exam.Token{By: "none"}, [32]byte{4}), fault.NotFound)

	must(t, s.PutSession(ctx, session()))
	app := exam.Appointment{Session: ses, By: "centre", Who: "sup", Letter: "۱۲/۳", From: session().Date, To: session().Date}
	for range 2 {
		must(t, s.Appoint(ctx, app))
	}
	apps, err := s.Appointments(ctx, "sup")
	must(t, err)
	wantEqual(t, "Appointments", apps, []exam.Appointment{app})
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.key(t, 0)
	id := o.file(t, "x", o.roster[0].Serial, "2")
	must(t, o.Mark(ctx, o.marking(t, id, o.roster[0].Person, exam.Passed)))
	o.balance(t, 1)
	ps, err := o.Passed(ctx, ses)
	must(t, err)
	if len(ps) != 1 || ps[0].Person != o.roster[0] || ps[0].Title.ID != "t1" || ps[0].Words.LegalBasis == "" || !ps[0].Grade.Final() {
		t.Fatalf("Passed = %+v", ps)
	}
	standing := func() exam.Standing {
		t.Helper()
		st, err := o.Sessions(ctx)
		must(t, err)
		return st[0]
	}
	if st := standing(); st.Earned != 1 || st.Approve != 0 || st.KeyVersion != 1 {
		t.Errorf("before issue: %+v", st)
	}
	c := certificate.Certificate{Serial: "08-1405-1", Session: ses, Person: ps[0].Person, Title: exam.Title{ID: "t1", Name: "درس یک"},
		Grade: ps[0].Grade, Words: ps[0].Words, Signature: []byte{1, 2}, KeyID: "k",
		Acts: []certificate.Act{{Kind: certificate.Issued, By: "expert", At: day}}}
	for i := range 2 {
		fresh, err := o.Registry().Keep(ctx, c)
		must(t, err)
		if fresh != (i == 0) {
			t.Errorf("Keep no. %d: fresh = %v", i+1, fresh)
		}
	}
	if st := standing(); st.Earned != 0 || st.Approve != 1 {
		t.Errorf("after issue: %+v", st)
	}
	approve := certificate.Act{Kind: certificate.Approved, By: "approver", At: day.Add(time.Hour), Reason: "درست"}
	must(t, o.Act(ctx, c.Serial, 1, approve))
	wantKind(t, "Act that had not seen the latest", o.Act(ctx, c.Serial, 1, approve), fault.Conflict)
	wantKind(t, "Act on nothing", o.Act(ctx, "none", 0, approve), fault.NotFound)
	c.Acts = append(c.Acts, approve)
	got, err := o.Certificate(ctx, c.Serial)
	must(t, err)
	wantEqual(t, "Certificate", got, &c)
	_, err = o.Certificate(ctx, "none")
	wantKind(t, "Certificate that is none", err, fault.NotFound)
	all, err := o.Certificates(ctx, ses)
	must(t, err)
	wantEqual(t, "Certificates", all, []certificate.Certificate{c})
	if st := standing(); st.Approve != 0 {
		t.Errorf("after approval: %+v", st)
	}

	o.key(t, 1)
	if ps, err := o.Passed(ctx, ses); err != nil || len(ps) != 0 {
		t.Errorf("Passed under a new key and before marking = %v, %v; want none", ps, err)
	}
}
