package api_test

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp"

	"bargkhan/api/exam"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
)

// ticked files a sheet of the first candidate on which questions 1 to 3 are ticked and
// question 4 is crossed; the right answer is ticked in each.
func (w *world) ticked() exam.ScriptID {
	p := w.personal(0, "1", 20)
	for i := range 4 {
		p.hands[field(i)], p.doubts[field(i)] = omrtest.Pencil, judge.Tick
	}
	p.doubts[field(3)] = judge.Cross
	return w.scan("ticked", p)
}

// said is what stands of a field.
func (w *world) said(id exam.ScriptID, field sheets.FieldID) (last exam.Ruling, n int) {
	w.t.Helper()
	s, err := w.store.Script(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range s.Rulings {
		if r.Field == field {
			last, n = r, n+1
		}
	}
	return last, n
}

// TestAlike settles all ticks of a sheet with one decision: each is a ruling of its own,
// can be taken back by itself, and a cross is another question.
func TestAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setUp()
	id := w.ticked()
	path := "/api/v1/scripts/" + string(id) + "/rulings"
	rev := 1
	var next struct {
		Task *struct {
			Field sheets.FieldID
			Alike int
		}
		Left int
	}
	w.call("nazer", "POST", "/api/v1/review/next", nil, 200, &next)
	if next.Left != 4 || next.Task == nil || next.Task.Field != "q1" || next.Task.Alike != 2 {
		t.Fatalf("next: %+v", next.Task)
	}
	w.refused("nazer", "POST", path, map[string]any{"rev": rev, "field": "q1", "choices": []string{"4"}, "alike": true}, 400, "invalid")
	w.refused("nazer", "POST", path, map[string]any{"rev": rev, "field": "q9", "choices": []string{}, "alike": true}, 400, "invalid")
	w.refused("nazer", "POST", path, map[string]any{"rev": rev, "field": "q1", "cannot_say": true, "alike": true}, 400, "invalid")
	w.refused("stranger", "POST", path, map[string]any{"rev": rev, "field": "q1", "choices": []string{}, "alike": true}, 404, "not-found")
	var made struct {
		Rev  int
		Also []struct{ Field sheets.FieldID }
	}
	w.call("nazer", "POST", path, map[string]any{"rev": rev, "field": "q1", "choices": []string{"1"}, "alike": true}, 201, &made)
	if made.Rev != 4 || len(made.Also) != 2 || made.Also[0].Field != "q2" || made.Also[1].Field != "q3" {
		t.Errorf("decided %+v", made)
	}
	for field, want := range map[sheets.FieldID]sheets.Choice{"q1": "1", "q2": "2", "q3": "3"} {
		if r, n := w.said(id, field); n != 1 || len(r.Choices) != 1 || r.Choices[0] != want || r.By != "nazer" || (r.Note == "") != (field == "q1") {
			t.Errorf("%s: %d rulings, %+v", field, n, r)
		}
	}
	if _, n := w.said(id, "q4"); n != 0 {
		t.Error("the cross was decided too")
	}
	w.call("nazer", "POST", path, map[string]any{"rev": made.Rev, "field": "q3", "withdrawn": true}, 201, nil)
	w.call("nazer", "POST", "/api/v1/review/next", nil, 200, &next)
	if next.Left != 2 {
		t.Errorf("%d are open after one is taken back, want it and the cross", next.Left)
	}
}

// TestAlikeOnDesk does it at the desk: a key, the decision, and back.
func TestAlikeOnDesk(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	id := w.ticked()
	ctx := browser(t)
	w.login(ctx, t, "nazer", "/review")
	until(t, ctx, ready)
	offered := func(want bool) {
		t.Helper()
		if got := eval[bool](t, ctx, `!document.getElementById('alike').hidden`); got != want {
			t.Errorf("offered: %v, want %v", got, want)
		}
	}
	offered(true)
	checkFits(t, ctx)
	if got := eval[string](t, ctx, `document.querySelector('#alike span').textContent`); got != "همین تصمیم برای همهٔ تیک‌های این برگه (۳)" {
		t.Errorf("the button says %q", got)
	}
	do(t, ctx, press("KeyA", "ش"))
	until(t, ctx, `document.getElementById('alike').getAttribute('aria-pressed') === 'true'`)
	shot(t, ctx, "review-alike")
	do(t, ctx, press("Digit1", "۱"))
	until(t, ctx, `document.getElementById('label').textContent === 'پرسش ۴' && document.getElementById('desk').dataset.state === 'ready'`)
	offered(false)
	if _, n := w.said(id, "q3"); n != 1 {
		t.Errorf("q3 has %d rulings", n)
	}
	back(t, ctx)
	if r, n := w.said(id, "q3"); n != 2 || !r.Withdrawn {
		t.Errorf("after undo q3 has %d rulings, the last %+v", n, r)
	}
	if _, n := w.said(id, "q2"); n != 1 {
		t.Errorf("undo took back more than one: q2 has %d rulings", n)
	}
}

// back presses undo and waits for the question.
func back(t *testing.T, ctx context.Context) {
	t.Helper()
	do(t, ctx, chromedp.Click(chromedp.CSS("#undo")))
	until(t, ctx, `document.getElementById('label').textContent === 'پرسش ۳' && document.getElementById('desk').dataset.state === 'ready'`)
}
