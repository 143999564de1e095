package judge

import "bargkhan/sheets"

// Fields judges every field of a page, in the design's order. It sees the whole
// page because one pencil and one scanner made it: Ink is compared with the blank
// bubbles of the same page. It is a pure function. ev is in the design's order.
func Fields(pg sheets.Page, ev []Evidence, p Policy) []Verdict {
	return nil
}
