package omr_test

import (
	"context"
	"image"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"bargkhan/omr"
	"bargkhan/omr/page"
	"bargkhan/sheets"
)

// mostTime is the processor's time that no page may take: two seconds, and as much again
// on machines slower than that of the promise, or busy with other tests.
const mostTime = 2 * 2 * time.Second

// threadTime is the processor's time of this thread: the clock tells more of what else
// a machine does.
func threadTime(t *testing.T) time.Duration {
	t.Helper()
	const thread = 3 // CLOCK_THREAD_CPUTIME_ID of Linux
	var at syscall.Timespec
	if _, _, no := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, thread, uintptr(unsafe.Pointer(&at)), 0); no != 0 {
		t.Fatal(no)
	}
	return time.Duration(at.Nano())
}

// TestHostile shows the reader pictures that were made to keep it busy.
func TestHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("large pictures take seconds to make")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	fill := func(w, h int, f func(x, y int) uint8) *image.Gray {
		img := image.NewGray(image.Rect(0, 0, w, h))
		for y := range h {
			row := img.Pix[y*img.Stride:][:w]
			for x := range row {
				row[x] = f(x, y)
			}
		}
		return img
	}
	rng := rand.New(rand.NewPCG(3, 3))
	board := func(n int) func(x, y int) uint8 {
		return func(x, y int) uint8 { return uint8(240 * ((x/n + y/n) & 1)) }
	}
	for name, img := range map[string]*image.Gray{
		"noise":        fill(1654, 2339, func(int, int) uint8 { return uint8(rng.IntN(256)) }),
		"specks":       fill(1654, 2339, func(int, int) uint8 { return uint8(240 * min(rng.IntN(3), 1)) }),
		"stripes":      fill(1654, 2339, func(_, y int) uint8 { return uint8(240 * (y / 4 & 1)) }),
		"bars":         fill(1654, 2339, func(x, _ int) uint8 { return uint8(240 * (x / 4 & 1)) }),
		"fine board":   fill(1654, 2339, board(2)),
		"board":        fill(1654, 2339, board(16)),
		"coarse board": fill(1654, 2339, board(48)),
		"boxes":        fill(1654, 2339, func(x, y int) uint8 { return uint8(240 * min(x%40/28+y%40/28, 1)) }),
		"huge":         fill(7000, 8400, board(90)),
		"long":         fill(20000, 420, board(20)),
	} {
		for _, d := range []*sheets.Design{national(t, true), foreign(), other(len(anchorKinds)-1, 0)} {
			start := threadTime(t)
			got, err := (&omr.Reader{Expect: d}).Read(context.Background(), page.Page{Number: 1, DPI: 200, Img: img, Bits: 8})
			took := threadTime(t) - start
			t.Logf("%s, %s: %v, %v", name, d.ID, took.Round(time.Millisecond), err)
			if err == nil {
				t.Errorf("%s, %s: read as sheet %v", name, d.ID, got.Stamp)
			}
			if took > mostTime {
				t.Errorf("%s, %s: took %v", name, d.ID, took)
			}
		}
	}
}
