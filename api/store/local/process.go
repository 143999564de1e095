package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// An owner is the user the server runs as. PostgreSQL refuses to run as root.
type owner struct {
	name     string
	uid, gid uint32
	caps     []uintptr // what it keeps of root's capabilities
}

// findOwner is nil when the server may run as ourselves.
func findOwner() (*owner, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root and there is no user postgres: install the package postgresql, or run as another user: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &owner{name: u.Username, uid: uint32(uid), gid: uint32(gid)}, errors.Join(err1, err2)
}

// pass makes sure that o can pass through dir and all its parents. Where one of
// them is closed, as a home of root's is, the server keeps of root's capabilities
// the one to pass and to read, which is less than opening the folder to everyone;
// where we do not have it ourselves the error says what to do.
func (o *owner) pass(dir string) error {
	err := o.reaches(dir)
	if err != nil && holds(unix.CAP_DAC_READ_SEARCH) {
		o.caps = []uintptr{unix.CAP_DAC_READ_SEARCH}
		return nil
	}
	return err
}

// holds says whether this process may hand a capability on.
func holds(capability uint) bool {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(b)) {
		if hex, ok := strings.CutPrefix(line, "CapPrm:"); ok {
			set, err := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
			return err == nil && set>>capability&1 == 1
		}
	}
	return false
}

// reaches is an error unless o may pass through dir and all its parents.
func (o *owner) reaches(dir string) error {
	if o == nil {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	st := info.Sys().(*syscall.Stat_t)
	pass := os.FileMode(0o001)
	switch {
	case st.Uid == o.uid:
		pass = 0o100
	case st.Gid == o.gid:
		pass = 0o010
	}
	if info.Mode()&pass == 0 {
		return fmt.Errorf("the user %s, which the database runs as, may not pass through %s: run \"chmod o+x %s\", or choose a data folder elsewhere", o.name, dir, dir)
	}
	if parent := filepath.Dir(dir); parent != dir {
		return o.reaches(parent)
	}
	return nil
}

// findBin returns the folder of the server's programs: of the version that made
// data, or the newest when there is no data.
func findBin(data string) (string, error) {
	major := ""
	if b, err := os.ReadFile(filepath.Join(data, "PG_VERSION")); err == nil {
		major = strings.TrimSpace(string(b))
	}
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	version := func(dir string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir))) // not a number: oldest
		return n
	}
	slices.SortFunc(dirs, func(a, b string) int { return version(b) - version(a) })
	for _, d := range dirs {
		if _, err := os.Stat(filepath.Join(d, "postgres")); err == nil && (major == "" || major == strconv.Itoa(version(d))) {
			return d, nil
		}
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(path), nil // a wrong version says so itself
	}
	if major != "" {
		return "", fmt.Errorf("the data is of PostgreSQL %s, which is not installed: install postgresql-%s, or move the data with pg_upgrade", major, major)
	}
	return "", errors.New("PostgreSQL is not installed: install the package postgresql, or configure the URL of a server")
}

// lockFile holds the data folder for this process; the kernel lets go of it when
// the process ends in any way.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		by, _ := io.ReadAll(f) // only words for the message
		_ = f.Close()
		return nil, fmt.Errorf("another process (%s) runs the database here: stop it, or choose another data folder", strings.TrimSpace(string(by)))
	}
	err1 := f.Truncate(0)
	_, err2 := fmt.Fprintf(f, "%d\n", os.Getpid())
	return f, errors.Join(err1, err2)
}

// command is one of the server's programs, run as its user, with an environment of
// its own. It is out of reach of a terminal's Ctrl-C, which is for
// us, and gets SIGINT, to the server a fast shutdown, when the thread that starts it
// ends: the caller locks that thread.
func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.Dir = "/" // which everyone reaches; all paths are absolute
	cmd.Env = []string{"PATH=" + s.bin + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
	if s.owner != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: s.owner.uid, Gid: s.owner.gid}
		cmd.SysProcAttr.AmbientCaps = s.owner.caps
	}
	return cmd
}

func (s *Server) logPath() string { return filepath.Join(s.dir, "postgres.log") }

// longestLog is when the server's log begins anew; one older one is kept.
const longestLog = 8 << 20

func (s *Server) openLog() (*os.File, error) {
	if info, err := os.Stat(s.logPath()); err == nil && info.Size() > longestLog {
		if err := os.Rename(s.logPath(), s.logPath()+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(s.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// tail is the end of the server's log, for a message.
func (s *Server) tail() string {
	b, err := os.ReadFile(s.logPath())
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(b[max(0, len(b)-2000):]))
}

// supervise runs the server, and runs it again when it ends, until Stop. If it ends
// starts times before it ever answered, failed hears of it and there is no other run.
func (s *Server) supervise(failed chan<- error) {
	// The kernel signals a child when the thread that started it dies, and Go
	// ends threads as it likes. This one lives as long as the server, and is given
	// back after it: it may have started other children before it was ours.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.done)
	defer s.release()
	answered := false
	wait := firstPause
	for try := 1; ; try++ {
		began := time.Now()
		up, err := s.run()
		if answered = answered || up; s.stopped() {
			return
		}
		if !answered && try == starts {
			failed <- err
			return
		}
		if time.Since(began) > time.Minute {
			wait = firstPause
		}
		s.log.Error("the database ended; starting it again", "err", err, "log", s.logPath(), "answered", answered)
		if s.pause(wait); s.stopped() {
			return
		}
		wait = min(2*wait, longestPause)
		if err := s.clear(context.Background()); err != nil {
			s.log.Error("the database cannot be started yet", "err", err)
		}
	}
}

// pause waits for d, or for Stop.
func (s *Server) pause(d time.Duration) {
	select {
	case <-s.stopping:
	case <-time.After(d):
	}
}

// stopped says that Stop was called.
func (s *Server) stopped() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// run runs the server until it ends or Stop ends it; up says whether it answered.
func (s *Server) run() (up bool, err error) {
	out, err := s.openLog()
	if err != nil {
		return false, err
	}
	defer out.Close() //nolint:errcheck // the server writes it, not we
	cmd := s.command(context.Background(), "postgres", s.arguments()...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return false, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	look := time.NewTicker(glance)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			if err == nil {
				err = errors.New("somebody stopped it")
			}
			return up, fmt.Errorf("postgres ended: %w", err)
		case <-look.C:
			if up = s.readyAs(cmd.Process.Pid); up {
				look.Stop()
			}
		case <-s.stopping:
			return up, shutDown(cmd.Process.Pid, func(d time.Duration) bool { return within(ended, d) })
		}
	}
}

func within(ended <-chan error, d time.Duration) bool {
	select {
	case <-ended: //nolint:errcheck // why it ended, the log has told
		return true
	case <-time.After(d):
		return false
	}
}

// shutDown asks the server pid to end, each time less politely. gone waits for
// that as long as it is told.
func shutDown(pid int, gone func(time.Duration) bool) error {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := syscall.Kill(pid, sig); errors.Is(err, syscall.ESRCH) {
			return nil
		} else if err != nil {
			return err
		}
		if gone(longestStop) {
			return nil
		}
	}
	return fmt.Errorf("process %d does not end", pid)
}

// ready says whether the server answers by its own word.
func (s *Server) ready() bool { return s.readyAs(0) }

// readyAs is ready for the server pid; 0 is any. The last line of postmaster.pid
// is the server's state since PostgreSQL 10; pg_ctl waits for the same word.
func (s *Server) readyAs(pid int) bool {
	b, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return false
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) < 8 || strings.TrimSpace(lines[7]) != "ready" {
		return false
	}
	return pid == 0 || lines[0] == strconv.Itoa(pid)
}

// clear ends what an earlier server left in the data folder: processes, and a
// postmaster.pid whose number may be another program's by now. We hold the lock,
// so none of it is in use.
func (s *Server) clear(ctx context.Context) error {
	path := filepath.Join(s.data(), "postmaster.pid")
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return s.unlock()
	}
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, _ := strconv.Atoi(first) // 0 when the file was cut short
	if slices.Contains(s.processes(), pid) {
		s.log.WarnContext(ctx, "a server was left running; stopping it", "pid", pid)
		if err := shutDown(pid, s.gone); err != nil {
			return err
		}
	}
	// The children of a killed server end by themselves, once they notice. One that
	// does not is killed, as its server would have done: what it still knows is lost.
	if !s.gone(longestLinger) {
		for _, pid := range s.processes() {
			s.log.WarnContext(ctx, "a process of a server that is gone does not end; killing it", "pid", pid)
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended just now
		}
	}
	if !s.gone(longestStop) {
		return fmt.Errorf("processes %v still use the data: end them", s.processes())
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return s.unlock()
}

// unlock removes the socket of a server that is gone, and its lock. The lock holds
// a number of a process, and while nobody has waited for the killed server, as in
// a container whose first process waits for nobody, or when another process has got
// its number, a new server would take it for alive and not start.
func (s *Server) unlock() error {
	var errs []error
	for _, name := range []string{".s.PGSQL.5432", ".s.PGSQL.5432.lock"} {
		if err := os.Remove(filepath.Join(s.socket, name)); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// gone waits at most d for the last process in the data folder to end.
func (s *Server) gone(d time.Duration) bool {
	for end := time.Now().Add(d); len(s.processes()) > 0; time.Sleep(glance) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// processes lists those that work in the data folder, as every process of a
// PostgreSQL server does.
func (s *Server) processes() []int {
	data, err := filepath.EvalSymlinks(s.data())
	if err != nil {
		return nil
	}
	links, _ := filepath.Glob("/proc/[0-9]*/cwd") // the pattern is right
	var out []int
	for _, l := range links {
		if at, err := os.Readlink(l); err == nil && at == data {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(l))) // is a number
			out = append(out, pid)
		}
	}
	return out
}
