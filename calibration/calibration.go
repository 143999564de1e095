// Package calibration learns a judge.Policy from pages whose answers are known, and
// keeps it with its pedigree as a Profile: a file, reviewed like code.
package calibration

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"bargkhan/omr/judge"
)

// A Profile is a Policy with its pedigree. It is a file, reviewed like code.
type Profile struct {
	Scanner string       `json:"scanner"` // what it is for; "any" fits every scanner, with wide doubt
	Policy  judge.Policy `json:"policy"`
	Learned Pedigree     `json:"learned"`
}

// A Pedigree says what a Policy was learnt from.
type Pedigree struct {
	At      time.Time `json:"at"`
	Corpus  string    `json:"corpus"`  // names the pages, or their digest
	Bubbles int       `json:"bubbles"` // that were looked at
	Misread int       `json:"misread"` // must be 0 to be accepted
	Doubted int       `json:"doubted"` // bubbles a person would have been shown
}

// limit of a profile file; the shipped one has about 700 bytes.
const maxProfile = 1 << 20

// Load reads a profile. Its error lists every fault of the file.
func Load(r io.Reader) (Profile, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxProfile))
	if err != nil {
		return Profile{}, fmt.Errorf("profile: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var p Profile
	if err := dec.Decode(&p); err != nil {
		return Profile{}, fmt.Errorf("profile: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Profile{}, errors.New("profile: something stands behind the end of the profile")
	}
	var faults []error
	if p.Learned.Misread != 0 {
		faults = append(faults, fmt.Errorf("profile: learned.misread is %d: a policy that misread is never used", p.Learned.Misread))
	}
	if err := p.Policy.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("profile: %w", err))
	}
	if err := errors.Join(faults...); err != nil {
		return Profile{}, err
	}
	return p, nil
}

//go:embed default.json
var shipped []byte

// Default is the profile that is used where no scanner has one of its own.
func Default() Profile {
	p, err := Load(bytes.NewReader(shipped))
	if err != nil {
		panic(err) // it is part of the program, and a test loads it
	}
	return p
}
