package persian

import (
	"fmt"
	"strings"
)

var (
	ones = [...]string{
		"صفر", "یک", "دو", "سه", "چهار", "پنج", "شش", "هفت", "هشت", "نه", "ده", "یازده", "دوازده", "سیزده",
		"چهارده", "پانزده", "شانزده", "هفده", "هجده", "نوزده",
	}
	tens     = [...]string{"", "", "بیست", "سی", "چهل", "پنجاه", "شصت", "هفتاد", "هشتاد", "نود"}
	hundreds = [...]string{"", "صد", "دویست", "سیصد", "چهارصد", "پانصد", "ششصد", "هفتصد", "هشتصد", "نهصد"}
	scales   = [...]string{"", "هزار", "میلیون", "میلیارد"}
)

// Words writes n in words, «هفتاد و پنج», for «به حروف». Its size is below 10¹².
func Words(n int) string {
	if n < 0 {
		return "منفی " + Words(-n)
	}
	if n == 0 {
		return ones[0]
	}
	var parts []string
	for i := 0; n > 0; i, n = i+1, n/1000 {
		switch part := n % 1000; {
		case part == 0:
		case part == 1 && i == 1:
			parts = append([]string{scales[1]}, parts...) // «هزار», never «یک هزار»
		default:
			parts = append([]string{strings.TrimSpace(below1000(part) + " " + scales[i])}, parts...)
		}
	}
	return strings.Join(parts, " و ")
}

func below1000(n int) string {
	var parts []string
	if n >= 100 {
		parts, n = append(parts, hundreds[n/100]), n%100
	}
	if n >= 20 {
		parts, n = append(parts, tens[n/10]), n%10
	}
	if n > 0 {
		parts = append(parts, ones[n])
	}
	return strings.Join(parts, " و ")
}

// A score out of 100 is counted in hundredths here: 7000 is 70, 6842 is 68.42.

// Score writes a score of so many hundredths: «۷۰ از ۱۰۰», «۶۸٫۴۲ از ۱۰۰». It is
// never written with a slash, which many read as a decimal point.
func Score(hundredths int) string { return ScoreDigits(hundredths) + " از ۱۰۰" }

// ScoreDigits writes a score of so many hundredths: «۷۰», «۶۸٫۴۲», «۷۲٫۵».
func ScoreDigits(hundredths int) string {
	sign := ""
	if hundredths < 0 {
		sign, hundredths = "−", -hundredths
	}
	s := fmt.Sprintf("%d.%02d", hundredths/100, hundredths%100)
	s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	return sign + strings.ReplaceAll(Digits(s), ".", "٫")
}

// ScoreWords writes a score of so many hundredths in words: «هفتاد», «شصت و هشت
// ممیز چهل و دو صدم».
func ScoreWords(hundredths int) string {
	if hundredths < 0 {
		return "منفی " + ScoreWords(-hundredths)
	}
	whole, part := Words(hundredths/100), hundredths%100
	switch {
	case part == 0:
		return whole
	case part%10 == 0:
		return whole + " ممیز " + Words(part/10) + " دهم"
	}
	return whole + " ممیز " + Words(part) + " صدم"
}
