package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/station"
	"bargkhan/omr"
	"bargkhan/sheets/geom"
)

// FarRecords is what is remembered of stations far away. *store.Store satisfies it.
type FarRecords interface {
	// PutStationKey gives a station its key; the one before is revoked with it.
	PutStationKey(ctx context.Context, k exam.StationKey) error
	// RevokeStationKey is a fault.NotFound when the station has no key.
	RevokeStationKey(ctx context.Context, station string, by exam.Login, at time.Time) error
	// StationBearing and StationKey find a key that is not revoked, by the sum of its
	// word and by its station, or are a fault.NotFound.
	StationBearing(ctx context.Context, sum [32]byte) (exam.StationKey, error)
	StationKey(ctx context.Context, station string) (exam.StationKey, error)
	// GivenKeys lists the keys that a station was ever given, the latest first.
	GivenKeys(ctx context.Context, station string) ([]exam.GivenKey, error)
	StationSpoke(ctx context.Context, station string, at time.Time, ahead time.Duration) error
	FarStations(ctx context.Context) ([]exam.FarStation, error)

	// PutDeliveries enters files; again changes nothing, other bytes are a
	// fault.Conflict.
	PutDeliveries(ctx context.Context, ds []exam.Delivery) error
	Delivery(ctx context.Context, station, id string) (exam.Delivery, error)

	// Fates says what became of the named arrivals; those that never came are left out.
	Fates(ctx context.Context, arrivals []string) ([]exam.Fate, error)
	// Notes lists what was noted on the pages of the named arrivals.
	Notes(ctx context.Context, arrivals []string) (map[string][]omr.Note, error)
}

// Assets are the style, the icon and the modules of the screens, for a station's
// own page.
func Assets() fs.FS { return must(fs.Sub(web, "web/assets")) }

// noteWords say the notes to an operator.
var noteWords = map[omr.Note]string{
	omr.Copied:   "این برگه فتوکپی است؛ درست خوانده شد.",
	omr.Streaked: "روی تصویر خط افتاده است؛ شیشهٔ اسکنر را تمیز کنید.",
	omr.Whitened: "اسکنر رنگ‌های روشن را سفید کرده است و مدادِ کم‌رنگ شاید دیده نشود؛ روشنایی یا کنتراست اسکنر را کم کنید.",
	omr.Pale:     "چاپ یا اسکن کم‌رنگ است؛ تونر، لامپ یا روشنایی اسکنر را بررسی کنید.",
	omr.Bilevel:  "اسکن سیاه‌وسفید است؛ اسکنر را روی خاکستری بگذارید تا مداد کم‌رنگ از دست نرود.",
	omr.ByHand:   "جای برگه را یک نفر نشان داده است، نه نشانه‌های چاپی آن.",
}

// stationName is what a station may be called: it stands in addresses and paths.
var stationName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// giveKey makes a station's key and shows it this once. The key it had is worth
// nothing from now on.
func (f *surface) giveKey(c echo.Context) error {
	id := c.Param("id")
	if !stationName.MatchString(id) {
		return invalid("نام ایستگاه پذیرفته نیست.", "تنها حروف کوچک لاتین، رقم و خط تیره، مانند ‎sari-2‎.")
	}
	if slices.Contains(f.Line.Stations(), id) {
		return invalid("این نام ایستگاهی است که پوشه‌اش روی همین سرور است.", "برای ایستگاه دور نام دیگری بگذارید.")
	}
	k := station.NewKey(id)
	err := f.Records.PutStationKey(c.Request().Context(), exam.StationKey{
		Station: id, Sum: sumOf(k.Bearer()), Public: k.Public(), By: whoIs(c).Login, At: f.Now(),
	})
	if err != nil {
		return err
	}
	f.Log.InfoContext(c.Request().Context(), "station key given", "station", id, "by", whoIs(c).Login)
	return c.JSON(http.StatusCreated, map[string]string{"station": id, "key": k.String()})
}

// revokeKey ends a station's key in one step.
func (f *surface) revokeKey(c echo.Context) error {
	id := c.Param("id")
	if err := f.Records.RevokeStationKey(c.Request().Context(), id, whoIs(c).Login, f.Now()); err != nil {
		return err
	}
	f.Log.InfoContext(c.Request().Context(), "station key revoked", "station", id, "by", whoIs(c).Login)
	return c.NoContent(http.StatusNoContent)
}

// stationKeys lists the keys of a station: who gave each, and who ended it.
func (f *surface) stationKeys(c echo.Context) error {
	ks, err := f.Records.GivenKeys(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return list(c, "keys", ks)
}

// machine is the station whose key bears this word.
func (f *surface) machine(c echo.Context, word string) (who, error) {
	k, err := f.Records.StationBearing(c.Request().Context(), sumOf(word))
	if errors.Is(err, fault.NotFound) {
		return who{}, stranger("کلید این ایستگاه شناخته نشد یا باطل شده است.")
	}
	a := exam.Account{Login: exam.Login("station:" + k.Station), Name: "ایستگاه " + k.Station, Duties: []exam.Duty{exam.Station}}
	return who{Account: a, token: "station", station: k.Station}, err
}

// greet compares clocks: ours rules, and how far the station's is off is kept.
func (f *surface) greet(c echo.Context) error {
	id, err := f.theirs(c)
	if err != nil {
		return err
	}
	var g station.Greeting
	if err := decode(c, &g); err != nil {
		return err
	}
	now := f.Now()
	if err := f.Records.StationSpoke(c.Request().Context(), id, now, g.Now.Sub(now)); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, station.Answer{Station: id, Now: now.UTC()})
}

// theirs is the station of the address, if it is the caller's own, or the caller is
// a person.
func (f *surface) theirs(c echo.Context) (string, error) {
	id := c.Param("id")
	if own := whoIs(c).station; own != "" && own != id {
		return "", notFound("چنین ایستگاهی نیست.")
	}
	if f.Inbox == nil {
		return "", notFound("این سرور از ایستگاه‌های دور فایل نمی‌گیرد.")
	}
	return id, nil
}

// described is the file that a request speaks of. A station says all of its own
// files; a person may bring only what a list names that the station signed.
func (f *surface) described(c echo.Context) (exam.Delivery, station.File, error) {
	id, err := f.theirs(c)
	if err != nil {
		return exam.Delivery{}, station.File{}, err
	}
	var sum station.Sum
	sumErr := sum.UnmarshalText([]byte(c.QueryParam("sum")))
	size, sizeErr := strconv.ParseInt(c.QueryParam("size"), 10, 64)
	at, atErr := time.Parse(time.RFC3339Nano, c.QueryParam("at"))
	file := station.File{ID: c.Param("file"), Sum: sum, Size: size, Name: c.QueryParam("name"), At: at}
	d := deliveryOf(id, file)
	if whoIs(c).station == "" {
		listed, err := f.Records.Delivery(c.Request().Context(), id, file.ID)
		if err != nil || listed.Listed == "" || listed.Scan != d.Scan || listed.Size != d.Size {
			return d, file, errors.Join(notFound("این فایل در هیچ فهرست امضاشده‌ای از این ایستگاه نیست."), err)
		}
		return listed, file, nil
	}
	if err := errors.Join(sumErr, sizeErr, atErr, file.Check()); err != nil {
		return d, file, flawed("مشخصات فایل کامل یا درست نیست.", err)
	}
	return d, file, f.fits(file)
}

// fits refuses a file that is larger than any scan.
func (f *surface) fits(file station.File) error {
	if file.Size > f.MaxScan {
		return &refusal{status: http.StatusRequestEntityTooLarge, code: "too-large"}
	}
	return nil
}

// sumOf is what a word is kept by.
func sumOf(word string) [32]byte { return sha256.Sum256([]byte(word)) }

func deliveryOf(id string, f station.File) exam.Delivery {
	return exam.Delivery{Station: id, ID: f.ID, Scan: exam.ScanID(f.Sum.String()), Size: f.Size, Name: f.Name, At: f.At}
}

// arrived says whether a delivery is here, complete.
func (f *surface) arrived(ctx context.Context, d exam.Delivery) (bool, error) {
	fs, err := f.Records.Fates(ctx, []string{exam.ArrivalAt(d.Station, d.ID)})
	if err == nil && len(fs) > 0 && fs[0].Scan != d.Scan {
		err = fault.New(fault.Conflict, "دو فایل ناهمسان با یک شناسه از این ایستگاه آمده‌اند.", "فایل را در ایستگاه دوباره در پوشهٔ ورودی بگذارید.")
	}
	return len(fs) > 0, err
}

// fileState says how much of a file is here.
func (f *surface) fileState(c echo.Context) error {
	d, file, err := f.described(c)
	if err != nil {
		return err
	}
	done, err := f.arrived(c.Request().Context(), d)
	if err != nil {
		return err
	}
	if done {
		return c.JSON(http.StatusOK, station.State{Offset: file.Size, Done: true})
	}
	have, err := f.Inbox.Have(d.Station, file)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, station.State{Offset: have})
}

// filePiece takes the next piece of a file. The last piece enters the file into the
// line, once, however often it is sent.
func (f *surface) filePiece(c echo.Context) error {
	d, file, err := f.described(c)
	if err != nil {
		return err
	}
	offset, err := strconv.ParseInt(c.QueryParam("offset"), 10, 64)
	if err != nil || offset < 0 {
		return invalid("جای پاره در فایل نوشته نشده است.", "offset را بدهید.")
	}
	ctx := c.Request().Context()
	done, err := f.arrived(ctx, d)
	if err != nil {
		return err
	}
	if done {
		return c.JSON(http.StatusOK, station.State{Offset: file.Size, Done: true})
	}
	if err := f.Records.PutDeliveries(ctx, []exam.Delivery{d}); err != nil {
		return err
	}
	have, done, err := f.Inbox.Add(ctx, d.Station, file, offset, moving(c), func(path string) error {
		return f.Line.Deliver(ctx, d.Arrival(f.Now()), path)
	})
	switch {
	case errors.Is(err, station.ErrOffset):
		return &refusal{status: http.StatusConflict, code: station.CodeOffset, detail: "این پاره از جای درست آغاز نمی‌شود.",
			hint: "بپرسید چه اندازه رسیده است و از همان جا ادامه دهید.", cause: err}
	case errors.Is(err, station.ErrSum):
		return &refusal{status: http.StatusConflict, code: station.CodeSum, detail: "فایل در راه آسیب دیده است.",
			hint: "فایل از آغاز دوباره فرستاده می‌شود؛ اگر تکرار شد، دوباره اسکن کنید.", cause: err}
	case err != nil && fault.KindOf(err) == fault.Internal && !errors.Is(err, context.Canceled):
		return &fault.Error{Kind: fault.Transient, Msg: "فرستادن فایل نیمه‌کاره ماند.", Hint: "از همان جا ادامه داده می‌شود.", Err: err}
	case err != nil:
		return err
	}
	return c.JSON(http.StatusOK, station.State{Offset: have, Done: done})
}

// silence is how long a sender may say nothing in the middle of a piece: a line that
// went dead must not hold the file against the sender's next try.
const silence = 30 * time.Second

// moving is the body of a request that ends when nothing comes for a while. Nobody
// sends more than a piece at once, twice over.
func moving(c echo.Context) io.Reader {
	body := http.MaxBytesReader(c.Response(), c.Request().Body, 2*station.Piece)
	return &deadlined{body, http.NewResponseController(c.Response().Writer)}
}

type deadlined struct {
	r  io.Reader
	rc *http.ResponseController
}

func (d *deadlined) Read(p []byte) (int, error) {
	_ = d.rc.SetReadDeadline(time.Now().Add(silence)) // a connection that has none is a test's
	return d.r.Read(p)
}

// mostAsked is how many fates one question may ask for.
const mostAsked = 500

// farFates says what became of files that a station took. The answer is sealed for
// the station, so that it may also travel on a stick.
func (f *surface) farFates(c echo.Context) error {
	id, err := f.theirs(c)
	if err != nil {
		return err
	}
	var q struct {
		Files []string `json:"files"`
	}
	if err := decode(c, &q); err != nil {
		return err
	}
	if len(q.Files) > mostAsked {
		return invalid("یک‌باره بیش از اندازه پرسیده شده است.", "هر بار حداکثر "+fa(mostAsked)+" فایل بپرسید.")
	}
	ctx := c.Request().Context()
	k, err := f.Records.StationKey(ctx, id)
	if err != nil {
		return err
	}
	all, err := f.fatesAt(ctx, id, q.Files)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		Files json.RawMessage `json:"files"`
		MAC   string          `json:"mac"`
	}{raw, station.Seal(k.Sum, raw)})
}

// backWidth shows a returned A4 page at about 100 dpi: enough to find the paper.
const backWidth = 850

// farPicture is a page of a file of the station that was given back, as scanned.
func (f *surface) farPicture(c echo.Context) error {
	id, err := f.theirs(c)
	if err != nil {
		return err
	}
	image, err := strconv.Atoi(strings.TrimSuffix(c.Param("page"), ".jpg"))
	if err != nil {
		return notFound("چنین صفحه‌ای نیست.")
	}
	ctx := c.Request().Context()
	fs, err := f.Records.Fates(ctx, []string{exam.ArrivalAt(id, c.Param("file"))})
	if err != nil {
		return err
	}
	if len(fs) == 0 || !slices.ContainsFunc(fs[0].Back, func(b exam.Returned) bool { return b.Image == image }) {
		return notFound("چنین صفحه‌ای برنگشته است.")
	}
	body, err := f.Line.Picture(ctx, exam.View{Scan: fs[0].Scan, Image: image}, geom.Rect[geom.Paper]{}, backWidth)
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "image/jpeg", body)
}

// fatesAt are the fates of files by their IDs at the station, in words for its operator.
func (f *surface) fatesAt(ctx context.Context, id string, files []string) ([]station.Fate, error) {
	arrivals := make([]string, len(files))
	for i, file := range files {
		arrivals[i] = exam.ArrivalAt(id, file)
	}
	fates, err := f.Records.Fates(ctx, arrivals)
	if err != nil {
		return nil, err
	}
	notes, err := f.Records.Notes(ctx, arrivals)
	if err != nil {
		return nil, err
	}
	all := []station.Fate{}
	for _, x := range fates {
		o := station.Fate{ID: x.ID[len(id)+1:], End: station.End(x.End.String()), Pages: x.Pages, Sheets: x.Sheets, Of: x.Of}
		for _, b := range x.Back {
			w := exam.RejectWords(b.Why.Reason)
			o.Back = append(o.Back, station.Back{Image: b.Image, Reason: b.Why.Reason.String(), Why: w.Why, Do: w.Do})
		}
		for _, n := range notes[x.ID] {
			o.Notes = append(o.Notes, station.Note{Code: n.String(), Text: noteWords[n]})
		}
		all = append(all, o)
	}
	return all, nil
}

// importList takes a list that a station signed and says which of its files are not
// here: those may then be brought by whoever handed it in.
func (f *surface) importList(c echo.Context) error {
	var s station.Signed
	if err := decode(c, &s); err != nil {
		return err
	}
	id, err := f.theirs(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	k, err := f.Records.StationKey(ctx, id)
	if err != nil {
		return err
	}
	l, err := s.Verify(k.Public)
	if err != nil {
		return err
	}
	if l.Station != id {
		return invalid("این فهرست از ایستگاه دیگری است.", "آن را به نشانی ایستگاه خودش بفرستید.")
	}
	ds := make([]exam.Delivery, len(l.Files))
	for i, file := range l.Files {
		if err := f.fits(file); err != nil {
			return err
		}
		ds[i] = deliveryOf(id, file)
		ds[i].Listed = whoIs(c).Login
	}
	if err := f.Records.PutDeliveries(ctx, ds); err != nil {
		return err
	}
	states, err := f.statesOf(ctx, id, l.Files)
	if err != nil {
		return err
	}
	f.Log.InfoContext(ctx, "list of a station taken", "station", id, "files", len(ds), "by", whoIs(c).Login)
	return c.JSON(http.StatusOK, map[string]any{"station": id, "files": states})
}

// statesOf says of each file how much is here.
func (f *surface) statesOf(ctx context.Context, id string, files []station.File) (map[string]station.State, error) {
	states := map[string]station.State{}
	for some := range slices.Chunk(files, mostAsked) {
		arrivals := make([]string, len(some))
		for i, file := range some {
			arrivals[i] = exam.ArrivalAt(id, file.ID)
			have, err := f.Inbox.Have(id, file)
			if err != nil {
				return nil, err
			}
			states[file.ID] = station.State{Offset: have}
		}
		fates, err := f.Records.Fates(ctx, arrivals)
		if err != nil {
			return nil, err
		}
		for _, x := range fates {
			states[x.ID[len(id)+1:]] = station.State{Offset: x.Size, Done: true}
		}
	}
	return states, nil
}
