package omr_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// anchorKinds are the ways others anchor their sheets, on A4.
var anchorKinds = []struct {
	name    string
	anchors []sheets.Anchor
}{
	{"squares", []sheets.Anchor{{Box: at(12, 12, 6, 6)}, {Box: at(192, 12, 6, 6)}, {Box: at(192, 279, 6, 6)}, {Box: at(12, 279, 3, 3)}}},
	{"discs", four(sheets.Anchor{Shape: sheets.Disc}, 6, 6)},
	{"rings", four(sheets.Anchor{Shape: sheets.Ring, Stroke: 1.2}, 9, 9)},
	{"thick corners", four(sheets.Anchor{Shape: sheets.Corner, Stroke: 3}, 8, 8)},
	{"thin brackets", four(sheets.Anchor{Shape: sheets.Corner, Stroke: 0.7}, 10, 10)},
	{"bars", []sheets.Anchor{{Shape: sheets.Bar, Box: at(12, 12, 20, 2)}, {Shape: sheets.Bar, Box: at(196, 12, 2, 20)}, {Shape: sheets.Bar, Box: at(178, 283, 20, 2)}, {Shape: sheets.Bar, Box: at(12, 270, 2, 15)}}},
	{"aruco", marked("6x6_250", 17)},
	{"april tags", marked("36h11", 400)},
	{"original aruco", marked("original", 900)},
	{"timing tracks", append(track(8, 40, 4, 1.6, 5.5, 42), track(198, 40, 4, 1.6, 5.5, 42)...)},
	{"squares and a track", append(four(sheets.Anchor{}, 5, 5), track(8, 40, 4, 1.6, 5.5, 42)...)},
	{"figures", []sheets.Anchor{{Shape: sheets.Figure, Box: at(12, 12, 6, 6)}, {Shape: sheets.Figure, Box: at(192, 12, 6, 6)}, {Shape: sheets.Figure, Box: at(192, 279, 6, 6)}}},
	{"none", nil},
}

// at is the box of w×h mm with its corner at x, y.
func at(x, y, w, h float64) geom.Rect[geom.Paper] { return geom.R[geom.Paper](x, y, x+w, y+h) }

// four puts a into the corners.
func four(a sheets.Anchor, w, h float64) (out []sheets.Anchor) {
	for _, c := range [4][2]float64{{12, 12}, {198 - w, 12}, {198 - w, 285 - h}, {12, 285 - h}} {
		a.Box = at(c[0], c[1], w, h)
		out = append(out, a)
	}
	return out
}

// marked puts markers of a dictionary into the corners.
func marked(dictionary string, first int) []sheets.Anchor {
	out := four(sheets.Anchor{Shape: sheets.Marker, Dictionary: dictionary}, 12, 12)
	for i := range out {
		out[i].ID = first + i
	}
	return out
}

// track is n bars one below the other.
func track(x, y, w, h, step float64, n int) (out []sheets.Anchor) {
	for i := range n {
		out = append(out, sheets.Anchor{Shape: sheets.Bar, Box: at(x, y+float64(i)*step, w, h)})
	}
	return out
}

// bubbleKinds are the bubbles others print.
var bubbleKinds = []struct {
	name    string
	outline sheets.Outline
	w, h    float64
	inside  bool
	reverse bool // the options run from right to left
}{
	{"circles", sheets.Ellipse, 4, 4, false, false},
	{"circles with letters", sheets.Ellipse, 4.6, 4.6, true, true},
	{"stadiums with letters", sheets.Stadium, 5.4, 3, true, false},
	{"squares", sheets.Rectangle, 3.6, 3.6, false, false},
	{"rectangles", sheets.Rectangle, 5, 2.6, false, true},
	{"ellipses", sheets.Ellipse, 5, 3, false, false},
}

// other is a sheet of others: a number grid above two columns of questions.
func other(anchors, bubbles int) *sheets.Design {
	a, b := anchorKinds[anchors], bubbleKinds[bubbles]
	pg := sheets.Page{Anchors: a.anchors}
	add := func(id string, choices []string, x, y, dx, dy float64) {
		f := sheets.Field{ID: sheets.FieldID(id), Outline: b.outline}
		for i, c := range choices {
			bubble := sheets.Bubble{Choice: sheets.Choice(c), Box: at(x+float64(i)*dx, y+float64(i)*dy, b.w, b.h)}
			if b.inside {
				bubble.Inside = c
			}
			f.Bubbles = append(f.Bubbles, bubble)
		}
		pg.Fields = append(pg.Fields, f)
	}
	for digit := range 7 {
		add("n"+strconv.Itoa(digit), []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, 40+7.5*float64(digit), 45, 0, 6)
	}
	for q := range 50 {
		x, y, dx := 45.0+80*float64(q/25), 125+6*float64(q%25), 8.0
		if b.reverse {
			x, dx = x+3*dx, -dx
		}
		add("q"+strconv.Itoa(q+1), []string{"A", "B", "C", "D"}, x, y, dx, 0)
		number := at(x-12, y-1, 8, 5)
		if b.reverse {
			number = at(x+8, y-1, 8, 5)
		}
		pg.Decor = append(pg.Decor, sheets.Decor{Kind: sheets.Text, Box: number, Text: strconv.Itoa(q + 1), Size: 3.2, Ink: 1})
	}
	pg.Decor = append(pg.Decor, sheets.Decor{Kind: sheets.Text, Box: at(50, 18, 110, 8), Text: "Examination of another office", Size: 6, Align: sheets.Centre, Ink: 1},
		sheets.Decor{Kind: sheets.Outlined, Box: at(38, 34, 55, 9), Width: 0.3, Ink: 1})
	id := sheets.DesignID(a.name + ", " + b.name)
	return &sheets.Design{ID: id, Title: string(id), Size: geom.Point[geom.Paper]{X: 210, Y: 297}, Pages: []sheets.Page{pg}}
}

// TestSheetsOfOthers prints sheets with every kind of anchor and of bubble, fills them,
// scans or photographs them, and reads them: nothing may be wrong, little doubted, none
// rejected. BARGKHAN_SEEDS above 1 reads every anchor with every bubble in every way.
func TestSheetsOfOthers(t *testing.T) {
	t.Parallel()
	const dpi = omrtest.DPI(150)
	ways := []struct {
		name  string
		spoil omrtest.Spoil
	}{
		{"scan", omrtest.Chain(omrtest.Skew(1.7), omrtest.Scanned())},
		{"photo", omrtest.Chain(omrtest.Phone(2400, 0.85), omrtest.JPEG(80))},
		{"photo aslant", omrtest.Chain(omrtest.Aslant(3000, 0.85, 0.2), omrtest.JPEG(80))},
		{"upside down and stretched", omrtest.Chain(omrtest.Turn(2), omrtest.Slip(0.005, 0.5, 0.2), omrtest.Skew(-2.5), omrtest.Scanned())},
	}
	all := asked("BARGKHAN_SEEDS", 1) > 1
	policy := calibration.Default().Policy
	var pages, fields, doubted, rejected int
	for i, a := range anchorKinds {
		for j, b := range bubbleKinds {
			for k, way := range ways {
				if !all && (i+j)%len(bubbleKinds) != 0 || !all && (i+k)%len(ways) != 0 {
					continue
				}
				name := fmt.Sprintf("%s, %s, %s", a.name, b.name, way.name)
				rng := rand.New(rand.NewPCG(uint64(100*i+10*j+k), 11))
				d := other(i, j)
				if err := d.Validate(); err != nil {
					t.Fatal(err)
				}
				img := printed(t, d, 1, float64(dpi))
				truth := answers(d.Pages[0], rng)
				omrtest.Fill(img, dpi, d.Pages[0], truth, omrtest.Pencil, rng)
				start := time.Now()
				r, err := (&omr.Reader{Expect: d}).Read(context.Background(), page.Page{Img: way.spoil(img, rng), Bits: 8})
				took := time.Since(start).Round(time.Millisecond)
				pages++
				if err != nil {
					var back *omr.Reject
					if !errors.As(err, &back) {
						t.Fatal(err)
					}
					rejected++
					t.Errorf("%s: %v (%v)", name, err, took)
					continue
				}
				n := 0
				for _, v := range judge.Fields(d.Pages[0], r.Evidence, policy) {
					fields++
					want := truth[v.Field]
					switch right := len(v.Choices) == len(want) && (len(want) == 0 || v.Choices[0] == want[0]); {
					case len(v.Doubts) > 0:
						n++
					case !right:
						t.Errorf("%s: %s is read as %v without a doubt, is %v", name, v.Field, v.Choices, want)
					}
				}
				doubted += n
				t.Logf("%s: %d of %d fields doubted, %v", name, n, len(d.Pages[0].Fields), took)
			}
		}
	}
	t.Logf("%d pages, %d rejected; %d fields, %d doubted", pages, rejected, fields, doubted)
	if 50*doubted > fields {
		t.Errorf("%d of %d fields are doubted, more than 2 %%", doubted, fields)
	}
}

// TestSymmetricSheets has sheets without anchors whose bubbles lie on one another upside down: they
// are read where a printed frame tells which way is up, and nowhere else.
func TestSymmetricSheets(t *testing.T) {
	t.Parallel()
	const dpi = omrtest.DPI(150)
	frame := sheets.Decor{Kind: sheets.Outlined, Box: at(30, 22, 150, 20), Width: 0.4, Ink: 1}
	other := sheets.Decor{Kind: sheets.Outlined, Box: at(30, 255, 150, 20), Width: 0.4, Ink: 1}
	text := sheets.Decor{Kind: sheets.Text, Box: at(50, 24, 110, 8), Text: "Examination of another office", Size: 6, Ink: 1}
	sheet := func(decor ...sheets.Decor) *sheets.Design {
		d := &sheets.Design{ID: "symmetric", Title: "symmetric", Size: geom.Point[geom.Paper]{X: 210, Y: 297}}
		pg := sheets.Page{Decor: decor}
		for q := range 40 {
			f := sheets.Field{ID: sheets.FieldID("q" + strconv.Itoa(q+1)), Outline: sheets.Ellipse}
			for i, c := range []sheets.Choice{"A", "B", "C", "D"} {
				x, y := 50.0+80*float64(q/20)+8*float64(i), 91.5+6*float64(q%20)
				f.Bubbles = append(f.Bubbles, sheets.Bubble{Choice: c, Box: at(x-2, y-2, 4, 4)})
			}
			pg.Fields = append(pg.Fields, f)
		}
		d.Pages = []sheets.Page{pg}
		return d
	}
	for _, c := range []struct {
		name          string
		print, expect *sheets.Design
		turn          int
		read          bool
	}{
		{"a frame", sheet(frame, text), sheet(frame), 0, true},
		{"a frame, upside down", sheet(frame, text), sheet(frame), 2, true},
		{"no frame known", sheet(frame, text), sheet(), 0, false},
		{"no frame printed", sheet(text), sheet(frame), 0, false},
		{"a frame at the other end", sheet(other, text), sheet(frame), 0, true}, // as upside down
		{"frames at both ends", sheet(frame, other), sheet(frame), 0, false},
	} {
		rng := rand.New(rand.NewPCG(5, 6))
		img := printed(t, c.print, 1, float64(dpi))
		truth := answers(c.print.Pages[0], rng)
		omrtest.Fill(img, dpi, c.print.Pages[0], truth, omrtest.PenBlack, rng)
		img = omrtest.Chain(omrtest.Turn(c.turn), omrtest.Skew(1), omrtest.Scanned())(img, rng)
		r, err := (&omr.Reader{Expect: c.expect}).Read(t.Context(), page.Page{Img: img, Bits: 8})
		if (err == nil) != c.read {
			t.Errorf("%s: got %v, want a reading: %v", c.name, err, c.read)
			continue
		}
		if err != nil || c.print.Pages[0].Decor[0].Box == other.Box {
			continue
		}
		for _, v := range judge.Fields(c.expect.Pages[0], r.Evidence, calibration.Default().Policy) {
			if len(v.Doubts) == 0 && !slices.Equal(v.Choices, truth[v.Field]) {
				t.Errorf("%s: %s is read as %v, is %v", c.name, v.Field, v.Choices, truth[v.Field])
			}
		}
	}
}

// TestBareNeverGuesses reads a sheet without anchors by designs that it could be
// shifted against, with rows covered, and pages that are something else: what is read
// must be right, and where two places would do there is none.
func TestBareNeverGuesses(t *testing.T) {
	t.Parallel()
	const dpi = omrtest.DPI(150)
	bare := len(anchorKinds) - 1
	questions := func(keep func(n int) bool) *sheets.Design {
		d := other(bare, 0)
		pg := d.Pages[0]
		pg.Fields = nil
		for i, f := range d.Pages[0].Fields[7:] { // without the number grid, which would tell
			if i < 45 && keep(i) { // the right column is shorter, so that it does not lie alike upside down
				pg.Fields = append(pg.Fields, f)
			}
		}
		return &sheets.Design{ID: d.ID, Title: d.Title, Size: d.Size, Pages: []sheets.Page{pg}}
	}
	all := func(int) bool { return true }
	sheet := questions(all)
	column := questions(func(n int) bool { return n < 25 })
	column.Pages[0].Decor = nil // a box would tell which way up it lies
	patch := func(box geom.Rect[geom.Paper]) omrtest.Spoil {
		return func(img *image.Gray, _ *rand.Rand) *image.Gray {
			k := float64(dpi) / 25.4
			for y := int(box.Min.Y * k); y < int(box.Max.Y*k); y++ {
				for x := int(box.Min.X * k); x < int(box.Max.X*k); x++ {
					img.Pix[y*img.Stride+x] = 255
				}
			}
			return img
		}
	}
	none := func(img *image.Gray, _ *rand.Rand) *image.Gray { return img }
	whole := printed(t, sheet, 1, float64(dpi))
	for _, c := range []struct {
		name   string
		design *sheets.Design
		img    *image.Gray
		spoil  omrtest.Spoil
		read   bool
	}{
		{"as printed", sheet, whole, none, true},
		{"half the last row covered", sheet, whole, patch(at(50, 268, 20, 8)), true},
		{"the first row covered", sheet, whole, patch(at(30, 122, 170, 8.5)), false},
		{"the last rows covered", sheet, whole, omrtest.Chain(patch(at(30, 267, 80, 8.5)), patch(at(120, 237, 60, 8.5))), false},
		{"a row more than the design has, below", questions(func(n int) bool { return n != 24 && n != 44 }), whole, none, false},
		{"a row more than the design has, above", questions(func(n int) bool { return n%25 > 0 }), whole, none, false},
		{"one column of two", column, whole, none, false},
		{"a page of text", sheet, dpi.TextPage(210, 297, rand.New(rand.NewPCG(1, 1))), none, false},
		{"a sheet of ours", sheet, printed(t, national(t, false), 1, float64(dpi)), none, false},
		{"half a sheet", sheet, whole, patch(at(0, 190, 210, 107)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(5, 5))
			img := omrtest.Clone(c.img)
			truth := answers(sheet.Pages[0], rng)
			if c.read {
				omrtest.Fill(img, dpi, sheet.Pages[0], truth, omrtest.PenBlack, rng)
			}
			img = omrtest.Chain(c.spoil, omrtest.Skew(1), omrtest.Scanned())(img, rng)
			start := time.Now()
			r, err := (&omr.Reader{Expect: c.design}).Read(context.Background(), page.Page{Img: img, Bits: 8})
			t.Log(time.Since(start).Round(time.Millisecond), err)
			if (err == nil) != c.read {
				t.Fatalf("got %v, want a reading: %v", err, c.read)
			}
			if !c.read {
				return
			}
			for _, v := range judge.Fields(c.design.Pages[0], r.Evidence, calibration.Default().Policy) {
				if want := truth[v.Field]; len(v.Doubts) == 0 && !slices.Equal(v.Choices, want) {
					t.Errorf("%s is read as %v without a doubt, is %v", v.Field, v.Choices, want)
				}
			}
		})
	}
}

// TestEveryBubble puts the same small mark into every bubble of a page, or into most of them: no
// clear mark is there, and what all bubbles hold must not pass for print. An untouched page is
// blank all the same.
func TestEveryBubble(t *testing.T) {
	t.Parallel()
	const dpi = omrtest.DPI(150)
	for _, bubbles := range []int{0, 1, 2} {
		for _, hand := range []omrtest.Hand{omrtest.Hairline, omrtest.Dot, omrtest.Pale} {
			for _, share := range []float64{1, 0.6, 0} {
				if share == 0 && hand != omrtest.Dot { // one is enough
					continue
				}
				d := other(0, bubbles)
				pg := d.Pages[0]
				rng := rand.New(rand.NewPCG(uint64(bubbles), uint64(hand)))
				img := printed(t, d, 1, float64(dpi))
				truth := map[sheets.FieldID][]sheets.Choice{}
				for _, f := range pg.Fields {
					for _, b := range f.Bubbles {
						if rng.Float64() < share {
							truth[f.ID] = append(truth[f.ID], b.Choice)
							omrtest.Fill(img, dpi, pg, map[sheets.FieldID][]sheets.Choice{f.ID: {b.Choice}}, hand, rng)
						}
					}
				}
				r, err := (&omr.Reader{Expect: d}).Read(context.Background(), page.Page{Img: scanned()(img, rng), Bits: 8})
				if err != nil {
					t.Errorf("%s, %v in %v: %v", d.ID, hand, share, err)
					continue
				}
				doubted, wrong := 0, 0
				for _, v := range judge.Fields(pg, r.Evidence, calibration.Default().Policy) {
					if len(v.Doubts) > 0 {
						doubted++
					} else if !slices.Equal(v.Choices, truth[v.Field]) {
						wrong++
					}
				}
				if wrong > 0 || share == 0 && doubted > 0 {
					t.Errorf("%s, %v in %v of the bubbles: %d fields wrong, %d doubted", d.ID, hand, share, wrong, doubted)
				}
			}
		}
	}
}
