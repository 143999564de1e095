package api

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"bargkhan/api/exam"
	"bargkhan/api/persian"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// The Persian words of the closed lists, as the screens show them. They are made
// here from the stable codes and never matched on.
var (
	dutyWords = map[exam.Duty]string{
		exam.Operator: "کاربر اسکن", exam.Supervisor: "ناظر", exam.Expert: "کارشناس دفتر", exam.Approver: "تأییدکننده",
		exam.Centre: "مرکز", exam.Auditor: "بازرس", exam.Admin: "مدیر سامانه",
	}
	endWords = map[exam.End]string{
		exam.EndWaiting: "در نوبت", exam.EndRead: "خوانده شد", exam.EndReturned: "برگشت خورد", exam.EndCopied: "تکراری",
	}
	waitWords = map[string]string{
		"growing": "هنوز دارد نوشته می‌شود", "settling": "تازه رسیده؛ چند ثانیهٔ دیگر برداشته می‌شود",
		"incomplete": "پایان فایل نرسیده است؛ منتظر بقیهٔ آن است", "busy": "برنامهٔ دیگری آن را باز نگه داشته است",
		"unreadable": "باز نمی‌شود؛ دسترسی فایل را بررسی کنید", "empty": "خالی است؛ منتظر نوشته‌شدن آن است",
	}
	doubtWords = map[judge.Reason]string{
		judge.Faint: "نشانه کم‌رنگ است", judge.Several: "بیش از یک نشانه دیده می‌شود", judge.Missing: "نشانه‌ای دیده نمی‌شود",
		judge.Close: "دو نشانه نزدیک به هم‌اند؛ شاید یکی پاک شده باشد", judge.Lost: "خانه در جای خود دیده نمی‌شود",
		judge.Hidden: "بخشی از ردیف پوشیده یا پاره است", judge.Disagree: "دو اسکن این برگه یکسان نیستند",
		judge.Unknown: "آنچه نشانه خورده است در این آزمون نیست", judge.Divided: "دو شیوهٔ خواندن دربارهٔ این نشانه یکی نیستند",
		judge.Tick: "خانه تیک خورده است و پر نشده", judge.Cross: "خانه ضربدر خورده است و پر نشده",
	}
	outcomeWords = map[exam.Outcome]string{exam.Open: "باز", exam.Failed: "مردود", exam.Passed: "قبول"}
	stateWords   = map[exam.State]string{
		exam.Partial: "ناقص", exam.Nameless: "بی‌نام", exam.InReview: "در بازبینی", exam.Decided: "نتیجه روشن", exam.Settled: "قطعی",
	}
	standingWords = map[string][2]string{
		"valid":      {"معتبر است", "این گواهی صادر و تأیید شده است و اعتبار دارد."},
		"revoked":    {"باطل شده است", "این گواهی دیگر اعتبار ندارد."},
		"replaced":   {"جایگزین شده است", "به جای این گواهی، گواهی دیگری صادر شده است."},
		"unapproved": {"هنوز تأیید نشده است", "این گواهی صادر شده، اما هنوز تأیید نشده است و اعتبار ندارد."},
		"forged":     {"امضای آن درست نیست", "داده‌های این گواهی با امضای آن نمی‌خواند. آن را نپذیرید و به دفتر صادرکننده خبر دهید."},
	}
)

// fa is n in Persian digits.
func fa(n int) string { return persian.Int(n) }

// faDate is a civil day as people write it, ۱۴۰۵/۰۹/۰۱.
func faDate(d exam.Date) string {
	if d.IsZero() {
		return "—"
	}
	return d.Jalali().String()
}

// trayWords name the trays.
var trayWords = map[exam.Tray]string{
	exam.Blanks: "سفید", exam.Separators: "سربرگ", exam.Others: "کاغذ دیگر", exam.Foreigns: "برگهٔ بیگانه",
	exam.Held: "منتظر باز شدن آزمون", exam.Again: "دوباره اسکن شود",
}

// shortWords say how many sheets of a batch are missing, or too many.
func shortWords(n int) string {
	if n < 0 {
		return fa(-n) + " زیاد"
	}
	return fa(n) + " کم"
}

// faTime is an instant as the clock in Tehran and the calendar show it.
func faTime(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	t = t.In(persian.Tehran())
	return persian.FromTime(t).String() + "، " + persian.Digits(t.Format("15:04:05"))
}

// faScore is a score of 100 as people write it, ۷۲/۵.
func faScore(r exam.Ratio) string { return persian.ScoreDigits(r.Of100()) }

// faExpected says how many of the fields that the machine accepted are expected to be
// wrong; nothing of no fields.
func faExpected(e exam.Expectation) string {
	unknown := ""
	if e.Unknown > 0 {
		unknown = "برای " + fa(e.Unknown) + " پاسخِ پذیرفته‌شده، احتمال نادرستی ثبت نشده است؛ دربارهٔ آن‌ها برآوردی نیست."
	}
	if e.Known() == 0 {
		return unknown
	}
	return strings.TrimSpace("از " + fa(e.Known()) + " پاسخِ پذیرفته‌شدهٔ ماشینی، انتظار می‌رود " + faFew(e.Wrong) +
		" نادرست باشد؛ با اطمینان ۹۵٪، حداکثر " + fa(e.AtMost) + ". " + unknown)
}

// faFew is a number that is often less than one, to two digits, ۰٫۲۷.
func faFew(x float64) string {
	const least = 0.01
	switch {
	case x > 0 && x < least:
		return "کمتر از ۰٫۰۱"
	case x >= 10:
		return fa(int(math.Round(x)))
	}
	digits := 2
	if x >= 1 {
		digits = 1
	}
	s := strconv.FormatFloat(x, 'f', digits, 64)
	return persian.Digits(strings.Replace(s, ".", "٫", 1))
}

// faSize is a number of bytes for people.
func faSize(n int64) string {
	switch {
	case n >= 1<<20:
		return persian.Digits(strings.Replace(strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64), ".", "٫", 1)) + " مگابایت"
	case n >= 1<<10:
		return persian.Digits(strconv.FormatInt(n>>10, 10)) + " کیلوبایت"
	}
	return persian.Digits(strconv.FormatInt(n, 10)) + " بایت"
}

// why says doubts to a person, each reason once, with the choices it is about.
func why(ds []judge.Doubt) []string {
	out := []string{}
	var reasons []judge.Reason
	about := map[judge.Reason][]string{}
	for _, d := range ds {
		if !slices.Contains(reasons, d.Reason) {
			reasons = append(reasons, d.Reason)
		}
		if d.Choice != "" {
			about[d.Reason] = append(about[d.Reason], persian.Digits(string(d.Choice)))
		}
	}
	for _, r := range reasons {
		w := doubtWords[r]
		if cs := about[r]; len(cs) > 0 {
			w += " (" + strings.Join(cs, " و ") + ")"
		}
		out = append(out, w)
	}
	return out
}

// label names a field of d for people: a digit of the number by its place in it, a
// question by the digits its id ends with.
func label(d *sheets.Design, id sheets.FieldID, role sheets.Role) string {
	n := persian.Digits(strings.TrimLeftFunc(string(id), func(r rune) bool { return !unicode.IsDigit(r) }))
	switch {
	case id == exam.PersonField:
		return "صاحب برگه"
	case role == sheets.Version:
		return "کد دفترچه"
	case role == sheets.Presence:
		return "خانهٔ غایب"
	case role == sheets.Identity:
		return "رقم " + fa(place(d, id)) + " کد ملی"
	case n == "":
		return string(id)
	case role == sheets.Survey:
		return "پرسش نظرسنجی " + n
	}
	return "پرسش " + n
}

// place is which digit of the number a field of d is, from 1; 0 when it is none.
func place(d *sheets.Design, id sheets.FieldID) int {
	if d == nil {
		return 0
	}
	n := 0
	for _, p := range d.Pages {
		for _, f := range p.Fields {
			if f.Role != sheets.Identity {
				continue
			}
			if n++; f.ID == id {
				return n
			}
		}
	}
	return 0
}
