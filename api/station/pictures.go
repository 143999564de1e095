package station

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"bargkhan/api/intake"
)

// Pictures of pages that were given back: small enough to send over a poor line, large
// enough to find the paper by. They help and nothing depends on them: a page without a
// picture has its words.

// picturesDir is where they lie in the data folder, as <file>-p<page>.jpg.
const picturesDir = "pictures"

const (
	// mostPictures bounds how many are fetched of one file: whoever scans a booklet by
	// mistake knows after twenty pages.
	mostPictures = 20

	// keptPictures bounds how many are kept: some days of a bad scanner, 30 MB.
	keptPictures = 300
)

// picture is where the picture of a page lies.
func (s *Station) picture(id string, image int) string {
	return filepath.Join(s.Data, picturesDir, fmt.Sprintf("%s-p%03d.jpg", id, image))
}

// fetch asks for the pictures of the pages of a file that somebody needs, as far as the
// line goes.
func (s *Station) fetch(ctx context.Context, e Entry) {
	k, err := s.Key()
	if err != nil || s.Client == nil || e.Fate.End == Copied {
		return
	}
	back := e.Fate.needed()
	for _, b := range back[:min(len(back), mostPictures)] {
		if b.Image < 1 {
			continue
		}
		body, err := s.Client.Picture(ctx, k.Bearer(), k.Station, e.ID, b.Image)
		if err == nil {
			err = s.keepPicture(s.picture(e.ID, b.Image), body)
		}
		if err != nil {
			s.log().Warn("a page was given back without its picture", "file", e.ID, "name", e.Name, "page", b.Image, "err", err)
			return // the line is poor, or the disk is full: the words are there
		}
	}
}

// keepPicture writes a picture whole or not at all, and forgets the oldest.
func (s *Station) keepPicture(path string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o770); err != nil {
		return err
	}
	tmp := path + ".part"
	if err := errors.Join(os.WriteFile(tmp, body, 0o660), os.Rename(tmp, path)); err != nil {
		return err
	}
	all, _ := filepath.Glob(filepath.Join(s.Data, picturesDir, "*.jpg"))
	slices.Sort(all) // IDs grow with time
	for _, old := range all[:max(0, len(all)-keptPictures)] {
		_ = os.Remove(old) // what stays takes room and no more
	}
	return nil
}

// pictures are those that are here of the pages given back.
func (s *Station) pictures(e Entry) (out []intake.Picture) {
	for _, b := range e.Fate.needed() {
		if body, err := os.ReadFile(s.picture(e.ID, b.Image)); err == nil {
			out = append(out, intake.Picture{Image: b.Image, JPEG: body})
		}
	}
	return out
}

// pictured lists the pages given back that have a picture here.
func (s *Station) pictured(e Entry) (out []int) {
	if e.Fate == nil {
		return nil
	}
	for _, b := range e.Fate.needed() {
		if _, err := os.Stat(s.picture(e.ID, b.Image)); err == nil {
			out = append(out, b.Image)
		}
	}
	return out
}

// showPicture answers the operator's browser with one.
func (s *Station) showPicture(w http.ResponseWriter, r *http.Request) {
	image, err := strconv.Atoi(r.PathValue("page"))
	if _, known := s.ledger.get(r.PathValue("file")); err != nil || !known {
		http.NotFound(w, r)
		return
	}
	http.ServeFile(w, r, s.picture(r.PathValue("file"), image))
}
