package certificate

import (
	"bytes"
	"fmt"
	"time"
)

// Message is what is signed: everything c said when it was issued, and by whom and
// when that was (to the second), one "name value" a line, texts quoted as in Go.
// Later acts are not in it, so it never changes.
func Message(c *Certificate) []byte {
	var b bytes.Buffer
	line := func(name string, value any) { fmt.Fprintf(&b, "%s %v\n", name, value) }
	text := func(name, value string) { fmt.Fprintf(&b, "%s %q\n", name, value) }
	b.WriteString("bargkhan certificate 1\n")
	text("serial", string(c.Serial))
	text("session", string(c.Session))
	text("person", string(c.Person.Person))
	text("name", c.Person.Name)
	text("father", c.Person.Father)
	text("employer", c.Person.Employer)
	text("title", string(c.Title.ID))
	text("title-name", c.Title.Name)
	line("hours", c.Title.Hours)
	text("class", c.Title.Class)
	text("script", string(c.Grade.Script))
	line("revision", c.Grade.Rev)
	line("key", c.Grade.Key)
	line("score", fmt.Sprintf("%d/%d", c.Grade.Low.Num, c.Grade.Low.Den))
	text("office", c.Words.Office)
	text("set", c.Words.Set)
	line("date", c.Words.Date)
	text("legal-basis", c.Words.LegalBasis)
	if len(c.Acts) > 0 {
		text("issued-by", string(c.Acts[0].By))
		line("issued-at", c.Acts[0].At.UTC().Format(time.RFC3339))
	}
	return b.Bytes()
}
