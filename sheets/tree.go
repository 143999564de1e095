package sheets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// Limits of a design file. The largest sheet we know has 1,101 bubbles and takes
// 150 kB; nothing we read nests deeper than nine.
const (
	maxFile  = 16 << 20
	maxDepth = 24
)

// A node is one value of a JSON file that remembers where it stood.
type node struct {
	path  string // "design.pages[0].fields[3].id"
	line  int
	value any      // string, json.Number, bool or nil of a plain value
	kind  byte     // '{', '[' or 'v'
	keys  []string // of an object, in the order of kids
	kids  []*node
}

// fault says what is wrong with n, and where in the file it stands.
func (n *node) fault(format string, args ...any) error {
	where := n.path
	if where == "" {
		where = "file"
	}
	return fmt.Errorf("%s (line %d): %s", where, n.line, fmt.Sprintf(format, args...))
}

// maxFaults are listed one by one: what a person can read, and a hostile file
// cannot grow.
const maxFaults = 500

// faults collects everything wrong with a file.
type faults struct {
	errs []error
	more int
}

func (f *faults) add(err error) {
	switch {
	case err == nil:
	case len(f.errs) < maxFaults:
		f.errs = append(f.errs, err)
	default:
		f.more++
	}
}

func (f *faults) join() error {
	if f.more > 0 {
		return errors.Join(append(f.errs, fmt.Errorf("and %d more faults", f.more))...)
	}
	return errors.Join(f.errs...)
}

// readTree reads one JSON value and nothing after it.
func readTree(r io.Reader) (*node, error) {
	src, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the design file: %w", err)
	}
	if len(src) > maxFile {
		return nil, fmt.Errorf("the design file is larger than %d MB", maxFile>>20)
	}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	if !json.Valid(src) {
		return nil, notJSON(src)
	}
	t := tree{src: src, dec: json.NewDecoder(bytes.NewReader(src)), line: 1}
	t.dec.UseNumber()
	return t.node("", 0)
}

// notJSON says where src stops being JSON.
func notJSON(src []byte) error {
	var v any
	err := json.Unmarshal(src, &v)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line := 1 + bytes.Count(src[:min(int(syntax.Offset), len(src))], []byte("\n"))
		return fmt.Errorf("line %d: not JSON: %w (comments are not allowed)", line, err)
	}
	return fmt.Errorf("not JSON: %w", err)
}

// A tree reads nodes one after the other, counting lines as it goes.
type tree struct {
	src  []byte
	dec  *json.Decoder
	off  int64
	line int
}

func (t *tree) token() (json.Token, error) {
	tok, err := t.dec.Token()
	now := t.dec.InputOffset()
	t.line += bytes.Count(t.src[t.off:now], []byte("\n"))
	t.off = now
	return tok, err
}

func (t *tree) node(path string, depth int) (*node, error) {
	tok, err := t.token()
	if err != nil {
		return nil, err
	}
	n := &node{path: path, line: t.line, kind: 'v', value: tok}
	delim, ok := tok.(json.Delim)
	if !ok {
		return n, nil
	}
	n.kind, n.value = byte(delim), nil
	if depth == maxDepth {
		return nil, n.fault("nested deeper than %d", maxDepth)
	}
	for t.dec.More() {
		at := path + "[" + strconv.Itoa(len(n.kids)) + "]"
		if n.kind == '{' {
			key, err := t.token()
			if err != nil {
				return nil, err
			}
			at = key.(string)
			n.keys = append(n.keys, at)
			if path != "" {
				at = path + "." + at
			}
		}
		kid, err := t.node(at, depth+1)
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, kid)
	}
	_, err = t.token() // the closing bracket
	return n, err
}

// An object is a node being read key by key; what is left over is unknown.
type object struct {
	*faults
	at   *node
	used []string
	ok   bool // the node is an object
}

// object begins to read n as an object; a nil or other node has no keys.
func (f *faults) object(n *node) *object {
	o := &object{faults: f, at: n, ok: n != nil && n.kind == '{'}
	if n != nil && !o.ok {
		f.add(n.fault("an object {…} is expected"))
	}
	return o
}

// get returns the node of key, or nil.
func (o *object) get(key string) *node {
	o.used = append(o.used, key)
	if !o.ok {
		return nil
	}
	if i := slices.Index(o.at.keys, key); i >= 0 {
		return o.at.kids[i]
	}
	return nil
}

// need is get for a key that must be there.
func (o *object) need(key string) *node {
	n := o.get(key)
	if n == nil && o.ok {
		o.add(o.at.fault("%q is missing", key))
	}
	return n
}

// done reports keys nobody asked for, and keys that stand twice.
func (o *object) done() {
	if !o.ok {
		return
	}
	for i, key := range o.at.keys {
		if slices.Index(o.at.keys, key) < i {
			o.add(o.at.kids[i].fault("the key %q stands here twice", key))
		}
		if !slices.Contains(o.used, key) {
			o.add(o.at.kids[i].fault("unknown key %q; known here: %q", key, o.used))
		}
	}
}

// list returns the elements of n, which must be a list if it is there.
func (f *faults) list(n *node) []*node {
	if n == nil {
		return nil
	}
	if n.kind != '[' {
		f.add(n.fault("a list […] is expected"))
		return nil
	}
	return n.kids
}

// text returns n as a string; "" if it is not there.
func (f *faults) text(n *node) string {
	if n == nil {
		return ""
	}
	s, ok := n.value.(string)
	if !ok {
		f.add(n.fault("a text in quotes is expected"))
	}
	return s
}

// flag returns n as a truth value; false if it is not there.
func (f *faults) flag(n *node) bool {
	if n == nil {
		return false
	}
	b, ok := n.value.(bool)
	if !ok {
		f.add(n.fault("true or false is expected"))
	}
	return b
}

// number returns n as a number; 0 if it is not there.
func (f *faults) number(n *node) float64 {
	if n == nil {
		return 0
	}
	s, ok := n.value.(json.Number)
	v, err := s.Float64()
	if !ok || err != nil || math.IsInf(v, 0) {
		f.add(n.fault("a number is expected"))
		return 0
	}
	return v
}

// whole returns n as a whole number from lo to hi, or missing if it is not there.
func (f *faults) whole(n *node, lo, hi, missing int) int {
	if n == nil {
		return missing
	}
	v := f.number(n)
	if v != math.Trunc(v) || v < float64(lo) || v > float64(hi) {
		f.add(n.fault("a whole number from %d to %d is expected, not %v", lo, hi, v))
		return missing
	}
	return int(v)
}

// numbers returns n as exactly count numbers, or nil.
func (f *faults) numbers(n *node, count int) []float64 {
	kids := f.list(n)
	if n == nil || n.kind != '[' {
		return nil
	}
	if len(kids) != count {
		f.add(n.fault("%d numbers are expected, not %d", count, len(kids)))
		return nil
	}
	vs := make([]float64, count)
	for i, k := range kids {
		vs[i] = f.number(k)
	}
	return vs
}

// code returns the value whose stable name n is; the zero value if it is not there.
func code[T ~uint8](f *faults, n *node, names []string) T {
	s := f.text(n)
	if i := slices.Index(names, s); i >= 0 {
		return T(i)
	}
	if n != nil {
		f.add(n.fault("one of %q is expected, not %q", names, s))
	}
	return 0
}
