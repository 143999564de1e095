package omr_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
	"bargkhan/sheets/print"
)

var update = flag.Bool("update", false, "write the digests of readings anew")

const digests = "testdata/digests.txt"

// A case of the digests is one made page and who reads it.
type digestCase struct {
	name   string
	sister bool // says little beside the others: left out of a usual run
	make   func(t *testing.T) (page.Page, *sheets.Design)
}

// digestSeed is that of every made page: another one would be another set.
const digestSeed = 4711

func digestCases(t *testing.T) []digestCase {
	var out []digestCase
	d := national(t, true)
	for i, f := range families() {
		out = append(out, digestCase{f.name, f.slow || i%4 != 0, func(t *testing.T) (page.Page, *sheets.Design) {
			return spoiledPage(t, d, f), d
		}})
	}
	for _, name := range []string{"a4-200", "a5-20", "rtl-3x20", "letter-50"} {
		out = append(out, digestCase{"design " + name, false, func(t *testing.T) (page.Page, *sheets.Design) {
			d := shipped(t, name)
			return spoiledPage(t, d, family{dpi: 200, bits: 8, hand: omrtest.Pencil, spoil: scanned(omrtest.Skew(0.6))}), d
		}})
	}
	for turn := range 4 {
		out = append(out, digestCase{fmt.Sprint("foreign ", turn), false, func(*testing.T) (page.Page, *sheets.Design) {
			d := foreign()
			rng := rand.New(rand.NewPCG(digestSeed, 2))
			img := omrtest.Chain(omrtest.Turn(turn), omrtest.Skew(1.5), omrtest.Scanned())(draw(d), rng)
			return page.Page{Img: img, Bits: 8}, d
		}})
	}
	for _, f := range []string{"formscanner_questionnaire", "formscanner_test", "omrc_upsc160", "openmcr_75q"} {
		out = append(out, digestCase{"scan of " + f, false, func(t *testing.T) (page.Page, *sheets.Design) {
			s := loadSet(t, filepath.Join(scans(t), f))
			return load(t, filepath.Join(s.dir, "images", slices.Min(slices.Collect(maps.Keys(s.truth))))), s.design
		}})
	}
	return out
}

// spoiledPage prints, fills and spoils one sheet of d.
func spoiledPage(t *testing.T, d *sheets.Design, f family) page.Page {
	t.Helper()
	img, err := print.Raster(d, 1, print.Copy{Stamp: sheets.Stamp{Page: 1, Serial: sheets.NewSerial(digestSeed)}}, float64(f.dpi), nil)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(digestSeed, 1))
	omrtest.Fill(img, f.dpi, d.Pages[0], answers(d.Pages[0], rng), f.hand, rng)
	img = f.spoiled(img, d, omrtest.NewTruth(1, sheets.NewSerial(digestSeed), d.Pages[0]), rng)
	said := float64(f.dpi)
	if f.said != 0 {
		said = max(f.said, 0)
	}
	return page.Page{Number: 1, DPI: said, Img: img, Bits: f.bits}
}

// digest is a hash of all that a page said and of what was made of it. Numbers are
// rounded to a millionth, for the order of a sum is nobody's promise.
func digest(r *omr.Reading, d *sheets.Design, err error) (reading, marks, verdicts string) {
	h := sha256.New()
	round := func(vs ...float64) {
		for _, v := range vs {
			fmt.Fprintf(h, "%.0f ", math.Round(v*1e6)+0)
		}
	}
	short := func(b []byte) string { return fmt.Sprintf("%x", b[:8]) }
	if err != nil {
		var back *omr.Reject
		if !errors.As(err, &back) {
			return "error", "", err.Error()
		}
		fmt.Fprint(h, err)
		return short(h.Sum(nil)), "", back.Reason.String()
	}
	fmt.Fprint(h, r.Stamp, r.Design, r.Notes, r.Pose.Turn)
	round(r.Pose.Residual, r.Pose.Scale, r.Pose.Fit)
	for y := 5.0; y < d.Size.Y; y += 17 {
		for x := 5.0; x < d.Size.X; x += 17 {
			p := r.Pose.At(geom.Point[geom.Paper]{X: x, Y: y})
			round(p.X, p.Y)
		}
	}
	for _, e := range r.Evidence {
		fmt.Fprint(h, e.Field, e.Choice)
		round(e.Ink, e.Fit, e.Seen)
	}
	sum := h.Sum(nil)
	h.Reset()
	for _, e := range r.Evidence {
		round(e.Mark, e.Tick, e.Cross)
	}
	round(r.Swatches...)
	second := h.Sum(nil)
	h.Reset()
	for _, v := range judge.Fields(d.Pages[r.Stamp.Page-1], r.Evidence, calibration.Default().Policy, r.Swatches...) {
		fmt.Fprint(h, v.Field, v.Choices, v.Doubts)
	}
	return short(sum), short(second), short(h.Sum(nil))
}

// TestGoldenDigests is the law of every change for speed: pages of all kinds say what
// they said before, to the last digit of every bubble. A line of the file is a page,
// the digest of its reading (where the sheet lies, Ink, Fit, Seen), that of what the second
// reader says, and that of the verdicts by the shipped policy. A change of the eye on
// purpose changes Engine, and writes the file anew with -update; other weights of the
// second reader change the two last columns, a change of judge or of the policy the last alone. BARGKHAN_SEEDS above 1 looks
// at every line.
func TestGoldenDigests(t *testing.T) {
	t.Parallel()
	if runtime.GOARCH != "amd64" {
		t.Skip("the digests are of amd64: other processors round sums of products otherwise")
	}
	all := *update || asked("BARGKHAN_SEEDS", 1) > 1
	old, err := os.ReadFile(digests)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(old)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), "\t")
		want[name] = rest
	}
	var mutex sync.Mutex
	cases := digestCases(t)
	t.Run("of", func(t *testing.T) {
		for _, c := range cases {
			if c.sister && !all {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				p, d := c.make(t)
				r := omr.Reader{Expect: d}
				reading, err := r.Read(context.Background(), p)
				a, b, v := digest(reading, d, err)
				mutex.Lock()
				defer mutex.Unlock()
				if got := a + "\t" + b + "\t" + v; *update {
					want[c.name] = got
				} else if got != want[c.name] {
					t.Errorf("the reading changed: got %q, want %q (reading, second reader, verdicts); %v", got, want[c.name], err)
				}
			})
		}
	})
	if !*update {
		return
	}
	var out bytes.Buffer
	for _, c := range cases {
		fmt.Fprintf(&out, "%s\t%s\n", c.name, want[c.name])
	}
	if err := os.WriteFile(digests, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
