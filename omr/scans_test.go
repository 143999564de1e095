package omr_test

import (
	"bytes"
	"context"
	"encoding/csv"
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

// TestOpenMCR reads the feeder's one-bit scans of pencil marks: no field may be
// wrong without a doubt, and at most one in a hundred may be doubted.
func TestOpenMCR(t *testing.T) {
	t.Parallel()
	s := loadSet(t, filepath.Join(scans(t), "openmcr_75q"))
	sum := s.read(t)
	report(t, sum)
	if sum.rejected > 0 || sum.fields != 17*116 {
		t.Errorf("%d of %d pages were rejected and %d fields read, want all %d", sum.rejected, sum.pages, sum.fields, 17*116)
	}
	if 100*sum.doubted > sum.fields {
		t.Errorf("%d of %d fields are doubted, more than 1 %%", sum.doubted, sum.fields)
	}
}

// TestOtherSheets reads other people's sheets of three more designs. Whatever is
// not read must be doubted or rejected.
func TestOtherSheets(t *testing.T) {
	for _, name := range []string{"formscanner_test", "formscanner_questionnaire", "omrc_upsc160"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report(t, loadSet(t, filepath.Join(scans(t), name)).read(t))
		})
	}
}

// TestNoSheet shows the reader a picture that is none.
func TestNoSheet(t *testing.T) {
	dir := scans(t)
	reader := omr.Reader{Expect: loadSet(t, filepath.Join(dir, "openmcr_75q")).design}
	r, err := reader.Read(context.Background(), load(t, filepath.Join(dir, "negatives", "images", "openmcr_reject.png")))
	var back *omr.Reject
	if !errors.As(err, &back) {
		t.Errorf("got %v, %v, want a reject", r, err)
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
