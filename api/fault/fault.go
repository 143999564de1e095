// Package fault sorts the errors of the service by what the caller can do about them.
package fault

import (
	"errors"
	"fmt"
)

// A Kind is itself an error, so errors.Is(err, fault.NotFound) works through any wrapping.
type Kind uint8

// The kinds of faults.
const (
	Internal   Kind = iota // our bug or a corrupt store: log it, show nothing
	Invalid                // the request breaks a rule: fix it and resend
	NotFound               // no such thing, or not yours to see
	Conflict               // it changed, or it exists already: reload
	Denied                 // who you are does not allow it
	Unreadable             // the file or page cannot be read: rescan it
	Transient              // try the same again later
)

var kinds = [...]string{"internal", "invalid", "not-found", "conflict", "denied", "unreadable", "transient"}

// Error is the stable code of k.
func (k Kind) Error() string { return kinds[k] }

// An Error is a fault with words for a person.
type Error struct {
	Kind Kind
	Msg  string // for a person, without internals, in Persian
	Hint string // what to do next, in Persian
	Err  error  // for the log
}

// Error says all of it, for the log.
func (e *Error) Error() string {
	s := e.Kind.Error() + ": " + e.Msg
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// New returns a fault of kind k with words for a person.
func New(k Kind, msg, hint string) *Error { return &Error{Kind: k, Msg: msg, Hint: hint} }

// KindOf is Internal for every error that does not say otherwise.
func KindOf(err error) Kind {
	for k := Invalid; k <= Transient; k++ {
		if errors.Is(err, k) {
			return k
		}
	}
	return Internal
}

// All lists every fault joined or wrapped in err, in order, for a caller who
// tells them all at once.
func All(err error) []*Error {
	switch e := err.(type) { //nolint:errorlint // it walks the wrapping itself
	case nil:
		return nil
	case *Error:
		return []*Error{e}
	case interface{ Unwrap() error }:
		return All(e.Unwrap())
	case interface{ Unwrap() []error }:
		var out []*Error
		for _, inner := range e.Unwrap() {
			out = append(out, All(inner)...)
		}
		return out
	}
	return nil
}

// Wrap adds the operation to *errp, if it is set, and keeps the kind:
//
//	defer fault.Wrap(&err, "store: save readings of scan %s", id)
func Wrap(errp *error, format string, args ...any) {
	if *errp != nil {
		*errp = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *errp)
	}
}
