package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// File keeps a whole filing or nothing, and makes its scripts due. Filing a scan
// again changes nothing and names the same scripts, so a crash anywhere is
// repaired by starting over. It returns the scripts in order, each once.
//
// A sheet of a serial that was never printed, of a test deck, or with evidence
// that is not of its design is a fault.Invalid: the line gives such pages back
// before. Only a sheet whose script already has sheets of another design, which
// nobody sees before the transaction, is given back here, as omr.Foreign.
//
// Evidence is kept in 32 bits: to seven digits, where a scan repeats in two.
func (s *Store) File(ctx context.Context, f exam.Filing) (ids []exam.ScriptID, err error) {
	defer fault.Wrap(&err, "store: file scan %s", f.Scan)
	err = s.change(ctx, func(tx pgx.Tx) error {
		var round int
		var done bool
		var have []int // pages that were filed before the round was resumed
		err := tx.QueryRow(ctx, `
			select round, done_at is not null, array(select image from pages p where p.scan = r.scan and p.round = r.round)
			from rounds r where scan = $1 order by round desc limit 1 for update`,
			f.Scan).Scan(&round, &done, &have)
		if err != nil {
			return exists(err, "فایل", f.Scan)
		}
		if !done {
			if err := s.file(ctx, tx, without(f, have), round, have); err != nil {
				return err
			}
		}
		ids, err = filed(ctx, tx, f.Scan, round)
		return err
	})
	return ids, err
}

func filed(ctx context.Context, tx pgx.Tx, id exam.ScanID, round int) ([]exam.ScriptID, error) {
	rows, err := tx.Query(ctx, `
		select distinct script from pages where scan = $1 and round = $2 and script is not null order by script`, id, round)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[exam.ScriptID])
}

// without is a filing less the pages that are filed already.
func without(f exam.Filing, have []int) exam.Filing {
	if len(have) > 0 {
		f.Sheets = slices.DeleteFunc(slices.Clone(f.Sheets), func(s exam.Sheet) bool { return slices.Contains(have, s.Image) })
		f.Returned = slices.DeleteFunc(slices.Clone(f.Returned), func(r exam.Returned) bool { return slices.Contains(have, r.Image) })
	}
	return f
}

// file writes the pages of a filing, beside those that the round has, and closes it.
func (s *Store) file(ctx context.Context, tx pgx.Tx, f exam.Filing, round int, have []int) error {
	var b pgx.Batch
	images := map[int]bool{}
	add := func(image int) error {
		if images[image] {
			return invalid("page %d of the scan is filed twice", image)
		}
		images[image] = true
		return nil
	}
	for _, r := range f.Returned {
		if err := errors.Join(add(r.Image), giveBack(&b, f.Scan, round, r)); err != nil {
			return err
		}
	}
	for i := range f.Sheets {
		if err := add(f.Sheets[i].Image); err != nil {
			return err
		}
	}
	if err := s.fileSheets(ctx, tx, &b, f, round); err != nil {
		return err
	}
	for _, image := range have {
		images[image] = true
	}
	delete(images, 0) // the file as a whole
	b.Queue(`update rounds set pages = $3, done_at = now() where scan = $1 and round = $2`, f.Scan, round, len(images))
	return tx.SendBatch(ctx, &b).Close()
}

// fileSheets adds to b the sheets of f, script by script. Scripts are taken in
// the order of their serials, so that two filings never wait for each other.
func (s *Store) fileSheets(ctx context.Context, tx pgx.Tx, b *pgx.Batch, f exam.Filing, round int) error {
	of := map[sheets.Serial][]*exam.Sheet{}
	var serials []sheets.Serial
	for i := range f.Sheets {
		sh := &f.Sheets[i]
		serial := sh.Reading.Stamp.Serial
		if of[serial] == nil {
			serials = append(serials, serial)
		}
		of[serial] = append(of[serial], sh)
	}
	slices.Sort(serials)
	for _, serial := range serials {
		digest, rev, err := script(ctx, tx, serial, of[serial][0].Reading.Design)
		if err != nil {
			return err
		}
		d, err := s.design(ctx, tx, digest)
		if err != nil {
			return err
		}
		before := rev
		for _, sh := range of[serial] {
			if sh.Reading.Design != digest {
				err = giveBack(b, f.Scan, round, foreign(sh, digest))
			} else {
				rev++
				err = putSheet(b, f.Scan, round, rev, sh, d)
			}
			if err != nil {
				return err
			}
		}
		if rev > before {
			b.Queue(`update scripts set rev = $2, due_at = coalesce(due_at, now()), stir = stir + 1 where id = $1`,
				exam.ScriptOf(serial), rev)
		}
	}
	return nil
}

// script locks the script of a serial, made of design if it is new, and returns
// its design and its rev: 0 when it is new.
func script(ctx context.Context, tx pgx.Tx, serial sheets.Serial, design sheets.Digest) (sheets.Digest, int, error) {
	id := exam.ScriptOf(serial)
	// rev must be positive; the caller counts the sheet that makes it so.
	tag, err := tx.Exec(ctx, `
		insert into scripts (id, serial, session, design, rev, due_at)
		select $1, serial, session, $3, 1, now() from printed where serial = $2
		on conflict do nothing`, id, serial, design[:]) // of the id or of the serial: who is first decides both
	if err != nil {
		return sheets.Digest{}, 0, err
	}
	if tag.RowsAffected() == 1 {
		return design, 0, nil
	}
	var rev int
	var have []byte
	err = tx.QueryRow(ctx, `select design, rev from scripts where id = $1 for update`, id).Scan(&have, &rev)
	if errors.Is(err, pgx.ErrNoRows) {
		return sheets.Digest{}, 0, invalid("serial %s was never printed", serial)
	}
	if err != nil {
		return sheets.Digest{}, 0, err
	}
	return sheets.Digest(have), rev, nil
}

func foreign(sh *exam.Sheet, digest sheets.Digest) exam.Returned {
	return exam.Returned{Image: sh.Image, Why: &omr.Reject{Reason: omr.Foreign, Detail: fmt.Sprintf(
		"serial %s was printed with design %v; this page is of design %v", sh.Reading.Stamp.Serial, digest, sh.Reading.Design)}}
}

// giveBack adds to b a page that could not be read.
func giveBack(b *pgx.Batch, id exam.ScanID, round int, r exam.Returned) error {
	if r.Why == nil {
		return invalid("page %d is given back without a reason", r.Image)
	}
	why, err := json.Marshal(r.Why)
	if err != nil {
		return err
	}
	b.Queue(`insert into pages (scan, round, image, reject) values ($1, $2, $3, $4)`, id, round, r.Image, why)
	return nil
}

// putSheet adds to b a sheet that makes rev of its script.
func putSheet(b *pgx.Batch, id exam.ScanID, round, rev int, sh *exam.Sheet, d *sheets.Design) error {
	r := &sh.Reading
	c, err := columnsOf(r, d)
	if err != nil {
		return err
	}
	pose, err1 := json.Marshal(r.Pose)
	notes, err2 := json.Marshal(r.Notes)
	verdicts, err3 := json.Marshal(sh.Verdicts)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	b.Queue(`
		insert into pages (scan, round, image, script, rev, page, digest, engine, policy, pose, notes,
			ink, fit, seen, mark, tick, crossed, filled, swatches, verdicts, doubts)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		id, round, sh.Image, exam.ScriptOf(r.Stamp.Serial), rev, r.Stamp.Page, r.Design[:], r.Engine, sh.Policy,
		pose, notes, c[0], c[1], c[2], c[3], c[4], c[5], c[6], r.Swatches, verdicts, raised(sh.Verdicts))
	return nil
}

// columns are the evidence of a page without its names, which are those of its design:
// Ink, Fit, Seen, Mark, Tick, Cross and Full.
type columns [7][]float32

// numbers are where the columns of e stand.
func numbers(e *judge.Evidence) [7]*float64 {
	return [...]*float64{&e.Ink, &e.Fit, &e.Seen, &e.Mark, &e.Tick, &e.Cross, &e.Full}
}

// columnsOf parts the evidence of r, which is of d.
func columnsOf(r *omr.Reading, d *sheets.Design) (c columns, err error) {
	if r.Stamp.Test || r.Stamp.Check != r.Design.Head() || r.Stamp.Page < 1 || r.Stamp.Page > len(d.Pages) {
		return c, invalid("stamp %+v is not of design %v", r.Stamp, r.Design)
	}
	for k := range c {
		c[k] = make([]float32, 0, len(r.Evidence))
	}
	for _, f := range d.Pages[r.Stamp.Page-1].Fields {
		for _, bubble := range f.Bubbles {
			i := len(c[0])
			if i == len(r.Evidence) || r.Evidence[i].Field != f.ID || r.Evidence[i].Choice != bubble.Choice {
				return c, invalid("evidence %d is not that of bubble %s %s", i, f.ID, bubble.Choice)
			}
			for k, v := range numbers(&r.Evidence[i]) {
				c[k] = append(c[k], float32(*v))
			}
		}
	}
	if len(c[0]) != len(r.Evidence) {
		return c, invalid("%d pieces of evidence on %d bubbles", len(r.Evidence), len(c[0]))
	}
	return c, nil
}

// evidence puts the names of page pg back to the columns. The last three are empty on a
// page that was read before they were measured.
func (c *columns) evidence(pg *sheets.Page) ([]judge.Evidence, error) {
	out := make([]judge.Evidence, 0, len(c[0]))
	for _, f := range pg.Fields {
		for _, bubble := range f.Bubbles {
			i := len(out)
			if i == len(c[0]) {
				return nil, fmt.Errorf("%d pieces of evidence are too few for the design", i)
			}
			e := judge.Evidence{Field: f.ID, Choice: bubble.Choice}
			for k, v := range numbers(&e) {
				if i < len(c[k]) {
					*v = float64(c[k][i])
				}
			}
			out = append(out, e)
		}
	}
	if len(out) != len(c[0]) {
		return nil, fmt.Errorf("%d pieces of evidence are too many for the design", len(c[0]))
	}
	return out, nil
}

// raised lists the reasons of doubts among vs, each once, in order.
func raised(vs []judge.Verdict) []int16 {
	out := []int16{}
	for _, v := range vs {
		for _, d := range v.Doubts {
			out = append(out, int16(d.Reason))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// invalid is the fault of a caller that breaks a rule of this package. No person
// can cause or cure it.
func invalid(format string, args ...any) error {
	return &fault.Error{Kind: fault.Invalid, Msg: "این داده پذیرفتنی نیست.",
		Hint: "این خطا را به پشتیبان سامانه گزارش کنید.", Err: fmt.Errorf(format, args...)}
}
