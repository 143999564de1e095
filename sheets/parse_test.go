package sheets

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bargkhan/sheets/geom"
)

func TestParseReportsEveryFault(t *testing.T) {
	tests := []struct {
		name, file string
		want       []string
	}{
		{"empty", ``, []string{"not JSON"}},
		{"comment", "{\n \"sheet\": {} // mine\n}", []string{"line 2", "comments are not allowed"}},
		{"two values", `{} {}`, []string{"not JSON"}},
		{"no kind", `{"pages": []}`, []string{`"sheet", "design" or "registration"`}},
		{"not an object", `[1]`, []string{"an object"}},
		{"deep", strings.Repeat("[", 200) + strings.Repeat("]", 200), []string{"nested deeper"}},
		{
			"description", "{\"sheet\": {\n \"id\": 7,\n \"blocks\": [{\"titel\": \"x\"}],\n \"forms\": 2.5,\n \"spare\": \"yes\",\n \"id\": \"a\"}}",
			[]string{"sheet.id (line 2): a text", `sheet.blocks[0].titel (line 3): unknown key "titel"`, "sheet.forms (line 4): a whole number", "sheet.spare (line 5): true or false", `sheet.id (line 6): the key "id" stands here twice`},
		},
		{
			"design", "{\"design\": {\"id\": \"x\", \"size\": [210],\n \"pages\": [{\"anchors\": [{\"shape\": \"star\", \"box\": [1, 2, 3, \"4\"]}],\n \"fields\": [{\"id\": \"q1\", \"bubbles\": 3}]}]}}",
			[]string{"design.size (line 1): 2 numbers", `design.pages[0].anchors[0].shape (line 2): one of`, "design.pages[0].anchors[0].box[3] (line 2): a number", "design.pages[0].fields[0].bubbles (line 3): a list"},
		},
		{
			"layout", `{"set": "x", "page": {"width": 100, "height": 100}, "registration": [{"type": "cloud", "x": 1, "y": 1, "w": 1}], "fields": []}`,
			[]string{`"dpi" is missing`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(strings.NewReader(tt.file))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q:\n%v", want, err)
				}
			}
		})
	}
}

func TestValidateReportsEveryFault(t *testing.T) {
	spoil := func(change func(*Design, *Page)) func() *Design {
		return func() *Design {
			d := load(t, "national-3x20.json")
			change(d, &d.Pages[0])
			return d
		}
	}
	tests := []struct {
		name   string
		design func() *Design
		want   []string
	}{
		{"nothing", func() *Design { return &Design{} }, []string{"id:", "size:", "pages:"}},
		{"two faults", spoil(func(d *Design, p *Page) { d.ID = "a|b"; p.Fields[4].ID = "q1" }), []string{"id:", `pages[0].fields[4]: the id "q1" stands already at pages[0].fields[2]`}},
		{"outside", spoil(func(_ *Design, p *Page) { p.Fields[3].Bubbles[0].Box = geom.R[geom.Paper](5, 100, 9.2, 102.6) }), []string{"fields[3].bubbles[0]", "leaves"}},
		{"overlap", spoil(func(_ *Design, p *Page) { p.Fields[3].Bubbles[0].Box = p.Fields[4].Bubbles[0].Box }), []string{"q2=1 and q3=1 are less than 0.9 mm apart"}},
		{"small", spoil(func(_ *Design, p *Page) { b := &p.Fields[3].Bubbles[0].Box; b.Max.Y = b.Min.Y + 1 }), []string{"q2=1 is 4.20 by 1.00 mm"}},
		{"no code", spoil(func(_ *Design, p *Page) { p.Codes = p.Codes[:1] }), []string{"both codes of frame A4"}},
		{"moved anchor", spoil(func(_ *Design, p *Page) { p.Anchors[7].Box.Min.X += 0.1 }), []string{"exactly the anchors of frame A4"}},
		{"odd paper", spoil(func(d *Design, _ *Page) { d.Size.X = 200 }), []string{"no frame for a paper of 200 by 297"}},
		{"printed over", spoil(func(_ *Design, p *Page) { p.Decor[5].Box = p.Fields[9].Bubbles[2].Box }), []string{"printed over or within 0.2 mm of bubble q8=3"}},
		{"ink", spoil(func(_ *Design, p *Page) { p.Swatches[0].Ink = 2 }), []string{"swatches[0]: ink 2"}},
		{"no bubbles", spoil(func(_ *Design, p *Page) { p.Fields[9].Bubbles = nil }), []string{`field "q8" has no bubbles`}},
		{"twice a choice", spoil(func(_ *Design, p *Page) { p.Fields[9].Bubbles[1].Choice = "1" }), []string{`the choice "1" stands twice`}},
		{"unknown shape", spoil(func(_ *Design, p *Page) { p.Anchors[0].Shape = 99 }), []string{"this shape does not exist"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.design().Validate()
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q:\n%v", want, err)
				}
			}
		})
	}
}

// The examples of FORMAT.md are files that work.
func TestFormatExamples(t *testing.T) {
	text, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1)
	if len(examples) < 3 {
		t.Fatalf("%d examples, want one of each kind", len(examples))
	}
	for i, ex := range examples {
		if _, err := Parse(bytes.NewReader(ex[1])); err != nil {
			t.Errorf("example %d: %v", i+1, err)
		}
	}
}

// Every key the parser knows is explained in FORMAT.md.
func TestFormatNamesEveryKey(t *testing.T) {
	text, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"describe.go", "codec.go", "import.go"} {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range regexp.MustCompile(`\.(?:get|need)\("(\w+)"\)`).FindAllSubmatch(src, -1) {
			if !bytes.Contains(text, append(append([]byte("`"), key[1]...), '`')) {
				t.Errorf("%s reads the key %q, which FORMAT.md does not name", file, key[1])
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "designs", "*.json"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	var explicit bytes.Buffer
	if err := load(f, "national-3x20-spare.json").Encode(&explicit); err != nil {
		f.Fatal(err)
	}
	f.Add(explicit.Bytes())
	f.Add([]byte(smallLayout))
	f.Add([]byte(`{"sheet":{"id":"a","blocks":[{"questions":1e400}]}}`))
	f.Add([]byte(`{"design":{"id":"a","size":[-0,1e308],"pages":[{}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Parse(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := d.Encode(&out); err != nil {
			t.Fatal(err)
		}
		back, err := Parse(&out)
		if err != nil || back.Digest() != d.Digest() {
			t.Fatalf("what was parsed does not come back: %v", err)
		}
	})
}

func FuzzImportLayout(f *testing.F) {
	f.Add([]byte(smallLayout))
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := ImportLayout(bytes.NewReader(b)); err == nil && len(d.Pages[0].Codes) != 0 {
			t.Fatal("an imported design has codes")
		}
	})
}
