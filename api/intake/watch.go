package intake

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Events of the system hurry looks and do nothing else: a share sends none, a queue
// overflows, a watch is lost with its folder. Whatever they miss is found by the next
// look. They are listened to on disks of this machine alone.
type watch struct {
	file *os.File
	came chan struct{} // something happened since the last look
}

// wanted is what may make a file ready: written to its end, moved in, or a new folder
// of a batch. What is still being written is of no interest.
const wanted = unix.IN_CLOSE_WRITE | unix.IN_MOVED_TO | unix.IN_CREATE | unix.IN_ONLYDIR

// remote lists the kinds of file systems that other machines write to without a word
// to this one.
var remote = map[int64]bool{
	unix.NFS_SUPER_MAGIC: true, unix.SMB_SUPER_MAGIC: true, unix.CIFS_SUPER_MAGIC: true, unix.SMB2_SUPER_MAGIC: true,
	unix.FUSE_SUPER_MAGIC: true, unix.V9FS_MAGIC: true, unix.AFS_SUPER_MAGIC: true, unix.CEPH_SUPER_MAGIC: true,
}

// ours says whether a folder lies on a disk of this machine.
func ours(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && !remote[int64(st.Type)]
}

// listen begins to listen to a station's drop folder, until ctx is done; nil when
// there is nothing to hear.
func (f *Folder) listen(ctx context.Context) *watch {
	if f.Deaf || f.Source != "" || !ours(f.dir(drop)) {
		return nil
	}
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return nil // the machine has no more of them: looks are enough
	}
	w := &watch{os.NewFile(uintptr(fd), "inotify"), make(chan struct{}, 1)}
	context.AfterFunc(ctx, func() { _ = w.file.Close() })
	go w.hear()
	return w
}

// hear notes that something came, until the watch is closed.
func (w *watch) hear() {
	buf := make([]byte, 64<<10) // a burst of events; which they are is the next look's affair
	for {
		if _, err := w.file.Read(buf); err != nil {
			return
		}
		select {
		case w.came <- struct{}{}:
		default:
		}
	}
}

// mostWatched bounds how many folders of batches are listened to: more is a strange
// tree, and its looks are enough.
const mostWatched = 256

// cover listens to the drop folder and what folders it has by now. Listening again
// changes nothing.
func (w *watch) cover(root string, dirs []string) {
	raw, err := w.file.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_, _ = unix.InotifyAddWatch(int(fd), root, wanted) // a folder that is gone is the look's affair
		for _, dir := range dirs[:min(len(dirs), mostWatched)] {
			_, _ = unix.InotifyAddWatch(int(fd), filepath.Join(root, dir), wanted)
		}
	})
}

// shortest is the least time between two looks, however much happens: a stack that is
// copied in sends thousands of events a second.
const shortest = 20 * time.Millisecond

// rest waits for the next look: for Poll, or less when something came, or when a file
// on a disk of this machine will have been still for long enough.
func (f *Folder) rest(ctx context.Context, w *watch) {
	if w == nil {
		pause(ctx, f.poll())
		return
	}
	w.cover(f.source(), f.folders())
	pause(ctx, min(shortest, f.poll()))
	t := time.NewTimer(max(0, f.due()-shortest))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-w.came:
	case <-t.C:
	}
}

// due is how long it takes until a file that is settling will have been still for long
// enough; Poll at most.
func (f *Folder) due() time.Duration {
	f.mu.Lock()
	var settling []sight
	for _, s := range f.seen {
		if s.next.IsZero() && s.Size > 0 {
			settling = append(settling, *s)
		}
	}
	f.mu.Unlock()
	d, now := f.poll(), f.now()
	for i := range settling {
		d = min(d, f.quiet(&settling[i])-now.Sub(settling[i].still))
	}
	return max(d, 0)
}

// folders are those that the last look saw below drop/.
func (f *Folder) folders() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dirs
}
