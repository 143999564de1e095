package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A client is one account's way into the API.
type client struct {
	base  string
	token string
	http  http.Client
}

// newClient returns a client that shows token.
func newClient(base, token string) *client {
	return &client{base: base, token: token, http: http.Client{Timeout: 2 * time.Minute}}
}

// A problem is an error the API answered (RFC 9457).
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
	Code   string `json:"code"`
	call   string
}

// Error says what was asked and what the service answered.
func (p *problem) Error() string {
	return fmt.Sprintf("%s: %d %s: %s %s %s", p.call, p.Status, p.Code, p.Title, p.Detail, p.Hint)
}

// raw sends body and returns the answer's.
func (c *client) raw(ctx context.Context, method, path, kind string, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if res.StatusCode >= 400 {
		p := &problem{Status: res.StatusCode, call: method + " " + path}
		_ = json.Unmarshal(got, p) // an answer that is no problem document leaves the status
		return nil, p
	}
	return got, nil
}

// call sends in as JSON and reads the answer into out; either may be nil.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	kind := ""
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body, kind = bytes.NewReader(b), "application/json"
	}
	got, err := c.raw(ctx, method, path, kind, body)
	if err != nil || out == nil || len(got) == 0 {
		return err
	}
	if err := json.Unmarshal(got, out); err != nil {
		return fmt.Errorf("%s %s: the answer is not what was expected: %w", method, path, err)
	}
	return nil
}
