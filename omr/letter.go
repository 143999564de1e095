package omr

import (
	"slices"
	"strings"

	"bargkhan/omr/internal/pix"
	"bargkhan/omr/judge"
)

// A letter printed inside a bubble is no ink. What it looks like is learnt from the page
// itself: at each place inside, the middle darkness among the page's own bubbles with the
// same letter, the lighter half of them. Where the letter is black, or next to it, a mark
// cannot be told from it: such places hardly count. Bubbles in which nothing is printed keep
// their ink to the last digit.

// What a letter is. Darkness in bytes, pix.Black is printed black.
const (
	fewLetters = 5                   // bubbles with one letter, of which it is learnt
	someLetter = pix.Black * 8 / 100 // a place darker than this is printed: paper is half of it at most
	leastParts = 0.03                // of the inside, that is printed: an alef has 0.05
	openParts  = 0.25                // of the inside, that no letter reaches: a W leaves 0.4
	openPaper  = pix.Black * 6 / 100 // what these places are not darker than; more is a mark in nearly all of the letter's bubbles
	blurPaper  = pix.Black * 2 / 5   // on a scan so coarse that letters fill their bubbles
	coarse     = 4.3                 // pixels a mm: 110 dpi
)

// What is no letter, but marks in nearly all bubbles with it; shares of ink.
const (
	mostUsual = 0.3   // of the page's usual letter. Measured: 0.27
	mostVary  = 0.035 // that its blanks vary by. Measured: 0.025
	levelBand = 0.2   // that a letter has more than the usual. Measured: a W covers 0.12 more, at 80 dpi 0.18
	mostFall  = 0.075 // that the lightest bubbles with a letter have less than its blanks. Measured: 0.07
)

// A family of kinds has letters if nearly all its kinds have, and these have not too much in common.
const (
	leastPrinted = 0.75 // of its frequent kinds: marks stand in some kinds only, but an alef or a 1 may be too thin
	ownCommon    = 0.28 // of a letter's ink, that all letters of a large family have in common. Measured: 0.2, at 80 dpi 0.32 of digits
	fewCommon    = 0.96 // of it more, by the number of letters. Measured: 0.48 of A to D in a photo; 0.40 of ten digits that are all ticked
	blurCommon   = 0.08 // of it more on a coarse scan. Measured: ten digits that are all ticked have 0.55 there
	paleLetter   = 0.12 // ink of letters that are too pale or too small to tell: strokes of a pen in each bubble have 0.17
	leastRare    = 0.9  // of the bubbles of a field of rare letters that are not empty: more than anybody would tick
)

// A letter that nobody knows, beside others that are known.
const (
	hardlyLetter = 0.1  // its least ink
	mostLetter   = 0.55 // its most. Measured: 0.41
	mostCoarse   = 0.7  // on a coarse scan. Measured: 0.54 at 75 dpi
	unknownSeen  = 0.5  // what is seen of a bubble of which nobody can say what is printed in it
)

// Ink of a bubble with a letter.
const (
	mayBeInk     = 0.1   // up to here it is looked for where no letter is
	sureInk      = 0.3   // from here it is a mark, and measured in all of the inside
	deviations   = 3     // that letters vary by, are taken for theirs: a few of 19,000 blanks on scans with displaced rows have more
	steady       = 0.002 // that letters on a sharp scan vary by
	mostUnsteady = 0.06  // ink that is taken for a letter's at most. Measured: 0.051
)

// A kind is the bubbles of a page with one letter and one shape.
type kind struct {
	which   []int
	level   float64   // of the ink of its blanks
	vary    float64   // what its blanks' ink varies by
	fall    float64   // how much less ink than that the lightest of them have
	beyond  []float64 // ink beyond the letter, of each bubble
	rest    float64   // what that varies by
	home    *family
	told    bool // the design says what is printed inside
	printed bool // something is, or nearly all are marked
}

// A family is kinds that stand in fields together, as the answers A to D do: all of them have
// something printed inside, or none. Where one alone has, it is marked everywhere.
type family struct {
	in     *family // the larger one that this one is a part of, if it is
	often  int     // kinds that are frequent
	known  int     // of them, printed
	level  float64 // of these together
	common []uint8 // the least darkness of their letters at each place
}

// whole is the family that f is a part of.
func (f *family) whole() *family {
	for f.in != nil {
		f = f.in
	}
	return f
}

// count adds a frequent kind to f; letter is what it has inside, if it has.
func (f *family) count(k *kind, printed bool, letter []uint8) {
	f.often++
	if !printed {
		return
	}
	f.known++
	f.level += k.level
	if f.common == nil {
		f.common = slices.Clone(letter)
	}
	for i, m := range letter[:min(len(letter), len(f.common))] {
		f.common[i] = min(f.common[i], m)
	}
}

// lettered says whether letters are printed in f: in more than one of its kinds, and in nearly all.
func (f *family) lettered() bool {
	return f.known > 1 && float64(f.known) >= leastPrinted*float64(f.often)
}

// marked says whether the same strokes stand in all letters of f, as where each bubble is ticked.
func (f *family) marked(density float64) bool {
	sum, n := 0, float64(f.known)
	for _, c := range f.common {
		sum += int(c)
	}
	most := ownCommon + fewCommon/n
	if density < coarse {
		most += blurCommon
	}
	shared := float64(sum) / float64(len(f.common)) / pix.Black
	return f.level > paleLetter*n && shared*n > most*f.level
}

// unletter takes out of the ink what is printed inside. kinds says of each bubble which
// letter that is. Rare letters are taken to be alike. A letter that is marked nearly everywhere
// stays in the ink: nobody knows the blank.
func (s *sight) unletter(kinds []string, g *grid, all []probes, density float64, ev []judge.Evidence) {
	paper := openPaper
	if density < coarse {
		paper = blurPaper
	}
	list := kindsOf(kinds, g)
	list.join(g)
	var known kindList
	for _, k := range list {
		k.printed = s.spell(k, &all[g.spots[k.which[0]].shape.index], ev, paper)
		if len(k.which) >= fewLetters {
			k.home.count(k, k.printed, s.mem.letter[:len(s.mem.letter)/2])
		}
	}
	for _, k := range list {
		switch {
		case !k.home.lettered():
		case k.home.marked(density):
			return // each bubble is marked
		case k.printed && len(k.which) >= fewLetters:
			known = append(known, k)
		}
	}
	rare := list.rare(g, ev, len(known) > 0)
	usual := known.middle(func(k *kind) float64 { return k.level })
	vary := known.middle(func(k *kind) float64 { return k.vary })
	resolved := vary > steady && known.middle(func(k *kind) float64 { return k.rest }) < vary // where letters are steady, ink beside their strokes counts too
	if vary > mostVary || usual > mostUsual && density >= coarse {
		return // nearly all bubbles are marked
	}
	for _, k := range list {
		if k.home.lettered() && (!k.printed || k.level > usual+levelBand || k.fall > mostFall) {
			k.hide(density, ev) // this one is
		}
	}
	for _, k := range known {
		if k.level > usual+levelBand || k.fall > mostFall {
			continue
		}
		for j, i := range k.which {
			ink := (ev[i].Ink - k.level) / (1 - k.level)
			if resolved {
				ink = beyond(k.beyond[j], ink, unsteady(vary))
			}
			ev[i].Ink = round(ink)
		}
	}
	if len(rare.which) == 0 {
		return
	}
	rare.weigh(ev)
	if len(known) > 0 {
		rare.level = min(rare.level, usual+levelBand)
	}
	for _, i := range rare.which {
		ink := (ev[i].Ink - rare.level) / (1 - rare.level)
		ev[i].Ink = round(beyond(ink, ink, unsteady(rare.vary)))
	}
}

// rare gathers the bubbles of rare kinds that have letters: the design says so, or the other kinds of
// their fields have, or other fields have and hardly a bubble of their own is empty.
func (l kindList) rare(g *grid, ev []judge.Evidence, lettered bool) *kind {
	all, inked := map[int]int{}, map[int]int{}
	for i, sp := range g.spots {
		all[sp.field]++
		if ev[i].Ink > leastParts {
			inked[sp.field]++
		}
	}
	out := &kind{}
	for _, k := range l {
		if !k.printed || len(k.which) >= fewLetters {
			continue
		}
		for _, i := range k.which {
			f := g.spots[i].field
			alike := lettered && k.home.often == 0 && all[f] >= fewLetters && float64(inked[f]) >= leastRare*float64(all[f])
			if k.told || k.home.lettered() || alike {
				out.which = append(out.which, i)
			}
		}
	}
	return out
}

// unsteady is the ink that is taken for the letter's where blanks with it vary by so much.
func unsteady(vary float64) float64 { return min(deviations*max(vary-steady, 0), mostUnsteady) }

// beyond is the ink of a bubble from what is beyond its letter at places that are clear of it,
// and what is in the whole inside: a mark is measured in the whole, and of what may be none that is
// left out by which the letter itself varies.
func beyond(clear, whole, vary float64) float64 {
	t := min(max((clear-mayBeInk)/(sureInk-mayBeInk), 0), 1)
	return (1-t)*(clear-vary) + t*whole
}

// A kindList is some kinds of a page.
type kindList []*kind

// middle is the middle of what of says of each kind; 0 of none.
func (l kindList) middle(of func(*kind) float64) float64 {
	vs := make([]float64, len(l))
	for i, k := range l {
		vs[i] = of(k)
	}
	return middle(vs)
}

// kindsOf sorts the bubbles into kinds, in the order of their first bubbles.
func kindsOf(kinds []string, g *grid) (out kindList) {
	type key struct {
		letter string
		shape  *shape
	}
	of := map[key]*kind{}
	for i, letter := range kinds {
		if letter == "" {
			continue
		}
		at := key{letter, g.spots[i].shape}
		if of[at] == nil {
			of[at] = &kind{told: !strings.HasPrefix(letter, guessed)}
			out = append(out, of[at])
		}
		of[at].which = append(of[at].which, i)
	}
	return out
}

// join finds the families of all kinds of a page.
func (l kindList) join(g *grid) {
	of := map[int]*family{} // by field
	for _, k := range l {
		k.home = &family{}
		for _, i := range k.which {
			field := g.spots[i].field
			if of[field] == nil {
				of[field] = k.home
			}
			if a, b := of[field].whole(), k.home.whole(); a != b {
				b.in = a
			}
		}
	}
	for _, k := range l {
		k.home = k.home.whole()
	}
}

// spell learns what the letter of k looks like, and measures the ink beyond it. It is false
// where nothing is printed, and where hardly any place is paper.
func (s *sight) spell(k *kind, pr *probes, ev []judge.Evidence, paper int) bool {
	var inks []float64
	for _, i := range k.which {
		if ev[i].Fit >= leastFit/2 { // the others are not there
			inks = append(inks, ev[i].Ink)
		}
	}
	if len(inks) == 0 {
		return false
	}
	half := ranked(inks, 0.5)
	n := len(pr.inside)
	blanks := s.mem.blanks[:0]
	for _, i := range k.which {
		if ev[i].Ink <= half && ev[i].Fit >= leastFit/2 {
			blanks = append(blanks, s.mem.starts[i])
		}
	}
	s.mem.blanks = blanks
	s.mem.letter = slices.Grow(s.mem.letter[:0], 2*n)[:2*n]
	letter, weight := s.mem.letter[:n], s.mem.letter[n:]
	pix.Medians(s.mem.inside, blanks, letter)
	dark, light := 0, 0
	for _, m := range letter {
		if m > someLetter {
			dark++
		}
		if int(m) <= paper {
			light++
		}
	}
	if float64(dark) < leastParts*float64(n) || float64(light) < openParts*float64(n) {
		return false
	}
	pr.aside(letter, weight)
	k.beyond = make([]float64, len(k.which))
	for j, i := range k.which {
		k.beyond[j] = pix.Beyond(s.mem.inside[s.mem.starts[i]:][:n], letter, weight)
	}
	k.weigh(ev)
	k.rest = lighterSpread(k.beyond)
	for j, usual := 0, ranked(k.beyond, 0.3); j < len(k.beyond); j++ {
		k.beyond[j] = (k.beyond[j] - usual) / (1 - usual)
	}
	return true
}

// hide lowers Seen of the bubbles of a frequent kind that nobody knows the letter of, on a page that has letters:
// their ink may be the letter's. What has hardly any is no letter, and what has more than any letter is marked.
func (k *kind) hide(density float64, ev []judge.Evidence) {
	if len(k.which) < fewLetters {
		return
	}
	most := mostLetter
	if density < coarse {
		most = mostCoarse
	}
	if k.weigh(ev); k.level < hardlyLetter || k.level > most {
		return
	}
	for _, i := range k.which {
		ev[i].Seen = round(ev[i].Seen * unknownSeen)
	}
}

// weigh sets what the blanks of k are like as a whole.
func (k *kind) weigh(ev []judge.Evidence) {
	inks := make([]float64, len(k.which))
	for j, i := range k.which {
		inks[j] = ev[i].Ink
	}
	k.level = ranked(inks, 0.3)
	k.vary = lighterSpread(inks) / (1 - k.level)
	k.fall = (k.level - ranked(inks, 0.05)) / (1 - k.level)
}

// lighterSpread is about the standard deviation of the blanks among some bubbles, whether
// half of them are marked or none: that part of them lies between the first tenth and the middle of
// the lighter half.
func lighterSpread(inks []float64) float64 { return ranked(inks, 0.25) - ranked(inks, 0.05) }

// ranked is the value that the share q of vs does not exceed.
func ranked(vs []float64, q float64) float64 {
	return pix.Ranked(vs, min(int(q*float64(len(vs))), len(vs)-1))
}

// aside sets the weight of each place inside: the square of how bright it and its eight
// touching are.
func (pr *probes) aside(letter, weight []uint8) {
	for i, near := range pr.near {
		most := 0
		for _, j := range near {
			most = max(most, int(letter[j]))
		}
		weight[i] = uint8((pix.Black - most) * (pix.Black - most) * 255 / (pix.Black * pix.Black))
	}
}

// touching lists for each place the places within a step of it, itself too.
func touching(places []mm, step float64) [][9]int32 {
	type cell struct{ x, y int }
	at := func(p mm) cell { return cell{int(p.X/step + 1000.5), int(p.Y/step + 1000.5)} }
	of := map[cell]int32{}
	for i, p := range places {
		of[at(p)] = int32(i)
	}
	out := make([][9]int32, len(places))
	for i, p := range places {
		c := at(p)
		for k := range out[i] {
			j, ok := of[cell{c.x + k%3 - 1, c.y + k/3 - 1}]
			if !ok {
				j = int32(i)
			}
			out[i][k] = j
		}
	}
	return out
}
