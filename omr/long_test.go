package omr_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/omrtest"
)

// The long run looks at fresh seeds until the promises of a clean sheet (none wrong of
// three million bubbles) and of every family of defects (none of 300,000) are shown.
const (
	longBase   = 1_000_000 // first seed: nothing was ever tuned on these
	longRounds = 900       // each about 3,400 clean bubbles, and 340 of every other family
	longClean  = 10        // clean pages a round; of every other family one
)

// TestLong is the long run: BARGKHAN_LONG names the file of its results, which is also
// where a run that was stopped goes on; BARGKHAN_FOR (a Go duration) stops it sooner.
// Each line of the file is one family in one round, with the round's first seed. Asked are
// pages with a needless doubt.
func TestLong(t *testing.T) {
	name := os.Getenv("BARGKHAN_LONG")
	if name == "" {
		t.Skip("takes more than an hour of one core: make corpus-long")
	}
	end := time.Now().Add(100 * time.Hour)
	if d, err := time.ParseDuration(os.Getenv("BARGKHAN_FOR")); err == nil {
		end = time.Now().Add(d)
	}
	d := shipped(t, "national-3x20-spare")
	l := openLong(t, name, fmt.Sprintf("# make corpus-long on %s: design %s %v, policy %s, engine %s, seeds from %d\n",
		time.Now().UTC().Format(time.DateOnly), d.ID, d.Digest(), calibration.Default().Policy.ID, omr.Engine, longBase))
	t.Run("rounds", func(t *testing.T) {
		for round := range uint64(longRounds) {
			seed := longBase + round*longClean
			if l.done[seed] {
				continue
			}
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				if time.Now().After(end) {
					return // the next run goes on here
				}
				var lines strings.Builder
				for _, g := range groups() {
					n := uint64(1)
					if g.name == "clean" {
						n = longClean
					}
					bubbles := 0
					g.of = rotated(g.of, int(round))
					r := g.run(t, d, n, seed, func(k calibration.Known) { bubbles += len(k.Measured) })
					fmt.Fprintln(&lines, seed, g.name, r.sheets, r.rejected, bubbles, r.fields, r.of[omrtest.Right], r.of[omrtest.Doubted], r.of[omrtest.Needless], r.wrong(), r.asked)
				}
				l.add(t, lines.String())
			})
		}
	})
	t.Log(l.sum(t))
}

// rotated is of, begun at another of its kinds.
func rotated(of []string, by int) []string {
	by %= len(of)
	return append(append([]string{}, of[by:]...), of[:by]...)
}

// A long is the file of a long run.
type long struct {
	name string
	one  sync.Mutex
	done map[uint64]bool
}

// openLong reads what was done before, or begins a file with its head.
func openLong(t *testing.T, name, head string) *long {
	t.Helper()
	l := &long{name: name, done: map[uint64]bool{}}
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		l.add(t, head+"# seed family pages rejected bubbles fields right doubted needless wrong asked\n")
		return l
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var seed uint64
		if n, _ := fmt.Sscan(s.Text(), &seed); n == 1 {
			l.done[seed] = true
		}
	}
	return l
}

// add appends lines, all or none of a round in one write.
func (l *long) add(t *testing.T, lines string) {
	t.Helper()
	l.one.Lock()
	defer l.one.Unlock()
	f, err := os.OpenFile(l.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(lines)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// sum adds up the whole file by family. A wrong field fails the test.
func (l *long) sum(t *testing.T) string {
	t.Helper()
	f, err := os.Open(l.name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sums := map[string]*[9]int{}
	for s := bufio.NewScanner(f); s.Scan(); {
		var seed uint64
		var name string
		var v [9]int
		if n, _ := fmt.Sscan(s.Text(), &seed, &name, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8]); n < 11 {
			continue
		}
		if sums[name] == nil {
			sums[name] = new([9]int)
		}
		for i := range v {
			sums[name][i] += v[i]
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n%-10s %7s %8s %9s %8s %8s %8s %8s %6s %6s\n", l.name, "family", "pages", "rejected", "bubbles", "fields", "right", "doubted", "needless", "wrong", "asked")
	for _, g := range groups() {
		v := sums[g.name]
		if v == nil {
			continue
		}
		fmt.Fprintf(&out, "%-10s %7d %8d %9d %8d %8d %8d %8d %6d %6d\n", g.name, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8])
		if v[7] > 0 {
			t.Errorf("%s: %d fields were misread without a doubt", g.name, v[7])
		}
	}
	return out.String()
}
