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
