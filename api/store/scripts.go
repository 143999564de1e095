package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/sheets"
)

// Due names at most limit scripts whose marking is not of the latest facts: their
// sheets, rulings, key, roster, or who else claims the same person. Those that
// were not named for longest come first, so that a script that cannot be marked
// never keeps the others waiting.
func (s *Store) Due(ctx context.Context, limit int) (ids []exam.ScriptID, err error) {
	defer fault.Wrap(&err, "store: due")
	err = s.ask(ctx, func(q asker) error {
		rows, err := q.Query(ctx, `
			update scripts set due_at = clock_timestamp()
			where id in (select id from scripts where due_at is not null order by due_at limit $1 for update skip locked)
			returning id`, limit)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[exam.ScriptID])
		return err
	})
	return ids, err
}

// Script returns all that is known of a script; a fault.NotFound when no sheet of
// it was read. Sheets and Rulings are in the order of their appending, Grades in
// that of their making.
func (s *Store) Script(ctx context.Context, id exam.ScriptID) (out *exam.Script, err error) {
	defer fault.Wrap(&err, "store: script %s", id)
	err = s.view(ctx, func(tx pgx.Tx) error {
		out = &exam.Script{ID: id}
		var digest []byte
		err := tx.QueryRow(ctx, `
			select s.session, s.serial, s.rev, s.stir, s.design, p.person is null, coalesce(p.person, '')
			from scripts s join printed p using (serial) where s.id = $1`, id).
			Scan(&out.Session, &out.Serial, &out.Rev, &out.Stir, &digest, &out.Spare, &out.Owner)
		if err != nil {
			return exists(err, "پرونده", id)
		}
		if out.Design, err = s.design(ctx, tx, sheets.Digest(digest)); err != nil {
			return err
		}
		var b pgx.Batch // one way to the server and back for the three
		b.Queue(sheetsOf, id).Query(func(rows pgx.Rows) (err error) {
			out.Sheets, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (exam.Sheet, error) { return sheet(row, out.Design) })
			return err
		})
		b.Queue(rulingsOf, id).Query(func(rows pgx.Rows) (err error) {
			out.Rulings, err = pgx.CollectRows(rows, ruling)
			return err
		})
		b.Queue(gradesOf, id).Query(func(rows pgx.Rows) (err error) {
			out.Grades, err = pgx.CollectRows(rows, grade)
			return err
		})
		return tx.SendBatch(ctx, &b).Close()
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// sheetColumns are those that sheet reads.
const sheetColumns = `p.scan, p.image, p.page, p.digest, p.engine, p.policy, p.pose, p.notes,
	p.ink, p.fit, p.seen, p.mark, p.tick, p.crossed, p.filled, p.swatches, p.verdicts, s.serial`

// What Script asks for, of one script.
const (
	sheetsOf = `select ` + sheetColumns + `
		from pages p join scripts s on s.id = p.script where p.script = $1 order by p.rev`
	rulingsOf = `
		select field, choices, cannot_say, withdrawn, login, at, note from rulings where script = $1 order by rev`
	gradesOf = `select ` + gradeColumns + ` from grades g where g.script = $1 and g.latest order by g.seq`
)

func sheet(row pgx.CollectableRow, d *sheets.Design) (exam.Sheet, error) {
	var sh exam.Sheet
	var digest, pose, notes, verdicts []byte
	var c columns
	r := &sh.Reading
	err := row.Scan(&sh.Scan, &sh.Image, &r.Stamp.Page, &digest, &r.Engine, &sh.Policy, &pose, &notes,
		&c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &r.Swatches, &verdicts, &r.Stamp.Serial)
	if err != nil {
		return sh, err
	}
	r.Design = sheets.Digest(digest)
	r.Stamp.Check = r.Design.Head()
	if r.Stamp.Page > len(d.Pages) {
		return sh, fmt.Errorf("page %d of a sheet of %d pages", r.Stamp.Page, len(d.Pages))
	}
	r.Evidence, err = c.evidence(&d.Pages[r.Stamp.Page-1])
	return sh, errors.Join(err, json.Unmarshal(pose, &r.Pose), json.Unmarshal(notes, &r.Notes), json.Unmarshal(verdicts, &sh.Verdicts))
}

func ruling(row pgx.CollectableRow) (r exam.Ruling, err error) {
	err = row.Scan(&r.Field, &r.Choices, &r.CannotSay, &r.Withdrawn, &r.By, &r.At, &r.Note)
	r.At = r.At.UTC()
	return r, err
}

// gradeColumns are those that gradeInto reads.
const gradeColumns = `g.script, coalesce(g.person, ''), g.title, g.rev, g.key, g.low_num, g.low_den, g.high_num, g.high_den,
	g.right_, g.wrong, g.blank, g.open, g.outcome`

// gradeInto returns where to scan gradeColumns to.
func gradeInto(g *exam.Grade) []any {
	return []any{&g.Script, &g.Person, &g.Title, &g.Rev, &g.Key, &g.Low.Num, &g.Low.Den, &g.High.Num, &g.High.Den,
		&g.Right, &g.Wrong, &g.Blank, &g.Open, &g.Outcome}
}

func grade(row pgx.CollectableRow) (g exam.Grade, err error) {
	return g, row.Scan(gradeInto(&g)...)
}

// Claims names every script of the session that claims p, as last marked.
func (s *Store) Claims(ctx context.Context, id exam.SessionID, p exam.PersonID) (ids []exam.ScriptID, err error) {
	defer fault.Wrap(&err, "store: claims in session %s", id)
	err = s.ask(ctx, func(q asker) error {
		rows, err := q.Query(ctx, `select id from scripts where session = $1 and claim = $2 order by id`, id, p)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[exam.ScriptID])
		return err
	})
	return ids, err
}

// Rule appends a ruling made at rev, and makes the script due. It is a
// fault.Conflict when the script has another rev by now.
func (s *Store) Rule(ctx context.Context, id exam.ScriptID, rev int, r exam.Ruling) (err error) {
	defer fault.Wrap(&err, "store: rule on %s of script %s", r.Field, id)
	if r.Choices == nil {
		r.Choices = []sheets.Choice{}
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		var now int
		err := tx.QueryRow(ctx, `select rev from scripts where id = $1 for update`, id).Scan(&now)
		if err != nil {
			return exists(err, "پرونده", id)
		}
		if now != rev {
			return moved("این پرونده", rev, now)
		}
		if _, err := tx.Exec(ctx, `
			insert into rulings (script, rev, field, choices, cannot_say, withdrawn, login, at, note)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			id, rev+1, r.Field, r.Choices, r.CannotSay, r.Withdrawn, r.By, r.At, r.Note); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			update scripts set rev = $2, due_at = coalesce(due_at, now()), stir = stir + 1 where id = $1`, id, rev+1)
		return err
	})
}

// Mark keeps what was computed of a script at its Rev and Key: grades, open tasks
// and state, all replaced in one transaction. When the Claim is new or gone, the
// other scripts with the old or the new Claim become due. Marking again with the
// same changes nothing.
//
// It is a fault.Conflict when the script's rev or stir or the session's key moved
// since they were read, or when m names a Person whom another script has by now;
// the script is still due then.
func (s *Store) Mark(ctx context.Context, m exam.Marking) (err error) {
	defer fault.Wrap(&err, "store: mark script %s", m.Script)
	return s.change(ctx, func(tx pgx.Tx) error {
		session, claim, err := markable(ctx, tx, m)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, gradesOf, m.Script)
		if err != nil {
			return err
		}
		latest, err := pgx.CollectRows(rows, grade)
		if err != nil {
			return err
		}
		var b pgx.Batch
		b.Queue(`
			update scripts set due_at = null, marked_rev = $2, marked_key = $3, state = $4, absent = $5,
				claim = nullif($6::text, ''), person = nullif($7::text, ''), accepted = $8, unknown = $9, wrong = $10
			where id = $1`, m.Script, m.Rev, m.Key, m.State, m.Absent, m.Claim, m.Person,
			m.Expected.Accepted, m.Expected.Unknown, m.Expected.Wrong)
		if claim != m.Claim {
			b.Queue(`
				update scripts set due_at = coalesce(due_at, now()), stir = stir + 1
				where session = $1 and id <> $2 and claim in ($3, $4)`, session, m.Script, claim, m.Claim)
		}
		putGrades(&b, session, m, latest)
		if err := putTasks(&b, session, m); err != nil {
			return err
		}
		return tx.SendBatch(ctx, &b).Close()
	})
}

// markable locks the session and the script of m, and makes sure that m is of the
// latest. The session's lock is held to the commit: grades become visible in the
// order of their seq, so that a reader who follows them by it misses none.
func markable(ctx context.Context, tx pgx.Tx, m exam.Marking) (session exam.SessionID, claim exam.PersonID, err error) {
	var rev, stir, key int
	err = tx.QueryRow(ctx, `
		select id, key_version from sessions where id = (select session from scripts where id = $1) for no key update`,
		m.Script).Scan(&session, &key)
	if err != nil {
		return "", "", exists(err, "پرونده", m.Script)
	}
	err = tx.QueryRow(ctx, `
		select rev, stir, coalesce(claim, '') from scripts where id = $1 for no key update`, m.Script).
		Scan(&rev, &stir, &claim)
	switch {
	case err != nil:
		return "", "", err
	case rev != m.Rev:
		return "", "", moved("این پرونده", m.Rev, rev)
	case key != m.Key:
		return "", "", moved("کلید آزمون", m.Key, key)
	case m.Stir != 0 && stir != m.Stir:
		return "", "", moved("آنچه به این پرونده مربوط است", m.Stir, stir)
	}
	return session, claim, nil
}

// putGrades adds to b the grades of m that say something new, and the end of those of
// titles that have none any more.
func putGrades(b *pgx.Batch, session exam.SessionID, m exam.Marking, latest []exam.Grade) {
	old := map[exam.TitleID]exam.Grade{}
	for _, g := range latest {
		old[g.Title] = g
	}
	const end = `update grades set latest = false where script = $1 and title = $2 and latest`
	for _, g := range m.Grades {
		was, had := old[g.Title]
		delete(old, g.Title)
		if had && was == g {
			continue
		}
		if had {
			b.Queue(end, m.Script, g.Title)
		}
		b.Queue(`
			insert into grades (script, session, title, person, rev, key, low_num, low_den, high_num, high_den,
				right_, wrong, blank, open, outcome, latest)
			values ($1, $2, $3, nullif($4::text, ''), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, true)`,
			m.Script, session, g.Title, g.Person, g.Rev, g.Key, g.Low.Num, g.Low.Den, g.High.Num, g.High.Den,
			g.Right, g.Wrong, g.Blank, g.Open, g.Outcome)
	}
	for title := range old {
		b.Queue(end, m.Script, title)
	}
}

// putTasks adds to b what replaces the open tasks of m's script.
func putTasks(b *pgx.Batch, session exam.SessionID, m exam.Marking) error {
	b.Queue(`delete from tasks where script = $1`, m.Script)
	for i, t := range m.Tasks {
		doubts, err1 := json.Marshal(t.Doubts)
		views, err2 := json.Marshal(t.Views)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if t.Options == nil {
			t.Options = []sheets.Choice{}
		}
		b.Queue(`
			insert into tasks (script, session, ord, field, rev, role, options, doubts, decisive, office, views)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			m.Script, session, i, t.Field, t.Rev, t.Role, t.Options, doubts, t.Decisive, t.Office, views)
	}
	return nil
}

// send runs a batch that may be empty.
func send(ctx context.Context, tx pgx.Tx, b *pgx.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, b).Close()
}
