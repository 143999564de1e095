package store

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"bargkhan/api/fault"
	"bargkhan/api/store/migrations"
)

// The advisory locks of a database have two numbers; the first is the family.
const (
	lockMigrate = 0x0b61_0001
	lockWorker  = 0x0b61_0002
)

// Migrate brings the database at url to the newest version and closes it again.
// Many processes may do so at once; one works, the others wait for it.
func Migrate(ctx context.Context, url string, log *slog.Logger) error {
	s, err := Open(ctx, url, log)
	if err != nil {
		return err
	}
	s.Close()
	return nil
}

func (s *Store) migrate(ctx context.Context) (err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `select pg_advisory_lock($1, 0)`, lockMigrate); err != nil {
		return err
	}
	// The lock would outlive this function in the pool.
	defer conn.Exec(context.WithoutCancel(ctx), `select pg_advisory_unlock($1, 0)`, lockMigrate) //nolint:errcheck // ends with the connection at the latest

	jobs, err := rivermigrate.New(riverpgxv5.New(s.pool), &rivermigrate.Config{Logger: quiet(s.log)})
	if err != nil {
		return err
	}
	if _, err := jobs.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	return s.migrateOurs(ctx)
}

func (s *Store) migrateOurs(ctx context.Context) error {
	db := stdlib.OpenDBFromPool(s.pool)
	defer db.Close() //nolint:errcheck // the pool stays open
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files, goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	now, newest, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if now > newest {
		return &fault.Error{Kind: fault.Internal, Msg: "پایگاه داده از این برنامه تازه‌تر است.",
			Hint: "برنامه را به‌روز کنید.",
			Err:  fmt.Errorf("the database has version %d, this program knows %d: install the newer program", now, newest)}
	}
	done, err := p.Up(ctx)
	for _, r := range done {
		s.log.InfoContext(ctx, "migrated", "version", r.Source.Version, "took", r.Duration)
	}
	return err
}

// quiet passes on what the queue's library warns of. Its informations are about
// its own machinery.
func quiet(log *slog.Logger) *slog.Logger {
	return slog.New(atLeast{log.Handler(), slog.LevelWarn})
}

type atLeast struct {
	slog.Handler
	level slog.Level
}

func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.level && h.Handler.Enabled(ctx, l)
}

func (h atLeast) WithAttrs(as []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(as), h.level}
}
func (h atLeast) WithGroup(n string) slog.Handler { return atLeast{h.Handler.WithGroup(n), h.level} }
