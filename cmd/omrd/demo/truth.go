package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bargkhan/api/exam"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
)

// A report is what came of the demo, compared with what was truly on paper.
type report struct {
	Files    int            `json:"files"`
	Pages    int            `json:"pages"`
	Sheets   int            `json:"sheets"`   // pages that were read
	Doubted  int            `json:"doubted"`  // of them, with at least one doubt
	Returned map[string]int `json:"returned"` // pages by reason
	Copies   int            `json:"copies"`
	Fields   int            `json:"fields"` // read, on all sheets
	Right    int            `json:"right"`  // settled by the machine, and so it is
	Open     int            `json:"open"`   // left to a person
	Misread  int            `json:"misread"`
	Titles   []titleReport  `json:"titles"`
	Settled  int            `json:"settled,omitempty"` // doubts settled by people
	Issued   int            `json:"issued,omitempty"`
	Differs  []string       `json:"differs"` // every difference from the truth, in words

	took time.Duration // of scanning and reading
	rate float64       // pages a second while reading, of all readers together
}

// titleReport counts one title's grades.
type titleReport struct {
	Name                 string `json:"name"`
	Passed, Failed, Open int
}

// differ notes a difference from the truth.
func (r *report) differ(format string, args ...any) {
	r.Differs = append(r.Differs, fmt.Sprintf(format, args...))
}

// compare holds what the service says against the truth.
func (d *Demo) compare(ctx context.Context, o *office, s *stack) (*report, error) {
	r := &report{Returned: map[string]int{}, Differs: []string{}}
	fates, err := d.ledger(ctx, o)
	if err != nil {
		return nil, err
	}
	r.files(s, fates)
	for _, serial := range slices.Sorted(maps.Keys(s.papers)) {
		if err := r.paper(ctx, o, s.papers[serial], s); err != nil {
			return nil, err
		}
	}
	if err := r.grades(ctx, o); err != nil {
		return nil, err
	}
	r.rate, err = o.rate(ctx, d.Readers)
	return r, err
}

// files compares the ends of all files with those they should have.
func (r *report) files(s *stack, fates []exam.Fate) {
	left := map[exam.ScanID][]exam.Fate{}
	for _, f := range fates {
		left[f.Scan] = append(left[f.Scan], f)
	}
	for _, f := range s.files {
		r.Files++
		want := f.end()
		at := slices.IndexFunc(left[f.sum()], func(x exam.Fate) bool { return x.End == want })
		if at < 0 {
			r.differ("file %s (%s): no file of this content ended as %v", f.name, f.how, want)
			continue
		}
		got := left[f.sum()][at]
		left[f.sum()] = slices.Delete(left[f.sum()], at, at+1)
		r.Pages += len(f.pages)
		if want == exam.EndCopied {
			r.Copies++
			continue
		}
		r.back(f, got)
	}
	for _, rest := range left {
		for _, f := range rest {
			r.differ("file %s came %s and was never dropped", f.Name, f.End)
		}
	}
}

// end is how the life of f should end.
func (f *file) end() exam.End {
	switch {
	case f.copy:
		return exam.EndCopied
	case slices.ContainsFunc(f.pages, func(t omrtest.Truth) bool { return t.End == omrtest.Read || slices.Contains(t.Reject, "separator") }):
		return exam.EndRead
	}
	return exam.EndReturned
}

// back compares the pages of f that were given back with those that should be.
func (r *report) back(f *file, got exam.Fate) {
	why := map[int]string{}
	for _, b := range got.Back {
		why[b.Image] = b.Why.Reason.String()
		r.Returned[b.Why.Reason.String()]++
	}
	for _, t := range f.pages {
		code, back := why[t.Page]
		switch {
		case t.End == omrtest.Returned && !back:
			r.differ("file %s, page %d (%s) was read; it should have come back", f.name, t.Page, f.how)
		case t.End == omrtest.Returned && !slices.Contains(t.Reject, code):
			r.differ("file %s, page %d (%s) came back as %s; true is %s", f.name, t.Page, f.how, code, strings.Join(t.Reject, " or "))
		case t.End == omrtest.Read && back:
			r.differ("file %s, page %d %s came back: %s", f.name, t.Page, f.how, code)
		}
	}
}

// paper compares everything the machine said of one sheet with what is on it.
func (r *report) paper(ctx context.Context, o *office, p *paper, s *stack) error {
	var script exam.Script
	if err := o.centre.call(ctx, http.MethodGet, "/api/v1/scripts/"+string(exam.ScriptOf(p.serial)), nil, &script); err != nil {
		return err
	}
	want := 0
	for _, f := range s.files {
		for _, t := range f.pages {
			if t.Serial == p.serial && !f.copy {
				want++
			}
		}
	}
	if len(script.Sheets) != want {
		r.differ("sheet %s was filed %d times; it was scanned %d times", p.serial, len(script.Sheets), want)
	}
	truth := p.truth(1)
	for _, sheet := range script.Sheets {
		r.Sheets++
		doubted := false
		for _, v := range sheet.Verdicts {
			r.Fields++
			doubted = doubted || len(v.Doubts) > 0
			switch truth.Judge(v.Field, v.Choices, len(v.Doubts) > 0) {
			case omrtest.Misread:
				r.Misread++
				r.differ("sheet %s, field %s: read as %v without a doubt; the paper says %v", p.serial, v.Field, v.Choices, p.marks[v.Field].Choices)
			case omrtest.Unasked:
				r.differ("sheet %s, field %s: settled although nobody could be sure (%s)", p.serial, v.Field, p.marks[v.Field].Hand)
			case omrtest.Right:
				r.Right++
			default:
				r.Open++
			}
		}
		if len(sheet.Verdicts) != len(p.marks) {
			r.differ("sheet %s has %d verdicts for %d fields", p.serial, len(sheet.Verdicts), len(p.marks))
		}
		if doubted {
			r.Doubted++
		}
	}
	return nil
}

// grades counts the grades of each title.
func (r *report) grades(ctx context.Context, o *office) error {
	rows, err := o.pull(ctx)
	if err != nil {
		return err
	}
	r.Titles = nil
	for _, t := range o.session.Titles {
		n := titleReport{Name: t.Name}
		for _, row := range rows {
			if row.Grade.Title != t.ID {
				continue
			}
			switch row.Grade.Outcome {
			case exam.Passed:
				n.Passed++
			case exam.Failed:
				n.Failed++
			default:
				n.Open++
			}
		}
		r.Titles = append(r.Titles, n)
	}
	return nil
}

// right counts what p truly has right in a title, straight from paper and key.
func (o *office) right(p *paper, t exam.Title) (n int) {
	for field, item := range o.form(p.form).At {
		marks := p.marks[field].Choices
		if slices.Contains(t.Items, item) && len(marks) == 1 && slices.Contains(o.key[item].Right, marks[0]) {
			n++
		}
	}
	return n
}

// print writes the table.
func (r *report) print(w io.Writer) {
	row := func(name string, format string, args ...any) {
		fmt.Fprintf(w, "  %-22s %s\n", name, fmt.Sprintf(format, args...))
	}
	row("files and pages in", "%d files, %d pages", r.Files, r.Pages)
	row("read", "%d sheets, %d of them with a doubt", r.Sheets, r.Doubted)
	back := 0
	var reasons []string
	for _, code := range slices.Sorted(maps.Keys(r.Returned)) {
		back += r.Returned[code]
		reasons = append(reasons, fmt.Sprintf("%s %d", code, r.Returned[code]))
	}
	row("returned", "%d pages: %s", back, strings.Join(reasons, ", "))
	row("copies", "%d", r.Copies)
	row("answers", "%d fields: %d settled rightly, %d left to people", r.Fields, r.Right, r.Open)
	row("silent misreads", "%d", r.Misread)
	if r.rate > 0 {
		row("speed", "%s pages a second while reading; %v with the scanner's own pace", decimal(r.rate), r.took.Round(100*time.Millisecond))
	}
	for _, t := range r.Titles {
		row("title", "%d passed, %d failed, %d open: %s", t.Passed, t.Failed, t.Open, t.Name)
	}
	if r.Settled > 0 {
		row("settled by people", "%d doubts", r.Settled)
		row("certificates", "%d issued, approved and verifiable", r.Issued)
	}
	for _, d := range r.Differs {
		row("DIFFERS", "%s", d)
	}
}

// decimal writes v with one digit behind the point.
func decimal(v float64) string { return fmt.Sprintf("%.1f", math.Round(v*10)/10) }

// save keeps the report beside the sheets, for whoever compares two runs.
func (r *report) save(dir string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "report.json"), append(b, '\n'), 0o644)
}

// choice of the truth for one field of one sheet.
func (s *stack) choice(id exam.ScriptID, field sheets.FieldID) []sheets.Choice {
	p := s.papers[sheets.Serial(id)]
	if p == nil {
		return nil
	}
	return p.marks[field].Choices
}
