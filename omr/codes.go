package omr

import "fmt"

// reasons and notes are the stable codes; they appear in files, URLs and the database.
var (
	reasons = [...]string{
		"", "no-anchors", "no-stamp", "no-design", "distorted", "blank-page", "mirrored",
		"undecoded", "killed", "foreign", "test-sheet", "too-small", "separator", "unopened",
		"cropped", "low-contrast", "blurred", "soiled", "covered",
	}
	notes = [...]string{"", "copied", "streaked", "pale", "bilevel", "by-hand", "whitened"}
)

// String is the stable code of r; empty for a value that is no reason.
func (r Reason) String() string { return word(reasons[:], int(r)) }

// MarshalText writes the stable code of r.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a stable code; an unknown one is an error.
func (r *Reason) UnmarshalText(b []byte) error {
	i, err := number(reasons[:], "reason of a reject", string(b))
	*r = Reason(i)
	return err
}

// String is the stable code of n; empty for a value that is no note.
func (n Note) String() string { return word(notes[:], int(n)) }

// MarshalText writes the stable code of n.
func (n Note) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads a stable code; an unknown one is an error.
func (n *Note) UnmarshalText(b []byte) error {
	i, err := number(notes[:], "note", string(b))
	*n = Note(i)
	return err
}

func word(words []string, i int) string {
	if i < len(words) {
		return words[i]
	}
	return ""
}

// number finds a word; the empty one is the zero value.
func number(words []string, what, s string) (int, error) {
	for i, w := range words {
		if w == s {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%q is no %s: one of %q is expected", s, what, words[1:])
}
