package omr

import "bargkhan/omr/internal/pix"

// streaks are the lines that dust on a scanner's glass draws over a page.
type streaks struct{}

// hide marks the samples under a streak as outside, and returns the share that is
// left.
func (k *streaks) hide(at px, l pix.Lens, steps []mm, values []float64) float64 { return 1 }
