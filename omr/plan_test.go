package omr

import (
	"testing"

	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// rows is a page of n questions with the same choices.
func rows(n int, choices ...sheets.Choice) *sheets.Design {
	var pg sheets.Page
	for i := range n {
		f := sheets.Field{ID: "q"}
		for k, c := range choices {
			x, y := 10+7*float64(k), 10+6*float64(i)
			f.Bubbles = append(f.Bubbles, sheets.Bubble{Choice: c, Box: geom.R[geom.Paper](x, y, x+5, y+3)})
		}
		pg.Fields = append(pg.Fields, f)
	}
	return &sheets.Design{ID: "rows", Pages: []sheets.Page{{}, pg}}
}

// TestSample asks that a sample is spread over the page and over the choices, however
// many bubbles a question has.
func TestSample(t *testing.T) {
	for n := range 12 {
		choices := []sheets.Choice{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}[:n+1]
		p := newPlan(&rows(40, choices...).Pages[1])
		for _, want := range []int{40, 48, 1000} {
			got := p.sample(want)
			if len(got) != min(want, len(p.spots)) {
				t.Fatalf("%d of %d bubbles, want %d", len(got), len(p.spots), want)
			}
			of := map[sheets.Choice]int{}
			for k, i := range got {
				of[p.spots[i].choice]++
				if k > 0 && i < got[k-1] || i/len(choices) > 40*(k+1)/len(got)+1 {
					t.Errorf("bubble %d of %d is the %d-th of a sample of %d", i, len(p.spots), k, len(got))
				}
			}
			for c, k := range of {
				if len(choices) > 2 && 2*k > len(got) {
					t.Errorf("%d of %d bubbles are of choice %s of %d", k, len(got), c, len(choices))
				}
			}
		}
	}
}

// TestKnow asks that what follows from a design is worked out once, and anew for
// another design.
func TestKnow(t *testing.T) {
	var m memory
	a, b := rows(3, "A", "B"), rows(4, "A", "B", "C")
	first := m.know(a).plan(1)
	if got := m.know(a); got.plan(1) != first || got.digest != a.Digest() {
		t.Error("the plan of a design that was read before is made again")
	}
	if got := m.know(b); len(got.plan(1).spots) != 12 || got.digest != b.Digest() {
		t.Errorf("another design is taken for the last: %d bubbles, digest %v", len(got.plan(1).spots), got.digest)
	}
	if room := first.room; room < 0.99 || room > 1.01 {
		t.Errorf("bubbles 2 mm apart leave a room of %v mm", room)
	}
	if n := len(first.shapes); n != 1 {
		t.Errorf("%d shapes for bubbles of one", n)
	}
}
