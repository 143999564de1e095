package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
)

const (
	// A job is a file, and a file may have a thousand pages: at a second a page,
	// on a slow day, a quarter of an hour. Past twice that it hangs.
	jobTimeout = 30 * time.Minute

	// Tries of a job before it is set aside. With waits of 1 s, 2 s, 4 s … 5 min
	// between, a fault that somebody is repairing has half an hour.
	jobTries     = 15
	longestPause = 5 * time.Minute

	// A job that met a Transient fault (the archive is away) costs no try and is
	// taken up again after this.
	transientPause = 3 * time.Second

	// Jobs that are running may finish when the service stops; container
	// runtimes kill after ten seconds.
	softStop = 5 * time.Second

	// Throughput is workers ÷ cooldown: 5 ms lets two workers take 400 files a
	// second. Inserts wake workers at once; the poll is for lost notifications.
	fetchCooldown = 5 * time.Millisecond
	fetchPoll     = 250 * time.Millisecond

	// After this the queue has heard that a job was taken or done, or never will:
	// a connection lost in that moment leaves the job running in nobody's hands.
	settle = 5 * time.Second

	// How often a working process makes sure that its lock stands, and looks for
	// jobs of workers whose lock is gone.
	lookout = time.Second
)

// reading is the job of reading one scan.
type reading struct {
	Scan exam.ScanID `json:"scan"`
}

// Kind names the job in the queue for ever.
func (reading) Kind() string { return "read" }

// InsertOpts are those of every reading job.
func (reading) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: jobTries} }

// Work runs queued reading jobs, workers at once, until ctx is done; then it lets
// running jobs finish for a few seconds, cancels the rest, which will be done by
// the next worker, and returns nil. It waits for a database that is away.
//
// A job whose do fails is tried again, at growing intervals, and set aside with a
// log line after jobTries tries; a Transient fault costs no try. do may run twice
// for a scan, even at once, when this process loses sight of the database.
//
// Jobs of a worker that died are taken up again within seconds: each worker holds
// an advisory lock of the database for as long as it lives, and PostgreSQL drops
// the lock with the connection. So are those that this worker does not know it
// has. (River itself only knows how long a job runs.)
func (s *Store) Work(ctx context.Context, workers int, do func(context.Context, exam.ScanID) error) (err error) {
	defer fault.Wrap(&err, "store: work")
	me := &worker{store: s, do: do, hand: map[int64]time.Time{}}
	if err := me.enlist(ctx); err != nil {
		return err
	}
	defer me.leave()
	client, err := me.client(workers)
	if err != nil {
		return err
	}
	for client.Start(ctx) != nil {
		s.log.WarnContext(ctx, "the queue cannot be worked: the database does not answer; trying again")
		if !pause(ctx, lookout) {
			return nil
		}
	}
	for pause(ctx, lookout) {
		me.look(ctx)
	}
	<-client.Stopped()
	return nil
}

// pause waits and says whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// A worker is one run of Work. Its number is its name in the queue and its lock.
type worker struct {
	river.WorkerDefaults[reading]
	store  *Store
	do     func(context.Context, exam.ScanID) error
	number int32
	conn   *pgxpool.Conn // holds the lock; nil when it was lost

	mu   sync.Mutex
	hand map[int64]time.Time // the jobs in hand, and when each that is done was done
}

// enlist takes a number and its lock, as soon as the database answers.
func (w *worker) enlist(ctx context.Context) error {
	for {
		err := w.lock(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		if err := faultOf(err); fault.KindOf(err) != fault.Transient {
			return err
		}
		w.store.log.WarnContext(ctx, "the database does not answer; trying again", "err", err)
		pause(ctx, lookout)
	}
}

// lock takes the worker's lock on a connection of its own, and a number before
// the first time. A server that does not hear from a machine that lost power
// drops the connection, and so the lock, after 20 s.
func (w *worker) lock(ctx context.Context) error {
	conn, err := w.store.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	if w.number == 0 {
		err = conn.QueryRow(ctx, `select nextval('workers')`).Scan(&w.number)
	}
	if err == nil {
		_, err = conn.Exec(ctx, `select pg_advisory_lock($1, $2)`, lockWorker, w.number)
	}
	if err != nil {
		drop(conn)
		return err
	}
	w.conn = conn
	return nil
}

func (w *worker) leave() {
	if w.conn != nil {
		drop(w.conn)
	}
}

// drop closes a connection instead of giving it back to the pool with its lock.
func drop(conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Conn().Close(ctx) // the server learns it in any case
	conn.Release()
}

// prefix of the names of our workers in the queue.
const prefix = "worker-"

func (w *worker) client(workers int) (*river.Client[pgx.Tx], error) {
	set := river.NewWorkers()
	if err := river.AddWorkerSafely(set, river.Worker[reading](w)); err != nil {
		return nil, err
	}
	return river.NewClient(riverpgxv5.New(w.store.pool), &river.Config{
		ID:                          fmt.Sprint(prefix, w.number),
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		Workers:                     set,
		Logger:                      quiet(w.store.log),
		ErrorHandler:                aside{w.store.log},
		FetchCooldown:               fetchCooldown,
		FetchPollInterval:           fetchPoll,
		JobTimeout:                  jobTimeout,
		RescueStuckJobsAfter:        2 * jobTimeout,
		SoftStopTimeout:             softStop,
		CompletedJobRetentionPeriod: time.Hour, // the round remembers what matters
		DiscardedJobRetentionPeriod: -1,        // set aside until a person decides
	})
}

// Work does one job.
func (w *worker) Work(ctx context.Context, job *river.Job[reading]) error {
	w.note(job.ID, time.Time{})
	defer func() { w.note(job.ID, time.Now()) }()
	err := w.do(ctx, job.Args.Scan)
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled): // the service stops
		return river.JobSnooze(0)
	case fault.KindOf(err) == fault.Transient:
		w.store.log.WarnContext(ctx, "a scan must wait", "scan", job.Args.Scan, "err", err)
		return river.JobSnooze(transientPause)
	}
	return err
}

// NextRetry doubles the wait from one second up to longestPause.
func (w *worker) NextRetry(job *river.Job[reading]) time.Time {
	wait := longestPause
	if n := len(job.Errors); n < 9 { // 2⁹ s is past longestPause
		wait = min(wait, time.Second<<n)
	}
	return time.Now().Add(wait)
}

// note remembers that a job is in hand, or since when it is done.
func (w *worker) note(job int64, done time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hand[job] = done
}

// inHand lists the jobs that are being done, or were a moment ago.
func (w *worker) inHand() []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	maps.DeleteFunc(w.hand, func(_ int64, done time.Time) bool {
		return !done.IsZero() && time.Since(done) > settle
	})
	return slices.Collect(maps.Keys(w.hand))
}

// look keeps the worker's lock, and frees the jobs of workers who have none.
func (w *worker) look(ctx context.Context) {
	if w.conn == nil {
		if err := w.lock(ctx); err != nil {
			return // River logs that the database is away
		}
	}
	freed, err := w.free(ctx)
	if err != nil && ctx.Err() == nil {
		w.store.log.WarnContext(ctx, "a worker lost the database; its jobs may be done twice", "err", err)
		drop(w.conn)
		w.conn = nil
	}
	if freed > 0 {
		w.store.log.WarnContext(ctx, "took up jobs that were in nobody's hands", "jobs", freed)
	}
}

// free gives back to the queue, or sets aside after the last try, every running
// job whose worker holds no lock any more, and those of this worker that it does
// not have in hand.
func (w *worker) free(ctx context.Context) (jobs int64, err error) {
	hand := w.inHand()
	if hand == nil {
		hand = []int64{}
	}
	tag, err := w.conn.Exec(ctx, `
		update river_job j set
			state = (case when attempt < max_attempts then 'available' else 'discarded' end)::river_job_state,
			finalized_at = case when attempt < max_attempts then null else now() end,
			scheduled_at = now(),
			errors = array_append(errors, jsonb_build_object('at', now(), 'attempt', attempt,
				'error', 'the worker died, or lost sight of the job', 'trace', ''))
		where state = 'running' and (
			attempted_by[array_upper(attempted_by, 1)] = $2::text || $3::text
				and attempted_at < now() - $4::interval and id <> all($5)
			or not exists (
				select from pg_locks l
				where l.locktype = 'advisory' and l.objsubid = 2 and l.classid = $1::oid and l.granted
					and l.database = (select oid from pg_database where datname = current_database())
					and $2::text || l.objid::text = j.attempted_by[array_upper(j.attempted_by, 1)]))`,
		lockWorker, prefix, fmt.Sprint(w.number), settle, hand)
	return tag.RowsAffected(), err
}

// aside logs the jobs that will not be tried again.
type aside struct{ log *slog.Logger }

// HandleError leaves the job to its tries.
func (a aside) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	a.tell(ctx, job, err)
	return nil
}

// HandlePanic leaves the job to its tries.
func (a aside) HandlePanic(ctx context.Context, job *rivertype.JobRow, val any, trace string) *river.ErrorHandlerResult {
	a.tell(ctx, job, fmt.Errorf("panic: %v\n%s", val, trace))
	return nil
}

func (a aside) tell(ctx context.Context, job *rivertype.JobRow, err error) {
	if job.Attempt >= job.MaxAttempts {
		a.log.ErrorContext(ctx, "a scan was set aside after many tries; repair the cause and drop the file again",
			"job", string(job.EncodedArgs), "tries", job.Attempt, "err", err)
	}
}

// Queue is how much waits to be read and to be graded.
type Queue struct {
	Depth  int           // files waiting or being read
	Oldest time.Duration // age of the oldest of them
	Aside  int           // files set aside after many tries
	Due    int           // scripts waiting to be graded
}

// Queue says how much waits.
func (s *Store) Queue(ctx context.Context) (q Queue, err error) {
	defer fault.Wrap(&err, "store: queue")
	err = s.ask(ctx, func(ask asker) error {
		var seconds float64
		err := ask.QueryRow(ctx, `
			select count(*) filter (where state <> 'discarded'), count(*) filter (where state = 'discarded'),
				coalesce(extract(epoch from now() - min(created_at) filter (where state <> 'discarded')), 0)::float8,
				(select count(*) from scripts where due_at is not null)
			from river_job where state in ('available', 'pending', 'running', 'retryable', 'scheduled', 'discarded')`).
			Scan(&q.Depth, &q.Aside, &seconds, &q.Due)
		q.Oldest = time.Duration(seconds * float64(time.Second))
		return err
	})
	return q, err
}
