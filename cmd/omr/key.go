package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"bargkhan/omr/count"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// keyCmd makes a key of two key sheets that say the same.
type keyCmd struct {
	Design   string   `required:"" short:"d" help:"Design file of the key sheet." placeholder:"FILE"`
	Profile  string   `help:"Profile that decides what counts as a mark; the shipped one if not given." placeholder:"FILE"`
	Titles   []string `help:"The session's names of the titles, in the order of the sheet's blocks; t1,t2,… if not given." placeholder:"ID,…"`
	Form     string   `help:"Form of the booklet, for a sheet that does not ask." placeholder:"ID"`
	Annulled []int    `help:"Questions that are annulled, by number; their rows are left blank." placeholder:"N,…"`
	First    string   `arg:"" help:"Scan of the sheet that one person filled; a folder for several pages."`
	Second   string   `arg:"" help:"Scan of the sheet that another person filled, or another scan."`
}

// A keyText is a key as the service takes it: each title's answers in printed order,
// one a question.
type keyText struct {
	Form   string              `json:"form,omitempty"`
	Titles map[string][]string `json:"titles"`
}

// annulledWord is what a keyText says of an annulled question.
const annulledWord = "حذف"

// Run writes the key if both entries are whole and equal, and otherwise nothing.
func (c *keyCmd) Run(ctx context.Context, s *streams) error {
	k, err := c.sheet()
	if err != nil {
		return err
	}
	if err := apart(c.First, c.Second); err != nil {
		return err
	}
	first, errFirst := k.entry(ctx, c.First)
	second, errSecond := k.entry(ctx, c.Second)
	if err := errors.Join(errFirst, errSecond, ctx.Err()); err != nil {
		return err
	}
	if first.serial != "" && first.serial == second.serial {
		fmt.Fprintf(s.err, "both are scans of sheet %s: they show that it was read well, not that two people agree\n", first.serial)
	}
	if differ := k.differences(first, second); len(differ) > 0 {
		return errors.Join(table(s.err, differ), errReturned)
	}
	out := json.NewEncoder(s.out)
	out.SetIndent("", "  ")
	return out.Encode(k.text(first))
}

// A keySheet is what the desk knows of a key sheet before it is filled.
type keySheet struct {
	desk     *desk
	design   *sheets.Design
	blocks   []sheets.Block
	titles   []string // of the session, one a block
	form     string   // of a sheet that does not ask
	annulled []sheets.FieldID
}

// sheet checks what was said about the sheet.
func (c *keyCmd) sheet() (*keySheet, error) {
	desk, err := (&readCmd{Design: []string{c.Design}, Profile: c.Profile}).desk()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(c.Design)
	if err != nil {
		return nil, err
	}
	says, err := sheets.ParseDescription(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Design, err)
	}
	if !says.Key {
		return nil, fmt.Errorf("%s is no key sheet: give the design with \"key\": true", c.Design)
	}
	k := &keySheet{desk: desk, design: desk.only(), blocks: says.Blocks, titles: c.Titles, form: c.Form}
	if len(k.titles) == 0 {
		for i := range k.blocks {
			k.titles = append(k.titles, fmt.Sprintf("t%d", i+1))
		}
	}
	if len(k.titles) != len(k.blocks) || len(slices.Compact(slices.Sorted(slices.Values(k.titles)))) != len(k.blocks) {
		return nil, fmt.Errorf("--titles names %s: the sheet has %d blocks, each with a title of its own", strings.Join(k.titles, ", "), len(k.blocks))
	}
	if k.form != "" && says.Forms > 1 {
		return nil, errors.New("--form is given, but the sheet asks for the form: leave it out")
	}
	return k, k.annul(c.Annulled)
}

// annul notes which questions are annulled.
func (k *keySheet) annul(numbers []int) error {
	questions := 0
	for _, b := range k.blocks {
		questions += b.Questions
	}
	for _, n := range numbers {
		if n < 1 || n > questions {
			return fmt.Errorf("--annulled names question %d: the sheet has 1 to %d", n, questions)
		}
		k.annulled = append(k.annulled, question(n))
	}
	return nil
}

func question(n int) sheets.FieldID { return sheets.FieldID(fmt.Sprintf("q%d", n)) }

// apart refuses one file given twice: it agrees with itself whatever it says.
func apart(first, second string) error {
	a, err := os.Stat(first)
	if err != nil {
		return err
	}
	b, err := os.Stat(second)
	if err != nil {
		return err
	}
	if os.SameFile(a, b) {
		return fmt.Errorf("%s is given twice: give the scans of two sheets", first)
	}
	return nil
}

// An entry is what one person says is the key, field by field.
type entry struct {
	serial  sheets.Serial
	answers map[sheets.FieldID]count.Answer
}

// entry reads all pages of one filled sheet. Its error lists everything that stands
// against taking it, each with its place.
func (k *keySheet) entry(ctx context.Context, name string) (*entry, error) {
	files, err := walk([]string{name})
	if err != nil {
		return nil, err
	}
	e := &entry{answers: map[sheets.FieldID]count.Answer{}}
	var errs []error
	pages := make([]int, len(k.design.Pages)) // how often each was read
	for _, file := range files {
		for _, r := range k.desk.read(ctx, file) {
			if r.Reject != "" {
				errs = append(errs, fmt.Errorf("%s, page %d: returned: %s: %s", file, r.Page, r.Reject, cmp.Or(r.Detail, "scan it again")))
				continue
			}
			stamp := r.Reading.Stamp
			pages[stamp.Page-1]++
			where := fmt.Sprintf("%s, page %d", file, r.Page)
			if stamp.Test {
				errs = append(errs, fmt.Errorf("%s: a sheet of a test deck makes no key: fill a key sheet", where))
			}
			if e.serial != "" && stamp.Serial != e.serial {
				errs = append(errs, fmt.Errorf("%s: sheet %s, after pages of sheet %s: give one key sheet", where, stamp.Serial, e.serial))
			}
			e.serial = stamp.Serial
			errs = append(errs, k.rows(e, where, r.Verdicts)...)
		}
	}
	for i, n := range pages {
		if n != 1 && len(errs) == 0 {
			errs = append(errs, fmt.Errorf("%s: page %d of the sheet was read %d times: give each page once", name, i+1, n))
		}
	}
	return e, errors.Join(errs...)
}

// rows adds the rows of one page to e.
func (k *keySheet) rows(e *entry, where string, verdicts []judge.Verdict) (errs []error) {
	for i := range verdicts {
		v := &verdicts[i]
		answer, flaw := count.Row(v, slices.Contains(k.annulled, v.Field))
		switch flaw {
		case count.Unclear:
			errs = append(errs, fmt.Errorf("%s, field %s: in doubt: %s: mark it darker or erase it, and scan it again", where, v.Field, doubts(v.Doubts)))
		case count.Marked:
			errs = append(errs, fmt.Errorf("%s, field %s: annulled, but %s is marked: erase it, or leave it out of --annulled", where, v.Field, choices(v.Choices)))
		case count.Empty:
			errs = append(errs, fmt.Errorf("%s, field %s: blank: mark the right answer, or name it in --annulled", where, v.Field))
		default:
			e.answers[v.Field] = answer
		}
	}
	return errs
}

// differences are rows field, first, second for what two whole entries say otherwise,
// in the design's order.
func (k *keySheet) differences(a, b *entry) (rows [][3]string) {
	for _, pg := range k.design.Pages {
		for _, f := range pg.Fields {
			if x, y := a.answers[f.ID], b.answers[f.ID]; !x.Equal(y) {
				rows = append(rows, [3]string{string(f.ID), written(x), written(y)})
			}
		}
	}
	return rows
}

// table writes differences for people.
func table(w io.Writer, rows [][3]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "field\tfirst\tsecond")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\n", r[0], r[1], r[2])
	}
	fmt.Fprintf(t, "differences: %d; no key was written\n", len(rows))
	return t.Flush()
}

// written is an answer as the office writes it.
func written(a count.Answer) string {
	if a.Annulled {
		return annulledWord
	}
	return strings.ReplaceAll(choices(a.Right), "|", "/")
}

// text is e title by title.
func (k *keySheet) text(e *entry) keyText {
	t := keyText{Form: k.form, Titles: map[string][]string{}}
	if f, asked := e.answers["form"]; asked {
		t.Form = written(f)
	}
	n := 0
	for i, b := range k.blocks {
		for range b.Questions {
			n++
			t.Titles[k.titles[i]] = append(t.Titles[k.titles[i]], written(e.answers[question(n)]))
		}
	}
	return t
}
