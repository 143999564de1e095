package api_test

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp"

	"bargkhan/api/certificate"
	"bargkhan/omr"
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
		narrow(t, ctx, name)
		label := eval[string](t, ctx, `document.getElementById('label').textContent`)
		do(t, ctx, press("KeyX", "ط"))
		until(t, ctx, `document.getElementById('label').textContent !== "`+label+`" || document.getElementById('desk').dataset.state === 'empty'`)
	}
	do(t, ctx, chromedp.Navigate(w.url+"/"))
	shot(t, ctx, "home-supervisor")

	for _, s := range []struct{ login, to, name string }{
		{"expert", "/", "home-expert"},
		{"expert", "/sessions/" + string(session), "session-expert"},
		{"expert", "/sessions/" + string(session) + "/opening", "opening"},
		{"expert", "/sessions/" + string(session) + "/venues", "venues"},
		{"expert", "/stations", "stations"},
		{"operator", "/stations?station=" + station + "&tray=held", "tray"},
		{"approver", "/sessions/" + string(session), "session-approver"},
		{"admin", "/", "home-admin"},
		{"admin", "/review", "denied"},
	} {
		do(t, ctx, chromedp.Click(chromedp.CSS(".who button")), chromedp.WaitVisible(chromedp.CSS("input[name=login]")))
		w.login(ctx, t, s.login, s.to)
		do(t, ctx, chromedp.WaitVisible(chromedp.CSS("h1")))
		tall(t, ctx, s.name)
		narrow(t, ctx, s.name)
	}
	var list struct{ Certificates []certificate.Certificate }
	w.call("approver", "GET", at("/certificates"), nil, 200, &list)
	serial := string(list.Certificates[0].Serial)
	for _, step := range []struct{ kind, serial, says, name string }{
		{"", "00000-00000-00000", "پیدا نشد", "verify-none"},
		{"", serial, "هنوز تأیید نشده است", "verify-unapproved"},
		{"approved", serial, "معتبر است", "verify-valid"},
		{"revoked", serial, "باطل شده است", "verify-revoked"},
	} {
		if step.kind != "" {
			w.call("approver", "POST", "/api/v1/certificates/"+serial+"/acts", map[string]any{"kind": step.kind, "reason": "اصلاح کلید"}, 201, nil)
		}
		do(t, ctx, chromedp.Navigate(w.url+"/v/"+step.serial), chromedp.WaitVisible(chromedp.CSS("h1")))
		if got := eval[string](t, ctx, `document.querySelector('h1').textContent`); got != step.says {
			t.Errorf("%s: the page says %q, want %q", step.name, got, step.says)
		}
		shot(t, ctx, step.name)
	}
}

// tall makes the window as high as the page, for a picture of all of it.
func tall(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	high := eval[int64](t, ctx, `document.documentElement.scrollHeight`)
	do(t, ctx, chromedp.EmulateViewport(1280, high))
	shot(t, ctx, name)
	do(t, ctx, chromedp.EmulateViewport(1280, 800))
}

// narrow looks at the page as a telephone shows it: whatever is too wide moves in itself,
// and the page does not.
func narrow(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	const width = 390
	do(t, ctx, chromedp.EmulateViewport(width, 844))
	if w := eval[int64](t, ctx, `document.documentElement.scrollWidth`); w > width {
		t.Errorf("%s: the page is %d pixels wide in a window of %d", name, w, width)
	}
	shot(t, ctx, name+"-narrow")
	do(t, ctx, chromedp.EmulateViewport(1280, 800))
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
	w.counted()
	var issued struct{ Issued int }
	w.call("expert", "POST", at("/certificates"), nil, 200, &issued)
	if issued.Issued == 0 {
		t.Fatal("nothing was earned")
	}
	w.now.Add(60)
	w.returned("s1", &omr.Reject{Reason: omr.Separator, Stack: &sheets.Stack{Session: string(session), Venue: "ساری، تالار رودکی", Number: 3, Sheets: 48}})
	w.returned("s22", &omr.Reject{Reason: omr.BlankPage}, &omr.Reject{Reason: omr.NoAnchors}, &omr.Reject{Reason: omr.Foreign})
	w.returned("s333", &omr.Reject{Reason: omr.Unopened, Serial: w.roster[3].Serial})
}
