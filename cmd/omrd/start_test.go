package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"bargkhan/api/store/local"
)

// TestServeWaitsForItsDatabase starts the service before the server that it is
// configured with, as a power cut may: it says so, waits, and then serves.
func TestServeWaitsForItsDatabase(t *testing.T) {
	t.Parallel()
	data := folder(t)
	pg := filepath.Join(data, "server")
	said, err := os.Create(filepath.Join(data, "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd := exec.Command(os.Args[0], "serve")
	cmd.Env = append(os.Environ(), "OMRD_DATA="+filepath.Join(data, "data"), "OMRD_LISTEN=127.0.0.1:0",
		"OMRD_DATABASE=postgres://bargkhan@/postgres?host="+filepath.Join(pg, "run")+"&sslmode=disable")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	says := func(pattern string) []byte {
		t.Helper()
		re := regexp.MustCompile(pattern)
		for limit := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			out, err := os.ReadFile(said.Name())
			if found := re.Find(out); err != nil || found != nil {
				return found
			}
			if len(ended) > 0 || time.Now().After(limit) {
				t.Fatalf("it never said %q:\n%s", pattern, out)
			}
		}
	}
	says(`level=WARN msg="the database does not answer yet; trying again" until=\S+ err=`)
	server, err := local.Start(context.Background(), pg, nil, "fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	base := bytes.TrimPrefix(says(`answers at http://[0-9.:]+\d`), []byte("answers at "))
	res, err := http.Get(string(base) + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("readyz: status %d, want 200", res.StatusCode)
	}
	if err := syscall.Kill(cmd.Process.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("stopped by SIGTERM: %v", err)
	}
}
