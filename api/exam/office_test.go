package exam_test

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/api/persian"
	"bargkhan/sheets"
)

// faults fails unless err tells exactly these things, in any order, each with a remedy.
func faults(t *testing.T, err error, want ...string) {
	t.Helper()
	got := map[string]bool{}
	for _, e := range fault.All(err) {
		if e.Kind != fault.Invalid || e.Hint == "" {
			t.Errorf("fault without a remedy: %v", e)
		}
		got[e.Msg] = true
	}
	for _, w := range want {
		if !got[w] {
			t.Errorf("missing fault %q", w)
		}
		delete(got, w)
	}
	for g := range got {
		t.Errorf("unexpected fault %q", g)
	}
}

func TestCodes(t *testing.T) {
	type all struct {
		A exam.Annulment
		S exam.State
		O exam.Outcome
		D exam.Date
	}
	in := all{exam.CreditedIfAnswered, exam.InReview, exam.Passed, exam.Date{Year: 2026, Month: 11, Day: 22}}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(b), `{"A":"credit-answered","S":"in-review","O":"passed","D":"2026-11-22"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var out all
	if err := json.Unmarshal(b, &out); err != nil || out != in {
		t.Errorf("came back as %+v, %v", out, err)
	}
	for _, bad := range []string{`{"A":"other"}`, `{"S":""}`, `{"O":"Passed"}`, `{"D":"2026-02-30"}`, `{"D":"22/11/2026"}`} {
		if err := json.Unmarshal([]byte(bad), &out); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
	if _, err := exam.Outcome(9).MarshalText(); err == nil {
		t.Error("an unknown outcome has a code")
	}
}

func TestDate(t *testing.T) {
	d := exam.Date{Year: 2026, Month: 11, Day: 22}
	if got := d.Jalali().ASCII(); got != "1405/09/01" {
		t.Errorf("Jalali = %s", got)
	}
	if got := exam.DateOfJalali(persian.Date{Year: 1405, Month: 9, Day: 1}); got != d {
		t.Errorf("DateOfJalali = %s", got)
	}
	if got := d.AddDays(10).String(); got != "2026-12-02" {
		t.Errorf("AddDays = %s", got)
	}
	if d.Compare(d.AddDays(1)) >= 0 || d.Compare(d) != 0 || d.AddDays(40).Compare(d) <= 0 {
		t.Error("Compare misorders")
	}
	if got := exam.DateOf(time.Date(2026, 11, 21, 21, 0, 0, 0, time.UTC)); got != d {
		t.Errorf("DateOf = %s, want the day in Tehran", got)
	}
	if got := exam.DateOf(d.Start()); got != d {
		t.Errorf("Start is on %s", got)
	}
	if (exam.Date{Year: 2026, Month: 2, Day: 30}).Valid() || (exam.Date{}).Valid() || !d.Valid() {
		t.Error("Valid is wrong")
	}
}

func TestOf100(t *testing.T) {
	for r, want := range map[exam.Ratio]int{
		{Num: 14, Den: 20}: 7000, {Num: 13, Den: 19}: 6842, {Num: 69_999, Den: 100_000}: 6999, {Num: 0, Den: 0}: 0,
		{Num: -1, Den: 3}: -3334, {Num: -1, Den: 4}: -2500,
	} {
		if got := r.Of100(); got != want {
			t.Errorf("%v.Of100() = %d, want %d", r, got, want)
		}
	}
}

func TestSessionCheck(t *testing.T) {
	if err := session(3, 20, 8).Check(); err != nil {
		t.Errorf("a good session: %v", err)
	}
	for _, tt := range []struct {
		name  string
		spoil func(*exam.Session)
		want  []string
	}{
		{"head", func(s *exam.Session) { s.ID, s.Name, s.Province, s.Date = "Ü 1", " ", "0", exam.Date{} }, []string{
			"شناسهٔ آزمون «Ü 1» پذیرفتنی نیست.", "نام آزمون نوشته نشده است.", "کد استان «0» شناخته نیست.", "تاریخ آزمون درست نیست.",
		}},
		{"no titles", func(s *exam.Session) { s.Titles, s.Forms[0].At, s.Forms[1].At = nil, nil, nil }, []string{"آزمون هیچ عنوانی ندارد."}},
		{"nineteen questions", func(s *exam.Session) {
			s.Titles[1].Items = s.Titles[1].Items[:19]
			delete(s.Forms[0].At, "q40")
			delete(s.Forms[1].At, "q21")
			s.Forms[1].At["q21"] = s.Forms[1].At["q40"]
			delete(s.Forms[1].At, "q40")
		}, []string{"عنوان «عنوان 2» ۱۹ پرسش دارد و باید ۲۰ پرسش داشته باشد."}},
		{"hours", func(s *exam.Session) { s.Titles[0].Hours = 0 }, []string{"ساعت عنوان «عنوان 1» نوشته نشده است."}},
		{"same ids", func(s *exam.Session) {
			s.Titles[1].ID = "t1"
			s.Venues = append(s.Venues, s.Venues[0])
			s.Forms[1].ID = "1"
		}, []string{"شناسهٔ «t1» برای دو عنوان به کار رفته است.", "شناسهٔ «a» برای دو حوزه به کار رفته است.", "شناسهٔ «1» برای دو فرم به کار رفته است."}},
		{"nine forms", func(s *exam.Session) {
			for _, id := range []exam.FormID{"3", "4", "5", "6", "7", "8", "9"} {
				s.Forms = append(s.Forms, exam.Form{ID: id, At: s.Forms[0].At})
			}
		}, []string{"تعداد فرم‌های دفترچه ۹ است."}},
		{"a question twice in a form", func(s *exam.Session) { s.Forms[1].At["q1"] = "t1.1" }, []string{
			"در فرم ۲ پرسش «t1.1» ۲ بار آمده است.", "در فرم ۲ پرسش «t1.20» ۰ بار آمده است.",
		}},
		{"a question outside", func(s *exam.Session) {
			s.Forms[0].At["q41"] = s.Forms[0].At["q40"]
			delete(s.Forms[0].At, "q40")
		}, []string{
			"در فرم ۱ پرسش چاپی ۴۰ تعیین نشده است.", "در فرم ۱ جایی بیرون از ۴۰ پرسش دفترچه نوشته شده است.", "در فرم ۱ پرسش «t2.20» ۰ بار آمده است.",
		}},
		{"a strange question", func(s *exam.Session) { s.Forms[0].At["q1"] = "x" }, []string{
			"در فرم ۱ پرسش «t1.1» ۰ بار آمده است.", "در فرم ۱، q1 به پرسش ناشناختهٔ «x» اشاره می‌کند.",
		}},
		{"rules", func(s *exam.Session) {
			s.Rules = exam.Rules{ItemsPerTitle: 20, Pass: exam.Ratio{Num: 8, Den: 5}, Penalty: exam.Ratio{Num: 2, Den: 1}, ClaimMonths: -1, Annulled: 7}
		}, []string{
			"قواعد آزمون نام یا نسخه ندارد.", "تعداد گزینه‌ها ۰ است.", "حد نصاب قبولی درست نیست.", "نمرهٔ منفی درست نیست.",
			"قاعدهٔ پرسش حذف‌شده شناخته نیست.", "مهلت منفی است.",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := session(2, 20, 2)
			tt.spoil(s)
			faults(t, s.Check(), tt.want...)
		})
	}
}

func TestCheckDesign(t *testing.T) {
	ses := session(1, 20, 2)
	if err := ses.CheckDesign(design(ses, true)); err != nil {
		t.Errorf("a good design: %v", err)
	}
	faults(t, ses.CheckDesign(design(session(1, 19, 1), false)),
		"طرح پاسخنامه برای پرسش ۲۰ جای درستی ندارد.", "طرح پاسخنامه کد دفترچهٔ ۲ فرم را ندارد.")
}

func TestCheckKey(t *testing.T) {
	ses := session(2, 20, 2)
	if err := exam.CheckKey(ses, ses.Key); err != nil {
		t.Errorf("a good key: %v", err)
	}
	k := ses.Key
	delete(k.Items, "t1.20")
	k.Items["t2.1"] = exam.Item{Right: []sheets.Choice{"5"}}
	k.Items["t2.2"] = exam.Item{Right: []sheets.Choice{"1", "1"}}
	k.Items["t2.3"] = exam.Item{Annulled: true}
	k.Items["t9.1"] = exam.Item{Right: []sheets.Choice{"1"}}
	faults(t, exam.CheckKey(ses, k),
		"عنوان «عنوان 1»، پرسش ۲۰ (t1.20): پاسخ ندارد.", "عنوان «عنوان 2»، پرسش ۱ (t2.1): «5» گزینه نیست.",
		"عنوان «عنوان 2»، پرسش ۲ (t2.2): گزینهٔ ۱ دو بار آمده است.", "کلید برای پرسش ناشناختهٔ «t9.1» پاسخ دارد.")
	all := session(1, 20, 1)
	all.Rules.Annulled = exam.Dropped
	for id := range all.Key.Items {
		all.Key.Items[id] = exam.Item{Annulled: true}
	}
	faults(t, exam.CheckKey(all, all.Key), "همهٔ پرسش‌های «عنوان 1» حذف شده‌اند.")
}

func TestParseKey(t *testing.T) {
	ses := session(2, 4, 2)
	right := func(cs ...sheets.Choice) exam.Item { return exam.Item{Right: cs} }
	want := map[exam.ItemID]exam.Item{
		"t1.1": right("1"), "t1.2": right("2"), "t1.3": right("3"), "t1.4": right("4"),
		"t2.1": right("4"), "t2.2": right("1", "3"), "t2.3": {Annulled: true}, "t2.4": right("2"),
	}
	for _, tt := range []struct{ name, text string }{
		{"texts in canonical order", `{"titles": {"t1": "1234", "t2": "۴ ۱/۳ حذف ۲"}}`},
		{"letters, unparted", `{"titles": {"t1": "الفبجد", "t2": ["د", "الف/ج", "حذف", "ب"]}}`},
		{"numbers and latin letters", `{"titles": {"t1": [1, 2, 3, 4], "t2": ["D", "a/c", "حذف", "b"]}}`},
		{"the printed order of form 2", `{"form": "2", "titles": {"t1": "۴، ۳، ۲، ۱", "t2": "ب\nحذف\nا/ج\nد"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var k exam.KeyText
			if err := json.Unmarshal([]byte(tt.text), &k); err != nil {
				t.Fatal(err)
			}
			got, err := exam.ParseKey(ses, k)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if err := exam.CheckKey(ses, exam.Key{Items: got}); err != nil {
				t.Error(err)
			}
		})
	}
	_, err := exam.ParseKey(ses, exam.KeyText{Titles: map[exam.TitleID]exam.AnswerList{"t1": exam.SplitAnswers("123"), "t2": {"1", "5", "", "x"}, "t3": nil}})
	faults(t, err, "عنوان «عنوان 1»: ۳ پاسخ نوشته شده و باید ۴ پاسخ باشد.", "عنوان «عنوان 2»، پاسخ ۲: «5» گزینه نیست.",
		"عنوان «عنوان 2»، پاسخ ۳: «» گزینه نیست.", "عنوان «عنوان 2»، پاسخ ۴: «x» گزینه نیست.", "عنوان «t3» در این آزمون نیست.")
	_, err = exam.ParseKey(ses, exam.KeyText{Form: "9"})
	faults(t, err, "فرم «9» در این آزمون نیست.")
}

const rosterText = "ردیف,كد ملي,نام,نام خانوادگی,نام پدر,محل خدمت,حوزه,شماره صندلی\r\n" +
	"1,0932833810,زهرا,احمدي,علي,شهرداری ساوه,تالار رودکی,۱۲\r\n" +
	"2,76229645,علی,رضایی,حسن,دهیاری نوبران,تالار رودکی,13\r\n"

func TestParseRoster(t *testing.T) {
	want := []exam.Candidate{
		{Person: zahra, Name: "زهرا احمدی", Father: "علی", Employer: "شهرداری ساوه", Venue: "تالار رودکی", Seat: "12"},
		{Person: ali, Name: "علی رضایی", Father: "حسن", Employer: "دهیاری نوبران", Venue: "تالار رودکی", Seat: "13"},
	}
	utf16le := func(s string) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		return string(b)
	}
	windows, err := charmap.Windows1256.NewEncoder().String(strings.NewReplacer("ی", "ي", "۱۲", "12").Replace(rosterText))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"plain":                rosterText,
		"byte order mark":      "\ufeff" + rosterText,
		"semicolons":           strings.ReplaceAll(rosterText, ",", ";"),
		"tabs":                 strings.ReplaceAll(rosterText, ",", "\t"),
		"a separator line":     "sep=;\r\n" + strings.ReplaceAll(rosterText, ",", ";"),
		"UTF-16":               "\xff\xfe" + utf16le(strings.ReplaceAll(rosterText, ",", "\t")),
		"UTF-16 without mark":  utf16le(rosterText),
		"windows-1256":         windows,
		"title lines above":    "فهرست داوطلبان استان مرکزی,,,,,,,\n,,,,,,,\n" + rosterText,
		"blank lines":          rosterText + ",,,,,,,\r\n\r\n",
		"numbers as formulas":  strings.ReplaceAll(rosterText, "0932833810", `"=""0932833810"""`),
		"numbers with a quote": strings.ReplaceAll(rosterText, "0932833810", "'0932833810"),
		"persian digits":       persian.Digits(rosterText),
		"english headings": strings.Replace(rosterText, "ردیف,كد ملي,نام,نام خانوادگی,نام پدر,محل خدمت,حوزه,شماره صندلی",
			"row,National ID,first_name,last_name,Father,Employer,Venue,Seat", 1),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := exam.ParseRoster(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRosterNames(t *testing.T) {
	for heading, cells := range map[string]string{"نام و نام خانوادگی": "زهرا احمدی", "name,surname": "زهرا,احمدی", "name": "زهرا احمدی"} {
		got, err := exam.ParseRoster(strings.NewReader("person," + heading + "\n0932833810," + cells + "\n"))
		if err != nil || len(got) != 1 || got[0].Name != "زهرا احمدی" {
			t.Errorf("%s: %v, %v", heading, got, err)
		}
	}
}

func TestParseRosterFaults(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"all at once", "کد ملی,نام و نام خانوادگی\n0932833810,زهرا\n4851027394,رضا\n9.32834E+08,علی\n,جمع\n0076229645,\n932833810,زهرا\n", []string{
			"سطر ۳، ستون «کد ملی»: رقم کنترل کد ملی درست نیست («۴۸۵۱۰۲۷۳۹۴»).",
			"سطر ۴، ستون «کد ملی»: کد ملی فقط رقم دارد («۹.۳۲۸۳۴E+۰۸»).",
			"سطر ۵، ستون «کد ملی»: کد ملی نوشته نشده است («»).",
			"سطر ۶، ستون «نام»: خالی است.",
			"سطر ۷، ستون «کد ملی»: کد ملی ۰۹۳۲۸۳۳۸۱۰ در سطر ۲ هم آمده است.",
		}},
		{"nothing", "", []string{"عنوان ستون‌ها در فهرست پیدا نشد."}},
		{"no headings", "0932833810,زهرا\n", []string{"عنوان ستون‌ها در فهرست پیدا نشد."}},
		{"nobody", "کد ملی,نام کامل\n", []string{"فهرست هیچ نفری ندارد."}},
		{"no name", "کد ملی,نام\n0932833810,زهرا\n", []string{"سطر ۱: ستون نام پیدا نشد."}},
		{"a column twice", "کد ملی,نام کامل,کدملی\n0932833810,زهرا,0932833810\n", []string{"سطر ۱: ستون «کد ملی» دو بار آمده است."}},
		{"a quote left open", "کد ملی,نام کامل\n0932833810,\"زهرا\n", []string{"سطر ۲: گیومهٔ انگلیسی (\") درست بسته نشده است."}},
		{"a workbook", "PK\x03\x04....", []string{"این فایل کارپوشهٔ اکسل است، نه CSV."}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cs, err := exam.ParseRoster(strings.NewReader(tt.text))
			if cs != nil {
				t.Errorf("half applied: %v", cs)
			}
			faults(t, err, tt.want...)
		})
	}
}

func TestEnrol(t *testing.T) {
	ses := session(1, 20, 1)
	cs := []exam.Candidate{{Person: zahra, Name: "زهرا", Venue: "تالار رودكي"}, {Person: ali, Name: "علی"}}
	got, err := ses.Enrol(cs)
	if err != nil || got[0].Venue != "a" || got[1].Venue != "a" {
		t.Errorf("got %v, %v", got, err)
	}
	ses.Venues = append(ses.Venues, exam.Venue{ID: "b", Name: "دبیرستان"})
	_, err = ses.Enrol(cs)
	faults(t, err, "«علی» (کد ملی ۰۰۷۶۲۲۹۶۴۵): حوزهٔ «» در این آزمون نیست.")
	if !slices.Equal(cs, []exam.Candidate{{Person: zahra, Name: "زهرا", Venue: "تالار رودكي"}, {Person: ali, Name: "علی"}}) {
		t.Error("the given list was changed")
	}
}

func FuzzParseRoster(f *testing.F) {
	f.Add([]byte(rosterText))
	f.Add([]byte("\xff\xfek"))
	f.Add([]byte("sep=;\nکد ملی;نام کامل\n1;2"))
	f.Fuzz(func(t *testing.T, b []byte) {
		cs, err := exam.ParseRoster(strings.NewReader(string(b)))
		if (err == nil) != (len(cs) > 0) {
			t.Fatalf("%d candidates and %v", len(cs), err)
		}
		for _, c := range cs {
			if persian.CheckNational(string(c.Person)) != nil || c.Name == "" {
				t.Fatalf("candidate %+v", c)
			}
		}
	})
}
