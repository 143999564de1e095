package api

import (
	"fmt"
	"iter"
	"slices"

	"github.com/labstack/echo/v4"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/persian"
	"bargkhan/sheets"
	"bargkhan/sheets/print"
	"bargkhan/sheets/typeset"
)

// maxSpares bounds one print: a hall has dozens of spares, not thousands.
const maxSpares = 5000

// maxStack bounds a stack: no feeder takes more at once.
const maxStack = 500

// printSheets allots the serials of a session and answers with its sheets as PDF:
// one for each candidate, in the order of the roster, then the spares. Asking again
// prints the same serials again.
func (f *surface) printSheets(c echo.Context) error {
	var ask struct {
		Spares int `json:"spares"`
		Stack  int `json:"stack"` // sheets of a stack at most; 0: no stacks
	}
	if err := decode(c, &ask); err != nil {
		return err
	}
	if ask.Spares < 0 || ask.Spares > maxSpares {
		return invalid("شمار برگه‌های سفید پذیرفته نیست.", fmt.Sprintf("عددی از ۰ تا %s بدهید.", fa(maxSpares)))
	}
	if ask.Stack < 0 || ask.Stack > maxStack {
		return invalid("اندازهٔ دسته پذیرفته نیست.", fmt.Sprintf("عددی از ۱ تا %s بدهید، یا stack را ندهید.", fa(maxStack)))
	}
	ctx, id := c.Request().Context(), exam.SessionID(c.Param("id"))
	ses, err := f.Records.Session(ctx, id)
	if err != nil {
		return err
	}
	own, spare, err := f.papers(c, id, ask.Spares)
	if err != nil {
		return err
	}
	fonts, err := f.faces()
	if err != nil {
		return err
	}
	cs, spares, err := f.Records.AllotSerials(ctx, id, ask.Spares)
	if err != nil {
		return err
	}
	if spare == nil && len(spares) > 0 {
		return noSpare()
	}
	if ask.Stack > 0 && len(cs)+len(spares) == 0 {
		return fault.New(fault.Conflict, "برگه‌ای برای چاپ نیست.", "نخست فهرست داوطلبان را وارد کنید، یا شمار برگه‌های سفید را بدهید.")
	}
	if ask.Stack > 0 {
		b := print.Batch{Design: own, Spare: spare, Session: string(id), Name: ses.Name, Date: faDate(ses.Date), Stack: ask.Stack,
			Venues: sittings(ses, cs), Spares: slices.Collect(copiesOf(spares))}
		asPDF(c, string(id)+".pdf")
		return b.PDF(c.Response(), fonts, nil)
	}
	all, err := batches(ses, own, spare, cs, spares, fonts)
	if err != nil {
		return err
	}
	return stream(c, string(id)+".pdf", ses.Name, all)
}

// listSheets lists the sheets of paper that were printed, and for whom.
func (f *surface) listSheets(c echo.Context) error {
	ps, err := f.Records.Sheets(c.Request().Context(), exam.SessionID(c.Param("id")))
	if err != nil {
		return err
	}
	return list(c, "sheets", ps)
}

// papers finds the design for candidates, without a number grid, and the one for
// spares, with one. A design that is asked for nothing may be missing.
func (f *surface) papers(c echo.Context, id exam.SessionID, spares int) (own, spare *sheets.Design, err error) {
	ds, err := f.designs(c.Request().Context(), id)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range ds { // the latest of each kind stands
		if hasGrid(d) {
			spare = d
		} else {
			own = d
		}
	}
	if own == nil {
		return nil, nil, fault.New(fault.Conflict, "این آزمون طرحی برای برگه‌های نام‌دار ندارد.", "نخست طرحی بی جدول کد ملی به آزمون بیفزایید.")
	}
	if spare == nil && spares > 0 {
		return nil, nil, noSpare()
	}
	return own, spare, nil
}

// noSpare says that spares are asked for and no design can make them.
func noSpare() error {
	return fault.New(fault.Conflict, "این آزمون طرحی برای برگه‌های سفید ندارد.", "نخست طرحی با جدول کد ملی به آزمون بیفزایید، یا spares را ۰ بدهید.")
}

// A batch is copies of one design.
type batch struct {
	printer *print.Printer
	copies  iter.Seq[print.Copy]
}

// copiesFor are the sheets of the candidates.
func copiesFor(ses *exam.Session, cs []exam.Candidate) iter.Seq[print.Copy] {
	venues := map[exam.VenueID]string{}
	for _, v := range ses.Venues {
		venues[v.ID] = v.Name
	}
	return func(yield func(print.Copy) bool) {
		for _, k := range cs {
			p := print.Person{Name: k.Name, Father: k.Father, Number: string(k.Person), Employer: k.Employer, Venue: venues[k.Venue], Seat: k.Seat}
			if !yield(print.Copy{Stamp: sheets.Stamp{Serial: k.Serial}, Person: p}) {
				return
			}
		}
	}
}

// copiesOf are sheets without a name.
func copiesOf(serials []sheets.Serial) iter.Seq[print.Copy] {
	return func(yield func(print.Copy) bool) {
		for _, s := range serials {
			if !yield(print.Copy{Stamp: sheets.Stamp{Serial: s}}) {
				return
			}
		}
	}
}

// batches prepares to print own for the candidates and spare for the others.
func batches(ses *exam.Session, own, spare *sheets.Design, cs []exam.Candidate, spares []sheets.Serial, fonts *typeset.Fonts) ([]batch, error) {
	p, err := print.New(own, fonts)
	if err != nil {
		return nil, err
	}
	all := []batch{{p, copiesFor(ses, cs)}}
	if len(spares) == 0 {
		return all, nil
	}
	if p, err = print.New(spare, fonts); err != nil {
		return nil, err
	}
	return append(all, batch{p, copiesOf(spares)}), nil
}

// sittings are the venues of a session as they are printed: each with its sheets in the
// order of the roster, and its list at the door in the order of the names. Whoever has
// no venue comes last.
func sittings(ses *exam.Session, cs []exam.Candidate) (out []print.Venue) {
	of := map[string][]print.Copy{}
	for k := range copiesFor(ses, cs) {
		of[k.Person.Venue] = append(of[k.Person.Venue], k)
	}
	names := make([]string, 0, len(ses.Venues)+1)
	for _, v := range ses.Venues {
		names = append(names, v.Name)
	}
	for _, name := range append(names, "") {
		if here := of[name]; len(here) > 0 {
			door := slices.Clone(here)
			persian.Sort(door, func(k print.Copy) string { return k.Person.Name })
			out = append(out, print.Venue{Name: name, Sheets: here, Door: door})
			delete(of, name) // two venues of one name are one
		}
	}
	return out
}

// asPDF says that a file to keep follows.
func asPDF(c echo.Context, name string) {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "application/pdf")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
}

// stream writes the batches as one PDF. A fault after the first page cannot change
// the status any more: the file ends without its end, and no reader opens it.
func stream(c echo.Context, name, title string, all []batch) error {
	asPDF(c, name)
	out := typeset.NewPDF(c.Response(), typeset.Meta{Title: title})
	for _, b := range all {
		for k := range b.copies {
			if err := b.printer.Add(out, k); err != nil {
				return err
			}
		}
	}
	return out.Close()
}
