package station

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"bargkhan/api/fault"
	"bargkhan/api/persian"
)

// An Alert is what the operator must know now: what is, and what to do.
type Alert struct {
	Code string `json:"code"`
	Msg  string `json:"msg"`
	Hint string `json:"hint"`
}

// A Shown is one file as the operator sees it. Its State is a stable code: unsent,
// stick, waiting, read, returned or copy.
type Shown struct {
	File
	State   string `json:"state"`
	Trouble string `json:"trouble,omitempty"`
	Fate    *Fate  `json:"fate,omitempty"`

	Pictures []int `json:"pictures,omitempty"` // pages given back of which a picture is here
}

// A ShownWait is a file in a drop folder that is not taken, and why.
type ShownWait struct {
	Folder string    `json:"folder"`
	Name   string    `json:"name"`
	Since  time.Time `json:"since"`
	Size   int64     `json:"size"`
	Why    string    `json:"why"`
}

// A Status is everything a station tells its operator.
type Status struct {
	Station  string      `json:"station"`
	Alerts   []Alert     `json:"alerts"`
	Heard    *time.Time  `json:"heard,omitempty"` // last answer of the service, while it answers
	Ahead    float64     `json:"ahead"`           // seconds our clock is ahead of the service's
	Taken    int         `json:"taken"`
	Unsent   int         `json:"unsent"`
	OnStick  int         `json:"on_stick"` // of Unsent
	Reading  int         `json:"reading"`
	Read     int         `json:"read"`
	Returned int         `json:"returned"`
	Copies   int         `json:"copies"`
	Waits    []ShownWait `json:"waits"`
	Files    []Shown     `json:"files"` // the newest first
}

// shown is how many files the page lists: a pile of a day is looked at by its end.
const shown = 200

// Status says how everything stands.
func (s *Station) Status() Status {
	k, _ := s.Key()
	st := Status{Station: k.Station, Alerts: []Alert{}, Waits: []ShownWait{}, Files: []Shown{}}
	sticks, _ := exported(s.Data) // a list that cannot be read says nothing
	s.ledger.find(func(e *Entry) bool { st.count(s.shown(*e, sticks)); return false })
	for _, e := range s.ledger.newest(shown) {
		st.Files = append(st.Files, s.shown(e, sticks))
	}
	s.lineStatus(&st)
	s.folderStatus(&st)
	if s.streaked() {
		st.Alerts = append(st.Alerts, Alert{"glass", "شیشهٔ اسکنر را تمیز کنید.",
			"روی اسکن‌های تازه خط دیده می‌شود. شیشه و نوار باریک کنار آن را با پارچهٔ نرم پاک کنید؛ آنچه خوانده شده دوباره اسکن نمی‌خواهد."})
	}
	return st
}

// shown is an entry as the operator sees it.
func (s *Station) shown(e Entry, sticks map[string]time.Time) Shown {
	out := Shown{File: e.File, State: "unsent", Fate: e.Fate, Pictures: s.pictured(e)}
	_, stick := sticks[e.ID]
	switch {
	case e.Fate != nil:
		out.State = string(e.Fate.End)
	case !e.Sent.IsZero():
		out.State = string(Waiting)
	case stick:
		out.State = "stick"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.troubles[e.ID]; ok && e.Sent.IsZero() {
		out.Trouble = "فرستاده نشد؛ فایل نگه داشته شده و دوباره تلاش می‌شود."
		var p *Problem
		if errors.As(t.err, &p) && p.Detail != "" {
			out.Trouble += " " + p.Detail + " " + p.Hint
		}
	}
	return out
}

func (st *Status) count(f Shown) {
	st.Taken++
	switch f.State {
	case "stick":
		st.OnStick++
		st.Unsent++
	case "unsent":
		st.Unsent++
	case string(Waiting):
		st.Reading++
	case string(Read):
		st.Read++
	case string(Returned):
		st.Returned++
	case string(Copied):
		st.Copies++
	}
}

// clockOff is how far a clock may be wrong without a word: names and lists of a
// hall are still found by their minute.
const clockOff = 2 * time.Minute

// lineStatus says how the way to the service stands.
func (s *Station) lineStatus(st *Status) {
	s.mu.Lock()
	line, keyErr := s.line, s.keyErr
	s.mu.Unlock()
	st.Ahead = line.Ahead.Seconds()
	add := func(code, msg, hint string) { st.Alerts = append(st.Alerts, Alert{code, msg, hint}) }
	const kept = "اسکن را ادامه دهید؛ فایل‌ها نگه داشته می‌شوند و گم نمی‌شوند."
	switch {
	case keyErr != nil:
		add("key", "کلید این ایستگاه خوانده نمی‌شود.", "کلیدی را که مدیر سامانه داده در فایل کلید بگذارید. "+kept)
	case unknown(line.Err):
		add("revoked", "سرور کلید این ایستگاه را نمی‌پذیرد؛ شاید باطل شده است.", "از مدیر سامانه کلید تازه بگیرید و در فایل کلید بگذارید. "+kept)
	case stranger(line.Err):
		add("certificate", "گواهی سرور شناخته نشد؛ فایلی به آن فرستاده نمی‌شود.",
			"تاریخ و ساعت این رایانه را درست کنید؛ اگر درست است، به مدیر سامانه بگویید: گواهی سرور عوض شده یا کسی خود را جای آن گذاشته است. "+kept)
	case line.Err != nil:
		add("offline", "به سرور راه نیست، "+faSpan(s.now().Sub(line.Since))+" است.", kept+
			" با وصل شدن شبکه خودبه‌خود فرستاده می‌شوند؛ اگر شبکه ندارید، آن‌ها را با حافظه (omrd station export) ببرید.")
	case s.Client == nil:
		add("stick", "این ایستگاه بی‌شبکه است.", "فایل‌ها را با حافظه (omrd station export) به دفتر ببرید.")
	case !line.Heard.IsZero():
		st.Heard = &line.Heard
	}
	if line.Ahead.Abs() > clockOff {
		way := "جلو"
		if line.Ahead < 0 {
			way = "عقب"
		}
		add("clock", "ساعت این رایانه "+faSpan(line.Ahead)+" "+way+" است.", "ساعت رایانه را درست کنید. زمان رسمی هر فایل از ساعت سرور برداشته می‌شود.")
	}
}

// folderStatus says what waits in the drop folders, and which are out of reach.
func (s *Station) folderStatus(st *Status) {
	for _, f := range s.Folders {
		ws, err := f.Waiting()
		var gone *fault.Error
		if errors.As(err, &gone) {
			st.Alerts = append(st.Alerts, Alert{"folder", "پوشهٔ «" + f.Station + "» در دسترس نیست.", gone.Hint})
		}
		for _, w := range ws {
			st.Waits = append(st.Waits, ShownWait{f.Station, w.Name, w.Since, w.Size, w.Why})
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.Folders {
		if why := s.alarms[f.Station]; why != "" {
			st.Alerts = append(st.Alerts, Alert{"kept", "فایل‌های پوشهٔ «" + f.Station + "» برداشته نمی‌شوند.", why})
		}
	}
}

// glass is how many files back a streak still counts: after cleaning, the word goes
// away within a small pile.
const glass = 10

// streaked says that the scanner's glass should be cleaned.
func (s *Station) streaked() bool {
	decided := s.ledger.find(func(e *Entry) bool { return e.Fate != nil && e.Fate.End != Copied })
	return slices.ContainsFunc(decided[max(0, len(decided)-glass):], func(e Entry) bool {
		return slices.ContainsFunc(e.Fate.Notes, func(n Note) bool { return n.Code == streaked })
	})
}

//go:embed web/page.html
var pages embed.FS

// page is the operator's page.
var page = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"fa": persian.Int, "time": shownTime, "size": faSize,
	"wait":  func(code string) string { return waitWords[code] },
	"state": func(code string) string { return stateWords[code] },
}).ParseFS(pages, "web/page.html"))

// shownTime is an instant that may be behind a pointer.
func shownTime(v any) string {
	switch t := v.(type) {
	case time.Time:
		return faTime(t)
	case *time.Time:
		return faTime(*t)
	}
	return "—"
}

// stateWords say how far a file has come.
var stateWords = map[string]string{
	"unsent": "در صف ارسال", "stick": "روی حافظه نوشته شد", "waiting": "فرستاده شد؛ در نوبت", "read": "خوانده شد",
	"returned": "برگشت خورد", "copy": "تکراری",
}

// Handler answers the operator's browser: the page, and /status as JSON. assets
// holds app.css, live.js and icon.svg; fonts is the folder of the faces.
func (s *Station) Handler(assets fs.FS, fonts string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		var b bytes.Buffer
		if err := page.Execute(&b, s.Status()); err != nil {
			s.log().Error("the page could not be drawn", "err", err)
			http.Error(w, "خطای برنامه؛ فایل‌ها در امان‌اند.", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(b.Bytes()) // who went away needs no answer
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Status()) // who went away needs no answer
	})
	mux.HandleFunc("GET /files/{file}/pages/{page}", s.showPicture)
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(assets)))
	mux.HandleFunc("GET /assets/fonts/{face}", func(w http.ResponseWriter, r *http.Request) {
		face := path.Base(r.PathValue("face"))
		if !strings.HasPrefix(face, "Noto") || path.Ext(face) != ".ttf" {
			http.NotFound(w, r)
			return
		}
		http.ServeFileFS(w, r, os.DirFS(fonts), face)
	})
	return guarded(mux)
}

// guarded sets the headers that keep a browser from doing more than our page asks.
func guarded(next http.Handler) http.Handler {
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
		"form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
