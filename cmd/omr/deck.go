package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/overlay"
	"bargkhan/omr/page"
	"bargkhan/sheets"
	"bargkhan/sheets/deck"
	"bargkhan/sheets/geom"
	"bargkhan/sheets/typeset"
)

// deckCmd is about test decks.
type deckCmd struct {
	Make  deckMakeCmd  `cmd:"" default:"withargs" help:"Print the test deck of a design, and what must be read from it."`
	Check deckCheckCmd `cmd:"" help:"Read the scans of a printed deck and compare them with what must be read."`
}

// deckMakeCmd prints a deck.
type deckMakeCmd struct {
	Design string `arg:"" help:"Design file."`
	Output string `short:"o" required:"" help:"PDF to write; what must be read is written beside it as JSON." placeholder:"FILE"`
	Fonts  string `default:"/usr/share/fonts/truetype/noto" help:"Folder of the typefaces (Debian's fonts-noto-core)."`
}

// Run writes both files, the PDF last.
func (c *deckMakeCmd) Run(ctx context.Context, s *streams) error {
	design, err := loadDesign(c.Design)
	if err != nil {
		return err
	}
	d, err := deck.Of(design)
	if err != nil {
		return err
	}
	fonts, err := typeset.LoadFonts(c.Fonts)
	if err != nil {
		return err
	}
	expected := strings.TrimSuffix(c.Output, ".pdf") + ".json"
	if err := atomically(ctx, expected, d.Encode); err != nil {
		return err
	}
	err = atomically(ctx, c.Output, func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 1<<20)
		return errors.Join(d.PDF(b, fonts), b.Flush())
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%s: %d cards of design %s; print them at 100 %%, scan them, then: omr deck check %s SCANS\n",
		c.Output, len(d.Cards), design.ID, expected)
	return nil
}

// deckCheckCmd compares scans with a deck.
type deckCheckCmd struct {
	Deck    string   `arg:"" help:"The JSON that was written beside the deck."`
	Files   []string `arg:"" help:"Scans, or folders of scans."`
	Profile string   `help:"Profile that decides what counts as a mark; the shipped one if not given." placeholder:"FILE"`
	Output  string   `short:"o" help:"Folder for a PNG of every difference; none are drawn if not given." placeholder:"DIR"`
}

// Run writes a row for each difference. Any difference makes the status 2.
func (c *deckCheckCmd) Run(ctx context.Context, s *streams) error {
	r := readCmd{Profile: c.Profile}
	policy, err := r.desk()
	if err != nil {
		return err
	}
	f, err := os.Open(c.Deck)
	if err != nil {
		return err
	}
	d, err := deck.Decode(bufio.NewReader(f))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: %w", c.Deck, err)
	}
	files, err := walk(c.Files)
	if err != nil {
		return err
	}
	if c.Output != "" {
		if err := os.MkdirAll(c.Output, 0o777); err != nil {
			return err
		}
	}
	t := deckTable{deck: d, policy: policy.policy, out: csv.NewWriter(s.out), dir: c.Output}
	return t.check(ctx, s, files)
}

// A deckTable is the differences as they are found.
type deckTable struct {
	deck    *deck.Deck
	policy  judge.Policy
	out     *csv.Writer
	dir     string // for pictures; may be empty
	read    []int  // cards
	foreign int    // pages of designs that are not the deck's
	refused int    // pages returned as distorted that refusable cards account for
	found   int    // differences
}

// maxPictures bounds the pictures of one check: a deck scanned with the wrong setting
// differs everywhere, and nobody looks at more.
const maxPictures = 200

func (t *deckTable) check(ctx context.Context, s *streams, files []string) error {
	_ = t.out.Write([]string{"file", "page", "card", "kind", "field", "expected", "read", "doubted", "difference", "picture"}) // its error is kept and told by Error
	for _, name := range files {
		if err := t.file(ctx, name); err != nil {
			return err
		}
	}
	for _, d := range t.deck.Missing(t.read, t.foreign, t.refused) {
		if err := t.row("", 0, d, "", nil); err != nil {
			return err
		}
	}
	t.out.Flush()
	if err := errors.Join(t.out.Error(), ctx.Err()); err != nil {
		return err
	}
	if t.found > 0 {
		fmt.Fprintf(s.err, "the deck of %s failed: %d differences on %d cards read of %d\n", t.deck.Design.ID, t.found, len(t.read), len(t.deck.Cards))
		return errReturned
	}
	fmt.Fprintf(s.err, "the deck of %s passed: %d cards\n", t.deck.Design.ID, len(t.deck.Cards))
	return nil
}

// file compares every page of one scan.
func (t *deckTable) file(ctx context.Context, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	head := t.deck.Design.Digest().Head()
	reader := omr.Reader{Design: func(s sheets.Stamp) (*sheets.Design, error) {
		if s.Check != head {
			return nil, nil
		}
		return t.deck.Design, nil
	}}
	for p, err := range page.Decode(ctx, f, st.Size(), page.Limits{}) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			err = t.page(ctx, &reader, name, p)
		} else {
			err = t.returned(name, p, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// page reads and compares one page.
func (t *deckTable) page(ctx context.Context, reader *omr.Reader, name string, p page.Page) error {
	r, err := reader.Read(ctx, p)
	if err != nil {
		return t.returned(name, p, err)
	}
	pg := &t.deck.Design.Pages[r.Stamp.Page-1]
	seen := deck.Seen{Stamp: r.Stamp, Fields: map[sheets.FieldID]deck.Said{}}
	for _, v := range judge.Fields(*pg, r.Evidence, t.policy, r.Swatches...) {
		seen.Fields[v.Field] = deck.Said{Choices: v.Choices, Doubted: len(v.Doubts) > 0}
	}
	if c := t.deck.Card(r.Stamp); c != nil && r.Stamp.Test {
		t.read = append(t.read, c.Number)
	}
	for _, d := range t.deck.Compare(seen) {
		show := func() image.Image { return overlay.Draw(p.Img, t.deck.Design, r) }
		if box, ok := around(pg, d.Field); ok {
			show = func() image.Image { return overlay.Crop(p.Img, &r.Pose, box, 600) }
		}
		if err := t.row(name, p.Number, d, "", show); err != nil {
			return err
		}
	}
	return nil
}

// returned notes a page that was given back. One of another design is what the deck
// wants of its foreign cards, and counts for one; a distorted or covered one may be a card that
// a reader may refuse.
func (t *deckTable) returned(name string, p page.Page, err error) error {
	var back *omr.Reject
	switch errors.As(err, &back); {
	case back != nil && back.Reason == omr.NoDesign:
		t.foreign++
		return nil
	case back != nil && (back.Reason == omr.Distorted || back.Reason == omr.Covered) && t.refused < t.refusable():
		t.refused++
		return nil
	}
	var r result
	r.reject(err)
	var show func() image.Image
	if p.Img != nil {
		show = func() image.Image { return p.Img }
	}
	return t.row(name, p.Number, deck.Difference{What: deck.GivenBack}, r.Reject, show)
}

// refusable counts the cards that a reader may give back.
func (t *deckTable) refusable() (n int) {
	for i := range t.deck.Cards {
		if t.deck.Cards[i].Refusable() {
			n++
		}
	}
	return n
}

// around is a field with room for a person to see where it stands.
func around(pg *sheets.Page, id sheets.FieldID) (box geom.Rect[geom.Paper], ok bool) {
	const room = 6.0 // mm: the row above and below, and the question's number
	i := slices.IndexFunc(pg.Fields, func(f sheets.Field) bool { return f.ID == id })
	if i < 0 {
		return box, false
	}
	box = pg.Fields[i].Bubbles[0].Box
	for _, b := range pg.Fields[i].Bubbles {
		box = box.Union(b.Box)
	}
	return box.Inset(-room), true
}

// row writes one difference and its picture.
func (t *deckTable) row(name string, number int, d deck.Difference, reason string, show func() image.Image) error {
	t.found++
	picture := ""
	if t.dir != "" && show != nil && t.found <= maxPictures {
		picture = filepath.Join(t.dir, fmt.Sprintf("%03d-card-%d-%s.png", t.found, d.Card, fileName(string(d.Field), string(d.What))))
		if err := writePNG(picture, show()); err != nil {
			return err
		}
	}
	said := choices(d.Got.Choices)
	if reason != "" {
		said = "reject:" + reason
	}
	_ = t.out.Write([]string{name, strconv.Itoa(number), strconv.Itoa(d.Card), string(d.Kind), string(d.Field),
		choices(d.Want.Choices), said, strconv.FormatBool(d.Got.Doubted), string(d.What), picture})
	t.out.Flush()
	return t.out.Error()
}

// fileName joins names for a file, with nothing in them that a path knows.
func fileName(parts ...string) string {
	clean := func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Map(clean, strings.Join(parts, "-"))
}

func writePNG(name string, img image.Image) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, img), f.Close())
}
