package certificate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pdfcpu/pdfcpu/pkg/api"

	"bargkhan/api/certificate"
	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/sheets/typeset"
)

// memory is a Store that forgets when the test ends.
type memory struct {
	passed []certificate.Passing
	kept   map[certificate.Serial]certificate.Certificate
}

func (m *memory) Passed(context.Context, exam.SessionID) ([]certificate.Passing, error) {
	return m.passed, nil
}

func (m *memory) Certificate(_ context.Context, s certificate.Serial) (*certificate.Certificate, error) {
	c, ok := m.kept[s]
	if !ok {
		return nil, fault.New(fault.NotFound, "چنین گواهینامه‌ای نیست.", "شماره را بسنجید.")
	}
	c.Acts = slices.Clone(c.Acts)
	return &c, nil
}

func (m *memory) Certificates(context.Context, exam.SessionID) ([]certificate.Certificate, error) {
	return slices.Collect(maps.Values(m.kept)), nil
}

func (m *memory) Keep(_ context.Context, c certificate.Certificate) (bool, error) {
	if _, ok := m.kept[c.Serial]; ok {
		return false, nil
	}
	m.kept[c.Serial] = c
	return true, nil
}

func (m *memory) Act(_ context.Context, s certificate.Serial, n int, a certificate.Act) error {
	c := m.kept[s]
	if len(c.Acts) != n {
		return fault.New(fault.Conflict, "گواهینامه تغییر کرده است.", "دوباره باز کنید.")
	}
	c.Acts = append(slices.Clone(c.Acts), a)
	m.kept[s] = c
	return nil
}

// passing is one title passed with points of 20.
func passing(person exam.PersonID, name, employer string, points int) certificate.Passing {
	return certificate.Passing{
		Person: exam.Candidate{Person: person, Name: name, Father: "حسین", Employer: employer},
		Title:  exam.Title{ID: "t1", Name: "حقوق و قوانین شهری و روستایی", Hours: 12, Class: "شغلی", Items: []exam.ItemID{"t1.1"}},
		Grade: exam.Grade{
			Script: "0000000012", Person: person, Title: "t1", Rev: 3, Key: 1,
			Low: exam.Ratio{Num: points, Den: 20}, High: exam.Ratio{Num: points, Den: 20}, Right: points, Wrong: 20 - points, Outcome: exam.Passed,
		},
		Words: certificate.Words{
			Office: "دفتر امور شهری و شوراهای استان مرکزی", Set: "مدیریت شهری ۱",
			Date: exam.Date{Year: 2026, Month: 11, Day: 22}, LegalBasis: exam.NationalRules().LegalBasis,
		},
	}
}

const session = exam.SessionID("1405-09-urban-1")

// registry has a store with what was passed, a new key and a clock that stands.
func registry(t *testing.T, passed ...certificate.Passing) (*certificate.Registry, *memory) {
	t.Helper()
	signer, err := certificate.OpenKey(t.TempDir() + "/keys/certificate.pem")
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{passed, map[certificate.Serial]certificate.Certificate{}}
	fonts, err := typeset.LoadFonts("")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 12, 1, 9, 30, 0, 123, time.UTC)
	return &certificate.Registry{
		Store: m, Signer: signer, Fonts: fonts, VerifyURL: "https://bargkhan.example.ir/v/",
		Now: func() time.Time { return now },
	}, m
}

func TestSerialOf(t *testing.T) {
	ratio := func(n, d int) exam.Ratio { return exam.Ratio{Num: n, Den: d} }
	base := certificate.SerialOf(session, "0932833810", "t1", ratio(14, 20))
	if got, want := base, certificate.Serial("VBN3F-X2SH4-8SKVQ"); got != want {
		t.Errorf("got %s, want %s: serials on paper must stay what they are", got, want)
	}
	if got := certificate.SerialOf(session, "0932833810", "t1", ratio(28, 40)); got != base {
		t.Errorf("the same score gives %s", got)
	}
	seen := map[certificate.Serial]bool{base: true}
	for _, s := range []certificate.Serial{
		certificate.SerialOf("other", "0932833810", "t1", ratio(14, 20)), certificate.SerialOf(session, "0076229645", "t1", ratio(14, 20)),
		certificate.SerialOf(session, "0932833810", "t2", ratio(14, 20)), certificate.SerialOf(session, "0932833810", "t1", ratio(15, 20)),
	} {
		if seen[s] {
			t.Errorf("%s comes twice", s)
		}
		seen[s] = true
	}
}

func TestParseSerial(t *testing.T) {
	s := certificate.SerialOf(session, "0932833810", "t1", exam.Ratio{Num: 14, Den: 20})
	for _, typed := range []string{"VBN3F-X2SH4-8SKVQ", " vbn3f x2sh4 8skvq ", "VBN3FX2SH4۸SKVQ", "\u200evbn3f-x2sh4-8skvq"} {
		if got, err := certificate.ParseSerial(typed); err != nil || got != s {
			t.Errorf("%q reads as %q, %v", typed, got, err)
		}
	}
	if got, err := certificate.ParseSerial("21QE2-6IEPC-OFAQS"); err != nil || got != "21QE2-61EPC-0FAQS" {
		t.Errorf("letters for digits read as %q, %v", got, err)
	}
	for i := range s { // every single wrong symbol is found
		for _, r := range "0123456789ABCDEFGHJKMNPQRSTVWXYZ" {
			typed := s[:i] + certificate.Serial(r) + s[i+1:]
			if got, err := certificate.ParseSerial(string(typed)); typed != s && err == nil {
				t.Fatalf("%s reads as %s", typed, got)
			}
		}
	}
	for _, typed := range []string{"", "VBN3F", "VBN3F-X2SH4-8SKV", "VBN3F-X2SH4-8SKVQQ", "VBN3F-X2SH4-8SKVU"} {
		if _, err := certificate.ParseSerial(typed); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v, want a fault.Invalid", typed, err)
		}
	}
}

func TestIssueTwiceIssuesOnce(t *testing.T) {
	r, m := registry(t, passing("0932833810", "زهرا", "شهرداری ساوه", 14), passing("0076229645", "علی", "دهیاری نوبران", 17))
	for i, want := range []int{2, 0} {
		if n, err := r.Issue(t.Context(), session, "expert"); err != nil || n != want {
			t.Errorf("time %d: issued %d, %v; want %d", i+1, n, err, want)
		}
	}
	for s, c := range m.kept {
		if err := r.Verify(&c); err != nil {
			t.Errorf("%s: %v", s, err)
		}
		want := []certificate.Act{{Kind: certificate.Issued, By: "expert", At: time.Date(2026, 12, 1, 9, 30, 0, 0, time.UTC)}}
		if diff := cmp.Diff(want, c.Acts); diff != "" || c.Title.Items != nil {
			t.Errorf("%s: %v %s", s, c.Title.Items, diff)
		}
	}
}

// TestIssueReplaces lets the key change a score after issue: one certificate of the
// title stays, and the earlier one says which.
func TestIssueReplaces(t *testing.T) {
	r, m := registry(t)
	ctx := t.Context()
	m.passed = []certificate.Passing{passing("0932833810", "علی محمدی", "شهرداری ساری", 14), passing("0076229645", "مریم احمدی", "دهیاری آکند", 16)}
	if n, err := r.Issue(ctx, "s1", "expert"); n != 2 || err != nil {
		t.Fatalf("issued %d, %v; want 2", n, err)
	}
	m.passed[0] = passing("0932833810", "علی محمدی", "شهرداری ساری", 15)
	for again := range 2 {
		n, err := r.Issue(ctx, "s1", "expert")
		if want := 1 - again; n != want || err != nil {
			t.Fatalf("issued %d, %v; want %d", n, err, want)
		}
	}
	states := map[certificate.Kind]int{}
	for _, c := range m.kept {
		states[c.State()]++
		if a, ok := c.Act(certificate.Replaced); ok != (c.Grade.Right == 14) || ok && a.Reason == "" {
			t.Errorf("certificate with %d right: replaced %t, %q", c.Grade.Right, ok, a.Reason)
		}
	}
	if d := cmp.Diff(map[certificate.Kind]int{certificate.Issued: 2, certificate.Replaced: 1}, states); d != "" {
		t.Error(d)
	}
}

func TestIssueRefuses(t *testing.T) {
	open := passing("0932833810", "زهرا", "شهرداری ساوه", 14)
	open.Grade.High.Num, open.Grade.Open = 15, 1
	failed := passing("0932833810", "زهرا", "شهرداری ساوه", 13)
	failed.Grade.Outcome = exam.Failed
	other := passing("0932833810", "زهرا", "شهرداری ساوه", 14)
	other.Grade.Person = "0076229645"
	for name, p := range map[string]certificate.Passing{"an open grade": open, "a failed one": failed, "another's": other} {
		r, m := registry(t, p)
		if n, err := r.Issue(t.Context(), session, "expert"); err == nil || n != 0 || len(m.kept) != 0 {
			t.Errorf("%s: issued %d, %v", name, n, err)
		}
	}
	r, m := registry(t, passing("0932833810", "زهرا", "شهرداری ساوه", 14))
	m.kept["VBN3F-X2SH4-8SKVQ"] = certificate.Certificate{Session: "another"}
	if _, err := r.Issue(t.Context(), session, "expert"); err == nil {
		t.Error("a serial that is taken passes for issued")
	}
}

func TestSignatureCoversEverything(t *testing.T) {
	r, m := registry(t, passing("0932833810", "زهرا", "شهرداری ساوه", 14))
	if _, err := r.Issue(t.Context(), session, "expert"); err != nil {
		t.Fatal(err)
	}
	c := m.kept["VBN3F-X2SH4-8SKVQ"]
	for name, forge := range map[string]func(*certificate.Certificate){
		"serial":   func(c *certificate.Certificate) { c.Serial = "21QE2-61EPC-0FAQS" },
		"session":  func(c *certificate.Certificate) { c.Session = "x" },
		"person":   func(c *certificate.Certificate) { c.Person.Person = "0076229645" },
		"name":     func(c *certificate.Certificate) { c.Person.Name = "علی\" father \"x" },
		"father":   func(c *certificate.Certificate) { c.Person.Father = "" },
		"employer": func(c *certificate.Certificate) { c.Person.Employer = "شهرداری اراک" },
		"title":    func(c *certificate.Certificate) { c.Title.Name = "دیگر" },
		"hours":    func(c *certificate.Certificate) { c.Title.Hours = 120 },
		"class":    func(c *certificate.Certificate) { c.Title.Class = "مدیران" },
		"score":    func(c *certificate.Certificate) { c.Grade.Low.Num = 20 },
		"key":      func(c *certificate.Certificate) { c.Grade.Key = 2 },
		"office":   func(c *certificate.Certificate) { c.Words.Office = "x" },
		"set":      func(c *certificate.Certificate) { c.Words.Set = "x" },
		"date":     func(c *certificate.Certificate) { c.Words.Date.Day = 1 },
		"law":      func(c *certificate.Certificate) { c.Words.LegalBasis = "" },
		"issuer":   func(c *certificate.Certificate) { c.Acts = []certificate.Act{{By: "other", At: c.Acts[0].At}} },
		"time": func(c *certificate.Certificate) {
			c.Acts = []certificate.Act{{By: "expert", At: c.Acts[0].At.Add(time.Second)}}
		},
		"no acts": func(c *certificate.Certificate) { c.Acts = nil },
		"bytes":   func(c *certificate.Certificate) { c.Signature = make([]byte, 64) },
		"key id":  func(c *certificate.Certificate) { c.KeyID = "0011223344556677" },
	} {
		f := c
		forge(&f)
		if err := r.Verify(&f); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want a fault.Invalid", name, err)
		}
	}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back certificate.Certificate
	if err := json.Unmarshal(b, &back); err != nil || r.Verify(&back) != nil {
		t.Errorf("does not verify after a walk through JSON: %v, %v", err, r.Verify(&back))
	}
	c.Acts = append(c.Acts, certificate.Act{Kind: certificate.Approved})
	if err := r.Verify(&c); err != nil {
		t.Errorf("a later act spoils the signature: %v", err)
	}
}

func TestMay(t *testing.T) {
	const i, a, d, r, p, u = certificate.Issued, certificate.Approved, certificate.Delivered, certificate.Revoked, certificate.Replaced, certificate.Duplicated
	all := []certificate.Kind{i, a, d, r, p, u}
	for _, tt := range []struct {
		done  []certificate.Kind
		state certificate.Kind
		valid bool
		may   []certificate.Kind
	}{
		{nil, 0, false, []certificate.Kind{i}},
		{[]certificate.Kind{i}, i, false, []certificate.Kind{a, r, p}},
		{[]certificate.Kind{i, a}, a, true, []certificate.Kind{d, r, p, u}},
		{[]certificate.Kind{i, a, u}, a, true, []certificate.Kind{d, r, p, u}},
		{[]certificate.Kind{i, a, d}, d, true, []certificate.Kind{r, p, u}},
		{[]certificate.Kind{i, a, d, u, r}, r, false, nil},
		{[]certificate.Kind{i, r}, r, false, nil},
		{[]certificate.Kind{i, a, p}, p, false, nil},
	} {
		var c certificate.Certificate
		for _, k := range tt.done {
			c.Acts = append(c.Acts, certificate.Act{Kind: k, By: "expert"})
		}
		if c.State() != tt.state || c.Valid() != tt.valid {
			t.Errorf("%v: state %v, valid %v", tt.done, c.State(), c.Valid())
		}
		var may []certificate.Kind
		for _, k := range all {
			if err := c.May(k, "approver"); err == nil {
				may = append(may, k)
			} else if fault.KindOf(err) != fault.Conflict {
				t.Errorf("%v, then %v: %v", tt.done, k, err)
			}
		}
		if !slices.Equal(may, tt.may) {
			t.Errorf("%v: may %v, want %v", tt.done, may, tt.may)
		}
		if err := c.May(0, "approver"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("no kind of act: %v", err)
		}
	}
}

func TestAct(t *testing.T) {
	r, m := registry(t, passing("0932833810", "زهرا", "شهرداری ساوه", 14))
	if _, err := r.Issue(t.Context(), session, "expert"); err != nil {
		t.Fatal(err)
	}
	const s = certificate.Serial("VBN3F-X2SH4-8SKVQ")
	for _, tt := range []struct {
		name   string
		serial certificate.Serial
		kind   certificate.Kind
		by     exam.Login
		reason string
		want   error
	}{
		{"a stranger", "21QE2-61EPC-0FAQS", certificate.Approved, "approver", "", fault.NotFound},
		{"by the issuer", s, certificate.Approved, "expert", "", fault.Denied},
		{"delivered too early", s, certificate.Delivered, "expert", "", fault.Conflict},
		{"approved", s, certificate.Approved, "approver", "", nil},
		{"approved twice", s, certificate.Approved, "approver", "", fault.Conflict},
		{"delivered", s, certificate.Delivered, "expert", "", nil},
		{"revoked without a reason", s, certificate.Revoked, "approver", " ", fault.Invalid},
		{"revoked", s, certificate.Revoked, "approver", "کلید پرسش ۷ نادرست بود", nil},
		{"revoked twice", s, certificate.Revoked, "approver", "دوباره", fault.Conflict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := r.Act(t.Context(), tt.serial, tt.kind, tt.by, tt.reason); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	c := m.kept[s]
	if a, ok := c.Act(certificate.Revoked); len(c.Acts) != 4 || !ok || a.Reason == "" || a.By != "approver" {
		t.Errorf("acts %+v", c.Acts)
	}
}

func TestKindCodes(t *testing.T) {
	for k := certificate.Issued; k <= certificate.Duplicated; k++ {
		b, err := k.MarshalText()
		var back certificate.Kind
		if err != nil || back.UnmarshalText(b) != nil || back != k {
			t.Errorf("%v comes back as %v, %v", k, back, err)
		}
	}
	if _, err := certificate.Kind(0).MarshalText(); err == nil {
		t.Error("no kind has a code")
	}
	var k certificate.Kind
	if k.UnmarshalText(nil) == nil || k.UnmarshalText([]byte("Issued")) == nil {
		t.Error("a strange code is read")
	}
}

func TestFileSigner(t *testing.T) {
	path := t.TempDir() + "/var/certificate.pem"
	first, err := certificate.OpenKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	sig, id, err := first.Sign([]byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(filepath.Dir(path), ".key-1") // of one who was killed while he made a key
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := certificate.OpenKey(path)
	if _, there := os.Stat(left); !errors.Is(there, fs.ErrNotExist) {
		t.Errorf("%s is left: %v", left, there)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Verify([]byte("m"), sig, id); err != nil {
		t.Errorf("the key changed: %v", err)
	}

	// A new key above the old one signs; the old one still verifies.
	old, _ := os.ReadFile(path)
	other := t.TempDir() + "/new.pem"
	if _, err := certificate.OpenKey(other); err != nil {
		t.Fatal(err)
	}
	fresh, _ := os.ReadFile(other)
	if err := os.WriteFile(path, slices.Concat(fresh, old), 0o600); err != nil {
		t.Fatal(err)
	}
	both, err := certificate.OpenKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, now, _ := both.Sign([]byte("m")); now == id {
		t.Error("the old key still signs")
	}
	if err := both.Verify([]byte("m"), sig, id); err != nil {
		t.Errorf("the old key no longer verifies: %v", err)
	}

	for name, spoil := range map[string]func() error{
		"open to others": func() error { return os.Chmod(path, 0o640) },
		"not a key":      func() error { return errors.Join(os.Remove(path), os.WriteFile(path, []byte("x"), 0o600)) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := certificate.OpenKey(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPDF(t *testing.T) {
	r, m := registry(t,
		passing("0932833810", "زهرا احمدی‌نژاد", "شهرداری ساوه", 14), passing("0076229645", "علی رضایی", "دهیاری نوبران", 17),
		passing("0011537027", "پروین گلستانی اصل طباطبایی نژاد", "شهرداری بندر امام خمینی (ره) منطقهٔ آزاد", 20), passing("1583250689", "رضا", "دهیاری نوبران", 18))
	if _, err := r.Issue(t.Context(), session, "expert"); err != nil {
		t.Fatal(err)
	}
	act := func(person exam.PersonID, points int, k certificate.Kind, reason string) {
		t.Helper()
		s := certificate.SerialOf(session, person, "t1", exam.Ratio{Num: points, Den: 20})
		if err := r.Act(t.Context(), s, k, "approver", reason); err != nil {
			t.Fatal(err)
		}
	}
	act("0932833810", 14, certificate.Approved, "")
	act("0011537027", 20, certificate.Approved, "")
	act("0011537027", 20, certificate.Duplicated, "")
	act("1583250689", 18, certificate.Revoked, "کلید نادرست بود")
	cs := slices.Collect(maps.Values(m.kept))
	var b bytes.Buffer
	if err := r.PDF(t.Context(), &b, cs); err != nil {
		t.Fatal(err)
	}
	if n, err := api.PageCount(bytes.NewReader(b.Bytes()), nil); err != nil || n != 4 {
		t.Errorf("%d pages, %v", n, err)
	}
	var again bytes.Buffer
	slices.Reverse(cs)
	if err := r.PDF(t.Context(), &again, cs); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("the same certificates give another file: %v", err)
	}
	certificate.Sort(cs)
	var names []string
	for _, c := range cs {
		names = append(names, c.Person.Name)
	}
	want := []string{"رضا", "علی رضایی", "پروین گلستانی اصل طباطبایی نژاد", "زهرا احمدی‌نژاد"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if path := os.Getenv("CERTIFICATE_PDF"); path != "" { // to look at
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Error(err)
		}
	}
}

func TestPDFNeedsFonts(t *testing.T) {
	r, _ := registry(t)
	r.Fonts = nil
	if err := r.PDF(t.Context(), io.Discard, nil); err == nil {
		t.Error("drawn without fonts")
	}
}
