package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/omr/judge"
)

// taskColumns are those that taskOf reads.
const taskColumns = `t.script, t.rev, t.field, t.role, t.options, t.doubts, t.decisive, t.office, t.views`

func taskOf(row pgx.CollectableRow) (t exam.Task, err error) {
	var doubts, views []byte
	if err := row.Scan(&t.Script, &t.Rev, &t.Field, &t.Role, &t.Options, &doubts, &t.Decisive, &t.Office, &views); err != nil {
		return t, err
	}
	return t, errors.Join(json.Unmarshal(doubts, &t.Doubts), json.Unmarshal(views, &t.Views))
}

// NextTask leases the most decisive open review task of the sessions to by until
// the time given; nil when there is none. It skips scripts leased to others, since
// two people ruling on one script would only outdate each other, and tasks that by
// has said "cannot say" to. Among equals it stays with the script by is at. left
// counts what is open in the sessions.
//
// Who asks for the next task gives up the scripts leased to him before.
func (s *Store) NextTask(ctx context.Context, ids []exam.SessionID, by exam.Login, until time.Time) (t *exam.Task, left int, err error) {
	defer fault.Wrap(&err, "store: next task")
	err = s.change(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `select count(*) from tasks where session = any($1) and not office`, ids).Scan(&left); err != nil {
			return err
		}
		t, err = s.lease(ctx, tx, ids, by, until)
		return err
	})
	return t, left, err
}

// lease finds the next task and leases its script. Two reviewers who find the same
// script meet at its lease; the second looks again.
func (s *Store) lease(ctx context.Context, tx pgx.Tx, ids []exam.SessionID, by exam.Login, until time.Time) (*exam.Task, error) {
	for {
		t, err := next(ctx, tx, ids, by, s.Now())
		if err != nil || t == nil {
			return nil, err
		}
		tag, err := tx.Exec(ctx, `
			insert into leases (script, login, until) values ($1, $2, $3)
			on conflict (script) do update set login = excluded.login, until = excluded.until
			where leases.login = excluded.login or leases.until <= $4`, t.Script, by, until, s.Now())
		if err != nil {
			return nil, err
		}
		if tag.RowsAffected() == 1 {
			_, err := tx.Exec(ctx, `delete from leases where login = $1 and script <> $2`, by, t.Script)
			return t, err
		}
	}
}

func next(ctx context.Context, tx pgx.Tx, ids []exam.SessionID, by exam.Login, now time.Time) (*exam.Task, error) {
	rows, err := tx.Query(ctx, `
		select `+taskColumns+`
		from tasks t left join leases l on l.script = t.script and l.until > $3
		where t.session = any($1) and not t.office and (l.login is null or l.login = $2)
			and not coalesce((select cannot_say and not withdrawn from rulings r
				where r.script = t.script and r.field = t.field and r.login = $2 order by rev desc limit 1), false)
		order by t.decisive desc, l.login is null, t.script, t.ord limit 1`, ids, by, now)
	if err != nil {
		return nil, err
	}
	t, err := pgx.CollectExactlyOneRow(rows, taskOf)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &t, err
}

// Tasks lists at most limit open tasks of a session, the decisive first: those of
// the office, or those of the review desk.
func (s *Store) Tasks(ctx context.Context, id exam.SessionID, office bool, limit int) (out []exam.Task, err error) {
	defer fault.Wrap(&err, "store: tasks of session %s", id)
	err = s.view(ctx, func(tx pgx.Tx) error {
		if err := known(ctx, tx, id); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			select `+taskColumns+` from tasks t where t.session = $1 and t.office = $2
			order by t.decisive desc, t.script, t.ord limit $3`, id, office, limit)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, taskOf)
		return err
	})
	return out, err
}

// Grades pages through the session's latest grades by their sequence number,
// oldest first: those with Seq > after, at most limit. A grade that changes gets a
// new number, so who follows the numbers sees every change, and misses none. The
// name is that of the script's person, where it has one.
func (s *Store) Grades(ctx context.Context, id exam.SessionID, after int64, limit int) (out []exam.GradeRow, err error) {
	defer fault.Wrap(&err, "store: grades of session %s", id)
	err = s.view(ctx, func(tx pgx.Tx) error {
		if err := known(ctx, tx, id); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			select g.seq, g.session, s.serial, coalesce(c.name, ''), coalesce(s.state, 0), g.at, p.scans, p.policy, p.doubts, `+gradeColumns+`
			from grades g
			join scripts s on s.id = g.script
			left join candidates c on c.session = g.session and c.person = g.person
			cross join lateral (
				select array_agg(distinct scan) as scans, (array_agg(policy order by rev desc))[1] as policy,
					array(select distinct unnest(doubts) from pages where script = g.script order by 1) as doubts
				from pages where script = g.script) p
			where g.session = $1 and g.latest and g.seq > $2 order by g.seq limit $3`, id, after, limit)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, gradeRow)
		return err
	})
	return out, err
}

func gradeRow(row pgx.CollectableRow) (g exam.GradeRow, err error) {
	var doubts []int16
	err = row.Scan(append([]any{&g.Seq, &g.Session, &g.Serial, &g.Name, &g.State, &g.At, &g.Scans, &g.Policy, &doubts},
		gradeInto(&g.Grade)...)...)
	g.At = g.At.UTC()
	g.Doubts = make([]judge.Reason, len(doubts))
	for i, d := range doubts {
		g.Doubts[i] = judge.Reason(d)
	}
	return g, err
}
