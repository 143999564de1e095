package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
)

// Sheets lists what was printed for a session, by serial.
func (s *Store) Sheets(ctx context.Context, id exam.SessionID) (out []exam.Printed, err error) {
	defer fault.Wrap(&err, "store: sheets of session %s", id)
	err = s.view(ctx, func(tx pgx.Tx) error {
		if err := known(ctx, tx, id); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `select serial, session, coalesce(person, '') from printed where session = $1 order by serial`, id)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p exam.Printed, err error) {
			return p, row.Scan(&p.Serial, &p.Session, &p.Person)
		})
		return err
	})
	return out, err
}
