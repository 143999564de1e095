package pipeline

import (
	"fmt"
	"strings"

	"bargkhan/api/exam"
	"bargkhan/api/persian"
)

// slip is the text beside what was given back of a file: each page, why, and what
// to do. It names the arrival, so that no two slips are equal. Its byte-order mark
// and line ends are for the editors of Windows, on whose shares it lies.
func slip(fate exam.Fate) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	b.WriteString("\ufeff")
	if fate.End == exam.EndReturned {
		line("این فایل خوانده نشد و برگردانده شد.")
		line("This file was not read and is given back.")
	} else {
		line("%s از %s صفحهٔ این فایل خوانده نشد و برگردانده شد؛ بقیه خوانده شد، یا سفید یا سربرگ دسته بود.", persian.Int(len(fate.Back)), persian.Int(fate.Pages))
		line("%d of %d pages of this file were not read and are given back; the others were read, or are blank, or part stacks.", len(fate.Back), fate.Pages)
	}
	at := fate.At.In(persian.Tehran())
	line("")
	line("فایل: %s", fate.Name)
	line("ایستگاه: %s", fate.Station)
	line("دریافت: %s ساعت %s", persian.FromTime(fate.At), persian.Digits(at.Format("15:04:05")))
	line("شناسه: %s", fate.ID)
	for _, r := range fate.Back {
		w := exam.RejectWords(r.Why.Reason)
		line("")
		line("صفحهٔ %s", persian.Int(r.Image))
		line("چرا: %s", w.Why)
		line("چه کنید: %s", w.Do)
		line("Page %d (%s)", r.Image, r.Why.Reason)
		line("Why: %s", w.WhyE)
		line("What to do: %s", w.DoE)
		if r.Why.Detail != "" {
			line("Detail: %s", r.Why.Detail)
		}
	}
	return b.String()
}
