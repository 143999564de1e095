package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"bargkhan/api/fault"
)

func TestKindOf(t *testing.T) {
	lost := &fault.Error{Kind: fault.Transient, Msg: "پایگاه داده پاسخ نمی‌دهد", Err: io.ErrUnexpectedEOF}
	for _, tt := range []struct {
		name string
		err  error
		want fault.Kind
	}{
		{"nil", nil, fault.Internal},
		{"unknown", io.EOF, fault.Internal},
		{"itself", fault.New(fault.NotFound, "نیست", "نشانی را بسنجید"), fault.NotFound},
		{"wrapped", fmt.Errorf("read: %w", lost), fault.Transient},
		{"joined", errors.Join(io.EOF, fault.New(fault.Invalid, "م", "ر")), fault.Invalid},
		{"a bare kind", fault.Denied, fault.Denied},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := fault.KindOf(tt.err); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if !errors.Is(lost, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
	if got, want := lost.Error(), "transient: پایگاه داده پاسخ نمی‌دهد: unexpected EOF"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWrap(t *testing.T) {
	work := func(err error) (out error) {
		defer fault.Wrap(&out, "store: save scan %s", "abc")
		return err
	}
	if err := work(nil); err != nil {
		t.Errorf("no error became %v", err)
	}
	err := work(fault.New(fault.Conflict, "تغییر کرده است", "دوباره باز کنید"))
	if got, want := err.Error(), "store: save scan abc: conflict: تغییر کرده است"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if fault.KindOf(err) != fault.Conflict {
		t.Errorf("the kind became %v", fault.KindOf(err))
	}
}

func TestAll(t *testing.T) {
	a, b := fault.New(fault.Invalid, "الف", ""), fault.New(fault.Invalid, "ب", "")
	err := fmt.Errorf("roster: %w", errors.Join(a, io.EOF, errors.Join(b)))
	if got := fault.All(err); len(got) != 2 || got[0] != a || got[1] != b {
		t.Errorf("got %v", got)
	}
	if got := fault.All(nil); got != nil {
		t.Errorf("All(nil) = %v", got)
	}
}
