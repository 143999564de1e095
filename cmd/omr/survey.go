package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"bargkhan/omr/count"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// surveyCmd counts a survey. Nothing it writes leads to a sheet, and so to a person.
type surveyCmd struct {
	Design  string   `required:"" short:"d" help:"Design file of the survey." placeholder:"FILE"`
	Profile string   `help:"Profile that decides what counts as a mark; the shipped one if not given." placeholder:"FILE"`
	Copies  bool     `help:"The sheets are copies of one print and bear its number: every page is a sheet."`
	Workers int      `short:"j" help:"Files read at once; one for each processor if not given."`
	Files   []string `arg:"" help:"Scans, or folders of scans."`
}

// Run reads everything, then writes the counts.
func (c *surveyCmd) Run(ctx context.Context, s *streams) error {
	desk, err := (&readCmd{Design: []string{c.Design}, Profile: c.Profile}).desk()
	if err != nil {
		return err
	}
	p, err := newPile(desk, c.Copies)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Design, err)
	}
	files, err := walk(c.Files)
	if err != nil {
		return err
	}
	bar := progress(s.err, len(files))
	for _, results := range inOrder(ctx, files, c.Workers, desk.read) {
		for i := range results {
			p.add(&results[i])
		}
		_ = bar.Add(1) // a display that cannot be drawn is no reason to stop reading
	}
	_ = bar.Finish()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("stopped before the end: %w", err)
	}
	if err := p.write(s.out); err != nil {
		return err
	}
	return p.report(s.err)
}

// A pile is the sheets of a survey as they come, known apart by their serials until
// they are counted.
type pile struct {
	design   *sheets.Design
	single   bool // every page is a sheet
	papers   map[string]map[int][]judge.Verdict
	again    int // pages that were read before
	doubtful int // pages with a doubt
	returned map[string]int
}

func newPile(d *desk, copies bool) (*pile, error) {
	p := &pile{design: d.only(), papers: map[string]map[int][]judge.Verdict{}, returned: map[string]int{}}
	surveys := 0
	for _, pg := range p.design.Pages {
		for _, f := range pg.Fields {
			if f.Role == sheets.Survey {
				surveys++
			}
			if f.Role == sheets.Identity {
				return nil, errors.New("it asks whose the sheet is, so its opinions are linked to a person: a survey is a sheet of its own")
			}
		}
	}
	if surveys == 0 {
		return nil, errors.New("it has no field of a survey")
	}
	p.single = copies || d.expect != nil
	if p.single && len(p.design.Pages) > 1 {
		return nil, errors.New("it has several pages, and nothing says which belong together: print a sheet of ours for each person")
	}
	return p, nil
}

// add takes one page. A page that was read before is not a second opinion: what the
// two readings say differently is in doubt.
func (p *pile) add(r *result) {
	switch {
	case r.Reject != "":
		p.returned[r.Reject]++
		return
	case r.Reading.Stamp.Test:
		p.returned["test-sheet"]++
		return
	}
	if slices.ContainsFunc(r.Verdicts, func(v judge.Verdict) bool { return len(v.Doubts) > 0 }) {
		p.doubtful++
	}
	name, number := string(r.Reading.Stamp.Serial), r.Reading.Stamp.Page
	if p.single {
		name = strconv.Itoa(len(p.papers))
	}
	if p.papers[name] == nil {
		p.papers[name] = map[int][]judge.Verdict{}
	}
	before, seen := p.papers[name][number]
	if seen {
		p.again++
		disagree(before, r.Verdicts)
		return
	}
	p.papers[name][number] = r.Verdicts
}

// disagree puts a doubt on each verdict of which another reading of the page says
// something else. Both are of one page of one design, so they stand in one order.
func disagree(vs, others []judge.Verdict) {
	for i := range vs {
		if !slices.Equal(vs[i].Choices, others[i].Choices) || len(others[i].Doubts) > 0 {
			vs[i].Doubts = append(vs[i].Doubts, judge.Doubt{Reason: judge.Disagree})
		}
	}
}

// write writes the counts, none if there are too few sheets.
func (p *pile) write(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"question", "choice", "count", "n", "mean"}) // its error is kept and told by Error
	var papers [][]judge.Verdict
	for _, pages := range p.papers {
		papers = append(papers, slices.Concat(slices.Collect(maps.Values(pages))...))
	}
	opinions, _ := count.Opinions(p.design, papers) // too few is told by report
	scales := scales(p.design)
	for _, o := range opinions {
		mean := ""
		if m, ok := o.Mean(); ok && scales[o.Field] {
			mean = strconv.FormatFloat(m, 'f', 2, 64)
		}
		row := func(choice string, k int) {
			_ = out.Write([]string{string(o.Field), choice, strconv.Itoa(k), strconv.Itoa(o.Answered), mean})
		}
		for i, c := range o.Choices {
			row(string(c), o.Counts[i])
		}
		row("*blank", o.Blank)
		row("*doubt", o.Open)
	}
	out.Flush()
	return out.Error()
}

// scales are the questions whose choices are one scale: those of a group of several
// statements, each with one choice. Alone, choices may stand in any order, and a mean
// of them says nothing.
func scales(d *sheets.Design) map[sheets.FieldID]bool {
	groups := map[string][]sheets.FieldID{}
	for _, pg := range d.Pages {
		for _, f := range pg.Fields {
			group, _, ok := strings.Cut(string(f.ID), ".")
			if ok && f.Role == sheets.Survey && f.Rule != sheets.AnyNumber {
				groups[group] = append(groups[group], f.ID)
			}
		}
	}
	out := map[sheets.FieldID]bool{}
	for _, fields := range groups {
		for _, f := range fields {
			out[f] = len(fields) > 1
		}
	}
	return out
}

// report tells what was counted and what was not, and names no file: omr read does.
func (p *pile) report(w io.Writer) error {
	parts := 0
	for _, pages := range p.papers {
		if len(pages) < len(p.design.Pages) {
			parts++
		}
	}
	fmt.Fprintf(w, "%d sheets, %d pages with doubts\n", len(p.papers), p.doubtful)
	if len(p.papers) < count.Least {
		fmt.Fprintf(w, "counts are withheld: of fewer than %d sheets, people who know each other could tell who said what\n", count.Least)
	}
	if p.again > 0 {
		fmt.Fprintf(w, "%d pages were read before and are counted once; if the sheets are copies of one print, give --copies\n", p.again)
	}
	if parts > 0 {
		fmt.Fprintf(w, "%d sheets lack a page; what was read of them is counted\n", parts)
	}
	for _, code := range slices.Sorted(maps.Keys(p.returned)) {
		fmt.Fprintf(w, "%d pages returned: %s; omr read names them\n", p.returned[code], code)
	}
	if len(p.returned)+p.again+parts > 0 {
		return errReturned
	}
	return nil
}
