package omr_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"bargkhan/omr"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
)

// marksBase is the first seed of the pages that the second reader learns from: nothing
// else looks at these.
const marksBase = 3_000_000

// taught are the kinds of pages that it learns from. Shifted marks teach nothing: they
// lie in two rows.
func taught() []string {
	out := []string{"hand tick", "hand cross", "hand tick", "hand cross"}
	for _, g := range groups() {
		if !slices.Contains([]string{"nothing", "bilevel", "settings"}, g.name) {
			out = append(out, g.of...)
		}
	}
	out = append(out, "hairlines 150", "tick bilevel", "bilevel")
	return slices.DeleteFunc(out, func(s string) bool {
		return s == "hand shifted" || s == "shifted copied" || s == "hand several"
	})
}

// lookOf is what a hand makes of a bubble, as an index of omr.LookNames.
func lookOf(h omrtest.Hand) int {
	name := "full"
	switch h {
	case omrtest.Half:
		name = "part"
	case omrtest.Dot, omrtest.Hairline:
		name = "small"
	case omrtest.Tick:
		name = "tick"
	case omrtest.Cross:
		name = "cross"
	}
	return slices.Index(omr.LookNames[:], name)
}

// A lesson is the pattern of one bubble, and what it is.
type lesson struct {
	x    [omr.PatchLen]float64
	look int
}

// lessons makes and reads the pages of all kinds, n of each.
func lessons(t *testing.T, n uint64, base uint64) (out []lesson) {
	d := shipped(t, "national-3x20-spare")
	var one sync.Mutex
	made := make([][]lesson, 2*len(taught()))
	t.Run("pages", func(t *testing.T) {
		for j, name := range slices.Concat(taught(), taught()) {
			dpi := omrtest.DPI(150)
			if j >= len(taught()) {
				dpi = 200
			}
			all := more(dpi)
			f := all[slices.IndexFunc(all, func(f family) bool { return f.name == name })]
			t.Run(fmt.Sprint(name, " ", dpi), func(t *testing.T) {
				t.Parallel()
				for seed := range n {
					got := taughtBy(t, d, f, base+seed+uint64(j)*n)
					one.Lock()
					made[j] = append(made[j], got...)
					one.Unlock()
				}
			})
		}
	})
	return slices.Concat(made...)
}

// taughtBy is what one page teaches: nothing of bubbles that are covered.
func taughtBy(t *testing.T, d *sheets.Design, f family, seed uint64) (out []lesson) {
	p, truth := f.made(t, d, seed)
	r := omr.Reader{Expect: d}
	got, xs, err := omr.Patches(context.Background(), &r, p)
	if err != nil {
		return nil
	}
	for i, e := range got.Evidence {
		if e.Seen < 0.9 || e.Fit < 0.5 {
			continue
		}
		m, look := truth.Fields[e.Field], 0
		if slices.Contains(m.Choices, e.Choice) {
			look = lookOf(m.Hand)
		}
		out = append(out, lesson{xs[i], look})
	}
	return out
}

// learnt fits the weights by steepest descent on the likelihood of the lessons, each look
// weighing as its number's root, so that rare ones are learnt and common ones believed.
func learnt(ls []lesson) [][omr.PatchLen + 1]float64 {
	const n, looks = omr.PatchLen, len(omr.LookNames)
	var counts [looks]float64
	var mean, dev [n]float64
	for _, l := range ls {
		counts[l.look]++
		for j, v := range l.x {
			mean[j] += v / float64(len(ls))
			dev[j] += v * v / float64(len(ls))
		}
	}
	for j := range dev {
		dev[j] = math.Sqrt(max(dev[j]-mean[j]*mean[j], 1e-6))
	}
	var w, m, v [looks][n + 1]float64
	rng := rand.New(rand.NewPCG(1, 1))
	const batch, rounds = 512, 30
	t := 0.0
	for round := range rounds {
		rng.Shuffle(len(ls), func(i, j int) { ls[i], ls[j] = ls[j], ls[i] })
		rate := 0.02 * math.Pow(0.85, float64(round))
		for from := 0; from+batch <= len(ls); from += batch {
			var g [looks][n + 1]float64
			for _, l := range ls[from : from+batch] {
				var x [n + 1]float64
				for j := range mean {
					x[j] = (l.x[j] - mean[j]) / dev[j]
				}
				x[n] = 1
				p := softmax(&w, &x)
				weight := 1 / math.Sqrt(counts[l.look]) * math.Sqrt(float64(len(ls))) / 3
				p[l.look]--
				for k := range g {
					for j := range x {
						g[k][j] += weight * p[k] * x[j] / batch
					}
				}
			}
			t++
			for k := range w { // Adam, Kingma and Ba 2014
				for j := range w[k] {
					d := g[k][j] + 1e-4*w[k][j]
					m[k][j] = 0.9*m[k][j] + 0.1*d
					v[k][j] = 0.999*v[k][j] + 0.001*d*d
					w[k][j] -= rate * m[k][j] / (1 - math.Pow(0.9, t)) / (math.Sqrt(v[k][j]/(1-math.Pow(0.999, t))) + 1e-8)
				}
			}
		}
	}
	out := make([][n + 1]float64, looks)
	for k := range out {
		out[k][n] = w[k][n]
		for j := range n {
			out[k][j] = math.Round(w[k][j]/dev[j]*1e4) / 1e4
			out[k][n] -= w[k][j] * mean[j] / dev[j]
		}
		out[k][n] = math.Round(out[k][n]*1e4) / 1e4
	}
	return out
}

// softmax says how likely each look is.
func softmax(w *[len(omr.LookNames)][omr.PatchLen + 1]float64, x *[omr.PatchLen + 1]float64) (p [len(omr.LookNames)]float64) {
	all := 0.0
	for k := range p {
		for j, v := range x {
			p[k] += w[k][j] * v
		}
	}
	top := slices.Max(p[:])
	for k := range p {
		p[k] = math.Exp(p[k] - top)
		all += p[k]
	}
	for k := range p {
		p[k] /= all
	}
	return p
}

// TestLearnMarks learns the second reader's weights anew and writes them to the file
// that BARGKHAN_MARKS names: make marks. Equal pages give equal weights.
func TestLearnMarks(t *testing.T) {
	name := os.Getenv("BARGKHAN_MARKS")
	if name == "" {
		t.Skip("takes minutes: make marks")
	}
	each := asked("BARGKHAN_CORPUS", 6)
	ls := lessons(t, each, marksBase)
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriter(f)
	pages := fmt.Sprintf("make marks: %d pages of each of %d kinds at 150 and 200 dpi, seeds from %d", each, len(taught()), marksBase)
	looks, _ := json.Marshal(omr.LookNames)
	fmt.Fprintf(out, "{\n\"pages\": %q,\n\"bubbles\": %d,\n\"looks\": %s,\n\"weights\": [\n", pages, len(ls), looks)
	for k, row := range learnt(ls) {
		line, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		end := ",\n"
		if k == len(omr.LookNames)-1 {
			end = "\n]}\n"
		}
		fmt.Fprintf(out, "%s%s", line, end)
	}
	if err := errors.Join(out.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestMarksKnown holds the second reader against pages that it never saw: what it takes
// each look for, and that it is rarely sure of what is not so. BARGKHAN_SEEDS asks for more pages.
func TestMarksKnown(t *testing.T) {
	t.Parallel()
	d := shipped(t, "national-3x20-spare")
	var sure, wrong [len(omr.LookNames)]int
	var table [len(omr.LookNames)][3]int
	for _, name := range []string{"hand pencil", "hand pen-blue", "hand half", "hand dot", "hand hairline", "hand tick", "hand cross", "hand erased", "copy bad"} {
		all := more(150)
		f := all[slices.IndexFunc(all, func(f family) bool { return f.name == name })]
		for seed := range asked("BARGKHAN_SEEDS", 1) {
			p, truth := f.made(t, d, marksBase+1_000_000+seed)
			r := omr.Reader{Expect: d}
			got, err := r.Read(context.Background(), p)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range got.Evidence {
				look := 0
				if m := truth.Fields[e.Field]; slices.Contains(m.Choices, e.Choice) {
					look = lookOf(m.Hand)
				}
				table[look][0]++
				if e.Mark >= 0.5 {
					table[look][1]++
				}
				if e.Tick+e.Cross >= 0.5 {
					table[look][2]++
				}
				if e.Mark > 0.98 || e.Mark < 0.02 {
					sure[look]++
					if (e.Mark > 0.5) != (look > 0) {
						wrong[look]++
					}
				}
			}
		}
	}
	for k, name := range omr.LookNames {
		t.Logf("%-6s %6d bubbles, %6d marks, %5d ticks or crosses; sure of %6d, wrongly %d", name, table[k][0], table[k][1], table[k][2], sure[k], wrong[k])
	}
}
