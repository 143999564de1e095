package persian

import (
	"errors"
	"strings"
)

// Why a text is not a national number, for people.
var (
	ErrNationalEmpty  = errors.New("کد ملی نوشته نشده است")
	ErrNationalChars  = errors.New("کد ملی فقط رقم دارد")
	ErrNationalLength = errors.New("کد ملی باید ده رقم باشد")
	ErrNationalRepeat = errors.New("کد ملی با ده رقم یکسان معتبر نیست")
	ErrNationalCheck  = errors.New("رقم کنترل کد ملی درست نیست")
)

// National returns the ten ASCII digits of a national number (کد ملی) typed in
// any digits. Eight or nine digits are filled with zeros on the left, because
// spreadsheets eat them. The check digit misses 1.6 % of single wrong digits:
// a number that passes is possible, not proven.
func National(s string) (string, error) {
	n := Display(s)
	switch {
	case n == "":
		return "", ErrNationalEmpty
	case strings.Trim(n, "0123456789") != "":
		return "", ErrNationalChars
	case len(n) < 8 || len(n) > 10:
		return "", ErrNationalLength
	}
	n = strings.Repeat("0", 10-len(n)) + n
	return n, CheckNational(n)
}

// CheckNational says why ten ASCII digits are not a national number; nil when
// they can be one. Nothing is filled in or repaired.
func CheckNational(n string) error {
	if len(n) != 10 {
		return ErrNationalLength
	}
	sum := 0
	for i := range 10 {
		if n[i] < '0' || n[i] > '9' {
			return ErrNationalChars
		}
		if i < 9 {
			sum += int(n[i]-'0') * (10 - i)
		}
	}
	if strings.Count(n, n[:1]) == 10 {
		return ErrNationalRepeat
	}
	r := sum % 11
	if r > 1 {
		r = 11 - r
	}
	if int(n[9]-'0') != r {
		return ErrNationalCheck
	}
	return nil
}
