package pipeline

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
)

// TestThroughput measures how many sheets a second are read, filed and graded by
// one, two and four workers, and how often each sheet asks the database. It
// measures the machine, so it runs only when BARGKHAN_THROUGHPUT says of how many
// sheets.
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
			before, began := o.transactions(), time.Now()
			o.runFor(5*time.Minute, func() bool {
				q, err := o.store.Queue(context.Background())
				return err == nil && q.Depth == n
			}, l.Take)
			taking := time.Since(began)
			began = time.Now()
			o.runFor(5*time.Minute, o.still(n), l.Work, l.Settle, l.Sweep)
			reading := time.Since(began)
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
