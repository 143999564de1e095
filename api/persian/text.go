package persian

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A Text is one text in its three values.
type Text struct {
	Raw     string // as received
	Display string // clean Persian, ASCII digits: what is stored and, with Digits, shown
	Key     string // for comparing only
}

// Read returns the three values of raw.
func Read(raw string) Text { return Text{Raw: raw, Display: Display(raw), Key: Key(raw)} }

const zwnj = '\u200c'

// Display returns raw as clean Persian: Unicode NFKC, Persian yeh and kaf, ASCII
// digits, single spaces, no vowel marks, no tatweel, no invisible controls, and
// the zero-width non-joiner only inside words. Display(Display(s)) is Display(s).
func Display(raw string) string {
	s := norm.NFKC.String(raw)
	s = norm.NFKC.String(strings.Map(letter, s))
	words := strings.Fields(s)
	kept := words[:0]
	for _, w := range words {
		if w = joiners(w); w != "" {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

// letter maps one rune of raw text to its clean form; −1 drops it.
func letter(r rune) rune {
	if d, ok := digit(r); ok {
		return '0' + rune(d)
	}
	switch {
	case r == 'ي', r == 'ى':
		return 'ی'
	case r == 'ك':
		return 'ک'
	case r == '\u0640', r >= '\u064b' && r <= '\u0652', r == '\u0670':
		return -1 // tatweel and vowel marks
	case r == zwnj:
		return r
	case unicode.IsSpace(r):
		return ' '
	case unicode.Is(unicode.Cf, r), unicode.IsControl(r), r == unicode.ReplacementChar:
		return -1 // controls of direction, joiner, byte order mark, soft hyphen
	}
	return r
}

// joiners leaves single zero-width non-joiners inside w and none at its edges.
func joiners(w string) string {
	parts := strings.FieldsFunc(w, func(r rune) bool { return r == zwnj })
	return strings.Join(parts, string(zwnj))
}

// honorifics are words before a name that one list has and another leaves out.
var honorifics = map[string]bool{"سید": true, "سیده": true, "حاج": true}

// Key returns the match key of raw: its Display without spaces and joiners, with
// the letters that people interchange made one, and without سید, سیده and حاج
// before a name. Equal keys make candidates of a match; they prove nothing.
func Key(raw string) string {
	words := strings.FieldsFunc(Display(raw), func(r rune) bool { return r == ' ' || r == zwnj })
	for len(words) > 1 && honorifics[words[0]] {
		words = words[1:]
	}
	return strings.ToLower(strings.Map(alike, strings.Join(words, "")))
}

// alike maps letters that people interchange to one of them; −1 drops it.
func alike(r rune) rune {
	switch r {
	case 'آ', 'أ', 'إ', 'ٱ':
		return 'ا'
	case 'ة', 'ۀ', 'ە', 'ہ', 'ھ':
		return 'ه'
	case 'ؤ':
		return 'و'
	case 'ئ', 'ې', 'ے':
		return 'ی'
	case 'ء', '\u0653', '\u0654', '\u0655':
		return -1
	}
	return r
}
