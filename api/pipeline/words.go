package pipeline

import (
	"fmt"
	"strings"

	"bargkhan/api/exam"
	"bargkhan/api/persian"
	"bargkhan/omr"
)

// A Word is what people are told about a page that was given back: why, and what
// to do.
type Word struct {
	Why, Do   string // Persian
	WhyE, DoE string // English
}

// words are made from the reasons of rejects, and never matched on.
var words = map[omr.Reason]Word{
	omr.NoAnchors: {
		"نشان‌های گوشه‌های پاسخنامه پیدا نشد؛ این صفحه پاسخنامه نیست یا بخش بزرگی از آن پوشیده یا بریده است.",
		"اگر پاسخنامه است، آن را صاف و کامل دوباره اسکن کنید؛ اگر نیست، از دسته کنار بگذارید.",
		"The corner markers of an answer sheet were not found: this is another paper, or too much of it is hidden.",
		"If it is an answer sheet, flatten it and scan all of it again; if not, take it out of the stack.",
	},
	omr.NoStamp: {
		"کد چاپی پاسخنامه خوانده نشد.",
		"اگر لکه یا چیزی روی کد است آن را بردارید و دوباره اسکن کنید؛ اگر کد آسیب دیده، برگه را به کارشناس دفتر بدهید.",
		"The printed code of the sheet could not be read.",
		"Remove what covers the code and scan again; if the code is damaged, hand the sheet to the office.",
	},
	omr.NoDesign: {
		"این پاسخنامه از طرح یا ویرایشی چاپ شده که در این سامانه نیست.",
		"برگه را به کارشناس دفتر بدهید تا طرحِ همان چاپ را در سامانه ثبت کند؛ سپس دوباره اسکن کنید.",
		"The sheet was printed from a design, or a revision of one, that is not known here.",
		"Hand it to the office to register the design it was printed from; then scan it again.",
	},
	omr.Distorted: {
		"شکل صفحه در اسکن با پاسخنامه جور نیست؛ کاغذ تا خورده، کشیده شده یا دو برگ با هم رد شده است.",
		"برگه را صاف کنید و به‌تنهایی، ترجیحاً با شیشهٔ تخت، دوباره اسکن کنید.",
		"The page's shape does not fit the sheet: folded, stretched, or two sheets fed at once.",
		"Flatten the sheet and scan it alone, on the flat bed if there is one.",
	},
	omr.BlankPage: {
		"این صفحه سفید است.",
		"اگر پشت برگه است کاری لازم نیست؛ اگر روی پاسخنامه باید دیده می‌شد، برگه را برگردانید و دوباره اسکن کنید.",
		"The page is blank.",
		"If it is the back of a sheet, nothing needs to be done; if not, turn the sheet over and scan again.",
	},
	omr.Mirrored: {
		"تصویر صفحه آینه‌ای (وارونهٔ چپ و راست) است.",
		"تنظیم «آینه» را در اسکنر خاموش کنید و برگه را از رو دوباره اسکن کنید.",
		"The page is mirrored.",
		"Switch off mirroring in the scanner and scan the front of the sheet again.",
	},
	omr.Undecoded: {
		"تصویر این صفحه باز نشد؛ فایل خراب، ناقص یا رمزدار است، یا از نوعی که این سامانه نمی‌خواند.",
		"دوباره اسکن کنید، با خروجی JPEG یا TIFF یا PDF تصویری و وضوح ۲۰۰ یا ۳۰۰ نقطه بر اینچ.",
		"The picture of this page could not be decoded: damaged, incomplete, locked, or of a kind that is not read.",
		"Scan it again to JPEG, TIFF or image PDF at 200 or 300 dpi.",
	},
	omr.Killed: {
		"خواندن این صفحه بیش از اندازه طول کشید یا برنامهٔ خواننده را از کار انداخت.",
		"برگه را دوباره اسکن کنید؛ اگر تکرار شد، این فایل را برای پشتیبانی بفرستید.",
		"Reading this page took too long or ended the reading process.",
		"Scan the sheet again; if it happens again, send this file to support.",
	},
	omr.Foreign: {
		"این پاسخنامه مال هیچ‌یک از آزمون‌های این سامانه نیست.",
		"برگه را از دسته کنار بگذارید و به کارشناس دفتر بدهید تا آزمون آن را پیدا کند.",
		"This is an answer sheet, but of no session that is known here.",
		"Take it out of the stack and hand it to the office to find its session.",
	},
	omr.TestSheet: {
		"این برگهٔ آزمایشی است و در نتیجه‌ها وارد نمی‌شود.",
		"کاری لازم نیست؛ برگه را کنار بگذارید.",
		"This is a sheet of a test deck; it never enters results.",
		"Nothing needs to be done; put it aside.",
	},
	omr.TooSmall: {
		"وضوح اسکن برای دیدن خانه‌ها کم است.",
		"وضوح اسکنر را روی ۲۰۰ یا ۳۰۰ نقطه بر اینچ بگذارید و دوباره اسکن کنید.",
		"The resolution is too low to see the bubbles.",
		"Set the scanner to 200 or 300 dpi and scan again.",
	},
}

// Words says what people are told about a page given back for this reason.
func Words(r omr.Reason) Word {
	if w, ok := words[r]; ok {
		return w
	}
	return Word{
		"این صفحه خوانده نشد.", "برگه را دوباره اسکن کنید.",
		"This page could not be read.", "Scan the sheet again.",
	}
}

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
		line("%s از %s صفحهٔ این فایل خوانده نشد و برگردانده شد؛ بقیه خوانده شد یا سفید بود.", persian.Int(len(fate.Back)), persian.Int(fate.Pages))
		line("%d of %d pages of this file were not read and are given back; the others were read, or are blank.", len(fate.Back), fate.Pages)
	}
	at := fate.At.In(persian.Tehran())
	line("")
	line("فایل: %s", fate.Name)
	line("ایستگاه: %s", fate.Station)
	line("دریافت: %s ساعت %s", persian.FromTime(fate.At), persian.Digits(at.Format("15:04:05")))
	line("شناسه: %s", fate.ID)
	for _, r := range fate.Back {
		w := Words(r.Why.Reason)
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
