package exam

import "bargkhan/omr"

// A Word is what people are told about a page that was given back: why, and what
// to do.
type Word struct {
	Short     string // Persian: why, in a few words
	Why, Do   string // Persian
	WhyE, DoE string // English
}

// rejectWords are made from the reasons of rejects, and never matched on.
var rejectWords = map[omr.Reason]Word{
	omr.NoAnchors: {
		"نشان‌های گوشه‌ها پیدا نشد",
		"نشان‌های گوشه‌های پاسخنامه پیدا نشد؛ این صفحه پاسخنامه نیست یا بخش بزرگی از آن پوشیده یا بریده است.",
		"اگر پاسخنامه است، آن را صاف و کامل دوباره اسکن کنید؛ اگر نیست، از دسته کنار بگذارید.",
		"The corner markers of an answer sheet were not found: this is another paper, or too much of it is hidden.",
		"If it is an answer sheet, flatten it and scan all of it again; if not, take it out of the stack.",
	},
	omr.NoStamp: {
		"کد چاپی برگه خوانده نشد",
		"کد چاپی پاسخنامه خوانده نشد.",
		"اگر لکه یا چیزی روی کد است آن را بردارید و دوباره اسکن کنید؛ اگر کد آسیب دیده، برگه را به کارشناس دفتر بدهید.",
		"The printed code of the sheet could not be read.",
		"Remove what covers the code and scan again; if the code is damaged, hand the sheet to the office.",
	},
	omr.NoDesign: {
		"طرح این برگه در سامانه نیست",
		"این پاسخنامه از طرح یا ویرایشی چاپ شده که در این سامانه نیست.",
		"برگه را به کارشناس دفتر بدهید تا طرحِ همان چاپ را در سامانه ثبت کند؛ سپس دوباره اسکن کنید.",
		"The sheet was printed from a design, or a revision of one, that is not known here.",
		"Hand it to the office to register the design it was printed from; then scan it again.",
	},
	omr.Distorted: {
		"برگه کج‌ومعوج یا کشیده است",
		"شکل صفحه در اسکن با پاسخنامه جور نیست؛ کاغذ تا خورده، کشیده شده یا دو برگ با هم رد شده است.",
		"برگه را صاف کنید و به‌تنهایی، ترجیحاً با شیشهٔ تخت، دوباره اسکن کنید.",
		"The page's shape does not fit the sheet: folded, stretched, or two sheets fed at once.",
		"Flatten the sheet and scan it alone, on the flat bed if there is one.",
	},
	omr.BlankPage: {
		"صفحه سفید است",
		"این صفحه سفید است.",
		"اگر پشت برگه است کاری لازم نیست؛ اگر روی پاسخنامه باید دیده می‌شد، برگه را برگردانید و دوباره اسکن کنید.",
		"The page is blank.",
		"If it is the back of a sheet, nothing needs to be done; if not, turn the sheet over and scan again.",
	},
	omr.Mirrored: {
		"تصویر وارونه‌نما (آینه‌ای) است",
		"تصویر صفحه آینه‌ای (وارونهٔ چپ و راست) است.",
		"تنظیم «آینه» را در اسکنر خاموش کنید و برگه را از رو دوباره اسکن کنید.",
		"The page is mirrored.",
		"Switch off mirroring in the scanner and scan the front of the sheet again.",
	},
	omr.Undecoded: {
		"تصویر این صفحه باز نمی‌شود",
		"تصویر این صفحه باز نشد؛ فایل خراب، ناقص یا رمزدار است، یا از نوعی که این سامانه نمی‌خواند.",
		"دوباره اسکن کنید، با خروجی JPEG یا TIFF یا PDF تصویری و وضوح ۲۰۰ یا ۳۰۰ نقطه بر اینچ.",
		"The picture of this page could not be decoded: damaged, incomplete, locked, or of a kind that is not read.",
		"Scan it again to JPEG, TIFF or image PDF at 200 or 300 dpi.",
	},
	omr.Killed: {
		"خواندن این صفحه بیش از اندازه طول کشید",
		"خواندن این صفحه بیش از اندازه طول کشید یا برنامهٔ خواننده را از کار انداخت.",
		"برگه را دوباره اسکن کنید؛ اگر تکرار شد، این فایل را برای پشتیبانی بفرستید.",
		"Reading this page took too long or ended the reading process.",
		"Scan the sheet again; if it happens again, send this file to support.",
	},
	omr.Foreign: {
		"برگهٔ آزمون دیگری است",
		"این پاسخنامه مال هیچ‌یک از آزمون‌های این سامانه نیست.",
		"برگه را از دسته کنار بگذارید و به کارشناس دفتر بدهید تا آزمون آن را پیدا کند.",
		"This is an answer sheet, but of no session that is known here.",
		"Take it out of the stack and hand it to the office to find its session.",
	},
	omr.TestSheet: {
		"برگهٔ آزمایشی است",
		"این برگهٔ آزمایشی است و در نتیجه‌ها وارد نمی‌شود.",
		"کاری لازم نیست؛ برگه را کنار بگذارید.",
		"This is a sheet of a test deck; it never enters results.",
		"Nothing needs to be done; put it aside.",
	},
	omr.TooSmall: {
		"وضوح اسکن کم است",
		"وضوح اسکن برای دیدن خانه‌ها کم است.",
		"وضوح اسکنر را روی ۲۰۰ یا ۳۰۰ نقطه بر اینچ بگذارید و دوباره اسکن کنید.",
		"The resolution is too low to see the bubbles.",
		"Set the scanner to 200 or 300 dpi and scan again.",
	},
	omr.Separator: {
		"سربرگ یا پایان دسته است",
		"این برگه سربرگ یا برگهٔ پایان دسته است؛ دسته با آن باز یا بسته شد.",
		"کاری لازم نیست.",
		"This is the header or the end sheet of a stack; the stack was opened or ended by it.",
		"Nothing needs to be done.",
	},
	omr.Unopened: {
		"آزمونِ این برگه هنوز برای اسکن باز نشده است",
		"آزمونِ این پاسخنامه هنوز در این ایستگاه برای اسکن باز نشده است: برگه‌های آزمایشیِ ایستگاه بررسی نشده یا معافیت آن امضا نشده است.",
		"دوباره اسکن نکنید؛ از کارشناس دفتر بخواهید اسکن آزمون را باز کند. پس از آن، همین تصویر خودبه‌خود خوانده می‌شود.",
		"The session of this sheet is not opened for scanning at this station: its test deck was not checked, and nobody signed for that.",
		"Do not scan it again; ask the office to open the session for scanning. This very picture is then read by itself.",
	},
	omr.Cropped: {
		"بخشی از برگه بیرون از تصویر است",
		"دست‌کم یکی از نشان‌های گوشه‌های پاسخنامه بیرون از تصویر افتاده است.",
		"برگه را کامل روی شیشه بگذارید، اندازهٔ کاغذ را در اسکنر درست کنید و دوباره اسکن کنید.",
		"At least one corner marker of the sheet lies outside the picture.",
		"Lay the whole sheet on the glass, set the scanner's paper size, and scan again.",
	},
	omr.LowContrast: {
		"چاپ برگه بسیار کم‌رنگ است",
		"چاپ برگه در تصویر به‌سختی از کاغذ تیره‌تر است.",
		"کنتراست اسکنر را بیشتر کنید و دوباره اسکن کنید؛ اگر خود برگه کم‌رنگ چاپ شده، آن را به کارشناس دفتر بدهید.",
		"What is printed is hardly darker than the paper.",
		"Raise the scanner's contrast and scan again; if the sheet itself is printed so faintly, hand it to the office.",
	},
	omr.Blurred: {
		"تصویر تار است",
		"هیچ لبهٔ تیزی در تصویر دیده نمی‌شود؛ کاغذ از شیشه بالاتر بوده یا تکان خورده است.",
		"برگه را صاف روی شیشه بگذارید و دوباره اسکن کنید.",
		"Nothing in the picture has a sharp edge: the paper did not lie on the glass, or moved.",
		"Lay the sheet flat on the glass and scan again.",
	},
	omr.Soiled: {
		"خط‌های سراسری روی تصویر است",
		"خط‌های تیره‌ای از سراسر تصویر گذشته و نشان‌های گوشه‌ها را پوشانده است.",
		"شیشهٔ اسکنر را پاک کنید و دوباره اسکن کنید.",
		"Dark lines run through the whole picture and hide the corner markers.",
		"Clean the scanner's glass and scan again.",
	},
	omr.Covered: {
		"بیشتر خانه‌ها زیر جوهر است",
		"بیشتر خانه‌های پاسخنامه تا بیرون از خط چاپی پر شده و جای آن‌ها دیده نمی‌شود.",
		"دوباره اسکن کردن سودی ندارد؛ برگه را به کارشناس دفتر بدهید.",
		"Most bubbles are filled beyond their printed outlines, which cannot be seen.",
		"Scanning again will not help; hand the sheet to the office.",
	},
}

// RejectWords says what people are told about a page given back for this reason.
func RejectWords(r omr.Reason) Word {
	if w, ok := rejectWords[r]; ok {
		return w
	}
	return Word{
		"خوانده نشد", "این صفحه خوانده نشد.", "برگه را دوباره اسکن کنید.",
		"This page could not be read.", "Scan the sheet again.",
	}
}
