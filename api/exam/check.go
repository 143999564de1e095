package exam

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bargkhan/api/fault"
	"bargkhan/api/persian"
	"bargkhan/sheets"
)

// flaws collects every fault of something people wrote, to be told at once.
type flaws []error

func (f *flaws) add(hint, format string, args ...any) {
	*f = append(*f, fault.New(fault.Invalid, fmt.Sprintf(format, args...), hint))
}

// join is a fault.Invalid of all flaws; nil when there is none.
func (f flaws) join() error { return errors.Join(f...) }

// once reports every id that is empty or comes twice among the things called what.
func (f *flaws) once(what string, ids []string) {
	seen := map[string]bool{}
	for i, id := range ids {
		switch {
		case id == "":
			f.add("شناسه‌ای کوتاه با حروف لاتین و رقم بنویسید.", "%s شمارهٔ %s شناسه ندارد.", what, persian.Int(i+1))
		case seen[id]:
			f.add("هر شناسه را فقط یک بار به کار ببرید.", "شناسهٔ «%s» برای دو %s به کار رفته است.", id, what)
		}
		seen[id] = true
	}
}

// MaxForms is how many printed orders of a booklet a session may have.
const MaxForms = 8

// Check returns every fault of a session as the office wrote it, all at once, as
// fault.Invalid errors joined; nil when it can be held.
func (ses *Session) Check() error {
	var f flaws
	f.checkHead(ses)
	f.checkRules(ses.Rules)
	f.checkTitles(ses)
	f.checkForms(ses)
	f.once("حوزه", texts(ses.Venues, func(v Venue) string { return string(v.ID) }))
	return f.join()
}

// texts is one text of each of list.
func texts[T any](list []T, text func(T) string) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = text(v)
	}
	return out
}

func (f *flaws) checkHead(ses *Session) {
	if !plainID(string(ses.ID)) {
		f.add("شناسه‌ای مانند 1405-10-urban-2 بنویسید: حروف کوچک لاتین، رقم و خط تیره.", "شناسهٔ آزمون «%s» پذیرفتنی نیست.", ses.ID)
	}
	for _, part := range [][2]string{{"نام آزمون", ses.Name}, {"نام دفتر صادرکننده", ses.Office}, {"نام مجموعهٔ آموزشی", ses.Set}} {
		if strings.TrimSpace(part[1]) == "" {
			f.add("آن را بنویسید؛ روی گواهینامه چاپ می‌شود.", "%s نوشته نشده است.", part[0])
		}
	}
	if persian.ProvinceName(ses.Province) == "" {
		f.add("کد دورقمی استان را به صورت متن بنویسید؛ مرکزی «00» است.", "کد استان «%s» شناخته نیست.", ses.Province)
	}
	if !ses.Date.Valid() {
		f.add("تاریخ را به صورت 2026-11-22 بنویسید.", "تاریخ آزمون درست نیست.")
	}
}

// plainID says whether id can stand in addresses and file names everywhere.
func plainID(id string) bool {
	return id != "" && len(id) <= 64 && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
		!strings.HasPrefix(id, "-")
}

func (f *flaws) checkRules(r Rules) {
	if r.ID == "" || r.Version < 1 {
		f.add("نام قواعد و نسخهٔ آن را از ۱ به بعد بنویسید.", "قواعد آزمون نام یا نسخه ندارد.")
	}
	if r.ItemsPerTitle < 1 || r.ItemsPerTitle > 100 {
		f.add("عددی از ۱ تا ۱۰۰ بنویسید.", "تعداد پرسش هر عنوان %s است.", persian.Int(r.ItemsPerTitle))
	}
	if r.Options < 2 || r.Options > 5 {
		f.add("عددی از ۲ تا ۵ بنویسید.", "تعداد گزینه‌ها %s است.", persian.Int(r.Options))
	}
	if r.Pass.Den < 1 || r.Pass.Num < 1 || r.Pass.Num > r.Pass.Den {
		f.add("حد نصاب را مانند ۷۰ از ۱۰۰ بنویسید.", "حد نصاب قبولی درست نیست.")
	}
	if r.Penalty.Den < 1 || r.Penalty.Num < 0 || r.Penalty.Num > r.Penalty.Den {
		f.add("بدون نمرهٔ منفی ۰ از ۱ است؛ یک‌سوم ۱ از ۳.", "نمرهٔ منفی درست نیست.")
	}
	if r.Annulled > CreditedIfAnswered {
		f.add("یکی از drop، credit-all و credit-answered را بنویسید.", "قاعدهٔ پرسش حذف‌شده شناخته نیست.")
	}
	if min(r.ObjectionDays, r.ClaimMonths, r.CertificateMonths) < 0 {
		f.add("مهلت‌ها را صفر یا بیشتر بنویسید.", "مهلت منفی است.")
	}
}

func (f *flaws) checkTitles(ses *Session) {
	if len(ses.Titles) == 0 {
		f.add("دست‌کم یک عنوان با پرسش‌هایش بنویسید.", "آزمون هیچ عنوانی ندارد.")
	}
	f.once("عنوان", texts(ses.Titles, func(t Title) string { return string(t.ID) }))
	f.once("پرسش", texts(ses.items(), func(i ItemID) string { return string(i) }))
	for _, t := range ses.Titles {
		if strings.TrimSpace(t.Name) == "" {
			f.add("نام عنوان روی گواهینامه چاپ می‌شود.", "عنوان «%s» نام ندارد.", t.ID)
		}
		if len(t.Items) != ses.Rules.ItemsPerTitle {
			f.add("پرسش‌های عنوان را کامل کنید.", "عنوان «%s» %s پرسش دارد و باید %s پرسش داشته باشد.",
				t.called(), persian.Int(len(t.Items)), persian.Int(ses.Rules.ItemsPerTitle))
		}
		if t.Hours < 1 {
			f.add("ساعت دوره را بنویسید؛ بدون آن گواهینامه صادر نمی‌شود.", "ساعت عنوان «%s» نوشته نشده است.", t.called())
		}
	}
}

// called is what messages call t.
func (t Title) called() string {
	if t.Name != "" {
		return t.Name
	}
	return string(t.ID)
}

// items are all items of the session, title by title.
func (ses *Session) items() []ItemID {
	var ids []ItemID
	for _, t := range ses.Titles {
		ids = append(ids, t.Items...)
	}
	return ids
}

func (f *flaws) checkForms(ses *Session) {
	if n := len(ses.Forms); n < 1 || n > MaxForms {
		f.add("آزمون از یک تا هشت فرم دفترچه دارد.", "تعداد فرم‌های دفترچه %s است.", persian.Int(n))
	}
	f.once("فرم", texts(ses.Forms, func(m Form) string { return string(m.ID) }))
	items := ses.items()
	for _, form := range ses.Forms {
		f.checkForm(form, items)
	}
}

// checkForm wants every item exactly once on the fields q1 … qN.
func (f *flaws) checkForm(form Form, items []ItemID) {
	at := map[ItemID][]string{}
	for i := range items {
		field := question(i + 1)
		if item, ok := form.At[field]; ok {
			at[item] = append(at[item], string(field))
		} else {
			f.add("جای هر پرسش دفترچه را بنویسید.", "در فرم %s پرسش چاپی %s تعیین نشده است.", persian.Digits(string(form.ID)), persian.Int(i+1))
		}
	}
	if hasStranger(form, len(items)) {
		f.add("فقط q1 تا شمارهٔ آخرین پرسش را بنویسید.", "در فرم %s جایی بیرون از %s پرسش دفترچه نوشته شده است.",
			persian.Digits(string(form.ID)), persian.Int(len(items)))
	}
	for _, item := range items {
		if fields := at[item]; len(fields) != 1 {
			f.add("هر پرسش در هر فرم درست یک بار می‌آید.", "در فرم %s پرسش «%s» %s بار آمده است.",
				persian.Digits(string(form.ID)), item, persian.Int(len(fields)))
		}
	}
	for _, item := range slices.Sorted(maps.Keys(at)) {
		if !slices.Contains(items, item) {
			f.add("فقط پرسش‌های همین آزمون را بنویسید.", "در فرم %s، %s به پرسش ناشناختهٔ «%s» اشاره می‌کند.",
				persian.Digits(string(form.ID)), strings.Join(at[item], "، "), item)
		}
	}
}

// hasStranger says whether form places an item on a field that is none of q1 … qn.
func hasStranger(form Form, n int) bool {
	known := 0
	for i := range n {
		if _, ok := form.At[question(i+1)]; ok {
			known++
		}
	}
	return known != len(form.At)
}

// question is the field of the nth question of a sheet, from 1.
func question(n int) sheets.FieldID { return sheets.FieldID(fmt.Sprintf("q%d", n)) }

// CheckDesign returns every reason why the session's sheets cannot be printed
// from d, joined: a question, an option or a form that d has no place for.
func (ses *Session) CheckDesign(d *sheets.Design) error {
	var f flaws
	fields := map[sheets.FieldID]sheets.Field{}
	var version *sheets.Field
	for _, p := range d.Pages {
		for _, field := range p.Fields {
			fields[field.ID] = field
			if field.Role == sheets.Version {
				version = &field
			}
		}
	}
	for i := range ses.items() {
		if q, ok := fields[question(i+1)]; !ok || q.Role != sheets.Answer || !offers(q, ses.options()) {
			f.add("طرحی با همین تعداد پرسش و گزینه بسازید.", "طرح پاسخنامه برای پرسش %s جای درستی ندارد.", persian.Int(i+1))
		}
	}
	forms := texts(ses.Forms, func(m Form) string { return string(m.ID) })
	if len(forms) > 1 && (version == nil || !offers(*version, forms)) {
		f.add("طرحی با کد دفترچه برای همهٔ فرم‌ها بسازید.", "طرح پاسخنامه کد دفترچهٔ %s فرم را ندارد.", persian.Int(len(forms)))
	}
	return f.join()
}

// options are the choices of an answer, "1" to the number of the rules.
func (ses *Session) options() []string {
	out := make([]string, ses.Rules.Options)
	for i := range out {
		out[i] = fmt.Sprint(i + 1)
	}
	return out
}

// offers says whether f has a bubble for each of choices.
func offers(f sheets.Field, choices []string) bool {
	have := texts(f.Bubbles, func(b sheets.Bubble) string { return string(b.Choice) })
	return !slices.ContainsFunc(choices, func(c string) bool { return !slices.Contains(have, c) })
}

// CheckKey returns every fault of a key for the session, joined: an item without
// an answer, an answer that is no option, an item that is not asked, a title of
// which nothing would be counted.
func CheckKey(ses *Session, k Key) error {
	var f flaws
	asked := map[ItemID]bool{}
	for _, t := range ses.Titles {
		annulled := 0
		for n, id := range t.Items {
			asked[id] = true
			item, ok := k.Items[id]
			if item.Annulled {
				annulled++
			}
			f.checkItem(ses, t, n+1, item, ok)
		}
		if annulled == len(t.Items) && annulled > 0 && ses.Rules.Annulled == Dropped {
			f.add("عنوانی که هیچ پرسشی از آن شمرده نشود نمره ندارد.", "همهٔ پرسش‌های «%s» حذف شده‌اند.", t.called())
		}
	}
	for _, id := range slices.Sorted(maps.Keys(k.Items)) {
		if !asked[id] {
			f.add("فقط پرسش‌های همین آزمون را بنویسید.", "کلید برای پرسش ناشناختهٔ «%s» پاسخ دارد.", id)
		}
	}
	return f.join()
}

// checkItem checks the nth item of a title.
func (f *flaws) checkItem(ses *Session, t Title, n int, item Item, given bool) {
	where := fmt.Sprintf("عنوان «%s»، پرسش %s (%s)", t.called(), persian.Int(n), t.Items[n-1])
	if !given || len(item.Right) == 0 && !item.Annulled {
		f.add("گزینهٔ درست را بنویسید.", "%s: پاسخ ندارد.", where)
	}
	for i, c := range item.Right {
		if !slices.Contains(ses.options(), string(c)) {
			f.add(fmt.Sprintf("یکی از گزینه‌های ۱ تا %s را بنویسید.", persian.Int(ses.Rules.Options)), "%s: «%s» گزینه نیست.", where, c)
		} else if slices.Contains(item.Right[:i], c) {
			f.add("هر گزینه را یک بار بنویسید.", "%s: گزینهٔ %s دو بار آمده است.", where, persian.Digits(string(c)))
		}
	}
}
