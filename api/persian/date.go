package persian

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Date is a civil day of the Jalali calendar.
type Date struct {
	Year  int // 1300 to 1500
	Month int // from 1, Farvardin
	Day   int
}

// The years for which the 33-year rule was compared with the astronomical
// calendar (Borkowski's algorithm) and found equal.
const (
	firstYear = 1300
	lastYear  = 1500
)

// ErrDate says that a text or a triple is no day of the Jalali calendar.
var ErrDate = errors.New("تاریخ شمسی درست نیست")

// Tehran is the zone of Iran: +03:30 all year since 2022-09-21. It is fixed here
// because older zone tables still add an hour in summer.
func Tehran() *time.Location { return time.FixedZone("+0330", 3*3600+1800) }

// Leap says whether Esfand of year has thirty days: the 33-year rule, by which
// 1403 is a leap year and 1404 is not.
func Leap(year int) bool { return (25*year+11)%33 < 8 }

// monthDays is the length of a month.
func monthDays(year, month int) int {
	switch {
	case month <= 6:
		return 31
	case month <= 11 || Leap(year):
		return 30
	}
	return 29
}

// Valid says whether d exists, in the years 1300 to 1500.
func (d Date) Valid() bool {
	return d.Year >= firstYear && d.Year <= lastYear &&
		d.Month >= 1 && d.Month <= 12 && d.Day >= 1 && d.Day <= monthDays(d.Year, d.Month)
}

// number counts days from 1 Farvardin of year 1, day 0.
func (d Date) number() int {
	y := d.Year - 1
	leaps := 8 * (y / 33)
	for k := 1; k <= y%33; k++ {
		if Leap(k) {
			leaps++
		}
	}
	return 365*y + leaps + 31*min(d.Month-1, 6) + 30*max(d.Month-7, 0) + d.Day - 1
}

// fromNumber is the inverse of number.
func fromNumber(n int) Date {
	d := Date{Year: n/366 + 1, Month: 1, Day: 1}
	for (Date{Year: d.Year + 1, Month: 1, Day: 1}).number() <= n {
		d.Year++
	}
	n -= d.number()
	for n >= monthDays(d.Year, d.Month) {
		n -= monthDays(d.Year, d.Month)
		d.Month++
	}
	d.Day += n
	return d
}

// epoch is the day of the Unix epoch, 11 Dey 1348.
var epoch = Date{Year: 1348, Month: 10, Day: 11}

const secondsOfDay = 24 * 60 * 60

// FromCivil returns the Jalali date of a Gregorian civil day.
func FromCivil(year int, month time.Month, day int) Date {
	u := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()
	return fromNumber(epoch.number() + int(u/secondsOfDay))
}

// FromTime returns the date of an instant in Tehran.
func FromTime(t time.Time) Date { return FromCivil(t.In(Tehran()).Date()) }

// Civil returns the Gregorian civil day of d.
func (d Date) Civil() (year int, month time.Month, day int) {
	n := d.number() - epoch.number()
	return time.Unix(int64(n)*secondsOfDay, 0).UTC().Date()
}

// AddDays returns the day n days after d, or before it for a negative n.
func (d Date) AddDays(n int) Date { return fromNumber(d.number() + n) }

// AddMonths returns the same day n months after d. Where that month is shorter,
// it is the month's last day: 30 Bahman and a month is 29 Esfand 1404.
func (d Date) AddMonths(n int) Date {
	m := d.Year*12 + d.Month - 1 + n
	e := Date{Year: m / 12, Month: m%12 + 1}
	e.Day = min(d.Day, monthDays(e.Year, e.Month))
	return e
}

// Compare orders dates by time.
func (d Date) Compare(e Date) int {
	return cmp.Or(cmp.Compare(d.Year, e.Year), cmp.Compare(d.Month, e.Month), cmp.Compare(d.Day, e.Day))
}

// ASCII writes d as 1405/09/01, for files. Slashes, because a date with hyphens
// is turned around inside right-to-left text.
func (d Date) ASCII() string { return fmt.Sprintf("%04d/%02d/%02d", d.Year, d.Month, d.Day) }

// String writes d as «۱۴۰۵/۰۹/۰۱», for screens and paper.
func (d Date) String() string { return Digits(d.ASCII()) }

// Long writes d as «۱ آذر ۱۴۰۵».
func (d Date) Long() string { return Int(d.Day) + " " + MonthName(d.Month) + " " + Int(d.Year) }

// Weekday is the day of the week of d.
func (d Date) Weekday() time.Weekday {
	y, m, day := d.Civil()
	return time.Date(y, m, day, 0, 0, 0, 0, time.UTC).Weekday()
}

// MonthName is the name of a month from 1 to 12; empty for any other.
func MonthName(month int) string {
	if month < 1 || month > 12 {
		return ""
	}
	return [...]string{
		"فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور",
		"مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
	}[month-1]
}

// WeekdayName is the name of a day of the week.
func WeekdayName(w time.Weekday) string {
	return [...]string{"یکشنبه", "دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه"}[w]
}

// ParseDate reads year, month and day of a Jalali date in any digits, parted by
// slashes, hyphens or dots. A day that does not exist is ErrDate.
func ParseDate(s string) (Date, error) {
	parts := strings.FieldsFunc(Display(s), func(r rune) bool { return r == '/' || r == '-' || r == '.' })
	if len(parts) != 3 {
		return Date{}, ErrDate
	}
	var n [3]int
	for i, p := range parts {
		var err error
		if n[i], err = ParseInt(p); err != nil {
			return Date{}, ErrDate
		}
	}
	d := Date{n[0], n[1], n[2]}
	if !d.Valid() {
		return Date{}, ErrDate
	}
	return d, nil
}
