package persian

import (
	"bytes"
	"slices"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// Sort orders s as a Persian reader expects: by the first of by, equal ones by
// the second, and so on. Texts are compared as displayed. The collation does not
// see joiners, so give an id as the last of by, or the order of equals is that of s.
func Sort[T any](s []T, by ...func(T) string) {
	type row struct {
		v    T
		keys [][]byte
	}
	c := collator()
	rows := make([]row, len(s))
	for i, v := range s {
		rows[i].v = v
		for _, f := range by {
			rows[i].keys = append(rows[i].keys, sortKey(c, f(v)))
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return slices.CompareFunc(a.keys, b.keys, bytes.Compare) })
	for i, r := range rows {
		s[i] = r.v
	}
}

// SortKey returns bytes that compare as a Persian reader orders texts, for a
// column of a database.
func SortKey(s string) []byte { return sortKey(collator(), s) }

// collator makes a collator of its own for each caller: one is not safe for two.
func collator() *collate.Collator { return collate.New(language.MustParse("fa-IR")) }

func sortKey(c *collate.Collator, s string) []byte {
	var b collate.Buffer
	return slices.Clone(c.KeyFromString(&b, Display(s)))
}
