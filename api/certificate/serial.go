package certificate

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/persian"
)

// symbols are Crockford's base 32: no I, L, O or U, so that a serial can be read
// aloud and typed from paper.
const symbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// A serial is three groups of five symbols, the last of which checks the others:
// "7K3M9-QPTW2-XD4ZR". Seventy bits keep two of thirty years' certificates of the
// whole country (some 10⁷) from ever sharing one: the chance is below 10⁻⁶.
const (
	serialData   = 14
	serialGroup  = 5
	serialFormat = "bargkhan serial 1\n%q\n%q\n%q\n%d/%d\n"
)

// SerialOf is the serial of a certificate that person passed title of session with
// score, which is taken as a number: 14/20 and 28/40 are one.
func SerialOf(session exam.SessionID, person exam.PersonID, title exam.TitleID, score exam.Ratio) Serial {
	d := max(1, gcd(score.Num, score.Den))
	sum := sha256.Sum256(fmt.Appendf(nil, serialFormat, string(session), string(person), string(title), score.Num/d, score.Den/d))
	data := make([]byte, serialData)
	for i := range data { // five bits a symbol, from the head of the sum
		at := i * 5
		pair := uint(sum[at/8])<<8 | uint(sum[at/8+1])
		data[i] = symbols[pair>>(11-at%8)&31]
	}
	return group(string(data) + string(checkSymbol(string(data))))
}

func gcd(a, b int) int {
	a, b = max(a, -a), max(b, -b)
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// group writes symbols in groups.
func group(s string) Serial {
	var parts []string
	for ; len(s) > serialGroup; s = s[serialGroup:] {
		parts = append(parts, s[:serialGroup])
	}
	return Serial(strings.Join(append(parts, s), "-"))
}

// checkSymbol is Luhn's check of data over 32 symbols: it finds every single wrong
// symbol and nearly every swap of neighbours.
func checkSymbol(data string) byte {
	sum, factor := 0, 2
	for i := len(data) - 1; i >= 0; i-- {
		n := factor * strings.IndexByte(symbols, data[i])
		sum += n/32 + n%32
		factor = 3 - factor
	}
	return symbols[(32-sum%32)%32]
}

// ParseSerial reads a serial as people type it: any case, any digits, with or
// without hyphens and spaces, O for 0, I and L for 1. A wrong check symbol is a
// fault.Invalid.
func ParseSerial(s string) (Serial, error) {
	s = strings.ToUpper(persian.Display(s))
	s = strings.NewReplacer("-", "", " ", "", "\u200c", "", "O", "0", "I", "1", "L", "1").Replace(s)
	bad := len(s) != serialData+1 || strings.Trim(s, symbols) != ""
	if bad || s[serialData] != checkSymbol(s[:serialData]) {
		return "", fault.New(fault.Invalid, "شمارهٔ گواهینامه درست نیست.", "پانزده نویسهٔ روی گواهینامه را دوباره بنویسید.")
	}
	return group(s), nil
}
