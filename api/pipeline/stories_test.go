package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// story is a row of the tables of LINE.md: a number, what it is about, and the tests
// that tell it, each as file and name.
var story = regexp.MustCompile(`(?m)^\| ([WS][0-9-]+) \| ([^|]+) \| (.*) \|$`)

// told is one test in a row.
var told = regexp.MustCompile("`([a-z/_]+_test\\.go) ([^`]+)`")

// TestStories holds the list in LINE.md and the tests together: every complaint W1 to
// W15 has a row, every row names tests, every test that is named is in its file under a
// name that begins with the row's number, and no test has a number without being named.
func TestStories(t *testing.T) {
	raw, err := os.ReadFile("LINE.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, m := range story.FindAllStringSubmatch(string(raw), -1) {
		if rows[m[1]] != "" {
			t.Errorf("%s has two rows", m[1])
		}
		rows[m[1]] = m[3]
		names := told.FindAllStringSubmatch(m[3], -1)
		if len(names) == 0 {
			t.Errorf("%s names no test", m[1])
		}
		for _, n := range names {
			if !strings.Contains(source(t, n[1]), n[2]) {
				t.Errorf("%s: %s has no test %q", m[1], n[1], n[2])
			}
			if !strings.Contains(strings.ReplaceAll(n[2], "-", ""), strings.ReplaceAll(m[1], "-", "")) {
				t.Errorf("%s: the test %q does not bear its number", m[1], n[2])
			}
		}
	}
	for n := 1; n <= 15; n++ {
		if rows[fmt.Sprint("W", n)] == "" {
			t.Errorf("W%d has no row", n)
		}
	}
	for name, text := range numbered(t) {
		for _, m := range regexp.MustCompile(`t\.Run\("((?:(?:W\d+|S-\d\d) )+)[^"]*"`).FindAllStringSubmatch(text, -1) {
			for number := range strings.FieldsSeq(m[1]) {
				if !strings.Contains(rows[number], name) {
					t.Errorf("%s tells of %s, and its row does not say so", name, number)
				}
			}
		}
	}
}

// numbered are the test files of the line and of what it stands on, by their names
// below the repository's root.
func numbered(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, dir := range []string{"api", "api/intake", "api/pipeline", "api/store", "api/archive", "api/station", "cmd/omrd"} {
		names, err := filepath.Glob(filepath.Join("..", "..", dir, "*_test.go"))
		if err != nil || names == nil {
			t.Fatal(dir, err)
		}
		for _, n := range names {
			out[dir+"/"+filepath.Base(n)] = source(t, dir+"/"+filepath.Base(n))
		}
	}
	return out
}

// source is a file below the repository's root.
func source(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
