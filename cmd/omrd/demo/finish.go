package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"bargkhan/api/certificate"
	"bargkhan/api/exam"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// finish does what is left to people, and compares again: the supervisor settles
// the doubts, the office says whose the nameless scripts are, certificates are
// issued and approved by two people, the Centre pulls the grades and verifies.
func (o *office) finish(ctx context.Context, d *Demo, s *stack, r *report) error {
	if err := o.settle(ctx, s, r); err != nil {
		return fmt.Errorf("settling: %w", err)
	}
	if err := o.identify(ctx, s, r); err != nil {
		return fmt.Errorf("saying whose a script is: %w", err)
	}
	rows, err := o.final(ctx, s)
	if err != nil {
		return err
	}
	earned := o.check(s, rows, r)
	if err := r.grades(ctx, o); err != nil {
		return err
	}
	if err := o.close(ctx); err != nil {
		return fmt.Errorf("closing the venue: %w", err)
	}
	if err := o.certify(ctx, d, earned, r); err != nil {
		return fmt.Errorf("certifying: %w", err)
	}
	return nil
}

// An asked is a task as the API asks it.
type asked struct {
	Script exam.ScriptID
	Rev    int
	Field  sheets.FieldID
	Doubts []judge.Doubt
}

// settle answers the review desk's tasks by the paper, as the supervisor would.
func (o *office) settle(ctx context.Context, s *stack, r *report) error {
	for {
		var next struct{ Task *asked }
		if err := o.supervisor.call(ctx, http.MethodPost, "/api/v1/review/next", nil, &next); err != nil || next.Task == nil {
			return err
		}
		t := next.Task
		says := s.choice(t.Script, t.Field)
		if says == nil {
			says = []sheets.Choice{} // blank
		}
		if err := rule(ctx, o.supervisor, t, says); err != nil {
			return err
		}
		r.Settled++
	}
}

// rule sends one ruling. A script that changed meanwhile is asked about again.
func rule(ctx context.Context, c *client, t *asked, choices []sheets.Choice) error {
	err := c.call(ctx, http.MethodPost, "/api/v1/scripts/"+url.PathEscape(string(t.Script))+"/rulings",
		map[string]any{"rev": t.Rev, "field": t.Field, "choices": choices}, nil)
	if conflict(err) {
		return nil
	}
	return err
}

// identify says whose the scripts are that the machine could not give to anyone.
func (o *office) identify(ctx context.Context, s *stack, r *report) error {
	for {
		var list struct{ Tasks []asked }
		if err := o.expert.call(ctx, http.MethodGet, o.path("/tasks?office=true"), nil, &list); err != nil || len(list.Tasks) == 0 {
			return err
		}
		t := &list.Tasks[0]
		p := s.papers[sheets.Serial(t.Script)]
		if p == nil {
			return fmt.Errorf("a task is about sheet %s, which nobody handed in", t.Script)
		}
		t.Field = exam.PersonField
		if err := rule(ctx, o.expert, t, []sheets.Choice{sheets.Choice(p.person)}); err != nil {
			return err
		}
		r.Settled++
	}
}

// final waits until nothing is open, and returns the grades.
func (o *office) final(ctx context.Context, s *stack) (rows []exam.GradeRow, err error) {
	err = await(ctx, func() (bool, error) {
		rows, err = o.pull(ctx)
		open := slices.ContainsFunc(rows, func(g exam.GradeRow) bool { return !g.Grade.Final() })
		return !open, err
	})
	if err != nil {
		return nil, fmt.Errorf("waiting until every grade is final: %w", err)
	}
	return rows, nil
}

// pull is the Centre's: all grades of the session by the cursor, the latest of
// each title of each script.
func (o *office) pull(ctx context.Context) ([]exam.GradeRow, error) {
	type id struct {
		serial sheets.Serial
		title  exam.TitleID
	}
	latest := map[id]exam.GradeRow{}
	var order []id
	for after := int64(0); ; {
		var page struct {
			Grades []exam.GradeRow
			Next   int64
			More   bool
		}
		path := o.path("/grades?limit=50&after=" + strconv.FormatInt(after, 10))
		if err := o.centre.call(ctx, http.MethodGet, path, nil, &page); err != nil {
			return nil, err
		}
		for _, g := range page.Grades {
			k := id{g.Serial, g.Grade.Title}
			if _, old := latest[k]; !old {
				order = append(order, k)
			}
			latest[k] = g
		}
		if !page.More {
			break
		}
		after = page.Next
	}
	rows := make([]exam.GradeRow, len(order))
	for i, k := range order {
		rows[i] = latest[k]
	}
	return rows, nil
}

// check compares the final grades with the paper and returns how many
// certificates they earn.
func (o *office) check(s *stack, rows []exam.GradeRow, r *report) (earned int) {
	got := map[sheets.Serial]map[exam.TitleID]exam.Grade{}
	for _, g := range rows {
		if got[g.Serial] == nil {
			got[g.Serial] = map[exam.TitleID]exam.Grade{}
		}
		got[g.Serial][g.Grade.Title] = g.Grade
	}
	for serial, p := range s.papers {
		for _, t := range o.session.Titles {
			g, there := got[serial][t.ID]
			if p.absent {
				if there {
					r.differ("sheet %s: an absent person was graded", serial)
				}
				continue
			}
			right := o.right(p, t)
			passed := right*o.session.Rules.Pass.Den >= o.session.Rules.Pass.Num*perTitle
			if passed {
				earned++
			}
			if g.Right != right || g.Person != p.person || (g.Outcome == exam.Passed) != passed {
				r.differ("sheet %s, title %s: %d right of %s (%v); the paper says %d of %s", serial, t.ID, g.Right, g.Person, g.Outcome, right, p.person)
			}
		}
	}
	return earned
}

// certify issues as the expert, approves as the approver, keeps the PDF and
// verifies each certificate as anyone may.
func (o *office) certify(ctx context.Context, d *Demo, earned int, r *report) error {
	if err := o.expert.call(ctx, http.MethodPost, o.path("/certificates"), nil, nil); err != nil {
		return err
	}
	var list struct{ Certificates []certificate.Certificate }
	if err := o.approver.call(ctx, http.MethodGet, o.path("/certificates"), nil, &list); err != nil {
		return err
	}
	for _, c := range list.Certificates {
		at := "/api/v1/certificates/" + url.PathEscape(string(c.Serial))
		if len(c.Acts) == 1 { // issued, and not yet approved
			if err := o.approver.call(ctx, http.MethodPost, at+"/acts", map[string]any{"kind": "approved"}, nil); err != nil {
				return err
			}
		}
		var v struct{ Standing string }
		if err := newClient(d.Base, "").call(ctx, http.MethodGet, "/api/v1/verify/"+url.PathEscape(string(c.Serial)), nil, &v); err != nil {
			return err
		}
		if v.Standing != "valid" {
			r.differ("certificate %s is %s", c.Serial, v.Standing)
			continue
		}
		r.Issued++
	}
	if r.Issued != earned {
		r.differ("%d certificates are valid; the papers earn %d", r.Issued, earned)
	}
	pdf, err := o.approver.raw(ctx, http.MethodGet, o.path("/certificates.pdf"), "", nil)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.Dir, "certificates.pdf"), pdf, 0o644)
}

// waiting says what is left to whom, and how to get in.
func (o *office) waiting(ctx context.Context, base string, w io.Writer) error {
	var list struct{ Sessions []exam.Standing }
	if err := o.expert.call(ctx, http.MethodGet, "/api/v1/sessions", nil, &list); err != nil {
		return err
	}
	i := slices.IndexFunc(list.Sessions, func(s exam.Standing) bool { return s.ID == sessionID })
	if i < 0 {
		return fmt.Errorf("the service does not list the session %s", sessionID)
	}
	s := list.Sessions[i]
	fmt.Fprintf(w, "\n▸ What is waiting for whom, at %s\n", base)
	for k, what := range []string{
		fmt.Sprintf("%d doubts to settle, %d of them decisive: %s/review", s.Review, s.Decisive, base),
		fmt.Sprintf("%d scripts to give to a person, %d certificates to issue: %s/sessions/%s", s.Office, s.Earned, base, s.ID),
		fmt.Sprintf("%d certificates to approve: %s/sessions/%s", s.Approve, base, s.ID),
		fmt.Sprintf("%d of %d scripts final", s.Final, s.Scripts),
	} {
		a := accounts[k]
		fmt.Fprintf(w, "  %-10s %-10s password %-20s %s\n", a.Duties[0], a.Login, a.password, what)
	}
	return nil
}

// rate is how many pages a second the readers read while they were at it, from
// the service's own metrics: pages over the time spent on them, for all readers.
func (o *office) rate(ctx context.Context, readers int) (float64, error) {
	text, err := o.admin.raw(ctx, http.MethodGet, "/metrics", "", nil)
	if err != nil {
		return 0, err
	}
	value := func(name string) (v float64) {
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, name+" "); ok {
				v, _ = strconv.ParseFloat(strings.TrimSpace(rest), 64)
			}
		}
		return v
	}
	seconds, pages := value("bargkhan_page_read_seconds_sum"), value("bargkhan_page_read_seconds_count")
	if seconds == 0 {
		return 0, nil
	}
	return pages / seconds * float64(readers), nil
}

// conflict says whether err is a conflict with what stands already.
func conflict(err error) bool {
	var p *problem
	return errors.As(err, &p) && p.Status == http.StatusConflict
}
