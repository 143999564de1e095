package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestMain makes the test binary the service itself when it is called like it, by
// the tests and by the service that starts its children.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		main()
		return
	}
	os.Exit(m.Run())
}

// omrd is a running service, in a process group of its own.
type omrd struct {
	*exec.Cmd
	t   *testing.T
	out *bufio.Reader
	log *strings.Builder
}

// start runs the service on a data folder and a free port.
func start(t *testing.T, data string, args ...string) *omrd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "OMRD_DATA="+data, "OMRD_LISTEN=127.0.0.1:0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	s := &omrd{Cmd: cmd, t: t, log: &strings.Builder{}}
	cmd.Stderr = s.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.out = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	return s
}

// until reads what the service prints up to the line that matches.
func (s *omrd) until(pattern string) (line, before string) {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	var all strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		if re.MatchString(line) {
			return line, all.String()
		}
		all.WriteString(line)
		if err != nil {
			s.Wait()
			s.t.Fatalf("the service ended before it printed %q:\n%s\n%s", pattern, all.String(), s.log)
		}
	}
}

// end waits for the process and returns its status and all it still printed.
func (s *omrd) end() (status int, out string) {
	s.t.Helper()
	rest, _ := io.ReadAll(s.out)
	s.Wait()
	return s.ProcessState.ExitCode(), string(rest)
}

// folder is a data folder that PostgreSQL's user can reach.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "omrd")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// TestServe starts with an empty database, prints the first account once, answers,
// and stops cleanly when told to.
func TestServe(t *testing.T) {
	t.Parallel()
	data := folder(t)
	s := start(t, data, "serve")
	s.until(`^\s*password \S+`)
	line, _ := s.until(`answers at`)
	base := regexp.MustCompile(`http://[0-9.:]+`).FindString(line)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/login": 200, "/api/v1/me": 403, "/nothing": 404} {
		res, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.StatusCode; got != want && !(want == 403 && got == 401) {
			t.Errorf("GET %s: status %d, want %d", path, got, want)
		}
	}
	syscall.Kill(s.Process.Pid, syscall.SIGTERM)
	if status, out := s.end(); status != 0 {
		t.Errorf("stopped by SIGTERM: status %d\n%s\n%s", status, out, s.log)
	}

	again := start(t, data, "serve")
	if _, before := again.until(`answers at`); strings.Contains(before, "password") {
		t.Errorf("the first account was shown a second time:\n%s", before)
	}
	syscall.Kill(again.Process.Pid, syscall.SIGTERM)
	if status, _ := again.end(); status != 0 {
		t.Errorf("stopped by SIGTERM: status %d\n%s", status, again.log)
	}
}

// TestDemo runs the whole job twice: once in peace, and once killed with all its
// processes in the middle of reading and started again. Both end with everything
// as on paper and with the same table.
func TestDemo(t *testing.T) {
	t.Parallel()
	peace := demoReport(t, folder(t), func(string) {})
	killed := demoReport(t, folder(t), func(data string) { killReading(t, data) })
	if d := cmp.Diff(peace, killed); d != "" {
		t.Errorf("the run that was killed ended otherwise (-peace +killed):\n%s", d)
	}
}

// demoReport runs the demo to its end and returns its report.
func demoReport(t *testing.T, data string, before func(data string)) (report map[string]any) {
	t.Helper()
	before(data)
	s := start(t, data, "demo", "--exit")
	if status, out := s.end(); status != 0 {
		log, _ := os.ReadFile(filepath.Join(data, "demo", "omrd.log"))
		t.Fatalf("status %d\n%s\n%s\n%s", status, out, s.log, tail(log, 4000))
	}
	b, err := os.ReadFile(filepath.Join(data, "demo", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &report); err != nil {
		t.Fatal(err)
	}
	return report
}

// killReading runs the demo until the line has read some files, and kills it and
// everything it has started.
func killReading(t *testing.T, data string) {
	t.Helper()
	s := start(t, data, "demo", "--exit")
	read := filepath.Join(data, "demo", "stations", "hall-1", "read")
	const enough = 12 // of more than fifty
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if entries, _ := os.ReadDir(read); len(entries) >= enough {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("fewer than %d files were read in three minutes\n%s", enough, s.log)
		}
	}
	syscall.Kill(-s.Process.Pid, syscall.SIGKILL)
	if status, out := s.end(); status != -1 || strings.Contains(out, "What came of it") {
		t.Fatalf("the demo ended (%d) before it was killed:\n%s", status, out)
	}
}

// tail is the end of b.
func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }
