package sheets

import (
	"os"
	"path/filepath"
	"testing"
)

func load(t *testing.T, name string) *Design {
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

func TestDesignsLayOut(t *testing.T) {
	for _, n := range []string{"national-3x20.json", "national-3x20-spare.json"} {
		d := load(t, n)
		t.Log(n, d.Digest(), len(d.Pages[0].Fields), d.Pages[0].Fields[2].Bubbles)
	}
}
