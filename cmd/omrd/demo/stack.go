package demo

import (
	"fmt"
	"image"
	"math/rand/v2"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"bargkhan/api/exam"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
	"bargkhan/sheets/print"
	"bargkhan/sheets/typeset"
)

// A paper is one sheet as a candidate handed it in.
type paper struct {
	serial sheets.Serial
	person exam.PersonID // who truly wrote it
	form   sheets.Choice
	absent bool // marked so by the hall's staff, and blank
	marks  map[sheets.FieldID]omrtest.Mark
	design *sheets.Design
	img    *image.Gray // clean, filled
}

// A stack is everything the scanner will write, in the order in which it does.
type stack struct {
	papers map[sheets.Serial]*paper
	files  []*file
}

// pages is the number of images in the stack.
func (s *stack) pages() (n int) {
	for _, f := range s.files {
		n += len(f.pages)
	}
	return n
}

// dpi of the scans; feeders in the halls are set to 200.
const dpi = 200

// What happens to which candidate, by their place on the roster.
const (
	turned     = 2
	askew      = 3
	askewLeft  = 4
	photocopy  = 5
	coarse     = 6
	faint      = 7
	erased     = 8
	doubled    = 9
	streaked   = 10
	folded     = 11
	unreadable = 12 // the first time
	twice      = 13 // scanned, each time a little otherwise
	copied     = 14 // to the byte
	landscape  = 15
	ticked     = 16
	halved     = 17
	inTIFF     = 30 // from here
	inPDF      = 38
	inPNG      = 46
	torn       = 50
	absent     = 54
	noSheet    = 55
	misNumber  = named + spares - 1 // one digit of the number is wrong
)

// streakAt is the fraction of the page's width where dust lies on the glass: on
// option bubbles of the first title.
const streakAt = 0.235

// A maker makes the stack.
type maker struct {
	o     *office
	seed  uint64
	fonts *typeset.Fonts
	print map[*sheets.Design]*print.Printer
	stack stack
	show  func(done int)

	mu   sync.Mutex
	done int // sheets filled and pages scanned
}

// handedIn is how many sheets are filled, each of which is scanned at least once.
const handedIn = named + spares - 1

// step shows that one more sheet was filled or scanned.
func (m *maker) step() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done++
	m.show(min(m.done, 2*handedIn))
}

// stack fills the sheets, scans them and spoils the scans.
func (o *office) stack(seed uint64, fontDir string, show func(done int)) (*stack, error) {
	fonts, err := typeset.LoadFonts(fontDir)
	if err != nil {
		return nil, err
	}
	m := &maker{o: o, seed: seed, fonts: fonts, print: map[*sheets.Design]*print.Printer{}, show: show}
	for _, d := range []*sheets.Design{o.personal, o.spare, o.foreign} {
		if m.print[d], err = print.New(d, fonts); err != nil {
			return nil, err
		}
	}
	papers, err := m.papers()
	if err != nil {
		return nil, err
	}
	m.stack.papers = map[sheets.Serial]*paper{}
	for _, p := range papers {
		if p != nil {
			m.stack.papers[p.serial] = p
		}
	}
	if err := m.scan(papers); err != nil {
		return nil, err
	}
	m.name()
	return &m.stack, nil
}

// rng is a source of its own for each purpose, so that one more draw in one place
// changes nothing elsewhere.
func (m *maker) rng(purpose uint64) *rand.Rand { return rand.New(rand.NewPCG(m.seed, purpose)) }

// papers fills every sheet that is handed in, in the roster's order; nil for one
// that is not.
func (m *maker) papers() ([]*paper, error) {
	out := make([]*paper, len(m.o.people))
	var g errgroup.Group
	g.SetLimit(2)
	for i, c := range m.o.people {
		if i == noSheet {
			continue
		}
		g.Go(func() (err error) {
			out[i], err = m.paper(i, c)
			return err
		})
	}
	return out, g.Wait()
}

// paper prints and fills one sheet.
func (m *maker) paper(i int, c exam.Candidate) (*paper, error) {
	defer m.step()
	rng := m.rng(1000 + uint64(i))
	p := &paper{serial: c.Serial, person: c.Person, form: sheets.Choice('1' + rune(i%2)), design: m.o.personal}
	who := print.Person{Name: c.Name, Father: c.Father, Number: string(c.Person), Employer: c.Employer,
		Venue: m.o.session.Venues[0].Name, Seat: c.Seat}
	if c.Serial == "" {
		p.serial, p.design, who = m.o.spares[i-named], m.o.spare, print.Person{}
	}
	img, err := m.print[p.design].Raster(print.Copy{Stamp: sheets.Stamp{Serial: p.serial}, Person: who}, 1, dpi)
	if err != nil {
		return nil, err
	}
	p.img = img
	pg := p.design.Pages[0]
	truth := omrtest.NewTruth(1, p.serial, pg)
	for _, part := range m.answers(i, p, rng) {
		truth.Add(omrtest.Fill(img, dpi, pg, part.fields, part.hand, rng)...)
	}
	p.marks = truth.Fields
	return p, nil
}

// A part is what one hand marks.
type part struct {
	hand   omrtest.Hand
	fields map[sheets.FieldID][]sheets.Choice
}

// answers is what candidate i marks: right as often as the candidate is able,
// and by the hand the candidate has.
func (m *maker) answers(i int, p *paper, rng *rand.Rand) []part {
	if i == absent {
		p.absent = true
		return []part{{omrtest.Pencil, map[sheets.FieldID][]sheets.Choice{"absent": {"1"}}}}
	}
	main := part{hand(i), map[sheets.FieldID][]sheets.Choice{"form": {p.form}}}
	odd := part{hands[i], map[sheets.FieldID][]sheets.Choice{}}
	able := 0.55 + 0.4*rng.Float64()
	form := m.o.form(p.form)
	for q := range titles * perTitle {
		right := m.o.key[form.At[question(q)]].Right[0]
		choice := right
		if rng.Float64() > able {
			choice = sheets.Choice('1' + (rune(right[0]-'1')+1+rune(rng.IntN(options-1)))%options)
		}
		switch {
		case rng.Float64() < 0.03: // left blank
		case odd.hand != omrtest.Pencil && q%23 == 5:
			odd.fields[question(q)] = []sheets.Choice{choice}
		default:
			main.fields[question(q)] = []sheets.Choice{choice}
		}
	}
	if p.design == m.o.spare {
		m.number(i, p, main.fields)
	}
	return []part{main, odd}
}

// number marks the candidate's number on a spare; one candidate errs in a digit.
func (m *maker) number(i int, p *paper, fields map[sheets.FieldID][]sheets.Choice) {
	for k, d := range p.person {
		if i == misNumber && k == 6 {
			d = '0' + (d-'0'+5)%10
		}
		fields[sheets.FieldID(fmt.Sprintf("nn.%d", k))] = []sheets.Choice{sheets.Choice(d)}
	}
}

// hand is what most candidates write with.
func hand(i int) omrtest.Hand {
	switch {
	case i == faint:
		return omrtest.Pale
	case i%7 == 3:
		return omrtest.PenBlue
	case i%11 == 5:
		return omrtest.PenBlack
	}
	return omrtest.Pencil
}

// hands are those who do a few marks otherwise.
var hands = map[int]omrtest.Hand{erased: omrtest.Erased, doubled: omrtest.Two, ticked: omrtest.Tick, halved: omrtest.Half}

// spoil is what paper and scanner do to candidate i's sheet.
func spoil(i int) (string, omrtest.Spoil) {
	const d = omrtest.DPI(dpi)
	switch i {
	case turned:
		return "upside-down", omrtest.Turn(2)
	case landscape:
		return "landscape", omrtest.Turn(1)
	case askew:
		return "skew", omrtest.Skew(2.8)
	case askewLeft:
		return "skew", omrtest.Skew(-2.5)
	case photocopy:
		return "photocopy at 97 %", omrtest.Photocopy(0.97, 1.3, 40)
	case streaked:
		return "streak", omrtest.Streak(streakAt, 3, 60)
	case folded:
		return "folded corner", d.FoldCorner(omrtest.BottomRight, 26)
	}
	return "", nil
}

// page scans one sheet.
func (m *maker) page(i int, p *paper, again uint64, more ...omrtest.Spoil) (*image.Gray, []string) {
	defer m.step()
	rng := m.rng(2000 + uint64(i) + 500*again)
	var defects []string
	spoils := []omrtest.Spoil{omrtest.Skew(2*rng.Float64() - 1)}
	if name, s := spoil(i); s != nil {
		defects, spoils = append(defects, name), append(spoils, s)
	}
	spoils = append(append(spoils, more...), omrtest.Scanned())
	return omrtest.Chain(spoils...)(omrtest.Clone(p.img), rng), defects
}

// truth is what a scan of p says.
func (p *paper) truth(number int) omrtest.Truth {
	return omrtest.Truth{Page: number, Serial: p.serial, End: omrtest.Read, Fields: p.marks}
}

// returned is the truth of a page that must come back for one of the reasons.
func returned(number int, reasons ...string) omrtest.Truth {
	return omrtest.Truth{Page: number, End: omrtest.Returned, Reject: reasons}
}

// scan makes the files. Neighbours share a TIFF and a PDF; every other sheet is a
// file of its own.
func (m *maker) scan(papers []*paper) error {
	singles := slices.Concat(span(0, inTIFF), span(inPNG, len(papers)))
	files := make([]*file, len(singles))
	var together, strangers []*file
	var g errgroup.Group
	g.SetLimit(2)
	for k, i := range singles {
		if p := papers[i]; p != nil {
			g.Go(func() error { files[k] = m.single(i, p); return nil })
		}
	}
	g.Go(func() error {
		together = []*file{m.tiff(papers[inTIFF:inPDF]), m.pdf(papers[inPDF:inPNG])}
		return nil
	})
	g.Go(func() (err error) { strangers, err = m.strangers(); return err })
	if err := g.Wait(); err != nil {
		return err
	}
	files = slices.DeleteFunc(files, func(f *file) bool { return f == nil })
	m.stack.files = slices.Concat(files, together, strangers)
	m.rng(3).Shuffle(len(m.stack.files), func(a, b int) { // odd order, as when stacks fall
		m.stack.files[a], m.stack.files[b] = m.stack.files[b], m.stack.files[a]
	})
	top, err := m.header(len(m.stack.papers))
	if err != nil {
		return err
	}
	m.again(papers, top)
	return nil
}

// span lists from, from+1, … below to.
func span(from, to int) []int {
	out := make([]int, to-from)
	for i := range out {
		out[i] = from + i
	}
	return out
}

// single makes the file of one sheet.
func (m *maker) single(i int, p *paper) *file {
	img, how := m.page(i, p, 0)
	f := &file{pages: []omrtest.Truth{p.truth(1)}, how: fmt.Sprint(how)}
	quality := 80
	switch i {
	case coarse:
		quality = 60
	case torn:
		f.manner = tornFirst
	}
	f.name, f.bytes = ".jpg", omrtest.EncodeJPEG(img, quality, dpi)
	if i >= inPNG && i < torn {
		f.name, f.bytes = ".png", omrtest.EncodePNG(img, dpi)
	}
	return f
}

// tiff makes one file of bilevel pages, as copiers send them.
func (m *maker) tiff(papers []*paper) *file {
	f := &file{name: ".tif", manner: inPieces, how: "G4"}
	var imgs []*image.Gray
	for k, p := range papers {
		img, _ := m.page(inTIFF+k, p, 0, omrtest.Skew(0.3))
		imgs = append(imgs, omrtest.Bilevel(150)(img, m.rng(4)))
		f.pages = append(f.pages, p.truth(k+1))
	}
	f.bytes = omrtest.EncodeG4(imgs, dpi)
	return f
}

// pdf makes one file of grey pages, and a blank back among them.
func (m *maker) pdf(papers []*paper) *file {
	f := &file{name: ".pdf", manner: inPieces, how: "PDF"}
	var imgs []*image.Gray
	for k, p := range papers {
		img, _ := m.page(inPDF+k, p, 0)
		imgs = append(imgs, img)
		f.pages = append(f.pages, p.truth(k+1))
	}
	blank := omrtest.Scanned()(omrtest.DPI(dpi).Paper(210, 297), m.rng(5))
	imgs = append(imgs, blank)
	f.pages = append(f.pages, returned(len(imgs), "blank-page"))
	f.bytes = omrtest.EncodePDF(imgs, 75, dpi)
	return f
}

// strangers makes the pages that do not belong: a sheet of another exam and a
// page of text.
func (m *maker) strangers() ([]*file, error) {
	sheet, err := m.print[m.o.foreign].Raster(print.Copy{Stamp: sheets.Stamp{Serial: sheets.NewSerial(404)}}, 1, dpi)
	if err != nil {
		return nil, err
	}
	other := &file{name: ".jpg", pages: []omrtest.Truth{returned(1, "no-design", "foreign")}, how: "another exam"}
	text := &file{name: ".jpg", pages: []omrtest.Truth{returned(1, "no-anchors")}, how: "a page of text"}
	for f, img := range map[*file]*image.Gray{other: sheet, text: omrtest.DPI(dpi).TextPage(210, 297, m.rng(6))} {
		f.bytes = omrtest.EncodeJPEG(omrtest.Scanned()(img, m.rng(7)), 80, dpi)
	}
	return []*file{other, text}, nil
}

// header makes the header sheet that lies on the stack.
func (m *maker) header(sheetsOfPaper int) (*file, error) {
	s := sheets.Stack{Session: string(sessionID), Venue: m.o.session.Venues[0].Name, Number: 1, Sheets: sheetsOfPaper}
	page, err := print.Header(m.o.personal, s, m.o.session.Name, "", m.fonts)
	if err != nil {
		return nil, err
	}
	img, err := page.Gray(dpi)
	if err != nil {
		return nil, err
	}
	f := &file{name: ".jpg", pages: []omrtest.Truth{returned(1, "separator")}, how: "the header of the stack"}
	f.bytes = omrtest.EncodeJPEG(omrtest.Scanned()(img, m.rng(8)), 80, dpi)
	return f, nil
}

// again adds, after everything else, what comes more than once: the exact copy,
// the second scan, and before them all the header and the scan that cannot be read.
func (m *maker) again(papers []*paper, header *file) {
	one := func(i int) *file {
		at := slices.IndexFunc(m.stack.files, func(f *file) bool { return f.pages[0].Serial == papers[i].serial })
		return m.stack.files[at]
	}
	same := *one(copied)
	same.copy = true
	img, _ := m.page(twice, papers[twice], 1)
	second := &file{name: ".jpg", pages: []omrtest.Truth{papers[twice].truth(1)}, how: "scanned again"}
	bad, _ := m.page(unreadable, papers[unreadable], 1, omrtest.Unreadable())
	lost := &file{name: ".jpg", pages: []omrtest.Truth{returned(1, "no-anchors", "no-stamp", "distorted", "too-small", "blurred")}, how: "cannot be read"}
	for f, img := range map[*file]*image.Gray{second: img, lost: bad} {
		f.bytes = omrtest.EncodeJPEG(img, 75, dpi)
	}
	m.stack.files = slices.Concat([]*file{header, lost}, m.stack.files, []*file{&same, second})
}

// name gives the files their names: a counter that restarts, so that names repeat,
// but for the file that lies torn in the folder while the others come and go.
func (m *maker) name() {
	const restart = 15 // files until the station is switched off and on
	for i, f := range m.stack.files {
		n := i%restart + 1
		if f.manner == tornFirst {
			n = restart + 1
		}
		f.name = fmt.Sprintf("SCN_%04d%s", n, f.name)
	}
}
