package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"bargkhan/sheets"
	"bargkhan/sheets/print"
)

// A printed is one row of a print's record: a sheet of paper that exists.
type printed struct {
	Copy       print.Copy
	Supersedes sheets.Serial // the spoiled sheet that this one stands for
	Design     string        // head of its digest
	Stack      int
}

// recordHeads are the columns of a record, one row a sheet, ordered by serial.
var recordHeads = []string{
	"serial", "edition", "supersedes", "design", "stack",
	"number", "name", "father", "employer", "venue", "seat", "session", "titles",
}

// encodeRecord writes rows as CSV.
func encodeRecord(rows []printed) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(recordHeads) // a buffer takes everything
	for _, r := range rows {
		p := r.Copy.Person
		_ = w.Write([]string{
			string(r.Copy.Stamp.Serial), strconv.Itoa(max(1, r.Copy.Edition)), string(r.Supersedes), r.Design, strconv.Itoa(r.Stack),
			p.Number, p.Name, p.Father, p.Employer, p.Venue, p.Seat, p.Session, p.Titles,
		})
	}
	w.Flush()
	return b.Bytes()
}

// readRecord reads what encodeRecord wrote.
func readRecord(name string) ([]printed, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	cells, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(cells) == 0 || !slices.Equal(cells[0], recordHeads) {
		return nil, fmt.Errorf("%s: this is not the record of a print: its first row must be %q", name, recordHeads)
	}
	var rows []printed
	for i, c := range cells[1:] {
		edition, err1 := strconv.Atoi(c[1])
		stack, err2 := strconv.Atoi(c[4])
		_, err3 := sheets.Serial(c[0]).Number()
		if err := errors.Join(err1, err2, err3); err != nil {
			return nil, fmt.Errorf("%s: row %d: %w", name, i+2, err)
		}
		rows = append(rows, printed{
			Copy: print.Copy{Stamp: sheets.Stamp{Serial: sheets.Serial(c[0])}, Edition: edition, Person: print.Person{
				Number: c[5], Name: c[6], Father: c[7], Employer: c[8], Venue: c[9], Seat: c[10], Session: c[11], Titles: c[12],
			}},
			Supersedes: sheets.Serial(c[2]), Design: c[3], Stack: stack,
		})
	}
	return rows, nil
}

// claim writes the record of a whole print, before any of its paper: no sheet can
// lie in a hall that no record names. A record that is there already must say the
// very same, as it does when an interrupted print is started again.
func claim(ctx context.Context, name string, rows []printed) error {
	want := encodeRecord(rows)
	have, err := os.ReadFile(name)
	switch {
	case err == nil && bytes.Equal(have, want):
		return nil
	case err == nil:
		return fmt.Errorf("%s names other sheets, or later editions: print single sheets anew with --reprint or --replace, or give this print its own --record and a --first behind the serials that are used", name)
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	return atomically(ctx, name, func(w io.Writer) error {
		_, err := w.Write(want)
		return err
	})
}

// again finds the sheet of serial in rows for another copy of it.
func again(rows []printed, serial sheets.Serial, design sheets.Check) (int, error) {
	if _, err := serial.Number(); err != nil {
		return 0, err
	}
	i := slices.IndexFunc(rows, func(r printed) bool { return r.Copy.Stamp.Serial == serial })
	if i < 0 {
		return 0, fmt.Errorf("the record has no sheet %s", serial)
	}
	if k := slices.IndexFunc(rows, func(r printed) bool { return r.Supersedes == serial }); k >= 0 {
		return 0, fmt.Errorf("sheet %s was replaced by %s: print that one", serial, rows[k].Copy.Stamp.Serial)
	}
	if rows[i].Design != design.String() {
		return 0, fmt.Errorf("sheet %s is of revision %s, and the design given is revision %s: give the design it was printed from", serial, rows[i].Design, design)
	}
	return i, nil
}

// reprint counts up the edition of a sheet, whose serial stays: the paper was lost
// before anyone wrote on it.
func reprint(rows []printed, serial sheets.Serial, design sheets.Check) (print.Copy, error) {
	i, err := again(rows, serial, design)
	if err != nil {
		return print.Copy{}, err
	}
	rows[i].Copy.Edition = max(1, rows[i].Copy.Edition) + 1
	return rows[i].Copy, nil
}

// replace gives the person of a spoiled sheet a new serial, behind all others, that
// supersedes it.
func replace(rows []printed, serial sheets.Serial, design sheets.Check) ([]printed, print.Copy, error) {
	i, err := again(rows, serial, design)
	if err != nil {
		return nil, print.Copy{}, err
	}
	last := 0
	for _, r := range rows {
		n, _ := r.Copy.Stamp.Serial.Number() // was checked when it was read
		last = max(last, n)
	}
	if last == sheets.MaxSerial {
		return nil, print.Copy{}, errors.New("there is no serial left behind the record's last")
	}
	row := rows[i]
	row.Supersedes, row.Copy.Edition = serial, 1
	row.Copy.Stamp.Serial = sheets.NewSerial(last + 1)
	return append(rows, row), row.Copy, nil
}

// atomically writes a file that is there whole or not at all: into a file beside it
// first, whose name ends in .part, which is then synced and renamed. A .part that a
// power cut left is written over by the next try.
func atomically(ctx context.Context, name string, write func(io.Writer) error) (err error) {
	part := name + ".part"
	f, err := os.Create(part)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(part))
		}
	}()
	err = errors.Join(write(stopping{ctx, f}), ctx.Err())
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(part, name); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(name))
}

// syncFolder makes a rename outlast a power cut.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// A stopping writer fails once its context is done.
type stopping struct {
	ctx context.Context
	w   io.Writer
}

// Write writes unless the context is done.
func (s stopping) Write(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.w.Write(b)
}
