package intake

import (
	"path"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is how many bytes a name may have on the file systems in use; a Persian
// letter takes two of them.
const maxName = 255

// ignored lists the names that capture programs, browsers and file managers use
// for what is not yet, or never, a scan. Letter case does not matter.
var ignored = []string{
	".*", "~$*", "*.tmp", "*.temp", "*.part", "*.partial", "*.crdownload", "*.filepart",
	"thumbs.db", "desktop.ini", "ehthumbs.db",
}

// ignores says that a file or folder of this name is passed over in silence.
func ignores(base string) bool { return matches(ignored, base) }

// ignores says so with the station's own patterns too.
func (f *Folder) ignores(base string) bool { return ignores(base) || matches(f.Ignore, base) }

// defaultMarks are Kodak's, which it writes when a batch is released, and what a
// person or a script may put there.
var defaultMarks = []string{"index.dat", "end-of-batch*", "پایان دسته*", "پایان‌دسته*"}

// marks says that a file of this name ends a batch.
func (f *Folder) marks(base string) bool {
	if f.Marks == nil {
		return matches(defaultMarks, base)
	}
	return matches(f.Marks, base)
}

// matches says whether base, in small letters, is of one of the patterns.
func matches(patterns []string, base string) bool {
	base = strings.ToLower(base)
	for _, pattern := range patterns {
		if ok, _ := path.Match(pattern, base); ok {
			return true
		}
	}
	return false
}

// clean makes a name that a stranger sent into the name of a file in one folder:
// no folders, no control characters, nothing hidden, nothing that would be
// ignored, and short enough. It is never empty.
func clean(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimLeft(name, ". ~")
	name = strings.TrimRight(name, ". ")
	if name == "" {
		name = "upload"
	}
	if ignores(name) {
		name += ".upload"
	}
	return fit(name, "")
}

// fit returns name with tag put between its stem and its extension, its stem cut
// at a letter so that all of it has at most maxName bytes.
func fit(name, tag string) string {
	stem, ext := split(name)
	dir, base := filepath.Split(stem)
	return dir + cut(base, maxName-len(tag)-len(ext)) + tag + ext
}

// split parts a name before its extension. What is longer than any extension in
// use is no extension, but the rest of a name with a dot in it.
func split(name string) (stem, ext string) {
	ext = filepath.Ext(name)
	if len(ext) > 16 {
		ext = ""
	}
	return strings.TrimSuffix(name, ext), ext
}

// cut returns the head of s that has at most n bytes and ends with a whole letter.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
