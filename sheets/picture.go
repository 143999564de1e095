package sheets

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Limits of a picture in a design: a logo of 20 mm at 600 dpi has 472 pixels a side.
const (
	maxPicture     = 256 << 10
	maxPictureSide = 2000
)

// The forms a picture may have: a data URI, so that the design file holds all that
// is printed and its digest covers it.
const (
	pngURI = "data:image/png;base64,"
	svgURI = "data:image/svg+xml;base64,"
)

// PictureData returns the bytes of the picture of a Decor, and whether they are SVG
// rather than PNG.
func PictureData(uri string) (data []byte, svg bool, err error) {
	body, png := strings.CutPrefix(uri, pngURI)
	if !png {
		if body, svg = strings.CutPrefix(uri, svgURI); !svg {
			return nil, false, fmt.Errorf("a picture begins with %q or %q", pngURI, svgURI)
		}
	}
	if len(body) > base64.StdEncoding.EncodedLen(maxPicture) {
		return nil, false, fmt.Errorf("the picture is larger than %d KB: make it smaller", maxPicture>>10)
	}
	data, err = base64.StdEncoding.DecodeString(body)
	if err != nil {
		return nil, false, fmt.Errorf("the picture's base64 is damaged: %w", err)
	}
	return data, svg, nil
}

// checkPicture looks at the head of a picture; it is decoded when it is printed.
func checkPicture(uri string) error {
	data, svg, err := PictureData(uri)
	if err != nil {
		return err
	}
	if svg {
		if !bytes.Contains(data, []byte("<svg")) {
			return errors.New("the picture says it is SVG and holds no <svg")
		}
		return nil
	}
	if len(data) < 24 || !bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")) || string(data[12:16]) != "IHDR" {
		return errors.New("the picture says it is PNG and is not")
	}
	w, h := binary.BigEndian.Uint32(data[16:]), binary.BigEndian.Uint32(data[20:])
	if w < 1 || h < 1 || w > maxPictureSide || h > maxPictureSide {
		return fmt.Errorf("the picture has %d by %d pixels: from 1 to %d each way are taken", w, h, maxPictureSide)
	}
	return nil
}
