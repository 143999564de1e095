package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"bargkhan/api/fault"
)

// A Problem is how every error is answered (RFC 9457). Code is stable and may be
// matched on; the words are for people and may change.
type Problem struct {
	Type    string   `json:"type"` // always "about:blank": Status and Code say it all
	Title   string   `json:"title"`
	Status  int      `json:"status"`
	Code    string   `json:"code"`
	Detail  string   `json:"detail,omitempty"`
	Hint    string   `json:"hint,omitempty"`
	Request string   `json:"request"`          // to be named when asking for help
	Faults  []string `json:"faults,omitempty"` // every fault of a file, each with its place
	Rev     *int     `json:"rev,omitempty"`    // of a script that changed: its latest
}

// A refusal is an error of the surface itself, with a code finer than its kind.
type refusal struct {
	status             int
	code, detail, hint string
	faults             []string
	rev                *int
	cause              error
}

func (r *refusal) Error() string { return r.code + ": " + r.detail }

func (r *refusal) Unwrap() error { return r.cause }

// invalid is the refusal of a request that breaks a rule.
func invalid(detail, hint string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: fault.Invalid.Error(), detail: detail, hint: hint}
}

// notFound is the answer for what is not there and for what is not the caller's to see.
func notFound(detail string) *refusal {
	return &refusal{status: http.StatusNotFound, code: fault.NotFound.Error(), detail: detail,
		hint: "نشانی یا شناسه را بررسی کنید."}
}

// denied is the answer for who may not do this.
func denied(detail, hint string) *refusal {
	return &refusal{status: http.StatusForbidden, code: fault.Denied.Error(), detail: detail, hint: hint}
}

// A wording is what one status or kind says to people.
type wording struct{ title, detail, hint string }

// words of the statuses, in one place.
var words = map[int]wording{
	400: {"درخواست نادرست است", "درخواست با قاعده‌های این سامانه نمی‌خواند.", "درخواست را درست کنید و دوباره بفرستید."},
	401: {"نخست وارد شوید", "این کار به شناسایی نیاز دارد.", "با نام کاربری وارد شوید، یا توکن را در سرآیند Authorization بفرستید."},
	403: {"اجازه ندارید", "این کار در وظایف این حساب نیست.", "اگر باید بتوانید، از مدیر سامانه بخواهید وظیفهٔ آن را بدهد."},
	404: {"پیدا نشد", "چنین چیزی نیست، یا دیدن آن با شما نیست.", "نشانی یا شناسه را بررسی کنید."},
	405: {"این کار اینجا شدنی نیست", "این نشانی چنین روشی ندارد.", "روش درخواست را با راهنمای API بسنجید."},
	409: {"در این میان تغییر کرده است", "آنچه دیده بودید دیگر تازه‌ترین نیست، یا پیش‌تر ثبت شده است.", "دوباره بخوانید و آنگاه تصمیم بگیرید."},
	413: {"بیش از اندازه بزرگ است", "اندازهٔ درخواست از حد پذیرفته‌شده بیشتر است.", "فایل را به بخش‌های کوچک‌تر تقسیم کنید."},
	422: {"خوانده نمی‌شود", "فایل یا صفحه خوانده نمی‌شود.", "دوباره اسکن کنید."},
	429: {"کمی صبر کنید", "درخواست‌ها پشت سر هم و زیاد بوده است.", "چند دقیقه بعد دوباره بکوشید."},
	500: {"خطای سامانه", "سامانه از پس این درخواست برنیامد. چیزی نیمه‌کاره ثبت نشده است.", "دوباره بکوشید؛ اگر ماند، شمارهٔ درخواست را به پشتیبان بدهید."},
	503: {"اکنون در دسترس نیست", "بخشی از سامانه پاسخ نمی‌دهد.", "کمی بعد دوباره بکوشید؛ چیزی از دست نرفته است."},
}

// statuses of the kinds of faults.
var statuses = map[fault.Kind]int{
	fault.Internal: 500, fault.Invalid: 400, fault.NotFound: 404, fault.Conflict: 409,
	fault.Denied: 403, fault.Unreadable: 422, fault.Transient: 503,
}

// problem says err to a person. What a fault does not say itself is said by its
// kind; of an unknown error nothing is shown.
func problem(err error) Problem {
	p := Problem{Type: "about:blank"}
	var r *refusal
	var h *echo.HTTPError
	var f *fault.Error
	switch {
	case errors.As(err, &r):
		p.Status, p.Code, p.Detail, p.Hint, p.Faults, p.Rev = r.status, r.code, r.detail, r.hint, r.faults, r.rev
	case tooLarge(err):
		p.Status, p.Code = http.StatusRequestEntityTooLarge, "too-large"
	case errors.As(err, &h):
		p.Status, p.Code = h.Code, codeOf(h.Code)
	case errors.Is(err, context.Canceled):
		p.Status, p.Code = http.StatusServiceUnavailable, fault.Transient.Error()
	default:
		k := fault.KindOf(err)
		p.Status, p.Code = statuses[k], k.Error()
		if k != fault.Internal && errors.As(err, &f) {
			p.Detail, p.Hint = f.Msg, f.Hint
		}
	}
	w, ok := words[p.Status]
	if !ok {
		w = words[400]
	}
	p.Title = w.title
	if p.Detail == "" {
		p.Detail = w.detail
	}
	if p.Hint == "" {
		p.Hint = w.hint
	}
	return p
}

// codeOf is the code of a status that echo itself answers with.
func codeOf(status int) string {
	switch {
	case status == http.StatusNotFound:
		return fault.NotFound.Error()
	case status == http.StatusMethodNotAllowed:
		return "method"
	case status == http.StatusRequestEntityTooLarge:
		return "too-large"
	case status >= http.StatusInternalServerError:
		return fault.Internal.Error()
	}
	return fault.Invalid.Error()
}

// tooLarge says that a body met its limit.
func tooLarge(err error) bool {
	var m *http.MaxBytesError
	return errors.As(err, &m)
}

// fail answers with err: problem JSON for programs, a page for people. It is the
// only place that does.
func (f *surface) fail(err error, c echo.Context) {
	p := problem(err)
	p.Request = requestID(c)
	if p.Status >= http.StatusInternalServerError {
		f.Log.ErrorContext(c.Request().Context(), "request failed", "request", p.Request, "err", err)
	}
	if c.Response().Committed {
		return // the answer had begun; it ends short, and its reader sees that
	}
	if p.Status == http.StatusUnauthorized {
		c.Response().Header().Set("WWW-Authenticate", `Bearer realm="api"`)
	}
	if wantsPage(c.Request()) {
		if p.Status == http.StatusUnauthorized {
			_ = c.Redirect(http.StatusSeeOther, "/login?to="+escapePath(c.Request()))
			return
		}
		_ = f.pages.write(c, p.Status, "error", f.view(c, p))
		return
	}
	body, _ := json.Marshal(p) // a Problem is only words and numbers
	if err := c.Blob(p.Status, "application/problem+json", body); err != nil {
		f.Log.InfoContext(c.Request().Context(), "answer not sent", "request", p.Request, "err", err)
	}
}

// wantsPage says whether a person's browser asks for a page.
func wantsPage(r *http.Request) bool {
	return !strings.HasPrefix(r.URL.Path, "/api/") && !public(r.URL.Path) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// goodID is a request id that may be taken over from a proxy.
var goodID = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)

// named gives each request its id, the proxy's if there is one.
func (f *surface) named(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		if !goodID.MatchString(id) {
			var b [8]byte
			_, _ = rand.Read(b[:]) // never fails (crypto/rand)
			id = hex.EncodeToString(b[:])
		}
		c.Set("request", id)
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}

// requestID is the id that named gave.
func requestID(c echo.Context) string {
	id, _ := c.Get("request").(string)
	return id
}
