package exam

// NationalRules are those of the directive on correspondence courses of
// municipalities and dehyaris. The letter's head says 1398/06/17 and a footnote
// 1398/04/19: nothing is computed from either.
func NationalRules() Rules {
	return Rules{
		ID:      "national",
		Version: 1,
		LegalBasis: "دستورالعمل آموزش‌های مکاتبه‌ای شهرداری‌ها و دهیاری‌های کشور، ابلاغی شمارهٔ ۱۹۲۸۱ مورخ ۱۳۹۸/۰۶/۱۷ " +
			"سازمان شهرداری‌ها و دهیاری‌های کشور",
		ItemsPerTitle: 20,                 // «۲۰ سوال برای هر درس»
		Options:       4,                  // «به صورت چهارگزینه‌ای»
		Pass:          Ratio{70, 100},     // «در هر عنوان کسب نمره حداقل ۷۰ از ۱۰۰»
		Penalty:       Ratio{0, 1},        // the directive names none
		Annulled:      CreditedToAll,      // silent; nobody loses by the office's mistake
		ObjectionDays: 15, ClaimMonths: 6, // silent; Tabriz's rules of 1395
		CertificateMonths: 1, // «حداکثر یک ماه پس از برگزاری آزمون»
	}
}

// Of100 is r in hundredths of a score out of 100, rounded down, so that no score
// is shown that was not reached: 14 of 20 is 7000, 13 of 19 is 6842. Of nothing it is 0.
func (r Ratio) Of100() int {
	if r.Den <= 0 {
		return 0
	}
	n := r.Num * 10_000
	if q := n / r.Den; n >= 0 || q*r.Den == n {
		return q
	}
	return n/r.Den - 1
}

// Reaches says whether r is at least least, exactly. Of nothing, nothing is reached.
func (r Ratio) Reaches(least Ratio) bool {
	return r.Den > 0 && r.Num*least.Den >= least.Num*r.Den
}
