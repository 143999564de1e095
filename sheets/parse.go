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
		sheet, err := root.sheet()
		if err != nil {
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

// ParseDescription reads a design file of the kind "sheet" as what it asks for, with
// the defaults of what it leaves out. Its blocks say what Parse no longer knows: which
// questions are whose title's. Its error lists every fault of form, as Parse does.
func ParseDescription(r io.Reader) (Description, error) {
	root, err := readTree(r)
	if err != nil {
		return Description{}, err
	}
	s, err := root.sheet()
	if err != nil {
		return Description{}, err
	}
	return s.withDefaults(), nil
}

// sheet is the description in a file of the kind "sheet".
func (n *node) sheet() (Description, error) {
	var f faults
	o := f.object(n)
	s := f.description(o.need("sheet"))
	o.done()
	return s, f.join()
}
