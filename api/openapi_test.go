package api_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"bargkhan/api"
)

// description is the API's description and a router over it.
var description = sync.OnceValues(func() (*openapi3.T, routers.Router) {
	raw, err := os.ReadFile("openapi.yaml")
	if err != nil {
		panic(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		panic(err)
	}
	openapi3filter.RegisterBodyDecoder("application/pdf", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("image/jpeg", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/csv", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("application/yaml", openapi3filter.FileBodyDecoder)
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		panic(err)
	}
	return doc, router
})

// described fails the test when an answer of the API is not as the file says.
func described(t testing.TB, req *http.Request, res *http.Response, body []byte) {
	t.Helper()
	if !strings.HasPrefix(req.URL.Path, "/api/") {
		return
	}
	_, router := description()
	r := req.Clone(context.Background())
	r.URL = &url.URL{Path: req.URL.Path, RawQuery: req.URL.RawQuery}
	r.Host, r.Body = "", io.NopCloser(bytes.NewReader(nil))
	route, params, err := router.FindRoute(r)
	if err != nil {
		if res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusMethodNotAllowed && res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s %s: %d: the file has no such address: %v", req.Method, req.URL.Path, res.StatusCode, err)
		}
		return
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 res.StatusCode, Header: res.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: false, MultiError: true},
	}
	if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
		t.Errorf("%s %s: %d is not as described: %v\n%.600s", req.Method, req.URL.Path, res.StatusCode, err, body)
	}
}

// TestDescription checks that the file is sound, has every address of the API and
// no other, and names for each the duties that the table of routes names.
func TestDescription(t *testing.T) {
	doc, _ := description()
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	served := map[string]api.Route{}
	for _, r := range api.Routes() {
		if strings.HasPrefix(r.Path, "/api/v1/") {
			served[r.Method+" "+braces(r.Path)] = r
		}
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			name := method + " " + path
			r, ok := served[name]
			if !ok {
				t.Errorf("the file has %s, which is not served", name)
				continue
			}
			delete(served, name)
			if public := op.Security != nil && len(*op.Security) == 0; public != r.Public {
				t.Errorf("%s: public in the file %v, in the table %v", name, public, r.Public)
			}
			var want, got []string
			for _, d := range r.Needs {
				want = append(want, string(d))
			}
			if ds, ok := op.Extensions["x-duties"].([]any); ok {
				for _, d := range ds {
					got = append(got, d.(string))
				}
			} else if !r.Public {
				t.Errorf("%s: the file names no duties", name)
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s: duties in the file %q, in the table %q", name, got, want)
			}
		}
	}
	for name := range served {
		t.Errorf("%s is served and not in the file", name)
	}
}

// braces writes the parameters of a path as the file does.
func braces(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}
