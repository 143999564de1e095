package api

import (
	"slices"

	"bargkhan/api/exam"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// A box is a place on a sheet of paper, in mm.
type box = geom.Rect[geom.Paper]

// A look is where a field of a script can be seen without seeing whose it is. What
// may not be seen is left out of the picture here, before it is cut: a mask in the
// browser could be taken off.
type look struct {
	view  exam.View
	field box // the field's own bubbles
	crop  box // the field enlarged in its surroundings
	page  box // the sheet, as far as it is blind
}

// Measures around a field, in mm. Fourteen to the sides show a row's number; eleven
// up and down show two or three rows each way, against which an eye compares a faint
// mark. A column of digits has the box it was written into above it, seven high on
// sheets of ours. The form and the staff's bubble lie beside the signature, so
// little is shown around them. Around all answers, twelve to the sides show the
// numbers of the first column, and fifteen above the titles of the blocks.
const (
	cropAside  = 14.0
	cropAbove  = 11.0
	digitAside = 14.0
	digitAbove = 10.5
	stripAside = 6.0
	pageAside  = 12.0
	pageAbove  = 15.0
	pageBelow  = 5.0
)

// openSlots are the slots of printed words that say nothing of a person. Any other
// slot counts as personal, also one that is not known here yet.
var openSlots = []string{"", sheets.SlotSerial, sheets.SlotCode}

// find returns the page, from 0, and the field of d called id; nil when d has none.
func find(d *sheets.Design, id sheets.FieldID) (int, *sheets.Field) {
	for p := range d.Pages {
		for i := range d.Pages[p].Fields {
			if f := &d.Pages[p].Fields[i]; f.ID == id {
				return p, f
			}
		}
	}
	return 0, nil
}

// bounds is the smallest box that holds the bubbles of f.
func bounds(f *sheets.Field) box {
	b := f.Bubbles[0].Box
	for _, u := range f.Bubbles[1:] {
		b = b.Union(u.Box)
	}
	return b
}

// looks lists where the field of s can be seen, in the order its sheets came; nil
// when the sheet has no such field.
func looks(s *exam.Script, id sheets.FieldID) []look {
	if id == exam.PersonField {
		return wholes(s)
	}
	if s.Design == nil {
		return nil
	}
	p, f := find(s.Design, id)
	if f == nil {
		return nil
	}
	l := look{field: bounds(f)}
	l.crop, l.page = surroundings(s.Design, p, f), blind(s.Design, p, f)
	var all []look
	for _, sh := range s.Sheets {
		if sh.Reading.Stamp.Page == p+1 {
			l.view = exam.View{Scan: sh.Scan, Image: sh.Image}
			all = append(all, l)
		}
	}
	return all
}

// wholes are the pages of s uncut, for the one question whose it is.
func wholes(s *exam.Script) []look {
	all := make([]look, len(s.Sheets))
	for i, sh := range s.Sheets {
		all[i].view = exam.View{Scan: sh.Scan, Image: sh.Image}
	}
	return all
}

// surroundings is the part of page p that field f is shown in, enlarged.
func surroundings(d *sheets.Design, p int, f *sheets.Field) box {
	aside, above, below := cropAside, cropAbove, cropAbove
	switch f.Role {
	case sheets.Identity:
		aside, above, below = digitAside, digitAbove, stripAside
	case sheets.Version, sheets.Presence:
		aside, above, below = stripAside, stripAside, stripAside
	case sheets.Answer, sheets.Survey:
	}
	b := bounds(f)
	wide := geom.R[geom.Paper](b.Min.X-aside, b.Min.Y-above, b.Max.X+aside, b.Max.Y+below)
	out, ok := cut(within(wide, d), b, personal(d, p, f))
	if !ok {
		return b // the field touches a personal box: nothing around it is shown
	}
	return out
}

// blind is the part of page p that is shown as the sheet: what is answered on it
// with a small margin, and nothing that says whose it is. What lies elsewhere on
// the sheet, the form and the staff's bubble, is seen in the crop alone.
func blind(d *sheets.Design, p int, f *sheets.Field) box {
	keep := answers(d, p, f)
	wide := geom.R[geom.Paper](keep.Min.X-pageAside, keep.Min.Y-pageAbove, keep.Max.X+pageAside, keep.Max.Y+pageBelow)
	if f.Role == sheets.Identity {
		wide.Min.X, wide.Max.X = keep.Min.X-stripAside, keep.Max.X+stripAside
	}
	hidden := personal(d, p, f)
	if out, ok := cut(within(wide, d), keep, hidden); ok {
		return out
	}
	return surroundings(d, p, f)
}

// answers is the smallest box that holds the fields of page p of the kind that is
// looked at: the digits of the number for one of them, the questions for all else.
func answers(d *sheets.Design, p int, f *sheets.Field) box {
	out, none := box{}, true
	for i := range d.Pages[p].Fields {
		g := &d.Pages[p].Fields[i]
		if (g.Role == sheets.Identity) != (f.Role == sheets.Identity) || g.Role == sheets.Version || g.Role == sheets.Presence {
			continue
		}
		if none {
			out, none = bounds(g), false
		}
		out = out.Union(bounds(g))
	}
	if none {
		return bounds(f)
	}
	return out
}

// personal lists the places of page p that say whose the sheet is, and, unless a
// digit of it is looked at, the candidate's number with what is written above it.
func personal(d *sheets.Design, p int, f *sheets.Field) []box {
	var hidden []box
	for _, dec := range d.Pages[p].Decor {
		if !slices.Contains(openSlots, dec.Slot) && (f.Role != sheets.Identity || dec.Slot != sheets.SlotNumber) {
			hidden = append(hidden, dec.Box)
		}
	}
	for i := range d.Pages[p].Fields {
		if g := &d.Pages[p].Fields[i]; g.Role == sheets.Identity && f.Role != sheets.Identity {
			b := bounds(g)
			b.Min.Y -= digitAbove
			hidden = append(hidden, b)
		}
	}
	return hidden
}

// cut takes from b, one straight cut for each hidden box, all that is hidden, and
// keeps all of keep and as much else as it can. It says no when keep itself is hidden.
func cut(b, keep box, hidden []box) (box, bool) {
	for _, h := range hidden {
		if !b.Overlaps(h) {
			continue
		}
		best, found := box{}, false
		for _, part := range []box{
			{Min: b.Min, Max: geom.Point[geom.Paper]{X: b.Max.X, Y: h.Min.Y}},
			{Min: geom.Point[geom.Paper]{X: b.Min.X, Y: h.Max.Y}, Max: b.Max},
			{Min: b.Min, Max: geom.Point[geom.Paper]{X: h.Min.X, Y: b.Max.Y}},
			{Min: geom.Point[geom.Paper]{X: h.Max.X, Y: b.Min.Y}, Max: b.Max},
		} {
			if holds(part, keep) && (!found || part.W()*part.H() > best.W()*best.H()) {
				best, found = part, true
			}
		}
		if !found {
			return box{}, false
		}
		b = best
	}
	return b, holds(b, keep)
}

// holds says whether all of b lies in a.
func holds(a, b box) bool {
	return a.Min.X <= b.Min.X && a.Min.Y <= b.Min.Y && a.Max.X >= b.Max.X && a.Max.Y >= b.Max.Y
}

// within is the part of b that lies on the paper.
func within(b box, d *sheets.Design) box {
	return geom.R[geom.Paper](max(b.Min.X, 0), max(b.Min.Y, 0), min(b.Max.X, d.Size.X), min(b.Max.Y, d.Size.Y))
}

// A frame is a box inside a picture: left, top, width and height as parts of the
// picture's own, so that a page can draw it at any size.
type frame [4]float64

// frameOf says where b lies in the picture of a; nil when it is not in it.
func frameOf(a, b box) *frame {
	if a.W() <= 0 || a.H() <= 0 || !holds(a.Inset(-0.01), b) {
		return nil
	}
	return &frame{(b.Min.X - a.Min.X) / a.W(), (b.Min.Y - a.Min.Y) / a.H(), b.W() / a.W(), b.H() / a.H()}
}
