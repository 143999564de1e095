package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"math/big"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"bargkhan/api"
	"bargkhan/api/exam"
	"bargkhan/api/station"
	"bargkhan/api/store/storetest"
	"bargkhan/omr/omrtest"
	"bargkhan/sheets"
	"bargkhan/sheets/print"
	"bargkhan/sheets/typeset"
)

// A headquarters is the real service on a real database, answering https, with a
// session whose spare sheets are printed, and a line to it that tests cut.
type headquarters struct {
	t       *testing.T
	service *Service
	base    string // of the service itself
	front   string // of the line to it
	pin     string
	ca      string
	line    *wire
	admin   string // tokens
	expert  string
	archive string
	scans   map[string][]byte // real files by name
}

// newHeadquarters starts a service with real scans of so many sheets.
func newHeadquarters(t *testing.T, sheets int, env ...string) *headquarters {
	t.Helper()
	h := &headquarters{t: t, scans: map[string][]byte{}}
	data := folder(t)
	cert, key := h.certificate(data)
	cfg, err := Load("", append(env, "OMRD_DATA="+data, "OMRD_DATABASE="+storetest.URL(t), "OMRD_LISTEN=127.0.0.1:0",
		"OMRD_TLS_CERT="+cert, "OMRD_TLS_KEY="+key, "OMRD_WORKERS=2", "OMRD_SETTLE=100ms", "OMRD_POLL=50ms"))
	if err != nil {
		t.Fatal(err)
	}
	h.archive = cfg.Archive
	if h.service, err = Open(t.Context(), cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- h.service.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done; h.service.Close() })
	h.base = h.service.URL()
	h.line = newWire(t, strings.TrimPrefix(h.base, "https://"))
	h.front = "https://" + h.line.addr
	h.admin, h.expert = h.token("admin", exam.Admin), h.token("karshenas", exam.Expert)
	h.print(sheets)
	return h
}

// certificate makes the service's certificate for this machine.
func (h *headquarters) certificate(dir string) (cert, key string) {
	h.t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		h.t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "omrd"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(crand.Reader, c, c, k.Public(), k)
	if err != nil {
		h.t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		h.t.Fatal(err)
	}
	sum := sha256.Sum256(parsed.RawSubjectPublicKeyInfo)
	h.pin = hex.EncodeToString(sum[:])
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		h.t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	h.ca = cert
	writeTo(h.t, cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	writeTo(h.t, key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
	return cert, key
}

func writeTo(t *testing.T, path string, body []byte) {
	t.Helper()
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
}

// token makes an account of one duty and a token for it.
func (h *headquarters) token(login string, d exam.Duty) string {
	h.t.Helper()
	if err := h.service.store.PutAccount(h.t.Context(), exam.Account{Login: exam.Login(login), Name: login, Duties: []exam.Duty{d}}, "x"); err != nil {
		h.t.Fatal(err)
	}
	secret, sum := api.NewSecret()
	if err := h.service.store.PutToken(h.t.Context(), exam.Token{Name: "test", By: exam.Login(login), Duties: []exam.Duty{d}}, sum); err != nil {
		h.t.Fatal(err)
	}
	return secret
}

// ask sends a request past the wire and returns the status and the body.
func (h *headquarters) ask(token, method, path string, in any) (int, []byte) {
	h.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		h.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.base+path, bytes.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res.StatusCode, out
}

// give gives a station a key.
func (h *headquarters) give(name string) string {
	h.t.Helper()
	var a struct{ Key string }
	status, body := h.ask(h.admin, "POST", "/api/v1/stations/"+name+"/key", nil)
	if err := json.Unmarshal(body, &a); status != 201 || err != nil {
		h.t.Fatalf("key: %d %s", status, body)
	}
	return a.Key
}

// ledger is what the service says of a station's files, by name.
func (h *headquarters) ledger(name string) map[string]exam.Fate {
	h.t.Helper()
	var a struct{ Scans []exam.Fate }
	status, body := h.ask(h.expert, "GET", "/api/v1/stations/"+name+"/scans?limit=1000", nil)
	if err := json.Unmarshal(body, &a); status != 200 || err != nil {
		h.t.Fatalf("ledger: %d %s", status, body)
	}
	out := map[string]exam.Fate{}
	for _, f := range a.Scans {
		if _, twice := out[f.Name]; twice {
			h.t.Errorf("%s arrived twice", f.Name)
		}
		out[f.Name] = f
	}
	return out
}

// print sets a session up and makes real scans: filled sheets, one with a streak, a
// blank page, and a large picture that is no sheet.
func (h *headquarters) print(n int) {
	t := h.t
	t.Helper()
	raw, err := os.ReadFile("../../testdata/designs/national-3x20-spare.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := sheets.Parse(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	const id = exam.SessionID("hall-test")
	if err := h.service.store.PutSession(t.Context(), exam.Session{ID: id, Name: "آزمون", Rules: exam.NationalRules()}); err != nil {
		t.Fatal(err)
	}
	if err := h.service.store.AddDesign(t.Context(), id, d); err != nil {
		t.Fatal(err)
	}
	_, serials, err := h.service.store.AllotSerials(t.Context(), id, n)
	if err != nil {
		t.Fatal(err)
	}
	openAt(t, h.service.store, id, "sari-2", "babol-1", "amol-1")
	fonts, err := typeset.LoadFonts(Default().Fonts)
	if err != nil {
		t.Fatal(err)
	}
	p, err := print.New(d, fonts)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for i, serial := range serials {
		img, err := p.Raster(print.Copy{Stamp: sheets.Stamp{Serial: serial}}, 1, 150)
		if err != nil {
			t.Fatal(err)
		}
		marks := map[sheets.FieldID][]sheets.Choice{}
		for _, f := range d.Pages[0].Fields {
			if f.Role == sheets.Answer {
				marks[f.ID] = []sheets.Choice{f.Bubbles[rng.IntN(len(f.Bubbles))].Choice}
			}
		}
		omrtest.Fill(img, 150, d.Pages[0], marks, omrtest.Pencil, rng)
		img = omrtest.Scanned()(img, rng)
		if i == n-1 {
			img = omrtest.Streak(.52, 2, 40)(img, rng)
		}
		h.scans[fmt.Sprintf("scan-%02d.jpg", i+1)] = jpegOf(t, img)
	}
	white := image.NewGray(image.Rect(0, 0, 1240, 1754))
	for i := range white.Pix {
		white.Pix[i] = 250
	}
	h.scans["پشت برگه.jpg"] = jpegOf(t, white)
	noise := omrtest.DPI(300).TextPage(210, 297, rng)
	for i, v := range noise.Pix {
		noise.Pix[i] = v - uint8(rng.IntN(50))*(v/200) // so that it does not compress
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, noise); err != nil {
		t.Fatal(err)
	}
	h.scans["large.png"] = b.Bytes()
	h.scans["scan-01 دوباره.jpg"] = h.scans["scan-01.jpg"]
}

func jpegOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A wire is the line between a hall and the service. It can be cut, and it can tear
// every connection after some bytes.
type wire struct {
	addr string
	cut  atomic.Bool
	tear atomic.Int64 // bytes to the service after which a connection is torn; 0: never
	torn atomic.Int64
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := &wire{addr: l.Addr().String()}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil || w.cut.Load() {
				in.Close()
				continue
			}
			go w.pass(in, out, false)
			go w.pass(out, in, true)
		}
	}()
	return w
}

// pass carries bytes from one end to the other until one ends or the wire is cut.
func (w *wire) pass(to, from net.Conn, up bool) {
	defer to.Close()
	defer from.Close()
	buf, n := make([]byte, 32<<10), int64(0)
	for {
		m, err := from.Read(buf)
		if err != nil || w.cut.Load() {
			return
		}
		if _, err := to.Write(buf[:m]); err != nil {
			return
		}
		n += int64(m)
		if limit := w.tear.Load(); up && limit > 0 && n > limit {
			w.torn.Add(1)
			return
		}
	}
}

// A hall is a station's process and its folders.
type hall struct {
	t    *testing.T
	data string
	key  string // file
	env  []string
	cmd  *exec.Cmd
	page string
	log  bytes.Buffer
}

// newHall makes a hall that is not started. An empty server is a hall without network.
func newHall(t *testing.T, key, server string, env ...string) *hall {
	t.Helper()
	h := &hall{t: t, data: folder(t), key: filepath.Join(t.TempDir(), "key")}
	writeTo(t, h.key, []byte(key+"\n"))
	h.env = append([]string{"OMRD_DATA=" + h.data, "OMRD_STATION_KEY=" + h.key, "OMRD_STATION_SERVER=" + server,
		"OMRD_STATION_LISTEN=127.0.0.1:0", "OMRD_SETTLE=100ms", "OMRD_POLL=50ms"}, env...)
	return h
}

// run runs the command line to its end.
func (h *hall) run(args ...string) (string, error) {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), h.env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// start starts the station.
func (h *hall) start() {
	h.t.Helper()
	h.cmd = exec.Command(os.Args[0], "station")
	h.cmd.Env = append(os.Environ(), h.env...)
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	h.cmd.Stderr = &h.log
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	cmd := h.cmd
	h.t.Cleanup(func() { _ = cmd.Process.Kill() })
	said := make([]byte, 4096)
	for all := ""; ; {
		n, err := out.Read(said)
		all += string(said[:n])
		if _, after, ok := strings.Cut(all, "page is at "); ok && strings.Contains(after, ";") {
			h.page, _, _ = strings.Cut(after, ";")
			return
		}
		if err != nil {
			_ = h.cmd.Wait() // its log says why
			h.t.Fatalf("the station ended: %s\n%s", all, &h.log)
		}
	}
}

// kill ends the station as a power cut does.
func (h *hall) kill() {
	h.t.Helper()
	if err := h.cmd.Process.Kill(); err != nil {
		h.t.Fatal(err)
	}
	_ = h.cmd.Wait() // it was killed
}

// drop drops files.
func (h *hall) drop(files map[string][]byte) {
	h.t.Helper()
	for name, body := range files {
		dir := filepath.Join(h.data, "scans", "drop")
		if err := os.MkdirAll(dir, 0o770); err != nil {
			h.t.Fatal(err)
		}
		writeTo(h.t, filepath.Join(dir, name), body)
	}
}

// status is what the page is drawn from.
func (h *hall) status() (s station.Status) {
	h.t.Helper()
	res, err := http.Get(h.page + "/status")
	if err != nil {
		h.t.Fatalf("%v\n%s", err, &h.log)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
		h.t.Fatal(err)
	}
	return s
}

// await waits until the station stands as wanted.
func (h *hall) await(what string, ok func(station.Status) bool) station.Status {
	h.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(30 * time.Millisecond) {
		s := h.status()
		if ok(s) {
			return s
		}
		if time.Now().After(deadline) {
			s.Files = nil
			h.t.Fatalf("waited in vain until %s: %+v\n%s", what, s, tail(h.log.Bytes(), 3000))
		}
	}
}

// alerted says that the page shows an alert.
func alerted(s station.Status, code string) bool {
	return slices.ContainsFunc(s.Alerts, func(a station.Alert) bool { return a.Code == code })
}

// files lists the files in a folder of the drop folder, deep ones too, slips apart.
func (h *hall) files(tray string) (out []string) {
	h.t.Helper()
	root := filepath.Join(h.data, "scans", tray)
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) != ".txt" {
			out = append(out, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

// checkAll checks everything at the end: every file in exactly one tray, arrived
// once, kept with the bytes that were dropped, and nothing left over.
func checkAll(t *testing.T, h *hall, q *headquarters, name string, copies int) {
	t.Helper()
	ledger := q.ledger(name)
	if len(ledger) != len(q.scans) {
		t.Errorf("the service knows %d files, %d were dropped", len(ledger), len(q.scans))
	}
	ends := map[exam.End]int{}
	for file, body := range q.scans {
		f, ok := ledger[file]
		sum := fmt.Sprintf("%x", sha256.Sum256(body))
		if !ok || string(f.Scan) != sum || f.Size != int64(len(body)) {
			t.Errorf("%s: got %+v", file, f)
		}
		kept, err := os.ReadFile(filepath.Join(q.archive, sum[:2], sum))
		if err != nil || !bytes.Equal(kept, body) {
			t.Errorf("%s: the archive holds %d bytes of %d: %v", file, len(kept), len(body), err)
		}
		ends[f.End]++
	}
	trays := map[string]int{"drop": 0, "work": 0, "read": len(q.scans) - 1 - copies, "returned": 1, "copies": copies}
	for tray, want := range trays {
		if got := h.files(tray); len(got) != want {
			t.Errorf("%s holds %q, want %d files", tray, got, want)
		}
	}
	slips, _ := filepath.Glob(filepath.Join(h.data, "scans", "returned", "*.txt"))
	if len(slips) != 1 {
		t.Errorf("returned files have the slips %q", slips)
	}
	for _, s := range slips {
		b, err := os.ReadFile(s)
		if err != nil || !strings.Contains(string(b), "چه کنید:") {
			t.Errorf("%s says %q, %v", s, b, err)
		}
	}
	left := 0
	_ = filepath.WalkDir(filepath.Join(h.data, "station", "spool"), func(_ string, d os.DirEntry, _ error) error {
		if !d.IsDir() {
			left++
		}
		return nil
	})
	if left > 0 {
		t.Errorf("%d files are left in the spool", left)
	}
}

// TestS37Station takes a hall through a bad day: no line at first, then one that tears
// every connection, the station killed again and again meanwhile. At the end nothing
// is lost and nothing came twice.
func TestS37Station(t *testing.T) {
	t.Parallel()
	q := newHeadquarters(t, 5)
	h := newHall(t, q.give("sari-2"), q.front, "OMRD_STATION_PIN="+q.pin)
	all := len(q.scans)
	q.line.cut.Store(true)
	h.start()
	h.drop(q.scans)
	s := h.await("all is taken and the line is missed", func(s station.Status) bool { return s.Taken == all && alerted(s, "offline") })
	if s.Unsent != all || len(q.ledger("sari-2")) != 0 {
		t.Errorf("without a line: %d unsent, %d at the service", s.Unsent, len(q.ledger("sari-2")))
	}
	if page := h.look(); !strings.Contains(page, "به سرور راه نیست") || !strings.Contains(page, "گم نمی‌شوند") {
		t.Errorf("the page does not say that the line is cut:\n%s", page)
	}
	shoot(t, h.page, "station-offline")
	h.kill()

	q.line.tear.Store(1 << 20)
	q.line.cut.Store(false)
	rng := rand.New(rand.NewPCG(5, 6))
	for range 6 {
		h.start()
		time.Sleep(time.Duration(50+rng.IntN(400)) * time.Millisecond)
		h.kill()
	}
	h.start()
	h.await("connections are torn", func(station.Status) bool { return q.line.torn.Load() > 0 })
	q.line.tear.Store(0)
	s = h.await("everything is decided", func(s station.Status) bool { return s.Read+s.Returned+s.Copies == all })
	if s.Copies != 1 || s.Returned != 1 || s.Heard == nil {
		t.Errorf("got %+v", s)
	}
	if !alerted(s, "glass") {
		t.Errorf("a streak is not spoken of: %+v", s.Alerts)
	}
	if page := h.look(); !strings.Contains(page, "شیشهٔ اسکنر را تمیز کنید") || !strings.Contains(page, "نشان‌های گوشه‌های پاسخنامه پیدا نشد") {
		t.Errorf("the page does not say what to do:\n%s", page)
	}
	h.await("everything is put away", func(station.Status) bool { return len(h.files("work")) == 0 })
	time.Sleep(50 * time.Millisecond) // the spool is emptied after the tray is filled
	shoot(t, h.page, "station")
	h.kill()
	checkAll(t, h, q, "sari-2", 1)
	far, err := q.service.store.FarStations(t.Context())
	if err != nil || len(far) != 1 || far[0].Ahead.Abs() > time.Second || time.Since(far[0].Seen) > time.Minute {
		t.Errorf("the service knows of the station: %+v, %v", far, err)
	}
}

// look is the operator's page.
func (h *hall) look() string {
	h.t.Helper()
	res, err := http.Get(h.page)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}

// shoot keeps a picture of the page in the folder BARGKHAN_SHOTS, if it is set.
func shoot(t *testing.T, url, name string) {
	t.Helper()
	dir := os.Getenv("BARGKHAN_SHOTS")
	if dir == "" {
		return
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-background-networking", true))...)
	defer stop()
	ctx, cancel := chromedp.NewContext(alloc)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("h1"))); err != nil {
		t.Fatal(err)
	}
	raw, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	writeTo(t, filepath.Join(dir, name+".png"), raw)
}

// TestStationKeys revokes a key, gives another, and tries what a key must not open.
func TestStationKeys(t *testing.T) {
	t.Parallel()
	q := newHeadquarters(t, 2)
	old := q.give("sari-2")
	h := newHall(t, old, q.front, "OMRD_STATION_CA="+q.ca)
	h.start()
	few := map[string][]byte{"a.jpg": q.scans["scan-01.jpg"]}
	h.drop(few)
	h.await("one is read", func(s station.Status) bool { return s.Read == 1 })
	if status, body := q.ask(q.admin, "DELETE", "/api/v1/stations/sari-2/key", nil); status != 204 {
		t.Fatalf("revoke: %d %s", status, body)
	}
	if status, _ := q.ask(q.admin, "DELETE", "/api/v1/stations/sari-2/key", nil); status != 404 {
		t.Errorf("revoked twice: %d, want 404", status)
	}
	h.drop(map[string][]byte{"b.jpg": q.scans["scan-02.jpg"]})
	s := h.await("the key is refused", func(s station.Status) bool { return alerted(s, "revoked") && s.Unsent == 1 })
	if len(q.ledger("sari-2")) != 1 {
		t.Errorf("a revoked key was heard: %+v", s)
	}
	writeTo(t, h.key, []byte(q.give("sari-2")))
	h.await("the new key works", func(s station.Status) bool { return s.Read == 2 && !alerted(s, "revoked") })

	k, err := station.ParseKey(old)
	if err != nil {
		t.Fatal(err)
	}
	other, err := station.ParseKey(q.give("babol-1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		word, method, path string
		want               int
	}{
		{k.Bearer(), "POST", "/api/v1/stations/sari-2/fates", 401},
		{k.Bearer() + "x", "POST", "/api/v1/stations/sari-2/fates", 401},
		{other.Bearer(), "POST", "/api/v1/stations/sari-2/fates", 404},
		{other.Bearer(), "PUT", "/api/v1/stations/sari-2/files/20261122T083000.000000Z-1", 404},
		{other.Bearer(), "GET", "/api/v1/stations", 403},
		{other.Bearer(), "POST", "/api/v1/stations/babol-1/imports", 403},
		{other.Bearer(), "POST", "/api/v1/stations/babol-1/key", 403},
		{other.Bearer(), "PUT", "/api/v1/stations/babol-1/files/..%2F..%2Fx", 400},
		{q.expert, "PUT", "/api/v1/stations/sari-2/files/20261122T083000.000000Z-1", 404},
	} {
		if status, body := q.ask(c.word, c.method, c.path, map[string][]string{"files": {}}); status != c.want {
			t.Errorf("%s %s: got %d, want %d: %s", c.method, c.path, status, c.want, body)
		}
	}
	far := newHall(t, other.String(), q.front, "OMRD_STATION_PIN="+strings.Repeat("0", 64))
	far.start()
	far.await("another certificate is refused", func(s station.Status) bool { return alerted(s, "certificate") })
	unknown := newHall(t, other.String(), q.front)
	unknown.start()
	unknown.await("an unknown certificate is refused", func(s station.Status) bool { return alerted(s, "certificate") })
}

// TestS37Stick carries the files of a hall without network on a stick, there and back,
// and meets every kind of tampering.
func TestS37Stick(t *testing.T) {
	t.Parallel()
	q := newHeadquarters(t, 5)
	h := newHall(t, q.give("amol-1"), "")
	h.start()
	h.drop(q.scans)
	all := len(q.scans)
	h.await("all is taken", func(s station.Status) bool { return s.Taken == all })
	stick, token := t.TempDir(), filepath.Join(t.TempDir(), "token")
	writeTo(t, token, []byte(q.expert+"\n"))
	export := func(args ...string) string {
		t.Helper()
		out, err := h.run(append([]string{"station", "export", stick}, args...)...)
		if err != nil {
			t.Fatalf("export: %v\n%s", err, out)
		}
		return out
	}
	bring := func() (string, error) {
		return h.run("import", stick, "--token", token, "--server", q.base, "--pin", q.pin)
	}
	export()
	h.await("the page knows of the stick", func(s station.Status) bool { return s.OnStick == all })
	if out := export(); !strings.Contains(out, "Nothing is waiting") {
		t.Errorf("exported twice: %s", out)
	}
	bundles, _ := filepath.Glob(filepath.Join(stick, "bargkhan-amol-1-*"))
	if len(bundles) != 1 {
		t.Fatalf("the stick holds %q", bundles)
	}
	list := filepath.Join(bundles[0], "list.json")
	whole, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	writeTo(t, list, bytes.Replace(whole, []byte("scan-03"), []byte("scan-04"), 1))
	if out, err := bring(); err == nil || !strings.Contains(out, "denied") || len(q.ledger("amol-1")) != 0 {
		t.Errorf("a tampered list: %v, %d files in\n%s", err, len(q.ledger("amol-1")), out)
	}
	writeTo(t, list, whole)

	sum := sha256.Sum256(q.scans["scan-05.jpg"])
	spoiled := filepath.Join(bundles[0], "files", hex.EncodeToString(sum[:]))
	writeTo(t, spoiled, append(bytes.Clone(q.scans["scan-05.jpg"]), 0))
	out, err := bring()
	if err == nil || !strings.Contains(out, "missing or damaged: scan-05.jpg") || len(q.ledger("amol-1")) != all-1 {
		t.Errorf("a tampered file: %v, %d files in\n%s", err, len(q.ledger("amol-1")), out)
	}
	writeTo(t, spoiled, q.scans["scan-05.jpg"])
	if out, err = bring(); err != nil || !strings.Contains(out, fmt.Sprintf("1 brought in, %d known before, 0 missing", all-1)) {
		t.Errorf("the repaired stick: %v\n%s", err, out)
	}
	waitFor(t, func() bool {
		for _, f := range q.ledger("amol-1") {
			if f.End == exam.EndWaiting {
				return false
			}
		}
		return true
	})
	if out, err = bring(); err != nil {
		t.Errorf("again, for the receipts: %v\n%s", err, out)
	}
	if out := export(); !strings.Contains(out, "1 receipts were taken") {
		t.Errorf("export with receipts: %s", out)
	}
	h.await("the receipts are taken in", func(s station.Status) bool { return s.Read+s.Returned+s.Copies == all && len(h.files("work")) == 0 })
	time.Sleep(50 * time.Millisecond) // the spool is emptied after the tray is filled
	checkAll(t, h, q, "amol-1", 1)
}

// waitFor waits for half a minute at most.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

// TestBucket runs the whole service on a bucket of a real S3 server: what a hall
// sends lies there under its hash, and is read from there.
func TestBucket(t *testing.T) {
	t.Parallel()
	gateway, err := exec.LookPath("versitygw")
	if err != nil {
		if gateway, err = filepath.Abs("../../var/tools/versitygw"); err == nil {
			_, err = os.Stat(gateway)
		}
	}
	if err != nil {
		t.Skip("no S3 server: versitygw is neither in PATH nor in var/tools; `make s3` installs it (two minutes) and runs these tests")
	}
	root, secret := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	writeTo(t, secret, []byte("test-secret\n"))
	if err := os.Mkdir(filepath.Join(root, "scans"), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	server := exec.Command(gateway, "--port", addr, "posix", "--nometa", root)
	server.Env = []string{"ROOT_ACCESS_KEY=test", "ROOT_SECRET_KEY=test-secret", "HOME=" + root}
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill() })
	q := newHeadquarters(t, 2, "OMRD_S3_ENDPOINT=http://"+addr, "OMRD_S3_REGION=us-east-1", "OMRD_S3_BUCKET=scans", "OMRD_S3_PREFIX=1405/",
		"OMRD_S3_ACCESS=test", "OMRD_S3_SECRET="+secret)
	q.archive = filepath.Join(root, "scans", "1405")
	h := newHall(t, q.give("sari-2"), q.front, "OMRD_STATION_PIN="+q.pin)
	h.start()
	h.drop(q.scans)
	h.await("everything is decided", func(s station.Status) bool {
		return s.Read+s.Returned+s.Copies == len(q.scans) && len(h.files("work")) == 0
	})
	time.Sleep(50 * time.Millisecond) // the spool is emptied after the tray is filled
	checkAll(t, h, q, "sari-2", 1)
}
