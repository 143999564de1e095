package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/omr"
	"bargkhan/sheets"
)

// Reading is what a page of a scan said when it was last read; a fault.NotFound
// for a page that never was.
func (s *Store) Reading(ctx context.Context, v exam.View) (out *omr.Reading, err error) {
	defer fault.Wrap(&err, "store: reading of page %d of scan %s", v.Image, v.Scan)
	err = s.view(ctx, func(tx pgx.Tx) error {
		var digest []byte
		err := tx.QueryRow(ctx, `
			select s.design from pages p join scripts s on s.id = p.script
			where p.scan = $1 and p.image = $2 order by p.round desc limit 1`, v.Scan, v.Image).Scan(&digest)
		if err != nil {
			return exists(err, "صفحهٔ خوانده‌شده", fmt.Sprint(v.Scan, " ", v.Image))
		}
		d, err := s.design(ctx, tx, sheets.Digest(digest))
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `select `+sheetColumns+`
			from pages p join scripts s on s.id = p.script
			where p.scan = $1 and p.image = $2 order by p.round desc limit 1`, v.Scan, v.Image)
		if err != nil {
			return err
		}
		sh, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (exam.Sheet, error) { return sheet(row, d) })
		out = &sh.Reading
		return err
	})
	return out, err
}
