package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"bargkhan/api/exam"
	"bargkhan/api/persian"
)

// web holds the pages, their style and their modules; all of it is ours.
//
//go:embed web
var web embed.FS

// fonts are the faces that pages may ask for, out of the system's folder.
var fonts = []string{
	"NotoSansArabic-Regular.ttf", "NotoSansArabic-Bold.ttf", "NotoNaskhArabic-Regular.ttf", "NotoNaskhArabic-Bold.ttf",
}

// pages draws the screens.
type pages struct {
	sets   map[string]*template.Template
	stamps map[string]string // of each asset, a digest of what it holds
}

// newPages parses every page. It panics on a broken one: they are part of the program.
func newPages() *pages {
	p := &pages{sets: map[string]*template.Template{}, stamps: map[string]string{}}
	for _, e := range must(fs.ReadDir(web, "web/assets")) {
		sum := sha256.Sum256(must(web.ReadFile("web/assets/" + e.Name())))
		p.stamps[e.Name()] = hex.EncodeToString(sum[:6])
	}
	base := template.Must(template.New("layout").Funcs(p.funcs()).ParseFS(web, "web/layout.html"))
	for _, e := range must(fs.ReadDir(web, "web")) {
		name := e.Name()
		if e.IsDir() || name == "layout.html" {
			continue
		}
		set := template.Must(template.Must(base.Clone()).ParseFS(web, "web/"+name))
		p.sets[name[:len(name)-len(path.Ext(name))]] = set
	}
	return p
}

// must is v of a call that cannot fail on embedded files.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// funcs are what the pages say things with.
func (p *pages) funcs() template.FuncMap {
	return template.FuncMap{
		"fa": fa, "digits": persian.Digits, "date": faDate, "time": faTime, "score": faScore, "size": faSize, "few": faFew, "expected": faExpected,
		"args":    func(vs ...any) []any { return vs },
		"asset":   func(name string) string { return "/assets/" + name + "?v=" + p.stamps[name] },
		"duty":    wordFor(dutyWords),
		"fate":    wordFor(endWords),
		"wait":    wordFor(waitWords),
		"outcome": wordFor(outcomeWords),
		"state":   wordFor(stateWords),
		"reject":  exam.RejectWords,
		"trays":   exam.Trays,
		"tray":    wordFor(trayWords),
		"short":   shortWords,
	}
}

// wordFor looks words up for a page.
func wordFor[K comparable, V any](words map[K]V) func(K) V { return func(k K) V { return words[k] } }

// A view is what every page is drawn from.
type view struct {
	Me   who
	CSRF string
	Data any
}

// view is the view of data for the caller of c.
func (f *surface) view(c echo.Context, data any) view {
	return view{Me: whoIs(c), CSRF: f.csrf(c), Data: data}
}

// May says for a page whether its reader has one of the duties.
func (v view) May(ds ...string) bool {
	return slices.ContainsFunc(v.Me.Duties, func(d exam.Duty) bool { return slices.Contains(ds, string(d)) })
}

// write draws the page called name. Nothing is sent of a page that fails.
func (p *pages) write(c echo.Context, status int, name string, v view) error {
	var b bytes.Buffer
	if err := p.sets[name].ExecuteTemplate(&b, "layout", v); err != nil {
		return err
	}
	return c.HTMLBlob(status, b.Bytes())
}

// show draws a page that all is well with.
func (f *surface) show(c echo.Context, name string, data any) error {
	return f.pages.write(c, http.StatusOK, name, f.view(c, data))
}

// asset answers with a style sheet or a module.
func (f *surface) asset(c echo.Context) error {
	name := c.Param("file")
	stamp, ok := f.pages.stamps[name]
	if !ok {
		return notFound("چنین فایلی نیست.")
	}
	h := c.Response().Header()
	if h.Set("ETag", `"`+stamp+`"`); c.QueryParam("v") == stamp {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	h.Set(echo.HeaderContentType, mime.TypeByExtension(path.Ext(name)))
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, bytes.NewReader(must(web.ReadFile("web/assets/"+name))))
	return nil
}

// font answers with a face of the system's folder.
func (f *surface) font(c echo.Context) error {
	name := c.Param("file")
	if !slices.Contains(fonts, name) {
		return notFound("چنین قلمی نیست.")
	}
	file, err := http.Dir(f.Fonts).Open(name)
	if err != nil {
		f.Log.WarnContext(c.Request().Context(), "a font is missing: install fonts-noto-core", "folder", f.Fonts, "font", name)
		return notFound("این قلم روی سرور نصب نیست.")
	}
	defer file.Close()
	c.Response().Header().Set("Cache-Control", "public, max-age=604800")
	c.Response().Header().Set(echo.HeaderContentType, "font/ttf")
	http.ServeContent(c.Response(), c.Request(), name, time.Time{}, file)
	return nil
}

// openapi answers with the description of the API.
func (f *surface) openapi(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/yaml", openapiFile)
}

// openapiFile describes every address below /api/v1.
//
//go:embed openapi.yaml
var openapiFile []byte
