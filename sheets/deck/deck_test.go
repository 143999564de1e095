package deck

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bargkhan/sheets"
)

// designs are those of testdata.
func designs(t *testing.T) map[string]*sheets.Design {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "designs", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no designs", err)
	}
	out := map[string]*sheets.Design{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := sheets.Parse(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(name), ".json")] = d
	}
	return out
}

func of(t *testing.T, d *sheets.Design) *Deck {
	t.Helper()
	deck, err := Of(d)
	if err != nil {
		t.Fatal(err)
	}
	return deck
}

// Over all cards of that kind each bubble of a design is marked exactly once, and
// expected exactly where it is marked.
func TestEachBubbleOnce(t *testing.T) {
	for name, d := range designs(t) {
		t.Run(name, func(t *testing.T) {
			marked, expected := map[[3]int]int{}, map[string]int{}
			for _, c := range of(t, d).Cards {
				if c.Kind != Once {
					continue
				}
				for _, m := range c.marks {
					marked[[3]int{c.Page, m.field, m.bubble}]++
				}
				for _, f := range c.Fields {
					for _, k := range f.Choices {
						expected[string(f.ID)+"="+string(k)]++
					}
				}
			}
			for i, p := range d.Pages {
				for k, f := range p.Fields {
					for n, b := range f.Bubbles {
						if got := marked[[3]int{i + 1, k, n}]; got != 1 {
							t.Errorf("%s=%s is marked %d times", f.ID, b.Choice, got)
						}
						if got := expected[string(f.ID)+"="+string(b.Choice)]; got != 1 {
							t.Errorf("%s=%s is expected %d times", f.ID, b.Choice, got)
						}
					}
				}
			}
		})
	}
}

func TestCards(t *testing.T) {
	deck := of(t, designs(t)["national-3x20"])
	counts := map[Kind]int{}
	serials := map[sheets.Serial]bool{}
	for i, c := range deck.Cards {
		counts[c.Kind]++
		serials[c.Serial] = true
		if c.Number != i+1 || c.Returned() != (len(c.Fields) == 0) {
			t.Errorf("card %d: %+v", i+1, c)
		}
	}
	want := map[Kind]int{Once: 4, Blank: 1, All: 1, Doubles: 1, Least: 1, Pale: 1, Ticks: 1, Crosses: 1, Erasures: 1, Upended: 1, Small: 1, Large: 1, Foreign: 1}
	if diff := cmp.Diff(want, counts); diff != "" || len(serials) != len(deck.Cards) {
		t.Errorf("%d serials; %s", len(serials), diff)
	}
	for _, tt := range []struct {
		kind   Kind
		field  int // q1 behind form and absent
		marks  int
		expect Expect
	}{{Blank, 2, 0, Sure}, {All, 2, 4, Must}, {Doubles, 2, 2, Must}, {Least, 2, 1, May}, {Erasures, 2, 1, May}, {Upended, 2, 1, Sure}, {Blank, 0, 0, Must}, {All, 1, 1, Sure}} {
		i := slices.IndexFunc(deck.Cards, func(c Card) bool { return c.Kind == tt.kind })
		if f := deck.Cards[i].Fields[tt.field]; len(f.Choices) != tt.marks || f.Expect != tt.expect {
			t.Errorf("%s: %+v", tt.kind, f)
		}
	}
}

// The file keeps the deck; one that was changed is refused.
func TestFile(t *testing.T) {
	deck := of(t, designs(t)["a5-20-spare"])
	var b bytes.Buffer
	if err := deck.Encode(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	back, err := Decode(&b)
	if err != nil || back.Design.Digest() != deck.Design.Digest() || !reflect.DeepEqual(back.Cards, deck.Cards) {
		t.Fatal("the file changes the deck", err)
	}
	for name, bad := range map[string]string{
		"changed": strings.Replace(text, `"must"`, `"sure"`, 1), "empty": "", "no design": `{"cards":[]}`, "other keys": `{"deck":1}`,
		"other": strings.Replace(text, `"kind": "blank"`, `"kind": "all"`, 1),
	} {
		if _, err := Decode(strings.NewReader(bad)); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}

func TestOthersHaveNoDeck(t *testing.T) {
	d := *designs(t)["a5-20"]
	d.Pages = slices.Clone(d.Pages)
	d.Pages[0].Codes = nil
	if _, err := Of(&d); err == nil || !strings.Contains(err.Error(), "no stamp") {
		t.Errorf("got %v", err)
	}
}

func TestCompare(t *testing.T) {
	deck := of(t, designs(t)["national-3x20"])
	card := func(k Kind) *Card {
		return &deck.Cards[slices.IndexFunc(deck.Cards, func(c Card) bool { return c.Kind == k })]
	}
	// right is what a faultless reader says of a card.
	right := func(c *Card) Seen {
		s := Seen{Stamp: sheets.Stamp{Serial: c.Serial, Page: c.Page, Test: true}, Fields: map[sheets.FieldID]Said{}}
		for _, f := range c.Fields {
			s.Fields[f.ID] = Said{f.Choices, f.Expect == Must}
		}
		return s
	}
	for i := range deck.Cards {
		if c := &deck.Cards[i]; !c.Returned() {
			if diff := deck.Compare(right(c)); len(diff) > 0 {
				t.Errorf("card %d: %+v", c.Number, diff)
			}
		}
	}
	tests := []struct {
		name string
		kind Kind
		say  Said // of q1
		want What
	}{
		{"blank read as marked", Blank, Said{[]sheets.Choice{"1"}, false}, Misread},
		{"mark lost", Once, Said{nil, false}, Misread},
		{"mark moved", Once, Said{[]sheets.Choice{"4"}, false}, Misread},
		{"clear mark doubted", Once, Said{[]sheets.Choice{"3"}, true}, Needless},
		{"two marks settled", Doubles, Said{[]sheets.Choice{"3"}, false}, Unasked},
		{"tick doubted", Ticks, Said{[]sheets.Choice{"1"}, true}, ""},
		{"tick lost", Ticks, Said{nil, false}, Misread},
		{"ghost taken for the mark", Erasures, Said{[]sheets.Choice{"4"}, false}, Misread},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := right(card(tt.kind))
			s.Fields["q1"] = tt.say
			diff := deck.Compare(s)
			if tt.want == "" && len(diff) == 0 {
				return
			}
			if len(diff) != 1 || diff[0].What != tt.want || diff[0].Field != "q1" {
				t.Errorf("%+v, want %s", diff, tt.want)
			}
		})
	}
	foreign := Seen{Stamp: sheets.Stamp{Serial: card(Foreign).Serial, Page: 1, Test: true}}
	real := right(card(Once))
	real.Stamp.Test = false
	stranger := Seen{Stamp: sheets.Stamp{Serial: sheets.NewSerial(5000), Page: 1, Test: true}}
	lost := right(card(Once))
	delete(lost.Fields, "q60")
	for want, s := range map[What]Seen{Unread: foreign, NoTest: real, Stranger: stranger, Misread: lost} {
		if diff := deck.Compare(s); len(diff) != 1 || diff[0].What != want {
			t.Errorf("%s: %+v", want, diff)
		}
	}
}

func TestMissing(t *testing.T) {
	deck := of(t, designs(t)["national-3x20"])
	var most []int
	for _, c := range deck.Cards {
		if !c.Returned() && !c.Refusable() && c.Number != 3 {
			most = append(most, c.Number)
		}
	}
	for _, tt := range []struct{ foreign, distorted, want int }{{1, 1, 1}, {0, 1, 2}, {1, 0, 2}, {0, 0, 3}, {5, 5, 1}} {
		if got := deck.Missing(most, tt.foreign, tt.distorted); len(got) != tt.want {
			t.Errorf("%d foreign, %d distorted: %+v", tt.foreign, tt.distorted, got)
		}
	}
}
