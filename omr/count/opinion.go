package count

import (
	"strconv"

	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// An Opinion is what was said to one statement of a survey. It holds numbers
// only: nothing in it leads to a sheet, and so to a person.
type Opinion struct {
	Field    sheets.FieldID  `json:"field"`
	Answered int             `json:"answered"` // sheets with a settled mark
	Blank    int             `json:"blank"`
	Open     int             `json:"open"`    // sheets whose marks are in doubt; they are in no other number
	Choices  []sheets.Choice `json:"choices"` // in the order of the design
	Counts   []int           `json:"counts"`  // of each of Choices
}

// Mean is the mean of what was marked, each choice counted as the number that it is;
// not ok if one is no number, or nothing was marked. Only of choices that are a scale
// does it say anything.
func (o *Opinion) Mean() (mean float64, ok bool) {
	marks, sum := 0, 0
	for i, c := range o.Choices {
		n, err := strconv.Atoi(string(c))
		if err != nil {
			return 0, false
		}
		marks, sum = marks+o.Counts[i], sum+n*o.Counts[i]
	}
	if marks == 0 {
		return 0, false
	}
	return float64(sum) / float64(marks), true
}

// Least is how many sheets a survey has at least whose counts are shown: of
// fewer, people who know each other could tell who said what.
const Least = 5

// Opinions counts the survey fields of a design over its sheets, each given by
// its verdicts on all pages. Below Least sheets it counts nothing, and ok is
// false. It is a pure function; the order of the sheets changes nothing.
func Opinions(d *sheets.Design, papers [][]judge.Verdict) (out []Opinion, ok bool) {
	if len(papers) < Least {
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

func countOpinion(f *sheets.Field, papers [][]judge.Verdict) Opinion {
	n := Opinion{Field: f.ID, Counts: make([]int, len(f.Bubbles))}
	for _, b := range f.Bubbles {
		n.Choices = append(n.Choices, b.Choice)
	}
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
