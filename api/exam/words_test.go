package exam

import (
	"strings"
	"testing"

	"bargkhan/omr"
)

// TestRejectWords wants words of its own for every reason that has a code.
func TestRejectWords(t *testing.T) {
	for r := omr.Reason(1); r.String() != ""; r++ {
		w, ok := rejectWords[r]
		if !ok || w.Short == "" || w.Why == "" || w.Do == "" || w.WhyE == "" || w.DoE == "" {
			t.Errorf("%v: %+v", r, w)
		}
		for _, persian := range []string{w.Short, w.Why, w.Do} {
			if strings.ContainsAny(persian, "0123456789يك") {
				t.Errorf("%v: %q has digits or letters that are not Persian", r, persian)
			}
		}
	}
	if w := RejectWords(0); w.Why == "" || w.DoE == "" {
		t.Errorf("an unknown reason: %+v", w)
	}
}
