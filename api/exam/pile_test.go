package exam

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bargkhan/sheets"
)

// bounds are of one station: "H3" and "E3" are the sheets of stack 3, "B" a person's
// word. The i-th stands at page 10 of file i.
func bounds(words string) (out []Bound) {
	for i, w := range strings.Fields(words) {
		b := Bound{Place: Place{fmt.Sprintf("f%d", i+1), 10}, Seen: Batch{Station: "sari-1"}}
		var n int
		if _, err := fmt.Sscanf(w[1:], "%d", &n); err == nil {
			b.Stack = &sheets.Stack{Session: "s", Venue: "v", Number: n, Sheets: 40 + n, End: w[0] == 'E'}
		} else {
			b.Batch = &Batch{Station: "sari-1", N: 1, Paper: 7}
		}
		out = append(out, b)
	}
	return out
}

// said writes piles as "3 f1.10-f2.11": the stack, or B, and the pages from and to.
func said(ps []Pile) string {
	var out []string
	for _, p := range ps {
		w := p.Stack
		if !p.Headed {
			w = "B"
			if p.Sheet.Number > 0 {
				w += fmt.Sprint("after", p.Sheet.Number)
			}
		}
		for _, s := range p.Spans {
			w += fmt.Sprintf(" %s.%d-%s.%d", s.From.File, s.From.Image, s.To.File, s.To.Image)
		}
		if p.Open {
			w += " open"
		}
		out = append(out, w)
	}
	return strings.Join(out, "; ")
}

// TestPiles parts the pages of a station as people really feed stacks.
func TestPiles(t *testing.T) {
	for _, c := range []struct{ name, bounds, want string }{
		{"nothing", "", ""},
		{"header and end", "H3 E3", "3 f1.10-f2.11"},
		{"the end has not come", "H3", "3 f1.10-.0 open"},
		{"one after the other", "H3 E3 H4 E4", "3 f1.10-f2.11; 4 f3.10-f4.11"},
		{"no end sheets", "H3 H4", "3 f1.10-f2.10; 4 f2.10-.0 open"},
		{"the header was lost", "E3 H4 E4", "3 .0-f1.11; 4 f2.10-f3.11"},
		{"the header in the middle was lost", "H3 E3 E4", "3 f1.10-f2.11; 4 f2.11-f3.11"},
		{"S-33 fed again", "H3 E3 H3 E3", "3 f1.10-f2.11 f2.11-f3.10 f3.10-f4.11"},
		{"fed from the last sheet", "E3 H3 E4 H4", "3 .0-f1.11 f1.11-f2.10 f2.10-f3.11; 4 f3.11-f4.10 f4.10-.0 open"},
		{"a person's word", "B", "B .0-f1.11"},
		{"a word ends a header's stack", "H3 B", "B f1.10-f2.11"},
		{"a word behind an end sheet", "H3 E3 B", "3 f1.10-f2.11; Bafter3 f2.11-f3.11"},
		{"words alone", "B B", "B .0-f1.11; B f1.11-f2.11"},
	} {
		if diff := cmp.Diff(c.want, said(Piles(bounds(c.bounds)))); diff != "" {
			t.Errorf("%s: %s: %s", c.name, c.bounds, diff)
		}
	}
	one := Piles(bounds("H3 E3"))[0].Batch
	if want := (Batch{Station: "sari-1", Session: "s", Venue: "v", Stack: "3", Paper: 43, Headed: true}); one != want {
		t.Errorf("got %+v, want %+v", one, want)
	}
}

// TestIn gives a header's names the IDs of the session that it means.
func TestIn(t *testing.T) {
	ses := &Session{ID: "s-1", Name: "آزمون سراسری", Venues: []Venue{{ID: "v-1", Name: "ساری، تالار رودکی"}}}
	for _, c := range []struct {
		session, venue string
		in             bool
		want           VenueID
	}{
		{"s-1", "v-1", true, "v-1"}, {"آزمون سراسري", "ساری، تالار رودکی", true, "v-1"}, {"s-1", "بابل", true, "بابل"}, {"s-2", "v-1", false, "v-1"},
	} {
		b := Batch{Session: SessionID(c.session), Venue: VenueID(c.venue)}
		if in := b.In(ses); in != c.in || b.Venue != c.want || in && b.Session != "s-1" {
			t.Errorf("%+v: %v, %+v", c, in, b)
		}
	}
}

// Paper of a stack that two stations scanned is one stack's.
func TestPaperOnce(t *testing.T) {
	h := Hall{Batches: []Tally{
		{Batch: Batch{Stack: "3", Paper: 48, Headed: true, Station: "a"}}, {Batch: Batch{Stack: "3", Paper: 48, Headed: true, Station: "b"}},
		{Batch: Batch{Stack: "3", Paper: 5}}, {Batch: Batch{Stack: "4", Paper: 10, Headed: true}},
	}}
	if got := h.Paper(); got != 63 {
		t.Errorf("%d sheets of paper, want 63", got)
	}
}
