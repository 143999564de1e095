package pipeline

import (
	"context"
	"slices"
	"time"

	"bargkhan/api/intake"
)

// finishTime is how long Finish waits for files to be taken; the operator waits too.
const finishTime = 10 * time.Second

// Finish says that a batch is through the scanner of a station: what lies in its
// drop folder is taken without waiting for it to be still for long. It returns, as
// soon as nothing more moves, what is left there and why; that will belong to the
// next batch.
func (l *Line) Finish(ctx context.Context, station string) ([]intake.Wait, error) {
	f, err := l.folder(station)
	if err != nil {
		return nil, err
	}
	f.Finish()
	ctx, stop := context.WithTimeout(ctx, finishTime)
	defer stop()
	for looks := 0; ; looks++ {
		left, err := f.Waiting()
		moves := slices.ContainsFunc(left, func(w intake.Wait) bool { return w.Why == "" || w.Why == "settling" || w.Why == "growing" })
		// The first look may not have seen what came just before.
		if err != nil || ctx.Err() != nil || (looks > 2 && !moves) {
			return left, err
		}
		pause(ctx, f.Look())
	}
}
