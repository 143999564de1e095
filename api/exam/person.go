package exam

import (
	"slices"

	"bargkhan/api/persian"
	"bargkhan/omr/judge"
	"bargkhan/sheets"
)

// Whose names the one candidate on whom stamp, number and rulings agree; no digit
// is repaired and no likely name is taken. Anything else is "" with the doubts
// that hold it open.
//
//   - A ruling of the office on PersonField outranks all: it names a person of the
//     roster, or nobody: then "" without a doubt, and the script is void.
//   - The owner of a personalised sheet, unless digits that were filled in say
//     otherwise (Disagree).
//   - On a spare, the digits of the number grid: all settled, one mark each, a
//     possible national number, and on the roster (else Unknown). A grid left
//     wholly blank is Missing. Digits in doubt give their own doubts.
func Whose(s *Script, roster []Candidate) (PersonID, []judge.Doubt) {
	p, doubts, _ := whose(s, Answers(s), roster)
	return p, doubts
}

// whose is Whose over given answers. digits says that the doubts are those of
// digits of the number grid, which a reviewer can settle without knowing the roster.
func whose(s *Script, answers []Answer, roster []Candidate) (p PersonID, doubts []judge.Doubt, digits bool) {
	if r, ok := standing(s.Rulings)[PersonField]; ok {
		p, doubts = ruledPerson(r, roster)
		return p, doubts, false
	}
	grid := slices.Clone(answers)
	grid = slices.DeleteFunc(grid, func(a Answer) bool { return a.Role != sheets.Identity })
	if doubts := digitDoubts(s, grid); len(doubts) > 0 {
		return "", doubts, true
	}
	if s.Owner != "" {
		if !enrolled(roster, s.Owner) {
			return "", one(judge.Unknown), false
		}
		if contradicts(grid, s.Owner) {
			return "", one(judge.Disagree), false
		}
		return s.Owner, nil, false
	}
	p, doubts = numbered(grid, roster)
	return p, doubts, false
}

// one is a single doubt about the whole.
func one(r judge.Reason) []judge.Doubt { return []judge.Doubt{{Reason: r}} }

func enrolled(roster []Candidate, p PersonID) bool {
	return slices.ContainsFunc(roster, func(c Candidate) bool { return c.Person == p })
}

// ruledPerson is whom the office named.
func ruledPerson(r Ruling, roster []Candidate) (PersonID, []judge.Doubt) {
	switch {
	case len(r.Choices) == 0:
		return "", nil
	case len(r.Choices) == 1 && enrolled(roster, PersonID(r.Choices[0])):
		return PersonID(r.Choices[0]), nil
	}
	return "", one(judge.Unknown) // the roster has changed since
}

// untouched says that nothing was filled in anywhere in the grid.
func untouched(grid []Answer) bool {
	return !slices.ContainsFunc(grid, func(a Answer) bool { return len(a.Choices) > 0 || !blank(a) })
}

// blank says that a has no mark and no doubt but that it has none.
func blank(a Answer) bool {
	return len(a.Choices) == 0 && !slices.ContainsFunc(a.Doubts, func(d judge.Doubt) bool { return d.Reason != judge.Missing })
}

// asks says whether the doubts of a digit must be settled before the script is
// anybody's. A personalised sheet needs no digit: what is blank or hidden there
// contradicts nobody. A grid that is wholly blank is the office's to ask about.
func asks(s *Script, grid []Answer, a Answer) bool {
	switch {
	case a.settled() || untouched(grid):
		return false
	case s.Owner == "":
		return true
	}
	return slices.ContainsFunc(a.Doubts, func(d judge.Doubt) bool {
		return d.Reason != judge.Missing && d.Reason != judge.Hidden && d.Reason != judge.Lost
	})
}

// digitDoubts are the doubts of all digits that must be settled.
func digitDoubts(s *Script, grid []Answer) []judge.Doubt {
	var out []judge.Doubt
	for _, a := range grid {
		if asks(s, grid, a) {
			out = append(out, a.Doubts...)
		}
	}
	return distinct(out)
}

// contradicts says whether a digit that was filled in is not that of p.
func contradicts(grid []Answer, p PersonID) bool {
	for i, a := range grid {
		if !a.settled() || len(a.Choices) == 0 {
			continue
		}
		if len(a.Choices) > 1 || i >= len(p) || string(a.Choices[0]) != string(p[i]) {
			return true
		}
	}
	return false
}

// numbered is whom the digits of a spare name.
func numbered(grid []Answer, roster []Candidate) (PersonID, []judge.Doubt) {
	if untouched(grid) {
		return "", one(judge.Missing)
	}
	number := ""
	for _, a := range grid {
		if len(a.Choices) != 1 {
			return "", one(judge.Unknown)
		}
		number += string(a.Choices[0])
	}
	if persian.CheckNational(number) != nil || !enrolled(roster, PersonID(number)) {
		return "", one(judge.Unknown)
	}
	return PersonID(number), nil
}
