package page

import (
	"errors"
	"io"
)

// Whole reports whether a file is complete in itself: its end is there, and all
// that it points to lies inside it. It looks at structure and decodes nothing.
// A file of no known kind is not whole; why says what is missing.
func Whole(r io.ReaderAt, size int64) (whole bool, why string) {
	f := file{r: r, size: size}
	err := wholeFile(f)
	var e *Error
	switch {
	case err == nil:
		return true, ""
	case errors.As(err, &e) && e.Code == Torn:
		return false, e.Detail // it may only be on its way
	}
	return false, err.Error()
}

func wholeFile(f file) error {
	if f.size <= 0 {
		return &Error{Code: Empty}
	}
	head, err := f.head(headBytes)
	if err != nil {
		return err
	}
	switch sniff(head) {
	case kindJPEG:
		_, err = walkJPEG(f)
	case kindPNG:
		_, err = walkPNG(f)
	case kindTIFF:
		err = wholeTIFF(f)
	case kindPDF:
		err = wholePDF(f)
	case kindBMP:
		err = wholeBMP(f)
	default:
		err = &Error{Code: UnknownKind}
	}
	return err
}

// wholeTIFF checks every page, up to more pages than any scanner's feeder holds.
func wholeTIFF(f file) error {
	const most = 10_000
	t, ds, err := tiffDirectories(f, most)
	if err != nil {
		return err
	}
	for i, d := range ds {
		if err := t.inside(d); err != nil {
			return onPage(err, i+1)
		}
	}
	return nil
}
