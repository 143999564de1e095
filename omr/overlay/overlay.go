// Package overlay draws a reading over its page and cuts crops, for review and
// for tests. It is for people's eyes: nothing is measured on what it returns.
package overlay

import (
	"image"

	"bargkhan/omr"
	"bargkhan/sheets"
	"bargkhan/sheets/geom"
)

// Crop returns the part of the scan that shows box of the sheet, upright and
// width pixels wide, whichever way the sheet lay. Outside the scan it is grey.
func Crop(img *image.Gray, pose *omr.Pose, box geom.Rect[geom.Paper], width int) image.Image {
	panic("stub")
}

// Draw returns the whole page with the anchors, the outlines and the measured
// ink of r drawn over it.
func Draw(img *image.Gray, d *sheets.Design, r *omr.Reading) image.Image { panic("stub") }
