package persian_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	ptime "github.com/yaa110/go-persian-calendar"
	"pgregory.net/rapid"

	"bargkhan/api/persian"
)

func TestDigits(t *testing.T) {
	if got, want := persian.Digits("a12٣۴"), "a۱۲۳۴"; got != want {
		t.Errorf("Digits = %q, want %q", got, want)
	}
	if got, want := persian.ASCII("۰۱۲٣٤-5"), "01234-5"; got != want {
		t.Errorf("ASCII = %q, want %q", got, want)
	}
	for in, want := range map[string]int{"۱۲": 12, " ٣٤ ": 34, "-۵": -5, "007": 7} {
		if got, err := persian.ParseInt(in); err != nil || got != want {
			t.Errorf("ParseInt(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "۱۲الف", "۱٫۵"} {
		if _, err := persian.ParseInt(in); !errors.Is(err, persian.ErrInt) {
			t.Errorf("ParseInt(%q) = %v, want ErrInt", in, err)
		}
	}
}

func TestDisplay(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"arabic letters", "علي كاظمى", "علی کاظمی"},
		{"presentation forms", "ﻋﻠﯽ ﻻﻟﻪ", "علی لاله"},
		{"vowels and tatweel", "مُحَمَّــد", "محمد"},
		{"controls", "\ufeff\u202bرضا\u202c\u200f", "رضا"},
		{"spaces", "  علی\u00a0 \tرضا ", "علی رضا"},
		{"joiners at the edges and repeated", "\u200cشهرداری\u200c\u200cها\u200c", "شهرداری\u200cها"},
		{"a word of joiners only", "الف \u200c ب", "الف ب"},
		{"soft hyphen and joiner", "شهر\u00adدا\u200dری", "شهرداری"},
		{"digits", "منطقهٔ ۳ و ٤", "منطقهٔ 3 و 4"},
		{"hamza stays", "مؤمن آقائی", "مؤمن آقائی"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := persian.Display(tt.in); got != tt.want {
				t.Errorf("Display(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestKeyJoinsSpellings(t *testing.T) {
	for _, group := range [][]string{
		{"شهرداری‌ها", "شهرداریها", "شهرداری ها", "شهرداري‌ها"},
		{"سید محمد مؤمنی", "محمد مومنی", "حاج سید محمد مومنی"},
		{"فاطمة آقائی", "فاطمه اقایی"},
		{"ABC ۱۲", "abc12"},
	} {
		for _, s := range group[1:] {
			if got, want := persian.Key(s), persian.Key(group[0]); got != want {
				t.Errorf("Key(%q) = %q, Key(%q) = %q, want equal", s, got, group[0], want)
			}
		}
	}
	if persian.Key("سید") == "" {
		t.Error("a name that is only «سید» has an empty key")
	}
}

func TestDisplayIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.SampledFrom([]rune("علي كاظمىمُّۀهٔأآ \u200c\u200f۱2٣ﻻ\u00a0ab\u064b\u0654"))).Draw(t, "s")
		d := persian.Display(s)
		if again := persian.Display(d); again != d {
			t.Fatalf("Display(%q) = %q, then %q", s, d, again)
		}
		if persian.Key(d) != persian.Key(s) {
			t.Fatalf("the key of %q changes with its display", s)
		}
	})
}

func TestSort(t *testing.T) {
	want := strings.Fields("آذر اردبیل امید بوشهر پارس تهران ثریا چابهار ژاله سمنان کرمان کیان گیلان لرستان وحید ورامین هادی هرمزگان همدان یزد")
	got := slices.Clone(want)
	slices.Sort(got)
	if slices.Equal(got, want) {
		t.Fatal("the test needs a list that code points misorder")
	}
	persian.Sort(got, func(s string) string { return s })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	keys := slices.Clone(want)
	slices.Reverse(keys)
	slices.SortFunc(keys, func(a, b string) int { return slices.Compare(persian.SortKey(a), persian.SortKey(b)) })
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("by SortKey: %s", diff)
	}
}

func TestSortByIDLast(t *testing.T) {
	type row struct{ name, id string }
	got := []row{{"علي", "3"}, {"رضا", "9"}, {"علی", "1"}, {"میرود", "5"}, {"می‌رود", "4"}}
	persian.Sort(got, func(r row) string { return r.name }, func(r row) string { return r.id })
	want := []row{{"رضا", "9"}, {"علی", "1"}, {"علي", "3"}, {"می‌رود", "4"}, {"میرود", "5"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func date(t *testing.T, s string) persian.Date {
	t.Helper()
	d, err := persian.ParseDate(s)
	if err != nil {
		t.Fatalf("ParseDate(%q): %v", s, err)
	}
	return d
}

func TestCivil(t *testing.T) {
	for _, tt := range []struct {
		jalali, civil string
		day           time.Weekday
	}{
		{"1398/04/19", "2019-07-10", time.Wednesday},
		{"1398/06/17", "2019-09-08", time.Sunday},
		{"1399/12/30", "2021-03-20", time.Saturday},
		{"1403/12/30", "2025-03-20", time.Thursday},
		{"1404/01/01", "2025-03-21", time.Friday},
		{"1404/12/29", "2026-03-20", time.Friday},
		{"1405/09/01", "2026-11-22", time.Sunday},
	} {
		d := date(t, tt.jalali)
		y, m, day := d.Civil()
		if got := time.Date(y, m, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly); got != tt.civil {
			t.Errorf("%s is %s, want %s", tt.jalali, got, tt.civil)
		}
		if got := persian.FromCivil(y, m, day); got != d {
			t.Errorf("%s comes back as %s", tt.jalali, got.ASCII())
		}
		if got := d.Weekday(); got != tt.day {
			t.Errorf("%s is a %s, want %s", tt.jalali, got, tt.day)
		}
	}
}

// TestEveryDay compares every day of two centuries with a calendar made by others.
func TestEveryDay(t *testing.T) {
	for d := (persian.Date{Year: 1300, Month: 1, Day: 1}); d.Year <= 1500; d = d.AddDays(1) {
		y, m, day := d.Civil()
		p := ptime.New(time.Date(y, m, day, 12, 0, 0, 0, time.UTC))
		if p.Year() != d.Year || int(p.Month()) != d.Month || p.Day() != d.Day {
			t.Fatalf("%d-%d-%d is %s here and %s there", y, m, day, d.ASCII(), p.Format("yyyy/MM/dd"))
		}
		if persian.FromCivil(y, m, day) != d || !d.Valid() {
			t.Fatalf("%s does not come back", d.ASCII())
		}
	}
}

func TestLeap(t *testing.T) {
	var got []int
	for y := 1391; y <= 1420; y++ {
		if persian.Leap(y) {
			got = append(got, y)
		}
	}
	if want := []int{1391, 1395, 1399, 1403, 1408, 1412, 1416, 1420}; !slices.Equal(got, want) {
		t.Errorf("leap years %v, want %v", got, want)
	}
}

func TestDeadlines(t *testing.T) {
	for _, tt := range []struct{ exam, notify, announce, announce30, cert, cert30, objection, claim string }{
		{"1398/06/12", "1398/05/29", "1398/05/12", "1398/05/13", "1398/07/12", "1398/07/11", "1398/07/27", "1398/12/12"},
		{"1398/06/31", "1398/06/17", "1398/05/31", "1398/06/01", "1398/07/30", "1398/07/30", "1398/08/15", "1398/12/29"},
		{"1403/11/30", "1403/11/16", "1403/10/30", "1403/10/30", "1403/12/30", "1403/12/30", "1404/01/15", "1404/05/30"},
		{"1404/11/30", "1404/11/16", "1404/10/30", "1404/10/30", "1404/12/29", "1405/01/01", "1405/01/15", "1405/05/30"},
		{"1405/01/31", "1405/01/17", "1404/12/29", "1405/01/01", "1405/02/31", "1405/02/30", "1405/03/15", "1405/07/30"},
	} {
		t.Run(tt.exam, func(t *testing.T) {
			d := date(t, tt.exam)
			for what, pair := range map[string][2]string{
				"notify":        {d.AddDays(-14).ASCII(), tt.notify},
				"announce":      {d.AddMonths(-1).ASCII(), tt.announce},
				"announce 30":   {d.AddDays(-30).ASCII(), tt.announce30},
				"certify":       {d.AddMonths(1).ASCII(), tt.cert},
				"certify 30":    {d.AddDays(30).ASCII(), tt.cert30},
				"objection end": {d.AddMonths(1).AddDays(15).ASCII(), tt.objection},
				"claim end":     {d.AddMonths(6).ASCII(), tt.claim},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%s: got %s, want %s", what, pair[0], pair[1])
				}
			}
		})
	}
}

func TestParseDate(t *testing.T) {
	for _, in := range []string{"۱۴۰۵/۹/۱", "1405-09-01", "١٤٠٥.٠٩.٠١", " 1405/09/01 "} {
		if got := date(t, in).String(); got != "۱۴۰۵/۰۹/۰۱" {
			t.Errorf("%q reads as %s", in, got)
		}
	}
	for _, in := range []string{"1404/12/30", "1404/13/01", "1405/07/31", "1405/09", "", "1405/x/1", "2026/11/22"} {
		if d, err := persian.ParseDate(in); !errors.Is(err, persian.ErrDate) {
			t.Errorf("%q reads as %s, %v, want ErrDate", in, d.ASCII(), err)
		}
	}
	d := date(t, "1405/09/01")
	if got, want := persian.WeekdayName(d.Weekday())+" "+d.Long(), "یکشنبه ۱ آذر ۱۴۰۵"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := persian.FromTime(time.Date(2026, 11, 21, 20, 30, 0, 0, time.UTC)); got != d {
		t.Errorf("midnight in Tehran is %s, want %s", got.ASCII(), d.ASCII())
	}
}

func TestNational(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		err      error
	}{
		{"0932833810", "0932833810", nil},
		{"0076229645", "0076229645", nil},
		{"۱۵۸۳۲۵۰۶۸۹", "1583250689", nil},
		{"11537027", "0011537027", nil},
		{" 932833810 ", "0932833810", nil},
		{"0123456789", "0123456789", nil},
		{"1234567891", "1234567891", nil},
		{"9876543210", "9876543210", nil},
		{"1111111111", "1111111111", persian.ErrNationalRepeat},
		{"0000000000", "0000000000", persian.ErrNationalRepeat},
		{"4851027394", "4851027394", persian.ErrNationalCheck},
		{"1234567", "", persian.ErrNationalLength},
		{"12345678901", "", persian.ErrNationalLength},
		{"9.32834E+08", "", persian.ErrNationalChars},
		{" ", "", persian.ErrNationalEmpty},
	} {
		got, err := persian.National(tt.in)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("National(%q) = %q, %v, want %q, %v", tt.in, got, err, tt.want, tt.err)
		}
	}
	if err := persian.CheckNational("11537027"); !errors.Is(err, persian.ErrNationalLength) {
		t.Errorf("eight digits pass unfilled: %v", err)
	}
}

func TestWords(t *testing.T) {
	for n, want := range map[int]string{
		0: "صفر", 7: "هفت", 10: "ده", 19: "نوزده", 20: "بیست", 21: "بیست و یک", 70: "هفتاد", 75: "هفتاد و پنج",
		100: "صد", 101: "صد و یک", 1000: "هزار", 1405: "هزار و چهارصد و پنج", 2_000_018: "دو میلیون و هجده", -3: "منفی سه",
		1_001_000: "یک میلیون و هزار",
	} {
		if got := persian.Words(n); got != want {
			t.Errorf("Words(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestScore(t *testing.T) {
	for n, want := range map[int][2]string{
		7000:  {"۷۰ از ۱۰۰", "هفتاد"},
		6842:  {"۶۸٫۴۲ از ۱۰۰", "شصت و هشت ممیز چهل و دو صدم"},
		7250:  {"۷۲٫۵ از ۱۰۰", "هفتاد و دو ممیز پنج دهم"},
		10000: {"۱۰۰ از ۱۰۰", "صد"},
		0:     {"۰ از ۱۰۰", "صفر"},
		5:     {"۰٫۰۵ از ۱۰۰", "صفر ممیز پنج صدم"},
		-3333: {"−۳۳٫۳۳ از ۱۰۰", "منفی سی و سه ممیز سی و سه صدم"},
	} {
		if diff := cmp.Diff(want, [2]string{persian.Score(n), persian.ScoreWords(n)}); diff != "" {
			t.Error(diff)
		}
	}
}

func TestProvinces(t *testing.T) {
	ps := persian.Provinces()
	if len(ps) != 31 || ps[0].Code != "00" || ps[30].Code != "30" {
		t.Fatalf("provinces %v", ps)
	}
	for code, want := range map[string]string{"00": "مرکزی", "07": "فارس", "23": "تهران", "31": "", "0": ""} {
		if got := persian.ProvinceName(code); got != want {
			t.Errorf("ProvinceName(%q) = %q, want %q", code, got, want)
		}
	}
	for in, want := range map[string]string{
		"استان آذربايجان شرقي": "03", "چهارمحال بختیاری": "14", "سیستان وبلوچستان": "11", "كهگيلويه و بوير احمد": "17",
	} {
		if got, ok := persian.FindProvince(in); !ok || got.Code != want {
			t.Errorf("FindProvince(%q) = %v, want %s", in, got, want)
		}
	}
	if p, ok := persian.FindProvince("ری"); ok {
		t.Errorf("ری found as %v", p)
	}
}
