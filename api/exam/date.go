package exam

import (
	"cmp"
	"fmt"
	"time"

	"bargkhan/api/persian"
)

// DateOf is the civil day of an instant in Tehran.
func DateOf(t time.Time) Date {
	y, m, d := t.In(persian.Tehran()).Date()
	return Date{y, m, d}
}

// DateOfJalali is the civil day that the Jalali calendar calls j.
func DateOfJalali(j persian.Date) Date {
	y, m, d := j.Civil()
	return Date{y, m, d}
}

// Jalali is what the Jalali calendar calls d.
func (d Date) Jalali() persian.Date { return persian.FromCivil(d.Year, d.Month, d.Day) }

// Start is the first instant of d in Tehran.
func (d Date) Start() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, persian.Tehran())
}

// AddDays returns the day n days after d, or before it for a negative n.
func (d Date) AddDays(n int) Date {
	y, m, day := time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC).Date()
	return Date{y, m, day}
}

// Compare orders dates by time.
func (d Date) Compare(e Date) int {
	return cmp.Or(cmp.Compare(d.Year, e.Year), cmp.Compare(d.Month, e.Month), cmp.Compare(d.Day, e.Day))
}

// IsZero says that no date is given.
func (d Date) IsZero() bool { return d == Date{} }

// Valid says whether the calendar has the day d.
func (d Date) Valid() bool { return !d.IsZero() && d.AddDays(0) == d }

// String writes d as "2026-11-22".
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// MarshalText writes d as "2026-11-22", and no date as an empty text.
func (d Date) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return []byte{}, nil
	}
	if !d.Valid() {
		return nil, fmt.Errorf("exam: %s is no day of the calendar", d)
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what MarshalText writes; any other text is an error.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Date{}
		return nil
	}
	t, err := time.Parse(time.DateOnly, string(b))
	if err != nil {
		return fmt.Errorf("exam: %q is not a date such as 2026-11-22", b)
	}
	y, m, day := t.Date()
	*d = Date{y, m, day}
	return nil
}
