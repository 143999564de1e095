package api_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"bargkhan/api/exam"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
)

// browser starts a headless Chromium of 1280×800 and returns a tab of it.
func browser(t *testing.T) context.Context {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 800), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800)); err != nil {
		t.Fatalf("no browser (Debian's package chromium): %v", err)
	}
	ctx, cancel = context.WithTimeout(ctx, 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// do runs actions; an error ends the test.
func do(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// eval evaluates JavaScript.
func eval[T any](t *testing.T, ctx context.Context, js string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js))
	if err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return v
}

// until waits until a JavaScript condition holds.
func until(t *testing.T, ctx context.Context, js string) {
	t.Helper()
	wait, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		ok, err := chromedp.Run(wait, chromedp.Evaluate[bool](js))
		if err == nil && ok {
			return
		}
		if wait.Err() != nil {
			text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
			t.Fatalf("in vain: %s (%v)\n%s", js, err, text)
		}
		time.Sleep(20 * time.Millisecond) // the browser sends no event for a condition
	}
}

// shot keeps a screenshot where BARGKHAN_SHOTS says, for people to look at.
func shot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("BARGKHAN_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// press presses a key by its place; what it writes is another matter.
func press(code, writes string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for _, typ := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
			if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: typ, Key: writes, Code: code, Text: writes}); err != nil {
				return err
			}
		}
		return nil
	})
}

// login logs in through the page.
func (w *world) login(ctx context.Context, t *testing.T, login, to string) {
	t.Helper()
	do(t, ctx, chromedp.Navigate(w.url+to), chromedp.WaitVisible(chromedp.CSS("input[name=login]")),
		chromedp.SendKeys(chromedp.CSS("input[name=login]"), login),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), login+login))
	shot(t, ctx, "login")
	do(t, ctx, chromedp.Click(chromedp.CSS("form button.primary")), chromedp.WaitVisible(chromedp.CSS(".who")))
}

const ready = `document.getElementById('desk').dataset.state === 'ready'`

// ruling is the latest ruling of a script.
func (w *world) ruling(t *testing.T, id exam.ScriptID) exam.Ruling {
	t.Helper()
	s, err := w.store.Script(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Rulings) == 0 {
		t.Fatalf("script %s has no ruling", id)
	}
	return s.Rulings[len(s.Rulings)-1]
}

// TestDesk drives the review desk with the keyboard as a supervisor does, under a
// Persian layout.
func TestDesk(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	one := w.personal(0, "1", 14)
	one.hands["q3"], one.doubts["q3"] = omrtest.Pale, judge.Faint
	one.hands["q27"], one.doubts["q27"] = omrtest.Erased, judge.Close
	one.marks["q44"], one.doubts["q44"] = []sheets.Choice{"1", "4"}, judge.Several
	id := w.scan("scan-1", one)
	ctx := browser(t)

	w.login(ctx, t, "nazer", "/review")
	until(t, ctx, ready)
	shot(t, ctx, "review")
	checkFits(t, ctx)
	checkBlind(t, ctx, w)

	first := eval[string](t, ctx, `document.getElementById('label').textContent`)
	do(t, ctx, press("Digit1", "۱"))
	until(t, ctx, ready+` && document.getElementById('label').textContent !== `+fmt.Sprintf("%q", first))
	if r := w.ruling(t, id); !slices.Equal(r.Choices, []sheets.Choice{"1"}) || r.By != "nazer" {
		t.Errorf("Digit1 under a Persian layout: got ruling %+v, want choice 1 by nazer", r)
	}
	shot(t, ctx, "review-next")

	do(t, ctx, press("KeyU", "ع"))
	until(t, ctx, ready+` && document.getElementById('label').textContent === `+fmt.Sprintf("%q", first))
	if r := w.ruling(t, id); !r.Withdrawn {
		t.Errorf("undo: got %+v, want it withdrawn", r)
	}
	shot(t, ctx, "review-undo")

	w.disturb(t, ctx, id)

	do(t, ctx, press("Numpad4", "4"))
	until(t, ctx, ready+` && document.getElementById('done').textContent === '۱'`)
	do(t, ctx, press("KeyB", "ذ"))
	until(t, ctx, ready+` && document.getElementById('done').textContent === '۲'`)
	if r := w.ruling(t, id); len(r.Choices) != 0 || r.CannotSay {
		t.Errorf("B: got %+v, want blank", r)
	}
	do(t, ctx, press("KeyD", "ی"))
	until(t, ctx, `document.getElementById('several').getAttribute('aria-pressed') === 'true'`)
	do(t, ctx, press("Digit1", "۱"), press("Digit4", "۴"))
	shot(t, ctx, "review-several")
	do(t, ctx, press("Enter", "\r"))
	until(t, ctx, `document.getElementById('desk').dataset.state === 'empty'`)
	shot(t, ctx, "review-empty")
	if r := w.ruling(t, id); !slices.Equal(r.Choices, []sheets.Choice{"1", "4"}) {
		t.Errorf("D 1 4 Enter: got %+v, want 1 and 4", r)
	}
}

// disturb cuts the network in the middle of a decision, and then has another
// person decide on the same script first: nothing is lost, nothing said falsely.
func (w *world) disturb(t *testing.T, ctx context.Context, id exam.ScriptID) {
	t.Helper()
	before := w.ruling(t, id)
	eval[bool](t, ctx, `window.real = window.fetch; window.fetch = () => Promise.reject(new TypeError('cut')); true`)
	do(t, ctx, press("Digit2", "۲"))
	until(t, ctx, `document.getElementById('say').textContent.includes('هنوز ثبت نشده')`)
	shot(t, ctx, "review-offline")
	if r := w.ruling(t, id); !slices.Equal(r.Choices, before.Choices) || r.Withdrawn != before.Withdrawn {
		t.Errorf("without a network: got ruling %+v", r)
	}
	s, err := w.store.Script(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	w.call("nazer2", "POST", "/api/v1/scripts/"+string(id)+"/rulings", map[string]any{"rev": s.Rev, "field": "absent", "choices": []string{}}, 201, nil)
	eval[bool](t, ctx, `window.fetch = window.real; true`)
	do(t, ctx, press("Enter", "\r"))
	until(t, ctx, ready+` && document.getElementById('say').textContent.includes('تغییر کرده')`)
	shot(t, ctx, "review-conflict")
	if r := w.ruling(t, id); r.By != "nazer2" {
		t.Errorf("a decision on what had changed: got ruling %+v, want none of it", r)
	}
}

// checkFits says that nothing on the desk scrolls or hangs out of the window.
func checkFits(t *testing.T, ctx context.Context) {
	t.Helper()
	out := eval[string](t, ctx, `[...document.querySelectorAll('button, .picture, .say')].filter(e => e.checkVisibility())
		.filter(e => {const r = e.getBoundingClientRect(); return r.left < -1 || r.top < -1 || r.right > innerWidth + 1 || r.bottom > innerHeight + 1})
		.map(e => e.id || e.className).join(' ')`)
	if out != "" {
		t.Errorf("out of the window at 1280×800: %s", out)
	}
}

// checkBlind says that no word of a person or a result is on the page.
func checkBlind(t *testing.T, ctx context.Context, w *world) {
	t.Helper()
	for _, c := range w.roster {
		for _, word := range []string{c.Name, string(c.Person), c.Father, c.Employer} {
			if eval[bool](t, ctx, fmt.Sprintf("document.documentElement.outerHTML.includes(%q)", word)) {
				t.Errorf("the desk says %q", word)
			}
		}
	}
}
