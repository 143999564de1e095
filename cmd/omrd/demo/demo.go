// Package demo does the whole job on a running service as the people of an exam
// would: an office sets up a session, prints sheets and certifies; candidates
// mark; a scanner drops files; a supervisor settles doubts; the Centre pulls the
// grades. It knows what every sheet truly says, and compares.
//
// It speaks to the service through its HTTP API and through the drop folder of
// one station, and in no other way.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// A Demo is one run. All fields but Exit and Seed must be set.
type Demo struct {
	Base     string // address of the service, without a slash at the end
	Token    string // of an administrator
	Station  string // that the folder belongs to
	Drop     string // where the scanner writes
	Dir      string // where the printed sheets and what the demo remembers are kept
	Fonts    string
	Readers  int       // processes that read at once
	Out      io.Writer // a terminal or a file
	Terminal bool      // Out is a terminal
	Exit     bool      // settle, certify, verify, and end
	Seed     uint64    // of everything that is made up; equal seeds make equal scans
}

// ErrDiffers says that the service's results are not the known truth.
var ErrDiffers = errors.New("the results differ from the known truth")

// Run does the job. A run that was broken off is continued: what the service
// already has is not made or dropped again.
func (d *Demo) Run(ctx context.Context) error {
	step := func(format string, args ...any) { fmt.Fprintf(d.Out, "\n▸ "+format+"\n", args...) }

	step("Setting up the session, as an office does")
	office, err := d.setUp(ctx)
	if err != nil {
		return fmt.Errorf("setting up the session: %w", err)
	}
	office.describe(d.Out)

	step("Filling them and spoiling the scans, as people, paper and scanners do")
	stack, err := office.stack(d.Seed, d.Fonts, d.progress("made", 2*handedIn))
	if err != nil {
		return fmt.Errorf("making scans: %w", err)
	}
	fmt.Fprintf(d.Out, "  %d files, %d pages\n", len(stack.files), stack.pages())

	step("Scanning into %s while the line reads", d.Drop)
	start := time.Now()
	if err := d.scan(ctx, office, stack); err != nil {
		return fmt.Errorf("scanning: %w", err)
	}
	took := time.Since(start)
	report, err := d.compare(ctx, office, stack)
	if err != nil {
		return fmt.Errorf("comparing with the truth: %w", err)
	}
	report.took = took
	if err := office.count(ctx, d, stack); err != nil {
		return fmt.Errorf("counting the paper: %w", err)
	}
	if d.Exit {
		step("Settling the doubts, certifying, pulling and verifying")
		if err := office.finish(ctx, d, stack, report); err != nil {
			return fmt.Errorf("finishing: %w", err)
		}
	}
	step("What came of it")
	report.print(d.Out)
	if err := office.waiting(ctx, d.Base, d.Out); err != nil {
		return err
	}
	if err := report.save(d.Dir); err != nil {
		return err
	}
	if len(report.Differs) > 0 {
		return ErrDiffers
	}
	return nil
}
