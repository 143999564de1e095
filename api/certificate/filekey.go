package certificate

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"bargkhan/api/fault"
)

// A FileSigner signs with an Ed25519 key of a file. It is safe for concurrent use.
//
// The file holds PEM blocks "PRIVATE KEY" (PKCS #8). The first signs; all verify,
// so a new key is put above the old ones. Who has the file can make certificates:
// it is for its owner's eyes only.
type FileSigner struct {
	key  ed25519.PrivateKey
	id   string
	keys map[string]ed25519.PublicKey
}

// OpenKey reads the key file at path. When there is none it makes one with a new
// key, readable by its owner only; of two that do so at once, one wins and both
// use its key. A file that others may read is refused.
func OpenKey(path string) (*FileSigner, error) {
	b, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKey(path); err != nil {
			return nil, fmt.Errorf("certificate: make key file %s: %w", path, err)
		}
		b, err = readKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("certificate: key file %s: %w", path, err)
	}
	// Whoever was killed while he made a key left a secret that nobody uses.
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), hidden))
	for _, l := range left {
		_ = os.Remove(l)
	}
	s, err := parseKeys(b)
	if err != nil {
		return nil, fmt.Errorf("certificate: key file %s: %w", path, err)
	}
	return s, nil
}

// hidden names a key that is being made.
const hidden = ".key-*"

func readKey(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others may read it (mode %o): chmod 600 it, and think of replacing the key", info.Mode().Perm())
	}
	return os.ReadFile(path)
}

// makeKey writes a new key whole or not at all: hidden file, sync, link, sync the
// folder. A file that appeared meanwhile is left as it is.
func makeKey(path string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, hidden) // made with mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // after the rename it is gone
	err = errors.Join(pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		if _, there := os.Stat(path); there != nil {
			return err
		} // else somebody was faster, and has taken ours away
	}
	return syncFolder(dir)
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// parseKeys reads PEM blocks of private keys.
func parseKeys(b []byte) (*FileSigner, error) {
	s := &FileSigner{keys: map[string]ed25519.PublicKey{}}
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		key, ok := parsed.(ed25519.PrivateKey)
		if !ok {
			return nil, fmt.Errorf("%T is not an Ed25519 key", parsed)
		}
		public := key.Public().(ed25519.PublicKey)
		s.keys[keyID(public)] = public
		if s.key == nil {
			s.key, s.id = key, keyID(public)
		}
	}
	if s.key == nil {
		return nil, errors.New("it holds no PEM block of a private key; move it away to have a new key made")
	}
	return s, nil
}

// keyID is the head of the public key's SHA-256, in hexadecimal.
func keyID(p ed25519.PublicKey) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:8])
}

// Sign signs message with the first key.
func (s *FileSigner) Sign(message []byte) (signature []byte, id string, err error) {
	return ed25519.Sign(s.key, message), s.id, nil
}

// Verify is nil when signature over message was made by the key id, and that key
// is of the file.
func (s *FileSigner) Verify(message, signature []byte, id string) error {
	public, ok := s.keys[id]
	if !ok {
		return fault.New(fault.Invalid, "کلید امضای این گواهینامه شناخته نیست.", "کلید پیشین را به پروندهٔ کلیدها بیفزایید.")
	}
	if !ed25519.Verify(public, message, signature) {
		return fault.New(fault.Invalid, "امضای این گواهینامه با متن آن سازگار نیست.", "آن را معتبر ندانید و به مدیر سامانه خبر دهید.")
	}
	return nil
}
