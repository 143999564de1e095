package omr_test

import (
	"image"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
)

// A family is one kind of bad scan.
type family struct {
	name    string
	dpi     omrtest.DPI
	hand    omrtest.Hand
	streak  *streak // drawn before it is spoiled
	spoil   omrtest.Spoil
	bits    int
	said    float64 // dpi in the file, if it is not that of the sheet; below 0: none
	several bool    // every field has a hand of its own
	slow    bool    // only made when more sheets are asked for
	may     int     // rejects of a hundred sheets that are no fault; the rest must be read
}

// A streak is one of the lines of dusty glass: somewhere between two shares of the width, and
// between two widths in pixels.
type streak struct {
	from, to     float64
	thin, widest int
	tone         uint8
}

// draw draws it, and notes in truth which fields it runs over: a doubt about them is not
// needless.
func (s *streak) draw(img *image.Gray, dpi omrtest.DPI, d *sheets.Design, truth *omrtest.Truth, rng *rand.Rand) *image.Gray {
	at := s.from + (s.to-s.from)*rng.Float64()
	width := s.thin + int(at*997)%(s.widest-s.thin+1)
	truth.Spoiled("streak", dpi.StreakOver(img, d.Pages[0], at, width)...)
	return omrtest.Streak(at, width, s.tone)(img, rng)
}

// random makes a spoil whose amount is drawn for each sheet, from lo to hi.
func random(lo, hi float64, f func(v float64) omrtest.Spoil) omrtest.Spoil {
	return func(img *image.Gray, rng *rand.Rand) *image.Gray {
		return f(lo+(hi-lo)*rng.Float64())(img, rng)
	}
}

// scanned is a spoil and then a scanner.
func scanned(s ...omrtest.Spoil) omrtest.Spoil {
	return omrtest.Chain(append(s, omrtest.Scanned())...)
}

func families() []family { return familiesAt(200) }

// familiesAt are the kinds of bad scans; those that are not about a resolution are
// printed at d.
func familiesAt(d omrtest.DPI) []family {
	pencil := omrtest.Pencil
	skew := func(v float64) omrtest.Spoil { return omrtest.Skew(v) }
	list := []family{
		{name: "scanned 150", dpi: 150, spoil: scanned()},
		{name: "scanned 200", dpi: 200, spoil: scanned(random(-0.8, 0.8, skew))},
		{name: "scanned 300", dpi: 300, spoil: scanned(random(-0.8, 0.8, skew))},
		{name: "scanned 100", dpi: 100, spoil: scanned(), may: 100},
		{name: "scanned 600", dpi: 600, spoil: scanned()},
		{name: "skew 3", spoil: scanned(random(-3, 3, skew))},
		{name: "skew 5", spoil: scanned(random(-5, 5, skew))},
		{name: "skew 20", spoil: scanned(omrtest.Skew(20)), may: 100},
		{name: "upside down", spoil: scanned(omrtest.Turn(2), random(-1, 1, skew))},
		{name: "quarter", spoil: scanned(omrtest.Turn(1), random(-1, 1, skew))},
		{name: "three quarters", spoil: scanned(omrtest.Turn(3))},
		{name: "mirror", spoil: scanned(omrtest.Mirror()), may: 100},
		{name: "copy 97", spoil: scanned(omrtest.Photocopy(0.97, 1.5, 20))},
		{name: "copy 93", spoil: scanned(omrtest.Photocopy(0.93, 1.5, 20))},
		{name: "copy 103", spoil: scanned(omrtest.Photocopy(1.03, 1.5, 20))},
		{name: "copy bad", spoil: scanned(omrtest.Photocopy(0.97, 3, 60)), may: 10},
		{name: "x and y", spoil: scanned(omrtest.Scale(1, 0.995))},
		{name: "stretch", spoil: scanned(random(-0.02, 0.05, omrtest.Stretch))},
		{name: "slip", spoil: scanned(random(-0.004, 0.004, func(v float64) omrtest.Spoil { return omrtest.Slip(v, 0.5, 0.2) }))},
		{name: "slip short", spoil: scanned(random(-0.005, 0.005, func(v float64) omrtest.Spoil { return omrtest.Slip(v, 0.5, 0.05) })), may: 100},
		{name: "shear", spoil: scanned(random(-0.01, 0.01, omrtest.Shear))},
		{name: "jpeg 60", spoil: omrtest.Chain(scanned(), omrtest.JPEG(60))},
		{name: "jpeg 30", spoil: omrtest.Chain(scanned(), omrtest.JPEG(30))},
		{name: "noise", spoil: scanned(omrtest.Noise(15))},
		{name: "blur", spoil: scanned(omrtest.Blur(1.5))},
		{name: "gamma light", spoil: scanned(omrtest.Gamma(1.25))},
		{name: "gamma dark", spoil: scanned(omrtest.Gamma(0.8))},
		{name: "light", spoil: scanned(omrtest.UnevenLight(0.35))},
		{name: "bilevel", spoil: omrtest.Chain(scanned(), random(100, 180, func(v float64) omrtest.Spoil { return omrtest.Bilevel(uint8(v)) })), bits: 1},
		{name: "bilevel pale", hand: omrtest.Pale, spoil: omrtest.Chain(scanned(), omrtest.Bilevel(150)), bits: 1},
		{name: "streak dark", streak: &streak{0.1, 0.9, 1, 10, 60}, spoil: scanned()},
		{name: "streak grey", streak: &streak{0.1, 0.9, 1, 5, 160}, spoil: scanned()},
		{name: "streak light", streak: &streak{0.1, 0.9, 1, 5, 255}, spoil: scanned()},
		{name: "streak over markers", streak: &streak{0.05, 0.085, 4, 4, 40}, spoil: scanned()},
		{name: "fold line", spoil: scanned(random(0.1, 0.9, func(v float64) omrtest.Spoil { return omrtest.FoldLine(v, 3, 150) }))},
		{name: "fold line white", spoil: scanned(random(0.1, 0.9, func(v float64) omrtest.Spoil { return omrtest.FoldLine(v, 3, 255) }))},
		{name: "fold corner", spoil: scanned(random(10, 45, func(v float64) omrtest.Spoil { return d.FoldCorner(omrtest.Where(int(v*97)%4), v) })), may: 10},
		{name: "torn corner", spoil: scanned(random(10, 60, func(v float64) omrtest.Spoil { return d.TornCorner(omrtest.Where(int(v*97)%4), v) })), may: 20},
		{name: "fold big", spoil: scanned(random(60, 120, func(v float64) omrtest.Spoil { return d.FoldCorner(omrtest.Where(int(v*97)%4), v) })), may: 50},
		{name: "torn big", spoil: scanned(random(60, 120, func(v float64) omrtest.Spoil { return d.TornCorner(omrtest.Where(int(v*97)%4), v) })), may: 50},
		{name: "crop", spoil: scanned(random(1, 6, func(v float64) omrtest.Spoil { return d.Crop(v, 0, 6-v, v/2) }))},
		{name: "crop marker", spoil: scanned(d.Crop(12, 0, 0, 0)), may: 100},
		{name: "frame", spoil: scanned(random(1, 6, func(v float64) omrtest.Spoil { return d.Frame(v, 10) }))},
		{name: "margin", spoil: scanned(d.Margin(8, 20), random(-2, 2, skew))},
		{name: "punch", spoil: scanned(random(10, 14, func(v float64) omrtest.Spoil { return d.Punch(v, 30) }))},
		{name: "coffee", spoil: scanned(random(0.2, 0.8, func(v float64) omrtest.Spoil { return d.Coffee(v, 1-v, 40) }))},
		{name: "thumb", spoil: scanned(random(0.2, 0.8, func(v float64) omrtest.Spoil { return d.Fingerprint(v, 0.5, 0.5) }))},
		{name: "office stamp", spoil: scanned(random(0.2, 0.8, func(v float64) omrtest.Spoil { return d.Stamp(0.5, v) }))},
		{name: "dirty", spoil: scanned(omrtest.DirtyErasing(0.5)), may: 10},
		{name: "all at once", spoil: omrtest.Chain(random(-0.02, 0.03, omrtest.Stretch), random(-2, 2, skew), omrtest.UnevenLight(0.2),
			omrtest.Photocopy(0.97, 1.4, 20), omrtest.DirtyErasing(0.15), scanned(), random(40, 90, func(v float64) omrtest.Spoil { return omrtest.JPEG(int(v)) })), may: 10},
		{name: "hairlines 150", dpi: 150, hand: omrtest.Hairline, spoil: scanned()},
		{name: "hairlines 300", dpi: 300, hand: omrtest.Hairline, spoil: scanned()},
		{name: "hairlines jpeg", hand: omrtest.Hairline, spoil: omrtest.Chain(scanned(), omrtest.JPEG(50))},
		{name: "hairlines copied", hand: omrtest.Hairline, spoil: scanned(omrtest.Photocopy(0.97, 2, 40))},
		{name: "dots dark", hand: omrtest.Dot, spoil: scanned(omrtest.Gamma(0.8), omrtest.Noise(10))},
		{name: "pale copied", hand: omrtest.Pale, spoil: scanned(omrtest.Photocopy(0.97, 2, 20))},
		{name: "pale light", hand: omrtest.Pale, spoil: scanned(omrtest.Gamma(1.25))},
		{name: "rubbed dirty", hand: omrtest.Rubbed, spoil: scanned(omrtest.DirtyErasing(0.4))},
		{name: "two bilevel", hand: omrtest.Two, spoil: omrtest.Chain(scanned(), omrtest.Bilevel(140)), bits: 1},
		{name: "tick bilevel", hand: omrtest.Tick, spoil: omrtest.Chain(scanned(), omrtest.Bilevel(140)), bits: 1},
		{name: "shifted copied", hand: omrtest.Shifted, spoil: scanned(omrtest.Photocopy(1.03, 2, 20))},
		{name: "phone", spoil: omrtest.Phone(3000, 0.9), said: -1, may: 10},
		{name: "unreadable", spoil: omrtest.Unreadable(), may: 100},
	}
	// These say little beside their sisters: a quick run leaves them out.
	rare := []string{
		"scanned 100", "scanned 600", "skew 5", "three quarters", "copy 93", "copy 103", "jpeg 30", "gamma light", "gamma dark", "blur", "noise",
		"light", "streak grey", "streak light", "fold line white", "torn corner", "fold corner", "thumb", "hairlines 150", "hairlines 300",
		"dots dark", "pale light", "shifted copied", "x and y", "shear", "skew 20", "crop marker", "margin", "punch",
	}
	for i := range list {
		f := &list[i]
		f.slow = slices.Contains(rare, f.name)
		if f.dpi == 0 {
			f.dpi = d
		}
		if f.bits == 0 {
			f.bits = 8
		}
		if f.hand == 0 {
			f.hand = pencil
		}
	}
	for _, h := range omrtest.Hands() {
		pen := h == omrtest.PenBlack || h == omrtest.PenBlue || h == omrtest.PenRed
		list = append(list, family{name: "hand " + h.String(), dpi: d, hand: h, bits: 8, slow: pen, spoil: scanned(random(-0.8, 0.8, skew))})
	}
	return list
}

// asked is the number that an environment variable asks for, or usual.
func asked(name string, usual uint64) uint64 {
	if v, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return v
	}
	return usual
}

// TestSpoiled reads sheets that were spoiled in every way that omrtest knows. None
// may be misread without a doubt; BARGKHAN_SEEDS asks for more sheets a family, and
// BARGKHAN_BASE for others: seeds from there on.
func TestSpoiled(t *testing.T) {
	n, base := asked("BARGKHAN_SEEDS", 1), asked("BARGKHAN_BASE", 1)
	d := national(t, true)
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			if f.slow && n == 1 {
				t.Skip("made when BARGKHAN_SEEDS asks for more sheets")
			}
			var r result
			for seed := range n {
				r.try(t, d, f, base+seed)
			}
			t.Log(r)
			for _, w := range r.words {
				t.Log(w)
			}
			if r.of[omrtest.Misread] > 0 {
				t.Errorf("%d fields were misread without a doubt", r.of[omrtest.Misread])
			}
			if r.of[omrtest.Unasked] > 0 {
				t.Errorf("%d fields that only a person can settle were settled", r.of[omrtest.Unasked])
			}
			if 100*r.rejected > f.may*r.sheets+100 {
				t.Errorf("%d of %d sheets were rejected", r.rejected, r.sheets)
			}
		})
	}
}
