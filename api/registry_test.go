package api_test

import (
	"path/filepath"

	"bargkhan/api/certificate"
	"bargkhan/sheets/typeset"
)

// newRegistry is the registry with a key of its own.
func newRegistry(w *world) *certificate.Registry {
	w.t.Helper()
	signer, err := certificate.OpenKey(filepath.Join(w.t.TempDir(), "key"))
	if err != nil {
		w.t.Fatal(err)
	}
	if w.fonts, err = typeset.LoadFonts(""); err != nil {
		w.t.Fatal(err)
	}
	return &certificate.Registry{Store: w.store.Registry(), Signer: signer, Now: w.clock, Fonts: w.fonts, VerifyURL: "https://omr.example.ir/v/"}
}
