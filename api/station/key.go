package station

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
)

// KeyHead begins the text of every station's key and bearer word, so that one that
// leaks is recognised.
const KeyHead = "omrs_"

// A Key is the one secret of a station. From it come the bearer word for requests
// and the pair of keys for lists; the service keeps the sum of the one and the
// public half of the other, and nobody can become the station with them.
type Key struct {
	Station string // its name
	seed    []byte
}

// NewKey makes a key for the station of this name.
func NewKey(station string) Key {
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // never fails (crypto/rand)
	return Key{station, seed}
}

// ParseKey reads the text of a key.
func ParseKey(text string) (Key, error) {
	name, secret, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(text), KeyHead), ".")
	seed, err := base64.RawURLEncoding.DecodeString(secret)
	if !ok || err != nil || len(seed) != 32 || name == "" {
		return Key{}, fmt.Errorf("this is not the key of a station: %s, a name, a dot and 43 letters expected; ask the service's administrator for one", KeyHead)
	}
	return Key{name, seed}, nil
}

// ReadKey reads a key from a file.
func ReadKey(path string) (Key, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("key of the station: %w", err)
	}
	k, err := ParseKey(string(b))
	if err != nil {
		return k, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// String is the text of the key: it is shown once and kept in one file.
func (k Key) String() string {
	return KeyHead + k.Station + "." + base64.RawURLEncoding.EncodeToString(k.seed)
}

// Bearer is the word that requests bear.
func (k Key) Bearer() string {
	return KeyHead + k.Station + "." + base64.RawURLEncoding.EncodeToString(k.derive("request"))
}

// Public checks the lists that the station signs.
func (k Key) Public() ed25519.PublicKey { return k.signer().Public().(ed25519.PublicKey) }

func (k Key) signer() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(k.derive("list")) }

// derive is a secret of its own for each use.
func (k Key) derive(use string) []byte {
	out, err := hkdf.Key(sha256.New, k.seed, nil, "bargkhan station "+use, 32)
	if err != nil {
		panic(err) // 32 bytes are never too many
	}
	return out
}

// Seal is the MAC of an answer, under the sum of a station's bearer word.
func Seal(bearer [32]byte, files []byte) string {
	h := hmac.New(sha256.New, bearer[:])
	h.Write(files)
	return hex.EncodeToString(h.Sum(nil))
}
