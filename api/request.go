package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"bargkhan/api/fault"
)

// decode reads the JSON body of c into v. An unknown key is refused: a word spelled
// wrong must not be dropped in silence.
func decode(c echo.Context, v any) error {
	b, err := body(c, maxJSON)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return badJSON(b, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return invalid("پس از پایان JSON چیز دیگری هم آمده است.", "تنها یک شیء JSON بفرستید.")
	}
	return nil
}

// badJSON says what is wrong with JSON and where.
func badJSON(b []byte, err error) error {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	r := invalid("بدنهٔ درخواست JSON درستی نیست.", "نام و نوع کلیدها را با راهنمای API بسنجید.")
	r.cause = err
	switch {
	case errors.As(err, &syntax):
		r.faults = []string{"line " + strconv.Itoa(1+bytes.Count(b[:min(int(syntax.Offset), len(b))], []byte("\n"))) + ": " + err.Error()}
	case errors.As(err, &typ):
		r.faults = []string{typ.Field + ": " + typ.Value + " cannot stand for " + typ.Type.String()}
	default:
		r.faults = []string{strings.TrimPrefix(err.Error(), "json: ")}
	}
	return r
}

// body reads the body of c, at most limit bytes.
func body(c echo.Context, limit int64) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, limit))
	if err != nil && !tooLarge(err) {
		r := invalid("درخواست تا پایان نرسید.", "دوباره بفرستید.")
		r.cause = err
		return nil, r
	}
	return b, err
}

// upload returns the file of a request and its name: the first file of a form, or
// the body itself, whose name is the query's. It is closed with the request.
func upload(c echo.Context, limit int64) (name string, r io.Reader, err error) {
	req := c.Request()
	req.Body = http.MaxBytesReader(c.Response(), req.Body, limit)
	kind, _, _ := mime.ParseMediaType(req.Header.Get(echo.HeaderContentType))
	if kind != echo.MIMEMultipartForm {
		return c.QueryParam("name"), req.Body, nil
	}
	m, err := req.MultipartReader()
	if err != nil {
		return "", nil, invalid("فرم فرستاده‌شده خوانده نمی‌شود.", "فایل را با multipart/form-data بفرستید، یا خود فایل را در بدنه بگذارید.")
	}
	for {
		p, err := m.NextPart()
		if err != nil {
			return "", nil, invalid("در این فرم فایلی نیست.", "یک فایل پیوست کنید.")
		}
		if p.FileName() != "" {
			return p.FileName(), p, nil // FileName has no folders in it
		}
	}
}

// number reads a whole number of the query; def when it is not there.
func number(c echo.Context, name string, def, low, high int) (int, error) {
	s := c.QueryParam(name)
	if s == "" {
		return def, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		r := invalid("مقدار «"+name+"» پذیرفته نیست.", "عددی درست میان دو حد آن بدهید.")
		r.faults = []string{name + ": a whole number from " + strconv.Itoa(low) + " to " + strconv.Itoa(high) + " expected"}
		return 0, r
	}
	return n, nil
}

// faultsOf lists the errors that errors.Join joined, one a line.
func faultsOf(err error) []string {
	if f, ok := err.(*fault.Error); ok { //nolint:errorlint // the error itself: what it wraps is for the log
		return []string{f.Msg + " " + f.Hint}
	}
	if j, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // the joined errors themselves, not one among them
		var all []string
		for _, e := range j.Unwrap() {
			all = append(all, faultsOf(e)...)
		}
		if len(all) > 0 {
			return all
		}
	}
	return []string{err.Error()}
}
