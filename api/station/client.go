package station

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// A Server is where the service answers and how it is known to be the service.
type Server struct {
	URL string // "https://omr.example.ir"

	// CA is a file of certificates in PEM; then the service's must be signed by one of
	// them. Empty means the system's.
	CA string

	// Pin is the SHA-256 of the public key (SubjectPublicKeyInfo) of the service's
	// certificate, 64 hexadecimal digits; then no other key is spoken to, whoever
	// signed it. Without a CA, a certificate with this key needs no signature.
	Pin string

	// Plain allows http to a host that is not this machine: over a line that is
	// private by other means. The bearer word can be read on it.
	Plain bool
}

// A Client speaks to the service. Its methods may be called from many goroutines.
type Client struct {
	base string
	http *http.Client
}

// Times of a request. A piece takes half a minute on the slowest line in use;
// four times that, and it is torn and goes on where it broke.
const (
	dialTime  = 10 * time.Second
	pieceTime = 2 * time.Minute
)

// NewClient makes a client. It asks nobody yet.
func NewClient(s Server) (*Client, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("server: %q is not an address: https://host expected", s.URL)
	}
	if u.Scheme == "http" && !s.Plain && !loopback(u.Hostname()) {
		return nil, fmt.Errorf("server: %s is not encrypted: use https, or allow plain on a private line", s.URL)
	}
	conf, err := s.trust()
	if err != nil {
		return nil, err
	}
	return &Client{strings.TrimSuffix(s.URL, "/"), &http.Client{
		Timeout: pieceTime,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialTime}).DialContext, TLSClientConfig: conf,
			TLSHandshakeTimeout: dialTime, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		},
		// A bearer word is not carried to where somebody points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// trust is how the service's certificate is checked.
func (s Server) trust() (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca: %s holds no certificate in PEM", s.CA)
		}
	}
	if s.Pin == "" {
		return conf, nil
	}
	pin, err := hex.DecodeString(s.Pin)
	if err != nil || len(pin) != sha256.Size {
		return nil, fmt.Errorf("pin: 64 hexadecimal digits expected, the SHA-256 of the public key of the service's certificate")
	}
	conf.InsecureSkipVerify = s.CA == "" //nolint:gosec // VerifyConnection below checks the key itself
	conf.VerifyConnection = func(cs tls.ConnectionState) error {
		sum := sha256.Sum256(cs.PeerCertificates[0].RawSubjectPublicKeyInfo)
		if subtle.ConstantTimeCompare(sum[:], pin) != 1 {
			return fmt.Errorf("%w: it shows the key %x, and %s was pinned: this is another server, or its key was changed", errPin, sum, s.Pin)
		}
		return nil
	}
	return conf, nil
}

// errPin says that the service's certificate is not the one that was pinned.
var errPin = errors.New("the service is not known by its certificate")

// stranger says that the service could not be known by its certificate. A clock
// that is years off does that too: then no certificate is valid.
func stranger(err error) bool {
	var cert *tls.CertificateVerificationError
	return errors.Is(err, errPin) || errors.As(err, &cert)
}

// A Problem is a refusal of the service, with words for a person.
type Problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
}

func (p *Problem) Error() string {
	return fmt.Sprintf("the service answers %d %s: %s %s", p.Status, p.Code, p.Detail, p.Hint)
}

// refused says that the service answered, and will answer the same again: the
// fault is the request's and not the line's.
func refused(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.Status < 500 && p.Status != http.StatusTooManyRequests && p.Status != http.StatusRequestTimeout && !unknown(err)
}

// unknown says that the service does not know this key.
func unknown(err error) bool {
	var p *Problem
	return errors.As(err, &p) && (p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden)
}

// is says that the service refused with this code.
func is(err error, code string) bool {
	var p *Problem
	return errors.As(err, &p) && p.Code == code
}

// Codes of refusals that a station repairs by itself.
const (
	CodeOffset = "offset" // a piece does not begin where the file ends
	CodeSum    = "sum"    // the whole file is not what was promised
)

// Greet compares clocks: the service's, and how far ours is ahead of it. Half of
// the time that the question took is given to each way.
func (c *Client) Greet(ctx context.Context, bearer, station string, now func() time.Time) (Answer, time.Duration, error) {
	var a Answer
	asked := now()
	err := c.call(ctx, bearer, http.MethodPost, c.at(station, "greeting"), Greeting{asked}, &a)
	ours := asked.Add(now().Sub(asked) / 2)
	return a, ours.Sub(a.Now), err
}

// State asks how much of a file the service has.
func (c *Client) State(ctx context.Context, bearer, station string, f File) (s State, err error) {
	return s, c.call(ctx, bearer, http.MethodGet, c.file(station, f, nil), nil, &s)
}

// Add sends the piece of a file that begins at offset.
func (c *Client) Add(ctx context.Context, bearer, station string, f File, offset int64, piece []byte) (s State, err error) {
	q := url.Values{"offset": {strconv.FormatInt(offset, 10)}}
	return s, c.send(ctx, bearer, http.MethodPut, c.file(station, f, q), "application/octet-stream", piece, &s)
}

// Send brings all of a file to the service from where it broke off the last time:
// most files are one request. r is the file.
func (c *Client) Send(ctx context.Context, bearer, station string, f File, r io.ReaderAt) error {
	var s State
	buf := make([]byte, min(f.Size, Piece))
	for asked := 0; !s.Done; {
		n, err := r.ReadAt(buf[:min(f.Size-s.Offset, Piece)], s.Offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		next, err := c.Add(ctx, bearer, station, f, s.Offset, buf[:n])
		if is(err, CodeOffset) && asked < 3 {
			asked++
			next, err = c.State(ctx, bearer, station, f)
		}
		if err != nil {
			return err
		}
		s = next
	}
	return nil
}

// Fates asks what became of files. A file the service does not have is left out.
// The second answer is the receipt: the very bytes.
func (c *Client) Fates(ctx context.Context, bearer, station string, ids []string) (fs []Fate, receipt []byte, err error) {
	var raw json.RawMessage
	if err := c.call(ctx, bearer, http.MethodPost, c.at(station, "fates"), map[string][]string{"files": ids}, &raw); err != nil {
		return nil, nil, err
	}
	var a Fates
	err = json.Unmarshal(raw, &a)
	return a.Files, raw, err
}

// Picture is a page of a file that was given back, as a JPEG.
func (c *Client) Picture(ctx context.Context, bearer, station, file string, image int) ([]byte, error) {
	return c.do(ctx, bearer, http.MethodGet, c.at(station, "files/"+url.PathEscape(file)+"/pages/"+strconv.Itoa(image)+".jpg"), "application/json", nil)
}

// Import hands in a signed list and returns the state of each of its files by ID.
func (c *Client) Import(ctx context.Context, bearer, station string, s Signed) (map[string]State, error) {
	var a struct {
		Files map[string]State `json:"files"`
	}
	err := c.call(ctx, bearer, http.MethodPost, c.at(station, "imports"), s, &a)
	return a.Files, err
}

func (c *Client) at(station, what string) string {
	return c.base + "/api/v1/stations/" + url.PathEscape(station) + "/" + what
}

// file is the address of a file, with all that is said of it.
func (c *Client) file(station string, f File, q url.Values) string {
	if q == nil {
		q = url.Values{}
	}
	q.Set("sum", f.Sum.String())
	q.Set("size", strconv.FormatInt(f.Size, 10))
	q.Set("name", f.Name)
	q.Set("at", f.At.UTC().Format(time.RFC3339Nano))
	return c.at(station, "files/"+url.PathEscape(f.ID)) + "?" + q.Encode()
}

// call sends in as JSON and reads the answer into out.
func (c *Client) call(ctx context.Context, bearer, method, address string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	return c.send(ctx, bearer, method, address, "application/json", body, out)
}

// maxAnswer bounds what is read of an answer: two hundred fates with every page
// given back are far below it.
const maxAnswer = 8 << 20

// send sends body and reads the answer's JSON into out.
func (c *Client) send(ctx context.Context, bearer, method, address, kind string, body []byte, out any) error {
	raw, err := c.do(ctx, bearer, method, address, kind, body)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, out)
}

// do sends body and returns the answer's.
func (c *Client) do(ctx context.Context, bearer, method, address, kind string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	req.Header.Set("Content-Type", kind)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		p := &Problem{Status: res.StatusCode}
		_ = json.Unmarshal(raw, p) // what is not ours, a proxy's page, stays a status
		p.Status = res.StatusCode
		return nil, p
	}
	return raw, nil
}
