package api_test

import "testing"

func TestSetUp(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	p := w.personal(0, "1", 14)
	p.doubts["q3"] = 1
	w.scan("scan-1", p)
	var next map[string]any
	w.call("nazer", "POST", "/api/v1/review/next", nil, 200, &next)
	t.Log(next)
}
