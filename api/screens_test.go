package api_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
)

// TestScreens looks at every other screen, and at the desk's other questions.
func TestScreens(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	w.fill(t)
	ctx := browser(t)

	w.login(ctx, t, "nazer", "/review")
	for _, name := range []string{"review-a", "review-b", "review-c"} {
		until(t, ctx, ready)
		checkFits(t, ctx)
		checkBlind(t, ctx, w)
		shot(t, ctx, name)
		label := eval[string](t, ctx, `document.getElementById('label').textContent`)
		do(t, ctx, press("KeyX", "ط"))
		until(t, ctx, `document.getElementById('label').textContent !== "`+label+`" || document.getElementById('desk').dataset.state === 'empty'`)
	}
	do(t, ctx, chromedp.Navigate(w.url+"/"))
	shot(t, ctx, "home-supervisor")

	for _, s := range []struct{ login, to, name string }{
		{"expert", "/", "home-expert"},
		{"expert", "/sessions/" + string(session), "session-expert"},
		{"expert", "/stations", "stations"},
		{"approver", "/sessions/" + string(session), "session-approver"},
		{"admin", "/", "home-admin"},
		{"admin", "/review", "denied"},
	} {
		do(t, ctx, chromedp.Click(chromedp.CSS(".who button")), chromedp.WaitVisible(chromedp.CSS("input[name=login]")))
		w.login(ctx, t, s.login, s.to)
		do(t, ctx, chromedp.WaitVisible(chromedp.CSS("h1")))
		shot(t, ctx, s.name)
	}
	do(t, ctx, chromedp.Navigate(w.url+"/v/0000000000"), chromedp.WaitVisible(chromedp.CSS("h1")))
	shot(t, ctx, "verify-none")
}

// fill files what makes every kind of question: two scans that disagree, a spare
// with a doubtful digit, a doubtful form, and a spare whose owner is unknown.
func (w *world) fill(t *testing.T) {
	t.Helper()
	a := w.personal(0, "1", 20)
	w.scan("a", a)
	two := w.personal(1, "2", 13)
	w.scan("b1", two)
	two.marks = answers("2", 13)
	two.marks["q21"] = []sheets.Choice{"3"}
	w.scan("b2", two)
	form := w.personal(2, "1", 16)
	form.marks["form"], form.doubts["form"] = []sheets.Choice{"1", "2"}, judge.Several
	w.scan("c", form)
	spare := func(i int, number string) paper {
		p := paper{design: w.spare, serial: w.extra[i], marks: answers("1", 15), hands: map[sheets.FieldID]omrtest.Hand{}, doubts: map[sheets.FieldID]judge.Reason{}}
		for k, d := range number {
			p.marks[sheets.FieldID("nn."+string('0'+rune(k)))] = []sheets.Choice{sheets.Choice(d)}
		}
		return p
	}
	s := spare(0, string(w.roster[3].Person))
	s.hands["nn.4"], s.doubts["nn.4"] = omrtest.Erased, judge.Close
	w.scan("d", s)
	w.scan("e", spare(1, "1234567891"))
	var issued struct{ Issued int }
	w.call("expert", "POST", at("/certificates"), nil, 200, &issued)
	if issued.Issued == 0 {
		t.Fatal("nothing was earned")
	}
}
