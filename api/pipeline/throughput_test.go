package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
)

// TestThroughput measures how many sheets a second are read, filed and graded by
// one, two and four workers, how many transactions each sheet costs, and how many
// milliseconds of a processor: in the line, in the readers and in the database, which
// hold also beside other work. It measures the machine, so it runs only when
// BARGKHAN_THROUGHPUT says of how many sheets.
func TestThroughput(t *testing.T) {
	var n int
	if _, err := fmt.Sscan(os.Getenv("BARGKHAN_THROUGHPUT"), &n); err != nil {
		t.Skip("BARGKHAN_THROUGHPUT=200 measures")
	}
	for _, workers := range []int{1, 2, 4} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			o := newOffice(t)
			_, spares, err := o.store.AllotSerials(context.Background(), o.ses.ID, n)
			o.must(err)
			bytes := 0
			for i := range n {
				body := omrtest.EncodeJPEG(o.sheet(o.design, sheets.Stamp{Page: 1, Serial: spares[i]}, i%11, 0), 85, dpi)
				bytes += len(body)
				o.drop(map[string][]byte{fmt.Sprintf("scan%d.jpg", i): body})
			}
			l := o.line(o.store)
			l.Log, l.Workers = nil, workers
			before, spent, began := o.transactions(), spend(), time.Now()
			o.runFor(5*time.Minute, func() bool {
				q, err := o.store.Queue(context.Background())
				return err == nil && q.Depth == n
			}, l.Take)
			taking, mid := time.Since(began), spend()
			began = time.Now()
			o.runFor(5*time.Minute, o.still(n), l.Work, l.Settle, l.Sweep)
			reading, end := time.Since(began), spend()
			each := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(n) }
			t.Logf("%d workers: processor a sheet: taking %.1f ms and %.1f in the database; then %.1f ms in the readers, %.1f in the line, %.1f in the database", workers,
				each(mid.line-spent.line), each(mid.database-spent.database), each(end.readers-mid.readers), each(end.line-mid.line), each(end.database-mid.database))
			t.Logf("%d workers: %.1f files/s taken, %.1f sheets/s read and graded, %.1f transactions and %d KB of archive a sheet", workers,
				float64(n)/taking.Seconds(), float64(n)/reading.Seconds(), float64(o.transactions()-before)/float64(n), bytes/n>>10)
		})
	}
}

// transactions is how many the database has ended.
func (o *office) transactions() (n int) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, o.url)
	o.must(err)
	defer conn.Close(ctx)               //nolint:errcheck // nothing is at stake
	time.Sleep(1100 * time.Millisecond) // the statistics are that late
	o.must(conn.QueryRow(ctx, `select xact_commit + xact_rollback from pg_stat_database where datname = current_database()`).Scan(&n))
	return n
}

// spent is the time of processors that this process and those below it took.
type spent struct{ line, readers, database time.Duration }

// spend reads it from /proc. What ended is counted with whoever waited for it: only
// readers and servers' processes do.
func spend() (out spent) {
	type process struct {
		parent    int
		name      string
		own, dead time.Duration
	}
	all := map[int]process{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, _ := os.ReadFile(path) // it may have ended
		head, rest, ok := strings.Cut(string(b), " (")
		name, rest, ok2 := strings.Cut(rest, ") ")
		f := strings.Fields(rest)
		if !ok || !ok2 || len(f) < 15 {
			continue
		}
		n := func(s string) int { n, _ := strconv.Atoi(s); return n } // all are numbers
		const tick = 10 * time.Millisecond                            // USER_HZ is 100 on every Linux
		all[n(head)] = process{n(f[1]), name, tick * time.Duration(n(f[11])+n(f[12])), tick * time.Duration(n(f[13])+n(f[14]))}
	}
	self := os.Getpid()
	for pid, p := range all {
		switch {
		case pid == self:
			out.line += p.own
			out.readers += p.dead
		case p.parent == self && p.name == "postgres":
			out.database += p.own + p.dead
		case p.parent == self:
			out.readers += p.own
		case p.name == "postgres" && all[p.parent].parent == self:
			out.database += p.own
		}
	}
	return out
}
