package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/intake"
	"bargkhan/omr"
	"bargkhan/sheets/geom"
)

// Settle ends the life of every taken file whose fate is decided, until ctx is
// done: it goes to read/, copies/ or returned/. What was claimed and never
// remembered is kept again here.
func (l *Line) Settle(ctx context.Context) error {
	l.signals()
	for ctx.Err() == nil {
		began := time.Now()
		for _, f := range l.Folders {
			if err := l.settleAt(ctx, f); err != nil && ctx.Err() == nil {
				l.complain("files of a station could not be put away; it is tried again", err, "station", f.Station)
			}
		}
		l.gather(ctx, time.Since(began))
		l.rest(ctx, l.filed)
	}
	return nil
}

// asked bounds how many fates are asked for at once, so that a dump of thousands
// of files makes many small questions and not a vast one.
const asked = 200

// settleAt puts away what is decided at one station.
func (l *Line) settleAt(ctx context.Context, f *intake.Folder) error {
	claimed, err := f.Claimed()
	for some := range slices.Chunk(claimed, asked) {
		ids := make([]string, len(some))
		for i, a := range some {
			ids[i] = a.ID
		}
		fates, ask := l.Store.Fates(ctx, ids)
		if ask != nil {
			return errors.Join(err, ask)
		}
		known := map[string]exam.Fate{}
		for _, fate := range fates {
			known[fate.ID] = fate
		}
		for _, a := range some {
			fate, ok := known[a.ID]
			if !ok {
				err = errors.Join(err, l.forgotten(ctx, f, a))
				continue
			}
			err = errors.Join(err, l.end(ctx, f, a, fate))
		}
	}
	return err
}

// forgotten keeps a file that was claimed long enough ago to have been kept.
func (l *Line) forgotten(ctx context.Context, f *intake.Folder, a intake.Arrival) error {
	const patience = 30 * time.Second // other lines may be keeping it
	if _, busy := l.taking.Load(a.ID); busy || l.now().Sub(a.At) < patience {
		return nil
	}
	a, err := f.Sum(ctx, a)
	if err != nil {
		return err
	}
	return l.keep(ctx, f, a)
}

// end ends the life of one file, if that is decided. Repeating it changes nothing.
func (l *Line) end(ctx context.Context, f *intake.Folder, a intake.Arrival, fate exam.Fate) error {
	if fate.End == exam.EndWaiting {
		return nil
	}
	log := l.log().With("station", f.Station, "arrival", a.ID, "scan", fate.Scan, "name", a.Name)
	if a.Size != fate.Size {
		log.Warn("a file grew after it was taken; it was put back and is taken again", "bytes", a.Size, "read", fate.Size)
		return f.PutBack(a)
	}
	log.Info("file settled", "end", fate.End, "pages", fate.Pages, "returned", len(fate.Back))
	switch fate.End {
	case exam.EndCopied:
		l.Metrics.copied()
		return f.Done(a, intake.Copies)
	case exam.EndReturned:
		return f.Return(a, slip(fate))
	}
	if err := l.giveBack(ctx, f, a, fate); err != nil {
		return err
	}
	return f.Done(a, intake.Read)
}

// giveBack returns the pages of a file that were not read although others were,
// each as a picture. Blank pages and the sheets that part stacks are counted and kept,
// but nobody needs them back.
func (l *Line) giveBack(ctx context.Context, f *intake.Folder, a intake.Arrival, fate exam.Fate) error {
	fate.Back = slices.DeleteFunc(slices.Clone(fate.Back), func(r exam.Returned) bool { return exam.TrayOf(r.Why.Reason).Expected() })
	if len(fate.Back) == 0 {
		return nil
	}
	var pages []intake.Picture
	for _, r := range fate.Back {
		body, err := l.backPicture(ctx, fate.Scan, r)
		if err != nil {
			return err
		}
		if body != nil {
			pages = append(pages, intake.Picture{Image: r.Image, JPEG: body})
		}
	}
	return f.Slip(a, slip(fate), pages)
}

// backWidth shows a returned A4 page at about 100 dpi: enough to find the paper.
const backWidth = 850

// backPicture is a picture of a returned page; nil when none can be made of it.
func (l *Line) backPicture(ctx context.Context, scan exam.ScanID, r exam.Returned) ([]byte, error) {
	if r.Why.Reason == omr.Undecoded || r.Why.Reason == omr.Killed {
		return nil, nil
	}
	body, err := l.picture(ctx, exam.View{Scan: scan, Image: r.Image}, nil, geom.Rect[geom.Paper]{}, backWidth)
	if err != nil && ctx.Err() == nil && fault.KindOf(err) != fault.Transient {
		l.log().Warn("no picture could be made of a returned page; its slip goes alone", "scan", scan, "image", r.Image, "err", err)
		body, err = nil, nil
	}
	return body, err
}
