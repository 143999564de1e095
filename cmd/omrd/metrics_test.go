package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bargkhan/omr/omrtest"
)

// exported is what a service shows at /metrics: of each metric, the values of each of
// its labels.
type exported map[string]map[string][]string

var (
	sample = regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? `)
	pair   = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)
)

// show asks a service for its metrics.
func show(t *testing.T, base string) exported {
	t.Helper()
	res, err := http.Get(base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s/metrics: status %d, %v", base, res.StatusCode, err)
	}
	out := exported{}
	for line := range strings.Lines(string(body)) {
		m := sample.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if out[m[1]] == nil {
			out[m[1]] = map[string][]string{}
		}
		for _, p := range pair.FindAllStringSubmatch(m[2], -1) {
			out[m[1]][p[1]] = append(out[m[1]][p[1]], p[2])
		}
	}
	return out
}

// TestAlertsAndDashboardsNameWhatIs compares every metric, label and value of a label
// that the alert rules, their test and the dashboard name with what the service shows
// after one file.
func TestAlertsAndDashboardsNameWhatIs(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.Data, cfg.Listen, cfg.Settle, cfg.Poll = folder(t), "127.0.0.1:0", 100*time.Millisecond, 20*time.Millisecond
	if err := cfg.complete(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s, err := Open(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	text := omrtest.DPI(100).TextPage(210, 297, rand.New(rand.NewPCG(1, 2)))
	drop := filepath.Join(cfg.Stations["hall-1"], "drop", "scan.jpg")
	if err := os.WriteFile(drop, omrtest.EncodeJPEG(text, 80, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	have := exported{}
	for limit := time.Now().Add(time.Minute); have["bargkhan_station_last_file_timestamp_seconds"] == nil; time.Sleep(50 * time.Millisecond) {
		if have = show(t, s.URL()); time.Now().After(limit) {
			t.Fatal("the file was not taken in a minute")
		}
	}
	for path, exprs := range named(t) {
		if len(exprs) == 0 {
			t.Errorf("%s names nothing", path)
		}
		for _, e := range exprs {
			have.check(t, path, e)
		}
	}
}

// named is what the files under docker/ ask of Prometheus.
func named(t *testing.T) map[string][]string {
	t.Helper()
	read := func(path string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join("../../docker", path))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	out := map[string][]string{}
	// Of YAML, the lines are enough: a rule's expression, and the series of its test.
	line := regexp.MustCompile(`(?m)^ *expr: *(.*(?:\n {10,}\S.*)*)$|series: '([^']*)'`)
	for _, path := range []string{"prometheus/alerts.yml", "prometheus/alerts_test.yml"} {
		for _, m := range line.FindAllStringSubmatch(read(path), -1) {
			out[path] = append(out[path], m[1]+m[2])
		}
	}
	var board struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	const path = "grafana/bargkhan.json"
	if err := json.Unmarshal([]byte(read(path)), &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		for _, q := range p.Targets {
			out[path] = append(out[path], q.Expr)
		}
	}
	return out
}

var (
	metric  = regexp.MustCompile(`\b((?:bargkhan|process|go|http)_[a-z_]+)(?:\{([^}]*)\})?`)
	matcher = regexp.MustCompile(`([a-z_]+) *(?:=~|!~|!=|=) *"([^"]*)"`)
	grouped = regexp.MustCompile(`\bby \(([^)]*)\)`)
)

// scraped are the labels that Prometheus itself puts on every series.
var scraped = []string{"job", "instance"}

// check holds one expression against what is exported.
func (have exported) check(t *testing.T, path, expr string) {
	t.Helper()
	labels := slices.Clone(scraped)
	for _, m := range metric.FindAllStringSubmatch(expr, -1) {
		series, ok := have[m[1]]
		if !ok {
			t.Errorf("%s: %s: there is no metric %s", path, expr, m[1])
		}
		for label := range series {
			labels = append(labels, label)
		}
		for _, l := range matcher.FindAllStringSubmatch(m[2], -1) {
			have.checkLabel(t, path, m[1], l[1], l[2])
		}
	}
	for _, m := range grouped.FindAllStringSubmatch(expr, -1) {
		for label := range strings.SplitSeq(m[1], ",") {
			if !slices.Contains(labels, strings.TrimSpace(label)) {
				t.Errorf("%s: %s: nothing in it has the label %s", path, expr, label)
			}
		}
	}
}

// checkLabel holds one label and its values, a|b, against what is exported. The bounds
// of a histogram are its own affair.
func (have exported) checkLabel(t *testing.T, path, metric, label, values string) {
	t.Helper()
	if slices.Contains(scraped, label) || label == "le" {
		return
	}
	for v := range strings.SplitSeq(values, "|") {
		if !slices.Contains(have[metric][label], v) {
			t.Errorf("%s: %s{%s=%q}: there is no such series", path, metric, label, v)
		}
	}
}
