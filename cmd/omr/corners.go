package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"bargkhan/sheets/geom"
)

// corners are where a person says that the paper lies, by the names of files, or by
// their last elements.
type corners map[string]*geom.Quad[geom.Pixel]

// of is what was said of a file; nil if nothing was.
func (c corners) of(name string) *geom.Quad[geom.Pixel] {
	if q := c[name]; q != nil {
		return q
	}
	return c[filepath.Base(name)]
}

// loadCorners reads what --corners says: eight numbers for the only file, or the name of
// a JSON file {"scan.jpg": [[x, y], [x, y], [x, y], [x, y]]}. A name in it that is none of
// the files is an error: it would be a slip that nobody sees.
func loadCorners(arg string, files []string) (corners, error) {
	if arg == "" {
		return nil, nil
	}
	if q, ok := eight(arg); ok {
		if len(files) != 1 {
			return nil, fmt.Errorf("--corners with numbers is for one file, and there are %d: name a JSON file of corners by file", len(files))
		}
		return corners{files[0]: q}, nil
	}
	b, err := os.ReadFile(arg)
	if err != nil {
		return nil, fmt.Errorf("--corners %q is neither eight numbers x,y,x,y,x,y,x,y nor a file: %w", arg, err)
	}
	var said map[string][][2]float64
	if err := json.Unmarshal(b, &said); err != nil {
		return nil, fmt.Errorf("%s: %w; expected is {\"scan.jpg\": [[x, y], [x, y], [x, y], [x, y]]}", arg, err)
	}
	known := map[string]bool{}
	for _, f := range files {
		known[f], known[filepath.Base(f)] = true, true
	}
	out := corners{}
	for name, ps := range said {
		if len(ps) != 4 || !known[name] {
			return nil, fmt.Errorf("%s: %q must name one of the files, and have four corners, not %d", arg, name, len(ps))
		}
		var q geom.Quad[geom.Pixel]
		for i, p := range ps {
			q[i] = geom.Point[geom.Pixel]{X: p[0], Y: p[1]}
		}
		out[name] = &q
	}
	return out, nil
}

// eight reads eight numbers parted by commas.
func eight(text string) (*geom.Quad[geom.Pixel], bool) {
	words := strings.Split(text, ",")
	if len(words) != 8 {
		return nil, false
	}
	var q geom.Quad[geom.Pixel]
	for i := range q {
		x, err1 := strconv.ParseFloat(strings.TrimSpace(words[2*i]), 64)
		y, err2 := strconv.ParseFloat(strings.TrimSpace(words[2*i+1]), 64)
		if err1 != nil || err2 != nil {
			return nil, false
		}
		q[i] = geom.Point[geom.Pixel]{X: x, Y: y}
	}
	return &q, true
}
