package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/store"
	"bargkhan/api/store/local"
)

// TestDatabaseIsKilled kills the database, twice, while files come and are read:
// every file that was kept is read in the end, and nobody has to be told.
func TestDatabaseIsKilled(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "bargkhan-crash-")
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	pg := filepath.Join(dir, "pg")
	server, err := local.Start(ctx, pg, nil, "fsync=off")
	must(t, err)
	t.Cleanup(server.Stop)
	s, err := store.Open(ctx, server.URL(), nil)
	must(t, err)
	t.Cleanup(s.Close)

	var read atomic.Int64
	work(t, s, 2, func(c context.Context, id exam.ScanID) error {
		_, err := s.File(c, exam.Filing{Scan: id})
		if err == nil {
			read.Add(1)
		}
		return err
	})
	const n = 60
	for i := range n {
		if i == n/3 || i == 2*n/3 {
			kill(t, pg)
		}
		a := arrival(fmt.Sprint("a", i), fmt.Sprint(i))
		eventually(t, "Keep", func() bool {
			err := s.Keep(ctx, a)
			if err != nil && fault.KindOf(err) != fault.Transient {
				t.Fatalf("Keep with the database away = %v, want a transient fault", err)
			}
			return err == nil
		})
	}
	eventually(t, "all read", func() bool {
		q, err := s.Queue(ctx)
		return err == nil && q.Depth == 0 && q.Aside == 0
	})
	fs, err := s.Ledger(ctx, "", n+1)
	must(t, err)
	for _, f := range fs {
		if f.End != exam.EndReturned { // no sheet was filed
			t.Errorf("file %s is %v", f.ID, f.End)
		}
	}
	if len(fs) != n {
		t.Errorf("%d files, want %d", len(fs), n)
	}
	t.Logf("%d readings of %d files", read.Load(), n)
}

func kill(t *testing.T, pg string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(pg, "data", "postmaster.pid"))
	must(t, err)
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	must(t, err)
	// Its children may have served us a moment longer than it lived.
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Millisecond) // its children learn of it
}
