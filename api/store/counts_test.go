package store_test

import (
	"testing"
	"time"

	"bargkhan/api/certificate"
	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/omr"
)

// take keeps and files a scan at a time.
func (o *office) take(t *testing.T, id, content string, at time.Time, f exam.Filing) {
	t.Helper()
	a := arrival(id, content)
	a.At = at
	must(t, o.Keep(ctx, a))
	f.Scan = a.Scan
	_, err := o.File(ctx, f)
	must(t, err)
}

func (o *office) hall(t *testing.T) exam.Hall {
	t.Helper()
	hs, err := o.Halls(ctx, ses)
	must(t, err)
	if len(hs) != 1 {
		t.Fatalf("%d halls, want one", len(hs))
	}
	return hs[0]
}

func gaps(h exam.Hall) map[exam.Gap]int {
	out := map[exam.Gap]int{}
	for _, d := range h.Differences() {
		if d.Waived == nil {
			out[d.Gap] = d.Amount
		}
	}
	return out
}

// TestBatches counts what came of the files of each batch: S-35, and of S-02, S-29
// and S-30 that each kind of page has its own tray.
func TestBatches(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	minute := func(n int) time.Time { return day.Add(time.Duration(n) * time.Minute) }
	one := sheet(o.d, "one", 1, o.roster[0].Serial, "2")
	o.take(t, "a1", "one", minute(1), exam.Filing{Sheets: []exam.Sheet{one}, Returned: []exam.Returned{
		giveBack(2, omr.BlankPage), giveBack(3, omr.NoAnchors), giveBack(4, omr.Foreign), giveBack(5, omr.TestSheet), giveBack(6, omr.NoStamp),
	}})
	copied := arrival("a2", "one")
	copied.At = minute(2)
	must(t, o.Keep(ctx, copied))
	waits := arrival("a3", "three")
	waits.At = minute(3)
	must(t, o.Keep(ctx, waits))
	batch := exam.Batch{Station: "tehran-1", Session: ses, Venue: "v1", Stack: "الف", Paper: 2, By: "operator", At: minute(4)}
	first, err := o.EndBatch(ctx, batch)
	must(t, err)
	o.take(t, "a4", "four", minute(5), exam.Filing{Sheets: []exam.Sheet{sheet(o.d, "four", 1, o.roster[0].Serial, "2")}})
	batch.At, batch.Paper = minute(6), 0
	second, err := o.EndBatch(ctx, batch)
	must(t, err)

	batch.At, batch.Paper, batch.N = minute(4), 2, 1
	wantEqual(t, "EndBatch", first, batch)
	got, err := o.Batches(ctx, "tehran-1", 10)
	must(t, err)
	wantEqual(t, "Batches", got, []exam.Tally{
		{Batch: second, Files: 1, Pages: 1, Sheets: 1, Trays: map[exam.Tray]int{}},
		{Batch: first, Files: 3, Copies: 1, Waiting: 1, Pages: 6, Sheets: 1,
			Trays: map[exam.Tray]int{exam.Blanks: 1, exam.Others: 1, exam.Foreigns: 2, exam.Again: 1}},
	})
	h := o.hall(t)
	// The sheet in both batches is one sheet of paper.
	wantEqual(t, "gaps", gaps(h), map[exam.Gap]int{exam.Unread: 1, exam.PaperGap: 1, exam.MissingGap: 1})
	_, err = o.EndBatch(ctx, exam.Batch{Station: "tehran-1", Session: "none", Venue: "v1", At: day})
	wantKind(t, "EndBatch of no session", err, fault.NotFound)
}

// TestVenueCloses closes a venue only when every difference is explained: S-13, S-35.
func TestVenueCloses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	wantEqual(t, "gaps", gaps(o.hall(t)), map[exam.Gap]int{exam.Uncounted: 1, exam.MissingGap: 2})
	o.take(t, "a1", "one", day, exam.Filing{Sheets: []exam.Sheet{sheet(o.d, "one", 1, o.roster[0].Serial, "2")}})
	_, err := o.EndBatch(ctx, exam.Batch{Station: "tehran-1", Session: ses, Venue: "v1", Paper: 2, By: "operator", At: day.Add(time.Minute)})
	must(t, err)
	h := o.hall(t)
	wantEqual(t, "gaps", gaps(h), map[exam.Gap]int{exam.PaperGap: 1, exam.MissingGap: 1})
	wantEqual(t, "missing serials", h.MissingSerials()[0], o.roster[1].Serial)
	c := exam.Closing{By: "expert", At: day}
	wantKind(t, "CloseVenue", o.CloseVenue(ctx, ses, "v1", c), fault.Conflict)

	w := exam.Waiver{Gap: exam.PaperGap, Amount: 1, Reason: "یک برگه در حوزه گم شد.", HallHead: "علی رضایی", Supervisor: "علی رضايي", By: "expert", At: day}
	wantKind(t, "one person", o.Waive(ctx, ses, "v1", w), fault.Invalid)
	w.Supervisor = "نرگس کاظمی"
	must(t, o.Waive(ctx, ses, "v1", w))
	w.Amount = 2
	wantKind(t, "another amount", o.Waive(ctx, ses, "v1", w), fault.Conflict)
	w.Gap = exam.Uncounted
	wantKind(t, "what nobody can answer for", o.Waive(ctx, ses, "v1", w), fault.Invalid)

	wantKind(t, "a stranger", o.Absent(ctx, ses, "v1", []exam.PersonID{"1234567891"}, "expert", day), fault.Invalid)
	both := []exam.PersonID{o.roster[0].Person, o.roster[1].Person}
	must(t, o.Absent(ctx, ses, "v1", both, "expert", day))
	wantEqual(t, "gaps", gaps(o.hall(t)), map[exam.Gap]int{exam.PresenceGap: 1})
	must(t, o.Absent(ctx, ses, "v1", both[1:], "expert", day))
	must(t, o.CloseVenue(ctx, ses, "v1", c))
	if h := o.hall(t); h.Closed == nil || *h.Closed != c || h.Read != 1 {
		t.Errorf("closed: %+v", h)
	}
	wantKind(t, "CloseVenue", o.CloseVenue(ctx, ses, "none", c), fault.NotFound)

	// The lost sheet is found: what two people answered for is not so any more.
	o.take(t, "a2", "two", day.Add(2*time.Minute), exam.Filing{Sheets: []exam.Sheet{sheet(o.d, "two", 1, o.spares[0], "2")}})
	_, err = o.EndBatch(ctx, exam.Batch{Station: "tehran-1", Session: ses, Venue: "v1", Paper: 2, By: "operator", At: day.Add(3 * time.Minute)})
	must(t, err)
	wantEqual(t, "gaps", gaps(o.hall(t)), map[exam.Gap]int{exam.PaperGap: 2})
}

// balance has the hall count what was read, and say that the others did not come.
func (o *office) balance(t *testing.T, sheets int) {
	t.Helper()
	_, err := o.EndBatch(ctx, exam.Batch{Station: "tehran-1", Session: ses, Venue: "v1", Paper: sheets, By: "operator", At: day.Add(24 * time.Hour)})
	must(t, err)
	var absent []exam.PersonID
	for _, c := range o.hall(t).Missing {
		absent = append(absent, c.Person)
	}
	must(t, o.Absent(ctx, ses, "v1", absent, "expert", day))
	wantEqual(t, "gaps", gaps(o.hall(t)), map[exam.Gap]int{})
}

// TestBlocked issues nothing of a venue while its counts have a difference that nobody
// answers for: S-35.
func TestBlocked(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.key(t, 0)
	id := o.file(t, "x", o.roster[0].Serial, "2")
	must(t, o.Mark(ctx, o.marking(t, id, o.roster[0].Person, exam.Passed)))
	earned := func(what string, want int) {
		t.Helper()
		ps, err := o.Passed(ctx, ses)
		must(t, err)
		if len(ps) != want {
			t.Errorf("%s: %d may be issued, want %d", what, len(ps), want)
		}
	}
	earned("never counted", 0)
	o.balance(t, 1)
	earned("all is there", 1)
	batch := exam.Batch{Station: "tehran-1", Session: ses, Venue: "v1", Paper: 1, By: "operator", At: day.Add(48 * time.Hour)}
	_, err := o.EndBatch(ctx, batch)
	must(t, err)
	earned("a sheet of paper is not there", 0)
	must(t, o.Waive(ctx, ses, "v1", exam.Waiver{Gap: exam.PaperGap, Amount: 1, Reason: "خط خورده بود.", HallHead: "علی رضایی", Supervisor: "نرگس کاظمی", By: "expert", At: day}))
	earned("two people answer for it", 1)
}

// TestS46OneCertificate issues no second certificate of a title to who holds one from
// another session of the same set.
func TestS46OneCertificate(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.key(t, 0)
	id := o.file(t, "x", o.roster[0].Serial, "2")
	must(t, o.Mark(ctx, o.marking(t, id, o.roster[0].Person, exam.Passed)))
	o.balance(t, 1)
	ps, err := o.Passed(ctx, ses)
	must(t, err)
	if len(ps) != 1 {
		t.Fatalf("earned %v", ps)
	}
	earlier := session()
	earlier.ID = "earlier"
	must(t, o.PutSession(ctx, earlier))
	title := ps[0].Title
	title.ID = "another" // IDs of titles are a session's own
	c := certificate.Certificate{Serial: "08-1404-1", Session: "earlier", Person: ps[0].Person, Title: title, Grade: ps[0].Grade, Words: ps[0].Words,
		Signature: []byte{1}, KeyID: "k", Acts: []certificate.Act{{Kind: certificate.Issued, By: "expert", At: day}}}
	_, err = o.Registry().Keep(ctx, c)
	must(t, err)
	if ps, err = o.Passed(ctx, ses); err != nil || len(ps) != 0 {
		t.Errorf("earned besides one of another session: %v, %v", ps, err)
	}
	others, err := o.Elsewhere(ctx, ses)
	must(t, err)
	wantEqual(t, "Elsewhere", others, []certificate.Certificate{c})
	must(t, o.Act(ctx, c.Serial, 1, certificate.Act{Kind: certificate.Revoked, By: "approver", At: day, Reason: "آزمون تازه می‌ماند."}))
	if ps, err = o.Passed(ctx, ses); err != nil || len(ps) != 1 {
		t.Errorf("earned once the other is revoked: %v, %v", ps, err)
	}
	if others, err := o.Elsewhere(ctx, ses); err != nil || len(others) != 0 {
		t.Errorf("others: %v, %v", others, err)
	}
}
