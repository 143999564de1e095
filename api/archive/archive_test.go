package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

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

func TestPutAndOpen(t *testing.T) {
	ctx := context.Background()
	f := &Folder{Dir: filepath.Join(t.TempDir(), "archive"), Reserve: 1}
	body := bytes.Repeat([]byte("برگه"), 100_000)
	path, sum := file(t, body)
	for range 2 { // keeping again changes nothing
		if err := f.Put(ctx, sum, path); err != nil {
			t.Fatal(err)
		}
	}
	r, err := f.Open(ctx, sum)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, body) {
		t.Errorf("got %d bytes, %v, want %d", len(got), err, len(body))
	}
	kept, release, err := f.Path(ctx, sum)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if got, err := os.ReadFile(kept); err != nil || !bytes.Equal(got, body) {
		t.Errorf("at %s: %d bytes, %v", kept, len(got), err)
	}
	if got := names(t, f.Dir); len(got) != 1 {
		t.Errorf("the archive holds %q, want one file", got)
	}
}

func TestPutAtOnceByMany(t *testing.T) {
	f := &Folder{Dir: t.TempDir(), Reserve: 1}
	path, sum := file(t, bytes.Repeat([]byte("x"), 1<<20))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := f.Put(context.Background(), sum, path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := names(t, f.Dir); len(got) != 1 {
		t.Errorf("the archive holds %q, want one file", got)
	}
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

func TestMissing(t *testing.T) {
	f := &Folder{Dir: t.TempDir()}
	if _, err := f.Open(context.Background(), [32]byte{1}); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v, want not-found", err)
	}
	if _, _, err := f.Path(context.Background(), [32]byte{1}); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v, want not-found", err)
	}
}
