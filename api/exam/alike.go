package exam

import (
	"slices"

	"bargkhan/api/fault"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// Kind is what one decision on t may say of its whole sheet: judge.Tick or judge.Cross,
// when the only doubt is whether one such mark counts; else 0.
func (t *Task) Kind() judge.Reason {
	if len(t.Doubts) != 1 || t.Doubts[0].Choice == "" || t.Office {
		return 0
	}
	if r := t.Doubts[0].Reason; r == judge.Tick || r == judge.Cross {
		return r
	}
	return 0
}

// Alike are the other tasks of the same script that one decision on t may settle too:
// a hand that ticks ticks the whole sheet.
func (t *Task) Alike(tasks []Task) (out []Task) {
	for _, o := range tasks {
		if t.Kind() != 0 && o.Kind() == t.Kind() && o.Script == t.Script && o.Field != t.Field {
			out = append(out, o)
		}
	}
	return out
}

// Likewise is what a decision on t says of o, which is alike: that such marks count, or
// that they do not. Any other decision is of t alone, and a fault.Invalid.
func (t *Task) Likewise(o *Task, choices []sheets.Choice) ([]sheets.Choice, error) {
	switch {
	case len(choices) == 0:
		return []sheets.Choice{}, nil
	case slices.Equal(choices, []sheets.Choice{t.Doubts[0].Choice}):
		return []sheets.Choice{o.Doubts[0].Choice}, nil
	}
	return nil, fault.New(fault.Invalid, "این تصمیم را نمی‌توان برای نشانه‌های دیگر برگه به کار برد.",
		"یا همان گزینهٔ نشانه‌خورده را برگزینید، یا «سفید است» را.")
}
