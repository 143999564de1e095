package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// errDied says that a child ended in the middle of a request; errLate that it was
// ended because it took too long; errSlain that it was killed, and not by us: by the
// kernel for lack of memory, or by a person.
var (
	errDied  = errors.New("the process that read it ended")
	errLate  = errors.New("reading it took too long")
	errSlain = errors.New("the process that read it was killed from outside")
)

// A proc is one child, as its parent sees it. It serves one request at a time.
type proc struct {
	cmd   *exec.Cmd
	in    *bufio.Writer
	close func() error // of its standard input
	out   *bufio.Reader
	last  *tail // of its standard error
	late  atomic.Bool
	ours  atomic.Bool // it was we who killed it
	pages int
}

// nursery runs what it is given on a thread that never ends. The kernel signals a
// child (Pdeathsig) at the end of the thread that started it, not of the process, and
// a thread ends with any goroutine that locked it and returns: a child of such a
// thread would die in the middle of a page.
var nursery = sync.OnceValue(func() chan<- func() {
	births := make(chan func())
	go func() {
		runtime.LockOSThread() // never given back: this goroutine does not end
		for birth := range births {
			birth()
		}
	}()
	return births
})

// bear starts cmd in the nursery.
func bear(cmd *exec.Cmd) error {
	born := make(chan error)
	nursery() <- func() { born <- cmd.Start() }
	return <-born
}

// start starts a child and waits until it is ready.
func start(ctx context.Context, command, env []string, memory uint64, wait time.Duration) (*proc, error) {
	// The child outlives the request it is started for.
	p := &proc{cmd: exec.CommandContext(context.WithoutCancel(ctx), command[0], command[1:]...), last: &tail{}}
	p.cmd.Env, p.cmd.Dir, p.cmd.Stderr = env, "/", p.last
	// A process group of its own keeps Ctrl-C at the terminal from ending a page
	// that is being read; the signal ends the child even if its parent is killed.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.close, p.out = bufio.NewWriter(in), in.Close, bufio.NewReaderSize(out, 1<<16)
	if err := bear(p.cmd); err != nil {
		return nil, err
	}
	if err := limit(p.cmd.Process.Pid, memory); err != nil {
		p.end()
		return nil, fmt.Errorf("limiting its memory: %w", err)
	}
	a, err := p.receive(ctx, wait)
	if err != nil || a.Is != "ready" {
		how := p.end()
		return nil, fmt.Errorf("it did not get ready (%s, %w): %s", how, err, p.last)
	}
	return p, nil
}

// limit bounds the memory of a process, and lets it write no core: that would
// hold a candidate's sheet. RLIMIT_DATA counts what is written to; RLIMIT_AS would
// count the 266 libraries of OpenCV and all that the Go runtime only reserves.
func limit(pid int, memory uint64) error {
	data := unix.Rlimit{Cur: memory, Max: memory}
	core := unix.Rlimit{}
	return errors.Join(unix.Prlimit(pid, unix.RLIMIT_DATA, &data, nil), unix.Prlimit(pid, unix.RLIMIT_CORE, &core, nil))
}

// send sends v, in at most d.
func (p *proc) send(ctx context.Context, d time.Duration, v any) error {
	defer p.watch(ctx, d)()
	return p.why(ctx, send(p.in, v))
}

// receive waits for the next answer, for at most d.
func (p *proc) receive(ctx context.Context, d time.Duration) (a answer, err error) {
	defer p.watch(ctx, d)()
	err = p.why(ctx, receive(p.out, &a))
	return a, err
}

// watch ends the child when ctx is done or d is over, until stop is called.
func (p *proc) watch(ctx context.Context, d time.Duration) (stop func()) {
	clock := time.AfterFunc(d, func() {
		p.late.Store(true)
		p.kill()
	})
	release := context.AfterFunc(ctx, p.kill)
	return func() {
		clock.Stop()
		release()
	}
}

// why finds the reason behind an error of the wire.
func (p *proc) why(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case p.late.Load():
		return errLate
	}
	return fmt.Errorf("%w: %w", errDied, err)
}

// lives says that the child has not ended yet.
func (p *proc) lives() bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, p.cmd.Process.Pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err == nil && info.Signo == 0
}

// kill ends the child at once, if it has not ended.
func (p *proc) kill() {
	p.ours.Store(true)
	_ = p.cmd.Process.Kill()
}

// slain says of a child that has ended that somebody else killed it. Its own limit
// of memory does not: that ends it by a signal or a status of another kind.
func (p *proc) slain() bool {
	how, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && how.Signaled() && how.Signal() == syscall.SIGKILL && !p.ours.Load()
}

// grace is how long a child may take to see that its wire is closed.
const grace = 5 * time.Second

// end ends the child, if it has not ended, and says how it did.
func (p *proc) end() string {
	_ = p.close()
	defer time.AfterFunc(grace, p.kill).Stop()
	_, _ = io.Copy(io.Discard, p.out)
	if err := p.cmd.Wait(); err != nil {
		return err.Error()
	}
	return p.cmd.ProcessState.String()
}

// A tail keeps the last lines of what a child printed.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

// tailSize holds a C++ exception's message and the head of a Go stack.
const tailSize = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if n := len(t.buf) - tailSize; n > 0 {
		t.buf = append(t.buf[:0], t.buf[n:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.buf))
}

// environment is all a child is told: where its libraries are. No secret of the
// service is in it.
func environment(memory uint64) []string {
	env := []string{fmt.Sprintf("GOMEMLIMIT=%d", memory/2), "GOTRACEBACK=single"}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH", "TMPDIR", "GOCOVERDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}
