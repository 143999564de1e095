package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"bargkhan/api/persian"
	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/page"
	"bargkhan/sheets"
)

// readCmd reads files and prints what they say.
type readCmd struct {
	Design  []string `required:"" short:"d" help:"Design file; may be given several times for sheets of ours." placeholder:"FILE"`
	Profile string   `help:"Profile that decides what counts as a mark; the shipped one if not given." placeholder:"FILE"`
	JSON    bool     `help:"Write everything measured, one JSON object a page."`
	Workers int      `short:"j" help:"Files read at once; one for each processor if not given."`
	Corners string   `help:"Where the corners of the paper lie, for a sheet that is not found: the sheet's own top left first, then clockwise. Or a JSON file of such for each file, by name." placeholder:"X,Y,X,Y,X,Y,X,Y"`
	Files   []string `arg:"" help:"Scans, or folders of scans, which are walked in natural order."`
}

// A result is one page, as it is printed.
type result struct {
	File     string          `json:"file"`
	Page     int             `json:"page"` // 0: the file as a whole
	Reading  *omr.Reading    `json:"reading,omitempty"`
	Policy   string          `json:"policy,omitempty"`
	Verdicts []judge.Verdict `json:"verdicts,omitempty"`
	Reject   string          `json:"reject,omitempty"` // stable code
	Detail   string          `json:"detail,omitempty"`
	Stack    *sheets.Stack   `json:"stack,omitempty"` // of the header or end sheet of a stack: what it says
}

// Run reads every file and writes the results in the files' order.
func (c *readCmd) Run(ctx context.Context, s *streams) (err error) {
	desk, err := c.desk()
	if err != nil {
		return err
	}
	files, err := walk(c.Files)
	if err != nil {
		return err
	}
	if desk.corners, err = loadCorners(c.Corners, files); err != nil {
		return err
	}
	w := bufio.NewWriter(s.out)
	defer func() { err = errors.Join(err, w.Flush()) }()
	var show func(result) error
	enc := json.NewEncoder(w)
	if c.JSON {
		show = func(r result) error { return enc.Encode(r) }
	} else {
		show = writeCSV(w)
	}
	var expected judge.Expectation
	bar := progress(s.err, len(files))
	returned := false
	for i, results := range inOrder(ctx, files, c.Workers, desk.read) {
		for _, r := range results {
			returned = returned || r.Reject != "" && r.Stack == nil
			expected.Add(desk.policy, r.Verdicts)
			if err := show(r); err != nil {
				return fmt.Errorf("writing the results of %s: %w", files[i], err)
			}
		}
		_ = bar.Add(1) // a display that cannot be drawn is no reason to stop reading
	}
	_ = bar.Finish()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("stopped before the end: %w", err)
	}
	expect(s.err, &expected)
	if returned {
		return errReturned
	}
	return nil
}

// expect says how far a batch is to be believed.
func expect(w io.Writer, e *judge.Expectation) {
	switch {
	case e.Accepted == 0:
		return
	case e.Unknown == e.Accepted:
		fmt.Fprintf(w, "%d fields accepted; how many of them are wrong is not known: the profile learnt no risks\n", e.Accepted)
	default:
		fmt.Fprintf(w, "expected wrong among the %d accepted fields: %.2g (95 %% at most %d)\n", e.Accepted-e.Unknown, e.Wrong, e.AtMost)
	}
}

// A desk is what reading needs besides the files.
type desk struct {
	designs map[sheets.Check]*sheets.Design
	expect  *sheets.Design // a design printed by others, if one was given
	policy  judge.Policy
	corners corners // of the files for which a person showed them
}

// desk loads the designs and the profile.
func (c *readCmd) desk() (*desk, error) {
	d := &desk{designs: map[sheets.Check]*sheets.Design{}}
	for _, name := range c.Design {
		design, err := loadDesign(name)
		if err != nil {
			return nil, err
		}
		if stamped(design) {
			d.designs[design.Digest().Head()] = design
			continue
		}
		if d.expect != nil || len(c.Design) > 1 {
			return nil, fmt.Errorf("%s: its sheets carry no code of ours, so it must be the only design given", name)
		}
		d.expect = design
	}
	profile := calibration.Default()
	if c.Profile != "" {
		f, err := os.Open(c.Profile)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if profile, err = calibration.Load(f); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Profile, err)
		}
	}
	d.policy = profile.Policy
	return d, nil
}

// only is the one design that was given.
func (d *desk) only() *sheets.Design {
	for _, own := range d.designs {
		return own
	}
	return d.expect
}

// stamped says whether sheets of d tell which they are.
func stamped(d *sheets.Design) bool {
	return slices.ContainsFunc(d.Pages, func(p sheets.Page) bool { return len(p.Codes) > 0 })
}

// read reads one file. What cannot be read is a result too.
func (d *desk) read(ctx context.Context, name string) []result {
	f, err := os.Open(name)
	if err != nil {
		return []result{{File: name, Reject: "unreadable", Detail: err.Error()}}
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return []result{{File: name, Reject: "unreadable", Detail: err.Error()}}
	}
	reader := omr.Reader{Expect: d.expect, Corners: d.corners.of(name), Design: func(s sheets.Stamp) (*sheets.Design, error) { return d.designs[s.Check], nil }}
	var out []result
	for p, err := range page.Decode(ctx, f, st.Size(), page.Limits{Reduce: omr.SearchSide}) {
		r := result{File: name, Page: p.Number}
		if err != nil {
			r.reject(err)
		} else {
			d.judge(ctx, &reader, p, &r)
		}
		p.Free()
		out = append(out, r)
	}
	return out
}

// judge reads and judges one page.
func (d *desk) judge(ctx context.Context, reader *omr.Reader, p page.Page, r *result) {
	reading, err := reader.Read(ctx, p)
	if err != nil {
		r.reject(err)
		r.header(p)
		return
	}
	design := d.expect
	if design == nil {
		design = d.designs[reading.Stamp.Check]
	}
	r.Reading, r.Policy = reading, d.policy.ID
	r.Verdicts = judge.Fields(design.Pages[reading.Stamp.Page-1], reading.Evidence, d.policy, reading.Swatches...)
}

// reject notes why a page was given back.
func (r *result) reject(err error) {
	r.Detail = err.Error()
	var back *omr.Reject
	var torn *page.Error
	switch {
	case errors.As(err, &back):
		r.Reject, r.Detail = back.Reason.String(), back.Detail
	case errors.As(err, &torn):
		r.Reject = fmt.Sprint(torn.Code)
	default:
		r.Reject = omr.Undecoded.String()
	}
}

// header looks whether a page that is no answer sheet is the header or the end sheet of a
// stack, which is expected among them and nothing to be given back.
func (r *result) header(p page.Page) {
	if s, ok := omr.Header(p); ok {
		r.Reject, r.Detail, r.Stack = omr.Separator.String(), s.Text(), &s
	}
}

// writeCSV returns the printer of rows file,page,field,value,doubts. The header
// is written at once, so that no files give a table without rows.
func writeCSV(w io.Writer) func(result) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"file", "page", "field", "value", "doubts"}) // its error is kept and told by Error
	return func(r result) error {
		at := strconv.Itoa(r.Page)
		if r.Reject != "" {
			_ = out.Write([]string{r.File, at, "*", r.says(), "reject:" + r.Reject})
		}
		for _, v := range r.Verdicts {
			_ = out.Write([]string{r.File, at, string(v.Field), choices(v.Choices), doubts(v.Doubts)})
		}
		out.Flush()
		return out.Error()
	}
}

// says is the code of a header or end sheet; empty for any other page.
func (r *result) says() string {
	if r.Stack == nil {
		return ""
	}
	return r.Stack.Text()
}

// choices joins what is marked by |.
func choices(cs []sheets.Choice) string {
	s := make([]string, len(cs))
	for i, c := range cs {
		s[i] = string(c)
	}
	return strings.Join(s, "|")
}

// doubts joins the codes of ds by |, each once.
func doubts(ds []judge.Doubt) string {
	var s []string
	for _, d := range ds {
		if code := d.Reason.String(); !slices.Contains(s, code) {
			s = append(s, code)
		}
	}
	return strings.Join(s, "|")
}

// walk lists the files of names, folders opened, in natural order: img2 before
// img10. Hidden files in folders are left out; what is named outright is not.
func walk(names []string) ([]string, error) {
	var files []string
	for _, name := range names {
		st, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !st.IsDir() {
			files = append(files, name)
			continue
		}
		var below []string
		err = filepath.WalkDir(name, func(p string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && !strings.HasPrefix(d.Name(), ".") {
				below = append(below, p)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		slices.SortFunc(below, persian.Natural)
		files = append(files, below...)
	}
	return files, nil
}

// inOrder runs read on every file, workers at once, and yields the results in the
// files' order. At most a few files beyond the slowest are held in memory.
func inOrder(ctx context.Context, files []string, workers int, read func(context.Context, string) []result) func(func(int, []result) bool) {
	if workers <= 0 {
		workers = processors
	}
	return func(yield func(int, []result) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		queue := make(chan chan []result, workers)
		go func() {
			defer close(queue)
			slots := make(chan struct{}, workers)
			for _, name := range files {
				done := make(chan []result, 1)
				select {
				case slots <- struct{}{}:
				case <-ctx.Done():
					return
				}
				go func() {
					done <- read(ctx, name)
					<-slots
				}()
				select {
				case queue <- done:
				case <-ctx.Done():
					return
				}
			}
		}()
		i := 0
		for done := range queue {
			if !yield(i, <-done) {
				return
			}
			i++
		}
	}
}

// progress is a display of n files on a terminal, and nothing elsewhere.
func progress(w io.Writer, n int) *progressbar.ProgressBar {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return progressbar.DefaultSilent(int64(n))
	}
	return progressbar.NewOptions(n, progressbar.OptionSetWriter(f), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("files"), progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetDescription("reading"), progressbar.OptionClearOnFinish())
}
