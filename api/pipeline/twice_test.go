package pipeline

import (
	"bytes"
	"context"
	"image/jpeg"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bargkhan/api/exam"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// TestTwice delivers one sheet of paper more than once, each time as another scan.
func TestTwice(t *testing.T) {
	t.Run("S-27 the same marks are one sheet", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		img := o.of(0, 10, 0)
		o.drop(map[string][]byte{"a.jpg": jpg(img), "b.jpg": omrtest.EncodeJPEG(img, 70, dpi), "c.tif": tif(img)})
		o.run(o.still(3), o.line(o.store).Run)
		o.oneSheet([]string{"read/a.jpg", "read/b.jpg", "read/c.tif"}, 3)
	})

	t.Run("W13 alone and once more inside a PDF", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		img := o.of(0, 10, 0)
		o.drop(map[string][]byte{"page1.jpg": jpg(img), "all.pdf": omrtest.EncodePDF(pages(img, o.of(1, 10, 0)), 85, dpi)})
		o.run(o.still(2), o.line(o.store).Run)
		if got := o.outcomes(); len(got) != 2 {
			t.Errorf("graded %v, want both of the PDF, once each", got)
		}
		s, err := o.store.Script(context.Background(), exam.ScriptOf(o.people[0].Serial))
		if err != nil || len(s.Sheets) != 2 {
			t.Fatalf("script: %+v, %v; want two scans of one sheet", s, err)
		}
	})

	t.Run("S-28 different marks are a doubt with both pictures", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		o.drop(map[string][]byte{"before.jpg": jpg(o.of(0, 10, 0)), "after.jpg": jpg(o.of(0, 9, 0))})
		l := o.line(o.store)
		o.run(o.still(2), l.Run)
		o.disagree(l)
	})

	t.Run("S-33 half a stack fed again after a power cut", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t)
		stack := map[string][]byte{"docs0001.jpg": jpg(o.of(0, 10, 0)), "docs0002.jpg": jpg(o.of(1, 10, 0))}
		o.drop(stack)
		half := jpg(o.of(2, 10, 0))
		o.drop(map[string][]byte{"docs0003.jpg": half[:len(half)/2]})
		o.run(o.still(2), o.line(o.store).Run)
		// The counter starts again; the sheets are the same, the files are not.
		again := map[string][]byte{}
		for i, name := range []string{"docs0001.jpg", "docs0002.jpg", "docs0004.jpg"} {
			again[name] = omrtest.EncodeJPEG(o.of(i, 10, 0), 80, dpi)
		}
		o.drop(again)
		o.run(o.still(5), o.line(o.store).Run)
		o.oneSheet(o.tree(), 2)
		if got := o.outcomes(); len(got) != 3 {
			t.Errorf("graded %v, want three", got)
		}
		waits, err := o.line(o.store).Waiting("hall-1")
		if err != nil || !slices.Contains(o.tree(), "drop/docs0003.jpg") {
			t.Errorf("the half file does not wait: %v, %v, %v", waits, err, o.tree())
		}
	})
}

// oneSheet wants these files and one script of the first candidate made of n
// scans, with nothing to ask anybody.
func (o *office) oneSheet(want []string, n int) {
	o.t.Helper()
	if diff := cmp.Diff(want, o.tree()); diff != "" {
		o.t.Error(diff)
	}
	ctx := context.Background()
	s, err := o.store.Script(ctx, exam.ScriptOf(o.people[0].Serial))
	o.must(err)
	if len(s.Sheets) != n {
		o.t.Errorf("the script is of %d scans, want %d", len(s.Sheets), n)
	}
	if got, want := o.outcomes()[o.people[0].Person], "passed 5/5-5/5 passed 5/5-5/5 "; got != want {
		o.t.Errorf("graded %q, want %q", got, want)
	}
	for _, office := range []bool{false, true} {
		if tasks, err := o.store.Tasks(ctx, o.ses.ID, office, 10); err != nil || len(tasks) != 0 {
			o.t.Errorf("somebody is asked: %+v, %v", tasks, err)
		}
	}
}

// disagree wants one question, about the mark of which two scans say different
// things, with a picture of each, and no certificate's grade until it is settled.
func (o *office) disagree(l *Line) {
	o.t.Helper()
	ctx := context.Background()
	tasks, err := o.store.Tasks(ctx, o.ses.ID, false, 10)
	o.must(err)
	if len(tasks) != 1 || tasks[0].Field != "q10" || len(tasks[0].Doubts) != 1 || tasks[0].Doubts[0].Reason != judge.Disagree {
		o.t.Fatalf("tasks: %+v, want q10 in doubt because two scans disagree", tasks)
	}
	views := tasks[0].Views
	if len(views) != 2 || views[0].Scan == views[1].Scan {
		o.t.Fatalf("views: %+v, want both scans", views)
	}
	var seen [][]byte
	for _, v := range views {
		body, err := l.Picture(ctx, v, geom.R[geom.Paper](15, 60, 195, 290), 600)
		o.must(err)
		if _, err := jpeg.Decode(bytes.NewReader(body)); err != nil {
			o.t.Error(err)
		}
		seen = append(seen, body)
	}
	if bytes.Equal(seen[0], seen[1]) {
		o.t.Error("both pictures are the same")
	}
	if got, want := o.outcomes()[o.people[0].Person], "passed 5/5-5/5 passed 4/5-5/5 "; got != want {
		o.t.Errorf("while it is open: %q, want %q", got, want)
	}
	r := exam.Ruling{Field: "q10", Choices: []sheets.Choice{"3"}, By: "supervisor"}
	o.must(l.Rule(ctx, tasks[0].Script, tasks[0].Rev, r))
	if got, want := o.outcomes()[o.people[0].Person], "passed 5/5-5/5 passed 4/5-4/5 "; got != want {
		o.t.Errorf("after the ruling: %q, want %q", got, want)
	}
}
