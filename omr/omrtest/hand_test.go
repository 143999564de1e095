package omrtest_test

import (
	"bytes"
	"encoding/json"
	"image"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// dark is the share of ink inside box, without its outline: 0 white … 1 black.
func dark(img *image.Gray, dpi omrtest.DPI, box geom.Rect[geom.Paper]) float64 {
	k := float64(dpi) / 25.4
	box = box.Inset(0.5)
	sum, n := 0.0, 0.0
	for y := int(box.Min.Y * k); y < int(box.Max.Y*k); y++ {
		for x := int(box.Min.X * k); x < int(box.Max.X*k); x++ {
			sum += 1 - float64(img.GrayAt(x, y).Y)/255
			n++
		}
	}
	return sum / n
}

// What each hand leaves in the bubble that it means, and what it says of it.
func TestFill(t *testing.T) {
	pg := plainPage()
	const dpi = omrtest.DPI(200)
	clean := printed(pg, dpi)
	tests := map[omrtest.Hand]struct {
		least, most float64
		doubt       omrtest.Expect
	}{
		omrtest.Pencil:   {0.40, 0.75, omrtest.Sure},
		omrtest.PenBlack: {0.70, 0.95, omrtest.Sure},
		omrtest.PenBlue:  {0.50, 0.80, omrtest.Sure},
		omrtest.PenRed:   {0.35, 0.70, omrtest.Sure},
		omrtest.PenGreen: {0.40, 0.75, omrtest.Sure},
		omrtest.Pale:     {0.06, 0.30, omrtest.May},
		omrtest.Tick:     {0.05, 0.45, omrtest.May},
		omrtest.Cross:    {0.10, 0.55, omrtest.May},
		omrtest.Half:     {0.12, 0.50, omrtest.May},
		omrtest.Dot:      {0.02, 0.20, omrtest.May},
		omrtest.Hairline: {0.005, 0.12, omrtest.May},
		omrtest.Scribble: {0.45, 0.85, omrtest.May},
		omrtest.Shifted:  {0.08, 0.55, omrtest.May},
		omrtest.Erased:   {0.40, 0.75, omrtest.May},
		omrtest.Rubbed:   {0.03, 0.30, omrtest.May},
		omrtest.Two:      {0.40, 0.75, omrtest.Must},
	}
	for _, hand := range omrtest.Hands() {
		t.Run(hand.String(), func(t *testing.T) {
			tt, ok := tests[hand]
			if !ok {
				t.Fatal("no case for this hand")
			}
			for seed := range uint64(5) {
				img := omrtest.Clone(clean)
				for i, m := range omrtest.Fill(img, dpi, pg, answersOf(pg), hand, rngOf(seed)) {
					f := pg.Fields[i]
					want := f.Bubbles[i%4]
					if d := dark(img, dpi, want.Box); d < tt.least || d > tt.most {
						t.Errorf("%s: ink %.3f; want %.2f to %.2f", f.ID, d, tt.least, tt.most)
					}
					if m.Field != f.ID || m.Doubt != tt.doubt || m.Hand != hand {
						t.Errorf("got mark %+v of %s; want doubt %d", m, f.ID, tt.doubt)
					}
					count := map[omrtest.Hand]int{omrtest.Rubbed: 0, omrtest.Two: 2}
					if n, special := count[hand]; special && len(m.Choices) != n || !special && (len(m.Choices) != 1 || m.Choices[0] != want.Choice) {
						t.Errorf("got choices %q; want %q", m.Choices, want.Choice)
					}
				}
			}
		})
	}
}

// Where several marks are allowed, several are no reason for a doubt.
func TestFillSeveral(t *testing.T) {
	pg := plainPage()
	pg.Fields[0].Rule = sheets.AnyNumber
	img := printed(pg, 150)
	marks := omrtest.Fill(img, 150, pg, map[sheets.FieldID][]sheets.Choice{"q1": {"3", "1"}, "q2": {"3", "1"}}, omrtest.Pencil, rngOf(1))
	want := []omrtest.Mark{
		{Field: "q1", Choices: []sheets.Choice{"1", "3"}},
		{Field: "q2", Choices: []sheets.Choice{"1", "3"}, Doubt: omrtest.Must},
	}
	if d := cmp.Diff(want, marks); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestFillUnknownChoice(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a choice that the field does not have was accepted")
		}
	}()
	pg := plainPage()
	omrtest.Fill(printed(pg, 100), 100, pg, map[sheets.FieldID][]sheets.Choice{"q1": {"9"}}, omrtest.Pencil, rngOf(1))
}

func TestJudge(t *testing.T) {
	pg := plainPage()
	tr := omrtest.NewTruth(1, "", pg)
	tr.Add(
		omrtest.Mark{Field: "q1", Choices: []sheets.Choice{"2"}},
		omrtest.Mark{Field: "q2", Choices: []sheets.Choice{"2"}, Doubt: omrtest.May},
		omrtest.Mark{Field: "q3", Choices: []sheets.Choice{"2", "3"}, Doubt: omrtest.Must},
	)
	tr.Spoiled("streak", "q4")
	tests := []struct {
		name  string
		field sheets.FieldID
		got   []sheets.Choice
		doubt bool
		want  omrtest.Outcome
	}{
		{"right", "q1", []sheets.Choice{"2"}, false, omrtest.Right},
		{"wrong", "q1", []sheets.Choice{"3"}, false, omrtest.Misread},
		{"lost", "q1", nil, false, omrtest.Misread},
		{"needless", "q1", []sheets.Choice{"2"}, true, omrtest.Needless},
		{"doubted", "q2", nil, true, omrtest.Doubted},
		{"faint but right", "q2", []sheets.Choice{"2"}, false, omrtest.Right},
		{"faint and lost", "q2", nil, false, omrtest.Misread},
		{"two settled", "q3", []sheets.Choice{"2", "3"}, false, omrtest.Unasked},
		{"one of two", "q3", []sheets.Choice{"2"}, false, omrtest.Misread},
		{"two doubted", "q3", []sheets.Choice{"2", "3"}, true, omrtest.Doubted},
		{"blank under a streak", "q4", nil, true, omrtest.Doubted},
		{"streak taken for a mark", "q4", []sheets.Choice{"1"}, false, omrtest.Misread},
		{"blank", "q5", nil, false, omrtest.Right},
		{"invented", "q5", []sheets.Choice{"1"}, false, omrtest.Misread},
		{"unknown field", "zz", nil, false, omrtest.Misread},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tr.Judge(tt.field, tt.got, tt.doubt); got != tt.want {
				t.Errorf("got %d; want %d", got, tt.want)
			}
		})
	}
}

func TestTruthAsJSON(t *testing.T) {
	tr := omrtest.NewTruth(2, "0000012346", plainPage())
	tr.Add(omrtest.Mark{Field: "q1", Choices: []sheets.Choice{"2"}, Hand: omrtest.Erased, Doubt: omrtest.May})
	tr.Spoiled("coffee")
	b, err := json.Marshal(tr)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte(`"hand":"erased"`)) {
		t.Errorf("hands are not written by name: %s", b)
	}
	var back omrtest.Truth
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(*tr, back); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestFieldsIn(t *testing.T) {
	got := omrtest.FieldsIn(plainPage(), geom.R[geom.Paper](30, 14, 40, 22))
	if d := cmp.Diff([]sheets.FieldID{"q1", "q2"}, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
