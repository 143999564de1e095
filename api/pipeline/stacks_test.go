package pipeline

import (
	"context"
	"image"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bargkhan/api/exam"
	"bargkhan/omr"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
	"bargkhan/sheets/print"
)

// header is a clean scan of a header sheet, or of an end sheet, as they are printed.
func (o *office) header(number, count int, end bool) *image.Gray {
	o.t.Helper()
	s := sheets.Stack{Session: string(o.ses.ID), Venue: "ساری", Number: number, Sheets: count, End: end}
	page, err := print.Header(o.design, s, o.ses.Name, "", nil)
	o.must(err)
	img, err := page.Gray(float64(dpi))
	o.must(err)
	return img
}

// A counted batch is what a test says of one.
type counted struct {
	Stack                string
	Paper, Pages, Sheets int
	Separators           int
	Headed, Open         bool
}

// batches are those of the station, the oldest first.
func (o *office) batches() (out []counted) {
	o.t.Helper()
	ts, err := o.store.Batches(context.Background(), "hall-1", 100)
	o.must(err)
	for i := range ts {
		t := ts[len(ts)-1-i]
		if t.Session != o.ses.ID || t.Venue != "sari" {
			o.t.Errorf("batch %+v is of another session or venue", t.Batch)
		}
		out = append(out, counted{t.Stack, t.Paper, t.Pages, t.Sheets, t.In(exam.Separators), t.Headed, t.Open})
	}
	return out
}

// hall is the only venue.
func (o *office) hall() exam.Hall {
	o.t.Helper()
	hs, err := o.store.Halls(context.Background(), o.ses.ID)
	o.must(err)
	return hs[0]
}

// gap is how much is open of a kind.
func gap(h exam.Hall, g exam.Gap) int {
	for _, d := range h.Differences() {
		if d.Gap == g {
			return d.Amount
		}
	}
	return 0
}

// TestStacks scans stacks between their printed header and end sheets.
func TestStacks(t *testing.T) {
	t.Run("a file a page, duplex, upside down", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		o.drop(map[string][]byte{
			"01.jpg": jpg(o.header(1, 2, false)), "02.jpg": jpg(o.blank()), "03.jpg": jpg(o.of(0, 10, 0)), "05.jpg": jpg(o.of(1, 10, 0)),
			"07.jpg": jpg(o.header(1, 2, true)),
			"08.jpg": jpg(omrtest.Turn(2)(o.header(2, 2, false), nil)), "09.jpg": jpg(o.of(2, 10, 0)), "10.jpg": jpg(o.text()),
		})
		o.run(o.still(8), o.line(o.store).Run)
		want := []counted{{"1", 2, 5, 2, 2, true, false}, {"2", 2, 3, 1, 1, true, true}}
		if diff := cmp.Diff(want, o.batches()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{
			"read/01.jpg", "read/02.jpg", "read/03.jpg", "read/05.jpg", "read/07.jpg", "read/08.jpg", "read/09.jpg",
			"returned/10.jpg", "returned/10.jpg.txt",
		}, o.tree()); diff != "" {
			t.Error(diff)
		}
		if f := o.fate("01.jpg"); f.End != exam.EndRead || len(f.Back) != 1 || f.Back[0].Why.Reason != omr.Separator || f.Back[0].Why.Stack.Sheets != 2 {
			t.Errorf("the header's file: %+v", f)
		}
		if h := o.hall(); h.Paper() != 4 || h.Sheets != 3 || gap(h, exam.PaperGap) != 1 {
			t.Errorf("hall: %d of paper, %d sheets, %v", h.Paper(), h.Sheets, h.Differences())
		}
	})

	t.Run("two stacks in one file", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		o.drop(map[string][]byte{"all.tif": tif(o.header(1, 2, false), o.of(0, 10, 0), o.of(1, 10, 0), o.header(1, 2, true),
			o.header(2, 1, false), o.of(2, 10, 0), o.header(2, 1, true))})
		o.run(o.still(1), o.line(o.store).Run)
		if diff := cmp.Diff([]counted{{"1", 2, 4, 2, 2, true, false}, {"2", 1, 3, 1, 2, true, false}}, o.batches()); diff != "" {
			t.Error(diff)
		}
		if h := o.hall(); h.Paper() != 3 || gap(h, exam.PaperGap) != 0 {
			t.Errorf("hall: %d of paper, %v", h.Paper(), h.Differences())
		}
	})

	t.Run("a person's word counts the stack before it", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		o.drop(map[string][]byte{"a.tif": tif(o.header(1, 3, false), o.of(0, 10, 0), o.of(1, 10, 0), o.header(1, 3, true))})
		o.run(o.still(1), o.line(o.store).Run)
		ctx := context.Background()
		end := func() {
			_, err := o.store.EndBatch(ctx, exam.Batch{Station: "hall-1", Session: o.ses.ID, Venue: "sari", Stack: "الف", Paper: 2, By: "operator", At: time.Now()})
			o.must(err)
		}
		end()
		if diff := cmp.Diff([]counted{{"الف", 2, 4, 2, 2, false, false}}, o.batches()); diff != "" {
			t.Errorf("behind the end sheet: %s", diff)
		}
		o.drop(map[string][]byte{"b.tif": tif(o.header(2, 9, false), o.of(2, 10, 0), o.of(3, 10, 0))})
		o.run(o.still(2), o.line(o.store).Run)
		end()
		if diff := cmp.Diff([]counted{{"الف", 2, 4, 2, 2, false, false}, {"الف", 2, 3, 2, 1, false, false}}, o.batches()); diff != "" {
			t.Errorf("instead of an end sheet: %s", diff)
		}
	})

	t.Run("S-03 two sheets fed at once are missing, and not read as one", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		double := omrtest.DoubleFeed(o.of(1, 10, 0), 0.5)(o.of(0, 10, 0), o.rng)
		o.drop(map[string][]byte{"a.tif": tif(o.header(1, 3, false), double, o.of(2, 10, 0), o.header(1, 3, true))})
		o.run(o.still(1), o.line(o.store).Run)
		h := o.hall()
		if got := o.outcomes(); len(got) != 1 || got[national(2)] == "" {
			t.Errorf("graded %v, want the whole sheet alone", got)
		}
		missing := h.MissingSerials()
		if gap(h, exam.PaperGap) != 2 || len(missing) != 5 || missing[0] != o.people[0].Serial || missing[1] != o.people[1].Serial {
			t.Errorf("differences %v, missing %v; want both serials among them", h.Differences(), missing)
		}
		// Scanned again, one by one, the stack is whole.
		o.drop(map[string][]byte{"b.tif": tif(o.header(1, 3, false), o.of(0, 10, 0), o.of(1, 10, 0), o.of(2, 10, 0), o.header(1, 3, true))})
		o.run(o.still(2), o.line(o.store).Run)
		if h := o.hall(); gap(h, exam.PaperGap) != 0 || len(o.outcomes()) != 3 {
			t.Errorf("again: %v, %v", h.Differences(), o.outcomes())
		}
	})

	t.Run("S-13 S-35 who has no sheet is listed until the hall says why", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		o.drop(map[string][]byte{"a.tif": tif(o.header(1, 5, false), o.of(0, 10, 0), o.of(1, 10, 0), o.of(2, 10, 0), o.of(3, 10, 0), o.header(1, 5, true))})
		o.run(o.still(1), o.line(o.store).Run)
		ctx := context.Background()
		h := o.hall()
		if gap(h, exam.PaperGap) != 1 || gap(h, exam.MissingGap) != 2 {
			t.Errorf("differences %v", h.Differences())
		}
		c := exam.Closing{By: "expert", At: time.Now()}
		if err := o.store.CloseVenue(ctx, o.ses.ID, "sari", c); err == nil {
			t.Error("the venue was closed with a sheet missing")
		}
		o.must(o.store.Absent(ctx, o.ses.ID, "sari", []exam.PersonID{national(4), national(5)}, "expert", time.Now()))
		if err := o.store.CloseVenue(ctx, o.ses.ID, "sari", c); err == nil {
			t.Error("the venue was closed with less paper than counted")
		}
		o.must(o.store.Waive(ctx, o.ses.ID, "sari", exam.Waiver{Gap: exam.PaperGap, Amount: 1, Reason: "یک برگه سفید کنار گذاشته شد.",
			HallHead: "علی رضایی", Supervisor: "نرگس کاظمی", By: "expert", At: time.Now()}))
		o.must(o.store.CloseVenue(ctx, o.ses.ID, "sari", c))
	})
}
