package api

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"bargkhan/api/exam"
)

// script shows all of a script, evidence and rulings included, so that another
// party can verify how a grade came about.
func (f *surface) script(c echo.Context) error {
	s, err := f.Records.Script(c.Request().Context(), exam.ScriptID(c.Param("id")))
	if err != nil {
		return err
	}
	type shown struct {
		*exam.Script
		Owner  exam.PersonID `json:"owner,omitempty"`
		Design string        `json:"design,omitempty"` // digest
		Pages  []string      `json:"pages"`            // addresses of the sheets' pictures
	}
	v := shown{Script: s, Owner: s.Owner, Pages: []string{}}
	if s.Design != nil {
		v.Design = s.Design.Digest().String()
	}
	for i := range s.Sheets {
		v.Pages = append(v.Pages, "/api/v1/scripts/"+string(s.ID)+"/pages/"+strconv.Itoa(i+1))
	}
	return c.JSON(http.StatusOK, v)
}

// scriptPage shows one whole page of a script, with the name on it.
func (f *surface) scriptPage(c echo.Context) error {
	s, err := f.Records.Script(c.Request().Context(), exam.ScriptID(c.Param("id")))
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil || n < 1 || n > len(s.Sheets) {
		return notFound("این برگه چنین صفحه‌ای ندارد.")
	}
	sh := s.Sheets[n-1]
	return f.jpeg(c, exam.View{Scan: sh.Scan, Image: sh.Image}, box{}, 1200)
}
