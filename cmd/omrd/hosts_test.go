package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"bargkhan/api/store/local"
)

// A host is a machine of its own as far as the network goes: a network namespace
// with one cable to this one.
type host struct {
	t        *testing.T
	name     string // of the namespace
	ours, it string // the ends of the cable: address of this machine, and of it
	cable    string // our end
	worker   *exec.Cmd
	log      bytes.Buffer
}

// newHost makes the n-th host, for root alone.
func newHost(t *testing.T, n int) *host {
	t.Helper()
	net := fmt.Sprintf("10.%d.%d", 100+os.Getpid()%100, n)
	h := &host{t: t, name: fmt.Sprintf("omrd-%d-%d", os.Getpid(), n), ours: net + ".1", it: net + ".2", cable: fmt.Sprintf("om%d-%d", os.Getpid()%100000, n)}
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	if out, err := exec.Command("ip", "netns", "add", h.name).CombinedOutput(); err != nil {
		t.Skipf("network namespaces are not allowed here: %v: %s", err, bytes.TrimSpace(out))
	}
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", h.name).Run() })
	for _, line := range []string{
		"link add " + h.cable + " type veth peer name eth0 netns " + h.name,
		"addr add " + h.ours + "/24 dev " + h.cable,
		"link set " + h.cable + " up",
		"-n " + h.name + " addr add " + h.it + "/24 dev eth0",
		"-n " + h.name + " link set eth0 up",
		"-n " + h.name + " link set lo up",
	} {
		h.ip(line)
	}
	return h
}

func (h *host) ip(line string) {
	h.t.Helper()
	if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
		h.t.Fatalf("ip %s: %v: %s", line, err, out)
	}
}

// work starts a worker there, on the database of this machine and the archive.
func (h *host) work(s *soak) {
	h.t.Helper()
	cmd := exec.Command("ip", "netns", "exec", h.name, os.Args[0], "work")
	cmd.Env = append(os.Environ(), "OMRD_DATA="+filepath.Join(s.data, h.name), "OMRD_LISTEN=127.0.0.1:0", "OMRD_WORKERS=2",
		"OMRD_ARCHIVE="+filepath.Join(s.data, "archive"), "OMRD_DATABASE=postgres://bargkhan@"+h.ours+":5432/postgres?sslmode=disable")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = &h.log
	s.must(cmd.Start())
	h.worker = cmd
	h.t.Cleanup(h.die)
}

// die is a power cut.
func (h *host) die() {
	if h.worker == nil {
		return
	}
	_ = syscall.Kill(-h.worker.Process.Pid, syscall.SIGKILL)
	_ = h.worker.Wait() // its status says that it was killed
	h.worker = nil
}

// has says that the host reads something just now.
func (h *host) has(s *soak, what string) bool {
	out, err := exec.Command("psql", "-h", filepath.Join(s.data, "postgres", "run"), "-U", "bargkhan", "-d", "postgres", "-Atc", what).CombinedOutput()
	return err == nil && strings.TrimSpace(string(out)) == "t"
}

// reads is whether a running job is in the hands of a connection from this host.
func (h *host) reads(s *soak) bool {
	return h.has(s, `select exists (select from river_job j join pg_locks l on l.locktype = 'advisory' and l.objsubid = 2
		and 'worker-' || l.objid = j.attempted_by[array_upper(j.attempted_by, 1)]
		join pg_stat_activity a on a.pid = l.pid where j.state = 'running' and host(a.client_addr) = '`+h.it+`')`)
}

// TestHosts reads on three machines, one of which loses its power in the middle of
// a job and another its cable, and gets it back: nothing is lost, nothing is there
// twice, and no job hangs longer than its worker is missed (20 s).
func TestHosts(t *testing.T) {
	if testing.Short() {
		t.Skip("machines that are cut off are missed after 20 s; a short run does not wait")
	}
	t.Parallel()
	a, b := newHost(t, 1), newHost(t, 2)
	s := newSoak(t, 7, 12)
	hba := filepath.Join(s.data, "hba.conf")
	s.must(os.WriteFile(hba, []byte("local all all trust\nhost all all 10.0.0.0/8 trust\n"), 0o644))
	db, err := local.Start(context.Background(), filepath.Join(s.data, "postgres"), nil, "listen_addresses="+a.ours+","+b.ours, "hba_file="+hba)
	s.must(err)
	stopped := false
	t.Cleanup(func() {
		if !stopped {
			db.Stop()
		}
	})
	s.env = []string{"OMRD_DATABASE=" + db.URL(), "OMRD_WORKERS=1"}
	s.live()
	a.work(s)
	b.work(s)
	busy := func(h *host) {
		for limit := time.Now().Add(40 * time.Second); !h.reads(s); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatalf("%s never reads\n%s\n%s", h.name, tail(h.log.Bytes(), 2000), tail(s.log.Bytes(), 2000))
			}
			if len(s.left()) < 4 && len(s.truth) < 40 {
				s.scan()
			}
		}
	}
	busy(a)
	a.die()
	busy(b)
	b.ip("link set " + b.cable + " down")
	cut := time.Now()
	s.finish()
	for limit := time.Now().Add(50 * time.Second); !s.rests(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("with one machine dead and one cut off the line does not come to rest: %v\n%s", s.left(), tail(s.log.Bytes(), 3000))
		}
	}
	t.Logf("all was read %v after the second machine was cut off", time.Since(cut).Round(time.Millisecond))
	b.ip("link set " + b.cable + " up")
	for limit := time.Now().Add(60 * time.Second); !b.reads(s); time.Sleep(5 * time.Millisecond) {
		if len(s.left()) < 4 && len(s.truth) < 60 {
			s.scan()
		}
		if time.Now().After(limit) {
			t.Fatalf("the machine that was cut off does not read again\n%s", tail(b.log.Bytes(), 3000))
		}
	}
	s.finish()
	s.peace()
	b.die()
	db.Stop()
	stopped = true
	s.check()
	t.Logf("%d files of %d sheets", len(s.dropped), len(s.truth))
}
