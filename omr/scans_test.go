package omr_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/page"
	"bargkhan/sheets"
)

// scans finds the folder of real scans made by others. It is no part of the
// repository: the environment variable BARGKHAN_SCANS names it, or it stands in
// ../shared/scans beside the checkout.
func scans(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("BARGKHAN_SCANS"); dir != "" {
		return dir
	}
	for dir, i := ".", 0; i < 6; dir, i = filepath.Join(dir, ".."), i+1 {
		p := filepath.Join(dir, "shared", "scans")
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	t.Skip("the real scans are not here: set BARGKHAN_SCANS to their folder")
	return ""
}

// A set is one folder of scans with its design and truth.
type set struct {
	dir    string
	design *sheets.Design
	truth  map[string]map[sheets.FieldID][]string // file → field → accepted values
}

func loadSet(t testing.TB, dir string) *set {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "layout.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := &set{dir: dir, truth: map[string]map[sheets.FieldID][]string{}}
	if s.design, err = sheets.ImportLayout(bytes.NewReader(b)); err != nil {
		t.Fatal(err)
	}
	for _, row := range table(t, filepath.Join(dir, "truth.csv"))[1:] {
		if s.truth[row[0]] == nil {
			s.truth[row[0]] = map[sheets.FieldID][]string{}
		}
		s.truth[row[0]][sheets.FieldID(row[1])] = []string{row[2]}
	}
	if _, err := os.Stat(filepath.Join(dir, "notes.csv")); err == nil {
		for _, row := range table(t, filepath.Join(dir, "notes.csv"))[1:] {
			if accepted := row[5]; accepted != "" {
				s.truth[row[0]][sheets.FieldID(row[1])] = strings.Split(accepted, ";")
			}
		}
	}
	return s
}

func table(t testing.TB, file string) [][]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// load decodes the first page of a file.
func load(t testing.TB, file string) page.Page {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for p, err := range page.Decode(context.Background(), bytes.NewReader(b), int64(len(b)), page.Limits{}) {
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	t.Fatalf("%s: no page", file)
	return page.Page{}
}

// A tally counts the fields of a set.
type tally struct {
	pages, rejected, fields, right, doubted int
	silent                                  []string // wrong without a doubt
	doubts                                  []string
}

func (s *set) read(t *testing.T) (sum tally) {
	t.Helper()
	files := make([]string, 0, len(s.truth))
	for f := range s.truth {
		files = append(files, f)
	}
	sort.Strings(files)
	policy := calibration.Default().Policy
	reader := omr.Reader{Expect: s.design}
	for _, file := range files {
		sum.pages++
		r, err := reader.Read(context.Background(), load(t, filepath.Join(s.dir, "images", file)))
		if err != nil {
			var back *omr.Reject
			if !errors.As(err, &back) {
				t.Fatalf("%s: %v", file, err)
			}
			sum.rejected++
			t.Logf("%s: %v", file, err)
			continue
		}
		for _, v := range judge.Fields(s.design.Pages[r.Stamp.Page-1], r.Evidence, policy, r.Swatches...) {
			sum.count(file, v, s.truth[file][v.Field])
		}
	}
	return sum
}

func (s *tally) count(file string, v judge.Verdict, accepted []string) {
	if accepted == nil {
		return
	}
	s.fields++
	words := make([]string, len(v.Choices))
	for i, c := range v.Choices {
		words[i] = string(c)
	}
	got := strings.Join(words, "|")
	what := fmt.Sprintf("%s %s: read %q, is %q, %v", file, v.Field, got, accepted, v.Doubts)
	switch {
	case len(v.Doubts) > 0:
		s.doubted++
		s.doubts = append(s.doubts, what)
	case slices.Contains(accepted, got):
		s.right++
	default:
		s.silent = append(s.silent, what)
	}
}

// wanted are the shares of fields that may be doubted on the sets that are known. No
// set may have a page rejected or a field wrong without a doubt.
var wanted = map[string]float64{"openmcr_75q": 0.01, "omrc_upsc160": 0.05}

// TestOtherSheets reads the real scans made by others, every folder that has a layout
// and a truth, and prints a row for each. Of a folder whose layout describes no page
// nothing may be read, by any of the designs.
func TestOtherSheets(t *testing.T) {
	t.Parallel()
	dir := scans(t)
	folders, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names, none []string
	for _, f := range folders {
		b, err := os.ReadFile(filepath.Join(dir, f.Name(), "layout.json"))
		var layout struct{ Page *struct{} }
		switch {
		case err != nil:
		case json.Unmarshal(b, &layout) != nil || layout.Page != nil:
			names = append(names, f.Name())
		default:
			none = append(none, f.Name())
		}
	}
	rows := make([]string, len(names))
	designs := make([]*sheets.Design, len(names))
	t.Run("sets", func(t *testing.T) {
		for i, name := range names {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := loadSet(t, filepath.Join(dir, name))
				designs[i] = s.design
				sum := s.read(t)
				rows[i] = fmt.Sprintf("%-26s %5d %8d %6d %6d %7d %14d", name, sum.pages, sum.rejected, sum.fields, sum.right, sum.doubted, len(sum.silent))
				report(t, sum)
				if sum.rejected > 0 {
					t.Errorf("%d of %d pages were rejected", sum.rejected, sum.pages)
				}
				if most, known := wanted[name]; known && float64(sum.doubted) > most*float64(sum.fields) {
					t.Errorf("%d of %d fields are doubted, more than %.0f %%", sum.doubted, sum.fields, 100*most)
				}
			})
		}
	})
	t.Logf("%-26s %5s %8s %6s %6s %7s %14s\n%s", "set", "pages", "rejected", "fields", "right", "doubted", "silently wrong", strings.Join(rows, "\n"))
	for _, name := range none {
		nothing(t, filepath.Join(dir, name), designs)
	}
}

// nothing reads pictures that are no sheet of the designs.
func nothing(t *testing.T, dir string, designs []*sheets.Design) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "images", "*"))
	if err != nil || len(files) == 0 {
		t.Errorf("%s: there are no pictures: %v", dir, err)
	}
	for _, file := range files {
		for _, d := range designs {
			if d == nil {
				continue // its set could not be loaded, which was said
			}
			r, err := (&omr.Reader{Expect: d}).Read(context.Background(), load(t, file))
			var back *omr.Reject
			if !errors.As(err, &back) {
				t.Errorf("%s by %s: got %v, %v, want a reject", file, d.ID, r, err)
			} else {
				t.Logf("%s by %s: %v", filepath.Base(file), d.ID, err)
			}
		}
	}
}

// TestBareSheets reads real scans as if their designs had no anchors, by the bubbles
// alone: none may be rejected, and none wrong without a doubt.
func TestBareSheets(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"formscanner_test", "formscanner_questionnaire"} {
		t.Run(name, func(t *testing.T) {
			s := loadSet(t, filepath.Join(scans(t), name))
			s.design.Pages[0].Anchors = nil
			sum := s.read(t)
			report(t, sum)
			if sum.rejected > 0 || 20*sum.doubted > sum.fields {
				t.Errorf("%d of %d pages were rejected, %d of %d fields doubted", sum.rejected, sum.pages, sum.doubted, sum.fields)
			}
		})
	}
}

func report(t *testing.T, sum tally) {
	t.Helper()
	t.Logf("%d pages, %d rejected; %d fields, %d right, %d doubted, %d silently wrong",
		sum.pages, sum.rejected, sum.fields, sum.right, sum.doubted, len(sum.silent))
	for _, d := range sum.doubts {
		t.Log("doubted: ", d)
	}
	for _, w := range sum.silent {
		t.Error("silently wrong: ", w)
	}
}
