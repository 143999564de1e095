package page

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// wholePDF follows the end of f: %%EOF, the number before it, and the table or
// stream of references that it points to. A copier that appends page by page
// leaves a whole file after every page; only time tells that it goes on.
func wholePDF(f file) error {
	tail, err := f.tail(2048) // readers look for the end in the last kilobyte; some mailers append
	if err != nil {
		return err
	}
	end := bytes.LastIndex(tail, []byte("%%EOF"))
	if end < 0 {
		return torn("no end of file mark")
	}
	_, number, ok := cutLast(tail[:end], []byte("startxref"))
	if !ok {
		return torn("no startxref before the end")
	}
	at, err := strconv.ParseInt(string(bytes.TrimSpace(number)), 10, 64)
	if err != nil {
		return torn("startxref gives no number")
	}
	head, err := f.at(at, min(32, max(0, f.size-at)), "the table of references")
	if err != nil {
		return err
	}
	head = bytes.TrimLeft(head, "\x00\t\n\f\r ")
	digits := bytes.TrimLeft(head, "0123456789")
	if bytes.HasPrefix(head, []byte("xref")) ||
		len(digits) < len(head) && bytes.Contains(digits, []byte(" obj")) {
		return nil
	}
	return torn("no table of references where startxref points")
}

// cutLast is bytes.Cut at the last sep.
func cutLast(s, sep []byte) (before, after []byte, found bool) {
	i := bytes.LastIndex(s, sep)
	if i < 0 {
		return s, nil, false
	}
	return s[:i], s[i+len(sep):], true
}

// A pdfFile is an open PDF.
type pdfFile struct {
	*model.XRefTable
	lim Limits
}

// openPDF reads the objects of data. pdfcpu mends a file whose table of
// references is broken by what it finds in it, so a torn one is refused before.
func openPDF(data []byte, lim Limits) (pdfFile, error) {
	if err := wholePDF(inMemory(data)); err != nil {
		return pdfFile{}, err
	}
	limits := model.DefaultResourceLimits()
	limits.MaxStreamBytes = int64(len(data))
	limits.MaxDecodeBytes = 2*int64(lim.Pixels) + 1<<20
	// A table of references of twenty bytes an entry cannot hold more objects, and
	// a compressed one not a thousand times as many.
	limits.MaxObjectCount = min(limits.MaxObjectCount, 50*len(data)+1000)
	limits.MaxXRefEntries = limits.MaxObjectCount
	// Made by hand: pdfcpu's own constructor writes to the user's home.
	ctx, err := api.ReadContext(bytes.NewReader(data), &model.Configuration{
		Reader15: true, ValidationMode: model.ValidationRelaxed, Offline: true, Limits: limits, Eol: types.EolLF,
	})
	switch {
	case errors.Is(err, pdfcpu.ErrWrongPassword), errors.Is(err, pdfcpu.ErrEncrypted),
		errors.Is(err, pdfcpu.ErrOwnerPasswordRequired):
		return pdfFile{}, &Error{Code: Encrypted}
	case err != nil:
		return pdfFile{}, torn("%v", err)
	}
	return pdfFile{ctx.XRefTable, lim}, nil
}

func decodePDF(ctx context.Context, data []byte, lim Limits, yield func(Page, error) bool) bool {
	var f pdfFile
	var pages []pdfPage
	err := guard(func() (err error) {
		if f, err = openPDF(data, lim); err != nil {
			return err
		}
		pages, err = f.pages()
		return err
	})
	if err != nil {
		return yield(Page{}, err)
	}
	for i, pg := range pages {
		if err := ctx.Err(); err != nil {
			return yield(Page{}, err)
		}
		if i+1 < lim.From {
			continue
		}
		var p Page
		err := guard(func() (err error) {
			p, err = f.page(pg)
			return err
		})
		if err != nil {
			p, err = Page{}, onPage(err, i+1)
		}
		if p.Number = i + 1; !yield(p, err) {
			return false
		}
	}
	return true
}

// guard calls f. pdfcpu panics on some damaged files; that is one more way of
// being torn.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = torn("%v", r)
		}
	}()
	return f()
}

// A pdfPage is a leaf of the tree of pages, with what it inherits.
type pdfPage struct {
	dict      types.Dict
	resources types.Object
	rotate    types.Object
}

// pages walks the tree of pages. Its /Count entries are not believed: a count too
// low would lose pages without a word.
func (f pdfFile) pages() ([]pdfPage, error) {
	root, err := f.Catalog()
	if err != nil {
		return nil, torn("%v", err)
	}
	top, _ := root.Find("Pages")
	w := pageWalk{pdfFile: f, seen: make(map[int]bool)}
	if err := w.node(top, pdfPage{}); err != nil {
		return nil, err
	}
	if len(w.found) == 0 {
		return nil, torn("no page in it")
	}
	return w.found, nil
}

// A pageWalk collects the leaves of the tree of pages.
type pageWalk struct {
	pdfFile
	seen  map[int]bool // objects: a node that comes twice makes it no tree
	found []pdfPage
}

// node collects what is at o, which inherits from.
func (w *pageWalk) node(o types.Object, from pdfPage) error {
	if ref, ok := o.(types.IndirectRef); ok {
		n := ref.ObjectNumber.Value()
		if w.seen[n] {
			return torn("the tree of pages is not a tree")
		}
		w.seen[n] = true
	}
	d, err := w.DereferenceDict(o)
	if err != nil || d == nil {
		return torn("a page is missing")
	}
	from.dict = d
	if r, ok := d.Find("Resources"); ok {
		from.resources = r
	}
	if r, ok := d.Find("Rotate"); ok {
		from.rotate = r
	}
	kids, ok := d.Find("Kids")
	if !ok {
		if w.found = append(w.found, from); len(w.found) > w.lim.Pages {
			return &Error{Code: TooManyPages, Detail: fmt.Sprintf("at most %d", w.lim.Pages)}
		}
		return nil
	}
	list, err := w.DereferenceArray(kids)
	if err != nil {
		return torn("%v", err)
	}
	for _, kid := range list {
		if err := w.node(kid, from); err != nil {
			return err
		}
	}
	return nil
}

// dict returns the dictionary that o is or refers to; nil if it is none.
func (f pdfFile) dict(o types.Object) types.Dict {
	o, err := f.Dereference(o)
	if err != nil {
		return nil
	}
	switch o := o.(type) {
	case types.Dict:
		return o
	case types.StreamDict:
		return o.Dict
	}
	return nil
}

// get returns the entry of d, with references followed; nil if there is none.
func (f pdfFile) get(d types.Dict, keys ...string) types.Object {
	for _, key := range keys {
		if o, ok := d.Find(key); ok {
			if o, err := f.Dereference(o); err == nil {
				return o
			}
		}
	}
	return nil
}

// number returns the number that o is, or def.
func (f pdfFile) number(o types.Object, def float64) float64 {
	if o, err := f.Dereference(o); err == nil {
		switch v := o.(type) {
		case types.Integer:
			return float64(v)
		case types.Float:
			return float64(v)
		}
	}
	return def
}

// whole returns the whole number that o is, or def.
func (f pdfFile) whole(o types.Object, def int) int {
	if v := f.number(o, float64(def)); v >= -1<<31 && v < 1<<31 {
		return int(v)
	}
	return def
}

// name returns the name that o is, or "".
func (f pdfFile) name(o types.Object) string {
	if o, err := f.Dereference(o); err == nil {
		if n, ok := o.(types.Name); ok {
			return string(n)
		}
	}
	return ""
}

// list returns the items of the array that o is; one that is none is its only item.
func (f pdfFile) list(o types.Object) []types.Object {
	o, err := f.Dereference(o)
	if err != nil || o == nil {
		return nil
	}
	if a, ok := o.(types.Array); ok {
		return a
	}
	return []types.Object{o}
}
