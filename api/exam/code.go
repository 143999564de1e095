package exam

import (
	"fmt"
	"slices"
	"strings"
)

// The stable codes of the closed lists, in the order of their constants. They
// appear in files, URLs and the database.
var (
	annulments = []string{"drop", "credit-all", "credit-answered"}
	states     = []string{"partial", "nameless", "in-review", "decided", "settled"}
	outcomes   = []string{"open", "failed", "passed"}
)

// code is the stable code of v; an unknown value is an error, never a guess.
func code[T ~uint8](v T, list []string) ([]byte, error) {
	if int(v) >= len(list) {
		return nil, fmt.Errorf("exam: %T %d has no code", v, v)
	}
	return []byte(list[v]), nil
}

// parse reads a stable code into *v.
func parse[T ~uint8](v *T, b []byte, list []string) error {
	i := slices.Index(list, string(b))
	if i < 0 {
		return fmt.Errorf("exam: %q is not one of %s", b, strings.Join(list, ", "))
	}
	*v = T(i)
	return nil
}

// word is the stable code of v for messages, empty for an unknown value.
func word[T ~uint8](v T, list []string) string {
	b, _ := code(v, list)
	return string(b)
}

// String is the stable code of a: "drop", "credit-all" or "credit-answered".
func (a Annulment) String() string { return word(a, annulments) }

// MarshalText writes the stable code of a.
func (a Annulment) MarshalText() ([]byte, error) { return code(a, annulments) }

// UnmarshalText reads a stable code; an unknown one is an error.
func (a *Annulment) UnmarshalText(b []byte) error { return parse(a, b, annulments) }

// String is the stable code of s: "partial", "nameless", "in-review", "decided" or "settled".
func (s State) String() string { return word(s, states) }

// MarshalText writes the stable code of s.
func (s State) MarshalText() ([]byte, error) { return code(s, states) }

// UnmarshalText reads a stable code; an unknown one is an error.
func (s *State) UnmarshalText(b []byte) error { return parse(s, b, states) }

// String is the stable code of o: "open", "failed" or "passed".
func (o Outcome) String() string { return word(o, outcomes) }

// MarshalText writes the stable code of o.
func (o Outcome) MarshalText() ([]byte, error) { return code(o, outcomes) }

// UnmarshalText reads a stable code; an unknown one is an error.
func (o *Outcome) UnmarshalText(b []byte) error { return parse(o, b, outcomes) }
