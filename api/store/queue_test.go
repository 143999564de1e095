package store_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/store"
	"bargkhan/api/store/storetest"
)

// deadline is for what should take a moment, on a machine that does much besides.
const deadline = 40 * time.Second

// work runs Work until the test ends, or stop is called.
func work(t *testing.T, s *store.Store, workers int, do func(context.Context, exam.ScanID) error) (stop func()) {
	t.Helper()
	c, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- s.Work(c, workers, do) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Work = %v", err)
			}
		case <-time.After(deadline):
			t.Error("Work did not return")
		}
	})
	t.Cleanup(stop)
	return stop
}

// receive waits for one word.
func receive[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(deadline):
		t.Fatalf("%s did not come", what)
	}
	return v
}

// eventually waits until hold does; the queue settles a job after its do returned.
func eventually(t *testing.T, what string, hold func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !hold(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: never", what)
		}
	}
}

func depth(t *testing.T, s *store.Store) store.Queue {
	t.Helper()
	q, err := s.Queue(ctx)
	must(t, err)
	return q
}

func TestWork(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	const n = 60
	did := make(chan exam.ScanID, n)
	must(t, s.Keep(ctx, arrival("before", "before")))
	stop := work(t, s, 4, func(_ context.Context, id exam.ScanID) error { did <- id; return nil })
	receive(t, "a job from before", did)
	for i := range n {
		must(t, s.Keep(ctx, arrival(fmt.Sprint("a", i), fmt.Sprint(i))))
	}
	seen := map[exam.ScanID]bool{}
	for range n {
		seen[receive(t, "a job", did)] = true
	}
	if len(seen) != n {
		t.Errorf("%d different scans of %d", len(seen), n)
	}
	eventually(t, "an empty queue", func() bool { return depth(t, s).Depth == 0 })
	stop()
	must(t, s.Keep(ctx, arrival("after", "after")))
	if q := depth(t, s); q.Depth != 1 {
		t.Errorf("after the worker stopped: %+v, want one job waiting", q)
	}
}

func TestWorkTriesAgain(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	must(t, s.Keep(ctx, arrival("a", "x")))
	calls := make(chan int, 10)
	n := 0
	work(t, s, 1, func(context.Context, exam.ScanID) error {
		n++
		calls <- n
		switch n {
		case 1:
			return errors.New("the disk is full")
		case 2:
			panic("a bug")
		}
		return nil
	})
	for want := 1; want <= 3; want++ {
		if got := receive(t, "a try", calls); got != want {
			t.Errorf("try %d, want %d", got, want)
		}
	}
	eventually(t, "an empty queue", func() bool { return depth(t, s).Depth == 0 })
}

// lastTry puts every job before its last try.
func lastTry(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(ctx, url)
	must(t, err)
	defer conn.Close(ctx) //nolint:errcheck // only a test
	_, err = conn.Exec(ctx, `update river_job set attempt = max_attempts - 1`)
	must(t, err)
}

func TestWorkSetsAside(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	var mu sync.Mutex
	var log bytes.Buffer
	s, err := store.Open(ctx, url, slog.New(slog.NewTextHandler(locked{&mu, &log}, nil)))
	must(t, err)
	t.Cleanup(s.Close)
	must(t, s.Keep(ctx, arrival("a", "x")))
	lastTry(t, url)
	stop := work(t, s, 1, func(context.Context, exam.ScanID) error { return errors.New("always") })
	eventually(t, "set aside", func() bool { return depth(t, s).Aside == 1 })
	stop()
	mu.Lock()
	if !strings.Contains(log.String(), "set aside") || !strings.Contains(log.String(), string(scan("x"))) {
		t.Errorf("the log does not say that scan %s was set aside:\n%s", scan("x"), &log)
	}
	mu.Unlock()

	// The same bytes again are another chance, for both arrivals.
	must(t, s.Keep(ctx, arrival("b", "x")))
	if q := depth(t, s); q.Depth != 1 {
		t.Errorf("queue %+v, want one job", q)
	}
	did := make(chan exam.ScanID, 1)
	work(t, s, 1, func(_ context.Context, id exam.ScanID) error { did <- id; return nil })
	receive(t, "the second chance", did)
}

type locked struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func TestTransientCostsNoTry(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	s, err := store.Open(ctx, url, nil)
	must(t, err)
	t.Cleanup(s.Close)
	must(t, s.Keep(ctx, arrival("a", "x")))
	lastTry(t, url)
	calls := make(chan int, 10)
	n := 0
	work(t, s, 1, func(context.Context, exam.ScanID) error {
		n++
		calls <- n
		if n == 1 {
			return fmt.Errorf("archive: %w", fault.Transient)
		}
		return nil
	})
	receive(t, "the first try", calls)
	receive(t, "the try after a transient fault", calls)
	eventually(t, "an empty queue", func() bool { return depth(t, s) == store.Queue{} })
}

func TestStopGivesJobsBack(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	must(t, s.Keep(ctx, arrival("a", "x")))
	began := make(chan bool, 1)
	stop := work(t, s, 1, func(c context.Context, _ exam.ScanID) error {
		began <- true
		<-c.Done()
		return c.Err()
	})
	receive(t, "the job", began)
	stop()
	did := make(chan exam.ScanID, 1)
	work(t, s, 1, func(_ context.Context, id exam.ScanID) error { did <- id; return nil })
	receive(t, "the job given back", did)
}

// TestJobsOfTheLivingAreLeft has a second worker look for the dead while the
// first is at a job.
func TestJobsOfTheLivingAreLeft(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	must(t, s.Keep(ctx, arrival("slow", "slow")))
	began, end := make(chan bool, 9), make(chan bool)
	work(t, s, 1, func(context.Context, exam.ScanID) error {
		began <- true
		<-end
		return nil
	})
	receive(t, "the slow job", began)
	did := make(chan exam.ScanID, 9)
	work(t, s, 1, func(_ context.Context, id exam.ScanID) error { did <- id; return nil })
	// Longer than two of the second worker's looks.
	time.Sleep(2500 * time.Millisecond)
	close(end)
	eventually(t, "an empty queue", func() bool { return depth(t, s).Depth == 0 })
	select {
	case id := <-did:
		t.Errorf("the job %s of a living worker was done by another", id)
	default:
	}
}

// TestJobsInNobodysHands loses the answer that gives a job to its worker: the
// queue thinks that it is being done.
func TestJobsInNobodysHands(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	s, err := store.Open(ctx, url, nil)
	must(t, err)
	t.Cleanup(s.Close)
	did := make(chan exam.ScanID, 9)
	work(t, s, 1, func(_ context.Context, id exam.ScanID) error { did <- id; return nil })
	must(t, s.Keep(ctx, arrival("first", "first")))
	receive(t, "the first job", did)
	eventually(t, "an empty queue", func() bool { return depth(t, s).Depth == 0 })

	conn, err := pgx.Connect(ctx, url)
	must(t, err)
	defer conn.Close(ctx) //nolint:errcheck // only a test
	_, err = conn.Exec(ctx, `
		insert into river_job (state, args, kind, max_attempts, attempt, attempted_at, attempted_by)
		select 'running', jsonb_set(args, '{scan}', '"lost"'), kind, max_attempts, 1, now() - interval '4 s', attempted_by
		from river_job where kind = 'read'`)
	must(t, err)
	if got := receive(t, "the lost job", did); got != "lost" {
		t.Errorf("did %s, want the lost job", got)
	}
}

// victim makes this test binary a worker that takes a job and never ends it.
const victim = "STORE_TEST_VICTIM"

func TestMain(m *testing.M) {
	if url := os.Getenv(victim); url != "" {
		s, err := store.Open(ctx, url, nil)
		if err == nil {
			err = s.Work(ctx, 1, func(context.Context, exam.ScanID) error {
				fmt.Println("took")
				select {}
			})
		}
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestJobsOfTheDeadAreTakenUp(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	s, err := store.Open(ctx, url, nil)
	must(t, err)
	t.Cleanup(s.Close)
	must(t, s.Keep(ctx, arrival("a", "x")))

	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victim+"="+url)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n') // an empty line is told apart below
		said <- line
	}()
	if got := receive(t, "the victim's word", said); got != "took\n" {
		t.Fatalf("the victim said %q", got)
	}
	must(t, cmd.Process.Kill())
	_ = cmd.Wait() // it was killed

	did := make(chan exam.ScanID, 1)
	began := time.Now()
	work(t, s, 1, func(_ context.Context, id exam.ScanID) error { did <- id; return nil })
	receive(t, "the job of the dead worker", did)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("taken up after %v, want seconds", took)
	}
	eventually(t, "an empty queue", func() bool { return depth(t, s).Depth == 0 })
}

// BenchmarkWork is files a second through Keep and Work on workers that do nothing.
func BenchmarkWork(b *testing.B) {
	s := storetest.New(b)
	did := make(chan bool, 100)
	c, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- s.Work(c, 2, func(context.Context, exam.ScanID) error { did <- true; return nil })
	}()
	b.ResetTimer()
	go func() {
		for i := range b.N {
			if err := s.Keep(ctx, arrival(fmt.Sprint("a", i), fmt.Sprint(i))); err != nil {
				b.Error(err)
			}
		}
	}()
	for range b.N {
		<-did
	}
	b.StopTimer()
	cancel()
	if err := <-done; err != nil {
		b.Error(err)
	}
}

// BenchmarkSheet is sheets a second from Keep to Mark, one after the other.
func BenchmarkSheet(b *testing.B) {
	o := officeOf(b, max(b.N, 2))
	b.ResetTimer()
	for i := range b.N {
		id := o.file(b, fmt.Sprint(i), o.roster[i].Serial, "2")
		if err := o.Mark(ctx, o.marking(b, id, o.roster[i].Person, exam.Passed)); err != nil {
			b.Fatal(err)
		}
	}
}
