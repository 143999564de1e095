// Package local runs a private PostgreSQL from the distribution's binaries, for a
// service that was given no database: its own data folder, a unix socket and no
// network, durable settings. It starts with the service, is started again when it
// crashes, and stops with the service, however that ends.
//
// The data folder holds:
//
//	lock          held by the service that runs the server
//	data/         what PostgreSQL calls its data directory
//	run/          the socket; in a short temporary folder when this path is too long
//	postgres.log  what the server says, and postgres.log.1 before it
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// A Server is a running PostgreSQL.
type Server struct {
	log      *slog.Logger
	bin      string // folder of initdb and postgres
	dir      string // the data folder, absolute
	socket   string // folder of the socket
	owner    *owner // nil: ourselves
	settings []string
	lock     *os.File

	stopping chan struct{} // closed by Stop
	stop     sync.Once
	done     chan struct{} // closed when the server is down for good
}

// role is the database's only account. Who can reach the socket may do all:
// the folder is closed to every other user.
const role = "bargkhan"

// Start starts the server of the data folder dir, which is made when it is
// missing, and returns when it answers. When we are root it runs as the user
// postgres. ctx only ends the starting. Each of settings is one more setting of
// postgresql.conf, "name=value". A nil log logs nothing.
//
// A server that a killed service left behind is stopped first; a database that
// crashed recovers. One that ends while it starts, or is killed, is started some times
// more, with a line in the log each time. It is an error when another service runs a
// server there.
func Start(ctx context.Context, dir string, log *slog.Logger, settings ...string) (_ *Server, err error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Server{log: log, settings: settings, stopping: make(chan struct{}), done: make(chan struct{})}
	defer func() {
		if err != nil {
			s.release()
			err = fmt.Errorf("private PostgreSQL in %s: %w", dir, err)
		}
	}()
	if s.dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if s.owner, err = findOwner(); err != nil {
		return nil, err
	}
	if err := s.folders(); err != nil {
		return nil, err
	}
	if s.bin, err = findBin(s.data()); err != nil {
		return nil, err
	}
	if err := s.insist(ctx); err != nil {
		return nil, err
	}
	if err := s.clear(ctx); err != nil {
		return nil, err
	}
	return s, s.launch(ctx)
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// URL is where the server answers.
func (s *Server) URL() string {
	return fmt.Sprintf("postgres://%s@/postgres?host=%s&sslmode=disable", role, s.socket)
}

// Stop stops the server: connections are ended, everything is written. It may be
// called again.
func (s *Server) Stop() {
	s.stop.Do(func() { close(s.stopping) })
	<-s.done
}

// longestSocket is one less than the size of sun_path on Linux, less the name of
// the socket in its folder.
const longestSocket = 107 - len("/.s.PGSQL.5432")

// folders makes the data folder, takes its lock and finds a place for the socket.
func (s *Server) folders() error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	if err := s.owner.pass(filepath.Dir(s.dir)); err != nil {
		return err
	}
	if err := s.own(s.dir); err != nil {
		return err
	}
	var err error
	if s.lock, err = lockFile(filepath.Join(s.dir, "lock")); err != nil {
		return err
	}
	s.socket = filepath.Join(s.dir, "run")
	if len(s.socket) <= longestSocket {
		if err := os.MkdirAll(s.socket, 0o700); err != nil {
			return err
		}
		return s.own(s.socket)
	}
	if s.socket, err = os.MkdirTemp("", "bargkhan-"); err != nil {
		return err
	}
	if len(s.socket) > longestSocket {
		return fmt.Errorf("the socket's path %s is longer than %d bytes: set TMPDIR to a short path", s.socket, longestSocket)
	}
	return s.own(s.socket)
}

// own gives a folder to the server's user and closes it to all others.
func (s *Server) own(dir string) error {
	if s.owner != nil {
		if err := os.Chown(dir, int(s.owner.uid), int(s.owner.gid)); err != nil {
			return err
		}
	}
	return os.Chmod(dir, 0o700)
}

// release gives back what folders took.
func (s *Server) release() {
	if s.socket != "" && !strings.HasPrefix(s.socket, s.dir) {
		_ = os.RemoveAll(s.socket) // a temporary folder; nothing depends on it
	}
	if s.lock != nil {
		_ = s.lock.Close()
	}
}

// insist makes the database as often as it takes, up to starts.
func (s *Server) insist(ctx context.Context) error {
	for try := 1; ; try++ {
		err := s.initialise(ctx)
		if err == nil || ctx.Err() != nil || try == starts {
			return err
		}
		s.log.WarnContext(ctx, "the database could not be made; trying again", "try", try, "of", starts, "err", err)
		s.pause(firstPause << (try - 1))
	}
}

// initialise makes the database, once. It appears under its name only when it is
// whole.
func (s *Server) initialise(ctx context.Context) error {
	if _, err := os.Stat(s.data()); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	fresh := s.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "making a database", "dir", s.dir)
	args := []string{"-D", fresh, "-U", role, "-A", "trust", "-E", "UTF8", "--locale=C"}
	if !s.durable() {
		args = append(args, "--no-sync")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := s.command(ctx, "initdb", args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	if err := os.Rename(fresh, s.data()); err != nil {
		return err
	}
	folder, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// durable says whether what is committed must outlive the machine.
func (s *Server) durable() bool {
	for _, set := range s.settings {
		if set == "fsync=off" {
			return false
		}
	}
	return true
}

// arguments of the server. What is not named keeps PostgreSQL's default, fsync
// and synchronous_commit among it.
func (s *Server) arguments() []string {
	settings := append([]string{
		"listen_addresses=", // no network
		"port=5432",         // part of the socket's name
		"unix_socket_directories=" + s.socket,
		"unix_socket_permissions=0700",
		"shared_buffers=128MB", // the scans' pictures are files; the database is small
		"max_connections=100",
		"max_wal_size=1GB",
		"wal_compression=on",   // full pages are most of the log; disks are slower than processors
		"random_page_cost=1.1", // solid state, or all in memory
		"jit=off",              // its 30 ms a plan outlast our queries
		"log_destination=stderr",
		"logging_collector=off",
		"log_timezone=UTC",
		"timezone=UTC",
		"lc_messages=C",
	}, s.settings...)
	args := []string{"-D", s.data()}
	for _, set := range settings {
		args = append(args, "-c", set)
	}
	return args
}

// Waits of the starting and the stopping.
const (
	// A recovery that is still replaying its log after this has a reason that a
	// person must look at; max_wal_size replays in well under a minute.
	longestStart = 3 * time.Minute
	// A process whose server was killed notices within a moment, in any of its waits;
	// PostgreSQL itself kills what is left of a crash after as long.
	longestLinger = 5 * time.Second
	// A fast shutdown writes at most shared_buffers.
	longestStop = 30 * time.Second
	// Between two looks at the server's own word on its state.
	glance = 20 * time.Millisecond
	// Between two starts of a server that does not stay up, doubled each time.
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
	// A server that never answered is started so often: with the pauses between, three
	// seconds, which outlasts whatever kills single processes, and after which a
	// mistake in its settings should be heard of.
	starts = 6
)

// launch starts the supervisor and waits until the server answers.
func (s *Server) launch(ctx context.Context) error {
	failed := make(chan error, 1)
	go s.supervise(failed)
	limit := time.NewTimer(longestStart)
	defer limit.Stop()
	look := time.NewTicker(glance)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			if s.ready() {
				return nil
			}
			continue
		case err := <-failed:
			s.Stop()
			return fmt.Errorf("%w: the end of %s says:\n%s", err, s.logPath(), s.tail())
		case <-ctx.Done():
			s.Stop()
			return ctx.Err()
		case <-limit.C:
			s.Stop()
			return fmt.Errorf("did not answer within %v: see %s", longestStart, s.logPath())
		}
	}
}
