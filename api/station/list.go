package station

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"bargkhan/api/fault"
)

// A List is what a station hands over on a stick: every file with its hash, signed
// as a whole, so that nothing can be added, changed or left out without a trace.
type List struct {
	Station string    `json:"station"`
	At      time.Time `json:"at"` // of the export, by the station's clock
	Files   []File    `json:"files"`
}

// A Signed list is the very bytes that were signed, and the signature.
type Signed struct {
	List      string `json:"list"`      // the JSON of a List
	Signature string `json:"signature"` // Ed25519, base64
}

// listHead is signed before the list, so that a signature is worth nothing for
// anything else.
const listHead = "bargkhan station list 1\n"

// Sign signs a list.
func (k Key) Sign(l List) (Signed, error) {
	raw, err := json.MarshalIndent(l, "", " ")
	if err != nil {
		return Signed{}, err
	}
	sig := ed25519.Sign(k.signer(), append([]byte(listHead), raw...))
	return Signed{string(raw), base64.StdEncoding.EncodeToString(sig)}, nil
}

// Verify returns the list when the station with this public key signed it. It is a
// fault.Denied when not, and a fault.Invalid when a list that it signed is broken.
func (s Signed) Verify(public ed25519.PublicKey) (List, error) {
	var l List
	sig, err := base64.StdEncoding.DecodeString(s.Signature)
	if err != nil || !ed25519.Verify(public, append([]byte(listHead), s.List...), sig) {
		return l, fault.New(fault.Denied, "امضای فهرست حافظه درست نیست؛ فهرست پس از امضا تغییر کرده یا با کلید دیگری امضا شده است.",
			"چیزی از این حافظه برداشته نشد. از ایستگاه خروجی تازه بگیرید؛ اگر کلید ایستگاه عوض شده، با کلید تازه.")
	}
	if err := json.Unmarshal([]byte(s.List), &l); err != nil {
		return l, &fault.Error{Kind: fault.Invalid, Msg: "فهرست حافظه خوانده نمی‌شود.", Hint: "از ایستگاه خروجی تازه بگیرید.", Err: err}
	}
	for _, f := range l.Files {
		if err := f.Check(); err != nil {
			return l, err
		}
	}
	return l, nil
}

// fileID is what an ID may look like: it becomes part of names of files.
var fileID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{7,63}$`)

// Check says what is wrong with what is said of a file, as a fault.Invalid.
func (f File) Check() error {
	if fileID.MatchString(f.ID) && f.Size > 0 && f.Name != "" && len(f.Name) <= maxName && f.Sum != (Sum{}) {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Msg: "مشخصات فایل کامل یا درست نیست.", Hint: "برنامهٔ ایستگاه را به‌روز کنید.",
		Err: fmt.Errorf("file %q, sum %s, %d bytes, name %q", f.ID, f.Sum, f.Size, f.Name)}
}

// maxName holds folders between, each name of 255 bytes.
const maxName = 4096
