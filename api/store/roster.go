package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/sheets"
)

// PutRoster replaces the roster, in the order given, and makes the scripts of the
// session due. A person whose sheet is printed may change name but not vanish
// (fault.Conflict). Serials are not changed by it.
func (s *Store) PutRoster(ctx context.Context, id exam.SessionID, cs []exam.Candidate) (err error) {
	defer fault.Wrap(&err, "store: put roster of session %s", id)
	persons := make([]exam.PersonID, len(cs))
	seen := map[exam.PersonID]bool{}
	for i, c := range cs {
		if seen[c.Person] {
			return fault.New(fault.Invalid, "کد ملی "+string(c.Person)+" دو بار در فهرست آمده است.", "یکی از دو سطر را حذف کنید.")
		}
		seen[c.Person], persons[i] = true, c.Person
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		if err := lock(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `delete from candidates where session = $1 and person <> all($2)`, id, persons); err != nil {
			return printedStays(err)
		}
		var b pgx.Batch
		for i, c := range cs {
			b.Queue(`
				insert into candidates (session, person, ord, name, father, employer, venue, seat)
				values ($1, $2, $3, $4, $5, $6, $7, $8)
				on conflict (session, person) do update set ord = excluded.ord, name = excluded.name, father = excluded.father,
					employer = excluded.employer, venue = excluded.venue, seat = excluded.seat`,
				id, c.Person, i, c.Name, c.Father, c.Employer, c.Venue, c.Seat)
		}
		b.Queue(rosterChanged, id)
		b.Queue(stirAll, id)
		return send(ctx, tx, &b)
	})
}

// rosterChanged tells whoever keeps the roster of a session that it is another now.
const rosterChanged = `update sessions set roster_version = roster_version + 1 where id = $1`

// lock takes the session's lock until the end of tx: writers of a session's key,
// roster and marks come one after the other.
func lock(ctx context.Context, tx pgx.Tx, id exam.SessionID) error {
	var one int
	err := tx.QueryRow(ctx, `select 1 from sessions where id = $1 for no key update`, id).Scan(&one)
	return exists(err, "آزمون", id)
}

// printedStays words the refusal to delete a candidate with a printed sheet.
func printedStays(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23503" {
		return &fault.Error{Kind: fault.Conflict, Msg: "کسی که پاسخنامه‌اش چاپ شده است از فهرست حذف نمی‌شود.",
			Hint: "نام او را در فهرست نگه دارید؛ غایب بودن روی پاسخنامه ثبت می‌شود.", Err: err}
	}
	return err
}

// Roster lists the candidates in the order they were handed in.
func (s *Store) Roster(ctx context.Context, id exam.SessionID) (out []exam.Candidate, err error) {
	defer fault.Wrap(&err, "store: roster of session %s", id)
	err = s.view(ctx, func(tx pgx.Tx) error {
		if err := known(ctx, tx, id); err != nil {
			return err
		}
		out, err = roster(ctx, tx, id)
		return err
	})
	return out, err
}

func roster(ctx context.Context, tx pgx.Tx, id exam.SessionID) ([]exam.Candidate, error) {
	rows, err := tx.Query(ctx, `
		select c.person, c.name, c.father, c.employer, c.venue, c.seat, coalesce(p.serial, '')
		from candidates c left join printed p on p.session = c.session and p.person = c.person
		where c.session = $1 order by c.ord, c.person`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c exam.Candidate, err error) {
		return c, row.Scan(&c.Person, &c.Name, &c.Father, &c.Employer, &c.Venue, &c.Seat, &c.Serial)
	})
}

// AllotSerials gives a serial to every candidate who has none, and makes spares
// until the session has that many. Repeating it changes nothing. It returns the
// candidates with their serials, and the serials of all spares, in order.
func (s *Store) AllotSerials(ctx context.Context, id exam.SessionID, spares int) (cs []exam.Candidate, extra []sheets.Serial, err error) {
	defer fault.Wrap(&err, "store: allot serials in session %s", id)
	err = s.change(ctx, func(tx pgx.Tx) error {
		if err := lock(ctx, tx, id); err != nil {
			return err
		}
		if cs, err = roster(ctx, tx, id); err != nil {
			return err
		}
		if extra, err = sparesOf(ctx, tx, id); err != nil {
			return err
		}
		var without []*string
		for i := range cs {
			if cs[i].Serial == "" {
				p := string(cs[i].Person)
				without = append(without, &p)
			}
		}
		for range spares - len(extra) {
			without = append(without, nil)
		}
		if err := allot(ctx, tx, id, without); err != nil {
			return err
		}
		if cs, err = roster(ctx, tx, id); err != nil {
			return err
		}
		extra, err = sparesOf(ctx, tx, id)
		return err
	})
	return cs, extra, err
}

func sparesOf(ctx context.Context, tx pgx.Tx, id exam.SessionID) ([]sheets.Serial, error) {
	rows, err := tx.Query(ctx, `select serial from printed where session = $1 and person is null order by serial`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[sheets.Serial])
}

// spread makes neighbours of the sequence far apart on paper: 3¹⁸ has no factor in
// common with the 10⁹ numbers of a serial, so the product goes through each of
// them once before it repeats.
const spread = 387_420_489

// allot gives each of the persons, nil for a spare, a serial of his own.
func allot(ctx context.Context, tx pgx.Tx, id exam.SessionID, persons []*string) error {
	if len(persons) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `select nextval('serials') from generate_series(1, $1)`, len(persons))
	if err != nil {
		return err
	}
	ns, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, rosterChanged, id); err != nil {
		return err
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"printed"}, []string{"serial", "session", "person"},
		pgx.CopyFromSlice(len(persons), func(i int) ([]any, error) {
			return []any{string(sheets.NewSerial(ns[i] * spread % (sheets.MaxSerial + 1))), string(id), persons[i]}, nil
		}))
	return err
}

// Printed says what was printed with a serial. It is a fault.NotFound for a
// serial never printed.
func (s *Store) Printed(ctx context.Context, serial sheets.Serial) (out exam.Printed, err error) {
	defer fault.Wrap(&err, "store: printed serial %s", serial)
	err = s.ask(ctx, func(q asker) error {
		out = exam.Printed{Serial: serial}
		err := q.QueryRow(ctx, `select session, coalesce(person, '') from printed where serial = $1`, serial).
			Scan(&out.Session, &out.Person)
		return exists(err, "برگه با سریال", serial)
	})
	return out, err
}
