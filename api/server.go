package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/station"
	"bargkhan/sheets/typeset"
)

// A Server answers HTTP: the JSON API below /api/v1, the screens, and the pages an
// operator's tools look at. Its fields are set once, before Handler.
type Server struct {
	Records  Records
	Line     Line
	Registry Registry

	// Inbox gathers the files of stations far away. Nil means that none are taken.
	Inbox *station.Inbox

	// Logins keeps who is logged in, so that a restart logs nobody out.
	Logins scs.Store

	// Fonts is the folder of the Persian faces, which pages and sheets are set in.
	// Empty means the folder of Debian's fonts-noto-core.
	Fonts string

	// BaseURL is how the outside world names this service, "https://omr.example.ir".
	// When it is https, cookies are sent over https only. Empty means unknown: then
	// links are relative.
	BaseURL string

	// Metrics is shown at /metrics and counts the requests. Nil means one of its own.
	Metrics *prometheus.Registry

	// Ready says why the service cannot work now; nil means that it can. A nil Ready
	// is always ready.
	Ready func(ctx context.Context) error

	// Lease is how long a task is kept for the reviewer it was shown to. Zero means
	// five minutes: longer than anyone looks at one row, shorter than a tea break
	// that would hold up a colleague.
	Lease time.Duration

	// MaxScan is the largest file taken as an upload, in bytes. Zero means 512 MiB:
	// a thousand pages of a PDF at 300 dpi.
	MaxScan int64

	Now func() time.Time // nil means time.Now
	Log *slog.Logger     // nil means the default logger
}

// DebianFonts is where Debian's fonts-noto-core puts its faces.
const DebianFonts = "/usr/share/fonts/truetype/noto"

// Limits of request bodies, in bytes: a form is a few words, JSON carries a
// session of twelve titles in eight forms, a roster or a design some thousand lines.
const (
	maxForm = 64 << 10
	maxJSON = 4 << 20
	maxFile = 16 << 20
)

// surface is a Server with everything made that its handlers share.
type surface struct {
	Server
	logins *scs.SessionManager
	door   *door
	origin *http.CrossOriginProtection
	pages  *pages
	faces  func() (*typeset.Fonts, error) // that sheets are set in, loaded once
	asked  *prometheus.CounterVec
	took   *prometheus.HistogramVec
}

// Handler returns the whole surface. It panics when the embedded pages are broken
// or the metrics are already registered, which is a fault of the program.
func (s *Server) Handler() http.Handler {
	f := &surface{Server: *s}
	f.defaults()
	f.logins = f.newLogins()
	f.door = &door{now: f.Now}
	f.origin = http.NewCrossOriginProtection()
	f.faces = sync.OnceValues(func() (*typeset.Fonts, error) { return typeset.LoadFonts(f.Fonts) })
	f.pages = newPages()
	f.countRequests()
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect()
	e.HTTPErrorHandler = f.fail
	e.Pre(f.named, f.logged, f.guarded, recovered)
	for _, r := range f.routes() {
		e.Add(r.method, r.path, r.do, f.allowed(r))
	}
	known := f.logins.LoadAndSave(e)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if public(r.URL.Path) {
			e.ServeHTTP(w, r)
			return
		}
		known.ServeHTTP(w, r)
	})
}

// public says whether a path is answered without asking who is logged in.
func public(path string) bool {
	return strings.HasPrefix(path, "/assets/") || path == "/healthz" || path == "/readyz" || path == "/metrics"
}

// recovered makes of a panic an error: one request fails, the service goes on.
func recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if v := recover(); v != nil && v != http.ErrAbortHandler { //nolint:errorlint // the very value, as net/http compares it
				err = fmt.Errorf("%w: panic: %v\n%s", fault.Internal, v, debug.Stack())
			} else if v != nil {
				panic(v)
			}
		}()
		return next(c)
	}
}

// defaults fills the zero fields.
func (f *surface) defaults() {
	if f.Now == nil {
		f.Now = time.Now
	}
	if f.Log == nil {
		f.Log = slog.Default()
	}
	if f.Fonts == "" {
		f.Fonts = DebianFonts
	}
	if f.Lease == 0 {
		f.Lease = 5 * time.Minute
	}
	if f.MaxScan == 0 {
		f.MaxScan = 512 << 20
	}
	if f.Metrics == nil {
		f.Metrics = prometheus.NewRegistry()
	}
}

// countRequests registers what is measured of every request.
func (f *surface) countRequests() {
	f.asked = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "omrd_http_requests_total",
		Help: "Requests answered, by method, route and status.",
	}, []string{"method", "route", "status"})
	f.took = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "omrd_http_request_seconds",
		Help:    "Seconds from a request to the end of its answer, by method and route.",
		Buckets: []float64{.005, .02, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"method", "route"})
	f.Metrics.MustRegister(f.asked, f.took)
}

// logged writes one line for each request and measures it. The path is logged
// without its query, which may hold names.
func (f *surface) logged(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := f.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		r, took := c.Request(), f.Now().Sub(start)
		route := c.Path()
		if route == "" {
			route = "unknown" // a scan of guessed addresses must not make a series of each
		}
		status := c.Response().Status
		f.asked.WithLabelValues(r.Method, route, strconv.Itoa(status)).Inc()
		f.took.WithLabelValues(r.Method, route).Observe(took.Seconds())
		level := slog.LevelInfo
		if status >= http.StatusInternalServerError {
			level = slog.LevelError
		}
		f.Log.LogAttrs(r.Context(), level, "request",
			slog.String("request", requestID(c)), slog.String("method", r.Method),
			slog.String("path", r.URL.Path), slog.Int("status", status),
			slog.Int64("bytes", c.Response().Size), slog.Duration("took", took),
			slog.String("from", c.RealIP()), slog.String("by", string(whoIs(c).Login)))
		return nil
	}
}

// guarded sets the headers that keep a browser from doing more than our pages ask
// of it. Nothing runs that is not a file of ours: no inline script, no inline style.
func (f *surface) guarded(next echo.HandlerFunc) echo.HandlerFunc {
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		return next(c)
	}
}

// health says that the process answers.
func (f *surface) health(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// ready says whether the service can do its work.
func (f *surface) ready(c echo.Context) error {
	if f.Ready != nil {
		ctx, cancel := context.WithTimeout(c.Request().Context(), 3*time.Second)
		defer cancel()
		if err := f.Ready(ctx); err != nil {
			f.Log.WarnContext(ctx, "not ready", "err", err)
			return c.String(http.StatusServiceUnavailable, "not ready\n")
		}
	}
	return c.String(http.StatusOK, "ready\n")
}

// metrics shows what is counted, in Prometheus' text form.
func (f *surface) metrics() echo.HandlerFunc {
	return echo.WrapHandler(promhttp.HandlerFor(f.Metrics, promhttp.HandlerOpts{}))
}

// today is the civil day in Tehran, which appointments are dated in.
func (f *surface) today() exam.Date { return exam.DateOf(f.Now()) }
