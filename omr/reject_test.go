package omr_test

import (
	"context"
	"errors"
	"image"
	"math/rand/v2"
	"testing"
	"time"

	"bargkhan/omr"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
)

// TestRejects shows what is no readable sheet: each must come back with its true
// cause, and soon.
func TestRejects(t *testing.T) {
	t.Parallel()
	const dpi = omrtest.DPI(200)
	d := national(t, true)
	other := national(t, false)
	rng := rand.New(rand.NewPCG(1, 2))
	sheet := func(s ...omrtest.Spoil) *image.Gray {
		return omrtest.Chain(append(s, omrtest.Scanned())...)(printed(t, d, 1, float64(dpi)), rng)
	}
	grey := func(w, h int, v uint8) *image.Gray {
		img := image.NewGray(image.Rect(0, 0, w, h))
		for i := range img.Pix {
			img.Pix[i] = v
		}
		return img
	}
	both := func(bits sheets.Stamp) (*sheets.Design, error) {
		for _, x := range []*sheets.Design{d, other} {
			if x.Digest().Head() == bits.Check {
				return x, nil
			}
		}
		return nil, nil
	}
	none := func(sheets.Stamp) (*sheets.Design, error) { return nil, nil }
	wrong := func(sheets.Stamp) (*sheets.Design, error) { return other, nil }
	codes := func(img *image.Gray, rng *rand.Rand) *image.Gray {
		for _, c := range sheets.Frames()[0].Codes {
			k := float64(dpi) / 25.4
			for y := int(c.Min.Y * k); y < int(c.Max.Y*k); y++ {
				for x := int(c.Min.X * k); x < int(c.Center().X*k); x++ {
					img.Pix[y*img.Stride+x] = 20
				}
			}
		}
		return img
	}
	for name, c := range map[string]struct {
		img    *image.Gray
		reader omr.Reader
		want   omr.Reason
	}{
		"no picture":         {nil, omr.Reader{Design: both}, omr.Undecoded},
		"a stamp's size":     {grey(90, 120, 255), omr.Reader{Design: both}, omr.TooSmall},
		"blank":              {omrtest.Scanned()(grey(1654, 2339, 255), rng), omr.Reader{Design: both}, omr.BlankPage},
		"black":              {grey(1654, 2339, 3), omr.Reader{Design: both}, omr.NoAnchors},
		"a letter":           {omrtest.Scanned()(dpi.TextPage(210, 297, rng), rng), omr.Reader{Design: both}, omr.NoAnchors},
		"noise":              {omrtest.Noise(120)(grey(1654, 2339, 128), rng), omr.Reader{Design: both}, omr.NoAnchors},
		"mirrored":           {sheet(omrtest.Mirror()), omr.Reader{Design: both}, omr.Mirrored},
		"mirrored and down":  {sheet(omrtest.Mirror(), omrtest.Turn(3)), omr.Reader{Design: both}, omr.Mirrored},
		"turned by 20°":      {sheet(dpi.Margin(60, 230), omrtest.Skew(20)), omr.Reader{Design: both}, omr.Distorted},
		"turned by 13°":      {sheet(dpi.Margin(40, 230), omrtest.Skew(13)), omr.Reader{Design: both}, omr.Distorted},
		"60 dpi":             {sheet(omrtest.Resample(0.3)), omr.Reader{Design: both}, omr.TooSmall},
		"copied at 80 %":     {sheet(omrtest.Scale(0.8, 0.8)), omr.Reader{Design: both}, omr.Distorted},
		"both codes covered": {sheet(codes), omr.Reader{Design: both}, omr.NoStamp},
		"an unknown design":  {sheet(), omr.Reader{Design: none}, omr.NoDesign},
		"a wrong revision":   {sheet(), omr.Reader{Design: wrong}, omr.NoDesign},
		"not the expected":   {sheet(), omr.Reader{Design: both, Expect: other}, omr.Foreign},
		"nothing to ask":     {sheet(), omr.Reader{Expect: other}, omr.NoDesign},
		"half a sheet":       {sheet(dpi.Crop(0, 0, 0, 150)), omr.Reader{Design: both}, omr.Cropped},
		"its left cut off":   {sheet(omrtest.Skew(2), dpi.Crop(25, 0, 0, 0)), omr.Reader{Design: both}, omr.Cropped},
		"hardly any toner":   {sheet(omrtest.Range(200, 250)), omr.Reader{Design: both}, omr.LowContrast},
		"out of focus":       {sheet(omrtest.Blur(9)), omr.Reader{Design: both}, omr.Blurred},
		"dirty glass":        {sheet(omrtest.Streak(0.07, 9, 20), omrtest.Streak(0.085, 9, 20), omrtest.Streak(0.915, 9, 20), omrtest.Streak(0.93, 9, 20)), omr.Reader{Design: both}, omr.Soiled},
		"a back":             {sheet(omrtest.Contrast(0.1), omrtest.Range(225, 250)), omr.Reader{Design: both}, omr.BlankPage},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			r, err := c.reader.Read(context.Background(), page.Page{Number: 1, DPI: float64(dpi), Img: c.img, Bits: 8})
			var back *omr.Reject
			if !errors.As(err, &back) || back.Reason != c.want {
				t.Errorf("got %v, %v, want %v", r, err, c.want)
			}
			if back != nil && back.Detail == "" {
				t.Error("the reject does not say what to do")
			}
			// Ten times what the slowest takes alone: the search must be bounded.
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
			t.Log(time.Since(start).Round(time.Millisecond), err)
		})
	}
}

// TestPapers reads all paper sizes, whichever way up, and none in a mirror.
func TestPapers(t *testing.T) {
	t.Parallel()
	for _, paper := range []string{"A4", "A5", "Letter"} {
		d, err := sheets.Layout(sheets.Description{ID: "papers", Paper: paper, Blocks: []sheets.Block{{Title: "1", Questions: 10}}})
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(3, 3))
		r := omr.Reader{Expect: d}
		turns := 4
		if paper != "A4" {
			turns = 2
		}
		for turn := range turns {
			img := omrtest.Chain(omrtest.Turn(turn), omrtest.Skew(0.6), omrtest.Scanned())(printed(t, d, 5, 150), rng)
			got, err := r.Read(context.Background(), page.Page{DPI: 150, Img: img, Bits: 8})
			if err != nil || got.Pose.Turn != (4-turn)%4 {
				t.Errorf("%s turned %d: got %+v, %v", paper, turn, got, err)
			}
			back := omrtest.Chain(omrtest.Turn(turn), omrtest.Mirror(), omrtest.Scanned())(printed(t, d, 5, 150), rng)
			_, err = r.Read(context.Background(), page.Page{DPI: 150, Img: back, Bits: 8})
			var why *omr.Reject
			if !errors.As(err, &why) || why.Reason != omr.Mirrored {
				t.Errorf("%s turned %d in a mirror: %v", paper, turn, err)
			}
		}
	}
}

// TestExpectReads shows that a reader that only knows what it expects reads that.
func TestExpectReads(t *testing.T) {
	d := national(t, false)
	r := omr.Reader{Expect: d}
	got, err := r.Read(context.Background(), page.Page{Img: printed(t, d, 77, 150), Bits: 8})
	if err != nil || got.Stamp.Serial != sheets.NewSerial(77) || got.Design != d.Digest() {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestErrorOfDesign shows that the caller's own error comes back as it is.
func TestErrorOfDesign(t *testing.T) {
	d := national(t, false)
	mine := errors.New("the store is down")
	r := omr.Reader{Design: func(sheets.Stamp) (*sheets.Design, error) { return nil, mine }}
	if _, err := r.Read(context.Background(), page.Page{Img: printed(t, d, 77, 150), Bits: 8}); !errors.Is(err, mine) {
		t.Errorf("got %v, want %v", err, mine)
	}
}
