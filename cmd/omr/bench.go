package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"text/tabwriter"
	"time"
	"unsafe"

	"bargkhan/calibration"
	"bargkhan/omr"
	"bargkhan/omr/judge"
	"bargkhan/omr/omrtest"
	"bargkhan/omr/page"
	"bargkhan/sheets"
)

// benchCmd measures how long reading takes, on pages of its own.
type benchCmd struct {
	Pages      int    `default:"4" help:"Different pages of each kind."`
	Rounds     int    `default:"12" help:"How often each page is read; at least 3."`
	Only       string `help:"Measure only the kinds whose names hold this, such as G4." placeholder:"TEXT"`
	JSON       bool   `help:"Write one JSON object instead of a table."`
	Baselines  string `help:"Folder of baselines: compare with this machine's, or write it if there is none." placeholder:"DIR"`
	Keep       bool   `help:"Write this machine's baseline anew."`
	CPUProfile string `name:"cpuprofile" help:"Write a profile of the run for go tool pprof." placeholder:"FILE"`
}

// A kind of scan to measure.
type benchKind struct {
	Name   string
	design string
	dpi    omrtest.DPI
	goal   float64 // of the ratio to decoding alone
	encode func(img *image.Gray, dpi omrtest.DPI) []byte
}

var benchKinds = []benchKind{
	{"3×20, 200 dpi, JPEG grey", "3x20", 200, 1.25, greyJPEG},
	{"200 questions, 200 dpi, JPEG grey", "200", 200, 1.25, greyJPEG},
	{"3×20, 300 dpi, JPEG grey", "3x20", 300, 1.5, greyJPEG},
	{"3×20, 300 dpi, JPEG colour", "3x20", 300, 1.5, func(i *image.Gray, d omrtest.DPI) []byte { return omrtest.EncodeColourJPEG(i, 80, d) }},
	{"3×20, 200 dpi, TIFF G4", "3x20", 200, 1.5, func(i *image.Gray, d omrtest.DPI) []byte {
		return omrtest.EncodeG4([]*image.Gray{omrtest.Bilevel(150)(omrtest.Clone(i), nil)}, d)
	}},
	{"3×20, 200 dpi, PNG grey", "3x20", 200, 1.5, func(i *image.Gray, d omrtest.DPI) []byte { return omrtest.EncodePNG(i, d) }},
	{"3×20, 200 dpi, PDF of JPEG", "3x20", 200, 1.5, func(i *image.Gray, d omrtest.DPI) []byte { return omrtest.EncodePDF([]*image.Gray{i}, 75, d) }},
}

func greyJPEG(img *image.Gray, dpi omrtest.DPI) []byte { return omrtest.EncodeJPEG(img, 75, dpi) }

// benchDesigns are the sheets that are measured.
func benchDesigns() (map[string]*sheets.Design, error) {
	three, err := sheets.Layout(sheets.Description{ID: "bench-3x20", Forms: 2, Presence: true,
		Blocks: []sheets.Block{{Title: "1"}, {Title: "2"}, {Title: "3"}}})
	if err != nil {
		return nil, err
	}
	many, err := sheets.Layout(sheets.Description{ID: "bench-200", Blocks: []sheets.Block{{Title: "1", Questions: 100}, {Title: "2", Questions: 100}}})
	return map[string]*sheets.Design{"3x20": three, "200": many}, err
}

// A spread is the middle of some values, and where it lies with a certainty of 99 %.
type spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// spreadOf uses the order of vs alone: no distribution is assumed.
func spreadOf(vs []float64) spread {
	slices.Sort(vs)
	n := float64(len(vs))
	reach := 2.576 * math.Sqrt(n) / 2 // of a binomial's normal approximation
	at := func(k float64) float64 { return vs[int(min(max(k, 0), n-1))] }
	return spread{at(n / 2), at(n/2 - reach), at(n/2 + reach)}
}

// A benchRow is one kind's result. Times are milliseconds of processor time of the
// thread that reads, a page.
type benchRow struct {
	Kind   string             `json:"kind"`
	Stages map[string]float64 `json:"stages"`
	Whole  float64            `json:"whole"` // file's bytes to verdicts
	Alone  float64            `json:"alone"` // decoding the same bytes, and nothing else
	Ratio  spread             `json:"ratio"`
	Goal   float64            `json:"goal"`
}

// A benchResult is a run.
type benchResult struct {
	Machine  string     `json:"machine"`
	Rows     []benchRow `json:"rows"`
	Workers  int        `json:"workers"`
	One      float64    `json:"pagesPerSecond1"` // on the clock, of the first kind
	All      float64    `json:"pagesPerSecondN"`
	OneAlone float64    `json:"decodedPerSecond1"` // the same pages, decoded and not read
	AllAlone float64    `json:"decodedPerSecondN"`
	Allocs   float64    `json:"allocsPerPage"` // Go's, decoding included
	PeakMB   float64    `json:"peakMB"`        // of the process, the made pages included
}

var benchStages = []string{"decode", string(omr.Register), string(omr.Identify), string(omr.Measure), "judge"}

// Run measures, and compares with the machine's baseline if it is asked to.
func (c *benchCmd) Run(ctx context.Context, s *streams) error {
	if c.CPUProfile != "" {
		f, err := os.Create(c.CPUProfile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	c.Pages, c.Rounds = max(c.Pages, 1), max(c.Rounds, 3)
	got, err := c.measure(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(s.out).Encode(got)
	} else {
		err = got.table(s.out)
	}
	if err != nil || c.Baselines == "" {
		return err
	}
	return got.against(filepath.Join(c.Baselines, got.Machine+".json"), c.Keep, s.err)
}

// measure makes pages and reads them.
func (c *benchCmd) measure(ctx context.Context) (*benchResult, error) {
	designs, err := benchDesigns()
	if err != nil {
		return nil, err
	}
	out := &benchResult{Machine: machine(), Workers: processors}
	for _, k := range benchKinds {
		if !strings.Contains(k.Name, c.Only) {
			continue
		}
		d := designs[k.design]
		imgs, err := omrtest.Pages(d, c.Pages, k.dpi, 1)
		if err != nil {
			return nil, err
		}
		var files [][]byte
		for _, img := range imgs {
			files = append(files, k.encode(img, k.dpi))
		}
		b := &bench{ctx: ctx, design: d, policy: calibration.Default().Policy}
		row, err := b.row(k, files, c.Rounds)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.Name, err)
		}
		out.Rows = append(out.Rows, row)
		if len(out.Rows) == 1 {
			out.Allocs = b.allocs(files, c.Rounds)
			b.flows(out, files, c.Rounds)
		}
	}
	if len(out.Rows) == 0 {
		return nil, fmt.Errorf("no kind holds %q: the names stand in the table of a run without --only", c.Only)
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return nil, err
	}
	out.PeakMB = float64(u.Maxrss) / 1024
	return out, nil
}

// A bench reads pages of one design.
type bench struct {
	ctx    context.Context
	design *sheets.Design
	policy judge.Policy
}

// read reads a file as the tool does, and tells watch when each stage ends.
func (b *bench) read(data []byte, watch func(stage string)) error {
	reader := omr.Reader{Expect: b.design, Watch: func(s omr.Stage) { watch(string(s)) }}
	for p, err := range page.Decode(b.ctx, bytes.NewReader(data), int64(len(data)), page.Limits{Reduce: omr.SearchSide}) {
		if err != nil {
			return err
		}
		watch("decode")
		r, err := reader.Read(b.ctx, p)
		if err != nil {
			return err
		}
		judge.Fields(b.design.Pages[r.Stamp.Page-1], r.Evidence, b.policy, r.Swatches...)
		watch("judge")
		p.Free()
	}
	return nil
}

// decode decodes a file alone, as one stage.
func (b *bench) decode(data []byte, _ func(stage string)) error {
	for p, err := range page.Decode(b.ctx, bytes.NewReader(data), int64(len(data)), page.Limits{}) {
		if err != nil {
			return err
		}
		p.Free()
	}
	return nil
}

// row measures one kind: in turns, so that what else the machine does touches both the
// same, and each as often after itself as after the other, for what was done last is
// still close to the processor; after one round that does not count.
func (b *bench) row(k benchKind, files [][]byte, rounds int) (benchRow, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const bare, reading = 0, 1
	does := [...]func(data []byte, watch func(stage string)) error{bare: b.decode, reading: b.read}
	stages := map[string][]float64{}
	var whole, alone, ratio []float64
	for round := range rounds + 1 {
		for _, data := range files {
			var took [len(does)]time.Duration
			for _, what := range [...]int{bare, reading, reading, bare} {
				start := threadTime()
				last := start
				err := does[what](data, func(stage string) {
					now := threadTime()
					if round > 0 {
						stages[stage] = append(stages[stage], ms(now-last))
					}
					last = now
				})
				if err != nil {
					return benchRow{}, err
				}
				took[what] += threadTime() - start
			}
			if round > 0 {
				alone, whole = append(alone, ms(took[bare])/2), append(whole, ms(took[reading])/2)
				ratio = append(ratio, float64(took[reading])/float64(max(took[bare], 1)))
			}
		}
	}
	out := benchRow{Kind: k.Name, Goal: k.goal, Stages: map[string]float64{}, Whole: spreadOf(whole).Median,
		Alone: spreadOf(alone).Median, Ratio: spreadOf(ratio)}
	for name, v := range stages {
		out.Stages[name] = spreadOf(v).Median
	}
	return out, nil
}

// flows measures one worker and many, reading and only decoding, in turns. The best of
// three is what the machine can do: whatever else it did took from the others.
func (b *bench) flows(out *benchResult, files [][]byte, rounds int) {
	read := func(data []byte) { _ = b.read(data, func(string) {}) } // these files were read before
	bare := func(data []byte) { _ = b.decode(data, nil) }
	for range 3 {
		out.One = max(out.One, flow(files, rounds, 1, read))
		out.All = max(out.All, flow(files, rounds, out.Workers, read))
		out.OneAlone = max(out.OneAlone, flow(files, rounds, 1, bare))
		out.AllAlone = max(out.AllAlone, flow(files, rounds, out.Workers, bare))
	}
}

// flow is pages a second of so many workers, on the clock.
func flow(files [][]byte, rounds, workers int, do func(data []byte)) float64 {
	total := int64(len(files) * max(rounds, 8))
	var next atomic.Int64
	var wait sync.WaitGroup
	start := time.Now()
	for range workers {
		wait.Go(func() {
			for i := next.Add(1); i <= total; i = next.Add(1) {
				do(files[i%int64(len(files))])
			}
		})
	}
	wait.Wait()
	return float64(total) / time.Since(start).Seconds()
}

// allocs is Go's allocations a page.
func (b *bench) allocs(files [][]byte, rounds int) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		for _, data := range files {
			_ = b.read(data, func(string) {}) // these files were read before
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(rounds*len(files))
}

// threadTime is the processor time of this thread: on a machine that others use too,
// the clock says more about them. (The kernel's accounts of a thread that getrusage
// reads are kept in ticks of milliseconds.)
func threadTime() time.Duration {
	const thread = 3 // CLOCK_THREAD_CPUTIME_ID of Linux
	var t syscall.Timespec
	_, _, _ = syscall.Syscall(syscall.SYS_CLOCK_GETTIME, thread, uintptr(unsafe.Pointer(&t)), 0) // it cannot fail with these arguments
	return time.Duration(t.Nano())
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// table writes what people read.
func (r *benchResult) table(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "ms a page\t%s\twhole\tdecoding alone\tratio\tgoal\t\n", strings.Join(benchStages, "\t"))
	for _, row := range r.Rows {
		fmt.Fprintf(w, "%s\t", row.Kind)
		for _, s := range benchStages {
			fmt.Fprintf(w, "%.2f\t", row.Stages[s])
		}
		fmt.Fprintf(w, "%.2f\t%.2f\t%.2f (%.2f to %.2f)\t%.2f\t\n", row.Whole, row.Alone, row.Ratio.Median, row.Ratio.Low, row.Ratio.High, row.Goal)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(to, "\npages/s: %.0f with 1 worker, %.0f with %d (%.2f times), on the clock; only decoded: %.0f and %.0f (%.2f times)\n"+
		"allocations: %.0f a page; memory: %.0f MB at most, made pages included\n",
		r.One, r.All, r.Workers, r.All/r.One, r.OneAlone, r.AllAlone, r.AllAlone/r.OneAlone, r.Allocs, r.PeakMB)
	return err
}

// slower is how much a median may grow before it is a regression.
const slower = 1.05

// against compares with a baseline, or writes it. What is slower beyond doubt is an error.
func (r *benchResult) against(file string, keep bool, to io.Writer) error {
	data, err := os.ReadFile(file)
	if keep || errors.Is(err, fs.ErrNotExist) {
		out, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, append(out, '\n'), 0o644); err != nil {
			return err
		}
		fmt.Fprintln(to, "the baseline of this machine is now", file)
		return nil
	}
	if err != nil {
		return err
	}
	var old benchResult
	if err := json.Unmarshal(data, &old); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	var all error
	for _, was := range old.Rows {
		for _, is := range r.Rows {
			if is.Kind == was.Kind && is.Ratio.Median > slower*was.Ratio.Median && is.Ratio.Low > was.Ratio.High {
				all = errors.Join(all, fmt.Errorf("slower: %s takes %.2f times decoding, and took %.2f", is.Kind, is.Ratio.Median, was.Ratio.Median))
			}
		}
	}
	if all == nil {
		fmt.Fprintln(to, "no kind is slower than in", file)
	}
	return all
}

// machine names this machine for its baseline: its processor, and how many of them.
func machine() string {
	model := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := regexp.MustCompile(`model name\s*:\s*(.*)`).FindSubmatch(info); m != nil {
			model = string(m[1])
		}
	}
	name := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(model), "-")
	return fmt.Sprintf("%s-%d", strings.Trim(name, "-"), runtime.NumCPU())
}
