package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bargkhan/api/fault"
	"bargkhan/omr"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// TestMain lets this very binary be the child, as the service's is.
func TestMain(m *testing.M) {
	if path := os.Getenv("PARENT_OF_TEST"); path != "" {
		p := &Pool{Command: []string{"/proc/self/exe"}, Env: []string{"CHILD_OF_TEST=1"}}
		for range p.Read(context.Background(), path) {
		}
		os.Exit(0)
	}
	if os.Getenv("CHILD_OF_TEST") == "" {
		os.Exit(m.Run())
	}
	if err := answers(context.Background(), os.Stdin, os.Stdout, mischief); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The tones of pages, and what the children of this test do when they see them.
const (
	good   = 250 // answers with a reading of the stamp's design
	reject = 200 // cannot be read
	dies   = 10  // aborts, as a C++ exception does
	hangs  = 20  // takes for ever
	panics = 30
	eats   = 40 // takes ever more memory
	prints = 50 // prints on standard output, as a library might
	tells  = 60 // answers with its environment in the engine's name
	fails  = 70 // an error that is not the page's
	slain  = 80 // is killed, some times or always, as by the kernel for lack of memory
)

// slainOnce names a file in the environment of a child; slain kills it while that
// holds fewer bytes than slainTimes.
const (
	slainOnce  = "SLAIN_OF_TEST"
	slainTimes = 4
)

// mischief is an eye that obeys the tone of the page.
func mischief(_ context.Context, p page.Page, design finder) (*omr.Reading, error) {
	out := &omr.Reading{Engine: strconv.Itoa(os.Getpid()), Stamp: sheets.Stamp{Page: p.Number, Check: sheets.Check{1}}}
	switch tone := p.Img.GrayAt(5, 5).Y; tone {
	case reject:
		return nil, &omr.Reject{Reason: omr.NoAnchors, Detail: "no corner"}
	case dies:
		fmt.Fprintln(os.Stderr, "terminate called after throwing an instance of 'cv::Exception'")
		syscall.Kill(os.Getpid(), syscall.SIGABRT)
		select {}
	case hangs:
		select {}
	case panics:
		panic("at the page")
	case eats:
		var hoard [][]byte
		for {
			b := make([]byte, 16<<20)
			for i := range b {
				b[i] = byte(i)
			}
			hoard = append(hoard, b)
			runtime.KeepAlive(hoard)
		}
	case prints:
		fmt.Println("warning: something is odd")
	case tells:
		out.Engine = strings.Join(os.Environ(), "\n")
		return out, nil
	case fails:
		return nil, errors.New("the cable was pulled")
	case slain:
		count := os.Getenv(slainOnce)
		if old, err := os.ReadFile(count); err != nil || len(old) < slainTimes {
			_ = os.WriteFile(count, append(old, '.'), 0o600) // no name, no count: for ever
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}
	d, err := design(out.Stamp)
	if d != nil {
		out.Design = d.Digest()
	}
	return out, err
}

// scan writes a TIFF whose pages have these tones.
func scan(t *testing.T, tones ...uint8) string {
	t.Helper()
	var pages []omrtest.TIFFPage
	for _, tone := range tones {
		img := image.NewGray(image.Rect(0, 0, 60, 80))
		for i := range img.Pix {
			img.Pix[i] = tone
		}
		pages = append(pages, omrtest.GreyPage(img, 1, omrtest.DPI(200)))
	}
	return write(t, "scan.tif", omrtest.EncodeTIFF("wl", pages...))
}

func write(t *testing.T, name string, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pool makes a pool of children of this test.
func pool(t *testing.T) *Pool {
	p := &Pool{Command: []string{"/proc/self/exe"}, Env: []string{"CHILD_OF_TEST=1"}, Size: 2}
	t.Cleanup(p.Close)
	return p
}

// read lists what became of each page: "reading" or the reject's code.
func read(t *testing.T, p *Pool, path string) (out []string, err error) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	for pg, err := range p.Read(ctx, path) {
		switch {
		case err != nil:
			return out, err
		case pg.Reject != nil:
			out = append(out, fmt.Sprint(pg.Image, " ", pg.Reject.Reason))
		default:
			out = append(out, fmt.Sprint(pg.Image, " reading"))
		}
	}
	return out, nil
}

func TestEveryPageHasOneFate(t *testing.T) {
	cases := []struct {
		name  string
		tones []uint8
		want  []string
	}{
		{"all well", []uint8{good, reject, good}, []string{"1 reading", "2 no-anchors", "3 reading"}},
		{"one aborts", []uint8{good, dies, good}, []string{"1 reading", "2 killed", "3 reading"}},
		{"the first aborts", []uint8{dies, good}, []string{"1 killed", "2 reading"}},
		{"the last aborts", []uint8{good, dies}, []string{"1 reading", "2 killed"}},
		{"two in a row", []uint8{good, dies, panics, good}, []string{"1 reading", "2 killed", "3 killed", "4 reading"}},
		{"one hangs", []uint8{good, hangs, good}, []string{"1 reading", "2 killed", "3 reading"}},
		{"one eats memory", []uint8{good, eats, good}, []string{"1 reading", "2 killed", "3 reading"}},
		{"one is killed for ever", []uint8{good, slain, good}, []string{"1 reading", "2 killed", "3 reading"}},
		{"one prints", []uint8{prints, good}, []string{"1 reading", "2 reading"}},
		{"all abort", []uint8{dies, dies, dies, dies, dies, dies}, []string{"1 killed", "2 killed", "3 killed", "4 killed"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := pool(t)
			p.PageTime, p.Memory = 3*time.Second, 512<<20
			got, err := read(t, p, scan(t, c.tones...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestKilledWhileIdle kills every child from outside between two files, as a lack
// of memory on the machine does: the pages of the next file are read all the same.
func TestKilledWhileIdle(t *testing.T) {
	t.Parallel()
	p := pool(t)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if _, err := read(t, p, scan(t, good, good, good)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, c := range p.idle {
		c.kill()
		await(t, "its end", func() bool { return !c.lives() })
	}
	got, err := read(t, p, scan(t, good, good))
	if diff := cmp.Diff([]string{"1 reading", "2 reading"}, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// TestSlain kills the child of one page from outside again and again: that says
// nothing of the page, and it is read as soon as it is left in peace.
func TestSlain(t *testing.T) {
	t.Parallel()
	p := pool(t)
	p.Env = append(p.Env, slainOnce+"="+filepath.Join(t.TempDir(), "count"))
	got, err := read(t, p, scan(t, good, slain, good))
	if diff := cmp.Diff([]string{"1 reading", "2 reading", "3 reading"}, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// TestChildrenOutliveThreads ends the thread of whoever asked for a child, as Go does
// with that of a goroutine which locked it: the child is not signalled.
func TestChildrenOutliveThreads(t *testing.T) {
	t.Parallel()
	path := scan(t, good)
	for range 5 {
		p := pool(t)
		thread := make(chan int, 1)
		go func() {
			runtime.LockOSThread() // and never unlocked
			for _, err := range p.Read(context.Background(), path) {
				if err != nil {
					t.Error(err)
				}
			}
			thread <- syscall.Gettid()
		}()
		id := <-thread
		if id == os.Getpid() {
			continue // Go never ends the first thread
		}
		await(t, "the end of the thread", func() bool {
			_, err := os.Stat(fmt.Sprint("/proc/self/task/", id))
			return err != nil
		})
		if len(p.idle) != 1 || !p.idle[0].lives() {
			t.Fatalf("the child of thread %d ended with it", id)
		}
	}
}

func TestUndecoded(t *testing.T) {
	p := pool(t)
	whole, err := os.ReadFile(scan(t, good, good))
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{
		"a text": []byte("not a scan"), "nothing": {}, "torn": whole[:len(whole)-200],
	} {
		got, err := read(t, p, write(t, "bad.tif", body))
		if err != nil || len(got) == 0 || !strings.HasSuffix(got[len(got)-1], "undecoded") {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestTheWorldStandsInTheWay(t *testing.T) {
	p := pool(t)
	if _, err := read(t, p, "/nowhere/scan.tif"); fault.KindOf(err) != fault.Transient {
		t.Errorf("no file: %v", err)
	}
	if got, err := read(t, p, scan(t, good, fails, good)); fault.KindOf(err) != fault.Transient || len(got) != 1 {
		t.Errorf("pulled cable: %q, %v", got, err)
	}
	p.Design = func(context.Context, sheets.Check) (*sheets.Design, error) {
		return nil, errors.New("the database is away")
	}
	if got, err := read(t, p, scan(t, good)); fault.KindOf(err) != fault.Transient || len(got) != 0 {
		t.Errorf("no database: %q, %v", got, err)
	}
	broken := &Pool{Command: []string{"/bin/false"}}
	if got, err := read(t, broken, scan(t, good)); fault.KindOf(err) != fault.Transient || len(got) != 0 {
		t.Errorf("a program that does not start: %q, %v", got, err)
	}
}

func TestDesignsAreAskedForOnce(t *testing.T) {
	d := &sheets.Design{ID: "tiny", Title: "کوچک", Size: geom.Point[geom.Paper]{X: 210, Y: 297}}
	frame := sheets.Frames()[0]
	d.Pages = []sheets.Page{{Anchors: frame.Markers[:], Codes: frame.Codes[:]}}
	var mu sync.Mutex
	asked := 0
	p := pool(t)
	p.Size = 1
	p.Design = func(_ context.Context, c sheets.Check) (*sheets.Design, error) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		if c != (sheets.Check{1}) {
			t.Errorf("asked for %s", c)
		}
		return d, nil
	}
	for range 2 {
		for pg, err := range p.Read(context.Background(), scan(t, good, good)) {
			if err != nil || pg.Reading.Design != d.Digest() {
				t.Errorf("page %d: %+v, %v", pg.Image, pg.Reading, err)
			}
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times, want once", asked)
	}
}

func TestStopping(t *testing.T) {
	p := pool(t)
	ctx, stop := context.WithCancel(context.Background())
	time.AfterFunc(300*time.Millisecond, stop)
	var last error
	for pg, err := range p.Read(ctx, scan(t, good, hangs)) {
		if last = err; err == nil && pg.Reading == nil {
			t.Errorf("page %d was judged by a service that stops: %v", pg.Image, pg.Reject)
		}
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("got %v, want canceled", last)
	}
	for range p.Read(context.Background(), scan(t, good, good, good)) {
		break // a consumer that wants no more
	}
	if got, err := read(t, p, scan(t, good)); err != nil || len(got) != 1 {
		t.Errorf("afterwards: %q, %v", got, err)
	}
}

func TestChildrenAreToldNoSecret(t *testing.T) {
	t.Setenv("OMRD_DATABASE", "postgres://user:secret@host/db")
	for pg, err := range pool(t).Read(context.Background(), scan(t, tells)) {
		if err != nil || strings.Contains(pg.Reading.Engine, "secret") {
			t.Errorf("the child was told %q, %v", pg.Reading.Engine, err)
		}
	}
}

func TestChildrenAreKept(t *testing.T) {
	p := pool(t)
	p.Size = 1
	pids := map[string]bool{}
	path := scan(t, good, good)
	for range 5 {
		for pg, err := range p.Read(context.Background(), path) {
			if err != nil {
				t.Fatal(err)
			}
			pids[pg.Reading.Engine] = true
		}
	}
	if len(pids) != 1 {
		t.Errorf("%d children read, want one", len(pids))
	}
}

// TestChildrenEndWithTheWire closes the wire, as a parent does that stops.
func TestChildrenEndWithTheWire(t *testing.T) {
	p := pool(t)
	if _, err := read(t, p, scan(t, good)); err != nil {
		t.Fatal(err)
	}
	c := p.idle[0]
	p.Close()
	if state := c.cmd.ProcessState; state == nil || !state.Success() {
		t.Errorf("it ended with %v", state)
	}
}

// TestChildrenEndWithTheirParent kills a parent whose child hangs in a page.
func TestChildrenEndWithTheirParent(t *testing.T) {
	parent := exec.Command("/proc/self/exe")
	parent.Env = append(os.Environ(), "PARENT_OF_TEST="+scan(t, good, hangs))
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var kid int
	await(t, "a child", func() bool { kid = childOf(parent.Process.Pid); return kid != 0 })
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	await(t, "the end of the child", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", kid))
		return err != nil || bytes.Contains(stat, []byte(") Z ")) // a zombie waits for init
	})
}

// childOf is a child of the process pid; 0 if it has none.
func childOf(pid int) int {
	files, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, file := range files {
		status, err := os.ReadFile(file)
		if err == nil && bytes.Contains(status, fmt.Appendf(nil, "\nPPid:\t%d\n", pid)) {
			kid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			return kid
		}
	}
	return 0
}

// await waits until done holds.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); pause(context.Background(), 10*time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestPicture(t *testing.T) {
	p := pool(t)
	path := scan(t, good, dies, reject)
	body, err := p.Picture(context.Background(), path, 3, nil, geom.Rect[geom.Paper]{}, 30)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(body))
	if err != nil || img.Bounds().Dx() != 30 || img.Bounds().Dy() != 40 {
		t.Fatalf("got %v, %v", img, err)
	}
	if got := color.GrayModel.Convert(img.At(10, 10)).(color.Gray).Y; got != reject {
		t.Errorf("tone %d, want %d: another page", got, reject)
	}
	pose := &omr.Pose{}
	var fits bool
	src := geom.R[geom.Paper](0, 0, 60, 80).Corners()
	dst := geom.R[geom.Pixel](0, 0, 60, 80).Corners()
	pose.Map, _, err = geom.Fit(src[:], dst[:])
	if fits = err == nil; !fits {
		t.Fatal(err)
	}
	body, err = p.Picture(context.Background(), path, 1, pose, geom.R[geom.Paper](10, 10, 50, 20), 200)
	if err != nil {
		t.Fatal(err)
	}
	if img, err = jpeg.Decode(bytes.NewReader(body)); err != nil || img.Bounds().Dx() != 200 || img.Bounds().Dy() != 50 {
		t.Errorf("got %v, %v", img.Bounds(), err)
	}
	q := request{Do: "read", Path: path, Limits: page.Limits{From: 2}} // a page that ends the child when it is looked at
	if _, err := p.ask(context.Background(), q); !errors.Is(err, errDied) {
		t.Errorf("got %v, want the child's end", err)
	}
	for _, img := range []int{4, 99} {
		if _, err := p.Picture(context.Background(), path, img, nil, geom.Rect[geom.Paper]{}, 30); fault.KindOf(err) != fault.NotFound {
			t.Errorf("page %d: got %v, want not-found", img, err)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	p := pool(t)
	paths := []string{scan(t, good, good, good), scan(t, good, dies, good), scan(t, reject)}
	want := []int{3, 3, 1}
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			n := 0
			for _, err := range p.Read(context.Background(), paths[i%3]) {
				if err != nil {
					t.Error(err)
				}
				n++
			}
			if n != want[i%3] {
				t.Errorf("%d pages, want %d", n, want[i%3])
			}
		})
	}
	wg.Wait()
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x02{}"))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		_ = answers(context.Background(), bytes.NewReader(in), io.Discard, mischief)
	})
}
