package calibration_test

import (
	"strings"
	"testing"

	"bargkhan/calibration"
)

func TestDefaultIsValid(t *testing.T) {
	if p := calibration.Default(); p.Policy.ID == "" {
		t.Errorf("the shipped profile has no name: %+v", p)
	}
}

func TestLoadRefuses(t *testing.T) {
	const policy = `"policy":{"id":"x","blank":0.1,"marked":0.3,"lead":0.2,"fit":0.5,"seen":0.9}`
	for name, text := range map[string]string{
		"nothing":           ``,
		"unknown key":       `{"colour":1,` + policy + `}`,
		"two profiles":      `{` + policy + `}{}`,
		"a misread":         `{` + policy + `,"learned":{"misread":1}}`,
		"neighbours":        strings.Replace(`{`+policy+`}`, `0.1`, `0.3`, 1),
		"no name":           strings.Replace(`{`+policy+`}`, `"x"`, `""`, 1),
		"a share above one": strings.Replace(`{`+policy+`}`, `0.9`, `1.9`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := calibration.Load(strings.NewReader(text)); err == nil {
				t.Errorf("got %+v, want an error", p)
			}
		})
	}
	if _, err := calibration.Load(strings.NewReader(`{` + policy + `}`)); err != nil {
		t.Errorf("a good profile: %v", err)
	}
}
