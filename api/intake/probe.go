package intake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// probeName is hidden, and passed over like every hidden name.
const probeName = ".probe"

// probe writes a file into the folder, sees it there and removes it: a mount that shows
// nothing, or lets nothing be moved, is told at the start and not by a stack that never
// comes. It is done once, before the first look that works; a share that may only be
// read is not written to. A full disk hides nothing, and is an obstacle of its own.
func (f *Folder) probe() error {
	if f.probed || f.Source != "" {
		return nil
	}
	path := filepath.Join(f.source(), probeName)
	err := os.WriteFile(path, nil, 0o600)
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("nothing can be written here, so nothing could be taken: %w", err)
	}
	listed, err := os.ReadDir(f.source())
	seen := slices.ContainsFunc(listed, func(e os.DirEntry) bool { return e.Name() == probeName })
	if err := errors.Join(err, os.Remove(path)); err != nil {
		return fmt.Errorf("the file that this folder is tried with: %w", err)
	}
	if !seen {
		return errors.New("a file that was written here is not shown: the share or its mount is at fault")
	}
	f.probed = true
	return nil
}
