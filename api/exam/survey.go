package exam

import (
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// An OpinionCount is what was said to one statement of a survey. It holds numbers
// only: nothing in it leads to a sheet, and so to a person.
type OpinionCount struct {
	Field    sheets.FieldID `json:"field"`
	Answered int            `json:"answered"` // sheets with a settled mark
	Blank    int            `json:"blank"`
	Open     int            `json:"open"`   // sheets whose marks are in doubt; they are in no other number
	Counts   []int          `json:"counts"` // of each choice, in the order of the design
}

// LeastOpinions is how many sheets a survey has at least whose counts are shown: of
// fewer, people who know each other could tell who said what.
const LeastOpinions = 5

// CountOpinions counts the survey fields of a design over its sheets, each given by
// its verdicts on all pages. Below LeastOpinions sheets it counts nothing, and ok is
// false. It is a pure function; the order of the sheets changes nothing.
func CountOpinions(d *sheets.Design, papers [][]judge.Verdict) (out []OpinionCount, ok bool) {
	if len(papers) < LeastOpinions {
		return nil, false
	}
	for p := range d.Pages {
		for i := range d.Pages[p].Fields {
			if f := &d.Pages[p].Fields[i]; f.Role == sheets.Survey {
				out = append(out, countOpinion(f, papers))
			}
		}
	}
	return out, true
}

func countOpinion(f *sheets.Field, papers [][]judge.Verdict) OpinionCount {
	n := OpinionCount{Field: f.ID, Counts: make([]int, len(f.Bubbles))}
	for _, verdicts := range papers {
		for _, v := range verdicts {
			switch {
			case v.Field != f.ID:
			case len(v.Doubts) > 0:
				n.Open++
			case len(v.Choices) == 0:
				n.Blank++
			default:
				n.Answered++
				for i, b := range f.Bubbles {
					for _, c := range v.Choices {
						if c == b.Choice {
							n.Counts[i]++
						}
					}
				}
			}
		}
	}
	return n
}
