package page

import "io"

// A file is a scan as the structure checks see it: read in small pieces, and
// never beyond its size.
type file struct {
	r    io.ReaderAt
	size int64
	data []byte // if not nil, all of it, and r is not asked; nobody writes to it
}

// inMemory is a file whose bytes were all read.
func inMemory(data []byte) file { return file{size: int64(len(data)), data: data} }

// at returns the n bytes at off, or a torn Error if they are not all there. what
// names them for people.
func (f file) at(off, n int64, what string) ([]byte, error) {
	if off < 0 || n < 0 || off > f.size || n > f.size-off {
		return nil, torn("%s lies beyond the end of the file", what)
	}
	if f.data != nil {
		return f.data[off : off+n : off+n], nil
	}
	b := make([]byte, n)
	if k, err := f.r.ReadAt(b, off); int64(k) < n {
		return nil, err
	}
	return b, nil
}

// head returns the first n bytes, or all if there are fewer.
func (f file) head(n int64) ([]byte, error) {
	return f.at(0, min(n, f.size), "the head")
}

// tail returns the last n bytes, or all if there are fewer.
func (f file) tail(n int64) ([]byte, error) {
	n = min(n, f.size)
	return f.at(f.size-n, n, "the tail")
}
