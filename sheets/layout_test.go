package sheets

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bargkhan/sheets/geom"
)

// load parses a design of testdata.
func load(t testing.TB, name string) *Design {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "testdata", "designs", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Digests are printed on paper: one that changes here orphans sheets in the halls.
// They may change only together with what the layout draws.
func TestDigestsAreGolden(t *testing.T) {
	golden := map[string]string{
		"national-3x20.json":       "f3b86d8b04080cd0404dad379f4fa668ee16213514a74a62e14b904e0edde038",
		"national-3x20-spare.json": "258431d72d9d9f5fee2a81b6414901049831dd3654317a3dc619ee48d2bcb693",
	}
	for name, want := range golden {
		if got := load(t, name).Digest().String(); got != want {
			t.Errorf("%s: digest %s, want %s", name, got, want)
		}
	}
}

func TestNationalSheet(t *testing.T) {
	tests := []struct {
		file  string
		first []FieldID
		count int
	}{
		{"national-3x20.json", []FieldID{"form", "absent", "q1", "q2"}, 62},
		{"national-3x20-spare.json", []FieldID{"nn.0", "nn.1"}, 72},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			p := load(t, tt.file).Pages[0]
			if len(p.Fields) != tt.count {
				t.Errorf("%d fields, want %d", len(p.Fields), tt.count)
			}
			for i, want := range tt.first {
				if got := p.Fields[i].ID; got != want {
					t.Errorf("field %d is %q, want %q", i, got, want)
				}
			}
			last := p.Fields[len(p.Fields)-1]
			if last.ID != "q60" || last.Role != Answer || last.Rule != AtMostOne {
				t.Errorf("the last field is %q, %v, %v", last.ID, last.Role, last.Rule)
			}
			leftToRight(t, p.Fields)
		})
	}
}

// leftToRight checks the directions Persian sheets have: options and columns run
// from the left, digits of the grid downwards with the most significant at the left.
func leftToRight(t *testing.T, fields []Field) {
	t.Helper()
	at := map[string]geom.Point[geom.Paper]{}
	for _, f := range fields {
		for _, b := range f.Bubbles {
			at[fmt.Sprintf("%s=%s", f.ID, b.Choice)] = b.Box.Center()
		}
	}
	pairs := [][2]string{{"q1=1", "q1=2"}, {"q1=3", "q1=4"}, {"q1=4", "q21=1"}, {"q21=4", "q41=1"}}
	if _, spare := at["nn.0=0"]; spare {
		pairs = append(pairs, [2]string{"nn.0=5", "nn.1=5"})
		if at["nn.3=0"].Y >= at["nn.3=1"].Y {
			t.Error("the digits of the grid must run downwards")
		}
	}
	for _, p := range pairs {
		if at[p[0]].X >= at[p[1]].X {
			t.Errorf("%s must stand left of %s", p[0], p[1])
		}
	}
}

// descriptions draws descriptions an office might write, some of them impossible.
func descriptions() *rapid.Generator[Description] {
	return rapid.Custom(func(t *rapid.T) Description {
		s := Description{
			ID:       "x",
			Paper:    rapid.SampledFrom([]string{"A4", "A5", "Letter"}).Draw(t, "paper"),
			Session:  rapid.SampledFrom([]string{"", "دورهٔ نخست"}).Draw(t, "session"),
			Options:  rapid.IntRange(2, 10).Draw(t, "options"),
			Forms:    rapid.IntRange(0, 10).Draw(t, "forms"),
			Presence: rapid.Bool().Draw(t, "presence"),
			Spare:    rapid.Bool().Draw(t, "spare"),
			Digits:   10,
			Directions: Directions{
				Options: rapid.SampledFrom([]Direction{LeftToRight, RightToLeft}).Draw(t, "options"),
				Columns: rapid.SampledFrom([]Direction{LeftToRight, RightToLeft}).Draw(t, "columns"),
				Rows:    rapid.SampledFrom([]RowOrder{Down, Up, Across}).Draw(t, "rows"),
				Digits:  rapid.SampledFrom([]Direction{LeftToRight, RightToLeft}).Draw(t, "digits"),
			},
		}
		if s.Spare {
			s.Digits = rapid.SampledFrom([]int{-1, 1, 8, 10, 13, 15}).Draw(t, "digits")
		}
		for range rapid.IntRange(1, 12).Draw(t, "blocks") {
			s.Blocks = append(s.Blocks, Block{"عنوان", rapid.IntRange(1, 60).Draw(t, "questions")})
		}
		return s
	})
}

// What the layout accepts, Validate accepts, the file form keeps, and a second
// layout repeats.
func TestLayoutLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := descriptions().Draw(t, "description")
		d, err := Layout(s)
		if err != nil {
			if strings.Contains(err.Error(), "fault of the layout") {
				t.Fatal(err)
			}
			return
		}
		again, err := Layout(s)
		if err != nil || again.Digest() != d.Digest() {
			t.Fatalf("a second layout differs: %v", err)
		}
		var file bytes.Buffer
		if err := d.Encode(&file); err != nil {
			t.Fatal(err)
		}
		back, err := Parse(&file)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(d, back) || back.Digest() != d.Digest() {
			t.Fatalf("the file form changes the design: %s", cmp.Diff(d, back))
		}
		questions := 0
		for _, b := range s.Blocks {
			questions += b.Questions
		}
		answers := 0
		for _, p := range d.Pages {
			for _, f := range p.Fields {
				if f.Role == Answer {
					answers++
				}
			}
		}
		if answers != questions {
			t.Fatalf("%d questions were asked for, %d are laid out", questions, answers)
		}
	})
}

func TestLayoutRefuses(t *testing.T) {
	tests := []struct {
		name string
		s    Description
		want []string
	}{
		{"everything at once", Description{Paper: "A3", Options: 1, Forms: 11, Blocks: []Block{{"", 101}}, Header: []HeaderLine{{"shoe", "کفش"}}},
			[]string{"sheet.id", "sheet.paper", "sheet.options", "sheet.forms", "sheet.blocks[0].questions", "sheet.header[0].slot"}},
		{"no blocks", Description{ID: "x"}, []string{"sheet.blocks"}},
		{"too much", Description{ID: "x", Paper: "A5", Options: 10, Blocks: []Block{{}, {"", 100}}}, []string{"sheet.blocks[1]", "one page of A5", "part the block"}},
		{"heading", Description{ID: "x", Paper: "A5", Blocks: make([]Block, 1), Instructions: []string{strings.Repeat("دراز ", 500)}}, []string{"shorter instructions"}},
		{"digits without spare", Description{ID: "x", Blocks: make([]Block, 1), Digits: 8}, []string{"sheet.digits", "spare"}},
		{"survey with names", Description{ID: "x", Surveys: []Opinion{{Title: "?", Labels: []string{"بله", "خیر"}}}, Header: []HeaderLine{{SlotName, "نام"}}},
			[]string{"never linked to a person"}},
		{"survey with blocks", Description{ID: "x", Surveys: []Opinion{{Labels: []string{"بله"}}}, Blocks: make([]Block, 1)},
			[]string{"a sheet of its own", "surveys[0].labels", "surveys[0].title"}},
		{"long survey", Description{ID: "x", Paper: "A5", Surveys: []Opinion{{Items: make([]string, 30), Labels: []string{"بله", "خیر"}}}}, []string{"sheet.surveys[0]", "part the group"}},
		{"key for candidates", Description{ID: "x", Key: true, Spare: true, Blocks: make([]Block, 1)}, []string{"sheet.key"}},
		{"logo", Description{ID: "x", Logo: "logo.png", Blocks: make([]Block, 1)}, []string{"sheet.logo", "data:image/png"}},
		{"no picture", Description{ID: "x", Logo: "data:image/png;base64,AAAA", Blocks: make([]Block, 1)}, []string{"is not"}},
		{"labels", Description{ID: "x", Blocks: make([]Block, 1), Labels: []string{"الف"}}, []string{"1 labels for 4 options"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Layout(tt.s)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
		})
	}
}

// anyDesign draws designs that need not make sense; every part of one may be set.
func anyDesign() *rapid.Generator[*Design] {
	mm := rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(-5000, 300000).Draw(t, "µm")) / 1000 })
	box := rapid.Custom(func(t *rapid.T) geom.Rect[geom.Paper] {
		return geom.R[geom.Paper](mm.Draw(t, "x0"), mm.Draw(t, "y0"), mm.Draw(t, "x1"), mm.Draw(t, "y1"))
	})
	text := rapid.StringMatching(`[آ-یa-z0-9 "<&‌]{0,8}`)
	small := func(t *rapid.T, n int) uint8 { return uint8(rapid.IntRange(0, n-1).Draw(t, "code")) }
	page := rapid.Custom(func(t *rapid.T) (p Page) {
		for range rapid.IntRange(0, 3).Draw(t, "n") {
			p.Anchors = append(p.Anchors, Anchor{
				Shape: Shape(small(t, len(shapeNames))), Box: box.Draw(t, "box"), ID: rapid.IntRange(0, 49).Draw(t, "id"), Stroke: mm.Draw(t, "stroke"),
				Dictionary: text.Draw(t, "dictionary"), Bits: text.Draw(t, "bits"),
			})
			p.Codes = append(p.Codes, box.Draw(t, "code"))
			p.Swatches = append(p.Swatches, Swatch{box.Draw(t, "box"), mm.Draw(t, "ink")})
			p.Fields = append(p.Fields, Field{
				FieldID(text.Draw(t, "id")), Role(small(t, len(roleNames))), Rule(small(t, len(ruleNames))),
				Outline(small(t, len(outlineNames))), []Bubble{{Choice(text.Draw(t, "choice")), box.Draw(t, "box"), text.Draw(t, "inside")}},
			})
			p.Decor = append(p.Decor, Decor{
				DecorKind(small(t, len(decorNames))), box.Draw(t, "box"), text.Draw(t, "text"), text.Draw(t, "slot"),
				mm.Draw(t, "size"), Align(small(t, len(alignNames))), rapid.Bool().Draw(t, "bold"), mm.Draw(t, "ink"), mm.Draw(t, "width"),
			})
		}
		return p
	})
	return rapid.Custom(func(t *rapid.T) *Design {
		d := &Design{ID: DesignID(text.Draw(t, "id")), Title: text.Draw(t, "title"), Size: geom.Point[geom.Paper]{X: mm.Draw(t, "w"), Y: mm.Draw(t, "h")}}
		for range rapid.IntRange(1, 2).Draw(t, "pages") {
			d.Pages = append(d.Pages, page.Draw(t, "page"))
		}
		return d
	})
}

func TestJSONKeepsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDesign().Draw(t, "design")
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var back Design
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, &back); diff != "" || back.Digest() != d.Digest() {
			t.Fatalf("JSON changes the design: %s", diff)
		}
	})
}

// Every part of a design is in its digest.
func TestDigestSeesEveryPart(t *testing.T) {
	changes := map[string]func(*Design){
		"id":            func(d *Design) { d.ID += "x" },
		"title":         func(d *Design) { d.Title += "x" },
		"size":          func(d *Design) { d.Size.X += 0.001 },
		"anchor shape":  func(d *Design) { d.Pages[0].Anchors[0].Shape = Disc },
		"anchor box":    func(d *Design) { d.Pages[0].Anchors[4].Box.Min.X += 0.001 },
		"anchor id":     func(d *Design) { d.Pages[0].Anchors[0].ID++ },
		"anchor stroke": func(d *Design) { d.Pages[0].Anchors[0].Stroke++ },
		"code":          func(d *Design) { d.Pages[0].Codes[1].Max.Y++ },
		"swatch ink":    func(d *Design) { d.Pages[0].Swatches[1].Ink += 0.01 },
		"swatch box":    func(d *Design) { d.Pages[0].Swatches[1].Box.Max.X++ },
		"field id":      func(d *Design) { d.Pages[0].Fields[3].ID = "z" },
		"role":          func(d *Design) { d.Pages[0].Fields[3].Role = Survey },
		"rule":          func(d *Design) { d.Pages[0].Fields[3].Rule = AnyNumber },
		"outline":       func(d *Design) { d.Pages[0].Fields[3].Outline = Ellipse },
		"choice":        func(d *Design) { d.Pages[0].Fields[3].Bubbles[1].Choice = "z" },
		"bubble":        func(d *Design) { d.Pages[0].Fields[3].Bubbles[1].Box.Min.Y -= 0.001 },
		"inside":        func(d *Design) { d.Pages[0].Fields[3].Bubbles[1].Inside = "z" },
		"order": func(d *Design) {
			b := d.Pages[0].Fields[3].Bubbles
			b[0], b[1] = b[1], b[0]
		},
		"decor kind":  func(d *Design) { d.Pages[0].Decor[9].Kind++ },
		"decor box":   func(d *Design) { d.Pages[0].Decor[9].Box.Min.X++ },
		"decor text":  func(d *Design) { d.Pages[0].Decor[9].Text += "x" },
		"decor slot":  func(d *Design) { d.Pages[0].Decor[9].Slot += "x" },
		"decor size":  func(d *Design) { d.Pages[0].Decor[9].Size++ },
		"decor align": func(d *Design) { d.Pages[0].Decor[9].Align++ },
		"decor bold":  func(d *Design) { d.Pages[0].Decor[9].Bold = !d.Pages[0].Decor[9].Bold },
		"decor ink":   func(d *Design) { d.Pages[0].Decor[9].Ink -= 0.5 },
		"decor width": func(d *Design) { d.Pages[0].Decor[9].Width++ },
		"page":        func(d *Design) { d.Pages = append(d.Pages, Page{}) },
	}
	seen := map[Digest]string{load(t, "national-3x20.json").Digest(): "nothing"}
	for name, change := range changes {
		d := load(t, "national-3x20.json")
		change(d)
		if other, ok := seen[d.Digest()]; ok {
			t.Errorf("changing %s gives the digest of changing %s", name, other)
		}
		seen[d.Digest()] = name
	}
}

// Directions move bubbles and nothing else: the fields, their choices and their
// order stay, and where a thing stood there stands its opposite.
func TestDirections(t *testing.T) {
	s := Description{ID: "x", Spare: true, Forms: 2, Blocks: []Block{{"یک", 20}, {"دو", 35}}}
	plain := places(t, s)
	tests := []struct {
		name string
		d    Directions
		less func(at map[string]geom.Point[geom.Paper]) bool
	}{
		{"options", Directions{Options: RightToLeft}, func(at map[string]geom.Point[geom.Paper]) bool {
			return at["q1=4"].X < at["q1=1"].X && at["q1=1"].X < at["q21=1"].X
		}},
		{"columns", Directions{Columns: RightToLeft}, func(at map[string]geom.Point[geom.Paper]) bool {
			return at["q21=1"].X < at["q1=1"].X && at["q1=1"].X < at["q1=4"].X
		}},
		{"digits", Directions{Digits: RightToLeft}, func(at map[string]geom.Point[geom.Paper]) bool { return at["nn.1=0"].X < at["nn.0=0"].X }},
		{"rows up", Directions{Rows: Up}, func(at map[string]geom.Point[geom.Paper]) bool {
			return at["q2=1"].Y < at["q1=1"].Y && at["q2=1"].X == at["q1=1"].X
		}},
		{"rows across", Directions{Rows: Across}, func(at map[string]geom.Point[geom.Paper]) bool {
			return at["q21=1"].Y == at["q22=1"].Y && at["q21=1"].X < at["q22=1"].X
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.Directions = tt.d
			got := places(t, s)
			if !tt.less(got) || tt.less(plain) {
				t.Errorf("the direction is not where it should be")
			}
			if len(got) != len(plain) {
				t.Errorf("%d bubbles, %d without directions", len(got), len(plain))
			}
		})
	}
}

// places are the middles of all bubbles of a layout.
func places(t *testing.T, s Description) map[string]geom.Point[geom.Paper] {
	t.Helper()
	d, err := Layout(s)
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]geom.Point[geom.Paper]{}
	for i, p := range d.Pages {
		for _, f := range p.Fields {
			for k, b := range f.Bubbles {
				if strings.HasPrefix(string(f.ID), "q") && string(b.Choice) != fmt.Sprint(k+1) {
					t.Errorf("choice %d of %s is %q", k, f.ID, b.Choice)
				}
				at[fmt.Sprintf("%s=%s", f.ID, b.Choice)] = b.Box.Center().Add(geom.Point[geom.Paper]{Y: float64(1000 * i)})
			}
		}
	}
	return at
}

// What an office may ask for is laid out, on as many pages as it takes.
func TestKindsOfSheets(t *testing.T) {
	tests := []struct {
		file          string
		pages, fields int
		role          Role
		rule          Rule
	}{
		{"a4-6x20.json", 1, 122, Answer, AtMostOne},
		{"a4-200.json", 1, 200, Answer, AtMostOne},
		{"a5-20.json", 1, 20, Answer, AtMostOne},
		{"a5-20-spare.json", 1, 31, Answer, AtMostOne},
		{"letter-50.json", 1, 51, Answer, AtMostOne},
		{"rtl-3x20.json", 1, 71, Answer, AtMostOne},
		{"a4-10x30.json", 2, 301, Answer, AtMostOne},
		{"survey.json", 1, 7, Survey, AtMostOne},
		{"key-3x20.json", 1, 61, Answer, AnyNumber},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			d := load(t, tt.file)
			fields := 0
			for _, p := range d.Pages {
				fields += len(p.Fields)
			}
			last := d.Pages[len(d.Pages)-1].Fields
			f := last[len(last)-1]
			if len(d.Pages) != tt.pages || fields != tt.fields || f.Role != tt.role || f.Rule != tt.rule {
				t.Errorf("%d pages, %d fields, the last one %v, %v", len(d.Pages), fields, f.Role, f.Rule)
			}
		})
	}
}

// Every count of questions from 5 to 200 fits one page of A4.
func TestFiveToTwoHundred(t *testing.T) {
	for n := 5; n <= 200; n++ {
		s := Description{ID: "x", Blocks: []Block{{"یک", min(n, 100)}}}
		if n > 100 {
			s.Blocks = append(s.Blocks, Block{"دو", n - 100})
		}
		d, err := Layout(s)
		if err != nil || len(d.Pages) != 1 {
			t.Errorf("%d questions: %v", n, err)
		}
	}
}

// Pages are filled evenly, blocks stay whole, and no page but the first repeats
// what is asked once.
func TestPagesAreEven(t *testing.T) {
	d := load(t, "a4-10x30.json")
	for i, p := range d.Pages {
		answers, version := 0, 0
		for _, f := range p.Fields {
			switch f.Role {
			case Answer:
				answers++
			case Version:
				version++
			}
		}
		if answers != 150 || version != 1-i {
			t.Errorf("page %d has %d answers and %d forms", i+1, answers, version)
		}
	}
}
