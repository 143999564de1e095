package judge

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestQuantileIsThatOfTheSortedValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		vs := make([]float64, 1+rng.IntN(300))
		kinds := 1 + rng.IntN(400) // few: many are equal
		for i := range vs {
			vs[i] = float64(rng.IntN(kinds))
		}
		if rng.IntN(4) == 0 {
			slices.Sort(vs)
		}
		sorted := slices.Sorted(slices.Values(vs))
		for _, q := range []float64{0.5, 0.6, 0.3, 0, 0.05, 1} { // one after the other: each changes the order
			want := sorted[min(int(q*float64(len(vs))), len(vs)-1)]
			if got := quantile(vs, q); got != want {
				t.Fatalf("quantile %v of %d values is %v, want %v", q, len(vs), got, want)
			}
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("quantile of nothing is %v, want 0", got)
	}
}
