package api

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"bargkhan/api/exam"
)

// grades answers with the session's grades after a cursor, oldest first, as JSON,
// NDJSON or CSV. A grade that changes comes again under a later number, so whoever
// keeps the last cursor and asks on gets every change once.
func (f *surface) grades(c echo.Context) error {
	ctx, id := c.Request().Context(), exam.SessionID(c.Param("id"))
	after, err := cursor(c)
	if err != nil {
		return err
	}
	limit, err := number(c, "limit", 1000, 1, 10_000)
	if err != nil {
		return err
	}
	form := c.QueryParam("format")
	write, ok := map[string]func(echo.Context, gradePage) error{
		"": gradesJSON, "json": gradesJSON, "ndjson": gradesNDJSON, "csv": gradesCSV}[form]
	if !ok {
		return invalid("قالب خواسته‌شده شناخته نیست.", "یکی از json، ndjson و csv را در format بدهید.")
	}
	if _, err := f.Records.Session(ctx, id); err != nil {
		return err
	}
	rows, err := f.Records.Grades(ctx, id, after, limit+1) // one more says whether more will come
	if err != nil {
		return err
	}
	p := gradePage{Grades: rows, Next: after, More: len(rows) > limit}
	p.Grades = rows[:min(len(rows), limit)]
	if n := len(p.Grades); n > 0 {
		p.Next = p.Grades[n-1].Seq
	} else {
		p.Grades = []exam.GradeRow{}
	}
	q := c.Request().URL.Query()
	q.Set("after", strconv.FormatInt(p.Next, 10))
	c.Response().Header().Set("Link", fmt.Sprintf("<%s?%s>; rel=\"next\"", c.Request().URL.EscapedPath(), q.Encode()))
	return write(c, p)
}

// cursor is the last number that the caller has.
func cursor(c echo.Context) (int64, error) {
	s := c.QueryParam("after")
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, invalid("مقدار «after» پذیرفته نیست.", "همان عدد next از پاسخ پیشین را بدهید؛ برای آغاز، ۰.")
	}
	return n, nil
}

// A gradePage is one answer of grades.
type gradePage struct {
	Grades []exam.GradeRow `json:"grades"`
	Next   int64           `json:"next"` // to be asked with: after=next
	More   bool            `json:"more"` // there is more already
}

func gradesJSON(c echo.Context, p gradePage) error { return c.JSON(http.StatusOK, p) }

// gradesNDJSON writes one grade a line.
func gradesNDJSON(c echo.Context, p gradePage) error {
	c.Response().Header().Set(echo.HeaderContentType, "application/x-ndjson")
	c.Response().WriteHeader(http.StatusOK)
	enc := json.NewEncoder(c.Response())
	for _, r := range p.Grades {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// gradesCSV writes a table that Excel opens: UTF-8 with its mark, CRLF, and no cell
// that a spreadsheet would take for a formula.
func gradesCSV(c echo.Context, p gradePage) error {
	c.Response().Header().Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="grades.csv"`)
	c.Response().WriteHeader(http.StatusOK)
	return writeCSV(c.Response(), p.Grades)
}

// gradeColumns are the columns of the table, in their order. Scores are two whole
// numbers each: "14/20" would be opened as a date.
var gradeColumns = []string{
	"seq", "session", "serial", "person", "name", "title", "low_num", "low_den", "high_num", "high_den",
	"right", "wrong", "blank", "open", "outcome", "state", "final", "key", "rev", "policy", "doubts", "scans", "at",
}

// writeCSV writes the table of rows.
func writeCSV(w io.Writer, rows []exam.GradeRow) error {
	if _, err := io.WriteString(w, "\uFEFF"); err != nil {
		return err
	}
	t := csv.NewWriter(w)
	t.UseCRLF = true
	if err := t.Write(gradeColumns); err != nil {
		return err
	}
	for _, r := range rows {
		if err := t.Write(gradeCells(r)); err != nil {
			return err
		}
	}
	t.Flush()
	return t.Error()
}

// gradeCells is one row of the table, in the order of gradeColumns.
func gradeCells(r exam.GradeRow) []string {
	g, n := r.Grade, strconv.Itoa
	doubts, scans := make([]string, len(r.Doubts)), make([]string, len(r.Scans))
	for i, d := range r.Doubts {
		doubts[i] = d.String()
	}
	for i, s := range r.Scans {
		scans[i] = string(s)
	}
	return []string{
		strconv.FormatInt(r.Seq, 10), plain(string(r.Session)), plain(string(r.Serial)), plain(string(g.Person)), plain(r.Name), plain(string(g.Title)),
		n(g.Low.Num), n(g.Low.Den), n(g.High.Num), n(g.High.Den), n(g.Right), n(g.Wrong), n(g.Blank), n(g.Open),
		g.Outcome.String(), r.State.String(), strconv.FormatBool(g.Final()), n(g.Key), n(g.Rev), plain(r.Policy),
		strings.Join(doubts, "|"), strings.Join(scans, "|"), r.At.UTC().Format(time.RFC3339),
	}
}

// plain is s as a cell that no spreadsheet runs: what begins like a formula gets an
// apostrophe before it.
func plain(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
