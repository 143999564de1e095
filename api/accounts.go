package api

import (
	"encoding/hex"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
)

// duties lists what an account may be given.
var duties = []exam.Duty{exam.Operator, exam.Supervisor, exam.Expert, exam.Approver, exam.Centre, exam.Auditor, exam.Admin}

// goodLogin is what a login may look like.
var goodLogin = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{1,63}$`)

// listAccounts lists who may log in.
func (f *surface) listAccounts(c echo.Context) error {
	as, err := f.Records.Accounts(c.Request().Context())
	if err != nil {
		return err
	}
	return list(c, "accounts", as)
}

// putAccount makes an account or changes it. Without a password a new account gets
// one, shown in this answer and never again; an old one keeps its own.
func (f *surface) putAccount(c echo.Context) error {
	var a struct {
		Name     string      `json:"name"`
		Duties   []exam.Duty `json:"duties"`
		Password string      `json:"password"`
	}
	if err := decode(c, &a); err != nil {
		return err
	}
	ctx, login := c.Request().Context(), exam.Login(c.Param("login"))
	if !goodLogin.MatchString(string(login)) {
		return invalid("نام کاربری پذیرفته نیست.", "دو تا ۶۴ نویسه از حروف کوچک لاتین، رقم، نقطه، @، خط تیره و زیرخط.")
	}
	if err := checkDuties(a.Duties); err != nil {
		return err
	}
	if a.Password != "" && utf8.RuneCountInString(a.Password) < MinPassword {
		return invalid("گذرواژه کوتاه است.", "دست‌کم "+fa(MinPassword)+" نویسه.")
	}
	_, hash, err := f.Records.Account(ctx, login)
	fresh := errors.Is(err, fault.NotFound)
	if err != nil && !fresh {
		return err
	}
	shown := ""
	if fresh && a.Password == "" {
		shown = NewPassword()
		a.Password = shown
	}
	if a.Password != "" {
		hash = HashPassword(a.Password)
	}
	acc := exam.Account{Login: login, Name: a.Name, Duties: a.Duties}
	if err := f.Records.PutAccount(ctx, acc, hash); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		exam.Account
		Password string `json:"password,omitempty"`
	}{acc, shown})
}

// checkDuties refuses a duty that nobody has, and two that must be two people's:
// who issues does not approve, who writes the key does not decide marks.
func checkDuties(ds []exam.Duty) error {
	for _, d := range ds {
		if !slices.Contains(duties, d) {
			r := invalid("چنین وظیفه‌ای نیست.", "از وظیفه‌های شناخته‌شده بردارید.")
			r.faults = []string{"unknown duty " + string(d)}
			return r
		}
	}
	for _, apart := range [][2]exam.Duty{{exam.Expert, exam.Approver}, {exam.Expert, exam.Supervisor}} {
		if slices.Contains(ds, apart[0]) && slices.Contains(ds, apart[1]) {
			r := invalid("این دو وظیفه نباید با یک نفر باشد.", "برای هر یک حسابی جدا بسازید.")
			r.faults = []string{string(apart[0]) + " and " + string(apart[1]) + " must be two accounts"}
			return r
		}
	}
	return nil
}

// addToken makes a token that acts as an account, with some of its duties. Its
// secret is in this answer and nowhere else.
func (f *surface) addToken(c echo.Context) error {
	var t struct {
		Name    string      `json:"name"`
		By      exam.Login  `json:"by"`
		Duties  []exam.Duty `json:"duties"`
		Expires time.Time   `json:"expires"`
	}
	if err := decode(c, &t); err != nil {
		return err
	}
	if t.Name == "" || len(t.Duties) == 0 {
		return invalid("نام یا وظیفه‌های توکن نوشته نشده است.", "name و duties را بدهید.")
	}
	if !t.Expires.IsZero() && !t.Expires.After(f.Now()) {
		return invalid("مهلت توکن گذشته است.", "زمانی در آینده بدهید، یا expires را ندهید.")
	}
	ctx := c.Request().Context()
	acc, _, err := f.Records.Account(ctx, t.By)
	if err != nil {
		return err
	}
	for _, d := range t.Duties {
		if !slices.Contains(acc.Duties, d) {
			r := invalid("توکن بیش از حساب خود اجازه نمی‌گیرد.", "از وظیفه‌های همان حساب بردارید.")
			r.faults = []string{"account " + string(t.By) + " has not the duty " + string(d)}
			return r
		}
	}
	secret, sum := NewSecret()
	tok := exam.Token{Name: t.Name, By: t.By, Duties: t.Duties, Expires: t.Expires}
	if err := f.Records.PutToken(ctx, tok, sum); err != nil {
		return err
	}
	tok.ID = hex.EncodeToString(sum[:8])
	return c.JSON(http.StatusCreated, struct {
		exam.Token
		Secret string `json:"secret"`
	}{tok, secret})
}

// listTokens lists the tokens, without their secrets.
func (f *surface) listTokens(c echo.Context) error {
	ts, err := f.Records.Tokens(c.Request().Context())
	if err != nil {
		return err
	}
	return list(c, "tokens", ts)
}

// dropToken ends a token: from now on it opens nothing.
func (f *surface) dropToken(c echo.Context) error {
	if err := f.Records.DropToken(c.Request().Context(), c.Param("id")); err != nil {
		return err
	}
	f.Log.InfoContext(c.Request().Context(), "token ended", "token", c.Param("id"), "by", whoIs(c).Login)
	return c.NoContent(http.StatusNoContent)
}

// listAppointments lists the sessions that an account was appointed to.
func (f *surface) listAppointments(c echo.Context) error {
	as, err := f.Records.Appointments(c.Request().Context(), exam.Login(c.Param("login")))
	if err != nil {
		return err
	}
	return list(c, "appointments", as)
}
