package omr_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
)

// A group is one family of the corpus: pages of these kinds in turn.
type group struct {
	name string
	of   []string
}

// groups are the families of the corpus. The clean ones are as an office means them to
// be; every other family has one kind of cause.
func groups() []group {
	return []group{
		{"clean", []string{"scanned 200", "copy 97", "hand pen-blue", "skew 3", "hand pen-black", "copy 103", "hand pencil"}},
		{"turned", []string{"skew 5", "upside down", "quarter", "three quarters", "shear"}},
		{"scaled", []string{"copy 93", "x and y", "stretch", "slip", "scanned 150", "margin"}},
		{"light", []string{"jpeg 60", "jpeg 30", "noise", "blur", "gamma light", "gamma dark", "light", "show-through"}},
		{"bilevel", []string{"bilevel", "bilevel pale", "two bilevel", "tick bilevel"}},
		{"streaks", []string{"streak dark", "streak grey", "streak light", "streak over markers"}},
		{"folds", []string{"fold line", "fold line white", "fold corner", "fold big"}},
		{"edges", []string{"torn corner", "torn big", "crop", "frame", "punch", "staple"}},
		{"dirt", []string{"coffee", "thumb", "office stamp", "dirty", "rubbed dirty"}},
		{"copies", []string{"copy bad", "all at once", "hairlines copied", "pale copied", "shifted copied"}},
		{"marks", []string{"hand tick", "hand cross", "hand half", "hand dot", "hand scribble", "hand shifted", "hand erased", "hand rubbed", "hand two",
			"hand pen-red", "hand pen-green", "hand several"}},
		{"faint", []string{"hand pale", "hand hairline", "hairlines jpeg", "dots dark", "pale light", "hairlines 150"}},
		{"settings", []string{"levels", "levels pale", "bilevel jpeg", "bilevel jpeg pale", "unsharp", "unsharp pale", "local bilevel", "levels pen"}},
		{"phone", []string{"phone small", "phone aslant"}},
		{"nothing", []string{"mirror", "skew 20", "crop marker", "unreadable", "text", "empty"}},
	}
}

// more are kinds that only the corpus has.
func more(d omrtest.DPI) []family {
	instead := func(f func(rng *rand.Rand) *image.Gray) omrtest.Spoil {
		return func(_ *image.Gray, rng *rand.Rand) *image.Gray { return omrtest.Scanned()(f(rng), rng) }
	}
	levels := omrtest.Chain(scanned(), random(90, 250, func(v float64) omrtest.Spoil { return omrtest.Levels(v/4, v) }), omrtest.JPEG(80))
	thresholded := omrtest.Chain(scanned(), random(70, 220, func(v float64) omrtest.Spoil { return omrtest.Bilevel(uint8(v)) }), omrtest.JPEG(80))
	sharpened := omrtest.Chain(scanned(), random(1, 9, func(v float64) omrtest.Spoil { return omrtest.Unsharp(v, v/3) }), omrtest.JPEG(80))
	list := []family{
		{name: "show-through", spoil: func(img *image.Gray, rng *rand.Rand) *image.Gray {
			return scanned(omrtest.ShowThrough(omrtest.Turn(2)(omrtest.Clone(img), rng), 0.15*rng.Float64()))(img, rng)
		}},
		{name: "staple", spoil: scanned(random(4, 12, func(v float64) omrtest.Spoil { return d.Staple(omrtest.Where(int(v*97)%4), v) }))},
		{name: "levels", spoil: levels},
		{name: "levels pale", hand: omrtest.Pale, spoil: levels},
		{name: "levels pen", hand: omrtest.PenBlue, spoil: levels},
		{name: "bilevel jpeg", spoil: thresholded},
		{name: "bilevel jpeg pale", hand: omrtest.Pale, spoil: thresholded},
		{name: "unsharp", spoil: sharpened},
		{name: "unsharp pale", hand: omrtest.Pale, spoil: sharpened},
		{name: "local bilevel", spoil: scanned(random(2, 8, func(v float64) omrtest.Spoil { return omrtest.LocalBilevel(2*v, 4*v) }))},
		{name: "phone small", spoil: random(1600, 2400, func(v float64) omrtest.Spoil { return omrtest.Phone(int(v), 0.9) }), said: -1, may: 10},
		{name: "phone aslant", spoil: random(2000, 3000, func(v float64) omrtest.Spoil { return omrtest.Aslant(int(v), 0.9, 0.16*(v-2000)/1000) }), said: -1, may: 10},
		{name: "text", may: 100, spoil: instead(func(rng *rand.Rand) *image.Gray { return d.TextPage(210, 297, rng) })},
		{name: "empty", may: 100, spoil: instead(func(*rand.Rand) *image.Gray { return d.Paper(210, 297) })},
		{name: "hand several", several: true, spoil: scanned()},
	}
	for i := range list {
		f := &list[i]
		f.dpi, f.bits, f.hand = d, 8, cmp.Or(f.hand, omrtest.Pencil)
	}
	return append(familiesAt(d), list...)
}

// A row is one family of the corpus, as it was read.
type row struct {
	name string
	result
}

// read is the share of the pages that were not rejected, settled that of the clear
// fields which nobody is asked about, both in percent.
func (r *row) read() float64 { return 100 * float64(r.sheets-r.rejected) / float64(max(r.sheets, 1)) }
func (r *row) settled() float64 {
	clear := r.of[omrtest.Right] + r.of[omrtest.Needless] + r.of[omrtest.Misread] + r.of[omrtest.Unasked]
	return 100 * float64(clear-r.of[omrtest.Needless]) / float64(max(clear, 1))
}
func (r *row) wrong() int { return r.of[omrtest.Misread] + r.of[omrtest.Unasked] }

// A floor is what a family of the corpus must hold. Floors only rise.
type floor struct {
	read, settled float64
	wrong         int // 0, for ever
}

// floors reads testdata/corpus/floors.txt.
func floors(t *testing.T) map[string]floor {
	t.Helper()
	f, err := os.Open("../testdata/corpus/floors.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]floor{}
	for s := bufio.NewScanner(f); s.Scan(); {
		line, _, _ := strings.Cut(s.Text(), "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		var name string
		var v floor
		if _, err := fmt.Sscan(line, &name, &v.read, &v.settled, &v.wrong); err != nil {
			t.Fatalf("floors.txt: %q: %v", line, err)
		}
		out[name] = v
	}
	return out
}

// TestCorpus reads made pages of every family of defects and compares each with its
// floor. BARGKHAN_CORPUS is how many pages a family (floors hold for 200; two are
// always made, and only their misreads counted), BARGKHAN_BASE the first seed, and
// BARGKHAN_KEEP a file for what was measured, one calibration.Known a line.
func TestCorpus(t *testing.T) {
	const whole = 200 // pages a family that the floors were measured with
	n, base := asked("BARGKHAN_CORPUS", 2), asked("BARGKHAN_BASE", 1)
	if testing.Short() {
		n = 1
	}
	d := shipped(t, "national-3x20-spare")
	keep := keeper(t)
	var rows [64]row
	t.Run("families", func(t *testing.T) {
		for i, g := range groups() {
			t.Run(g.name, func(t *testing.T) {
				t.Parallel()
				rows[i] = g.run(t, d, n, base, keep)
			})
		}
	})
	var out strings.Builder
	fmt.Fprintf(&out, "%d pages a family, seeds from %d\n%-10s %6s %6s %8s %8s %8s %8s %8s %8s %7s\n", n, base,
		"family", "pages", "reject", "fields", "right", "doubted", "needless", "on pages", "wrong", "read %")
	held := floors(t)
	var accepted, wrong, most int
	expected := 0.0
	for i, g := range groups() {
		r := &rows[i]
		fmt.Fprintf(&out, "%-10s %6d %6d %8d %8d %8d %8d %8d %8d %7.2f  settled %.3f %%\n", g.name, r.sheets, r.rejected, r.fields,
			r.of[omrtest.Right], r.of[omrtest.Doubted], r.of[omrtest.Needless], r.asked, r.wrong(), r.read(), r.settled())
		accepted, wrong = accepted+r.expected.Accepted, wrong+r.wrong()
		expected, most = expected+r.expected.Wrong, most+r.expected.AtMost
		floor, known := held[g.name]
		switch {
		case !known:
			t.Errorf("%s: no floor in testdata/corpus/floors.txt", g.name)
		case r.wrong() > floor.wrong:
			t.Errorf("%s: %d fields were misread without a doubt", g.name, r.wrong())
		case n != whole || base != 1 || os.Getenv("BARGKHAN_KEEP") != "": // or a policy is to be learnt of this reading
		case r.read() < floor.read || r.settled() < floor.settled:
			t.Errorf("%s: read %.2f %%, settled %.3f %%: below the floor of %.2f %% and %.3f %%", g.name, r.read(), r.settled(), floor.read, floor.settled)
		case r.read() >= floor.read+0.01 || r.settled() >= floor.settled+0.001:
			t.Logf("%s: better than its floor: raise it to %.2f %.3f", g.name, r.read()-0.005, r.settled()-0.0005)
		}
	}
	fmt.Fprintf(&out, "expected wrong among the %d accepted fields: %.2g (95 %% at most %d); wrong: %d\n", accepted, expected, most, wrong)
	if wrong > most {
		t.Errorf("%d accepted fields are wrong, and at most %d were expected", wrong, most)
	}
	t.Log(out.String())
}

// run makes and reads n pages of a family.
func (g group) run(t *testing.T, d *sheets.Design, n, base uint64, keep func(calibration.Known)) row {
	dpi := omrtest.DPI(150) // coarser than an office scans, and made in half the time
	if g.name == "clean" {
		dpi = 200
	}
	all := more(dpi)
	r := row{name: g.name}
	for k := range n {
		name := g.of[int(k)%len(g.of)]
		i := slices.IndexFunc(all, func(f family) bool { return f.name == name })
		if i < 0 {
			t.Fatalf("no family is called %q", name)
		}
		got, truth := r.try(t, d, all[i], base+k)
		if got != nil {
			keep(known(g.name, d, got, truth))
		}
	}
	for _, w := range r.words {
		if !strings.Contains(w, "outcome 2") {
			t.Log(w)
		}
	}
	return r
}

// known is a page as a teacher keeps it.
func known(family string, d *sheets.Design, r *omr.Reading, truth *omrtest.Truth) calibration.Known {
	k := calibration.Known{Family: family, Design: d.Digest().String(), Page: r.Stamp.Page, Swatches: r.Swatches}
	for _, e := range r.Evidence {
		k.Measured = append(k.Measured, calibration.MeasuredOf(e))
	}
	for _, f := range d.Pages[r.Stamp.Page-1].Fields {
		m := truth.Fields[f.ID]
		k.Fields = append(k.Fields, calibration.Said{Choices: m.Choices, Expect: calibration.Expect(m.Doubt)})
	}
	return k
}

// keeper returns what writes known pages into the file of BARGKHAN_KEEP, if that asks
// for one. Lines come in the order of reading, which differs between runs.
func keeper(t *testing.T) func(calibration.Known) {
	name := os.Getenv("BARGKHAN_KEEP")
	if name == "" {
		return func(calibration.Known) {}
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	enc := json.NewEncoder(f)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	var one sync.Mutex
	return func(k calibration.Known) {
		one.Lock()
		defer one.Unlock()
		if err := enc.Encode(k); err != nil {
			t.Error(err)
		}
	}
}

// shipped is a design of testdata/designs.
func shipped(t testing.TB, name string) *sheets.Design {
	t.Helper()
	f, err := os.Open("../testdata/designs/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := sheets.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
