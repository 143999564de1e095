package persian

import (
	"cmp"
	"strings"
)

// Natural compares names as people count: img2 before img10. Runs of digits,
// ASCII or Persian, compare by value; equal names but for leading zeros compare
// as they stand, so that the order is total.
func Natural(a, b string) int {
	x, y := []rune(a), []rune(b)
	for len(x) > 0 && len(y) > 0 {
		dx, dy := digitRun(x), digitRun(y)
		if dx == "" || dy == "" {
			if c := cmp.Compare(x[0], y[0]); c != 0 {
				return c
			}
			x, y = x[1:], y[1:]
			continue
		}
		p, q := strings.TrimLeft(dx, "0"), strings.TrimLeft(dy, "0")
		if c := cmp.Or(cmp.Compare(len(p), len(q)), cmp.Compare(p, q)); c != 0 {
			return c
		}
		x, y = x[len(dx):], y[len(dy):]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

// digitRun is the run of digits that r begins with, in ASCII.
func digitRun(r []rune) string {
	var s []byte
	for _, c := range r {
		switch {
		case c >= '0' && c <= '9':
			s = append(s, byte(c))
		case c >= '۰' && c <= '۹':
			s = append(s, byte('0'+c-'۰'))
		default:
			return string(s)
		}
	}
	return string(s)
}
