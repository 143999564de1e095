package pix

// Fall finds where a profile falls from bright to dark: the place, in steps from its
// first value, and the height of the fall. Between the brightness before and behind
// the steepest place, the place is where the profile crosses half way.
func Fall(profile []float64, window int) (at, height float64) {
	n := len(profile)
	if n < 2*window || window < 1 {
		return 0, 0
	}
	before, behind := 0.0, 0.0
	for i := range window {
		before += profile[i]
		behind += profile[window+i]
	}
	best, where := before-behind, window
	hi, lo := before, behind
	for i := window + 1; i+window <= n; i++ {
		before += profile[i-1] - profile[i-1-window]
		behind += profile[i+window-1] - profile[i-1]
		if before-behind > best {
			best, where, hi, lo = before-behind, i, before, behind
		}
	}
	half := (hi + lo) / 2 / float64(window)
	at = float64(where) - 0.5
	for i := max(where-window, 1); i < min(where+window, n); i++ {
		if a, b := profile[i-1], profile[i]; a >= half && b < half {
			at = float64(i-1) + (a-half)/(a-b)
			if i >= where {
				break
			}
		}
	}
	return at, best / float64(window)
}

// Bar finds a dark bar, wide steps across, in a profile: its middle in steps from
// the first value, and how much darker it is than the brighter of what lies directly
// on its two sides is bright: the lesser of both counts. Between equal bars the one
// nearest to the middle of the profile wins.
func Bar(profile []float64, wide float64) (at, height float64) {
	n := len(profile)
	in, gap, side := int(0.36*wide), int(0.68*wide), int(1.0*wide)
	height = -1
	var room [256]float64 // as many steps as a tick's profile has at 600 dpi
	sums, sum := append(room[:0], 0), 0.0
	for _, v := range profile {
		sum += v
		sums = append(sums, sum)
	}
	ofBar, ofSide := 1/float64(2*in+1), 1/float64(side-gap+1)
	middle := n / 2
	for k := 0; k <= n; k++ {
		i := middle + (k+1)/2*(1-k%2*2) // the middle first, then outwards on both sides
		if i-side < 0 || i+side >= n {
			continue
		}
		paper := sums[i-gap+1] - sums[i-side]
		if right := sums[i+side+1] - sums[i+gap]; right < paper {
			paper = right
		}
		if h := paper*ofSide - (sums[i+in+1]-sums[i-in])*ofBar; h > height+1e-9 {
			height, at = h, float64(i)
		}
	}
	if height <= 0 {
		return 0, 0
	}
	return center(profile, int(at), gap), height
}

// center is the centre of darkness of the values within reach of i.
func center(profile []float64, i, reach int) float64 {
	part := profile[i-reach : i+reach+1]
	white := (part[0] + part[len(part)-1]) / 2
	sum, weight := 0.0, 0.0
	for j, v := range part {
		d := max(white-v, 0)
		sum += d * float64(i-reach+j)
		weight += d
	}
	if weight == 0 {
		return float64(i)
	}
	return sum / weight
}
