package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// A file is there whole or not at all, whatever stops its writer; a .part that a
// power cut left is in nobody's way.
func TestAtomically(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sheets.pdf")
	if err := os.WriteFile(name+".part", []byte("left by a power cut, and longer than what comes"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, s)
			return err
		}
	}
	if err := atomically(context.Background(), name, text("first")); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	interrupted := func(w io.Writer) error {
		if err := text("second, begun")(w); err != nil {
			return err
		}
		stop()
		return text("second, ended")(w)
	}
	if err := atomically(ctx, name, interrupted); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if err := atomically(context.Background(), name, func(io.Writer) error { return io.ErrShortWrite }); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("failed: %v", err)
	}
	b, err := os.ReadFile(name)
	if err != nil || string(b) != "first" {
		t.Errorf("the file says %q, %v", b, err)
	}
	if _, err := os.Stat(name + ".part"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the part is left: %v", err)
	}
}
