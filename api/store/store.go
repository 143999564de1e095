// Package store is everything remembered, in PostgreSQL, and the only SQL. One
// method is one transaction. Facts (sheets, rulings, keys, acts) are appended;
// what is computed of them (marks, grades, tasks) is kept beside them as a cache
// and replaced as a whole.
//
// Every error has a fault.Kind. Transient means that nothing was changed, or that
// it is not known whether it was: the same call may be made again.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"bargkhan/api/fault"
	"bargkhan/sheets"
)

// A Store is safe for concurrent use, by many processes on many machines.
type Store struct {
	// Now is the clock that leases are compared with, and only they. It is set
	// before use or left as time.Now.
	Now func() time.Time

	pool   *pgxpool.Pool
	logins *pgxpool.Pool
	queue  *river.Client[pgx.Tx] // inserts only
	log    *slog.Logger

	// Designs are immutable, so what was read once is never read again.
	designs sync.Map // sheets.Digest → *sheets.Design
	heads   sync.Map // sheets.Check → *sheets.Design
}

// poolSize is enough for the workers of one machine, its requests and the two
// connections River keeps; a pool_max_conns in the URL outranks it. PostgreSQL's
// default is 100 for all.
const poolSize = 24

// Open connects to the database at url, brings it to the newest version, and
// returns its Store. The caller closes it. A nil log logs nothing.
func Open(ctx context.Context, url string, log *slog.Logger) (_ *Store, err error) {
	defer fault.Wrap(&err, "store: open")
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	pool, err := newPool(ctx, url, poolSize, nil)
	if err != nil {
		return nil, err
	}
	s := &Store{Now: time.Now, pool: pool, log: log}
	if err := s.migrate(ctx); err != nil {
		pool.Close()
		return nil, faultOf(err)
	}
	s.logins, err = newPool(ctx, url, 4, map[string]string{"search_path": "web"})
	if err != nil {
		pool.Close()
		return nil, err
	}
	s.queue, err = river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: quiet(log), SkipUnknownJobCheck: true})
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// newPool does not connect yet. session holds settings of each connection.
func newPool(ctx context.Context, url string, size int32, session map[string]string) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The error of ParseConfig hides the password but not all of the URL.
		return nil, &fault.Error{Kind: fault.Invalid, Msg: "نشانی پایگاه داده درست نیست.",
			Hint: "نشانی را به صورت postgres://user@host/database بنویسید.", Err: err}
	}
	if given, err := pgx.ParseConfig(url); err == nil && given.RuntimeParams["pool_max_conns"] == "" {
		c.MaxConns = size
	}
	// A machine that is cut off, on either side, is missed after 20 s and not after
	// the two hours of the defaults: its transactions hold locks until then.
	for k, v := range map[string]string{"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "2", "tcp_user_timeout": "20000"} {
		c.ConnConfig.RuntimeParams[k] = v
	}
	alive := net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 2}
	c.ConnConfig.DialFunc = (&net.Dialer{KeepAliveConfig: alive}).DialContext
	for k, v := range session {
		c.ConnConfig.RuntimeParams[k] = v
	}
	return pgxpool.NewWithConfig(ctx, c)
}

// Close waits for connections in use and closes all.
func (s *Store) Close() {
	s.pool.Close()
	if s.logins != nil {
		s.logins.Close()
	}
}

// Pool is a small pool for the library that keeps logins of the web: its tables
// are those of the schema "web", so the table it calls "sessions" is there and
// is not ours. Close closes it.
func (s *Store) Pool() *pgxpool.Pool { return s.logins }

// Health is nil when the database answers.
func (s *Store) Health(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "store: health")
	return faultOf(s.pool.Ping(ctx))
}

// tries is how often a transaction is begun before the caller hears of it. With
// the waits between (50 ms, doubled each time) it bridges 1.5 s, in which a
// PostgreSQL that crashed is usually back.
const tries = 6

// change runs do in a transaction. do is run again, from its beginning, when the
// transaction certainly failed and the reason may have passed: a deadlock, or a
// connection lost before commit.
func (s *Store) change(ctx context.Context, do func(pgx.Tx) error) error {
	return s.again(ctx, pgx.TxOptions{}, do)
}

// view runs do on one unchanging picture of the database.
func (s *Store) view(ctx context.Context, do func(pgx.Tx) error) error {
	return s.again(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, do)
}

// An asker answers questions: a transaction, or the pool.
type asker interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// ask runs do, which asks one thing in one statement: that is a transaction and an
// unchanging picture in itself, at a third of the way to the server and back.
func (s *Store) ask(ctx context.Context, do func(asker) error) error {
	return s.insist(ctx, func() (bool, error) { return true, do(s.pool) })
}

func (s *Store) again(ctx context.Context, opts pgx.TxOptions, do func(pgx.Tx) error) error {
	return s.insist(ctx, func() (bool, error) { return s.once(ctx, opts, do) })
}

// insist does once what may pass, until it does, and says nothing of a few failures.
func (s *Store) insist(ctx context.Context, once func() (sure bool, err error)) error {
	wait := 50 * time.Millisecond
	for try := 1; ; try++ {
		sure, err := once()
		if err == nil || try == tries || !sure || !passing(err) {
			return faultOf(err)
		}
		select {
		case <-ctx.Done():
			return faultOf(err)
		case <-time.After(wait):
			wait *= 2
		}
	}
}

// once runs one transaction; sure says that an error left nothing behind.
func (s *Store) once(ctx context.Context, opts pgx.TxOptions, do func(pgx.Tx) error) (sure bool, err error) {
	tx, err := s.pool.BeginTx(ctx, opts)
	if err != nil {
		return true, err
	}
	// After a commit this does nothing. The context may have ended by now.
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // what failed is already known
	if err := do(tx); err != nil {
		return true, err
	}
	if err := tx.Commit(ctx); err != nil {
		var refused *pgconn.PgError // the server answered, and the answer was no
		return errors.As(err, &refused), err
	}
	return true, nil
}

// passing says whether the reason of err may be gone in a moment.
func passing(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return transient(pg.Code)
	}
	var known *fault.Error
	if errors.As(err, &known) || errors.Is(err, pgx.ErrNoRows) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	return broken(err)
}

// transient sorts PostgreSQL's codes: connections (08), rollbacks (40), missing
// resources (53), and a server that stops or starts (57P).
func transient(code string) bool {
	switch code[:2] {
	case "08", "40", "53":
		return true
	}
	return code[:min(3, len(code))] == "57P" || code == "55P03"
}

// broken says whether err is about the connection and not about what was asked.
func broken(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || pgconn.SafeToRetry(err) || errors.As(err, &network) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// faultOf gives err its Kind, if it has none yet.
func faultOf(err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	if kind, msg, hint := kindOf(err); kind != fault.Internal {
		return &fault.Error{Kind: kind, Msg: msg, Hint: hint, Err: err}
	}
	return err
}

// kindOf finds the kind of an error of the database, with words for people.
func kindOf(err error) (kind fault.Kind, msg, hint string) {
	const later = "چند لحظهٔ دیگر دوباره تلاش کنید."
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && transient(pg.Code):
		return fault.Transient, "پایگاه داده اکنون پاسخ نمی‌دهد.", later
	case errors.As(err, &pg) && (pg.Code == "23505" || pg.Code == "23503"):
		return fault.Conflict, "این با چیزی که از پیش ثبت شده است نمی‌خواند.", "صفحه را تازه کنید و دوباره ببینید."
	case errors.As(err, &pg) && (pg.Code[:2] == "22" || pg.Code == "23514" || pg.Code == "23502"):
		return fault.Invalid, "این داده پذیرفتنی نیست.", "مقدارها را بررسی و اصلاح کنید."
	case errors.As(err, &pg):
		return fault.Internal, "", ""
	case errors.Is(err, pgx.ErrNoRows):
		return fault.NotFound, "چنین چیزی ثبت نشده است.", "نشانی یا شناسه را بررسی کنید."
	case errors.Is(err, context.DeadlineExceeded) || broken(err):
		return fault.Transient, "ارتباط با پایگاه داده برقرار نیست.", later
	}
	return fault.Internal, "", ""
}

// missing is the fault of a thing that is not there, by its Persian word.
func missing(what string, id any) error {
	return fault.New(fault.NotFound, fmt.Sprintf("%s «%v» ثبت نشده است.", what, id), "شناسه را بررسی کنید.")
}

// moved is the fault of a writer who had not seen the latest.
func moved(what string, seen, now int) error {
	return &fault.Error{Kind: fault.Conflict, Msg: what + " در این میان تغییر کرده است.",
		Hint: "صفحه را تازه کنید و دوباره تصمیم بگیرید.",
		Err:  fmt.Errorf("seen %d, now %d", seen, now)}
}

// exists turns the lack of rows into the fault missing.
func exists(err error, what string, id any) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return missing(what, id)
	}
	return err
}

// design returns the design with digest d, which must be remembered.
func (s *Store) design(ctx context.Context, tx pgx.Tx, d sheets.Digest) (*sheets.Design, error) {
	if known, ok := s.designs.Load(d); ok {
		return known.(*sheets.Design), nil
	}
	var body []byte
	if err := tx.QueryRow(ctx, `select body from designs where digest = $1`, d[:]).Scan(&body); err != nil {
		return nil, exists(err, "طرح برگه", d)
	}
	return s.parse(d, body)
}

// parse reads a remembered design and makes sure that it is still what it was.
func (s *Store) parse(d sheets.Digest, body []byte) (*sheets.Design, error) {
	var out sheets.Design
	if err := out.UnmarshalJSON(body); err != nil {
		return nil, fmt.Errorf("design %v is remembered but cannot be read: restore it from a backup: %w", d, err)
	}
	if got := out.Digest(); got != d {
		return nil, fmt.Errorf("design %v is remembered but has the digest %v: restore it from a backup", d, got)
	}
	s.designs.Store(d, &out)
	return &out, nil
}
