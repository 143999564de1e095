package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/omr"
	"bargkhan/sheets"
)

// EndBatch ends a batch of its station at its time, and returns it with its
// number. What the station took after the batch before it belongs to it.
func (s *Store) EndBatch(ctx context.Context, b exam.Batch) (_ exam.Batch, err error) {
	defer fault.Wrap(&err, "store: end a batch of station %s", b.Station)
	err = s.change(ctx, func(tx pgx.Tx) error {
		if err := lock(ctx, tx, b.Session); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			insert into batches (station, n, session, venue, stack, paper, login, began_at, ended_at)
			select $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6, coalesce(max(ended_at), 'epoch'),
				greatest($7, coalesce(max(ended_at), 'epoch'))
			from batches where station = $1 returning n, ended_at`,
			b.Station, b.Session, b.Venue, b.Stack, b.Paper, b.By, b.At).Scan(&b.N, &b.At)
	})
	b.At = b.At.UTC()
	return b, err
}

// tallies selects batches with what came of their files; the caller adds which.
const tallies = `
	select b.station, b.n, b.session, b.venue, b.stack, b.paper, b.login, b.ended_at, f.files, f.copies, f.waiting, f.pages, p.sheets, p.back
	from batches b
	cross join lateral (
		select count(*) as files, count(*) filter (where a.copy) as copies, count(*) filter (where r.done_at is null) as waiting,
			coalesce(sum(r.pages) filter (where not a.copy), 0) as pages
		from arrivals a join rounds r on r.scan = a.scan and r.round = a.round
		where a.station = b.station and a.at > b.began_at and a.at <= b.ended_at
	) f
	cross join lateral (
		select count(distinct p.script) as sheets, coalesce(jsonb_agg(p.reject->>'reason') filter (where p.reject is not null and not a.copy), '[]') as back
		from arrivals a join pages p on p.scan = a.scan and p.round = a.round
		where a.station = b.station and a.at > b.began_at and a.at <= b.ended_at
	) p `

// Batches is the newest batches of a station, the newest first.
func (s *Store) Batches(ctx context.Context, station string, limit int) (out []exam.Tally, err error) {
	defer fault.Wrap(&err, "store: batches of station %s", station)
	err = s.view(ctx, func(tx pgx.Tx) error {
		out, err = tally(ctx, tx, tallies+`where b.station = $1 order by b.n desc limit $2`, station, limit)
		return err
	})
	return out, err
}

func tally(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]exam.Tally, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t exam.Tally, err error) {
		var back []byte
		var reasons []omr.Reason
		err = row.Scan(&t.Station, &t.N, &t.Session, &t.Venue, &t.Stack, &t.Paper, &t.By, &t.At,
			&t.Files, &t.Copies, &t.Waiting, &t.Pages, &t.Sheets, &back)
		if err != nil {
			return t, err
		}
		t.At, t.Trays = t.At.UTC(), map[exam.Tray]int{}
		err = json.Unmarshal(back, &reasons)
		for _, r := range reasons {
			t.Trays[exam.TrayOf(r)]++
		}
		return t, err
	})
}

// Halls is every venue of a session with all its counts, in the session's order.
func (s *Store) Halls(ctx context.Context, id exam.SessionID) (out []exam.Hall, err error) {
	defer fault.Wrap(&err, "store: halls of session %s", id)
	ses, err := s.Session(ctx, id)
	if err != nil {
		return nil, err
	}
	err = s.view(ctx, func(tx pgx.Tx) error {
		out = nil
		for _, v := range ses.Venues {
			h, err := hall(ctx, tx, id, v)
			if err != nil {
				return err
			}
			out = append(out, h)
		}
		return nil
	})
	return out, err
}

// hall collects all that is known of one venue.
func hall(ctx context.Context, tx pgx.Tx, id exam.SessionID, v exam.Venue) (h exam.Hall, err error) {
	h = exam.Hall{Venue: v, Absent: []exam.PersonID{}, Missing: []exam.Candidate{}, Present: []exam.PersonID{}, Waivers: []exam.Waiver{}}
	if h.Batches, err = tally(ctx, tx, tallies+`where b.session = $1 and b.venue = $2 order by b.ended_at, b.station`, id, v.ID); err != nil {
		return h, err
	}
	if h.Batches == nil {
		h.Batches = []exam.Tally{}
	}
	err = tx.QueryRow(ctx, `
		select count(distinct p.script) from batches b
		join arrivals a on a.station = b.station and a.at > b.began_at and a.at <= b.ended_at
		join pages p on p.scan = a.scan and p.round = a.round
		where b.session = $1 and b.venue = $2`, id, v.ID).Scan(&h.Sheets)
	if err != nil {
		return h, err
	}
	if err := attendance(ctx, tx, id, &h); err != nil {
		return h, err
	}
	if err := answered(ctx, tx, id, &h); err != nil {
		return h, err
	}
	var c exam.Closing
	rows, err := tx.Query(ctx, `select login, at from closings where session = $1 and venue = $2 order by n desc limit 1`, id, v.ID)
	if err != nil {
		return h, err
	}
	_, err = pgx.ForEachRow(rows, []any{&c.By, &c.At}, func() error {
		c.At = c.At.UTC()
		h.Closed = &c
		return nil
	})
	return h, err
}

// attendance sets the candidates of h against the sheets that were read and the
// hall's list of the absent.
func attendance(ctx context.Context, tx pgx.Tx, id exam.SessionID, h *exam.Hall) error {
	rows, err := tx.Query(ctx, `
		select c.person, c.name, c.seat, coalesce(p.serial, ''),
			coalesce((select absent from absences a where a.session = c.session and a.person = c.person order by n desc limit 1), false),
			exists (select from scripts s where s.session = c.session and (s.serial = p.serial or s.claim = c.person)),
			exists (select from scripts s where s.session = c.session and (s.serial = p.serial or s.claim = c.person) and not coalesce(s.absent, false))
		from candidates c left join printed p on p.session = c.session and p.person = c.person
		where c.session = $1 and c.venue = $2 order by c.ord`, id, h.Venue.ID)
	if err != nil {
		return err
	}
	var c exam.Candidate
	var serial sheets.Serial
	var listed, read, answered bool
	_, err = pgx.ForEachRow(rows, []any{&c.Person, &c.Name, &c.Seat, &serial, &listed, &read, &answered}, func() error {
		c.Serial, c.Venue = serial, h.Venue.ID
		h.Registered++
		if read {
			h.Read++
		}
		if listed {
			h.Absent = append(h.Absent, c.Person)
		}
		switch {
		case listed && answered:
			h.Present = append(h.Present, c.Person)
		case !listed && !read:
			h.Missing = append(h.Missing, c)
		}
		return nil
	})
	return err
}

// answered reads what people answer for.
func answered(ctx context.Context, tx pgx.Tx, id exam.SessionID, h *exam.Hall) error {
	rows, err := tx.Query(ctx, `select body from waivers where session = $1 and venue = $2 order by n`, id, h.Venue.ID)
	if err != nil {
		return err
	}
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&body}, func() error {
		var w exam.Waiver
		err := json.Unmarshal(body, &w)
		h.Waivers = append(h.Waivers, w)
		return err
	})
	return err
}

// Absent replaces the hall's list of those who did not come to a venue. A person
// who is not of the venue is a fault.Invalid.
func (s *Store) Absent(ctx context.Context, id exam.SessionID, v exam.VenueID, who []exam.PersonID, by exam.Login, at time.Time) (err error) {
	defer fault.Wrap(&err, "store: the absent of venue %s", v)
	return s.change(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select person from candidates where session = $1 and venue = $2`, id, v)
		if err != nil {
			return err
		}
		of, err := pgx.CollectRows(rows, pgx.RowTo[exam.PersonID])
		if err != nil {
			return err
		}
		for _, p := range who {
			if !slices.Contains(of, p) {
				return fault.New(fault.Invalid, "«"+string(p)+"» در فهرست این حوزه نیست.", "کد ملی داوطلبان همین حوزه را بنویسید.")
			}
		}
		_, err = tx.Exec(ctx, `
			insert into absences (session, person, absent, login, at)
			select c.session, c.person, c.person = any($3), $4, $5 from candidates c
			where c.session = $1 and c.venue = $2 and (c.person = any($3)) is distinct from coalesce(
				(select absent from absences a where a.session = c.session and a.person = c.person order by n desc limit 1), false)`,
			id, v, who, by, at)
		return err
	})
}

// Waive keeps a waiver of a difference that the venue has now.
func (s *Store) Waive(ctx context.Context, id exam.SessionID, v exam.VenueID, w exam.Waiver) (err error) {
	defer fault.Wrap(&err, "store: waive a difference of venue %s", v)
	return s.atHall(ctx, id, v, func(tx pgx.Tx, h *exam.Hall) error {
		if err := w.Check(h); err != nil {
			return err
		}
		body, err := json.Marshal(w)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into waivers (session, venue, body) values ($1, $2, $3)`, id, v, body)
		return err
	})
}

// CloseVenue says that all of a venue is accounted for. It is a fault.Conflict while
// there is a difference that nobody answers for.
func (s *Store) CloseVenue(ctx context.Context, id exam.SessionID, v exam.VenueID, c exam.Closing) (err error) {
	defer fault.Wrap(&err, "store: close venue %s", v)
	return s.atHall(ctx, id, v, func(tx pgx.Tx, h *exam.Hall) error {
		if err := h.MayClose(); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into closings (session, venue, login, at) values ($1, $2, $3, $4)`, id, v, c.By, c.At)
		return err
	})
}

// atHall runs do with the counts of a venue as they are, in one transaction.
func (s *Store) atHall(ctx context.Context, id exam.SessionID, v exam.VenueID, do func(pgx.Tx, *exam.Hall) error) error {
	ses, err := s.Session(ctx, id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(ses.Venues, func(x exam.Venue) bool { return x.ID == v })
	if i < 0 {
		return missing("حوزه", v)
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		if err := lock(ctx, tx, id); err != nil {
			return err
		}
		h, err := hall(ctx, tx, id, ses.Venues[i])
		if err != nil {
			return err
		}
		return do(tx, &h)
	})
}
