package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// rejudgeCmd applies another profile to stored readings.
type rejudgeCmd struct {
	Design  []string `required:"" short:"d" help:"Design file; may be given several times." placeholder:"FILE"`
	Profile string   `help:"Profile that decides what counts as a mark; the shipped one if not given." placeholder:"FILE"`
	Files   []string `arg:"" optional:"" help:"Readings, as omr read --json wrote them; standard input if none is given."`
}

// A stored is what rejudging needs of a line of omr read --json.
type stored struct {
	File    string `json:"file"`
	Page    int    `json:"page"`
	Reading *struct {
		Stamp    sheets.Stamp     `json:"stamp"`
		Design   sheets.Digest    `json:"design"`
		Evidence []judge.Evidence `json:"evidence"`
		Swatches []float64        `json:"swatches"`
	} `json:"reading"`
	Verdicts []judge.Verdict `json:"verdicts"`
}

// Run writes a row for each field that another profile takes otherwise. No picture is
// looked at.
func (c *rejudgeCmd) Run(ctx context.Context, s *streams) error {
	desk, err := (&readCmd{Profile: c.Profile}).desk()
	if err != nil {
		return err
	}
	j := rejudger{policy: desk.policy, designs: map[sheets.Digest]*sheets.Design{}, out: csv.NewWriter(s.out)}
	for _, name := range c.Design {
		d, err := loadDesign(name)
		if err != nil {
			return err
		}
		j.designs[d.Digest()] = d
	}
	_ = j.out.Write([]string{"file", "page", "field", "was", "was_doubts", "is", "is_doubts"}) // its error is kept and told by Error
	if len(c.Files) == 0 {
		err = j.read(ctx, "standard input", os.Stdin)
	}
	for _, name := range c.Files {
		if err == nil {
			err = j.file(ctx, name)
		}
	}
	j.out.Flush()
	if err := errors.Join(err, j.out.Error()); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%d pages, %d fields: %d are taken otherwise by %s; %d newly doubted, %d newly settled, %d settled as something else\n",
		j.pages, j.fields, j.changed, j.policy.ID, j.doubted, j.settled, j.flipped)
	return nil
}

// A rejudger compares verdicts as they come.
type rejudger struct {
	policy                             judge.Policy
	designs                            map[sheets.Digest]*sheets.Design
	out                                *csv.Writer
	pages, fields                      int
	changed, doubted, settled, flipped int
}

func (j *rejudger) file(ctx context.Context, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(j.read(ctx, name, f), f.Close())
}

// read judges every line of one file again. Returned pages have nothing to judge.
func (j *rejudger) read(ctx context.Context, name string, r io.Reader) error {
	dec := json.NewDecoder(bufio.NewReaderSize(r, 1<<20))
	for n := 1; ; n++ {
		var line stored
		if err := dec.Decode(&line); errors.Is(err, io.EOF) {
			return ctx.Err()
		} else if err != nil {
			return fmt.Errorf("%s: object %d is no reading: %w", name, n, err)
		}
		if line.Reading == nil {
			continue
		}
		if err := j.page(&line); err != nil {
			return fmt.Errorf("%s: object %d: %w", name, n, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// page judges one page again.
func (j *rejudger) page(s *stored) error {
	r := s.Reading
	d := j.designs[r.Design]
	if d == nil || r.Stamp.Page < 1 || r.Stamp.Page > len(d.Pages) {
		return fmt.Errorf("design %.8s was not given: give its file with --design", r.Design)
	}
	pg := d.Pages[r.Stamp.Page-1]
	if err := belongs(pg, r.Evidence); err != nil {
		return err
	}
	was := map[sheets.FieldID]judge.Verdict{}
	for _, v := range s.Verdicts {
		was[v.Field] = v
	}
	j.pages++
	for _, v := range judge.Fields(pg, r.Evidence, j.policy, r.Swatches...) {
		j.fields++
		j.compare(s, was[v.Field], v)
	}
	return j.out.Error()
}

// compare writes a row if a field is taken otherwise.
func (j *rejudger) compare(s *stored, was, is judge.Verdict) {
	same := slices.Equal(was.Choices, is.Choices)
	if same && doubts(was.Doubts) == doubts(is.Doubts) {
		return
	}
	j.changed++
	switch before, after := len(was.Doubts) > 0, len(is.Doubts) > 0; {
	case after && !before:
		j.doubted++
	case before && !after:
		j.settled++
	case !before && !same:
		j.flipped++
	}
	_ = j.out.Write([]string{s.File, strconv.Itoa(s.Page), string(is.Field), choices(was.Choices), doubts(was.Doubts), choices(is.Choices), doubts(is.Doubts)})
}

// belongs says whether evidence is that of a page, bubble by bubble.
func belongs(pg sheets.Page, ev []judge.Evidence) error {
	i := 0
	for _, f := range pg.Fields {
		for _, b := range f.Bubbles {
			if i >= len(ev) || ev[i].Field != f.ID || ev[i].Choice != b.Choice {
				return errors.New("its evidence is not that of the design's bubbles: the file was changed")
			}
			i++
		}
	}
	if i != len(ev) {
		return errors.New("its evidence is not that of the design's bubbles: the file was changed")
	}
	return nil
}
