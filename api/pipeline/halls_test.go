package pipeline

import (
	"context"
	"image"
	"slices"
	"testing"
	"time"

	"bargkhan/api/exam"
	"bargkhan/omr"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// paint covers a box of the paper, given in mm, on a clean scan.
func paint(img *image.Gray, box geom.Rect[geom.Paper], tone uint8) *image.Gray {
	out := omrtest.Clone(img)
	px := func(mm float64) int { return int(mm * float64(dpi) / 25.4) }
	for y := px(box.Min.Y); y < px(box.Max.Y); y++ {
		for x := px(box.Min.X); x < px(box.Max.X); x++ {
			out.Pix[y*out.Stride+x] = tone
		}
	}
	return out
}

// TestHalls has what a printer, a scanner's glass and candidates do to whole stacks.
func TestHalls(t *testing.T) {
	t.Run("S-31 one printed code is enough, and without any the sheet is asked for again", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		codes := o.design.Pages[0].Codes
		if len(codes) != 2 {
			t.Fatalf("the design has %d codes", len(codes))
		}
		first, second := paint(o.of(0, 10, 0), codes[0], 128), paint(o.of(1, 10, 0), codes[1], 128)
		none := paint(paint(o.of(2, 10, 0), codes[0], 128), codes[1], 128)
		o.drop(map[string][]byte{"a.jpg": jpg(first), "b.jpg": jpg(second), "c.jpg": jpg(none)})
		o.run(o.still(3), o.line(o.store).Run)
		if got := o.outcomes(); len(got) != 2 || got[national(0)] == "" || got[national(1)] == "" {
			t.Errorf("graded %v, want the two with a code left", got)
		}
		f := o.fate("c.jpg")
		if f.End != exam.EndReturned || !slices.Equal(reasons(f), []omr.Reason{omr.NoStamp}) || f.Back[0].Tray() != exam.Again {
			t.Errorf("without a code: %+v", f)
		}
		h := o.hall()
		if missing := h.MissingSerials(); !slices.Contains(missing, o.people[2].Serial) {
			t.Errorf("missing %v, want the sheet without a code among them", missing)
		}
	})

	t.Run("S-32 dust on the glass is an alarm until it is wiped off", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		streak := func() int {
			t.Helper()
			s, err := o.store.Streak(context.Background(), "hall-1")
			o.must(err)
			if s.Alarm() != (s.Pages >= 3) {
				t.Errorf("alarm %v of %d sheets", s.Alarm(), s.Pages)
			}
			return s.Pages
		}
		dirty := omrtest.Streak(0.97, 2, 40) // beside the bubbles
		o.drop(map[string][]byte{"1.jpg": jpg(o.of(0, 10, 0)), "2.tif": tif(dirty(o.of(1, 10, 0), o.rng), o.blank(), dirty(o.of(2, 10, 0), o.rng)), "3.jpg": jpg(dirty(o.of(3, 10, 0), o.rng))})
		o.run(o.still(3), o.line(o.store).Run)
		if got := streak(); got != 3 {
			t.Errorf("%d streaked sheets in a row, want 3", got)
		}
		if got := o.outcomes(); len(got) != 4 {
			t.Errorf("graded %v, want all four: no bubble is touched", got)
		}
		o.drop(map[string][]byte{"4.jpg": jpg(o.of(4, 10, 0))})
		o.run(o.still(4), o.line(o.store).Run)
		if got := streak(); got != 0 {
			t.Errorf("%d streaked sheets in a row after cleaning", got)
		}
	})

	t.Run("S-46 in two halls at once: both are held and nobody gets two certificates", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		ctx := context.Background()
		o.drop(map[string][]byte{"own.jpg": jpg(o.of(0, 10, 0)), "spare.jpg": jpg(o.sheet(o.design, sheets.Stamp{Page: 1, Serial: o.spares[0]}, 10, 0))})
		l := o.line(o.store)
		o.run(o.still(2), l.Run)
		spare, err := o.store.Script(ctx, exam.ScriptOf(o.spares[0]))
		o.must(err)
		o.must(l.Rule(ctx, spare.ID, spare.Rev, exam.Ruling{Field: exam.PersonField, Choices: []sheets.Choice{sheets.Choice(national(0))}, By: "expert"}))
		o.must(l.Grade(ctx))
		o.settleHall(2)
		if passed, err := o.store.Passed(ctx, o.ses.ID); err != nil || len(passed) != 0 {
			t.Errorf("earned with two sheets: %v, %v", passed, err)
		}
		// The office says that the second is nobody's: the first counts.
		spare, err = o.store.Script(ctx, spare.ID)
		o.must(err)
		o.must(l.Rule(ctx, spare.ID, spare.Rev, exam.Ruling{Field: exam.PersonField, Withdrawn: true, By: "expert"}))
		o.must(l.Grade(ctx))
		if passed, err := o.store.Passed(ctx, o.ses.ID); err != nil || len(passed) != 2 {
			t.Errorf("earned after the office decided: %v, %v; want both titles once", passed, err)
		}
	})

	t.Run("S-53 a stack printed 3 mm off is read, and a bubble that was not printed is asked about", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		shift := omrtest.Chain(dpi.Margin(3, 250), dpi.Crop(0, 6, 6, 0))
		b := o.design.Pages[0].Fields
		i := slices.IndexFunc(b, func(f sheets.Field) bool { return f.ID == question(4) })
		box := b[i].Bubbles[2].Box
		pale := paint(o.of(1, 10, 0), geom.R[geom.Paper](box.Min.X-0.5, box.Min.Y-0.5, box.Max.X+0.5, box.Max.Y+0.5), 250)
		o.drop(map[string][]byte{"1.jpg": jpg(shift(o.of(0, 10, 0), o.rng)), "2.jpg": jpg(shift(pale, o.rng))})
		o.run(o.still(2), o.line(o.store).Run)
		if got := o.outcomes(); got[national(0)] != "passed 5/5-5/5 passed 5/5-5/5 " {
			t.Errorf("graded %v", got)
		}
		s, err := o.store.Script(context.Background(), exam.ScriptOf(o.people[1].Serial))
		o.must(err)
		for _, v := range s.Sheets[0].Verdicts {
			if doubted := len(v.Doubts) > 0; doubted != (v.Field == question(4)) {
				t.Errorf("%s: %+v, want a doubt of the question with a missing bubble alone", v.Field, v)
			}
		}
	})
}

// settleHall has the hall count so many sheets, and say that the others did not come.
func (o *office) settleHall(paper int) {
	o.t.Helper()
	ctx := context.Background()
	_, err := o.store.EndBatch(ctx, exam.Batch{Station: "hall-1", Session: o.ses.ID, Venue: "sari", Paper: paper, By: "operator", At: time.Now()})
	o.must(err)
	var absent []exam.PersonID
	for _, c := range o.hall().Missing {
		absent = append(absent, c.Person)
	}
	o.must(o.store.Absent(ctx, o.ses.ID, "sari", absent, "expert", time.Now()))
}
