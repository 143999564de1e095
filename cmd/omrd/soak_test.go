package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bargkhan/api/exam"
	"bargkhan/api/store"
	"bargkhan/api/store/local"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
	"bargkhan/sheets/print"
)

// How often TestSoak kills when nobody says otherwise: about half a minute's worth.
const usualKills = 25

// TestSoak lets a scanner work while the service is killed again and again: at a
// random moment of its life, its start and the recovery of its database among
// them, and with it, or instead of it, PostgreSQL or the readers. At the end it is
// left in peace, and everything is looked at.
//
// BARGKHAN_KILLS says how often, BARGKHAN_SEED what to repeat.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("a half minute of kills is left out of a short run")
	}
	t.Parallel()
	kills := number(t, "BARGKHAN_KILLS", usualKills)
	seed := number(t, "BARGKHAN_SEED", int(time.Now().UnixNano()%1_000_000))
	s := newSoak(t, uint64(seed), kills)
	t.Logf("seed %d: BARGKHAN_SEED=%d repeats what is dropped and when it is killed", seed, seed)
	for range kills {
		s.live()
		s.scan()
		s.kill()
	}
	s.finish()
	s.peace()
	s.check()
	t.Logf("%d files of %d sheets; kills: %v", len(s.dropped), len(s.truth), s.victims)
}

// number is the environment's word, or usual.
func number(t *testing.T, name string, usual int) int {
	if os.Getenv(name) == "" {
		return usual
	}
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

const soakDPI = omrtest.DPI(150)

// A soak is a session, a scanner and a service that is killed.
type soak struct {
	t      *testing.T
	rng    *rand.Rand
	data   string
	design *sheets.Design
	people []exam.Candidate

	service *exec.Cmd  // nil while it is dead
	ended   chan error // its end
	log     bytes.Buffer
	victims map[string]int

	truth   map[sheets.Serial]map[sheets.FieldID][]sheets.Choice // of every sheet that was scanned
	dropped []*drop
	half    *drop // begun and not yet whole
	names   int
	env     []string // more of it, for the service
}

// A drop is one file as the scanner wrote it.
type drop struct {
	name   string
	body   []byte
	serial []sheets.Serial // of the sheets in it
	pages  int
}

func (d *drop) sum() string {
	sum := sha256.Sum256(d.body)
	return hex.EncodeToString(sum[:])
}

// newSoak makes the session with the service's own database, before it is the service's.
func newSoak(t *testing.T, seed uint64, kills int) *soak {
	s := &soak{
		t: t, rng: rand.New(rand.NewPCG(seed, 3)), data: folder(t), victims: map[string]int{},
		truth: map[sheets.Serial]map[sheets.FieldID][]sheets.Choice{},
	}
	t.Cleanup(func() { s.slay(s.family()) })
	ctx := context.Background()
	db, err := local.Start(ctx, filepath.Join(s.data, "postgres"), nil)
	s.must(err)
	defer db.Stop()
	memory, err := store.Open(ctx, db.URL(), nil)
	s.must(err)
	defer memory.Close()
	s.design, err = sheets.Layout(sheets.Description{ID: "soak-5", Blocks: []sheets.Block{{Title: "یک", Questions: 5}}})
	s.must(err)
	s.must(memory.PutSession(ctx, soakSession()))
	s.must(memory.AddDesign(ctx, "soak", s.design))
	key := exam.Key{Version: 1, By: "expert", At: time.Now(), Reason: "نخستین کلید", Items: map[exam.ItemID]exam.Item{}}
	for _, item := range soakSession().Titles[0].Items {
		key.Items[item] = exam.Item{Right: []sheets.Choice{"2"}}
	}
	_, err = memory.AddKey(ctx, "soak", 0, key)
	s.must(err)
	for i := range 4*kills + 20 { // no life drops more sheets than four
		s.people = append(s.people, exam.Candidate{Person: soakPerson(i), Name: fmt.Sprint("نامزد ", i), Venue: "sari"})
	}
	s.must(memory.PutRoster(ctx, "soak", s.people))
	s.people, _, err = memory.AllotSerials(ctx, "soak", 0)
	s.must(err)
	return s
}

func soakSession() exam.Session {
	rules := exam.NationalRules()
	rules.ItemsPerTitle = 5
	title := exam.Title{ID: "t1", Name: "عنوان", Hours: 8, Class: "شغلی"}
	form := exam.Form{ID: "1", At: map[sheets.FieldID]exam.ItemID{}}
	for n := range rules.ItemsPerTitle {
		item := exam.ItemID(fmt.Sprint("t1.", n+1))
		title.Items = append(title.Items, item)
		form.At[sheets.FieldID(fmt.Sprint("q", n+1))] = item
	}
	return exam.Session{
		ID: "soak", Name: "آزمون", Province: "02", Office: "دفتر", Set: "مجموعه",
		Date: exam.Date{Year: 2026, Month: 11, Day: 20}, Rules: rules,
		Titles: []exam.Title{title}, Forms: []exam.Form{form}, Venues: []exam.Venue{{ID: "sari", Name: "ساری"}},
	}
}

// soakPerson makes up a valid national number.
func soakPerson(i int) exam.PersonID {
	nine, sum := fmt.Sprintf("208%06d", 100+i), 0
	for k, c := range nine {
		sum += (10 - k) * int(c-'0')
	}
	if sum %= 11; sum >= 2 {
		sum = 11 - sum
	}
	return exam.PersonID(fmt.Sprint(nine, sum))
}

func (s *soak) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%v\n%s", err, tail(s.log.Bytes(), 4000))
	}
}

func (s *soak) dir(tray string) string {
	return filepath.Join(s.data, "stations", "hall-1", tray)
}

// live starts the service if it is dead. One that gave up because its database was
// killed while it started is what every supervisor of services starts again.
func (s *soak) live() {
	select {
	case err := <-s.ended:
		s.t.Logf("the service ended by itself: %v: %s", err, tail(s.log.Bytes(), 300))
		s.victims["gave up"]++
		s.slay(s.family())
		s.service, s.ended = nil, nil
	default:
	}
	if s.service != nil {
		return
	}
	s.log.Reset()
	cmd := exec.Command(os.Args[0], "serve")
	cmd.Env = append(os.Environ(), "OMRD_DATA="+s.data, "OMRD_LISTEN=127.0.0.1:0", "OMRD_SETTLE=100ms", "OMRD_POLL=30ms", "OMRD_WORKERS=2")
	cmd.Env = append(cmd.Env, s.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = &s.log
	s.must(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s.service, s.ended = cmd, ended
}

// scan lets the scanner write up to four files, some of them only half.
func (s *soak) scan() {
	if os.MkdirAll(s.dir("drop"), 0o770) != nil {
		return
	}
	s.finish()
	for range 1 + s.rng.IntN(3) {
		s.write(s.next())
	}
}

// next makes what is scanned next: new sheets, a sheet once more, the same bytes
// once more, or a page that is no sheet.
func (s *soak) next() *drop {
	whole := slices.DeleteFunc(slices.Clone(s.dropped), func(d *drop) bool { return len(d.serial) == 0 })
	switch k := s.rng.IntN(8); {
	case k == 0 && len(whole) > 0:
		d := whole[s.rng.IntN(len(whole))]
		return &drop{body: d.body, serial: d.serial, pages: d.pages}
	case k == 1 && len(whole) > 0:
		d := whole[s.rng.IntN(len(whole))]
		img := s.paper(d.serial[0])
		return &drop{body: omrtest.EncodeJPEG(img, 60+s.rng.IntN(35), soakDPI), serial: d.serial[:1], pages: 1}
	case k == 2:
		return &drop{body: omrtest.EncodeJPEG(soakDPI.TextPage(210, 297, s.rng), 80, soakDPI), pages: 1}
	case k == 3:
		a, b := s.sheet(), s.sheet()
		text := soakDPI.TextPage(210, 297, s.rng)
		body := omrtest.EncodeTIFF("w", omrtest.GreyPage(s.paper(a), 5, soakDPI), omrtest.GreyPage(text, 5, soakDPI), omrtest.GreyPage(s.paper(b), 5, soakDPI))
		return &drop{body: body, serial: []sheets.Serial{a, b}, pages: 3}
	}
	a := s.sheet()
	return &drop{body: omrtest.EncodeJPEG(s.paper(a), 85, soakDPI), serial: []sheets.Serial{a}, pages: 1}
}

// sheet is the next candidate's, with answers of its own.
func (s *soak) sheet() sheets.Serial {
	serial := s.people[len(s.truth)].Serial
	marks := map[sheets.FieldID][]sheets.Choice{}
	for n := 1; n <= 5; n++ {
		if c := s.rng.IntN(6); c > 0 { // 0: blank
			marks[sheets.FieldID(fmt.Sprint("q", n))] = []sheets.Choice{sheets.Choice(fmt.Sprint(max(1, c-1)))}
		}
	}
	s.truth[serial] = marks
	return serial
}

// paper is a clean scan of a sheet.
func (s *soak) paper(serial sheets.Serial) *image.Gray {
	img, err := print.Raster(s.design, 1, print.Copy{Stamp: sheets.Stamp{Page: 1, Serial: serial}}, float64(soakDPI), nil)
	s.must(err)
	omrtest.Fill(img, soakDPI, s.design.Pages[0], s.truth[serial], omrtest.Pencil, s.rng)
	return img
}

// write writes a file as a scanner does: under a name of a counter that restarts,
// never over a file that lies there, and now and then only half of it for now.
func (s *soak) write(d *drop) {
	body := d.body
	if s.half == nil && s.rng.IntN(5) == 0 {
		s.half, body = d, body[:len(body)/2]
	}
	for {
		s.names = (s.names + 1) % 50
		d.name = fmt.Sprintf("scan%04d.img", s.names)
		f, err := os.OpenFile(filepath.Join(s.dir("drop"), d.name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o660)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		s.must(err)
		_, err = f.Write(body)
		s.must(errors.Join(err, f.Close()))
		s.dropped = append(s.dropped, d)
		return
	}
}

// finish writes the rest of the file that is only half there.
func (s *soak) finish() {
	if s.half == nil {
		return
	}
	f, err := os.OpenFile(filepath.Join(s.dir("drop"), s.half.name), os.O_APPEND|os.O_WRONLY, 0)
	s.must(err)
	_, err = f.Write(s.half.body[len(s.half.body)/2:])
	s.must(errors.Join(err, f.Close()))
	s.half = nil
}

// kill waits for a random moment and kills all, or only some.
func (s *soak) kill() {
	most := []time.Duration{100, 700, 1500, 2500}[s.rng.IntN(4)] * time.Millisecond
	time.Sleep(time.Duration(s.rng.Int64N(int64(most))))
	all := s.family()
	victim := []string{"all", "all", "all", "service", "database", "readers"}[s.rng.IntN(6)]
	var doomed []int
	for pid, kind := range all {
		if victim == "all" || victim == kind {
			doomed = append(doomed, pid)
		}
	}
	s.victims[victim]++
	s.slay(maps.Collect(func(yield func(int, string) bool) {
		for _, pid := range doomed {
			if !yield(pid, all[pid]) {
				return
			}
		}
	}))
	if victim == "all" || victim == "service" {
		<-s.ended // its status says that it was killed
		s.service, s.ended = nil, nil
	}
}

// slay kills processes, the service first, so that it does not start them again.
func (s *soak) slay(doomed map[int]string) {
	pids := slices.SortedFunc(maps.Keys(doomed), func(a, b int) int { return strings.Compare(doomed[b], doomed[a]) })
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone already
	}
}

// family maps the service and every process below it to what it is. PostgreSQL's
// processes leave the service's process group, so they are found by their parents.
func (s *soak) family() map[int]string {
	out := map[int]string{}
	if s.service == nil {
		return out
	}
	out[s.service.Process.Pid] = "service"
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for grown := true; grown; {
		grown = false
		for _, path := range stats {
			pid, name, parent, ok := procStat(path)
			if _, known := out[pid]; !ok || known || out[parent] == "" {
				continue
			}
			out[pid], grown = "readers", true
			if strings.HasPrefix(name, "postgres") || out[parent] == "database" {
				out[pid] = "database"
			}
		}
	}
	return out
}

// procStat reads one /proc/PID/stat.
func procStat(path string) (pid int, name string, parent int, ok bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, "", 0, false
	}
	head, rest, _ := strings.Cut(string(b), " (")
	name, rest, ok = strings.Cut(rest, ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 2 {
		return 0, "", 0, false
	}
	pid, err1 := strconv.Atoi(head)
	parent, err2 := strconv.Atoi(fields[1])
	return pid, name, parent, errors.Join(err1, err2) == nil
}

// peace lets the service come to rest and stops it.
func (s *soak) peace() {
	s.live()
	limit := time.Now().Add(2*time.Minute + time.Duration(len(s.dropped))*200*time.Millisecond)
	for !s.rests() {
		s.live()
		if time.Now().After(limit) {
			s.t.Fatalf("the line did not come to rest: %v\n%s", s.left(), tail(s.log.Bytes(), 4000))
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.must(s.service.Process.Signal(syscall.SIGTERM))
	s.must(<-s.ended)
	s.service, s.ended = nil, nil
}

// left lists what is neither taken nor ended.
func (s *soak) left() []string {
	a, b := s.files("drop"), s.files("work")
	return slices.Sorted(maps.Keys(merge(a, b)))
}

// rests says that every file has its end and every script its grades.
func (s *soak) rests() bool {
	if len(s.left()) > 0 {
		return false
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	url := fmt.Sprintf("postgres://bargkhan@/postgres?host=%s&sslmode=disable", filepath.Join(s.data, "postgres", "run"))
	memory, err := store.Open(ctx, url, nil)
	if err != nil {
		return false
	}
	defer memory.Close()
	q, err := memory.Queue(ctx)
	return err == nil && q.Depth == 0 && q.Due == 0 && q.Aside == 0
}

// files maps the files of a tray, by their path in it, to their sums.
func (s *soak) files(tray string) map[string]string {
	out := map[string]string{}
	_ = filepath.WalkDir(s.dir(tray), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // a folder that a claim is just leaving
		}
		body, _ := os.ReadFile(path)
		sum := sha256.Sum256(body)
		out[filepath.Join(tray, path[len(s.dir(tray))+1:])] = hex.EncodeToString(sum[:])
		return nil
	})
	return out
}

func merge(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// check looks at everything there is to look at.
func (s *soak) check() {
	ctx := context.Background()
	db, err := local.Start(ctx, filepath.Join(s.data, "postgres"), nil)
	s.must(err)
	defer db.Stop()
	memory, err := store.Open(ctx, db.URL(), nil)
	s.must(err)
	defer memory.Close()
	s.checkTrays()
	s.checkArchive()
	s.checkLedger(ctx, memory)
	s.checkScripts(ctx, memory)
}

// checkTrays wants every file that was dropped in exactly one tray, unchanged: of
// equal ones the first in read/ and the others in copies/.
func (s *soak) checkTrays() {
	want, got := map[string]int{}, map[string]int{}
	seen := map[string]bool{}
	for _, d := range s.dropped {
		tray := "read "
		switch {
		case len(d.serial) == 0:
			tray = "returned "
		case seen[d.sum()]:
			tray = "copies "
		}
		seen[d.sum()] = true
		want[tray+d.sum()]++
	}
	for _, tray := range []string{"read", "copies", "returned"} {
		for path, sum := range s.files(tray) {
			base := filepath.Base(path)
			if tray == "returned" && (strings.HasSuffix(base, ".txt") || strings.Contains(base, "-p0") || strings.HasPrefix(base, ".write-")) {
				continue // the word beside a file, the picture of a page, what a kill left of either
			}
			got[tray+" "+sum]++
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("trays (-dropped +found):\n%s", diff)
	}
}

// checkArchive wants exactly the bytes that were dropped, each under its sum.
func (s *soak) checkArchive() {
	want, got := map[string]bool{}, map[string]bool{}
	for _, d := range s.dropped {
		want[d.sum()] = true
	}
	kept, _ := filepath.Glob(filepath.Join(s.data, "archive", "??", "[0-9a-f]*"))
	for _, path := range kept {
		body, err := os.ReadFile(path)
		s.must(err)
		sum := sha256.Sum256(body)
		if hex.EncodeToString(sum[:]) != filepath.Base(path) {
			s.t.Errorf("archive: %s holds other bytes", path)
		}
		got[filepath.Base(path)] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("archive (-dropped +kept):\n%s", diff)
	}
}

// checkLedger wants one entry for each dropped file, with the right end and all
// its pages.
func (s *soak) checkLedger(ctx context.Context, memory *store.Store) {
	ledger, err := memory.Ledger(ctx, "", 10*len(s.dropped))
	s.must(err)
	type line struct {
		Scan          string
		Pages, Sheets int
	}
	want, got := map[line]int{}, map[line]int{}
	for _, d := range s.dropped {
		want[line{d.sum(), d.pages, len(d.serial)}]++
	}
	ends := map[string]int{}
	for _, f := range ledger {
		got[line{string(f.Scan), f.Pages, f.Sheets}]++
		if f.End == exam.EndWaiting || (f.End == exam.EndReturned) != (f.Sheets == 0) || f.Pages != f.Sheets+len(f.Back) {
			s.t.Errorf("ledger: %+v", f)
		}
		if f.End != exam.EndCopied {
			ends[string(f.Scan)]++
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("ledger (-dropped +remembered):\n%s", diff)
	}
	for _, d := range s.dropped {
		if n := ends[d.sum()]; len(d.serial) > 0 && n != 1 {
			s.t.Errorf("%s: %d of its arrivals are the scan, want one", d.name, n)
		}
	}
}

// checkScripts wants every sheet once, with the answers that are on the paper and
// the grade that they earn.
func (s *soak) checkScripts(ctx context.Context, memory *store.Store) {
	scans := map[sheets.Serial]map[string]bool{}
	for _, d := range s.dropped {
		for _, serial := range d.serial {
			if scans[serial] == nil {
				scans[serial] = map[string]bool{}
			}
			scans[serial][d.sum()] = true
		}
	}
	for serial, marks := range s.truth {
		script, err := memory.Script(ctx, exam.ScriptOf(serial))
		if err != nil {
			s.t.Errorf("sheet %s: %v", serial, err)
			continue
		}
		if len(script.Sheets) != len(scans[serial]) {
			s.t.Errorf("sheet %s is there %d times, want %d", serial, len(script.Sheets), len(scans[serial]))
		}
		got := map[sheets.FieldID][]sheets.Choice{}
		for _, a := range exam.Answers(script) {
			if len(a.Doubts) > 0 {
				s.t.Errorf("sheet %s: %s is in doubt: %+v", serial, a.Field, a.Doubts)
			}
			if a.Role == sheets.Answer && len(a.Choices) > 0 {
				got[a.Field] = a.Choices
			}
		}
		if diff := cmp.Diff(marks, got); diff != "" {
			s.t.Errorf("sheet %s (-paper +read):\n%s", serial, diff)
		}
		right := 0
		for _, c := range marks {
			if c[0] == "2" {
				right++
			}
		}
		if len(script.Grades) != 1 || script.Grades[0].Right != right || !script.Grades[0].Final() {
			s.t.Errorf("sheet %s: %+v, want %d right and nothing open", serial, script.Grades, right)
		}
	}
	rows, err := memory.Grades(ctx, "soak", 0, 10*len(s.truth)+10)
	s.must(err)
	if len(rows) != len(s.truth) {
		s.t.Errorf("%d grades of %d sheets", len(rows), len(s.truth))
	}
}
