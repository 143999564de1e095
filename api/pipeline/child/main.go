package child

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"os"
	"os/signal"
	"runtime"

	"golang.org/x/sys/unix"

	"bargkhan/omr"
	"bargkhan/omr/overlay"
	"bargkhan/omr/page"
	"bargkhan/sheets"
)

// Main is the life of a child: it answers requests until in ends. The program
// that Pool starts calls it with its standard input and output, and nothing else.
// Signals of the terminal are left to the parent: its end is the child's.
func Main(ctx context.Context, in io.Reader, out io.Writer) error {
	// One page is read at a time, in C mostly. Without a free place beside it Go's monitor
	// takes the reader's own whenever it is in C for long, a tenth of its time.
	runtime.GOMAXPROCS(2)
	return answers(ctx, in, out, func(ctx context.Context, p page.Page, design finder) (*omr.Reading, error) {
		r := omr.Reader{Design: design}
		return r.Read(ctx, p)
	})
}

// A finder finds the design a stamp was printed from.
type finder func(sheets.Stamp) (*sheets.Design, error)

// An eye reads a page.
type eye func(ctx context.Context, p page.Page, design finder) (*omr.Reading, error)

// answers is Main with any eye.
func answers(ctx context.Context, in io.Reader, out io.Writer, look eye) error {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	out, err := apart(out)
	if err != nil {
		return err
	}
	w := &worker{look: look, in: bufio.NewReader(in), out: bufio.NewWriter(out), designs: map[sheets.Check]*sheets.Design{}}
	if err := send(w.out, answer{Is: "ready"}); err != nil {
		return err
	}
	for {
		var q request
		if err := receive(w.in, &q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read-child: the request: %w", err)
		}
		if err := w.serve(ctx, q); err != nil {
			return fmt.Errorf("read-child: %s: %w", q.Path, err)
		}
	}
}

// apart keeps standard output for answers alone: what a library prints goes to
// standard error from now on.
func apart(out io.Writer) (io.Writer, error) {
	if out != os.Stdout {
		return out, nil
	}
	fd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "answers"), unix.Dup2(2, 1)
}

// A worker answers one request after another.
type worker struct {
	look    eye
	in      *bufio.Reader
	out     *bufio.Writer
	designs map[sheets.Check]*sheets.Design // that were offered
}

// errWorld marks what is no fault of the page: it must be tried again.
var errWorld = errors.New("not the page's fault")

// serve answers q. Only a broken wire is an error.
func (w *worker) serve(ctx context.Context, q request) error {
	file, err := os.Open(q.Path)
	if err != nil {
		return send(w.out, answer{Is: "failed", Fault: err.Error()})
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return send(w.out, answer{Is: "failed", Fault: err.Error()})
	}
	if q.Do == "picture" {
		return send(w.out, picture(ctx, file, info.Size(), q))
	}
	return w.read(ctx, file, info.Size(), q.Limits)
}

// read answers each page of a file, and then that it has ended. An error of the
// whole file stands for the first page that it leaves unread.
func (w *worker) read(ctx context.Context, file *os.File, size int64, lim page.Limits) error {
	last := max(lim.From, 1) - 1
	lim.Reduce = omr.SearchSide
	for p, err := range page.Decode(ctx, file, size, lim) {
		if p.Number == 0 {
			p.Number = last + 1
		}
		last = p.Number
		a, err := w.page(ctx, p, err)
		p.Free()
		if err != nil {
			return send(w.out, answer{Is: "failed", Fault: err.Error()})
		}
		if err := send(w.out, a); err != nil {
			return err
		}
	}
	return send(w.out, answer{Is: "end", Image: last})
}

// page reads one page, or says why it was not decoded.
func (w *worker) page(ctx context.Context, p page.Page, decoding error) (answer, error) {
	a := answer{Is: "page", Image: p.Number}
	if decoding != nil {
		a.Reject = &omr.Reject{Reason: omr.Undecoded, Detail: decoding.Error()}
		return a, world(decoding)
	}
	var err error
	a.Reading, err = w.look(ctx, p, w.design)
	if errors.As(err, &a.Reject) {
		a.Reading, a.Reject, err = nil, separator(p, a.Reject), nil
	}
	return a, err
}

// separator looks whether a page that is no answer sheet is the header or the end
// sheet of a stack.
func separator(p page.Page, why *omr.Reject) *omr.Reject {
	switch why.Reason {
	case omr.NoAnchors, omr.Cropped, omr.LowContrast, omr.Blurred, omr.Soiled:
	default:
		return why
	}
	s, ok := omr.Header(p)
	if !ok {
		return why
	}
	return &omr.Reject{Reason: omr.Separator, Detail: s.Text(), Stack: &s}
}

// world returns err if it is not the file's fault.
func world(err error) error {
	var e *page.Error
	if errors.As(err, &e) {
		return nil
	}
	return fmt.Errorf("%w: %w", errWorld, err)
}

// design asks the parent for the revision a stamp was printed from, once.
func (w *worker) design(s sheets.Stamp) (*sheets.Design, error) {
	if d := w.designs[s.Check]; d != nil {
		return d, nil
	}
	if err := send(w.out, answer{Is: "need", Check: s.Check}); err != nil {
		return nil, err
	}
	var o offer
	if err := receive(w.in, &o); err != nil {
		return nil, err
	}
	if o.Fault != "" {
		return nil, fmt.Errorf("%w: design %s: %s", errWorld, s.Check, o.Fault)
	}
	if o.Design != nil {
		w.designs[s.Check] = o.Design
	}
	return o.Design, nil
}

// picture cuts the picture that q asks for.
func picture(ctx context.Context, file *os.File, size int64, q request) answer {
	for p, err := range page.Decode(ctx, file, size, q.Limits) {
		if err != nil {
			return answer{Is: "failed", Fault: err.Error(), Missing: world(err) == nil}
		}
		if p.Number == max(q.Limits.From, 1) {
			body, err := render(p.Img, q)
			if err != nil {
				return answer{Is: "failed", Fault: err.Error()}
			}
			return answer{Is: "picture", Image: p.Number, JPEG: body}
		}
	}
	return answer{Is: "failed", Fault: fmt.Sprintf("there is no page %d", q.Limits.From), Missing: true}
}

// quality of pictures for people: pencil stays visible, a crop is 10 KB.
const quality = 82

// render cuts a page that was read, and only scales one that was not.
func render(img *image.Gray, q request) ([]byte, error) {
	var out image.Image
	if q.Pose != nil {
		out = overlay.Crop(img, q.Pose, q.Box, q.Width)
	} else {
		out = overlay.Page(img, q.Width)
	}
	var body bytes.Buffer
	err := jpeg.Encode(&body, out, &jpeg.Options{Quality: quality})
	return body.Bytes(), err
}
