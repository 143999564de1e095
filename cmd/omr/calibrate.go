package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/page"
	"bargkhan/sheets"
	"bargkhan/sheets/deck"
)

// calibrateCmd learns a profile from pages whose answers are known.
type calibrateCmd struct {
	Design  []string  `short:"d" help:"Design file of the known pages; may be given several times." placeholder:"FILE"`
	Known   []string  `help:"Known pages as they were measured, one JSON object a line (make corpus writes them)." placeholder:"FILE"`
	Deck    string    `help:"The JSON that was written beside a printed test deck; the files are its scans." placeholder:"FILE"`
	Files   []string  `arg:"" optional:"" help:"Scans of the deck, or folders of scans."`
	Profile string    `help:"Profile to start from; the shipped one if not given." placeholder:"FILE"`
	Keep    bool      `help:"Learn nothing: the profile that is given is only tried on the pages."`
	Report  bool      `help:"Print what the profile makes of the pages, and how near it comes to a misread."`
	ID      string    `help:"Name of the new policy, stored with every verdict." default:"learned"`
	Scanner string    `help:"What the profile is for." default:"any"`
	At      time.Time `help:"When it was learnt; now if not given." format:"2006-01-02T15:04:05Z07:00"`
	Output  string    `short:"o" help:"Profile to write." placeholder:"FILE"`
}

// Run learns, reports, and writes the profile if it misreads nothing.
func (c *calibrateCmd) Run(ctx context.Context, s *streams) error {
	desk, err := (&readCmd{Profile: c.Profile}).desk()
	if err != nil {
		return err
	}
	pages, digest, err := c.pages(ctx, s)
	if err != nil {
		return err
	}
	policy := desk.policy
	if !c.Keep {
		if policy, err = calibration.Learn(pages, policy); err == nil {
			policy.ID = c.ID
		}
	}
	if c.Report {
		report(s.out, pages, policy)
	}
	if err != nil || c.Output == "" {
		return err
	}
	if c.At.IsZero() {
		c.At = time.Now()
	}
	profile := calibration.NewProfile(pages, policy, c.Scanner, "sha256:"+digest, c.At)
	if profile.Learned.Misread > 0 {
		return fmt.Errorf("%d fields of the known pages are misread: the profile is not written", profile.Learned.Misread)
	}
	b, err := json.MarshalIndent(profile, "", "  ")
	if err != nil {
		return err
	}
	return atomically(ctx, c.Output, func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	})
}

// pages are all known pages, and the digest of their lines in order: the same pages
// read in another order have the same.
func (c *calibrateCmd) pages(ctx context.Context, s *streams) (*calibration.Pages, string, error) {
	var designs []*sheets.Design
	for _, name := range c.Design {
		d, err := loadDesign(name)
		if err != nil {
			return nil, "", err
		}
		designs = append(designs, d)
	}
	var known []calibration.Known
	for _, name := range c.Known {
		f, err := os.Open(name)
		if err != nil {
			return nil, "", err
		}
		ks, err := calibration.ReadKnown(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, "", fmt.Errorf("%s: %w", name, err)
		}
		known = append(known, ks...)
	}
	if c.Deck != "" {
		d, ks, err := c.cards(ctx, s)
		if err != nil {
			return nil, "", err
		}
		designs, known = append(designs, d), append(known, ks...)
	}
	digest, err := sortKnown(known)
	if err != nil {
		return nil, "", err
	}
	p, err := calibration.NewPages(known, designs...)
	return p, digest, err
}

// sortKnown brings pages into the order of their lines and returns the digest of these.
func sortKnown(known []calibration.Known) (string, error) {
	lines := make([][]byte, len(known))
	for i := range known {
		var err error
		if lines[i], err = json.Marshal(&known[i]); err != nil {
			return "", err
		}
	}
	order := make([]int, len(known))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return bytes.Compare(lines[a], lines[b]) })
	hash := sha256.New()
	sorted := make([]calibration.Known, len(known))
	for i, j := range order {
		sorted[i] = known[j]
		hash.Write(lines[j])
		hash.Write([]byte{'\n'})
	}
	copy(known, sorted)
	return fmt.Sprintf("%x", hash.Sum(nil)), nil
}

// cards reads the scans of a deck. Pages that are no cards of it, or that nobody can
// read, teach nothing and are told.
func (c *calibrateCmd) cards(ctx context.Context, s *streams) (*sheets.Design, []calibration.Known, error) {
	f, err := os.Open(c.Deck)
	if err != nil {
		return nil, nil, err
	}
	d, err := deck.Decode(bufio.NewReader(f))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.Deck, err)
	}
	files, err := walk(c.Files)
	if err != nil {
		return nil, nil, err
	}
	var known []calibration.Known
	for _, name := range files {
		k, err := cardsIn(ctx, s, d, name)
		if err != nil {
			return nil, nil, err
		}
		known = append(known, k...)
	}
	return d.Design, known, nil
}

func cardsIn(ctx context.Context, s *streams, d *deck.Deck, name string) (out []calibration.Known, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	head := d.Design.Digest().Head()
	reader := omr.Reader{Design: func(s sheets.Stamp) (*sheets.Design, error) {
		if s.Check != head {
			return nil, nil
		}
		return d.Design, nil
	}}
	for p, err := range page.Decode(ctx, f, st.Size(), page.Limits{}) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var r *omr.Reading
		if err == nil {
			r, err = reader.Read(ctx, p)
		}
		if err != nil {
			fmt.Fprintf(s.err, "%s, page %d teaches nothing: %v\n", name, p.Number, err)
			continue
		}
		card := d.Card(r.Stamp)
		if card == nil || !r.Stamp.Test || card.Returned() {
			fmt.Fprintf(s.err, "%s, page %d teaches nothing: it is no card of this deck\n", name, p.Number)
			continue
		}
		out = append(out, knownCard(d.Design, card, r))
	}
	return out, nil
}

// knownCard is a card as it was measured.
func knownCard(d *sheets.Design, card *deck.Card, r *omr.Reading) calibration.Known {
	k := calibration.Known{Family: string(card.Kind), Design: d.Digest().String(), Page: card.Page, Swatches: r.Swatches}
	for _, e := range r.Evidence {
		k.Measured = append(k.Measured, calibration.MeasuredOf(e))
	}
	for _, f := range card.Fields {
		expect := map[deck.Expect]calibration.Expect{deck.Sure: calibration.Sure, deck.May: calibration.May, deck.Must: calibration.Must}[f.Expect]
		k.Fields = append(k.Fields, calibration.Said{Choices: f.Choices, Expect: expect})
	}
	return k
}

// report prints what a policy makes of known pages by family, what may be expected of
// other pages like these, and how near it comes to a misread.
func report(w io.Writer, p *calibration.Pages, policy judge.Policy) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "family\tpages\tfields\tright\tdoubted\tneedless\twrong\twrong of 1e6 settled, 95 % at most\t")
	scores := p.Score(policy)
	var all calibration.Count
	line := func(name string, c calibration.Count) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.0f\t\n", name, c.Pages, c.Fields, c.Right, c.Doubted, c.Needless, c.Wrong, 1e6*c.AtMost())
	}
	for _, name := range slices.Sorted(maps.Keys(scores)) {
		c := scores[name]
		all.Add(c)
		line(name, c)
	}
	line("all", all)
	_ = t.Flush() // the stream's own errors show elsewhere
	fmt.Fprintf(w, "\npolicy %s: blank %.3g, marked %.3g, part %.3g, filled %.3g, lead %.3g, fit %.3g, seen %.3g, divided %.3g\n",
		policy.ID, policy.Blank, policy.Marked, policy.Part, policy.Filled, policy.Lead, policy.Fit, policy.Seen, policy.Divided)
	fmt.Fprintf(w, "expected wrong among %d accepted fields of pages like these: %d (95 %% at most %.1f)\n\n",
		all.Settled(), all.Wrong, all.AtMost()*float64(all.Settled()))
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "thresholds looser by\twrong\tneedless\tdoubted\t")
	for _, by := range []float64{-0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.4} {
		var c calibration.Count
		for _, s := range p.Score(calibration.Looser(policy, by)) {
			c.Add(s)
		}
		fmt.Fprintf(t, "%.0f %%\t%d\t%d\t%d\t\n", 100*by, c.Wrong, c.Needless, c.Doubted)
	}
	_ = t.Flush()
	reliability(w, p, policy)
}

// reliability prints the calibration curve: how often fields are wrong by their margin,
// as one half of the pages foretells it and as the other half turns out.
func reliability(w io.Writer, p *calibration.Pages, policy judge.Policy) {
	table, all, accepted := p.Reliabilities(policy)
	fmt.Fprintln(w, "\nhow likely a field is wrong, by its margin; below 0 % only a looser policy settles it")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "margin from\tfields\twrong\twrong of 1e6\tforetold by the other half\t")
	for _, r := range table {
		fmt.Fprintf(t, "%.0f %%\t%d\t%d\t%.0f\t%.0f\t\n", 100*r.Margin, r.Fields, r.Wrong, 1e6*float64(r.Wrong)/float64(max(r.Fields, 1)), 1e6*r.Foretold)
	}
	_ = t.Flush()
	fmt.Fprintf(w, "calibration error: %.6f over the whole table, %.6f over the accepted fields\n", all, accepted)
}
