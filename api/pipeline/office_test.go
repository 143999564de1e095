package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"bargkhan/api/archive"
	"bargkhan/api/exam"
	"bargkhan/api/intake"
	"bargkhan/api/pipeline/child"
	"bargkhan/api/store"
	"bargkhan/api/store/storetest"
	"bargkhan/calibration"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
	"bargkhan/sheets/print"
)

// TestMain lets this very binary be the child that reads, as the service's is.
func TestMain(m *testing.M) {
	if url := os.Getenv("LINE_OF_TEST"); url != "" {
		live(url, os.Getenv("ROOT_OF_TEST"))
	}
	if os.Getenv("CHILD_OF_TEST") == "" {
		os.Exit(m.Run())
	}
	if err := child.Main(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// An office is a session with its roster, printed sheets and key, on a database of
// its own: two titles of five questions, one form.
type office struct {
	t      *testing.T
	store  *store.Store
	url    string // of its database
	ses    exam.Session
	design *sheets.Design
	people []exam.Candidate // each with a serial
	spares []sheets.Serial
	root   string
	rng    *rand.Rand
}

const (
	dpi        = omrtest.DPI(150)
	candidates = 6
)

func newOffice(t *testing.T) *office {
	t.Helper()
	return officeAt(t, storetest.URL(t), false)
}

// officeAt is an office on the database at url. While it is shut, its session is not
// opened for scanning.
func officeAt(t *testing.T, url string, shut bool) *office {
	t.Helper()
	o := &office{t: t, url: url, root: t.TempDir(), rng: rand.New(rand.NewPCG(5, 7))}
	var err error
	o.store, err = store.Open(context.Background(), o.url, nil)
	o.must(err)
	t.Cleanup(o.store.Close)
	rules := exam.NationalRules()
	rules.ItemsPerTitle = 5
	form := exam.Form{ID: "1", At: map[sheets.FieldID]exam.ItemID{}}
	o.ses = exam.Session{
		ID: "1405-test", Name: "آزمون", Province: "02", Office: "دفتر", Set: "مجموعه",
		Date: exam.Date{Year: 2026, Month: 11, Day: 20}, Rules: rules, Venues: []exam.Venue{{ID: "sari", Name: "ساری"}},
	}
	key := exam.Key{Version: 1, By: "expert", At: time.Now(), Reason: "نخستین کلید", Items: map[exam.ItemID]exam.Item{}}
	for n := range 2 {
		title := exam.Title{ID: exam.TitleID(fmt.Sprint("t", n+1)), Name: "عنوان", Hours: 8, Class: "شغلی"}
		for i := range 5 {
			item := exam.ItemID(fmt.Sprintf("t%d.%d", n+1, i+1))
			title.Items = append(title.Items, item)
			form.At[question(n*5+i+1)] = item
			key.Items[item] = exam.Item{Right: []sheets.Choice{"2"}}
		}
		o.ses.Titles = append(o.ses.Titles, title)
	}
	o.ses.Forms = []exam.Form{form}
	o.design = lay(t, "test-2x5")
	o.must(stationAt(o.root).Init())
	ctx := context.Background()
	o.must(o.store.PutSession(ctx, o.ses))
	o.must(o.store.AddDesign(ctx, o.ses.ID, o.design))
	_, err = o.store.AddKey(ctx, o.ses.ID, 0, key)
	o.must(err)
	for i := range candidates {
		o.people = append(o.people, exam.Candidate{Person: national(i), Name: fmt.Sprint("نامزد ", i), Venue: "sari"})
	}
	o.must(o.store.PutRoster(ctx, o.ses.ID, o.people))
	o.people, o.spares, err = o.store.AllotSerials(ctx, o.ses.ID, 1)
	o.must(err)
	if !shut {
		o.open()
	}
	return o
}

// open opens the session for scanning at the station.
func (o *office) open() {
	o.t.Helper()
	o.openAt("hall-1")
}

// openAt opens it at another one.
func (o *office) openAt(station string) {
	o.t.Helper()
	ctx := context.Background()
	o.must(o.store.AddDeckWaiver(ctx, o.ses.ID, exam.DeckWaiver{Station: station, Name: "سعید بهرامی", Reason: "آزمایش", By: "expert", At: time.Now()}))
	o.must(o.store.OpenScanning(ctx, o.ses.ID, exam.Opening{Stations: []string{station}, By: "expert", At: time.Now()}))
}

// lay lays out a sheet of two blocks of five questions.
func lay(t *testing.T, id sheets.DesignID) *sheets.Design {
	t.Helper()
	d, err := sheets.Layout(sheets.Description{
		ID: id, Presence: true, Blocks: []sheets.Block{{Title: "یک", Questions: 5}, {Title: "دو", Questions: 5}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func question(n int) sheets.FieldID { return sheets.FieldID(fmt.Sprint("q", n)) }

// national makes up a valid national number.
func national(i int) exam.PersonID {
	nine := fmt.Sprintf("208%06d", 100+i)
	sum := 0
	for k, c := range nine {
		sum += (10 - k) * int(c-'0')
	}
	if sum %= 11; sum >= 2 {
		sum = 11 - sum
	}
	return exam.PersonID(fmt.Sprint(nine, sum))
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// sheet is a clean scan (what scanners spoil is the eye's affair) of the sheet
// with this stamp. The first right questions are answered rightly and the others
// wrongly; two is a question with two marks.
func (o *office) sheet(d *sheets.Design, stamp sheets.Stamp, right, two int) *image.Gray {
	o.t.Helper()
	img, err := print.Raster(d, 1, print.Copy{Stamp: stamp}, float64(dpi), nil)
	o.must(err)
	answers := map[sheets.FieldID][]sheets.Choice{}
	for n := 1; n <= 10; n++ {
		answers[question(n)] = []sheets.Choice{"3"}
		if n <= right {
			answers[question(n)] = []sheets.Choice{"2"}
		}
	}
	if two > 0 {
		omrtest.Fill(img, dpi, d.Pages[0], map[sheets.FieldID][]sheets.Choice{question(two): {"4"}}, omrtest.Pencil, o.rng)
	}
	omrtest.Fill(img, dpi, d.Pages[0], answers, omrtest.Pencil, o.rng)
	return img
}

// of is the sheet of the i-th candidate.
func (o *office) of(i, right, two int) *image.Gray {
	return o.sheet(o.design, sheets.Stamp{Page: 1, Serial: o.people[i].Serial}, right, two)
}

// blank is a page without anything on it; text one full of lines.
func (o *office) blank() *image.Gray {
	img := image.NewGray(image.Rect(0, 0, 1240, 1754))
	for i := range img.Pix {
		img.Pix[i] = 245
	}
	return img
}

func (o *office) text() *image.Gray {
	return dpi.TextPage(210, 297, o.rng)
}

func jpg(img *image.Gray) []byte { return omrtest.EncodeJPEG(img, 85, dpi) }

func tif(pages ...*image.Gray) []byte {
	var out []omrtest.TIFFPage
	for _, img := range pages {
		out = append(out, omrtest.GreyPage(img, 5, dpi)) // LZW
	}
	return omrtest.EncodeTIFF("w", out...)
}

// stationAt is the station's folder below root; settled files are taken after a moment.
func stationAt(root string) *intake.Folder {
	return &intake.Folder{
		Station: "hall-1", Root: filepath.Join(root, "hall-1"), Whole: Whole,
		Settle: 30 * time.Millisecond, Poll: 10 * time.Millisecond,
	}
}

// drop puts files into drop/ as a scanner does.
func (o *office) drop(files map[string][]byte) {
	o.t.Helper()
	for name, body := range files {
		o.must(os.WriteFile(filepath.Join(o.root, "hall-1", "drop", name), body, 0o600))
	}
}

// line is a line on this office with children of this test. memory is the store,
// or something that stands before it.
func (o *office) line(memory Store) *Line {
	l := newLine(memory, o.root)
	o.t.Cleanup(l.Reader.(*child.Pool).Close)
	l.Log = slog.New(slog.NewTextHandler(testWriter{o.t}, nil))
	NewMetrics(l)
	return l
}

// newLine makes a line whose station and archive lie below root.
func newLine(memory Store, root string) *Line {
	return &Line{
		Folders: []*intake.Folder{stationAt(root)},
		Archive: &archive.Folder{Dir: filepath.Join(root, "archive"), Reserve: 1},
		Store:   memory,
		Reader:  &child.Pool{Command: []string{"/proc/self/exe"}, Env: []string{"CHILD_OF_TEST=1"}, Design: memory.Design},
		Workers: 2, Poll: 20 * time.Millisecond,
		Policy: func(string) judge.Policy { return calibration.Default().Policy },
	}
}

// live is the whole life of a service that a test kills.
func live(url, root string) {
	ctx := context.Background()
	s, err := store.Open(ctx, url, nil)
	if err == nil {
		err = newLine(s, root).Run(ctx)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// A testWriter writes the log where it is seen when a test fails.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(string(bytes.TrimSpace(b)))
	return len(b), nil
}

// run runs loops until done holds, and waits for their end.
func (o *office) run(done func() bool, loops ...func(context.Context) error) {
	o.t.Helper()
	o.runFor(40*time.Second, done, loops...)
}

// runFor is run with more patience, or less.
func (o *office) runFor(limit time.Duration, done func() bool, loops ...func(context.Context) error) {
	o.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), limit)
	defer stop()
	ended := make(chan error, len(loops))
	for _, loop := range loops {
		go func() { ended <- loop(ctx) }()
	}
	for !done() {
		if ctx.Err() != nil {
			o.t.Errorf("the line did not come to rest: %v", o.tree())
			break
		}
		pause(ctx, 20*time.Millisecond)
	}
	stop()
	for range loops {
		o.must(<-ended)
	}
}

// tree lists every file of the station.
func (o *office) tree() (out []string) {
	root := filepath.Join(o.root, "hall-1")
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(root, path)
			out = append(out, rel)
		}
		return nil
	})
	slices.Sort(out)
	return out
}

// still says that n files have left drop/ and work/, and nothing is due.
func (o *office) still(n int) func() bool {
	return func() bool {
		q, err := o.store.Queue(context.Background())
		return err == nil && q.Depth == 0 && q.Due == 0 && o.ended() == n
	}
}

// ended counts the dropped files whose life has ended.
func (o *office) ended() (n int) {
	for _, tray := range []string{"read", "copies", "returned"} {
		entries, err := os.ReadDir(filepath.Join(o.root, "hall-1", tray))
		o.must(err)
		for _, e := range entries {
			if filepath.Ext(e.Name()) != ".txt" && !bytes.Contains([]byte(e.Name()), []byte("-p0")) {
				n++
			}
		}
	}
	return n
}

// outcomes maps each candidate to the outcomes of both titles.
func (o *office) outcomes() map[exam.PersonID]string {
	rows, err := o.store.Grades(context.Background(), o.ses.ID, 0, 1000)
	o.must(err)
	out := map[exam.PersonID]string{}
	slices.SortFunc(rows, func(a, b exam.GradeRow) int { return bytes.Compare([]byte(a.Grade.Title), []byte(b.Grade.Title)) })
	for _, r := range rows {
		out[r.Grade.Person] += fmt.Sprintf("%s %d/%d-%d/%d ", r.Grade.Outcome, r.Grade.Low.Num, r.Grade.Low.Den, r.Grade.High.Num, r.Grade.High.Den)
	}
	return out
}
