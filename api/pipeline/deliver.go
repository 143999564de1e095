package pipeline

import (
	"context"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
)

// Deliver takes in a file that another machine claimed: the bytes at path are kept
// under their hash, and then, in one transaction, the arrival is remembered and its
// reading queued. Delivering again changes nothing. Bytes that are not the scan's
// are a fault.Conflict.
func (l *Line) Deliver(ctx context.Context, a exam.Arrival, path string) (err error) {
	defer fault.Wrap(&err, "pipeline: deliver %s", a.ID)
	sum, err := sumOf(a.Scan)
	if err != nil {
		return err
	}
	if err := l.Archive.Put(ctx, sum, path); err != nil {
		return err
	}
	if err := l.Store.Keep(ctx, a); err != nil {
		return err
	}
	l.Metrics.taken(a.Station, a.At)
	l.log().Info("file delivered", "station", a.Station, "arrival", a.ID, "scan", a.Scan, "name", a.Name, "bytes", a.Size)
	return nil
}
