package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var ctx = context.Background()

// deadline is for what should take a moment, on a machine that does much besides.
const deadline = 30 * time.Second

// folder is a data folder that the server's user can reach.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pg")
	for d := filepath.Dir(dir); d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// quick is for servers that need not outlive the machine.
const quick = "fsync=off"

func start(t *testing.T, dir string, settings ...string) *Server {
	t.Helper()
	s, err := Start(ctx, dir, nil, settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// sql asks the server through its own psql; the package needs no driver.
func sql(s *Server, query string) (string, error) {
	out, err := exec.Command(filepath.Join(s.bin, "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", query, s.URL()).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func mustSQL(t *testing.T, s *Server, query string) string {
	t.Helper()
	out, err := sql(s, query)
	if err != nil {
		t.Fatalf("%s: %v: %s", query, err, out)
	}
	return out
}

// pid is the number of the server's first process.
func (s *Server) pid(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	n, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestServer(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, dir)
	for setting, want := range map[string]string{
		"listen_addresses": "", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
		"unix_socket_permissions": "0700", "server_encoding": "UTF8",
	} {
		if got := mustSQL(t, s, "show "+setting); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder: %v, %v; want 0700", info.Mode(), err)
	}
	if st := info.Sys().(*syscall.Stat_t); s.owner != nil && st.Uid != s.owner.uid {
		t.Errorf("the data folder belongs to %d, want %s", st.Uid, s.owner.name)
	}
	if _, err := Start(ctx, dir, nil); err == nil || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("a second server there = %v, want an error that names our process", err)
	}

	mustSQL(t, s, "create table kept as select 42 as n")
	began := time.Now()
	s.Stop()
	s.Stop()
	if left := s.processes(); len(left) > 0 {
		t.Errorf("processes %v are left after Stop", left)
	}
	again := start(t, dir)
	t.Logf("stopped and started in %v", time.Since(began))
	if got := mustSQL(t, again, "select n from kept"); got != "42" {
		t.Errorf("kept %q, want 42", got)
	}
}

func TestServerComesBack(t *testing.T) {
	t.Parallel()
	s := start(t, folder(t), quick)
	mustSQL(t, s, "create table kept (n int)")
	const checkpointer = "(select pid from pg_stat_activity where backend_type = 'checkpointer')"
	for n := range 3 {
		mustSQL(t, s, fmt.Sprintf("insert into kept values (%d)", n))
		old := mustSQL(t, s, "select "+checkpointer)
		// The first process, and then one of its children, which the first
		// answers by ending all and recovering.
		victim := s.pid(t)
		if n == 1 {
			victim, _ = strconv.Atoi(old)
		}
		if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		// Another checkpointer: what answers is no longer what was hit.
		rows := fmt.Sprintf("select count(*) from kept where %s <> %s", checkpointer, old)
		want := strconv.Itoa(n + 1)
		var got string
		for end := time.Now().Add(deadline); got != want; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s rows after the crash, want %s; the log:\n%s", got, want, s.tail())
			}
			got, _ = sql(s, rows)
		}
	}
}

// TestServerLeavesNobody kills a server one of whose processes is stopped, and so does
// not notice: it is killed, and the server comes back.
func TestServerLeavesNobody(t *testing.T) {
	t.Parallel()
	s := start(t, folder(t), quick)
	mustSQL(t, s, "create table kept as select 3 as n")
	stopped, err := strconv.Atoi(mustSQL(t, s, "select pid from pg_stat_activity where backend_type = 'checkpointer'"))
	if err != nil {
		t.Fatal(err)
	}
	was := s.pid(t)
	for _, hit := range []struct {
		pid int
		sig syscall.Signal
	}{{stopped, syscall.SIGSTOP}, {was, syscall.SIGKILL}} {
		if err := syscall.Kill(hit.pid, hit.sig); err != nil {
			t.Fatal(err)
		}
	}
	got := ""
	for end := time.Now().Add(deadline); got != "3"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the server does not come back beside process %d: %q\n%s", stopped, got, s.tail())
		}
		if b, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid")); err == nil && !strings.HasPrefix(string(b), strconv.Itoa(was)+"\n") {
			got, _ = sql(s, "select n from kept")
		}
	}
}

// master makes this test binary a service that runs a server until it is killed.
const master = "LOCAL_TEST_MASTER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(master); dir != "" {
		s, err := Start(ctx, dir, nil, quick)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("up", s.URL())
		select {}
	}
	os.Exit(m.Run())
}

// serve starts another process with a server in dir and returns it, to be killed.
func serve(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), master+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // it may be dead already
	line := make([]byte, 300)
	n, err := out.Read(line)
	if err != nil || !strings.HasPrefix(string(line[:n]), "up ") {
		t.Fatalf("the service said %q, %v", line[:n], err)
	}
	return cmd
}

func TestServerEndsWithTheService(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	cmd := serve(t, dir)
	look := &Server{dir: dir}
	if len(look.processes()) == 0 {
		t.Fatal("no process works in the data folder of a running server")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if !look.gone(deadline) {
		t.Errorf("processes %v outlive the service", look.processes())
	}
	start(t, dir, quick)
}

func TestStartAfterAll(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, dir, quick)
	mustSQL(t, s, "create table kept as select 7 as n")
	s.Stop()

	// A server that somebody left running, and no service that holds the lock.
	left := s.command(ctx, "postgres", s.arguments()...)
	left.SysProcAttr.Pdeathsig = 0
	if err := os.MkdirAll(s.socket, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := left.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- left.Wait() }()
	for end := time.Now().Add(deadline); !s.readyAs(left.Process.Pid); time.Sleep(glance) {
		if time.Now().After(end) {
			t.Fatal("the server to be left does not start")
		}
	}
	again := start(t, dir, quick)
	if !within(ended, deadline) {
		t.Error("the server that was left runs beside ours")
	}
	if got := mustSQL(t, again, "select n from kept"); got != "7" {
		t.Errorf("kept %q, want 7", got)
	}
	again.Stop()

	// A postmaster.pid whose number is another program's by now: ours.
	stale := filepath.Join(s.data(), "postmaster.pid")
	if err := os.WriteFile(stale, fmt.Appendf(nil, "%d\n%s\n1\n5432\n%s\n\n 0 0\nready\n", os.Getpid(), s.data(), s.socket), 0o600); err != nil {
		t.Fatal(err)
	}
	// So with the lock of the socket, which a server believes as readily.
	if err := os.WriteFile(filepath.Join(s.socket, ".s.PGSQL.5432.lock"), fmt.Appendf(nil, "%d\n", os.Getpid()), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := mustSQL(t, start(t, dir, quick), "select n from kept"); got != "7" {
		t.Errorf("kept %q after a stale postmaster.pid, want 7", got)
	}
}

// TestStartIsDisturbed kills what makes the database, and then the server before it
// answers, some times each: the start goes on, and says so.
func TestStartIsDisturbed(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	var log bytes.Buffer
	quiet, stop := context.WithCancel(ctx)
	killed := make(chan map[string]int)
	go func() { killed <- disturb(quiet, dir, 2) }()
	s, err := Start(ctx, dir, slog.New(slog.NewTextHandler(&log, nil)), quick)
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	defer s.Stop()
	stop()
	if diff := cmp.Diff(map[string]int{"making": 2, "starting": 2}, <-killed); diff != "" {
		t.Errorf("killed (-want +got):\n%s", diff)
	}
	for _, want := range []string{"the database could not be made; trying again", "the database ended; starting it again"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, &log)
		}
	}
	// The last kill may have come just after the server answered: then it is started once more.
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(glance) {
		if _, err := sql(s, "select 1"); err == nil {
			break
		}
	}
	if got := mustSQL(t, s, "select 1"); got != "1" {
		t.Errorf("select 1 = %q", got)
	}
}

// disturb kills the processes that make the database of dir, and those that then
// start it, some times each, and says how often it did, when ctx is done.
func disturb(ctx context.Context, dir string, times int) map[string]int {
	killed := map[string]int{}
	for ctx.Err() == nil {
		lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, l := range lines {
			b, err := os.ReadFile(l)
			args := "\x00" + string(b)
			doing := "starting"
			if strings.Contains(args, "\x00"+dir+"/data.new\x00") {
				doing = "making"
			} else if !strings.Contains(args, "\x00"+dir+"/data\x00") {
				continue
			}
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(l))) // is a number
			if err == nil && killed[doing] < times && syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed[doing]++
			}
		}
		time.Sleep(glance)
	}
	return killed
}

func TestStartInALongPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(filepath.Dir(folder(t)), strings.Repeat("long/", 25), "pg")
	s := start(t, dir, quick)
	if strings.HasPrefix(s.socket, dir) {
		t.Errorf("the socket is in %s", s.socket)
	}
	if got := mustSQL(t, s, "select 1"); got != "1" {
		t.Errorf("select 1 = %q", got)
	}
	s.Stop()
	if _, err := os.Stat(s.socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's folder %s is left: %v", s.socket, err)
	}
}

// TestClosedParent starts the server in a folder whose parent only root may pass,
// as a checkout in root's home is.
func TestClosedParent(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root starts the server as another user")
	}
	dir := folder(t)
	parent := filepath.Dir(dir)
	if err := os.Chmod(parent, 0o700); err != nil {
		t.Fatal(err)
	}
	o, err := findOwner()
	if err != nil {
		t.Fatal(err)
	}
	if err := o.reaches(parent); err == nil || !strings.Contains(err.Error(), "chmod o+x "+parent) {
		t.Errorf("reaches = %v, want an error that says what to open", err)
	}
	s, err := Start(ctx, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if got := s.processes(); len(got) == 0 {
		t.Error("no process of the server is found")
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	t.Run("data of another version", func(t *testing.T) {
		t.Parallel()
		dir := folder(t)
		if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Start(ctx, dir, nil); err == nil {
			t.Error("Start on data of PostgreSQL 9 = nil, want an error")
		}
	})
	t.Run("a setting that is none", func(t *testing.T) {
		t.Parallel()
		_, err := Start(ctx, folder(t), nil, "fsync=off", "no_such_setting=1")
		if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
			t.Errorf("Start = %v, want the server's own words", err)
		}
	})
	t.Run("no time", func(t *testing.T) {
		short, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := Start(short, folder(t), nil); err == nil {
			t.Error("Start with an ended context = nil, want an error")
		}
	})
}
