// Package persian is what the office knows of the Persian language and calendar:
// digits, letters, order, Jalali dates, national numbers, numbers in words. It is
// pure and imports nothing of ours.
//
// A text has three values: raw, as it was received; display, clean Persian with
// ASCII digits, which is stored; and the match key, which finds candidates of a
// match and is never shown. Persian digits are put on when a text is shown.
package persian

import (
	"errors"
	"strconv"
	"strings"
)

// Digits returns s with every ASCII and Arabic digit written as a Persian one,
// for screens and paper.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if d, ok := digit(r); ok {
			return '۰' + rune(d)
		}
		return r
	}, s)
}

// ASCII returns s with every Persian and Arabic digit written as an ASCII one,
// for storing, comparing, files and logs.
func ASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if d, ok := digit(r); ok {
			return '0' + rune(d)
		}
		return r
	}, s)
}

// Int writes n in Persian digits.
func Int(n int) string { return Digits(strconv.Itoa(n)) }

// ErrInt says that a text is not a whole number.
var ErrInt = errors.New("عدد صحیح نیست")

// ParseInt reads a whole number in ASCII, Persian or Arabic digits, with spaces
// around it. Anything else is ErrInt.
func ParseInt(s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(ASCII(s)))
	if err != nil {
		return 0, ErrInt
	}
	return n, nil
}

// digit is the value of a decimal digit of any of the three scripts.
func digit(r rune) (int, bool) {
	for _, zero := range [...]rune{'0', '۰', '٠'} {
		if r >= zero && r <= zero+9 {
			return int(r - zero), true
		}
	}
	return 0, false
}
