// Package certificate is the registry: who was certified for what, and all that
// was done with it since.
package certificate

import (
	"context"
	"time"

	"bargkhan/api/exam"
)

// A Serial is derived from the session, the person, the title and the score, so
// issuing twice issues once. It is never used for anything else again.
type Serial string

// A Certificate says that one person passed one title. Acts are only appended.
// It keeps what it said on the day it was issued.
type Certificate struct {
	Serial    Serial         `json:"serial"`
	Session   exam.SessionID `json:"session"`
	Person    exam.Candidate `json:"person"` // as of issue
	Title     exam.Title     `json:"title"`  // as of issue; Items are left out
	Grade     exam.Grade     `json:"grade"`  // as it was
	Words     Words          `json:"words"`
	Acts      []Act          `json:"acts"`
	Signature []byte         `json:"signature"` // over Message, by KeyID
	KeyID     string         `json:"key_id"`
}

// Words are what the printed certificate quotes of its session.
type Words struct {
	Office     string    `json:"office"`
	Set        string    `json:"set"`
	Date       exam.Date `json:"date"`
	LegalBasis string    `json:"legal_basis"`
}

// An Act is one thing done with a certificate.
type Act struct {
	Kind   Kind       `json:"kind"`
	By     exam.Login `json:"by"`
	At     time.Time  `json:"at"`
	Reason string     `json:"reason,omitempty"`
}

// Kind is what an Act did. Text codes "issued", "approved", "delivered",
// "revoked", "replaced", "duplicated".
type Kind uint8

// The kinds of acts.
const (
	Issued Kind = iota + 1
	Approved
	Delivered
	Revoked
	Replaced
	Duplicated
)

// A Signer is a file key in the small and a hardware module in the large.
type Signer interface {
	Sign(message []byte) (signature []byte, keyID string, err error)

	// Verify is nil when signature over message was made by the key keyID of this
	// signer, which may be one it no longer signs with.
	Verify(message, signature []byte, keyID string) error
}

// A Passing is one title of one session that a person has passed for certain.
type Passing struct {
	Person exam.Candidate
	Title  exam.Title
	Grade  exam.Grade
	Words  Words
}

// A Store is what the registry needs remembered. Each method is one transaction.
type Store interface {
	// Passed lists what a session has earned: final grades that pass, of persons
	// with exactly one script in the session.
	Passed(ctx context.Context, id exam.SessionID) ([]Passing, error)

	// Certificate is a fault.NotFound when there is none.
	Certificate(ctx context.Context, s Serial) (*Certificate, error)

	// Certificates lists every certificate of a session.
	Certificates(ctx context.Context, id exam.SessionID) ([]Certificate, error)

	// Keep keeps a new certificate and says whether it was new. Keeping it again
	// changes nothing.
	Keep(ctx context.Context, c Certificate) (bool, error)

	// Act is a fault.Conflict if the certificate no longer has n Acts.
	Act(ctx context.Context, s Serial, n int, a Act) error
}
