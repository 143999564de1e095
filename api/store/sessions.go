package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"bargkhan/api/certificate"
	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/sheets"
)

// PutSession keeps a session, but for its Key and Designs, which have methods of
// their own. It is a fault.Conflict once a sheet of the session was read and
// titles, forms or rules would change.
func (s *Store) PutSession(ctx context.Context, ses exam.Session) (err error) {
	defer fault.Wrap(&err, "store: put session %s", ses.ID)
	body, err := json.Marshal(ses)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		var old []byte
		var read bool
		err := tx.QueryRow(ctx, `
			select body, exists (select from scripts where session = sessions.id)
			from sessions where id = $1 for no key update`, ses.ID).Scan(&old, &read)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if read {
			if err := sameLaw(old, ses); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `
			insert into sessions (id, name, body) values ($1, $2, $3)
			on conflict (id) do update set name = excluded.name, body = excluded.body`, ses.ID, ses.Name, body)
		return err
	})
}

// sameLaw is a conflict unless ses grades as the session kept in old does.
func sameLaw(old []byte, ses exam.Session) error {
	var was exam.Session
	if err := json.Unmarshal(old, &was); err != nil {
		return fmt.Errorf("session %s as remembered: %w", ses.ID, err)
	}
	law := func(s exam.Session) []byte {
		b, _ := json.Marshal(exam.Session{Rules: s.Rules, Titles: s.Titles, Forms: s.Forms}) // was read from JSON
		return b
	}
	if !bytes.Equal(law(was), law(ses)) {
		return fault.New(fault.Conflict, "پاسخنامهٔ این آزمون خوانده شده است؛ درس‌ها، فرم‌ها و قواعد آن دیگر تغییر نمی‌کند.",
			"برای سؤال نادرست، کلید تازه با ابطال همان سؤال ثبت کنید.")
	}
	return nil
}

// Session returns a session with its latest key and its designs in the order they
// were added.
func (s *Store) Session(ctx context.Context, id exam.SessionID) (out *exam.Session, err error) {
	defer fault.Wrap(&err, "store: session %s", id)
	err = s.view(ctx, func(tx pgx.Tx) error {
		var body []byte
		var version, roster int
		err := tx.QueryRow(ctx, `select body, key_version, roster_version from sessions where id = $1`, id).Scan(&body, &version, &roster)
		if err != nil {
			return exists(err, "آزمون", id)
		}
		out = &exam.Session{}
		if err := json.Unmarshal(body, out); err != nil {
			return err
		}
		out.Roster = roster
		if version > 0 {
			ks, err := keys(ctx, tx, id, version)
			if err != nil {
				return err
			}
			out.Key = ks[0]
		}
		out.Designs, err = designsOf(ctx, tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func designsOf(ctx context.Context, tx pgx.Tx, id exam.SessionID) ([]sheets.Digest, error) {
	rows, err := tx.Query(ctx, `select digest from session_designs where session = $1 order by n`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d sheets.Digest, err error) {
		var b []byte
		if err := row.Scan(&b); err != nil {
			return d, err
		}
		return sheets.Digest(b), nil
	})
}

// AddDesign keeps a design, once, and lets the session's sheets be printed from
// it. It is a fault.Conflict when another design has the same head of its digest:
// paper could not tell them apart.
func (s *Store) AddDesign(ctx context.Context, id exam.SessionID, d *sheets.Design) (err error) {
	defer fault.Wrap(&err, "store: add design %s to session %s", d.ID, id)
	body, err := d.MarshalJSON()
	if err != nil {
		return err
	}
	digest := d.Digest()
	return s.change(ctx, func(tx pgx.Tx) error {
		if err := known(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			insert into designs (digest, id, body) values ($1, $2, $3) on conflict (digest) do nothing`,
			digest[:], d.ID, body); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			insert into session_designs (session, digest) values ($1, $2) on conflict do nothing`, id, digest[:])
		return err
	})
}

// known is a fault.NotFound when there is no such session.
func known(ctx context.Context, tx pgx.Tx, id exam.SessionID) error {
	var one int
	return exists(tx.QueryRow(ctx, `select 1 from sessions where id = $1`, id).Scan(&one), "آزمون", id)
}

// Design finds the revision with this head of its digest; nil without error when
// there is none. What it returns is shared and must not be changed.
func (s *Store) Design(ctx context.Context, c sheets.Check) (out *sheets.Design, err error) {
	defer fault.Wrap(&err, "store: design %v", c)
	if d, ok := s.heads.Load(c); ok {
		return d.(*sheets.Design), nil
	}
	err = s.view(ctx, func(tx pgx.Tx) error {
		var digest, body []byte
		err := tx.QueryRow(ctx, `select digest, body from designs where head = $1`, c[:]).Scan(&digest, &body)
		if errors.Is(err, pgx.ErrNoRows) {
			out = nil
			return nil
		}
		if err != nil {
			return err
		}
		out, err = s.parse(sheets.Digest(digest), body)
		return err
	})
	if out != nil {
		s.heads.Store(c, out)
	}
	return out, err
}

// AddKey gives k the next version, which must be seen+1, or it is a
// fault.Conflict, and makes every script of the session due.
func (s *Store) AddKey(ctx context.Context, id exam.SessionID, seen int, k exam.Key) (version int, err error) {
	defer fault.Wrap(&err, "store: add key to session %s", id)
	items, err := json.Marshal(k.Items)
	if err != nil {
		return 0, err
	}
	err = s.change(ctx, func(tx pgx.Tx) error {
		var now int
		err := tx.QueryRow(ctx, `select key_version from sessions where id = $1 for no key update`, id).Scan(&now)
		if err != nil {
			return exists(err, "آزمون", id)
		}
		if now != seen {
			return moved("کلید آزمون", seen, now)
		}
		version = seen + 1
		var b pgx.Batch
		b.Queue(`insert into keys (session, version, items, login, at, reason) values ($1, $2, $3, $4, $5, $6)`,
			id, version, items, k.By, k.At, k.Reason)
		b.Queue(`update sessions set key_version = $2 where id = $1`, id, version)
		b.Queue(stirAll, id)
		return send(ctx, tx, &b)
	})
	return version, err
}

// stirAll makes every script of a session due.
const stirAll = `update scripts set due_at = coalesce(due_at, now()), stir = stir + 1 where session = $1`

// Keys lists every key the session had, the first version first.
func (s *Store) Keys(ctx context.Context, id exam.SessionID) (out []exam.Key, err error) {
	defer fault.Wrap(&err, "store: keys of session %s", id)
	err = s.view(ctx, func(tx pgx.Tx) error {
		if err := known(ctx, tx, id); err != nil {
			return err
		}
		out, err = keys(ctx, tx, id, 1)
		return err
	})
	return out, err
}

// keys lists the keys of a session from a version on.
func keys(ctx context.Context, tx pgx.Tx, id exam.SessionID, from int) ([]exam.Key, error) {
	rows, err := tx.Query(ctx, `
		select version, items, login, at, reason from keys where session = $1 and version >= $2 order by version`, id, from)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (k exam.Key, err error) {
		var items []byte
		if err := row.Scan(&k.Version, &items, &k.By, &k.At, &k.Reason); err != nil {
			return k, err
		}
		k.At = k.At.UTC()
		return k, json.Unmarshal(items, &k.Items)
	})
}

// Sessions says how far each session has come, the latest exam first.
func (s *Store) Sessions(ctx context.Context) (out []exam.Standing, err error) {
	defer fault.Wrap(&err, "store: sessions")
	err = s.view(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, standings, exam.Settled, exam.Passed,
			[]int16{int16(certificate.Issued), int16(certificate.Approved), int16(certificate.Revoked), int16(certificate.Replaced)})
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, standing)
		return err
	})
	return out, err
}

// standings counts in one pass over each table. $1 is the settled state, $2 the
// passed outcome, $3 the kinds of acts: issued, approved, revoked, replaced.
const standings = `
	select s.id, s.body, s.key_version,
		coalesce(c.n, 0), coalesce(sc.n, 0), coalesce(sc.final, 0),
		coalesce(t.review, 0), coalesce(t.office, 0), coalesce(t.decisive, 0),
		coalesce(e.n, 0), coalesce(a.n, 0), coalesce(x.n, 0),
		coalesce(sc.accepted, 0), coalesce(sc.unknown, 0), coalesce(sc.wrong, 0)
	from sessions s
	left join (select session, count(*) as n from candidates group by session) c on c.session = s.id
	left join (select session, count(*) as n, count(*) filter (where state = $1 and due_at is null) as final,
		sum(accepted) as accepted, sum(unknown) as unknown, sum(wrong) as wrong
		from scripts group by session) sc on sc.session = s.id
	left join (select session, count(*) filter (where not office) as review, count(*) filter (where office) as office,
		count(*) filter (where not office and decisive) as decisive from tasks group by session) t on t.session = s.id
	left join (select g.session, count(*) as n from (` + earned + `) g
		where not exists (select from certificates c where c.session = g.session and c.person = g.person and c.title = g.title
			and c.score_num::bigint * g.low_den = g.low_num::bigint * c.score_den)
		group by g.session) e on e.session = s.id
	left join (select session, count(*) as n from certificates c
		where exists (select from acts where serial = c.serial and kind = ($3::smallint[])[1])
			and not exists (select from acts where serial = c.serial and kind = any (($3::smallint[])[2:]))
		group by session) a on a.session = s.id
	left join (select c.session, count(*) as n from certificates c
		where not exists (select from acts where serial = c.serial and kind = any (($3::smallint[])[3:]))
			and not exists (select from (` + earned + `) g where g.session = c.session and g.person = c.person and g.title = c.title
				and c.score_num::bigint * g.low_den = g.low_num::bigint * c.score_den)
		group by c.session) x on x.session = s.id
	order by s.body->>'date' desc, s.id`

func standing(row pgx.CollectableRow) (out exam.Standing, err error) {
	var body []byte
	var accepted, unknown int
	var wrong float64
	if err := row.Scan(&out.ID, &body, &out.KeyVersion, &out.Registered, &out.Scripts, &out.Final,
		&out.Review, &out.Office, &out.Decisive, &out.Earned, &out.Approve, &out.Stale, &accepted, &unknown, &wrong); err != nil {
		return out, err
	}
	var ses exam.Session
	err = json.Unmarshal(body, &ses)
	out.Name, out.Date, out.Expected = ses.Name, ses.Date, exam.Expected(accepted, unknown, wrong)
	return out, err
}
