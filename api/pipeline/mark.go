package pipeline

import (
	"context"

	"bargkhan/api/exam"
)

// markOnce computes what follows from a script as it is now, and keeps it if the
// script is still so.
func (l *Line) markOnce(ctx context.Context, id exam.ScriptID, desk *desk) error {
	s, err := l.Store.Script(ctx, id)
	if err != nil {
		return err
	}
	ses, roster, err := desk.session(ctx, s.Session)
	if err != nil {
		return err
	}
	var claims []exam.ScriptID
	if p, _ := exam.Whose(s, roster); p != "" {
		if claims, err = l.Store.Claims(ctx, s.Session, p); err != nil {
			return err
		}
	}
	return l.Store.Mark(ctx, exam.Mark(ses, s, roster, claims))
}
