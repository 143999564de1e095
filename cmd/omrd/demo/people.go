package demo

import (
	"fmt"
	"math/rand/v2"

	"bargkhan/api/exam"
)

// Names as they are common in the offices of municipalities and villages.
var (
	menNames = []string{"محمد", "علی", "حسین", "رضا", "مهدی", "امیرحسین", "سعید", "حمید", "مجید", "احمد", "محسن", "جواد",
		"ابراهیم", "یوسف", "غلامرضا", "بهروز", "پرویز", "ژیان", "چنگیز", "گودرز"}
	womenNames = []string{"فاطمه", "زهرا", "مریم", "معصومه", "سکینه", "لیلا", "نرگس", "سمیه", "مینا", "آذر", "پروانه", "کبری",
		"طاهره", "شهین", "ثریا", "یاسمن"}
	families = []string{"محمدی", "حسینی", "احمدی", "کریمی", "رضایی", "موسوی", "جعفری", "صادقی", "رحیمی", "قاسمی", "یوسفی",
		"علی‌پور", "حاجی‌زاده", "نیک‌نام", "گل‌محمدی", "چراغی", "پورعباسی", "ژاله‌فر", "کاظمی‌نژاد", "میرزایی", "بیگدلی",
		"قره‌داغی", "نوروزی", "شیخ‌الاسلامی", "طباطبایی", "ابراهیم‌زاده", "دهقان", "کشاورز", "بهرامی", "سلطانی"}
	employers = []string{"شهرداری ساری", "شهرداری بابل", "شهرداری آمل", "شهرداری قائم‌شهر", "شهرداری نکا", "دهیاری اسرم",
		"دهیاری پهنه‌کلا", "دهیاری آکند", "دهیاری خرچنگ", "دهیاری سمسکنده", "شهرداری چالوس", "دهیاری گل‌افشان"}
)

// people makes up n candidates of one hall, each with a valid national number.
func people(n int, venue exam.VenueID, rng *rand.Rand) []exam.Candidate {
	pick := func(from []string) string { return from[rng.IntN(len(from))] }
	taken := map[exam.PersonID]bool{}
	out := make([]exam.Candidate, n)
	for i := range out {
		first := pick(menNames)
		if i%3 == 1 {
			first = pick(womenNames)
		}
		number := nationalNumber(rng)
		for taken[number] {
			number = nationalNumber(rng)
		}
		taken[number] = true
		out[i] = exam.Candidate{
			Person: number, Name: first + " " + pick(families), Father: pick(menNames),
			Employer: pick(employers), Venue: venue, Seat: fmt.Sprint(101 + i),
		}
	}
	return out
}

// nationalNumber makes up a valid national number: nine digits, the first three
// those of Sari, and the check digit of the civil registry.
func nationalNumber(rng *rand.Rand) exam.PersonID {
	digits := fmt.Sprintf("%03d%06d", 208+rng.IntN(3), rng.IntN(1_000_000))
	return exam.PersonID(digits + string('0'+checkDigit(digits)))
}

// checkDigit is the tenth digit of a national number: the sum of the nine digits
// weighted 10 down to 2, modulo 11, itself when below 2 and else 11 less it.
func checkDigit(nine string) rune {
	sum := 0
	for i, c := range nine {
		sum += (10 - i) * int(c-'0')
	}
	if r := sum % 11; r < 2 {
		return rune(r)
	}
	return rune(11 - sum%11)
}
