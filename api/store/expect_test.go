package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"bargkhan/api/exam"
	"bargkhan/api/store"
	"bargkhan/api/store/migrations"
	"bargkhan/omr"
)

// markExpecting marks a script with what is expected of it.
func (o *office) markExpecting(t *testing.T, id exam.ScriptID, p exam.PersonID, e exam.Expectation) {
	t.Helper()
	m := o.marking(t, id, p, exam.Passed)
	m.Expected = e
	must(t, o.Mark(ctx, m))
}

// exec changes the database behind the store's back.
func (o *office) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(ctx, o.Pool().Config().ConnString())
	must(t, err)
	defer conn.Close(ctx) //nolint:errcheck // nothing is at stake
	_, err = conn.Exec(ctx, sql, args...)
	must(t, err)
}

// standing is how far the one session is.
func (o *office) standing(t *testing.T) exam.Standing {
	t.Helper()
	all, err := o.Sessions(ctx)
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%d sessions, want one", len(all))
	}
	return all[0]
}

// TestExpected adds up what is expected of the machine: of a session, of batches and of a
// hall. A sheet in two batches is in both, and in the hall once.
func TestExpected(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	wantEqual(t, "of nothing", o.standing(t).Expected, exam.Expectation{})
	minute := func(n int) time.Time { return day.Add(time.Duration(n) * time.Minute) }
	end := func(at time.Time) {
		t.Helper()
		_, err := o.EndBatch(ctx, exam.Batch{Station: "tehran-1", Session: ses, Venue: "v1", Paper: 1, By: "operator", At: at})
		must(t, err)
	}
	one := sheet(o.d, "one", 1, o.roster[0].Serial, "2")
	again := sheet(o.d, "two", 1, o.roster[0].Serial, "2")
	other := sheet(o.d, "two", 2, o.roster[1].Serial, "2")
	o.take(t, "a1", "one", minute(1), exam.Filing{Sheets: []exam.Sheet{one}, Returned: []exam.Returned{giveBack(2, omr.BlankPage)}})
	end(minute(2))
	o.take(t, "a2", "two", minute(3), exam.Filing{Sheets: []exam.Sheet{again, other}})
	end(minute(4))
	end(minute(5)) // of no file
	wantEqual(t, "before any grading", o.standing(t).Expected, exam.Expectation{})

	first, second := exam.Expected(40, 4, 0.25), exam.Expected(60, 0, 0.5)
	o.markExpecting(t, exam.ScriptOf(o.roster[0].Serial), o.roster[0].Person, exam.Expected(41, 41, 0))
	o.markExpecting(t, exam.ScriptOf(o.roster[0].Serial), o.roster[0].Person, first) // marking again replaces it
	o.markExpecting(t, exam.ScriptOf(o.roster[1].Serial), o.roster[1].Person, second)
	both := exam.Expected(100, 4, 0.75)
	wantEqual(t, "of the session", o.standing(t).Expected, both)
	h := o.hall(t)
	wantEqual(t, "of the hall", h.Expected, both)
	var of []exam.Expectation
	for _, b := range h.Batches {
		of = append(of, b.Expected)
	}
	wantEqual(t, "of its batches", of, []exam.Expectation{first, both, {}})
	bs, err := o.Batches(ctx, "tehran-1", 10)
	must(t, err)
	wantEqual(t, "of the station's latest batch but one", bs[1].Expected, both)
	if both.AtMost < 1 || both.AtMost > 7 {
		t.Errorf("of 0.75 expected at most %d are wrong", both.AtMost)
	}
}

// TestExpectedAfterUpdate marks once more what was marked before there was anything to
// expect.
func TestExpectedAfterUpdate(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.key(t, 0)
	id := o.file(t, "one", o.roster[0].Serial, "2")
	o.markExpecting(t, id, o.roster[0].Person, exam.Expectation{})
	wantEqual(t, "due", o.due(t), []exam.ScriptID(nil))
	url := o.Pool().Config().ConnString()
	db, err := sql.Open("pgx", url)
	must(t, err)
	defer db.Close() //nolint:errcheck // nothing is at stake
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files, goose.WithLogger(goose.NopLogger()))
	must(t, err)
	_, err = p.DownTo(ctx, 6)
	must(t, err)
	must(t, store.Migrate(ctx, url, nil))
	wantEqual(t, "due after the update", o.due(t), []exam.ScriptID{id})
}

// TestExpectedOfMany measures the sums over BARGKHAN_MANY sheets; a few in every run, so
// that it does not rot.
func TestExpectedOfMany(t *testing.T) {
	t.Parallel()
	n := 500
	if asked := os.Getenv("BARGKHAN_MANY"); asked != "" {
		if _, err := fmt.Sscan(asked, &n); err != nil {
			t.Fatal(err)
		}
	}
	o := newOffice(t)
	one := sheet(o.d, "one", 1, o.roster[0].Serial, "2")
	o.take(t, "a", "one", day, exam.Filing{Sheets: []exam.Sheet{one}})
	// Scripts, their files and their pages, as the line leaves them, in one stack.
	for _, sql := range []string{
		`insert into printed (serial, session) select lpad((5000000000 + i)::text, 10, '0'), $2 from generate_series(1, $1) i on conflict do nothing`,
		`insert into scripts (id, serial, session, design, rev, marked_rev, marked_key, state, absent, accepted, unknown, wrong)
			select p.serial, p.serial, $2, (select design from scripts limit 1), 1, 1, 0, 4, false, 66, 1, 0.001
			from printed p join generate_series(1, $1) i on p.serial = lpad((5000000000 + i)::text, 10, '0')`,
		`insert into scans (id, station, name, size, at) select encode(sha256(i::text::bytea), 'hex'), 'tehran-1', $2, 1, now() from generate_series(1, $1) i`,
		`insert into rounds (scan, round, job, pages, done_at) select encode(sha256(i::text::bytea), 'hex'), 1, 1, 1, now() from generate_series(1, $1) i where $2 <> ''`,
		`insert into arrivals (id, scan, round, copy, station, name, size, at)
			select 'b' || lpad(i::text, 9, '0'), encode(sha256(i::text::bytea), 'hex'), 1, false, 'tehran-1', $2, 1, now() from generate_series(1, $1) i`,
		`insert into pages (scan, round, image, script, rev, page, digest, engine, policy, pose, notes, ink, fit, seen, verdicts, doubts)
			select encode(sha256(i::text::bytea), 'hex'), 1, 1, lpad((5000000000 + i)::text, 10, '0'), 1, 1, d.digest, 'e', 'p', '{}', '[]',
				array_fill(0.5::real, array[270]), array_fill(0.5::real, array[270]), array_fill(0.5::real, array[270]), '[]', '{}'
			from generate_series(1, $1) i, designs d where $2 <> ''`,
	} {
		o.exec(t, sql, n, string(ses))
	}
	o.exec(t, `update scripts set due_at = null, marked_rev = 1, marked_key = 0, state = 4, absent = false where marked_rev is null`)
	o.exec(t, `analyze`)
	_, err := o.EndBatch(ctx, exam.Batch{Station: "tehran-1", Session: ses, Venue: "v1", Paper: n, By: "operator", At: time.Now().Add(time.Minute)})
	must(t, err)
	want := exam.Expected(66*n, n, 0.001*float64(n))
	for name, ask := range map[string]func() exam.Expectation{
		"session": func() exam.Expectation { return o.standing(t).Expected },
		"hall":    func() exam.Expectation { return o.hall(t).Expected },
		"batch": func() exam.Expectation {
			bs, err := o.Batches(ctx, "tehran-1", 1)
			must(t, err)
			return bs[0].Expected
		},
	} {
		began := time.Now()
		got := ask()
		t.Logf("%d sheets, %s: %v", n, name, time.Since(began).Round(100*time.Microsecond))
		if got.Accepted != want.Accepted || got.Unknown != want.Unknown || got.AtMost != want.AtMost {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
