package sheets

import (
	"errors"
	"io"
	"slices"
)

// Parse reads a design file, one of three kinds told apart by their top-level key:
// "sheet", a description in a few words, which Layout lays out; "design", every
// figure with its place in mm; "registration", a layout as ImportLayout reads it.
// Its error lists every fault found with its place, not the first; comments,
// unknown keys and keys that stand twice are faults.
func Parse(r io.Reader) (*Design, error) {
	root, err := readTree(r)
	if err != nil {
		return nil, err
	}
	var f faults
	var d *Design
	switch o := f.object(root); {
	case slices.Contains(root.keys, "sheet"):
		sheet := f.description(o.need("sheet"))
		o.done()
		if err := f.join(); err != nil {
			return nil, err
		}
		return Layout(sheet)
	case slices.Contains(root.keys, "design"):
		d = f.design(o.need("design"))
		o.done()
	case slices.Contains(root.keys, "registration"):
		d = f.layout(root)
	default:
		f.add(errors.New(`a design file has "sheet", "design" or "registration" at its top`))
	}
	if err := f.join(); err != nil {
		return nil, err
	}
	if err := d.Validate(); err != nil {
		return nil, err
	}
	return d, nil
}
