package certificate

import (
	"fmt"
	"slices"
	"strings"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
)

// kinds are the stable codes, in the order of the constants.
var kinds = []string{"", "issued", "approved", "delivered", "revoked", "replaced", "duplicated"}

// String is the stable code of k; empty for no kind.
func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return ""
}

// MarshalText writes the stable code of k. No kind has none: that is an error.
func (k Kind) MarshalText() ([]byte, error) {
	if k.String() == "" {
		return nil, fmt.Errorf("certificate: kind %d has no code", k)
	}
	return []byte(k.String()), nil
}

// UnmarshalText reads a stable code; an unknown one is an error.
func (k *Kind) UnmarshalText(b []byte) error {
	i := slices.Index(kinds, string(b))
	if i < 1 {
		return fmt.Errorf("certificate: %q is not one of %s", b, strings.Join(kinds[1:], ", "))
	}
	*k = Kind(i)
	return nil
}

// Act is the latest act of kind k; ok is false when there is none.
func (c *Certificate) Act(k Kind) (a Act, ok bool) {
	for _, a := range slices.Backward(c.Acts) {
		if a.Kind == k {
			return a, true
		}
	}
	return Act{}, false
}

// State is where the acts have brought c: Issued, Approved, Delivered, Revoked or
// Replaced. A duplicate changes no state. Without acts it is no Kind at all.
func (c *Certificate) State() Kind {
	for _, a := range slices.Backward(c.Acts) {
		if a.Kind != Duplicated {
			return a.Kind
		}
	}
	return 0
}

// Valid says whether c proves anything today: approved, and neither revoked nor replaced.
func (c *Certificate) Valid() bool { return c.State() == Approved || c.State() == Delivered }

// before lists the states in which an act of each kind may be added.
var before = map[Kind][]Kind{
	Issued:     {0},
	Approved:   {Issued},
	Delivered:  {Approved},
	Revoked:    {Issued, Approved, Delivered},
	Replaced:   {Issued, Approved, Delivered},
	Duplicated: {Approved, Delivered},
}

// asks is what an act of each kind asks of the state, in words.
var asks = map[Kind]string{
	Issued:     "این گواهینامه پیش‌تر صادر شده است.",
	Approved:   "فقط گواهینامه‌ای تأیید می‌شود که صادر شده و هنوز تأیید نشده باشد.",
	Delivered:  "فقط گواهینامهٔ تأییدشده یک بار تحویل می‌شود.",
	Revoked:    "این گواهینامه پیش‌تر باطل یا جایگزین شده است.",
	Replaced:   "این گواهینامه پیش‌تر باطل یا جایگزین شده است.",
	Duplicated: "المثنی فقط برای گواهینامهٔ تأییدشدهٔ معتبر صادر می‌شود.",
}

// May says whether by may add an act of kind k: acts have an order (else it is a
// fault.Conflict), nothing follows revocation and replacement, and nobody approves
// what he issued (fault.Denied).
func (c *Certificate) May(k Kind, by exam.Login) error {
	states, known := before[k]
	if !known {
		return fault.New(fault.Invalid, "این کار برای گواهینامه تعریف نشده است.", "یکی از کارهای تعریف‌شده را برگزینید.")
	}
	if !slices.Contains(states, c.State()) {
		return fault.New(fault.Conflict, asks[k], "صفحه را دوباره باز کنید و وضعیت گواهینامه را ببینید.")
	}
	if issued, ok := c.Act(Issued); k == Approved && ok && issued.By == by {
		return fault.New(fault.Denied, "صادرکنندهٔ گواهینامه نمی‌تواند آن را تأیید کند.", "تأیید را به حساب دیگری بسپارید.")
	}
	return nil
}

// checkReason wants a reason where an act takes something away.
func checkReason(k Kind, reason string) error {
	if (k == Revoked || k == Replaced) && strings.TrimSpace(reason) == "" {
		return fault.New(fault.Invalid, "ابطال و جایگزینی بدون دلیل ثبت نمی‌شود.", "دلیل را بنویسید.")
	}
	return nil
}
