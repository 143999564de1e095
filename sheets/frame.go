package sheets

import "bargkhan/sheets/geom"

// A Frame is what every sheet of ours of one paper size carries in the same
// place, whatever is printed inside: four coded corner markers, ticks along both
// long edges, and the stamp twice in opposite corners. It lets the reader find
// the sheet and read its stamp before it knows the design.
type Frame struct {
	Name    string                 // "A4"
	Size    geom.Point[geom.Paper] // mm
	Markers [4]Anchor              // in the order of a geom.Quad
	Ticks   []Anchor               // the left row from the top, then the right row
	Codes   [2]geom.Rect[geom.Paper]
	Content geom.Rect[geom.Paper] // what is left for a design between the ticks
}

// Measures of a Frame, in mm. Ten millimetres from the edge keeps the markers
// clear of the feeder's shadow, of copiers that do not print the border, and of
// the hall's punch; 1.5 mm modules are nine pixels at 150 dpi.
const (
	frameInset = 10.0
	markerSide = 9.0
	tickLong   = 4.0
	tickHigh   = 1.5
	tickPitch  = 5.0
	codeCell   = 1.5
)

// StampColumns and StampRows are the cells of a printed stamp.
const (
	StampColumns = 26
	StampRows    = 4
)

// Frames lists the frames of all paper sizes, each with markers of its own.
func Frames() []Frame {
	return []Frame{
		newFrame("A4", 210, 297, 0),
		newFrame("A5", 148, 210, 4),
		newFrame("Letter", 215.9, 279.4, 8),
	}
}

// newFrame lays out the frame of a w×h mm paper whose top-left marker is first.
func newFrame(name string, w, h float64, first int) Frame {
	const i, m = frameInset, markerSide
	f := Frame{Name: name, Size: geom.Point[geom.Paper]{X: w, Y: h}}
	at := [4][2]float64{{i, i}, {w - i - m, i}, {w - i - m, h - i - m}, {i, h - i - m}}
	for k, p := range at {
		f.Markers[k] = Anchor{Shape: Marker, Box: geom.R[geom.Paper](p[0], p[1], p[0]+m, p[1]+m), ID: first + k}
	}
	for _, x := range []float64{i, w - i - tickLong} {
		for y := i + m + 5; y+tickHigh <= h-i-m-5; y += tickPitch {
			f.Ticks = append(f.Ticks, Anchor{Shape: Bar, Box: geom.R[geom.Paper](x, y, x+tickLong, y+tickHigh)})
		}
	}
	const cw, ch = StampColumns * codeCell, StampRows * codeCell
	f.Codes[0] = geom.R[geom.Paper](w-i-m-3-cw, i, w-i-m-3, i+ch)
	f.Codes[1] = geom.R[geom.Paper](i+m+3, h-i-ch, i+m+3+cw, h-i)
	f.Content = geom.R[geom.Paper](i+tickLong+3, i+m+3, w-i-tickLong-3, h-i-m-3)
	return f
}

// MarkerBits returns the 4×4 modules inside marker id of ArUco's DICT_4X4_50, row
// by row from the top left, true for white: OpenCV's published dictionary
// (Garrido-Jurado et al., Pattern Recognition 47, 2014), of which sheets of ours
// use the first twelve. Any two of them, and any one in two turns, differ in five
// modules at least. It panics on any other id.
func MarkerBits(id int) [16]bool {
	words := [12]uint16{
		181<<8 | 50, 15<<8 | 154, 51<<8 | 45, 153<<8 | 70,
		84<<8 | 158, 121<<8 | 205, 158<<8 | 46, 196<<8 | 242,
		254<<8 | 218, 207<<8 | 86, 249<<8 | 145, 17<<8 | 167,
	}
	var bits [16]bool
	for i := range bits {
		bits[i] = words[id]>>(15-i)&1 == 1
	}
	return bits
}
