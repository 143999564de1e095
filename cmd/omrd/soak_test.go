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
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bargkhan/api/exam"
	"bargkhan/api/store"
	"bargkhan/api/store/local"
	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
	"bargkhan/sheets/print"
)

// How often TestSoak kills when nobody says otherwise: about half a minute's worth.
const usualKills = 25

// TestSoak lets two scanners work, one into a drop folder and one into a share where
// nothing may be moved, while the service is killed again and again: at a random
// moment of its life, its start and the recovery of its database among them, and with
// it, or instead of it, PostgreSQL, its first process alone, or the readers; now and
// then it is only told to stop. While it lives, nothing may be seen half. At the end
// it is left in peace, and everything is looked at.
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
	began := time.Now()
	for range kills {
		s.live()
		s.scan()
		s.kill()
	}
	s.finish()
	s.peace()
	s.check()
	t.Logf("%d kills in %v: %v", kills, time.Since(began).Round(time.Second), s.victims)
	t.Logf("%d files of %d sheets, %d looks at what shows meanwhile; %d answers are in doubt, as without kills", len(s.dropped), len(s.truth), s.looks, s.doubts)
	if kills >= usualKills && s.looks == 0 {
		t.Error("nobody looked at what shows while the service lives")
	}
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
	memory  *store.Store // of the harness; nil until the database answers it
	victims map[string]int
	looks   int // at what shows while the service lives
	doubts  int // among the answers, as without kills

	truth   map[sheets.Serial]map[sheets.FieldID][]sheets.Choice // of every sheet that was scanned
	dropped []*drop
	half    *drop // begun and not yet whole
	names   int
	env     []string // more of it, for the service
}

// A drop is one file as the scanner wrote it.
type drop struct {
	path   string
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
	s.must(os.MkdirAll(s.share(), 0o755))
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
	for i := range 6*kills + 20 { // no life drops more sheets than six
		s.people = append(s.people, exam.Candidate{Person: soakPerson(i), Name: fmt.Sprint("نامزد ", i), Venue: "sari"})
	}
	s.must(memory.PutRoster(ctx, "soak", s.people))
	s.people, _, err = memory.AllotSerials(ctx, "soak", 0)
	s.must(err)
	openAt(t, memory, "soak", "hall-1", "hall-2")
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

// stations are where the scanners are: the first moves, the second only looks.
var stations = []string{"hall-1", "hall-2"}

// dir is a folder of a station.
func (s *soak) dir(station, tray string) string {
	return filepath.Join(s.data, "stations", station, tray)
}

// share is where the scanner of hall-2 writes to.
func (s *soak) share() string { return filepath.Join(s.data, "share") }

// live starts the service if it is dead. It never ends by itself, whatever is killed
// around it.
func (s *soak) live() {
	select {
	case err := <-s.ended:
		s.t.Errorf("the service ended by itself: %v: %s", err, tail(s.log.Bytes(), 2000))
		s.slay(s.family())
		s.service, s.ended = nil, nil
	default:
	}
	if s.service != nil {
		return
	}
	s.log.Reset()
	cmd := exec.Command(os.Args[0], "serve")
	cmd.Env = append(os.Environ(), "OMRD_DATA="+s.data, "OMRD_LISTEN=127.0.0.1:0", "OMRD_SETTLE=100ms", "OMRD_POLL=30ms", "OMRD_WORKERS=2",
		"OMRD_STATIONS=hall-1="+s.dir("hall-1", "")+",hall-2="+s.dir("hall-2", ""), "OMRD_SOURCES=hall-2="+s.share())
	cmd.Env = append(cmd.Env, s.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = &s.log
	s.must(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s.service, s.ended = cmd, ended
}

// scan lets the scanners write up to four files, some of them only half.
func (s *soak) scan() {
	s.must(os.MkdirAll(s.dir("hall-1", "drop"), 0o770))
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

// write writes a file as a scanner does: into the drop folder under a name of a
// counter that restarts, never over a file that lies there, or into the share, from
// where nothing goes away; and now and then only half of it for now.
func (s *soak) write(d *drop) {
	body := d.body
	if s.half == nil && s.rng.IntN(5) == 0 {
		s.half, body = d, body[:len(body)/2]
	}
	shared := s.rng.IntN(4) == 0
	for {
		s.names++
		d.path = filepath.Join(s.dir("hall-1", "drop"), fmt.Sprintf("scan%04d.img", s.names%50))
		if shared {
			d.path = filepath.Join(s.share(), fmt.Sprintf("scan%05d.img", s.names))
		}
		f, err := os.OpenFile(d.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o660)
		if errors.Is(err, fs.ErrExist) {
			if s.names%50 == 0 { // the drop folder is full: the scanner stands still
				time.Sleep(50 * time.Millisecond)
				s.live()
			}
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
	f, err := os.OpenFile(s.half.path, os.O_APPEND|os.O_WRONLY, 0)
	s.must(err)
	_, err = f.Write(s.half.body[len(s.half.body)/2:])
	s.must(errors.Join(err, f.Close()))
	s.half = nil
}

// kill waits for a random moment and kills all, or only some.
func (s *soak) kill() {
	most := []time.Duration{100, 700, 1500, 2500}[s.rng.IntN(4)] * time.Millisecond
	time.Sleep(time.Duration(s.rng.Int64N(int64(most))))
	if s.rng.IntN(3) == 0 {
		s.look()
	}
	all := s.family()
	victim := []string{"all", "all", "all", "service", "database", "postmaster", "readers", "stop"}[s.rng.IntN(8)]
	s.victims[victim]++
	doomed := maps.Clone(all)
	maps.DeleteFunc(doomed, func(_ int, kind string) bool {
		return victim != "all" && victim != kind && !(victim == "database" && kind == "postmaster")
	})
	if victim == "stop" {
		s.must(s.service.Process.Signal(syscall.SIGTERM))
	}
	s.slay(doomed)
	if victim == "all" || victim == "service" || victim == "stop" {
		err := <-s.ended
		// A signal may come before the service listens to any.
		if victim == "stop" && s.service.ProcessState.Exited() && err != nil {
			s.t.Errorf("it was told to stop, and ended with %v: %s", err, tail(s.log.Bytes(), 2000))
		}
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
			switch {
			case out[parent] == "postmaster" || out[parent] == "database":
				out[pid] = "database"
			case strings.HasPrefix(name, "postgres"), strings.HasPrefix(name, "initdb"):
				out[pid] = "postmaster"
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

// look looks at what shows while the service lives, if its database answers: a scan
// has all its pages or none, and nothing lies in read/ of which that is not remembered.
func (s *soak) look() {
	ctx, stop := context.WithTimeout(context.Background(), 400*time.Millisecond)
	defer stop()
	if !s.remember(ctx) {
		return
	}
	shown := 0
	for _, station := range stations {
		shown += len(s.list(station, "read"))
	}
	ledger, err := s.memory.Ledger(ctx, "", 2*len(s.dropped))
	if err != nil {
		return // it was killed a moment ago, or comes up
	}
	s.looks++
	whole := map[string]*drop{}
	for _, d := range s.dropped {
		whole[d.sum()] = d
	}
	read := 0
	for _, f := range ledger {
		if f.End == exam.EndRead {
			read++
		}
		d, n := whole[string(f.Scan)], f.Sheets+len(f.Back)
		switch {
		case d == nil:
			s.t.Errorf("a file that was never dropped whole was taken: %+v", f)
		case f.End == exam.EndWaiting && n+f.Pages > 0, f.End != exam.EndWaiting && f.End != exam.EndCopied && n != d.pages:
			s.t.Errorf("a file of %d pages is seen half: %+v", d.pages, f)
		}
	}
	if shown > read {
		s.t.Errorf("%d files lie in read/, %d are remembered as read", shown, read)
	}
}

// remember connects the harness to the service's database, once it answers.
func (s *soak) remember(ctx context.Context) bool {
	if s.memory == nil {
		url := fmt.Sprintf("postgres://bargkhan@/postgres?host=%s&sslmode=disable", filepath.Join(s.data, "postgres", "run"))
		if memory, err := store.Open(ctx, url, nil); err == nil {
			s.memory = memory
			s.t.Cleanup(memory.Close)
		}
	}
	return s.memory != nil
}

// peace lets the service come to rest and stops it.
func (s *soak) peace() {
	s.rest()
	if !s.hidden(7*24*time.Hour) && len(s.claims()) == 0 {
		return
	}
	// What a kill left half done goes when it is old: a file when it was hidden for
	// days, the folder of a claim that never got its file after a minute.
	s.live()
	for limit := time.Now().Add(2 * time.Minute); (s.hidden(0) || len(s.claims()) > 0) && time.Now().Before(limit); {
		time.Sleep(50 * time.Millisecond)
	}
	s.rest()
}

// claims lists the folders of claims.
func (s *soak) claims() (out []string) {
	for _, station := range stations {
		claims, _ := filepath.Glob(filepath.Join(s.dir(station, "work"), "*"))
		out = append(out, claims...)
	}
	return out
}

// rest lets the service come to rest once, and stops it.
func (s *soak) rest() {
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

// hidden says whether hidden files lie beside the returned ones, and makes them older.
func (s *soak) hidden(older time.Duration) (any bool) {
	for _, station := range stations {
		paths, _ := filepath.Glob(filepath.Join(s.dir(station, "returned"), ".*"))
		for _, path := range paths {
			info, err := os.Stat(path)
			if err != nil {
				continue // just gone
			}
			any = true
			at := info.ModTime().Add(-older)
			_ = os.Chtimes(path, at, at) // so with this
		}
	}
	return any
}

// left lists what is claimed, or lies in the drop folder.
func (s *soak) left() (out []string) {
	for _, station := range stations {
		out = append(append(out, s.list(station, "drop")...), s.list(station, "work")...)
	}
	return out
}

// rests says that every file has its end and every script its grades.
func (s *soak) rests() bool {
	if len(s.left()) > 0 {
		return false
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	if !s.remember(ctx) {
		return false
	}
	taken, err1 := s.memory.Ledger(ctx, "", 2*len(s.dropped))
	q, err2 := s.memory.Queue(ctx)
	return err1 == nil && err2 == nil && len(taken) == len(s.dropped) && q.Depth == 0 && q.Due == 0 && q.Aside == 0
}

// list lists the files of a tray, however deep.
func (s *soak) list(station, tray string) (out []string) {
	_ = filepath.WalkDir(s.dir(station, tray), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() { // a folder that a claim is just leaving is gone
			out = append(out, path)
		}
		return nil
	})
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
	s.checkNothingElse()
	s.checkLedger(ctx, memory)
	s.checkScripts(ctx, memory)
}

// A slip is the word beside a returned file or page; a shot the picture of a page.
var (
	slip = regexp.MustCompile(`\.txt$`)
	shot = regexp.MustCompile(`-p\d{3}[^/]*\.jpg$`)
)

// checkTrays wants every file that was dropped in exactly one tray, unchanged: of
// equal ones the first in read/ and the others in copies/. Beside what was returned,
// file or page, there is one slip, and of each returned page of a file that was read,
// one picture. The share is as the scanner left it.
func (s *soak) checkTrays() {
	want, got := map[string]int{}, map[string]int{}
	seen := map[string]bool{}
	for _, d := range s.dropped {
		tray := "read "
		switch {
		case len(d.serial) == 0:
			tray = "returned "
			want["slips"]++
		case seen[d.sum()]:
			tray = "copies "
		case len(d.serial) < d.pages:
			want["slips"]++
			want["shots"]++
		}
		seen[d.sum()] = true
		want[tray+d.sum()]++
		if filepath.Dir(d.path) == s.share() {
			want["share "+d.sum()]++
		}
	}
	count := func(tray string, paths []string) {
		for _, path := range paths {
			switch {
			case tray == "returned" && slip.MatchString(path):
				got["slips"]++
			case tray == "returned" && shot.MatchString(path):
				got["shots"]++
			default:
				got[tray+" "+s.sumOf(path)]++
			}
		}
	}
	for _, station := range stations {
		for _, tray := range []string{"read", "copies", "returned"} {
			count(tray, s.list(station, tray))
		}
	}
	shared, err := filepath.Glob(filepath.Join(s.share(), "*"))
	s.must(err)
	count("share", shared)
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("trays (-dropped +found):\n%s", diff)
	}
}

// sumOf is the sum of what a file holds.
func (s *soak) sumOf(path string) string {
	body, err := os.ReadFile(path)
	s.must(err)
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// checkArchive wants exactly the bytes that were dropped, each under its sum, and
// nothing beside them.
func (s *soak) checkArchive() {
	want, got := map[string]bool{}, map[string]bool{}
	for _, d := range s.dropped {
		want[d.sum()] = true
	}
	root := filepath.Join(s.data, "archive")
	s.must(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		sum := s.sumOf(path)
		if path != filepath.Join(root, sum[:2], sum) {
			s.t.Errorf("archive: %s holds other bytes than its name says", path)
		}
		got[sum] = true
		return nil
	}))
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("archive (-dropped +kept):\n%s", diff)
	}
}

// checkNothingElse wants no other file than those that belong to something, and no
// folder left of a claim.
func (s *soak) checkNothingElse() {
	belongs := regexp.MustCompile(`^(archive|share|postgres|omrd-\d+-\d+)/|^stations/[^/]+/(read|copies|returned)/|^stations/hall-2/taken\.jsonl$|^keys/certificate\.key$|^hba\.conf$`)
	claim := regexp.MustCompile(`^stations/[^/]+/(work|drop)/.`)
	s.must(filepath.WalkDir(s.data, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(s.data, path)
		if err == nil && (claim.MatchString(name) || !d.IsDir() && !belongs.MatchString(name)) {
			s.t.Errorf("%s is left and belongs to nothing", name)
		}
		return err
	}))
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
			s.t.Errorf("%s: %d of its arrivals are the scan, want one", d.path, n)
		}
	}
}

// checkScripts wants every sheet once, with the evidence and the verdicts that its
// bytes give without kills, no answer that is not on the paper, and the grades that
// follow from it.
func (s *soak) checkScripts(ctx context.Context, memory *store.Store) {
	ses, err := memory.Session(ctx, "soak")
	s.must(err)
	roster, err := memory.Roster(ctx, "soak")
	s.must(err)
	want := s.undisturbed(ctx)
	for serial, marks := range s.truth {
		script, err := memory.Script(ctx, exam.ScriptOf(serial))
		if err != nil {
			s.t.Errorf("sheet %s: %v", serial, err)
			continue
		}
		got := map[string]reading{}
		for _, sh := range script.Sheets {
			got[fmt.Sprint(sh.Scan, " ", sh.Image)] = reading{short(sh.Reading.Evidence), sh.Verdicts}
		}
		if diff := cmp.Diff(want[serial], got, cmpopts.EquateEmpty()); diff != "" || len(script.Sheets) != len(got) {
			s.t.Errorf("sheet %s is there %d times (-without kills +with):\n%s", serial, len(script.Sheets), diff)
		}
		s.checkAnswers(serial, marks, exam.Answers(script))
		person, _ := exam.Whose(script, roster)
		claims, err := memory.Claims(ctx, "soak", person)
		s.must(err)
		if diff := cmp.Diff(exam.Mark(ses, script, roster, claims).Grades, script.Grades, cmpopts.EquateEmpty()); diff != "" || len(script.Grades) != 1 {
			s.t.Errorf("sheet %s: %d grades (-what follows +what is kept):\n%s", serial, len(script.Grades), diff)
		}
	}
	rows, err := memory.Grades(ctx, "soak", 0, 10*len(s.truth)+10)
	s.must(err)
	if len(rows) != len(s.truth) {
		s.t.Errorf("%d grades of %d sheets", len(rows), len(s.truth))
	}
}

// checkAnswers wants what is on the paper, or a doubt.
func (s *soak) checkAnswers(serial sheets.Serial, marks map[sheets.FieldID][]sheets.Choice, answers []exam.Answer) {
	want, got := maps.Clone(marks), map[sheets.FieldID][]sheets.Choice{}
	for _, a := range answers {
		switch {
		case len(a.Doubts) > 0:
			s.doubts++
			delete(want, a.Field)
		case a.Role == sheets.Answer && len(a.Choices) > 0:
			got[a.Field] = a.Choices
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("sheet %s (-paper +read):\n%s", serial, diff)
	}
}

// A reading is what is kept of a page.
type reading struct {
	Evidence []judge.Evidence
	Verdicts []judge.Verdict
}

// short is evidence in 32 bits, as the store keeps it.
func short(all []judge.Evidence) (out []judge.Evidence) {
	for _, e := range all {
		out = append(out, judge.Evidence{Field: e.Field, Choice: e.Choice,
			Ink: float64(float32(e.Ink)), Fit: float64(float32(e.Fit)), Seen: float64(float32(e.Seen))})
	}
	return out
}

// undisturbed reads every file that was dropped, here and now: what each sheet gives,
// by its scan and page.
func (s *soak) undisturbed(ctx context.Context) map[sheets.Serial]map[string]reading {
	out := map[sheets.Serial]map[string]reading{}
	eye := omr.Reader{Design: func(sheets.Stamp) (*sheets.Design, error) { return s.design, nil }}
	policy := calibration.Default().Policy
	for _, d := range s.dropped {
		for p, err := range page.Decode(ctx, bytes.NewReader(d.body), int64(len(d.body)), page.Limits{}) {
			s.must(err)
			r, err := eye.Read(ctx, p)
			if err != nil {
				continue // no sheet: the trays and the ledger say so too
			}
			of := out[r.Stamp.Serial]
			if of == nil {
				of = map[string]reading{}
				out[r.Stamp.Serial] = of
			}
			of[fmt.Sprint(d.sum(), " ", p.Number)] = reading{short(r.Evidence), judge.Fields(s.design.Pages[0], r.Evidence, policy, r.Swatches...)}
		}
	}
	return out
}
