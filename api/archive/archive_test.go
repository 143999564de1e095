package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bargkhan/api/fault"
)

// file writes a file and returns its path and sum.
func file(t *testing.T, body []byte) (string, [32]byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, sha256.Sum256(body)
}

// names lists the files of an archive.
func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestFolder holds a folder to what every archive must do.
func TestFolder(t *testing.T) {
	conform(t, func(t *testing.T) (backend, func() int) {
		f := &Folder{Dir: filepath.Join(t.TempDir(), "archive"), Reserve: 1}
		if err := os.Mkdir(f.Dir, 0o700); err != nil {
			t.Fatal(err)
		}
		return f, func() int { return len(names(t, f.Dir)) }
	})
}

func TestPutRefuses(t *testing.T) {
	path, sum := file(t, []byte("a scan"))
	other := sha256.Sum256([]byte("another"))
	stopped, stop := context.WithCancel(context.Background())
	stop()
	for _, c := range []struct {
		name string
		ctx  context.Context
		f    *Folder
		sum  [32]byte
		want error
	}{
		{"other bytes than the sum", context.Background(), &Folder{Dir: t.TempDir(), Reserve: 1}, other, fault.Conflict},
		{"S-34 disk nearly full", context.Background(), &Folder{Dir: t.TempDir(), Reserve: 1 << 62}, sum, fault.Transient},
		{"a file where the archive should be", context.Background(), &Folder{Dir: path, Reserve: 1}, sum, fault.Transient},
		{"stopped", stopped, &Folder{Dir: t.TempDir(), Reserve: 1}, sum, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.f.Put(c.ctx, c.sum, path); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if c.f.Dir == path {
				return
			}
			if got := names(t, c.f.Dir); len(got) != 0 {
				t.Errorf("the archive holds %q, want nothing", got)
			}
		})
	}
}

// TestPutTidies leaves what a power cut leaves: the next try with the same bytes
// takes it away, and what is older than any transfer goes with it.
func TestPutTidies(t *testing.T) {
	f := &Folder{Dir: t.TempDir(), Reserve: 1}
	path, sum := file(t, []byte("a scan"))
	left := func(name string, age time.Duration) string {
		t.Helper()
		path := filepath.Join(f.Dir, putting, name)
		at := time.Now().Add(-age)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o770), os.WriteFile(path, []byte("a sc"), 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
		return name
	}
	kept := hex.EncodeToString(sum[:])
	left(kept+".1", 0)
	left("ab.old", 2*abandoned)
	other := left("ab.new", abandoned/2) // another process writes it just now
	for range 2 {                        // the second finds the scan there
		if err := f.Put(t.Context(), sum, path); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{other, kept}, names(t, f.Dir)); diff != "" {
			t.Error(diff)
		}
		left(kept+".2", 0)
	}
}
