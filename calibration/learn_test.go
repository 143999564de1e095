package calibration_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"bargkhan/calibration"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// design is a sheet of twenty questions.
func design(t *testing.T) *sheets.Design {
	t.Helper()
	d, err := sheets.Layout(sheets.Description{ID: "known", Blocks: []sheets.Block{{Title: "1"}}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// known makes n pages whose marks have about the given ink, and on which every tenth
// question is blank but for a stain.
func known(d *sheets.Design, n int, ink, stain float64) (out []calibration.Known) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range n {
		k := calibration.Known{Family: "made", Design: d.Digest().String(), Page: 1}
		for i, f := range d.Pages[0].Fields {
			marked, said := rng.IntN(len(f.Bubbles)), calibration.Said{}
			for j, b := range f.Bubbles {
				v := 0.01 + 0.002*rng.Float64()
				switch {
				case j == marked && i%10 != 3:
					v = ink * (0.95 + 0.1*rng.Float64())
					said.Choices = []sheets.Choice{b.Choice}
				case j == marked:
					v = stain
				}
				k.Measured = append(k.Measured, calibration.Measured{v, 1, 1})
			}
			k.Fields = append(k.Fields, said)
		}
		out = append(out, k)
	}
	return out
}

var start = judge.Policy{ID: "start", Blank: 0.07, Marked: 0.3, Part: 0.45, Lead: 0.6, Fit: 0.45, Seen: 0.95}

func TestLearn(t *testing.T) {
	d := design(t)
	for name, c := range map[string]struct {
		ink, stain float64
		possible   bool
	}{
		"clean":                    {0.6, 0.01, true},
		"stains just above marked": {0.6, 0.31, true},
		"faint marks":              {0.33, 0.01, true},
		"stains as dark as marks":  {0.6, 0.6, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := calibration.NewPages(known(d, 20, c.ink, c.stain), d)
			if err != nil {
				t.Fatal(err)
			}
			got, err := calibration.Learn(p, start)
			if (err == nil) != c.possible {
				t.Fatalf("got %+v, %v", got, err)
			}
			if !c.possible {
				return
			}
			for _, policy := range []judge.Policy{got, calibration.Looser(got, 0.1)} {
				if n := p.Score(policy)["made"]; n.Wrong > 0 || n.Pages != 20 {
					t.Errorf("%+v: %+v", policy, n)
				}
			}
			was, is := p.Score(start)["made"], p.Score(got)["made"]
			if safe := p.Score(calibration.Looser(start, 0.1))["made"]; safe.Wrong == 0 && is.Needless > was.Needless {
				t.Errorf("%d needless doubts became %d", was.Needless, is.Needless)
			}
			again, _ := calibration.Learn(p, start)
			if again != got {
				t.Errorf("equal pages taught %+v and %+v", got, again)
			}
			profile := calibration.NewProfile(p, got, "any", "made", time.Unix(0, 0))
			b, _ := json.Marshal(profile)
			if back, err := calibration.Load(bytes.NewReader(b)); err != nil || back != profile {
				t.Errorf("the profile %s is read back as %+v, %v", b, back, err)
			}
		})
	}
}

func TestAtMost(t *testing.T) {
	for _, c := range []struct {
		wrong, right int
		want         float64 // tables of Clopper and Pearson, one-sided 95 %
	}{{0, 3_000_000, 0.99858e-6}, {0, 10, 0.25887}, {1, 99, 0.04656}, {3, 997, 0.00773}} {
		n := calibration.Count{Wrong: c.wrong, Right: c.right}
		if got := n.AtMost(); got < c.want*0.995 || got > c.want*1.005 {
			t.Errorf("%d wrong of %d: at most %v, want %v", c.wrong, c.wrong+c.right, got, c.want)
		}
	}
	if n := (calibration.Count{}); n.AtMost() != 1 {
		t.Error("nothing settled proves nothing")
	}
}

func TestKnownIsRefused(t *testing.T) {
	d := design(t)
	good := known(d, 1, 0.6, 0.01)[0]
	for name, k := range map[string]calibration.Known{
		"another design": {Design: strings.Repeat("0", 64), Page: 1},
		"another page":   {Design: good.Design, Page: 2},
		"too few":        {Design: good.Design, Page: 1, Measured: good.Measured[1:], Fields: good.Fields},
		"too many":       {Design: good.Design, Page: 1, Measured: append(good.Measured[:len(good.Measured):len(good.Measured)], calibration.Measured{}), Fields: good.Fields},
		"no fields":      {Design: good.Design, Page: 1, Measured: good.Measured},
	} {
		if _, err := calibration.NewPages([]calibration.Known{good, k}, d); err == nil || !strings.Contains(err.Error(), strconv.Itoa(2)) {
			t.Errorf("%s: got %v, want an error that names page 2", name, err)
		}
	}
	if _, err := calibration.NewPages(nil, d); err == nil {
		t.Error("no pages teach something")
	}
	if _, err := calibration.ReadKnown(strings.NewReader("{}\nx\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, want an error that names line 2", err)
	}
}

// stained makes pages on which blanks have stains of any darkness: the darker, the
// likelier a machine takes them for marks.
func stained(d *sheets.Design, n int, seed uint64) (out []calibration.Known) {
	rng := rand.New(rand.NewPCG(seed, 2))
	for range n {
		k := calibration.Known{Family: "made", Design: d.Digest().String(), Page: 1}
		for i, f := range d.Pages[0].Fields {
			said := calibration.Said{}
			for j, b := range f.Bubbles {
				m := calibration.Measured{0.01 + 0.002*rng.Float64(), 1, 1}
				if j == 0 && i%4 != 3 {
					m[0] = 0.5 + 0.3*rng.Float64()
					said.Choices = []sheets.Choice{b.Choice}
				} else if j == 0 && rng.Float64() < 0.2 {
					m[0] = 0.1 + 0.28*rng.Float64()*rng.Float64()
				}
				k.Measured = append(k.Measured, m)
			}
			k.Fields = append(k.Fields, said)
		}
		out = append(out, k)
	}
	return out
}

// TestRisk foretells from some pages how often fields of others are wrong.
func TestRisk(t *testing.T) {
	d := design(t)
	known, err := calibration.NewPages(stained(d, 400, 1), d)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := calibration.NewPages(stained(d, 400, 2), d)
	if err != nil {
		t.Fatal(err)
	}
	risks := known.Risk(start)
	for i, r := range risks {
		if r.Wrong <= 0 || r.AtMost < r.Wrong || i > 0 && (r.Wrong > risks[i-1].Wrong || r.AtMost > risks[i-1].AtMost) {
			t.Errorf("risk %d is %+v after %+v", i, r, risks[max(i-1, 0)])
		}
	}
	profile := start
	profile.Risk = risks
	if err := profile.Validate(); err != nil {
		t.Error(err)
	}
	steps := fresh.Steps(start)
	loose, fields := 0, 0
	for _, s := range steps {
		fields += s.Fields
		if s.Margin < 0 {
			loose += s.Wrong
			continue
		}
		for _, r := range risks {
			if n := s.Fields; r.Margin == s.Margin && float64(s.Wrong) > 3+2*r.AtMost*float64(n) {
				t.Errorf("%d of %d fields with a margin from %v are wrong, at most %v was foretold", s.Wrong, n, s.Margin, r.AtMost)
			}
		}
	}
	if loose == 0 {
		t.Error("looser policies get nothing wrong: these pages show nothing")
	}
	if fields > 400*len(d.Pages[0].Fields) {
		t.Errorf("%d fields were counted, some of them twice", fields)
	}
	table, all, accepted := fresh.Reliabilities(start)
	if all > 0.01 || accepted > 0.01 || accepted <= 0 {
		t.Errorf("calibration error %v, %v: %+v", all, accepted, table)
	}
}
