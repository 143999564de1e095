package station

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bargkhan/api/persian"
)

// needed lists the pages given back that somebody needs: blank ones, and those that
// part stacks, are counted and kept, and no paper is looked for.
func (f *Fate) needed() []Back {
	return slices.DeleteFunc(slices.Clone(f.Back), func(b Back) bool { return slices.Contains(expected, b.Reason) })
}

// slip is the text beside what was given back: each page, why, and what to do. It
// names the file's ID, so that no two slips are equal. Its byte-order mark and line
// ends are for the editors of Windows, on whose shares it lies.
func slip(e Entry) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	b.WriteString("\ufeff")
	back := e.Fate.Back
	if e.Fate.End == Returned {
		line("این فایل خوانده نشد و برگردانده شد.")
	} else {
		back = e.Fate.needed()
		line("%s از %s صفحهٔ این فایل خوانده نشد و برگردانده شد؛ بقیه خوانده شد، یا سفید یا سربرگ دسته بود.", persian.Int(len(back)), persian.Int(e.Fate.Pages))
	}
	line("")
	line("فایل: %s", e.Name)
	line("برداشته‌شده: %s", faTime(e.At))
	line("شناسه: %s", e.ID)
	for _, r := range back {
		line("")
		if r.Image > 0 {
			line("صفحهٔ %s", persian.Int(r.Image))
		}
		line("چرا: %s", r.Why)
		line("چه کنید: %s", r.Do)
		line("(%s)", r.Reason)
	}
	return b.String()
}

// faTime is an instant as the clock in Tehran and the calendar show it.
func faTime(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	t = t.In(persian.Tehran())
	return persian.FromTime(t).String() + "، " + persian.Digits(t.Format("15:04:05"))
}

// faSize is a number of bytes for people.
func faSize(n int64) string {
	switch {
	case n >= 1<<20:
		return persian.Digits(strings.Replace(strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64), ".", "٫", 1)) + "\u00a0مگابایت"
	case n >= 1<<10:
		return persian.Int(int(n>>10)) + "\u00a0کیلوبایت"
	}
	return persian.Int(int(n)) + "\u00a0بایت"
}

// faSpan is a length of time for people, in its greatest whole unit.
func faSpan(d time.Duration) string {
	d = d.Abs()
	switch {
	case d >= 48*time.Hour:
		return persian.Int(int(d/(24*time.Hour))) + " روز"
	case d >= 2*time.Hour:
		return persian.Int(int(d/time.Hour)) + " ساعت"
	case d >= 2*time.Minute:
		return persian.Int(int(d/time.Minute)) + " دقیقه"
	}
	return persian.Int(int(d/time.Second)) + " ثانیه"
}

// waitWords say why a file in a drop folder is not taken yet.
var waitWords = map[string]string{
	"growing": "هنوز دارد نوشته می‌شود", "settling": "تازه رسیده؛ چند ثانیهٔ دیگر برداشته می‌شود",
	"incomplete": "پایان فایل نرسیده است؛ منتظر بقیهٔ آن است", "busy": "برنامهٔ دیگری آن را باز نگه داشته است",
	"unreadable": "باز نمی‌شود؛ دسترسی فایل را بررسی کنید", "empty": "خالی است؛ منتظر نوشته‌شدن آن است",
}
