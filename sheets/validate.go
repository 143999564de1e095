package sheets

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"bargkhan/sheets/geom"
)

// OutlineWidth is the printed line around a bubble of ours, in mm; its outer edge
// is the bubble's Box. A third of a millimetre is still two dots of a 150 dpi
// scan, and leaves more than half of the box as inside.
const OutlineWidth = 0.3

// What a design must keep to be read, in mm.
const (
	maxPages   = 15   // what a stamp can number
	maxBubbles = 5000 // on a page; the fullest real one has 1,101
	maxFigures = 5000 // of decor on a page; a full sheet of ours has 400
	leastBare  = 16   // bubbles of a page with fewer than three anchors: fewer stand like letters of a text
	leastSide  = 1.5  // of any bubble: nine pixels at 150 dpi, two of them outline on each side
	ourSide    = 2.2  // of a bubble of ours: a pencil's dot must fit inside the outline
	ourGap     = 0.9  // between bubbles of ours: half of it is the room to search for each
	labelRoom  = 0.2  // between a bubble of ours and anything else that is printed
)

// Validate says whether d can be printed and read. Its error lists every fault. A
// design with codes must carry the frame of its paper size, and keep everything
// else inside the frame's content; a design without codes was printed by others,
// and is held only to what reading needs.
func (d *Design) Validate() error {
	var f faults
	if d.ID == "" || badText(string(d.ID)) {
		f.add(fmt.Errorf("id: %q: a name without control characters is expected", d.ID))
	}
	if !(d.Size.X >= 50 && d.Size.X <= 1200 && d.Size.Y >= 50 && d.Size.Y <= 1200) {
		f.add(fmt.Errorf("size: %v by %v mm: each side must be from 50 to 1200", d.Size.X, d.Size.Y))
	}
	if len(d.Pages) == 0 || len(d.Pages) > maxPages {
		f.add(fmt.Errorf("pages: a design has from 1 to %d pages, not %d", maxPages, len(d.Pages)))
	}
	seen := map[FieldID]string{}
	for i := range d.Pages {
		c := checker{faults: &f, d: d, p: &d.Pages[i], at: fmt.Sprintf("pages[%d]", i), seen: seen}
		c.page()
	}
	return f.join()
}

// A checker looks at one page.
type checker struct {
	*faults
	d    *Design
	p    *Page
	at   string
	seen map[FieldID]string // fields of all pages so far, and where they stood
}

func (c *checker) fault(where, format string, args ...any) {
	c.add(fmt.Errorf("%s.%s: %s", c.at, where, fmt.Sprintf(format, args...)))
}

func (c *checker) page() {
	paper := geom.R[geom.Paper](0, 0, c.d.Size.X, c.d.Size.Y)
	content, ours := paper, len(c.p.Codes) > 0
	if ours {
		content = c.frame()
	} else if n := c.bubbles(); len(c.p.Anchors) < 3 && n < leastBare {
		c.fault("anchors", "%d are too few: registration needs three at least, or %d bubbles to find the sheet by", len(c.p.Anchors), leastBare)
	}
	for i, a := range c.p.Anchors {
		where := fmt.Sprintf("anchors[%d]", i)
		c.box(where, a.Box, paper)
		c.closed(where, "shape", a.Shape.String())
		if a.Shape == Marker {
			if _, _, err := a.Modules(); err != nil {
				c.fault(where, "%v", err)
			}
		} else if a.Dictionary+a.Bits != "" {
			c.fault(where, "only a marker has a dictionary or bits")
		}
		if !within(a.Stroke, 0, 50) {
			c.fault(where, "stroke %v is not from 0 to 50 mm", a.Stroke)
		}
	}
	for i, s := range c.p.Swatches {
		where := fmt.Sprintf("swatches[%d]", i)
		c.box(where, s.Box, content)
		if !within(s.Ink, 0, 1) {
			c.fault(where, "ink %v is not from 0 to 1", s.Ink)
		}
	}
	if len(c.p.Decor) > maxFigures {
		c.fault("decor", "%d figures on a page are more than the %d we take", len(c.p.Decor), maxFigures)
		return
	}
	for i := range c.p.Decor {
		c.decor(fmt.Sprintf("decor[%d]", i), &c.p.Decor[i], content)
	}
	if len(c.p.Fields) == 0 {
		c.fault("fields", "a page without fields has nothing to read")
	}
	for i := range c.p.Fields {
		c.field(fmt.Sprintf("fields[%d]", i), &c.p.Fields[i], content)
	}
	c.spacing(ours)
}

// bubbles counts those of the page.
func (c *checker) bubbles() (n int) {
	for _, f := range c.p.Fields {
		n += len(f.Bubbles)
	}
	return n
}

// frame checks that the page carries the frame of its size, and returns what the
// frame leaves for content.
func (c *checker) frame() geom.Rect[geom.Paper] {
	for _, fr := range Frames() {
		if fr.Size != c.d.Size {
			continue
		}
		want := slices.Concat(fr.Markers[:], fr.Ticks)
		if !slices.Equal(c.p.Anchors, want) {
			c.fault("anchors", "a page with codes carries exactly the anchors of frame %s", fr.Name)
		}
		if !slices.Equal(c.p.Codes, fr.Codes[:]) {
			c.fault("codes", "a page with codes carries both codes of frame %s", fr.Name)
		}
		return fr.Content
	}
	c.fault("codes", "there is no frame for a paper of %v by %v mm", c.d.Size.X, c.d.Size.Y)
	return geom.R[geom.Paper](0, 0, c.d.Size.X, c.d.Size.Y)
}

func (c *checker) box(where string, r, inside geom.Rect[geom.Paper]) {
	switch u := inside.Union(r); {
	case !(r.W() > 0 && r.H() > 0):
		c.fault(where, "the box %v is empty or turned round", boxOf(r))
	case u != inside:
		c.fault(where, "the box %v leaves %v", boxOf(r), boxOf(inside))
	}
}

// closed reports a value outside its closed list.
func (c *checker) closed(where, what, name string) {
	if name == "" {
		c.fault(where, "this %s does not exist", what)
	}
}

func (c *checker) decor(where string, d *Decor, content geom.Rect[geom.Paper]) {
	box := d.Box
	if d.Kind == Line { // may run in any direction, and has no area
		box = geom.Rect[geom.Paper]{Min: box.Min, Max: box.Min}.Union(geom.Rect[geom.Paper]{Min: box.Max, Max: box.Max})
		if u := content.Union(box); u != content || box.W()+box.H() == 0 {
			c.fault(where, "the line %v leaves %v, or is a point", boxOf(d.Box), boxOf(content))
		}
	} else {
		c.box(where, box, content)
	}
	c.closed(where, "kind", d.Kind.String())
	c.closed(where, "align", d.Align.String())
	if !within(d.Ink, 0, 1) {
		c.fault(where, "ink %v is not from 0 to 1", d.Ink)
	}
	switch {
	case d.Kind == Text && !within(d.Size, 0.8, 40):
		c.fault(where, "text size %v is not from 0.8 to 40 mm", d.Size)
	case (d.Kind == Line || d.Kind == Outlined || d.Kind == Rounded) && !within(d.Width, 0.05, 10):
		c.fault(where, "stroke width %v is not from 0.05 to 10 mm", d.Width)
	case d.Kind == Code && d.Slot == "":
		c.fault(where, "a code needs a slot")
	case (d.Kind == Text) && (d.Text == "") == (d.Slot == ""):
		c.fault(where, "a text needs either words or a slot")
	case !utf8.ValidString(d.Text) || badText(d.Slot):
		c.fault(where, "the text is not valid")
	case d.Kind == Picture:
		if err := checkPicture(d.Text); err != nil {
			c.fault(where, "%v", err)
		}
	}
}

func (c *checker) field(where string, f *Field, content geom.Rect[geom.Paper]) {
	if f.ID == "" || badText(string(f.ID)) {
		c.fault(where, "the id %q must be a name without | and control characters", f.ID)
	}
	if first, twice := c.seen[f.ID]; twice {
		c.fault(where, "the id %q stands already at %s", f.ID, first)
	}
	c.seen[f.ID] = c.at + "." + where
	c.closed(where, "role", f.Role.String())
	c.closed(where, "rule", f.Rule.String())
	c.closed(where, "outline", f.Outline.String())
	if len(f.Bubbles) == 0 {
		c.fault(where, "field %q has no bubbles", f.ID)
	}
	choices := map[Choice]bool{}
	for i, b := range f.Bubbles {
		at := fmt.Sprintf("%s.bubbles[%d]", where, i)
		c.box(at, b.Box, content)
		if b.Choice == "" || badText(string(b.Choice)) {
			c.fault(at, "the choice %q must be a name without | and control characters", b.Choice)
		}
		if choices[b.Choice] {
			c.fault(at, "the choice %q stands twice in field %q", b.Choice, f.ID)
		}
		choices[b.Choice] = true
	}
}

// A spot is a bubble and what to call it.
type spot struct {
	box  geom.Rect[geom.Paper]
	name string
}

// spacing checks the sizes of the bubbles and the room around them.
func (c *checker) spacing(ours bool) {
	side, gap := leastSide, 0.0
	if ours {
		side, gap = ourSide, ourGap
	}
	var spots []spot
	for _, f := range c.p.Fields {
		for _, b := range f.Bubbles {
			name := fmt.Sprintf("%s=%s", f.ID, b.Choice)
			if min(b.Box.W(), b.Box.H()) < side {
				c.fault("fields", "bubble %s is %.2f by %.2f mm: the smallest that is read reliably is %v mm", name, b.Box.W(), b.Box.H(), side)
			}
			spots = append(spots, spot{b.Box, name})
		}
	}
	if len(spots) > maxBubbles {
		c.fault("fields", "%d bubbles on a page are more than the %d we take", len(spots), maxBubbles)
		return
	}
	slices.SortStableFunc(spots, func(a, b spot) int { return cmp.Compare(a.box.Min.Y, b.box.Min.Y) })
	c.apart(spots, gap)
	if ours {
		c.alone(spots)
	}
}

// apart reports bubbles, sorted from the top, with less than gap between them.
func (c *checker) apart(spots []spot, gap float64) {
	const slack = 1e-6 // lengths are sums of tenths
	for i, a := range spots {
		grown := a.box.Inset(-gap + slack)
		for _, b := range spots[i+1:] {
			if b.box.Min.Y >= grown.Max.Y {
				break
			}
			if grown.Overlaps(b.box) {
				c.fault("fields", "bubbles %s and %s are less than %v mm apart", a.name, b.name, gap)
			}
		}
	}
}

// alone reports what is printed over or close to a bubble. Only an Outlined box
// around it is no trouble: its line is checked, not its area.
func (c *checker) alone(spots []spot) {
	for i, d := range c.p.Decor {
		boxes := []geom.Rect[geom.Paper]{d.Box}
		switch w := d.Width / 2; d.Kind {
		case Line:
			boxes[0] = geom.Rect[geom.Paper]{Min: d.Box.Min, Max: d.Box.Min}.Union(geom.Rect[geom.Paper]{Min: d.Box.Max, Max: d.Box.Max}).Inset(-w)
		case Outlined:
			boxes = sides(d.Box, w)
		}
		c.clear(fmt.Sprintf("decor[%d]", i), boxes, spots)
	}
	for i, s := range c.p.Swatches {
		c.clear(fmt.Sprintf("swatches[%d]", i), []geom.Rect[geom.Paper]{s.Box}, spots)
	}
}

func (c *checker) clear(where string, boxes []geom.Rect[geom.Paper], spots []spot) {
	for _, b := range boxes {
		for _, s := range spots {
			if s.box.Inset(-labelRoom + 1e-6).Overlaps(b) {
				c.fault(where, "is printed over or within %v mm of bubble %s", labelRoom, s.name)
			}
		}
	}
}

// sides are the four lines, w mm to each side, of the border of r.
func sides(r geom.Rect[geom.Paper], w float64) []geom.Rect[geom.Paper] {
	return []geom.Rect[geom.Paper]{
		geom.R[geom.Paper](r.Min.X-w, r.Min.Y-w, r.Max.X+w, r.Min.Y+w),
		geom.R[geom.Paper](r.Min.X-w, r.Max.Y-w, r.Max.X+w, r.Max.Y+w),
		geom.R[geom.Paper](r.Min.X-w, r.Min.Y-w, r.Min.X+w, r.Max.Y+w),
		geom.R[geom.Paper](r.Max.X-w, r.Min.Y-w, r.Max.X+w, r.Max.Y+w),
	}
}

// within says whether v is a number from lo to hi; NaN is not.
func within(v, lo, hi float64) bool { return !math.IsNaN(v) && v >= lo && v <= hi }

// badText says whether a name would break a table, a file name or a log: control
// characters, the | that joins choices, spaces at the ends, broken UTF-8.
func badText(s string) bool {
	return !utf8.ValidString(s) || strings.TrimSpace(s) != s ||
		strings.ContainsFunc(s, func(r rune) bool { return r == '|' || unicode.IsControl(r) })
}
