package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	cmd.Env = append(os.Environ(), "OMRD_DATA="+filepath.Join(s.data, h.name), "OMRD_LISTEN="+h.it+":9100", "OMRD_WORKERS=2",
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

// ask asks the database of s from this machine.
func ask(s *soak, what string) (string, error) {
	out, err := exec.Command("psql", "-h", filepath.Join(s.data, "postgres", "run"), "-U", "bargkhan", "-d", "postgres", "-Atc", what).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// hand lists the running jobs in the hands of connections from this host, each with
// its worker, as SQL.
func (h *host) hand(s *soak) (jobs string) {
	jobs, err := ask(s, `select string_agg(format('(%s, %L)', j.id, j.attempted_by[array_upper(j.attempted_by, 1)]), ', ') from river_job j
		join pg_locks l on l.locktype = 'advisory' and l.objsubid = 2 and 'worker-' || l.objid = j.attempted_by[array_upper(j.attempted_by, 1)]
		join pg_stat_activity a on a.pid = l.pid where j.state = 'running' and host(a.client_addr) = '`+h.it+`'`)
	if err != nil {
		return ""
	}
	return jobs
}

// A machine that is cut off is missed after 20 s (the keep-alive of the store), and
// its jobs are looked for every second; the rest is for a machine that does much
// besides. One whose processes were killed is missed at once: its kernel says so.
const (
	leaseOfCut    = 20*time.Second + 8*time.Second
	leaseOfKilled = 8 * time.Second
)

// lets waits until none of jobs is in the hands that had it, at most for lease.
func lets(s *soak, jobs string, lease time.Duration) time.Duration {
	s.t.Helper()
	began := time.Now()
	for {
		stuck, err := ask(s, `select count(*) from river_job where state = 'running' and (id, attempted_by[array_upper(attempted_by, 1)]) in (`+jobs+`)`)
		switch {
		case err != nil:
			s.t.Fatalf("%v: %s", err, stuck)
		case stuck == "0":
			return time.Since(began)
		case time.Since(began) > lease:
			s.t.Fatalf("%s of the jobs %s are still in hands that are gone after %v", stuck, jobs, lease)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestHosts reads on three machines, one of which loses its power in the middle of
// a job and another its cable, and gets it back: nothing is lost, nothing is there
// twice, and no job hangs longer than its worker is missed.
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
	// busy returns the jobs that a host has in hand, and lets the scanner work meanwhile.
	busy := func(h *host) string {
		for limit := time.Now().Add(40 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			if jobs := h.hand(s); jobs != "" {
				return jobs
			}
			if time.Now().After(limit) {
				t.Fatalf("%s never reads\n%s\n%s", h.name, tail(h.log.Bytes(), 2000), tail(s.log.Bytes(), 2000))
			}
			if len(s.left()) < 4 && len(s.truth) < 60 {
				s.scan()
			}
		}
	}
	jobs := busy(a)
	a.die()
	t.Logf("the jobs of the killed machine were let go after %v", lets(s, jobs, leaseOfKilled).Round(time.Millisecond))
	// It is cut off in the middle of a job: not between the last and the next.
	for jobs = ""; jobs == ""; {
		busy(b)
		b.ip("link set " + b.cable + " down")
		if jobs = b.hand(s); jobs == "" {
			b.ip("link set " + b.cable + " up")
		}
	}
	cut := time.Now()
	s.finish()
	t.Logf("the jobs of the machine that was cut off were let go after %v", lets(s, jobs, leaseOfCut).Round(time.Millisecond))
	for limit := time.Now().Add(30 * time.Second); !s.rests(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("with one machine dead and one cut off the line does not come to rest: %v\n%s", s.left(), tail(s.log.Bytes(), 3000))
		}
	}
	t.Logf("all was read %v after the second machine was cut off", time.Since(cut).Round(time.Millisecond))
	b.ip("link set " + b.cable + " up")
	busy(b)
	if pages := show(t, "http://"+b.it+":9100")["bargkhan_pages_total"]; !slices.Contains(pages["outcome"], "read") {
		t.Errorf("the worker shows %v of its pages", pages)
	}
	s.finish()
	s.peace()
	b.die()
	db.Stop()
	stopped = true
	s.check()
	t.Logf("%d files of %d sheets", len(s.dropped), len(s.truth))
}
