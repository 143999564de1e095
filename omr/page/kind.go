package page

import "bytes"

// A kind is what a file is by its own bytes. Its name says nothing: scanners
// write TIFFs called .jpg, and people rename.
type kind uint8

const (
	kindUnknown kind = iota
	kindJPEG
	kindPNG
	kindTIFF
	kindPDF
	kindBMP
)

// headBytes is how much of a file sniff wants: a PDF's header may stand anywhere
// in the first kilobyte (ISO 32000-1, annex H, note 13).
const headBytes = 1024

// sniff tells the kind from the head of a file.
func sniff(head []byte) kind {
	head = head[:min(len(head), headBytes)]
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xD8, 0xFF}):
		return kindJPEG
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return kindPNG
	case bytes.HasPrefix(head, []byte("II*\x00")), bytes.HasPrefix(head, []byte("MM\x00*")),
		bytes.HasPrefix(head, []byte("II+\x00")), bytes.HasPrefix(head, []byte("MM\x00+")):
		return kindTIFF
	case bytes.Contains(head, []byte("%PDF-")):
		return kindPDF
	case bytes.HasPrefix(head, []byte("BM")) && len(head) >= 30:
		return kindBMP
	}
	return kindUnknown
}
