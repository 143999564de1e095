package persian

import "strings"

// A Province is one of the thirty-one, with its code as text: «مرکزی» is "00",
// which a number would lose.
type Province struct {
	Code string
	Name string
}

// ProvinceCodes names the list the codes are of. The list of ISO before 2020 uses
// the same digits for other provinces.
const ProvinceCodes = "ISO 3166-2:IR (2020)"

// Provinces lists all provinces in the order of their codes, which are those of
// ISO 3166-2:IR since 2020 and of the Statistical Centre of Iran.
func Provinces() []Province {
	names := [...]string{
		"مرکزی", "گیلان", "مازندران", "آذربایجان شرقی", "آذربایجان غربی", "کرمانشاه", "خوزستان", "فارس",
		"کرمان", "خراسان رضوی", "اصفهان", "سیستان و بلوچستان", "کردستان", "همدان", "چهارمحال و بختیاری",
		"لرستان", "ایلام", "کهگیلویه و بویراحمد", "بوشهر", "زنجان", "سمنان", "یزد", "هرمزگان", "تهران",
		"اردبیل", "قم", "قزوین", "گلستان", "خراسان شمالی", "خراسان جنوبی", "البرز",
	}
	ps := make([]Province, len(names))
	for i, name := range names {
		ps[i] = Province{Code: string([]byte{'0' + byte(i/10), '0' + byte(i%10)}), Name: name}
	}
	return ps
}

// ProvinceName is the name of the province with code; empty when there is none.
func ProvinceName(code string) string {
	for _, p := range Provinces() {
		if p.Code == code {
			return p.Name
		}
	}
	return ""
}

// FindProvince finds a province by its name in any spelling, with or without the
// «و» between two names and the word «استان» before them.
func FindProvince(name string) (Province, bool) {
	key := strings.TrimPrefix(Key(name), "استان")
	for _, p := range Provinces() {
		if key == Key(p.Name) || key == Key(strings.Replace(p.Name, " و ", " ", 1)) {
			return p, true
		}
	}
	return Province{}, false
}
