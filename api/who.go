package api

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/station"
)

// who is the caller of one request. The zero who is nobody.
type who struct {
	exam.Account        // Duties are those of this request: a token's may be fewer
	token        string // name of the token; empty for a person at a browser
	station      string // of a machine: the one station it speaks for
}

// whoIs is the caller of c, as allowed found it.
func whoIs(c echo.Context) who {
	w, _ := c.Get("who").(who)
	return w
}

// may says whether the caller has one of the duties.
func (w who) may(ds ...exam.Duty) bool {
	return slices.ContainsFunc(ds, func(d exam.Duty) bool { return slices.Contains(w.Duties, d) })
}

// keys of what a login remembers.
const (
	keyLogin = "login"
	keyCSRF  = "csrf"
)

// How long a login lasts: a working day at a desk, and two hours untouched, so that
// a screen left alone in a hall does not stay open for the evening.
const (
	loginLife = 10 * time.Hour
	loginIdle = 2 * time.Hour
)

// newLogins returns the manager of the login cookies.
func (f *surface) newLogins() *scs.SessionManager {
	m := scs.New()
	m.Store = f.Logins
	m.Lifetime, m.IdleTimeout = loginLife, loginIdle
	m.HashTokenInStore = true // who reads the database cannot log in with it
	m.Cookie.Name = "omrd"
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Secure = strings.HasPrefix(f.BaseURL, "https://")
	m.Cookie.Persist = false
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		f.Log.ErrorContext(r.Context(), "login store", "err", err)
		http.Error(w, words[503].title, http.StatusServiceUnavailable)
	}
	return m
}

// allowed lets in who may use route r: a token or a login with one of its duties.
// A login needs the page's secret as well for anything that changes something.
func (f *surface) allowed(r route) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if r.needs == nil {
				return next(c)
			}
			w, err := f.identify(c)
			if err != nil {
				return err
			}
			c.Set("who", w)
			if len(r.needs) > 0 && !w.may(r.needs...) {
				return denied("", "")
			}
			if w.token == "" {
				if err := f.ours(c); err != nil {
					return err
				}
			}
			return next(c)
		}
	}
}

// identify finds the caller by bearer token or login cookie.
func (f *surface) identify(c echo.Context) (who, error) {
	if h := c.Request().Header.Get(echo.HeaderAuthorization); h != "" {
		secret, ok := strings.CutPrefix(h, "Bearer ")
		if !ok {
			return who{}, stranger("سرآیند Authorization باید به شکل Bearer و سپس توکن باشد.")
		}
		return f.bearer(c, secret)
	}
	login := exam.Login(f.logins.GetString(c.Request().Context(), keyLogin))
	if login == "" {
		return who{}, stranger("")
	}
	a, _, err := f.Records.Account(c.Request().Context(), login)
	if errors.Is(err, fault.NotFound) {
		return who{}, stranger("این حساب دیگر نیست.")
	}
	return who{Account: a}, err
}

// bearer finds the account a token acts as, with the duties that both have.
func (f *surface) bearer(c echo.Context, secret string) (who, error) {
	if strings.HasPrefix(secret, station.KeyHead) {
		return f.machine(c, secret)
	}
	ctx := c.Request().Context()
	t, err := f.Records.Token(ctx, sha256.Sum256([]byte(secret)))
	if errors.Is(err, fault.NotFound) {
		return who{}, stranger("این توکن شناخته نشد.")
	}
	if err != nil {
		return who{}, err
	}
	if !t.Expires.IsZero() && !f.Now().Before(t.Expires) {
		return who{}, stranger("مهلت این توکن گذشته است.")
	}
	a, _, err := f.Records.Account(ctx, t.By)
	if errors.Is(err, fault.NotFound) {
		return who{}, stranger("حساب این توکن دیگر نیست.")
	}
	a.Duties = slices.DeleteFunc(slices.Clone(a.Duties), func(d exam.Duty) bool { return !slices.Contains(t.Duties, d) })
	return who{Account: a, token: t.Name}, err
}

// stranger is the refusal of a caller whom nobody knows.
func stranger(detail string) *refusal {
	return &refusal{status: http.StatusUnauthorized, code: "login", detail: detail}
}

// safe lists the methods that change nothing.
var safe = []string{http.MethodGet, http.MethodHead, http.MethodOptions}

// ours says whether a changing request with a login cookie comes from a page of
// ours: it carries the secret that only our pages know, in a header or in the form.
func (f *surface) ours(c echo.Context) error {
	r := c.Request()
	if slices.Contains(safe, r.Method) {
		return nil
	}
	got := r.Header.Get("X-CSRF-Token")
	if got == "" && strings.HasPrefix(r.Header.Get(echo.HeaderContentType), echo.MIMEApplicationForm) {
		r.Body = http.MaxBytesReader(c.Response(), r.Body, maxForm)
		got = r.PostFormValue("csrf")
	}
	want := f.logins.GetString(r.Context(), keyCSRF)
	if want == "" || subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
		return &refusal{status: http.StatusForbidden, code: "csrf", detail: "این درخواست از صفحه‌ای از این سامانه نیامده است، یا صفحه کهنه است.",
			hint: "صفحه را دوباره باز کنید و کار را تکرار کنید."}
	}
	return nil
}

// csrf is the secret of this login's pages; empty when nobody is logged in.
func (f *surface) csrf(c echo.Context) string {
	return f.logins.GetString(c.Request().Context(), keyCSRF)
}

// enter logs the account in: a new cookie, so that one planted before is worth nothing.
func (f *surface) enter(c echo.Context, l exam.Login) error {
	ctx := c.Request().Context()
	if err := f.logins.RenewToken(ctx); err != nil {
		return err
	}
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	f.logins.Put(ctx, keyLogin, string(l))
	f.logins.Put(ctx, keyCSRF, base64.RawURLEncoding.EncodeToString(b[:]))
	return nil
}

// check says whether password opens the account, slowly and equally slowly for
// accounts that do not exist.
func (f *surface) check(c echo.Context, l exam.Login, password string) error {
	from := c.RealIP()
	if err := f.door.knock(string(l), from); err != nil {
		return err
	}
	_, hash, err := f.Records.Account(c.Request().Context(), l)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	known := err == nil
	if !known {
		hash = nobodysHash
	}
	ok, err := f.door.compare(c.Request().Context(), hash, password)
	if err != nil && known {
		return err
	}
	if !known || !ok {
		return &refusal{status: http.StatusUnauthorized, code: "login",
			detail: "نام کاربری یا گذرواژه درست نیست.", hint: "زبان صفحه‌کلید را بررسی کنید و دوباره بنویسید."}
	}
	f.door.open(string(l), from)
	return nil
}

// nobodysHash is a hash of the usual cost that no password is known for; logging in
// to an account that is not there takes as long as to one that is.
const nobodysHash = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// escapePath is the path of r, made safe to stand in a query.
func escapePath(r *http.Request) string { return url.QueryEscape(r.URL.RequestURI()) }

// localPath is to when it is a path of this service, and the home page otherwise:
// a login must not send people elsewhere.
func localPath(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) {
		return "/"
	}
	return to
}
