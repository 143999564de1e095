package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
)

// PutAccount keeps an account, new or changed. An empty hash leaves the password
// as it is, and lets nobody in to a new account.
func (s *Store) PutAccount(ctx context.Context, a exam.Account, hash string) (err error) {
	defer fault.Wrap(&err, "store: put account %s", a.Login)
	if a.Duties == nil {
		a.Duties = []exam.Duty{}
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			insert into accounts (login, name, duties, hash) values ($1, $2, $3, $4)
			on conflict (login) do update set name = excluded.name, duties = excluded.duties,
				hash = case when excluded.hash = '' then accounts.hash else excluded.hash end`,
			a.Login, a.Name, a.Duties, hash)
		return err
	})
}

// Account is a fault.NotFound when there is none.
func (s *Store) Account(ctx context.Context, l exam.Login) (a exam.Account, hash string, err error) {
	defer fault.Wrap(&err, "store: account %s", l)
	err = s.view(ctx, func(tx pgx.Tx) error {
		a = exam.Account{Login: l}
		err := tx.QueryRow(ctx, `select name, duties, hash from accounts where login = $1`, l).Scan(&a.Name, &a.Duties, &hash)
		return exists(err, "حساب", l)
	})
	return a, hash, err
}

// Accounts lists all accounts by login.
func (s *Store) Accounts(ctx context.Context) (out []exam.Account, err error) {
	defer fault.Wrap(&err, "store: accounts")
	err = s.view(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select login, name, duties from accounts order by login`)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a exam.Account, err error) {
			return a, row.Scan(&a.Login, &a.Name, &a.Duties)
		})
		return err
	})
	return out, err
}

// PutToken keeps a token by the SHA-256 of its secret, new or changed. The account
// it acts as must exist.
func (s *Store) PutToken(ctx context.Context, t exam.Token, sum [32]byte) (err error) {
	defer fault.Wrap(&err, "store: put token %q", t.Name)
	if t.Duties == nil {
		t.Duties = []exam.Duty{}
	}
	var expires *time.Time
	if !t.Expires.IsZero() {
		expires = &t.Expires
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		var one int
		if err := tx.QueryRow(ctx, `select 1 from accounts where login = $1`, t.By).Scan(&one); err != nil {
			return exists(err, "حساب", t.By)
		}
		_, err := tx.Exec(ctx, `
			insert into tokens (sum, name, login, duties, expires) values ($1, $2, $3, $4, $5)
			on conflict (sum) do update set name = excluded.name, login = excluded.login, duties = excluded.duties, expires = excluded.expires`,
			sum[:], t.Name, t.By, t.Duties, expires)
		return err
	})
}

// Token is a fault.NotFound when there is none. It may have expired.
func (s *Store) Token(ctx context.Context, sum [32]byte) (t exam.Token, err error) {
	defer fault.Wrap(&err, "store: token")
	err = s.view(ctx, func(tx pgx.Tx) error {
		t = exam.Token{}
		var expires *time.Time
		err := tx.QueryRow(ctx, `select name, login, duties, expires from tokens where sum = $1`, sum[:]).
			Scan(&t.Name, &t.By, &t.Duties, &expires)
		if errors.Is(err, pgx.ErrNoRows) {
			return fault.New(fault.NotFound, "چنین توکنی نیست.", "از مدیر سامانه توکن تازه بگیرید.")
		}
		if expires != nil {
			t.Expires = expires.UTC()
		}
		return err
	})
	return t, err
}

// Appoint keeps an appointment. The same person, session and letter again is a
// correction of it.
func (s *Store) Appoint(ctx context.Context, a exam.Appointment) (err error) {
	defer fault.Wrap(&err, "store: appoint %s to session %s", a.Who, a.Session)
	body, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		if err := known(ctx, tx, a.Session); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			insert into appointments (session, who, letter, login, body) values ($1, $2, $3, $4, $5)
			on conflict (session, who, letter) do update set login = excluded.login, body = excluded.body`,
			a.Session, a.Who, a.Letter, a.By, body)
		return err
	})
}

// Appointments lists those of one person, whether they hold today or not.
func (s *Store) Appointments(ctx context.Context, who exam.Login) (out []exam.Appointment, err error) {
	defer fault.Wrap(&err, "store: appointments of %s", who)
	err = s.view(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select body from appointments where who = $1 order by session, letter`, who)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a exam.Appointment, err error) {
			var body []byte
			if err := row.Scan(&body); err != nil {
				return a, err
			}
			return a, json.Unmarshal(body, &a)
		})
		return err
	})
	return out, err
}

// Tokens lists all tokens by name, without what opens the door.
func (s *Store) Tokens(ctx context.Context) (out []exam.Token, err error) {
	defer fault.Wrap(&err, "store: tokens")
	err = s.view(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select encode(substring(sum for 8), 'hex'), name, login, duties, expires from tokens order by name, login, sum`)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (t exam.Token, err error) {
			var expires *time.Time
			err = row.Scan(&t.ID, &t.Name, &t.By, &t.Duties, &expires)
			if expires != nil {
				t.Expires = expires.UTC()
			}
			return t, err
		})
		return err
	})
	return out, err
}

// DropToken ends a token. It is a fault.NotFound when there is none with this ID.
func (s *Store) DropToken(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "store: drop token %s", id)
	return s.change(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `delete from tokens where encode(substring(sum for 8), 'hex') = $1`, id)
		if err == nil && tag.RowsAffected() == 0 {
			err = missing("توکن", id)
		}
		return err
	})
}
