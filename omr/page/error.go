package page

import (
	"errors"
	"fmt"
)

// A Code says what is wrong with a file or a page. Codes are stable: the words
// for people are made from them elsewhere.
type Code string

// The codes.
const (
	Empty         Code = "empty"           // a file of no bytes: the scanner wrote nothing
	UnknownKind   Code = "unknown-kind"    // not a picture this house reads
	Torn          Code = "torn"            // it ends too early, or is damaged: scan again
	TooLarge      Code = "too-large"       // more bytes than Limits.Bytes
	TooManyPages  Code = "too-many-pages"  // more than Limits.Pages: scan in smaller stacks
	TooManyPixels Code = "too-many-pixels" // more than Limits.Pixels: scan at 200 or 300 dpi
	Unsupported   Code = "unsupported"     // whole, but of a form named in Error.Name: change the scanner's settings
	Encrypted     Code = "encrypted"       // a PDF that asks for a password
)

// An Error says why a file, or one page of it, gave no picture.
type Error struct {
	Code   Code
	Page   int    // from 1; 0 if it is the whole file
	Name   string // of Unsupported: the form that is not read, as its specification calls it
	Detail string // for the log and the desk tool
}

// Error says what is wrong, and where.
func (e *Error) Error() string {
	s := map[Code]string{
		Empty:         "the file is empty: scan again",
		UnknownKind:   "not a scan of a known kind",
		Torn:          "torn or damaged: scan again",
		TooLarge:      "the file is too large: scan in smaller stacks",
		TooManyPages:  "too many pages in one file: scan in smaller stacks",
		TooManyPixels: "too many pixels in one page: scan at 200 or 300 dpi",
		Unsupported:   "set the scanner to JPEG or TIFF: this form is not read: " + e.Name,
		Encrypted:     "the file is locked by a password: switch that off in the scanner",
	}[e.Code]
	if e.Detail != "" {
		s += " (" + e.Detail + ")"
	}
	if e.Page > 0 {
		s = fmt.Sprintf("page %d: %s", e.Page, s)
	}
	return s
}

// torn is the Error of a damaged file.
func torn(format string, args ...any) *Error {
	return &Error{Code: Torn, Detail: fmt.Sprintf(format, args...)}
}

// unsupported is the Error of a whole file in a form that is not read.
func unsupported(name string) *Error { return &Error{Code: Unsupported, Name: name} }

// onPage returns err as an error of page n.
func onPage(err error, n int) error {
	var e *Error
	if !errors.As(err, &e) {
		return fmt.Errorf("page %d: %w", n, err)
	}
	at := *e
	at.Page = n
	return &at
}
