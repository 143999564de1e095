// Package cmd holds the doors of the house, and the test that keeps its law.
package cmd

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "bargkhan/"

// law lists every package with all it may import of ours. A package imports only
// floors to its left: sheets ← omr ← calibration ← api ← cmd.
var law = map[string][]string{
	"sheets/geom":    {},
	"sheets":         {"sheets/geom"},
	"sheets/typeset": {"sheets/geom"},
	"sheets/print":   {"sheets/geom", "sheets", "sheets/typeset"},
	"sheets/deck":    {"sheets/geom", "sheets", "sheets/typeset", "sheets/print"},

	"omr/internal/pix": {"sheets/geom"},
	"omr/page":         {"omr/internal/pix"},
	"omr/judge":        {"sheets"},
	"omr/count":        {"sheets", "omr/judge"},
	"omr":              {"sheets/geom", "sheets", "omr/internal/pix", "omr/page", "omr/judge"},
	"omr/overlay":      {"sheets/geom", "sheets", "omr/page", "omr/judge", "omr"},
	"omr/omrtest":      {"sheets/geom", "sheets", "sheets/typeset", "sheets/print", "omr/page"},

	"calibration": {"sheets", "omr/judge", "omr"},

	"api/fault":   {},
	"api/persian": {},
	"api/intake":  {"api/fault", "api/persian"},
	"api/archive": {"api/fault"},
	"api/station": {"api/fault", "api/persian", "api/intake", "api/archive"},

	"api/exam":        {"sheets", "omr/judge", "omr/count", "omr", "api/fault", "api/persian"},
	"api/certificate": {"sheets/geom", "sheets/typeset", "api/fault", "api/persian", "api/exam"},

	"api/store":            {"sheets", "omr/judge", "omr", "api/fault", "api/exam", "api/certificate", "api/store/migrations"},
	"api/store/migrations": {},
	"api/store/local":      {},
	"api/store/storetest":  {"api/store", "api/store/local"},

	"api/pipeline/child": {"sheets/geom", "sheets", "omr/page", "omr", "omr/overlay", "api/fault"},
	"api/pipeline": {"sheets/geom", "sheets", "omr/page", "omr/judge", "omr", "calibration", "api/fault", "api/persian",
		"api/intake", "api/archive", "api/exam", "api/pipeline/child"},

	"api": {"sheets/geom", "sheets", "sheets/typeset", "sheets/print", "omr/judge", "omr", "api/fault", "api/persian", "api/intake",
		"api/exam", "api/certificate", "api/station"},

	"cmd/omr": {"sheets/geom", "sheets", "sheets/typeset", "sheets/print", "sheets/deck", "omr/page", "omr/judge", "omr/count", "omr", "omr/overlay", "omr/omrtest",
		"calibration", "api/persian"},
	"cmd/omrd": {"sheets/geom", "sheets", "sheets/typeset", "sheets/print", "omr/page", "omr/judge", "omr", "omr/omrtest", "calibration",
		"api/fault", "api/persian", "api/intake", "api/archive", "api/station", "api/exam", "api/certificate", "api/store", "api/store/local",
		"api/pipeline", "api/pipeline/child", "api", "cmd/omrd/demo"},
	"cmd/omrd/demo": {"sheets", "sheets/print", "sheets/typeset", "omr/judge", "omr/omrtest", "api/exam", "api/certificate"},
}

// dangerous lists the packages of the outside world that must not spread, each
// with the places where it lives. A name that ends in / stands for all below it.
var dangerous = map[string][]string{
	"image": {"sheets/typeset", "sheets/print", "omr/internal/pix", "omr/page", "omr", "omr/overlay", "omr/omrtest",
		"api/pipeline/child", "cmd/omr", "cmd/omrd", "cmd/omrd/demo"},
	"C":                                    {"omr/internal/pix", "omr/page", "omr/omrtest"},
	"gocv.io/x/gocv":                       {"omr/internal/pix"},
	"os":                                   {"sheets/typeset", "api/intake", "api/archive", "api/station", "api/certificate", "api/store/local", "api/store/storetest", "api/pipeline", "api/pipeline/child", "api", "cmd/omr", "cmd/omrd", "cmd/omrd/demo"},
	"os/exec":                              {"api/store/local", "api/store/storetest", "api/pipeline/child", "cmd/omrd"},
	"time":                                 {"calibration", "api/persian", "api/intake", "api/archive", "api/station", "api/exam", "api/certificate", "api/store", "api/store/local", "api/store/storetest", "api/pipeline", "api/pipeline/child", "api", "cmd/omr", "cmd/omrd", "cmd/omrd/demo"},
	"net/http":                             {"api/archive", "api/station", "api", "cmd/omrd", "cmd/omrd/demo"},
	"log/slog":                             {"api/station", "api/store", "api/store/local", "api/pipeline", "api/pipeline/child", "api", "cmd/omrd"},
	"math/rand":                            {"omr/omrtest", "cmd/omrd/demo"},
	"math/rand/v2":                         {"omr/omrtest", "cmd/omrd/demo"},
	"github.com/jackc/pgx/v5/":             {"api/store", "api/store/storetest", "cmd/omrd"},
	"github.com/riverqueue/river/":         {"api/store"},
	"github.com/labstack/echo/v4/":         {"api"},
	"github.com/prometheus/client_golang/": {"api/pipeline", "api", "cmd/omrd"},
	"github.com/minio/minio-go/v7/":        {"api/archive"},
	"github.com/disintegration/imaging":    {"omr/overlay"},
	"github.com/makiuchi-d/gozxing/":       {"omr"},
	"github.com/pdfcpu/pdfcpu/":            {"omr/page"},
	"testing":                              {"api/store/storetest"},
}

// TestLaw parses the imports of every source file itself: a test that asked the
// go command would be answered from Go's test cache and miss a violation.
func TestLaw(t *testing.T) {
	seen := sources(t, "..")
	for pkg, imports := range seen {
		may, ok := law[pkg]
		if !ok {
			t.Errorf("package %s has no line in the law", pkg)
			continue
		}
		for _, imp := range imports {
			if own, ours := strings.CutPrefix(imp, module); ours && !slices.Contains(may, own) {
				t.Errorf("%s imports %s: the law does not allow it", pkg, own)
			}
			for name, homes := range dangerous {
				if matches(imp, name) && !slices.Contains(homes, pkg) {
					t.Errorf("%s imports %s, which lives only in %s", pkg, imp, strings.Join(homes, ", "))
				}
			}
		}
	}
	for pkg := range law {
		if _, ok := seen[pkg]; !ok {
			t.Errorf("the law has a line for %s, which does not exist", pkg)
		}
	}
}

// TestLawLooksLeft checks the law itself: no package may import a floor to its right.
func TestLawLooksLeft(t *testing.T) {
	floors := []string{"sheets", "omr", "calibration", "api", "cmd"}
	floor := func(pkg string) int { return slices.Index(floors, strings.Split(pkg, "/")[0]) }
	for pkg, may := range law {
		for _, own := range may {
			if floor(own) > floor(pkg) {
				t.Errorf("the law lets %s import %s, a floor to its right", pkg, own)
			}
		}
	}
	apart := []string{"api/store", "api/pipeline", "api"}
	for _, a := range apart {
		for _, b := range apart {
			if a != b && slices.Contains(law[a], b) {
				t.Errorf("the law lets %s import %s: they meet in cmd", a, b)
			}
		}
	}
}

// sources maps each package below root to what its files, tests excepted, import.
func sources(t *testing.T, root string) map[string][]string {
	t.Helper()
	seen := map[string]map[string]bool{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "var" || strings.HasPrefix(d.Name(), ".") && name != root) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		if seen[pkg] == nil {
			seen[pkg] = map[string]bool{}
		}
		for _, s := range f.Imports {
			p, err := strconv.Unquote(s.Path.Value)
			if err != nil {
				return err
			}
			seen[pkg][p] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for pkg, imports := range seen {
		out[pkg] = slices.Sorted(maps.Keys(imports))
	}
	return out
}

// matches says whether imp is the package that a line of dangerous names.
func matches(imp, name string) bool {
	if below, ok := strings.CutSuffix(name, "/"); ok {
		return imp == below || strings.HasPrefix(imp, name)
	}
	return imp == path.Clean(name)
}
