package pipeline

import (
	"context"
	"image"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bargkhan/api/exam"
	"bargkhan/api/store/storetest"
	"bargkhan/omr"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
)

// fate is what the ledger says of the newest file of this name.
func (o *office) fate(name string) exam.Fate {
	o.t.Helper()
	ledger, err := o.store.Ledger(context.Background(), "", 100)
	o.must(err)
	i := slices.IndexFunc(ledger, func(f exam.Fate) bool { return f.Name == name })
	if i < 0 {
		o.t.Fatalf("the ledger has no %s", name)
	}
	return ledger[i]
}

// reasons are those of a file's pages that were given back.
func reasons(f exam.Fate) (out []omr.Reason) {
	for _, r := range f.Back {
		out = append(out, r.Why.Reason)
	}
	return out
}

// second is a sheet of another session, which is open, on the same design.
func (o *office) second() (*image.Gray, sheets.Serial) {
	o.t.Helper()
	ctx := context.Background()
	p := *o
	p.ses.ID, p.ses.Name = "1405-other", "آزمون دیگر"
	key := exam.Key{Version: 1, By: "expert", At: time.Now(), Reason: "نخستین کلید", Items: map[exam.ItemID]exam.Item{}}
	for _, t := range p.ses.Titles {
		for _, item := range t.Items {
			key.Items[item] = exam.Item{Right: []sheets.Choice{"2"}}
		}
	}
	o.must(o.store.PutSession(ctx, p.ses))
	o.must(o.store.AddDesign(ctx, p.ses.ID, o.design))
	_, err := o.store.AddKey(ctx, p.ses.ID, 0, key)
	o.must(err)
	o.must(o.store.PutRoster(ctx, p.ses.ID, []exam.Candidate{{Person: national(7), Name: "نامزد", Venue: "sari"}}))
	people, _, err := o.store.AllotSerials(ctx, p.ses.ID, 0)
	o.must(err)
	p.open()
	return o.sheet(o.design, sheets.Stamp{Page: 1, Serial: people[0].Serial}, 10, 0), people[0].Serial
}

// TestCases has what really comes from exam halls and scanners.
func TestCases(t *testing.T) {
	t.Run("W9 a copy is no alarm and a failure no duplicate", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		// Nobody knows the sheet's design yet: it is given back.
		other := lay(t, "other-2x5")
		img := o.sheet(other, sheets.Stamp{Page: 1, Serial: o.people[0].Serial}, 10, 0)
		o.drop(map[string][]byte{"a.jpg": jpg(img)})
		o.run(o.still(1), o.line(o.store).Run)
		if f := o.fate("a.jpg"); f.End != exam.EndReturned {
			t.Errorf("the first time: %+v", f)
		}
		// The office adds it; the same bytes are read now, and once more are a copy.
		o.must(o.store.AddDesign(context.Background(), o.ses.ID, other))
		o.drop(map[string][]byte{"b.jpg": jpg(img)})
		o.run(o.still(2), o.line(o.store).Run)
		o.drop(map[string][]byte{"c.jpg": jpg(img)})
		o.run(o.still(3), o.line(o.store).Run)
		if b, c := o.fate("b.jpg"), o.fate("c.jpg"); b.End != exam.EndRead || c.End != exam.EndCopied || c.Of == "" {
			t.Errorf("again: %+v; and again: %+v", b, c)
		}
	})

	t.Run("W15 S-02 blank pages are kept, counted and returned to nobody", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		o.drop(map[string][]byte{"duplex.tif": tif(o.blank(), o.of(0, 10, 0), o.blank()), "unmarked.jpg": jpg(o.of(1, 0, 0))})
		o.run(o.still(2), o.line(o.store).Run)
		f := o.fate("duplex.tif")
		if f.Pages != 3 || f.Sheets != 1 || !slices.Equal(reasons(f), []omr.Reason{omr.BlankPage, omr.BlankPage}) {
			t.Errorf("got %+v", f)
		}
		if diff := cmp.Diff([]string{"read/duplex.tif", "read/unmarked.jpg"}, o.tree()); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("S-01 upside down and sideways", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		img := o.of(0, 10, 0)
		o.drop(map[string][]byte{"down.jpg": jpg(omrtest.Turn(2)(img, nil)), "side.jpg": jpg(omrtest.Turn(1)(o.of(1, 10, 0), nil))})
		o.run(o.still(2), o.line(o.store).Run)
		if got := o.outcomes(); len(got) != 2 || got[national(0)] != "passed 5/5-5/5 passed 5/5-5/5 " || got[national(1)] != got[national(0)] {
			t.Errorf("graded %v", got)
		}
	})

	t.Run("S-29 S-30 other papers each have their tray", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		o.drop(map[string][]byte{"mixed.tif": tif(
			o.of(0, 10, 0), o.sheet(o.design, sheets.Stamp{Page: 1, Serial: sheets.NewSerial(999_000_111)}, 5, 0), o.text(), o.blank(),
			o.sheet(o.design, sheets.Stamp{Page: 1, Serial: o.people[0].Serial, Test: true}, 5, 0))})
		o.run(o.still(1), o.line(o.store).Run)
		f := o.fate("mixed.tif")
		if want := []omr.Reason{omr.Foreign, omr.NoAnchors, omr.BlankPage, omr.TestSheet}; !slices.Equal(reasons(f), want) {
			t.Errorf("given back for %v, want %v", reasons(f), want)
		}
		var trays []exam.Tray
		for _, r := range reasons(f) {
			trays = append(trays, exam.TrayOf(r))
		}
		if want := []exam.Tray{exam.Foreigns, exam.Others, exam.Blanks, exam.Foreigns}; !slices.Equal(trays, want) {
			t.Errorf("trays %v, want %v", trays, want)
		}
	})

	t.Run("a session that is not opened for scanning waits, and loses nothing", func(t *testing.T) {
		t.Parallel()
		o := officeAt(t, storetest.URL(t), true)
		ctx := context.Background()
		other, serial := o.second()
		o.drop(map[string][]byte{"a.tif": tif(o.of(0, 10, 0), o.text(), other, o.of(1, 10, 0)), "b.jpg": jpg(o.of(2, 10, 0)), "c.jpg": jpg(o.text())})
		l := o.line(o.store)
		o.run(o.still(1), l.Run)
		f := o.fate("a.tif")
		if want := []omr.Reason{omr.Unopened, omr.NoAnchors, omr.Unopened}; f.End != exam.EndWaiting || f.Sheets != 1 || !slices.Equal(reasons(f), want) {
			t.Errorf("before: %+v, want one sheet and %v", f, want)
		}
		if o.outcomes()[national(0)] != "" || exam.TrayOf(omr.Unopened) != exam.Held {
			t.Errorf("graded %v", o.outcomes())
		}
		o.open()
		o.run(o.still(3), o.line(o.store).Run)
		if f := o.fate("a.tif"); f.End != exam.EndRead || f.Pages != 4 || f.Sheets != 3 || !slices.Equal(reasons(f), []omr.Reason{omr.NoAnchors}) {
			t.Errorf("after: %+v", f)
		}
		if got := o.outcomes(); len(got) != 3 {
			t.Errorf("graded %v, want all three", got)
		}
		if s, err := o.store.Script(ctx, exam.ScriptOf(serial)); err != nil || len(s.Sheets) != 1 {
			t.Errorf("what was read at first: %+v, %v; want it once", s, err)
		}
		if diff := cmp.Diff([]string{"read/a.tif", "read/b.jpg", "returned/a-p002.jpg", "returned/a.tif.txt", "returned/c.jpg", "returned/c.jpg.txt"}, o.tree()); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("what waits at one station is read once it came from one that is open", func(t *testing.T) {
		t.Parallel()
		o := officeAt(t, storetest.URL(t), true)
		two := stationAt(o.root)
		two.Station, two.Root = "hall-2", filepath.Join(o.root, "hall-2")
		o.must(two.Init())
		dropTwo := func(name string, body []byte) {
			o.must(os.WriteFile(filepath.Join(two.Root, "drop", name), body, 0o600))
		}
		run := func(done func() bool) {
			t.Helper()
			l := o.line(o.store)
			l.Folders = append(l.Folders, two)
			o.run(done, l.Run)
		}
		end := func(name string, want exam.End) func() bool {
			return func() bool {
				ledger, err := o.store.Ledger(context.Background(), "", 100)
				o.must(err)
				return slices.ContainsFunc(ledger, func(f exam.Fate) bool { return f.Name == name && f.End == want && f.Pages > 0 })
			}
		}
		in := func(path string) bool {
			_, err := os.Stat(filepath.Join(o.root, path))
			return err == nil
		}
		first, second := tif(o.of(0, 10, 0), o.text()), jpg(o.of(1, 10, 0))
		// Neither is open: the second is a copy, as always, and the first waits.
		o.drop(map[string][]byte{"a.tif": first})
		run(end("a.tif", exam.EndWaiting))
		dropTwo("again.tif", first)
		run(func() bool { return end("again.tif", exam.EndCopied)() && in("hall-2/copies/again.tif") })
		if f := o.fate("again.tif"); f.Of != "a.tif" || o.fate("a.tif").End != exam.EndWaiting || len(o.outcomes()) > 0 {
			t.Errorf("before: %+v, %+v, graded %v", f, o.fate("a.tif"), o.outcomes())
		}
		// The second is opened: what it brought too need not wait for the first one.
		o.openAt("hall-2")
		run(func() bool { return in("hall-1/read/a.tif") && len(o.outcomes()) == 1 })
		// And what comes there afterwards.
		o.drop(map[string][]byte{"b.jpg": second})
		run(end("b.jpg", exam.EndWaiting))
		dropTwo("late.jpg", second)
		run(func() bool {
			return in("hall-1/read/b.jpg") && in("hall-2/copies/late.jpg") && len(o.outcomes()) == 2 && o.still(2)()
		})
		o.openAt("hall-1") // changes nothing any more
		o.drop(map[string][]byte{"c.jpg": jpg(o.of(2, 10, 0))})
		run(func() bool { return len(o.outcomes()) == 3 && o.still(3)() })
		for i := range 3 {
			if s, err := o.store.Script(context.Background(), exam.ScriptOf(o.people[i].Serial)); err != nil || len(s.Sheets) != 1 {
				t.Errorf("sheet %d is read: %+v, %v; want it once", i, s, err)
			}
		}
		if diff := cmp.Diff([]string{"read/a.tif", "read/b.jpg", "read/c.jpg", "returned/a-p002.jpg", "returned/a.tif.txt"}, o.tree()); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("S-38 a sheet that comes late is graded like the others", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		o.drop(map[string][]byte{"a.jpg": jpg(o.of(0, 10, 0))})
		o.run(o.still(1), o.line(o.store).Run)
		before, err := o.store.Grades(context.Background(), o.ses.ID, 0, 100)
		o.must(err)
		o.drop(map[string][]byte{"late.jpg": jpg(o.of(1, 10, 0))})
		o.run(o.still(2), o.line(o.store).Run)
		late, err := o.store.Grades(context.Background(), o.ses.ID, before[len(before)-1].Seq, 100)
		o.must(err)
		if len(late) != 2 || late[0].Grade.Person != national(1) {
			t.Errorf("whoever follows the grades sees %+v", late)
		}
	})

	t.Run("S-54 two sheets of one candidate hold each other up", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		o.drop(map[string][]byte{"a.jpg": jpg(o.of(0, 10, 0)), "b.jpg": jpg(o.sheet(o.design, sheets.Stamp{Page: 1, Serial: o.spares[0]}, 3, 0))})
		l := o.line(o.store)
		o.run(o.still(2), l.Run)
		ctx := context.Background()
		s, err := o.store.Script(ctx, exam.ScriptOf(o.spares[0]))
		o.must(err)
		who := sheets.Choice(national(0))
		o.must(l.Rule(ctx, s.ID, s.Rev, exam.Ruling{Field: exam.PersonField, Choices: []sheets.Choice{who}, By: "expert"}))
		o.must(l.Grade(ctx))
		tasks, err := o.store.Tasks(ctx, o.ses.ID, true, 10)
		o.must(err)
		if len(tasks) != 2 || o.outcomes()[national(0)] != "" {
			t.Errorf("tasks %+v, grades %v: want both held and the office asked about both", tasks, o.outcomes())
		}
	})
}
