package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/sheets"
)

// AddDeckCheck records what a station read of a test deck.
func (s *Store) AddDeckCheck(ctx context.Context, id exam.SessionID, c exam.DeckCheck) (err error) {
	defer fault.Wrap(&err, "store: deck check of session %s", id)
	return s.change(ctx, func(tx pgx.Tx) error {
		if err := lock(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into deck_checks (session, station, design, cards, differences, login, at) values ($1, $2, $3, $4, $5, $6, $7)`,
			id, c.Station, c.Design[:], c.Cards, c.Differences, c.By, c.At)
		return err
	})
}

// AddDeckWaiver records that a station need not scan a deck.
func (s *Store) AddDeckWaiver(ctx context.Context, id exam.SessionID, w exam.DeckWaiver) (err error) {
	defer fault.Wrap(&err, "store: deck waiver of session %s", id)
	return s.change(ctx, func(tx pgx.Tx) error {
		if err := lock(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into deck_waivers (session, station, name, reason, login, at) values ($1, $2, $3, $4, $5, $6)`,
			id, w.Station, w.Name, w.Reason, w.By, w.At)
		return err
	})
}

// Decks is all that is known of the decks of a session.
func (s *Store) Decks(ctx context.Context, id exam.SessionID) (out exam.DeckBook, err error) {
	defer fault.Wrap(&err, "store: decks of session %s", id)
	err = s.view(ctx, func(tx pgx.Tx) error {
		if err := known(ctx, tx, id); err != nil {
			return err
		}
		out, err = decks(ctx, tx, id)
		return err
	})
	return out, err
}

// OpenScanning records that a session is open for scanning at stations, if
// exam.MayScan says so of what is recorded then; its fault otherwise.
func (s *Store) OpenScanning(ctx context.Context, id exam.SessionID, o exam.Opening) (err error) {
	defer fault.Wrap(&err, "store: open session %s", id)
	return s.change(ctx, func(tx pgx.Tx) error {
		if err := lock(ctx, tx, id); err != nil {
			return err
		}
		book, err := decks(ctx, tx, id)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `select digest from session_designs where session = $1`, id)
		if err != nil {
			return err
		}
		var ses exam.Session
		ses.Designs, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d sheets.Digest, err error) {
			var b []byte
			err = row.Scan(&b)
			copy(d[:], b)
			return d, err
		})
		if err != nil {
			return err
		}
		if err := exam.MayScan(&ses, o.Stations, book.Checks, book.Waivers); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into openings (session, stations, login, at) values ($1, $2, $3, $4)`, id, o.Stations, o.By, o.At)
		return err
	})
}

// decks reads the book of a session in its order.
func decks(ctx context.Context, tx pgx.Tx, id exam.SessionID) (out exam.DeckBook, err error) {
	rows, err := tx.Query(ctx, `select station, design, cards, differences, login, at from deck_checks where session = $1 order by n`, id)
	if err != nil {
		return out, err
	}
	out.Checks, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c exam.DeckCheck, err error) {
		var design []byte
		err = row.Scan(&c.Station, &design, &c.Cards, &c.Differences, &c.By, &c.At)
		copy(c.Design[:], design)
		c.At = c.At.UTC()
		return c, err
	})
	if err != nil {
		return out, err
	}
	if rows, err = tx.Query(ctx, `select station, name, reason, login, at from deck_waivers where session = $1 order by n`, id); err != nil {
		return out, err
	}
	out.Waivers, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (w exam.DeckWaiver, err error) {
		err = row.Scan(&w.Station, &w.Name, &w.Reason, &w.By, &w.At)
		w.At = w.At.UTC()
		return w, err
	})
	if err != nil {
		return out, err
	}
	if rows, err = tx.Query(ctx, `select stations, login, at from openings where session = $1 order by n`, id); err != nil {
		return out, err
	}
	out.Openings, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (o exam.Opening, err error) {
		err = row.Scan(&o.Stations, &o.By, &o.At)
		o.At = o.At.UTC()
		return o, err
	})
	return out, err
}

// Opened says whether a session was opened for scanning at a station.
func (s *Store) Opened(ctx context.Context, id exam.SessionID, station string) (ok bool, err error) {
	defer fault.Wrap(&err, "store: opening of session %s", id)
	err = s.ask(ctx, func(q asker) error {
		return q.QueryRow(ctx, `select exists (select from openings where session = $1 and $2 = any(stations))`, id, station).Scan(&ok)
	})
	return ok, err
}

// resumable selects scans in whose latest round pages wait for a session that is open
// by now at a station from which they came. What was read of them then stays.
const resumable = `
	select distinct p.scan, p.round from pages p
	join rounds r on r.scan = p.scan and r.round = p.round
	join arrivals a on a.scan = p.scan
	join printed x on x.serial = p.reject->>'serial'
	join openings o on o.session = x.session and a.station = any(o.stations)
	where p.reject->>'reason' = 'unopened' and r.done_at is not null
		and not exists (select from rounds n where n.scan = p.scan and n.round > p.round)
	order by p.scan limit $1`

// Resume queues again the reading of at most limit scans whose pages waited until
// their session was opened for scanning, and says how many.
func (s *Store) Resume(ctx context.Context, limit int) (n int, err error) {
	defer fault.Wrap(&err, "store: resume what waited for an opening")
	err = s.change(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, resumable, limit)
		if err != nil {
			return err
		}
		type held struct {
			scan  exam.ScanID
			round int
		}
		all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h held, err error) {
			return h, row.Scan(&h.scan, &h.round)
		})
		for _, h := range all {
			if err := s.resume(ctx, tx, h.scan, h.round); err != nil {
				return err
			}
		}
		n = len(all)
		return err
	})
	return n, err
}

// resume opens a round again, unless another has just done so. Its row is locked
// like that of a filing.
func (s *Store) resume(ctx context.Context, tx pgx.Tx, id exam.ScanID, round int) error {
	tag, err := tx.Exec(ctx, `update rounds set done_at = null, pages = null where scan = $1 and round = $2 and done_at is not null`, id, round)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	if _, err := tx.Exec(ctx, `delete from pages where scan = $1 and round = $2 and reject->>'reason' = 'unopened'`, id, round); err != nil {
		return err
	}
	return s.begin(ctx, tx, id, round)
}
