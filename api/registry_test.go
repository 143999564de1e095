package api_test

import (
	"context"
	"io"

	"bargkhan/api/certificate"
	"bargkhan/api/exam"
	"bargkhan/api/fault"
)

// registry issues and acts without a signature or a drawing.
type registry struct{ *world }

func newRegistry(w *world) registry { return registry{w} }

func (r registry) Issue(ctx context.Context, id exam.SessionID, by exam.Login) (issued int, err error) {
	ps, err := r.store.Passed(ctx, id)
	if err != nil {
		return 0, err
	}
	for _, p := range ps {
		c := certificate.Certificate{
			Serial: certificate.Serial(string(p.Person.Person) + "." + string(p.Title.ID)), Session: id, Person: p.Person, Title: p.Title, Grade: p.Grade, Words: p.Words,
			Acts: []certificate.Act{{Kind: certificate.Issued, By: by, At: r.clock()}}, Signature: []byte("s"), KeyID: "k",
		}
		c.Title.Items = nil
		fresh, err := r.store.Registry().Keep(ctx, c)
		if err != nil {
			return issued, err
		}
		if fresh {
			issued++
		}
	}
	return issued, nil
}

func (r registry) Act(ctx context.Context, s certificate.Serial, k certificate.Kind, by exam.Login, reason string) error {
	c, err := r.store.Certificate(ctx, s)
	if err != nil {
		return err
	}
	if k == certificate.Approved && c.Acts[0].By == by {
		return fault.New(fault.Denied, "صادرکننده تأیید نمی‌کند.", "از دیگری بخواهید.")
	}
	return r.store.Registry().Act(ctx, s, len(c.Acts), certificate.Act{Kind: k, By: by, At: r.clock(), Reason: reason})
}

func (r registry) Verify(*certificate.Certificate) error { return nil }

func (r registry) PDF(_ context.Context, w io.Writer, _ []certificate.Certificate) error {
	_, err := io.WriteString(w, "%PDF-1.7\n%%EOF\n")
	return err
}
