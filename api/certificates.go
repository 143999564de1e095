package api

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"bargkhan/api/certificate"
	"bargkhan/api/exam"
	"bargkhan/api/fault"
)

// issue issues what the session has earned and not yet got.
func (f *surface) issue(c echo.Context) error {
	ctx, id := c.Request().Context(), exam.SessionID(c.Param("id"))
	n, err := f.Registry.Issue(ctx, id, whoIs(c).Login)
	if err != nil {
		return err
	}
	hs, err := f.blocked(ctx, id)
	if err != nil {
		return err
	}
	others, err := f.Records.Elsewhere(ctx, id)
	if err != nil {
		return err
	}
	at, held := []exam.VenueID{}, []certificate.Serial{}
	for _, h := range hs {
		at = append(at, h.Venue.ID)
	}
	for i := range others {
		held = append(held, others[i].Serial)
	}
	return c.JSON(http.StatusOK, map[string]any{"issued": n, "blocked": at, "elsewhere": held})
}

// blocked are the venues of a session whose certificates are not issued, because
// their counts have a difference that nobody answers for.
func (f *surface) blocked(ctx context.Context, id exam.SessionID) (out []*exam.Hall, err error) {
	hs, err := f.Records.Halls(ctx, id)
	for i := range hs {
		if hs[i].MayClose() != nil {
			out = append(out, &hs[i])
		}
	}
	return out, err
}

// listCertificates lists a session's certificates.
func (f *surface) listCertificates(c echo.Context) error {
	cs, err := f.Records.Certificates(c.Request().Context(), exam.SessionID(c.Param("id")))
	if err != nil {
		return err
	}
	return list(c, "certificates", cs)
}

// addressed is the certificate of the address, however its serial is typed.
func (f *surface) addressed(c echo.Context) (*certificate.Certificate, error) {
	s, err := certificate.ParseSerial(c.Param("serial"))
	if err != nil {
		return nil, notFound("شمارهٔ گواهی درست نوشته نشده است؛ پانزده نویسهٔ روی گواهی را دوباره بنویسید.")
	}
	return f.Records.Certificate(c.Request().Context(), s)
}

// certificate shows one.
func (f *surface) certificate(c echo.Context) error {
	cert, err := f.addressed(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, cert)
}

// certificatePDF draws one.
func (f *surface) certificatePDF(c echo.Context) error {
	cert, err := f.addressed(c)
	if err != nil {
		return err
	}
	return f.draw(c, string(cert.Serial), []certificate.Certificate{*cert})
}

// certificatesPDF draws all certificates of a session that are approved and stand.
func (f *surface) certificatesPDF(c echo.Context) error {
	id := c.Param("id")
	cs, err := f.Records.Certificates(c.Request().Context(), exam.SessionID(id))
	if err != nil {
		return err
	}
	cs = slices.DeleteFunc(cs, func(k certificate.Certificate) bool { return !k.Valid() })
	if len(cs) == 0 {
		return fault.New(fault.Conflict, "گواهی تأییدشده‌ای در این آزمون نیست.", "نخست گواهی‌ها را صادر و تأیید کنید.")
	}
	return f.draw(c, id, cs)
}

// draw answers with certificates as PDF.
func (f *surface) draw(c echo.Context, name string, cs []certificate.Certificate) error {
	var b bytes.Buffer // drawn whole first: an error is then still an error to the caller
	if err := f.Registry.PDF(c.Request().Context(), &b, cs); err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `inline; filename="`+name+`.pdf"`)
	return c.Blob(http.StatusOK, "application/pdf", b.Bytes())
}

// acts are what may be done with a certificate over the API, and whose it is to do.
var acts = map[string]struct {
	kind certificate.Kind
	by   exam.Duty
}{
	"approved":   {certificate.Approved, exam.Approver},
	"delivered":  {certificate.Delivered, exam.Expert},
	"revoked":    {certificate.Revoked, exam.Approver},
	"duplicated": {certificate.Duplicated, exam.Expert},
}

// act does something with a certificate.
func (f *surface) act(c echo.Context) error {
	var a struct {
		Kind   string `json:"kind"`
		Reason string `json:"reason"`
	}
	if err := decode(c, &a); err != nil {
		return err
	}
	cert, err := f.addressed(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := f.perform(ctx, whoIs(c), cert.Serial, a.Kind, a.Reason); err != nil {
		return err
	}
	if cert, err = f.Records.Certificate(ctx, cert.Serial); err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, cert)
}

// perform lets w do an act, if it is his to do.
func (f *surface) perform(ctx context.Context, w who, s certificate.Serial, kind, reason string) error {
	a, ok := acts[kind]
	if !ok {
		return invalid("چنین کاری با گواهی شناخته نیست.", "یکی از approved، delivered، revoked و duplicated را بدهید.")
	}
	if !w.may(a.by) {
		return denied("", "")
	}
	return f.Registry.Act(ctx, s, a.kind, w.Login, reason)
}

// standing is what a certificate is worth now, as a stable code: "valid",
// "revoked", "replaced" or "unapproved".
func standing(k *certificate.Certificate) string {
	switch {
	case k.Valid():
		return "valid"
	case k.State() == certificate.Revoked, k.State() == certificate.Replaced:
		return k.State().String()
	}
	return "unapproved"
}

// A verification is all that the public is told of a certificate.
type verification struct {
	Serial   certificate.Serial `json:"serial"`
	Standing string             `json:"standing"` // "valid", "revoked", "replaced", "unapproved", "forged"
	Initials string             `json:"initials"`
	Title    string             `json:"title"`
	Date     exam.Date          `json:"date"`            // of the exam
	Since    *exam.Date         `json:"since,omitempty"` // of the act that revoked or replaced it
}

// verify tells the public what a certificate is worth.
func (f *surface) verify(c echo.Context) error {
	v, err := f.verified(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// verified looks up and checks the certificate of the address.
func (f *surface) verified(c echo.Context) (*verification, error) {
	k, err := f.addressed(c)
	if err != nil {
		return nil, err
	}
	v := &verification{Serial: k.Serial, Standing: standing(k), Initials: initials(k.Person.Name), Title: k.Title.Name, Date: k.Words.Date}
	if err := f.Registry.Verify(k); err != nil {
		f.Log.ErrorContext(c.Request().Context(), "a certificate's signature does not hold", "serial", k.Serial, "err", err)
		v.Standing = "forged"
	}
	if a, ok := k.Act(k.State()); ok && v.Standing == a.Kind.String() {
		d := exam.DateOf(a.At)
		v.Since = &d
	}
	return v, nil
}

// initials are the first letters of the words of a name: «علی محمدی» is «ع. م.».
func initials(name string) string {
	var out []string
	for _, w := range strings.Fields(name) {
		if r, _ := utf8.DecodeRuneInString(w); r != utf8.RuneError {
			out = append(out, string(r)+".")
		}
	}
	return strings.Join(out, " ")
}
