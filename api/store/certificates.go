package store

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/jackc/pgx/v5"

	"bargkhan/api/certificate"
	"bargkhan/api/exam"
	"bargkhan/api/fault"
)

// earned selects the grades that a certificate may be issued on: passed, nothing
// open, of the latest facts and key, and of a person whom one script only claims.
// $2 is the passed outcome.
const earned = `
	select g.* from grades g
	join scripts s on s.id = g.script
	join sessions ses on ses.id = g.session
	where g.latest and g.outcome = $2 and g.open = 0 and g.person is not null and g.person = s.person
		and g.low_num::bigint * g.high_den = g.high_num::bigint * g.low_den
		and s.due_at is null and g.rev = s.rev and g.key = ses.key_version
		and not exists (select from scripts o where o.session = s.session and o.claim = s.claim and o.id <> s.id)`

// Passed lists what a session has earned: final grades that pass, of persons with
// exactly one script in the session, in the order of the roster and of the titles.
// A script that is due has earned nothing until it is marked again. Nobody of a venue
// whose counts have a difference that nobody answers for is listed: a sheet too few
// there may be his second. Nor is a title that a person holds a certificate of from
// another session of the same set: the office decides which counts, and revokes one.
func (s *Store) Passed(ctx context.Context, id exam.SessionID) (out []certificate.Passing, err error) {
	defer fault.Wrap(&err, "store: passed in session %s", id)
	ses, err := s.Session(ctx, id)
	if err != nil {
		return nil, err
	}
	words := certificate.Words{Office: ses.Office, Set: ses.Set, Date: ses.Date, LegalBasis: ses.Rules.LegalBasis}
	err = s.view(ctx, func(tx pgx.Tx) error {
		of, err := earnedBy(ctx, tx, id)
		if err != nil {
			return err
		}
		hs, err := halls(ctx, tx, ses, ses.Venues)
		if err != nil {
			return err
		}
		other, err := elsewhere(ctx, tx, ses)
		if err != nil {
			return err
		}
		blocked := map[exam.VenueID]bool{}
		for i := range hs {
			blocked[hs[i].Venue.ID] = hs[i].MayClose() != nil
		}
		cs, err := roster(ctx, tx, id)
		out = nil
		for _, c := range cs {
			if blocked[c.Venue] {
				continue
			}
			for _, t := range ses.Titles {
				if g, ok := of[c.Person][t.ID]; ok && !holds(other, c.Person, t.Name) {
					out = append(out, certificate.Passing{Person: c, Title: t, Grade: g, Words: words})
				}
			}
		}
		return err
	})
	return out, err
}

// elsewhere lists the certificates of the same set from other sessions, neither
// revoked nor replaced, of persons on the roster.
func elsewhere(ctx context.Context, tx pgx.Tx, ses *exam.Session) ([]certificate.Certificate, error) {
	rows, err := tx.Query(ctx, certificates+`
		join sessions s on s.id = c.session
		where c.session <> $1 and s.body->>'set' = $2 and $2 <> ''
			and exists (select from candidates k where k.session = $1 and k.person = c.person)
			and not exists (select from acts a where a.serial = c.serial and a.kind = any($3)) order by c.n`,
		ses.ID, ses.Set, []int16{int16(certificate.Revoked), int16(certificate.Replaced)})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, certificateOf)
}

// holds says whether one of cs is the person's, of a title with this name: IDs of
// titles are a session's own.
func holds(cs []certificate.Certificate, p exam.PersonID, title string) bool {
	return slices.ContainsFunc(cs, func(c certificate.Certificate) bool { return c.Person.Person == p && c.Title.Name == title })
}

// Elsewhere lists the certificates of other sessions of the same set because of which
// nothing is issued that this session has earned.
func (s *Store) Elsewhere(ctx context.Context, id exam.SessionID) (out []certificate.Certificate, err error) {
	defer fault.Wrap(&err, "store: certificates of the set of session %s", id)
	ses, err := s.Session(ctx, id)
	if err != nil {
		return nil, err
	}
	err = s.view(ctx, func(tx pgx.Tx) error {
		of, err := earnedBy(ctx, tx, id)
		if err != nil {
			return err
		}
		all, err := elsewhere(ctx, tx, ses)
		out = slices.DeleteFunc(all, func(c certificate.Certificate) bool {
			return !slices.ContainsFunc(ses.Titles, func(t exam.Title) bool {
				_, earned := of[c.Person.Person][t.ID]
				return earned && t.Name == c.Title.Name
			})
		})
		return err
	})
	return out, err
}

func earnedBy(ctx context.Context, tx pgx.Tx, id exam.SessionID) (map[exam.PersonID]map[exam.TitleID]exam.Grade, error) {
	rows, err := tx.Query(ctx, `select `+gradeColumns+` from (`+earned+`) g where g.session = $1`, id, exam.Passed)
	if err != nil {
		return nil, err
	}
	of := map[exam.PersonID]map[exam.TitleID]exam.Grade{}
	var g exam.Grade
	_, err = pgx.ForEachRow(rows, gradeInto(&g), func() error {
		if of[g.Person] == nil {
			of[g.Person] = map[exam.TitleID]exam.Grade{}
		}
		of[g.Person][g.Title] = g
		return nil
	})
	return of, err
}

// A Registry is the Store as the registry of certificates sees it, which keeps
// certificates where the line keeps arrivals.
type Registry struct{ *Store }

// Registry is s for the registry of certificates.
func (s *Store) Registry() Registry { return Registry{s} }

// Keep keeps a new certificate, with the acts it has, and says whether it was new.
// Keeping it again changes nothing.
func (s Registry) Keep(ctx context.Context, c certificate.Certificate) (fresh bool, err error) {
	defer fault.Wrap(&err, "store: keep certificate %s", c.Serial)
	acts := c.Acts
	c.Acts = nil
	body, err := json.Marshal(c)
	if err != nil {
		return false, err
	}
	err = s.change(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			insert into certificates (serial, session, person, title, score_num, score_den, body)
			values ($1, $2, $3, $4, $5, $6, $7) on conflict (serial) do nothing`,
			c.Serial, c.Session, c.Person.Person, c.Title.ID, c.Grade.Low.Num, c.Grade.Low.Den, body)
		if fresh = tag.RowsAffected() == 1; !fresh || err != nil {
			return err
		}
		var b pgx.Batch
		for i, a := range acts {
			putAct(&b, c.Serial, i+1, a)
		}
		return send(ctx, tx, &b)
	})
	return fresh, err
}

func putAct(b *pgx.Batch, serial certificate.Serial, n int, a certificate.Act) {
	b.Queue(`insert into acts (serial, n, kind, login, at, reason) values ($1, $2, $3, $4, $5, $6)`,
		serial, n, a.Kind, a.By, a.At, a.Reason)
}

// Act appends an act. It is a fault.Conflict if the certificate no longer has n
// Acts.
func (s *Store) Act(ctx context.Context, serial certificate.Serial, n int, a certificate.Act) (err error) {
	defer fault.Wrap(&err, "store: act on certificate %s", serial)
	return s.change(ctx, func(tx pgx.Tx) error {
		var one, now int
		if err := tx.QueryRow(ctx, `select 1 from certificates where serial = $1 for update`, serial).Scan(&one); err != nil {
			return exists(err, "گواهی‌نامه", serial)
		}
		if err := tx.QueryRow(ctx, `select count(*) from acts where serial = $1`, serial).Scan(&now); err != nil {
			return err
		}
		if now != n {
			return moved("این گواهی‌نامه", n, now)
		}
		var b pgx.Batch
		putAct(&b, serial, n+1, a)
		return send(ctx, tx, &b)
	})
}

// certificates selects with the acts as a list of JSON; the caller adds which.
const certificates = `
	select c.body, (select coalesce(jsonb_agg(jsonb_build_array(kind, login, at, reason) order by a.n), '[]')
		from acts a where a.serial = c.serial)
	from certificates c `

// Certificate is a fault.NotFound when there is none.
func (s *Store) Certificate(ctx context.Context, serial certificate.Serial) (out *certificate.Certificate, err error) {
	defer fault.Wrap(&err, "store: certificate %s", serial)
	err = s.view(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, certificates+`where c.serial = $1`, serial)
		if err != nil {
			return err
		}
		c, err := pgx.CollectExactlyOneRow(rows, certificateOf)
		out = &c
		return exists(err, "گواهی‌نامه", serial)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Certificates lists those of a session in the order of issue.
func (s *Store) Certificates(ctx context.Context, id exam.SessionID) (out []certificate.Certificate, err error) {
	defer fault.Wrap(&err, "store: certificates of session %s", id)
	err = s.view(ctx, func(tx pgx.Tx) error {
		if err := known(ctx, tx, id); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, certificates+`where c.session = $1 order by c.n`, id)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, certificateOf)
		return err
	})
	return out, err
}

func certificateOf(row pgx.CollectableRow) (c certificate.Certificate, err error) {
	var body, acts []byte
	if err := row.Scan(&body, &acts); err != nil {
		return c, err
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return c, err
	}
	var list [][4]json.RawMessage
	if err := json.Unmarshal(acts, &list); err != nil {
		return c, err
	}
	c.Acts = make([]certificate.Act, len(list))
	for i, raw := range list {
		if err := act(&c.Acts[i], raw); err != nil {
			return c, err
		}
	}
	return c, nil
}

// act reads kind, login, time and reason.
func act(a *certificate.Act, raw [4]json.RawMessage) error {
	var kind uint8
	for i, to := range []any{&kind, &a.By, &a.At, &a.Reason} {
		if err := json.Unmarshal(raw[i], to); err != nil {
			return err
		}
	}
	a.Kind, a.At = certificate.Kind(kind), a.At.UTC()
	return nil
}
