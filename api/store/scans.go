package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/omr"
)

// Keep records an arrival and, for bytes not seen before, the scan with its
// reading job. Bytes that were seen before make the arrival a copy, unless
// nothing could be read of them then, or their job was set aside: such a scan is
// queued again. A scan that waits for the opening of its session has been read: Resume
// queues it as soon as that is open at a station from which it came. Keeping an arrival again changes nothing.
//
// Of the same bytes kept at once from two stations, one is the scan and the other
// its copy.
func (s *Store) Keep(ctx context.Context, a exam.Arrival) (err error) {
	defer fault.Wrap(&err, "store: keep arrival %s", a.ID)
	return s.change(ctx, func(tx pgx.Tx) error {
		// The row of the scan is locked from here to the commit: who keeps the
		// same bytes now waits, and then finds them known.
		if _, err := tx.Exec(ctx, `
			insert into scans (id, station, name, size, at) values ($1, $2, $3, $4, $5)
			on conflict (id) do update set id = excluded.id`,
			a.Scan, a.Station, a.Name, a.Size, a.At); err != nil {
			return err
		}
		if known, err := knownArrival(ctx, tx, a); known || err != nil {
			return err
		}
		round, copied, err := s.round(ctx, tx, a.Scan)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into arrivals (id, scan, round, copy, station, name, size, at)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			a.ID, a.Scan, round, copied, a.Station, a.Name, a.Size, a.At)
		return err
	})
}

// knownArrival says whether a was kept before; with other bytes it is a conflict.
func knownArrival(ctx context.Context, tx pgx.Tx, a exam.Arrival) (bool, error) {
	var scan exam.ScanID
	err := tx.QueryRow(ctx, `select scan from arrivals where id = $1`, a.ID).Scan(&scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err == nil && scan != a.Scan {
		err = &fault.Error{Kind: fault.Conflict, Msg: "دو فایل ناهمسان با یک شناسه رسیده‌اند.",
			Hint: "فایل را دوباره در پوشهٔ ورودی بگذارید.",
			Err:  fmt.Errorf("arrival %s was scan %s, now %s", a.ID, scan, a.Scan)}
	}
	return err == nil, err
}

// round returns the round in which the scan is or was read, and whether that is
// an earlier arrival's doing. It begins one, with its job, where there is need.
func (s *Store) round(ctx context.Context, tx pgx.Tx, id exam.ScanID) (round int, copied bool, err error) {
	var done, read, live bool
	err = tx.QueryRow(ctx, `
		select r.round, r.done_at is not null,
			exists (select from pages p where p.scan = r.scan and p.script is not null)
				or coalesce(r.pages, 0) > 0 and (
					not exists (select from pages p where p.scan = r.scan and p.round = r.round
						and p.reject->>'reason' not in ('blank-page', 'separator'))
					or exists (select from pages p where p.scan = r.scan and p.round = r.round and p.reject->>'reason' = 'unopened')),
			exists (select from river_job j where j.id = r.job
				and j.state in ('available', 'pending', 'running', 'retryable', 'scheduled'))
		from rounds r where r.scan = $1 order by r.round desc limit 1`, id).Scan(&round, &done, &read, &live)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		err = s.begin(ctx, tx, id, 1)
		return 1, false, err
	case err != nil:
		return 0, false, err
	case !done && live, done && read:
		return round, true, nil
	case done:
		round++
	default: // what was set aside has its second chance, and alarms nobody any more
		if _, err := tx.Exec(ctx, `
			delete from river_job where state = 'discarded' and id = (select job from rounds where scan = $1 and round = $2)`,
			id, round); err != nil {
			return 0, false, err
		}
	}
	return round, false, s.begin(ctx, tx, id, round)
}

// begin queues the reading of a scan. A round that lost its job gets another.
func (s *Store) begin(ctx context.Context, tx pgx.Tx, id exam.ScanID, round int) error {
	p, err := turn(ctx, tx, id)
	if err != nil {
		return err
	}
	job, err := s.queue.InsertTx(ctx, tx, reading{Scan: id}, &river.InsertOpts{Priority: p})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		insert into rounds (scan, round, job) values ($1, $2, $3)
		on conflict (scan, round) do update set job = excluded.job`, id, round, job.Job.ID)
	return err
}

// turn is the priority of a scan's job, 1 the first, by how much of its station
// waits: a stack that is being scanned stays below the first bound, and goes before
// the rest of what another station has dumped. No file of a station overtakes an
// earlier one. While a station waits with more, its rest waits for all others, but not
// for ever: see Age.
func turn(ctx context.Context, tx pgx.Tx, id exam.ScanID) (int, error) {
	var waiting, last int
	err := tx.QueryRow(ctx, `
		select count(*), coalesce(max(j.priority), 1) from rounds r
		join scans s on s.id = r.scan join river_job j on j.id = r.job
		where r.done_at is null and s.station = (select station from scans where id = $1)
			and j.state in ('available', 'pending', 'running', 'retryable', 'scheduled')`, id).Scan(&waiting, &last)
	for p, most := range []int{16, 128, 1024} { // a feeder's half minute, a stack, an exam
		if waiting < most {
			return max(p+1, last), err
		}
	}
	return 4, err // River knows no more
}

// Age lets scans that have waited for so long go with the stacks of other stations, in
// the order in which they came. Only the stack that is being scanned stays before them.
func (s *Store) Age(ctx context.Context, waited time.Duration) (err error) {
	defer fault.Wrap(&err, "store: age what waits")
	return s.change(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			update river_job set priority = 2
			where state = 'available' and priority > 2 and kind = $1 and created_at <= now() - $2 * interval '1 second'`,
			reading{}.Kind(), waited.Seconds())
		return err
	})
}

// Scan is a fault.NotFound when no such file came.
func (s *Store) Scan(ctx context.Context, id exam.ScanID) (out exam.Scan, err error) {
	defer fault.Wrap(&err, "store: scan %s", id)
	err = s.ask(ctx, func(q asker) error {
		out = exam.Scan{ID: id}
		err := q.QueryRow(ctx, `
			select station, name, size, at, array(select distinct station from arrivals where scan = $1 order by 1)
			from scans where id = $1`, id).Scan(&out.Station, &out.Name, &out.Size, &out.At, &out.Stations)
		out.At = out.At.UTC()
		return exists(err, "فایل", id)
	})
	return out, err
}

// fates selects arrivals with what became of each; the caller adds which and in
// what order. A page of a round is counted by its image; image 0 is the file.
const fates = `
	select a.id, a.scan, a.station, a.name, a.size, a.at,
		case when a.copy then 'copy' when r.done_at is null or p.held then 'waiting' when p.sheets > 0 or not p.others then 'read' else 'returned' end,
		coalesce(r.pages, 0), p.sheets, p.back, case when a.copy then s.name else '' end
	from arrivals a
	join scans s on s.id = a.scan
	join rounds r on r.scan = a.scan and r.round = a.round
	cross join lateral (
		select count(script) as sheets, coalesce(bool_or(reject->>'reason' not in ('blank-page', 'separator')), true) as others,
			coalesce(bool_or(reject->>'reason' = 'unopened'), false) as held,
			jsonb_agg(jsonb_build_object('image', image, 'why', reject) order by image) filter (where reject is not null) as back
		from pages where scan = a.scan and round = a.round
	) p `

// Fates says what became of the named arrivals, those still waiting included, in
// the order of the names. A name that never arrived is left out.
func (s *Store) Fates(ctx context.Context, arrivals []string) (out []exam.Fate, err error) {
	defer fault.Wrap(&err, "store: fates")
	return s.fates(ctx, fates+`join unnest($1::text[]) with ordinality as want (id, n) on want.id = a.id order by want.n`, arrivals)
}

// Ledger is the newest arrivals of a station, each with its fate, the newest
// first; of all stations for "".
func (s *Store) Ledger(ctx context.Context, station string, limit int) (out []exam.Fate, err error) {
	defer fault.Wrap(&err, "store: ledger of station %q", station)
	if station == "" {
		return s.fates(ctx, fates+`order by a.at desc, a.id desc limit $1`, limit)
	}
	return s.fates(ctx, fates+`where a.station = $1 order by a.at desc, a.id desc limit $2`, station, limit)
}

// InTray is the newest arrivals of a station since then that have a page in a tray, the
// newest first.
func (s *Store) InTray(ctx context.Context, station string, tray exam.Tray, since time.Time, limit int) (out []exam.Fate, err error) {
	defer fault.Wrap(&err, "store: tray %q of station %s", tray, station)
	return s.fates(ctx, fates+`where a.station = $1 and a.at >= $2 and not a.copy and exists (
		select from pages x where x.scan = a.scan and x.round = a.round and x.reject->>'reason' = any($3))
		order by a.at desc, a.id desc limit $4`, station, since, reasons(tray), limit)
}

// reasons are the codes of a tray's pages.
func reasons(tray exam.Tray) []string {
	out := []string{}
	for _, r := range tray.Reasons() {
		out = append(out, r.String())
	}
	return out
}

// Trays counts the pages of a station since then that are no sheet, by where they lie.
func (s *Store) Trays(ctx context.Context, station string, since time.Time) (out map[exam.Tray]int, err error) {
	defer fault.Wrap(&err, "store: trays of station %s", station)
	err = s.view(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select p.reject->>'reason', count(*) from arrivals a join pages p on p.scan = a.scan and p.round = a.round
			where a.station = $1 and a.at >= $2 and not a.copy and p.reject is not null group by 1`, station, since)
		if err != nil {
			return err
		}
		out = map[exam.Tray]int{}
		var code string
		var n int
		_, err = pgx.ForEachRow(rows, []any{&code, &n}, func() error {
			var r omr.Reason
			err := r.UnmarshalText([]byte(code))
			out[exam.TrayOf(r)] += n
			return err
		})
		return err
	})
	return out, err
}

// streakLooks is how many sheets back a streak is followed: a small stack.
const streakLooks = 50

// Streak is how many of the latest sheets of a station, in a row, are streaked.
func (s *Store) Streak(ctx context.Context, station string) (out exam.Streak, err error) {
	defer fault.Wrap(&err, "store: streak of station %s", station)
	err = s.view(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select a.at, p.notes ? 'streaked' from arrivals a join pages p on p.scan = a.scan and p.round = a.round
			where a.station = $1 and not a.copy and p.script is not null order by a.id desc, p.image desc limit $2`, station, streakLooks)
		if err != nil {
			return err
		}
		out = exam.Streak{}
		var at time.Time
		var streaked, clean bool
		_, err = pgx.ForEachRow(rows, []any{&at, &streaked}, func() error {
			if clean = clean || !streaked; !clean {
				out = exam.Streak{Pages: out.Pages + 1, Since: at.UTC()}
			}
			return nil
		})
		return err
	})
	return out, err
}

func (s *Store) fates(ctx context.Context, sql string, args ...any) (out []exam.Fate, err error) {
	err = s.ask(ctx, func(q asker) error {
		rows, err := q.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, fate)
		return err
	})
	return out, err
}

func fate(row pgx.CollectableRow) (exam.Fate, error) {
	var f exam.Fate
	var end string
	var back []byte
	err := row.Scan(&f.ID, &f.Scan, &f.Station, &f.Name, &f.Size, &f.At, &end, &f.Pages, &f.Sheets, &back, &f.Of)
	if err != nil {
		return f, err
	}
	f.At = f.At.UTC()
	if back != nil {
		if err := json.Unmarshal(back, &f.Back); err != nil {
			return f, fmt.Errorf("pages given back of scan %s: %w", f.Scan, err)
		}
	}
	return f, f.End.UnmarshalText([]byte(end))
}

// Stations says when the last file of each station came.
func (s *Store) Stations(ctx context.Context) (out map[string]time.Time, err error) {
	defer fault.Wrap(&err, "store: stations")
	err = s.view(ctx, func(tx pgx.Tx) error {
		// A loose index scan: one step of the index a station, however many
		// arrivals there are.
		rows, err := tx.Query(ctx, `
			with recursive last (station, at) as (
				(select station, at from arrivals order by station, at desc limit 1)
				union all
				select n.station, n.at from last cross join lateral (
					select station, at from arrivals where station > last.station order by station, at desc limit 1) n
			) select station, at from last`)
		if err != nil {
			return err
		}
		out = map[string]time.Time{}
		var station string
		var at time.Time
		_, err = pgx.ForEachRow(rows, []any{&station, &at}, func() error {
			out[station] = at.UTC()
			return nil
		})
		return err
	})
	return out, err
}
