package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/scs/pgxstore"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"bargkhan/api"
	"bargkhan/api/archive"
	"bargkhan/api/certificate"
	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/intake"
	"bargkhan/api/pipeline"
	"bargkhan/api/pipeline/child"
	"bargkhan/api/station"
	"bargkhan/api/store"
	"bargkhan/api/store/local"
	"bargkhan/calibration"
	"bargkhan/omr/judge"
	"bargkhan/omr/page"
	"bargkhan/sheets/typeset"
)

// These are the seams that meet only here.
var (
	_ pipeline.Store    = (*store.Store)(nil)
	_ certificate.Store = store.Registry{}
	_ api.Records       = (*store.Store)(nil)
	_ api.Line          = (*pipeline.Line)(nil)
	_ api.Registry      = (*certificate.Registry)(nil)
)

// A Service is everything opened and wired, and nothing running yet but the
// private database.
type Service struct {
	cfg     Config
	log     *slog.Logger
	closers []func() // the last opened first

	store    *store.Store
	line     *pipeline.Line
	pool     *child.Pool
	listener net.Listener
	server   *http.Server
	logins   *pgxstore.PostgresStore
}

// Open opens what cfg names. The caller closes the Service.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Service, error) {
	return open(ctx, cfg, log, (*Service).openServer)
}

// OpenWorker opens what reading alone needs: the database and the archive of cfg, no
// station, and an address where the worker's metrics are. The caller closes the
// Service.
func OpenWorker(ctx context.Context, cfg Config, log *slog.Logger) (*Service, error) {
	cfg.Stations = nil
	return open(ctx, cfg, log, (*Service).openGauges)
}

func open(ctx context.Context, cfg Config, log *slog.Logger, surface func(*Service) error) (*Service, error) {
	s := &Service{cfg: cfg, log: log}
	if err := s.open(ctx, surface); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Service) open(ctx context.Context, surface func(*Service) error) error {
	if err := os.MkdirAll(s.cfg.Data, 0o755); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if err := s.openStore(ctx); err != nil {
		return err
	}
	if err := s.openLine(); err != nil {
		return err
	}
	if err := s.listen(); err != nil {
		return err
	}
	return surface(s)
}

// Close closes everything that was opened, and stops the private database.
func (s *Service) Close() {
	for _, f := range slices.Backward(s.closers) {
		f()
	}
	s.closers = nil
}

// atEnd remembers what Close does.
func (s *Service) atEnd(f func()) { s.closers = append(s.closers, f) }

// URL is where the service answers.
func (s *Service) URL() string {
	if s.cfg.TLSCert != "" {
		return "https://" + s.listener.Addr().String()
	}
	return "http://" + s.listener.Addr().String()
}

// openStore connects to the database, after starting a private one if none is given.
func (s *Service) openStore(ctx context.Context) (err error) {
	url := s.cfg.Database
	if url == "" {
		db, err := local.Start(ctx, filepath.Join(s.cfg.Data, "postgres"), s.log)
		if err != nil {
			return err
		}
		s.atEnd(db.Stop)
		url = db.URL()
	}
	err = s.patiently(ctx, func() (err error) {
		s.store, err = store.Open(ctx, url, s.log)
		return err
	})
	if err != nil {
		return err
	}
	s.atEnd(s.store.Close)
	return nil
}

const (
	// patience outlasts the start of a database server after a power cut, with the
	// replay of its log; a supervisor that waits for less starts us again.
	patience = 5 * time.Minute

	// again is the pause between two tries, and so the rhythm of the log's lines.
	again = 2 * time.Second
)

// patiently does what needs the database, and waits for one that does not answer yet:
// after a power cut it may come up later than we do.
func (s *Service) patiently(ctx context.Context, do func() error) error {
	for limit := time.Now().Add(patience); ; {
		err := do()
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if fault.KindOf(err) != fault.Transient {
			return err
		}
		if time.Now().After(limit) {
			return fmt.Errorf("the database did not answer for %v: %w", patience, err)
		}
		s.log.Warn("the database does not answer yet; trying again", "until", limit.Format(time.TimeOnly), "err", err)
		pause(ctx, again)
	}
}

// pause waits for d, or until ctx is done.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// openLine makes the folders of the stations, the archive and the readers.
func (s *Service) openLine() error {
	s.pool = &child.Pool{Size: s.cfg.Workers, PageTime: s.cfg.PageTime, Design: s.store.Design, Log: s.log}
	s.atEnd(s.pool.Close)
	policy := calibration.Default().Policy
	scans, err := s.openArchive()
	if err != nil {
		return err
	}
	s.line = &pipeline.Line{
		Archive: scans, Store: s.store, Reader: s.pool,
		Policy:  func(string) judge.Policy { return policy },
		Workers: s.cfg.Workers, Log: s.log,
	}
	for name, root := range s.cfg.Stations {
		f := s.cfg.folder(name, root)
		if err := f.Init(); err != nil {
			return fmt.Errorf("station %s: %w", name, err)
		}
		s.line.Folders = append(s.line.Folders, f)
	}
	slices.SortFunc(s.line.Folders, func(a, b *intake.Folder) int { return strings.Compare(a.Station, b.Station) })
	return nil
}

// openArchive is the folder or the bucket that scans are kept in.
func (s *Service) openArchive() (pipeline.Archive, error) {
	c := s.cfg.S3
	if c.Endpoint == "" {
		return &archive.Folder{Dir: s.cfg.Archive}, nil
	}
	secret, err := os.ReadFile(c.Secret)
	if err != nil {
		return nil, fmt.Errorf("secret of the bucket: %w", err)
	}
	return archive.OpenBucket(archive.S3{
		Endpoint: c.Endpoint, Region: c.Region, Bucket: c.Bucket, Prefix: c.Prefix,
		Access: c.Access, Secret: strings.TrimSpace(string(secret)), Cache: filepath.Join(s.cfg.Data, "cache"),
	})
}

// whole says whether the file at path is complete in itself.
func whole(path string) (bool, string) {
	f, err := os.Open(path)
	if err != nil {
		return false, err.Error()
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return false, err.Error()
	}
	return page.Whole(f, st.Size())
}

// listen takes the address, so that it is known before anything is printed.
func (s *Service) listen() (err error) {
	if s.listener, err = new(net.ListenConfig).Listen(context.Background(), "tcp", s.cfg.Listen); err != nil {
		return fmt.Errorf("%w; set listen, or OMRD_LISTEN, to another address", err)
	}
	s.atEnd(func() { _ = s.listener.Close() }) // the server has closed it already
	return nil
}

// openGauges shows how a worker does, and nothing else.
func (s *Service) openGauges() error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics(), promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {}) // it answers
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := s.store.Health(r.Context()); err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
		}
	})
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return nil
}

// openServer makes the whole surface.
func (s *Service) openServer() (err error) {
	base := s.cfg.BaseURL
	if base == "" {
		base = s.URL()
	}
	fonts, err := typeset.LoadFonts(s.cfg.Fonts)
	if err != nil {
		return err
	}
	signer, err := certificate.OpenKey(s.cfg.SigningKey)
	if err != nil {
		return err
	}
	s.logins = pgxstore.New(s.store.Pool())
	s.atEnd(s.logins.StopCleanup)
	inbox := &station.Inbox{Dir: filepath.Join(s.cfg.Data, "inbox")}
	inbox.Sweep(time.Now())
	surface := &api.Server{
		Inbox:   inbox,
		Records: s.store, Line: s.line, Logins: s.logins, Fonts: s.cfg.Fonts, BaseURL: base,
		Registry: &certificate.Registry{Store: s.store.Registry(), Signer: signer, Now: time.Now, Fonts: fonts, VerifyURL: base + "/v/"},
		Metrics:  s.metrics(), Ready: s.store.Health, Log: s.log,
	}
	s.server = &http.Server{
		Handler: surface.Handler(), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelInfo), // strangers who break off a handshake
	}
	return nil
}

// metrics registers what is counted in several places.
func (s *Service) metrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		pipeline.NewMetrics(s.line), &queueMetrics{store: s.store, log: s.log})
	if disk, ok := s.line.Archive.(*archive.Folder); ok {
		r.MustRegister(archiveFree(disk))
	}
	return r
}

// Run runs the line and the HTTP server until ctx is done, then lets requests and
// pages in hand come to their end.
func (s *Service) Run(ctx context.Context) error { return s.run(ctx, s.line.Run) }

// RunWorker is Run for a worker, which only reads.
func (s *Service) RunWorker(ctx context.Context) error { return s.run(ctx, s.line.Work) }

func (s *Service) run(ctx context.Context, line func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return line(ctx) })
	g.Go(func() error {
		if err := s.serve(); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		last, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer stop()
		return s.server.Shutdown(last)
	})
	err := g.Wait()
	s.log.Info("stopped")
	return err
}

// serve answers HTTP, encrypted when there is a certificate.
func (s *Service) serve() error {
	if s.cfg.TLSCert != "" {
		return s.server.ServeTLS(s.listener, s.cfg.TLSCert, s.cfg.TLSKey)
	}
	return s.server.Serve(s.listener)
}

// first is an account with the password that is shown once.
type first struct {
	exam.Login
	Password string
}

// FirstAccount makes an administrator when there is no account at all.
func (s *Service) FirstAccount(ctx context.Context) (f *first, err error) {
	err = s.patiently(ctx, func() error {
		all, err := s.store.Accounts(ctx)
		if err != nil || len(all) > 0 {
			return err
		}
		f = &first{"admin", api.NewPassword()}
		a := exam.Account{Login: f.Login, Name: "مدیر سامانه", Duties: []exam.Duty{exam.Admin}}
		return s.store.PutAccount(ctx, a, api.HashPassword(f.Password))
	})
	return f, err
}
