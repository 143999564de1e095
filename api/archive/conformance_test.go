package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"sync"
	"testing"

	"bargkhan/api/fault"
)

// A backend is what every archive must do.
type backend interface {
	Put(ctx context.Context, sum [32]byte, path string) error
	Open(ctx context.Context, sum [32]byte) (io.ReadSeekCloser, error)
	Path(ctx context.Context, sum [32]byte) (path string, release func(), err error)
}

// conform holds a backend to what its users rely on. open makes an empty one;
// count says how many things lie in it, half-written ones included.
func conform(t *testing.T, open func(t *testing.T) (b backend, count func() int)) {
	big := bytes.Repeat([]byte("برگه"), 700_000) // 5.6 MB: more than one part, if a backend has parts
	for name, body := range map[string][]byte{"small": []byte("a scan"), "empty": {}, "big": big} {
		t.Run(name, func(t *testing.T) {
			b, count := open(t)
			path, sum := file(t, body)
			for range 2 { // keeping again changes nothing
				if err := b.Put(t.Context(), sum, path); err != nil {
					t.Fatal(err)
				}
			}
			checkKept(t, b, sum, body)
			if n := count(); n != 1 {
				t.Errorf("the archive holds %d things, want one", n)
			}
		})
	}
	t.Run("many at once", func(t *testing.T) {
		b, count := open(t)
		path, sum := file(t, bytes.Repeat([]byte("x"), 1<<20))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := b.Put(t.Context(), sum, path); err != nil {
					t.Error(err)
				}
				p, release, err := b.Path(t.Context(), sum)
				if err != nil {
					t.Error(err)
					return
				}
				defer release()
				if got, err := os.ReadFile(p); err != nil || sha256.Sum256(got) != sum {
					t.Errorf("at %s: %d bytes, %v", p, len(got), err)
				}
			})
		}
		wg.Wait()
		if n := count(); n != 1 {
			t.Errorf("the archive holds %d things, want one", n)
		}
	})
	t.Run("other bytes than the sum", func(t *testing.T) {
		b, count := open(t)
		path, _ := file(t, []byte("a scan"))
		other := sha256.Sum256([]byte("another"))
		if err := b.Put(t.Context(), other, path); !errors.Is(err, fault.Conflict) {
			t.Errorf("got %v, want a conflict", err)
		}
		checkAbsent(t, b, other)
		if n := count(); n != 0 {
			t.Errorf("the archive holds %d things, want none", n)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		b, count := open(t)
		path, sum := file(t, big)
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if err := b.Put(stopped, sum, path); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want canceled", err)
		}
		checkAbsent(t, b, sum)
		if n := count(); n != 0 {
			t.Errorf("the archive holds %d things, want none", n)
		}
	})
	t.Run("missing", func(t *testing.T) {
		b, _ := open(t)
		checkAbsent(t, b, [32]byte{1})
	})
	t.Run("no file", func(t *testing.T) {
		b, _ := open(t)
		if err := b.Put(t.Context(), [32]byte{1}, "/nothing/here"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v, want that there is no file", err)
		}
	})
}

// checkKept reads a scan in both ways, and from its middle.
func checkKept(t *testing.T, b backend, sum [32]byte, body []byte) {
	t.Helper()
	r, err := b.Open(t.Context(), sum)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, body) {
		t.Errorf("got %d bytes, %v, want %d", len(got), err, len(body))
	}
	half := int64(len(body) / 2)
	if _, err := r.Seek(half, io.SeekStart); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, body[half:]) {
		t.Errorf("from the middle: got %d bytes, %v, want %d", len(got), err, len(body[half:]))
	}
	for range 2 {
		path, release, err := b.Path(t.Context(), sum)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, body) {
			t.Errorf("at %s: %d bytes, %v", path, len(got), err)
		}
		release()
	}
}

// checkAbsent checks that nothing is known of a scan.
func checkAbsent(t *testing.T, b backend, sum [32]byte) {
	t.Helper()
	if r, err := b.Open(t.Context(), sum); !errors.Is(err, fault.NotFound) {
		t.Errorf("Open: got %v, %v, want not-found", r, err)
	}
	if path, _, err := b.Path(t.Context(), sum); !errors.Is(err, fault.NotFound) {
		t.Errorf("Path: got %q, %v, want not-found", path, err)
	}
}
