package typeset

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
)

// DefaultFonts is where Debian's package fonts-noto-core puts its faces.
const DefaultFonts = "/usr/share/fonts/truetype/noto"

// The faces we set with: Noto Naskh Arabic, a text face of the book hand that
// Persian readers learn to read in, with all four Persian joined forms and digits;
// and Noto Serif, which is drawn to stand beside it, for Latin letters and digits.
var faceFiles = [faceCount]string{
	naskh: "NotoNaskhArabic-Regular.ttf", naskhBold: "NotoNaskhArabic-Bold.ttf",
	latin: "NotoSerif-Regular.ttf", latinBold: "NotoSerif-Bold.ttf",
}

type faceID uint8

const (
	naskh faceID = iota
	naskhBold
	latin
	latinBold
	faceCount
)

// Fonts are the faces text is set with. They are safe for concurrent use.
type Fonts struct {
	fonts    [faceCount]*font.Font
	files    [faceCount]*opentype.Loader // for embedding
	setters  sync.Pool
	outlines sync.Map // glyphKey → *Path
}

// LoadFonts reads the faces from the files of dir; "" is DefaultFonts. Its error
// names every face that is missing and the package that brings it.
func LoadFonts(dir string) (*Fonts, error) {
	if dir == "" {
		dir = DefaultFonts
	}
	var f Fonts
	var errs []error
	for i, name := range faceFiles {
		if err := f.load(faceID(i), filepath.Join(dir, name)); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("typeset: fonts are missing from %s; install Debian's fonts-noto-core, or configure the folder that holds them: %w", dir, err)
	}
	f.setters.New = func() any { return newSetter(&f) }
	return &f, nil
}

func (f *Fonts) load(id faceID, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f.files[id], err = opentype.NewLoader(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f.fonts[id], err = font.NewFont(f.files[id])
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
