package child

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"bargkhan/omr"
	"bargkhan/omr/page"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// The wire between the service and a child: frames of a four-byte big-endian
// length and that much JSON. The service sends a request, and an offer for each
// need; the child answers until it has said end, picture or failed.

// maxFrame bounds a frame: a design of a thousand bubbles is 200 KB, a reading of
// it 150 KB, a picture of a whole page at full width a few MB.
const maxFrame = 64 << 20

// A request asks for the pages of a file, or for a picture of one of them.
type request struct {
	Do     string                `json:"do"` // "read" or "picture"
	Path   string                `json:"path"`
	Limits page.Limits           `json:"limits"` // From: the first page asked for
	Pose   *omr.Pose             `json:"pose,omitempty"`
	Box    geom.Rect[geom.Paper] `json:"box"`
	Width  int                   `json:"width,omitempty"`
}

// An offer is the answer to a need.
type offer struct {
	Design *sheets.Design `json:"design,omitempty"` // nil: there is none
	Fault  string         `json:"fault,omitempty"`  // it could not be looked up
}

// An answer is what a child says.
type answer struct {
	Is      string       `json:"is"` // "ready", "page", "need", "end", "picture", "failed"
	Image   int          `json:"image,omitempty"`
	Reading *omr.Reading `json:"reading,omitempty"`
	Reject  *omr.Reject  `json:"reject,omitempty"`
	Check   sheets.Check `json:"check"`
	JPEG    []byte       `json:"jpeg,omitempty"`
	Fault   string       `json:"fault,omitempty"`
	Missing bool         `json:"missing,omitempty"` // of failed: there is no such page
}

// send writes one frame.
func send(w *bufio.Writer, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(body) > maxFrame {
		return fmt.Errorf("a frame of %d bytes: at most %d", len(body), maxFrame)
	}
	var head [4]byte
	binary.BigEndian.PutUint32(head[:], uint32(len(body)))
	_, _ = w.Write(head[:]) // Flush tells of any error before it
	_, _ = w.Write(body)
	return w.Flush()
}

// receive reads one frame. io.EOF means that the other side has ended between two.
func receive(r *bufio.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return fmt.Errorf("a frame of %d bytes: at most %d", n, maxFrame)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return io.ErrUnexpectedEOF
	}
	return json.Unmarshal(body, v)
}
