package api

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The cost of a password hash: RFC 9106's second recommendation, for servers with
// little memory. One hash takes about a tenth of a second here.
const (
	hashTime    = 3
	hashMemory  = 64 << 10 // KiB
	hashThreads = 4
	hashLength  = 32
	saltLength  = 16
)

// MinPassword is the fewest characters of a password: NIST SP 800-63B asks for
// eight at least where nothing else guards the door; ten cost nobody more.
const MinPassword = 10

// HashPassword returns an argon2id string with a fresh salt, as Records keeps it.
// It runs a tenth of a second on purpose and takes 64 MiB while it does.
func HashPassword(password string) string {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	key := argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashThreads, hashLength)
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashThreads,
		b.EncodeToString(salt), b.EncodeToString(key))
}

// errHash says that a stored hash is not one of ours.
var errHash = errors.New("not an argon2id hash")

// matches says whether password is the one that hash was made of. It takes the
// same time whichever it says. A string that is no hash of ours is an error.
func matches(hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false, errHash
	}
	var memory, time uint32
	var threads uint8
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil || time == 0 || threads == 0 {
		return false, errHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) == 0 {
		return false, errHash
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// NewPassword returns a password for a first account: sixteen letters and digits
// in groups of four, 80 bits, none of them easily taken for another.
func NewPassword() string {
	const letters = "abcdefghijkmnpqrstuvwxyz23456789" // 32 of them: five bits each, without l, o, 0, 1
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	var b strings.Builder
	for i, x := range raw {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(letters[int(x)%len(letters)])
	}
	return b.String()
}

// secretHead begins every token's secret, so that one that leaks is recognised.
const secretHead = "omrd_"

// NewSecret returns the secret of a token, 256 bits, and the sum it is kept by.
func NewSecret() (secret string, sum [32]byte) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	secret = secretHead + base64.RawURLEncoding.EncodeToString(raw)
	return secret, sha256.Sum256([]byte(secret))
}
