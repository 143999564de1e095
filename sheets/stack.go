package sheets

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// A Stack is what the header sheet of a stack says, so that whoever scans it can
// check that all of it came: how many sheets lie between the header and its end.
type Stack struct {
	Session string `json:"session"`
	Venue   string `json:"venue,omitempty"` // its name; empty for spares, which belong to no venue
	Number  int    `json:"number"`          // of the session's stacks, from 1
	Sheets  int    `json:"sheets"`          // of paper, header and end not counted
	End     bool   `json:"end,omitempty"`   // the sheet behind the stack rather than before it
}

const stackPrefix = "BKH1"

// stackEscape keeps the slash for parting, and leaves Persian as it is: escaped it
// would make the code three times as dense.
var stackEscape = strings.NewReplacer("%", "%25", "/", "%2F")

// Text is s as a QR code carries it: "BKH1/session/venue/3/50", with "/E" behind it
// on the sheet at the end. A slash in a name is written %2F.
func (s Stack) Text() string {
	text := fmt.Sprintf("%s/%s/%s/%d/%d", stackPrefix, stackEscape.Replace(s.Session), stackEscape.Replace(s.Venue), s.Number, s.Sheets)
	if s.End {
		text += "/E"
	}
	return text
}

// ErrStack says that a text is not that of a stack.
var ErrStack = errors.New("the code is not that of a stack's header")

// ParseStackText reads what Text wrote. Anything else is ErrStack.
func ParseStackText(text string) (Stack, error) {
	body, end := strings.CutSuffix(text, "/E")
	part := strings.Split(body, "/")
	if len(part) != 5 {
		return Stack{}, ErrStack
	}
	session, err1 := url.PathUnescape(part[1])
	venue, err2 := url.PathUnescape(part[2])
	number, err3 := strconv.Atoi(part[3])
	count, err4 := strconv.Atoi(part[4])
	s := Stack{Session: session, Venue: venue, Number: number, Sheets: count, End: end}
	if errors.Join(err1, err2, err3, err4) != nil || number < 1 || count < 0 || s.Text() != text {
		return Stack{}, ErrStack
	}
	return s, nil
}
