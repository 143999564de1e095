package sheets

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestStackText(t *testing.T) {
	s := Stack{Session: "khorasan-1405-2", Venue: "تالار ۱/۲", Number: 3, Sheets: 50}
	if got, err := ParseStackText(s.Text()); err != nil || got != s {
		t.Errorf("%q reads %+v, %v", s.Text(), got, err)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := Stack{rapid.String().Draw(t, "session"), rapid.String().Draw(t, "venue"), rapid.IntRange(1, 1e6).Draw(t, "n"),
			rapid.IntRange(0, 1e6).Draw(t, "sheets"), rapid.Bool().Draw(t, "end")}
		if got, err := ParseStackText(s.Text()); err != nil || got != s {
			t.Fatalf("%q reads %+v, %v", s.Text(), got, err)
		}
	})
	for _, bad := range []string{"", "BKH1/a/b/0/5", "BKH1/a/b/1/-5", "BKH1/a/b/1/5/6", "BKH1/a/b/01/5", "BK1/0000000017/8F265CA8/1", "BKH1/%zz/b/1/5"} {
		if got, err := ParseStackText(bad); !errors.Is(err, ErrStack) {
			t.Errorf("%q reads %+v, %v", bad, got, err)
		}
	}
}
