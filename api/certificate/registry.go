package certificate

import (
	"context"
	"fmt"
	"time"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/sheets/typeset"
)

// A Registry issues certificates and does all that is done with them. Its fields
// are set once; it is then safe for concurrent use.
type Registry struct {
	Store  Store
	Signer Signer
	Now    func() time.Time
	Fonts  *typeset.Fonts // PDF needs them

	// VerifyURL is the address of the public verification page; a serial follows it.
	VerifyURL string
}

// Issue issues what a session has earned and not yet got, and says how many were
// new. Where a person holds a certificate of the title with another score, because
// the key or a ruling changed since, the new one replaces it. It is safe to repeat:
// serials are derived, and issuing twice issues once. When it fails midway, what
// was issued stays and the rest is issued next time.
func (r *Registry) Issue(ctx context.Context, id exam.SessionID, by exam.Login) (issued int, err error) {
	defer fault.Wrap(&err, "certificate: issue for %s", id)
	passed, err := r.Store.Passed(ctx, id)
	if err != nil {
		return 0, err
	}
	held, err := r.held(ctx, id)
	if err != nil {
		return 0, err
	}
	for _, p := range passed {
		c, err := r.draft(id, p, by)
		if err != nil {
			return issued, err
		}
		fresh, err := r.keep(ctx, c)
		if err != nil {
			return issued, err
		}
		if fresh {
			issued++
		}
		if err := r.replace(ctx, held[holding{p.Person.Person, p.Title.ID}], c, by); err != nil {
			return issued, err
		}
	}
	return issued, nil
}

// A holding is what a person can hold one valid certificate of.
type holding struct {
	person exam.PersonID
	title  exam.TitleID
}

// held sorts the session's certificates that are neither revoked nor replaced.
func (r *Registry) held(ctx context.Context, id exam.SessionID) (map[holding][]Certificate, error) {
	all, err := r.Store.Certificates(ctx, id)
	if err != nil {
		return nil, err
	}
	out := map[holding][]Certificate{}
	for _, c := range all {
		if s := c.State(); s != Revoked && s != Replaced {
			h := holding{c.Person.Person, c.Title.ID}
			out[h] = append(out[h], c)
		}
	}
	return out, nil
}

// replace marks what was held before c as replaced by it. It comes after c is kept:
// a crash in between leaves two, and issuing again mends it.
func (r *Registry) replace(ctx context.Context, held []Certificate, c *Certificate, by exam.Login) error {
	for _, old := range held {
		if old.Serial == c.Serial {
			continue
		}
		why := fmt.Sprintf("نمره تغییر کرد؛ گواهینامهٔ %s جایگزین این است.", c.Serial)
		if err := r.Store.Act(ctx, old.Serial, len(old.Acts), Act{Kind: Replaced, By: by, At: r.now(), Reason: why}); err != nil {
			return err
		}
	}
	return nil
}

// draft is the signed certificate of what was passed.
func (r *Registry) draft(id exam.SessionID, p Passing, by exam.Login) (*Certificate, error) {
	if !p.Grade.Final() || p.Grade.Outcome != exam.Passed || p.Grade.Person != p.Person.Person || p.Grade.Title != p.Title.ID {
		return nil, fmt.Errorf("title %s of script %s is not passed for certain", p.Title.ID, p.Grade.Script)
	}
	c := &Certificate{
		Serial:  SerialOf(id, p.Person.Person, p.Title.ID, p.Grade.Low),
		Session: id,
		Person:  p.Person,
		Title:   p.Title,
		Grade:   p.Grade,
		Words:   p.Words,
		Acts:    []Act{{Kind: Issued, By: by, At: r.now()}},
	}
	c.Title.Items = nil
	var err error
	c.Signature, c.KeyID, err = r.Signer.Sign(Message(c))
	return c, err
}

// now is to the second: what is signed must come back from every store as it was.
func (r *Registry) now() time.Time { return r.Now().UTC().Truncate(time.Second) }

// keep keeps c and says whether it was new. A serial that belongs to something
// else is an error, never taken for an earlier issue.
func (r *Registry) keep(ctx context.Context, c *Certificate) (bool, error) {
	fresh, err := r.Store.Keep(ctx, *c)
	if err != nil || fresh {
		return fresh, err
	}
	old, err := r.Store.Certificate(ctx, c.Serial)
	if err != nil {
		return false, err
	}
	if old.Session != c.Session || old.Person.Person != c.Person.Person || old.Title.ID != c.Title.ID {
		return false, fmt.Errorf("serial %s belongs to title %s of session %s", c.Serial, old.Title.ID, old.Session)
	}
	return false, nil
}

// Act adds an act, if by may. Who acts on a certificate that changed meanwhile gets
// a fault.Conflict.
func (r *Registry) Act(ctx context.Context, s Serial, k Kind, by exam.Login, reason string) (err error) {
	defer fault.Wrap(&err, "certificate: %v %s", k, s)
	if err := checkReason(k, reason); err != nil {
		return err
	}
	c, err := r.Store.Certificate(ctx, s)
	if err != nil {
		return err
	}
	if err := c.May(k, by); err != nil {
		return err
	}
	return r.Store.Act(ctx, s, len(c.Acts), Act{Kind: k, By: by, At: r.now(), Reason: reason})
}

// Verify is nil when c says what was signed when it was issued. It does not say
// that c is valid today: that is c.Valid.
func (r *Registry) Verify(c *Certificate) error {
	return r.Signer.Verify(Message(c), c.Signature, c.KeyID)
}
