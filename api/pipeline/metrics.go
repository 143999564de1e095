package pipeline

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bargkhan/api/exam"
	"bargkhan/omr"
	"bargkhan/omr/judge"
)

// Metrics counts what the line does. It is one collector; whoever wires the
// service registers it. A nil *Metrics counts nothing.
type Metrics struct {
	pages    *prometheus.CounterVec   // by outcome
	returned *prometheus.CounterVec   // by reason
	doubts   *prometheus.CounterVec   // by reason
	notes    *prometheus.CounterVec   // by note
	copies   prometheus.Counter       // files
	accepted *prometheus.CounterVec   // fields, by whether it is known how likely they are wrong
	wrong    prometheus.Counter       // of them, as expected
	seconds  prometheus.Histogram     // a page
	verdict  prometheus.Histogram     // a file
	last     *prometheus.GaugeVec     // by station
	all      []prometheus.Collector   // of them
	waiting  func() map[string]folder // by station
	files    *prometheus.Desc
	reach    *prometheus.Desc
}

// A folder is how a drop folder stands.
type folder struct {
	waiting int
	reached bool
}

// NewMetrics makes the metrics of l, and gives them to it.
func NewMetrics(l *Line) *Metrics {
	m := &Metrics{
		pages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bargkhan_pages_total", Help: "Pages by outcome: read, doubted, returned.",
		}, []string{"outcome"}),
		returned: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bargkhan_pages_returned_total", Help: "Pages given back, by reason.",
		}, []string{"reason"}),
		doubts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bargkhan_doubts_total", Help: "Doubts raised on fields, by reason.",
		}, []string{"reason"}),
		notes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bargkhan_notes_total", Help: "Pages that say something of the machine, by note.",
		}, []string{"note"}),
		copies: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bargkhan_copies_total", Help: "Files that were exact copies of earlier ones.",
		}),
		accepted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bargkhan_fields_accepted_total", Help: "Fields accepted without a doubt, by whether their verdict says how likely it is wrong: known, unknown.",
		}, []string{"risk"}),
		wrong: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bargkhan_fields_expected_wrong_total", Help: "How many of the accepted fields with a known risk are expected to be wrong.",
		}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "bargkhan_page_read_seconds", Help: "Time from taking a job to its filing, a page.",
			Buckets: []float64{.01, .02, .05, .1, .2, .5, 1, 2, 5, 15, 60},
		}),
		verdict: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "bargkhan_file_verdict_seconds", Help: "Time from taking a settled file to its verdict, waits included.",
			Buckets: []float64{.05, .1, .2, .3, .5, .75, 1, 2, 3, 5, 15, 60, 300, 1800},
		}),
		last: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "bargkhan_station_last_file_timestamp_seconds", Help: "When the last file of a station was taken.",
		}, []string{"station"}),
		waiting: l.waiting,
		files:   prometheus.NewDesc("bargkhan_station_waiting_files", "Files in the drop folder that are not yet taken.", []string{"station"}, nil),
		reach:   prometheus.NewDesc("bargkhan_station_reachable", "1 while the drop folder can be looked at.", []string{"station"}, nil),
	}
	m.all = []prometheus.Collector{m.pages, m.returned, m.doubts, m.notes, m.copies, m.accepted, m.wrong, m.seconds, m.verdict, m.last}
	for _, outcome := range []string{"read", "doubted", "returned"} {
		m.pages.WithLabelValues(outcome)
	}
	for _, risk := range []string{"known", "unknown"} {
		m.accepted.WithLabelValues(risk)
	}
	born[omr.Reason](m.returned)
	born[judge.Reason](m.doubts)
	born[omr.Note](m.notes)
	l.Metrics = m
	return m
}

// born makes the series of every code, at zero, so that a rate sees the first of each.
func born[C ~uint8, P interface {
	*C
	String() string
	UnmarshalText([]byte) error
}](v *prometheus.CounterVec) {
	for c := C(1); ; c++ {
		var known C
		if P(&known).UnmarshalText([]byte(P(&c).String())) != nil || known != c {
			return
		}
		v.WithLabelValues(P(&c).String())
	}
}

// Describe satisfies prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range m.all {
		c.Describe(ch)
	}
	ch <- m.files
	ch <- m.reach
}

// Collect satisfies prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.all {
		c.Collect(ch)
	}
	for station, f := range m.waiting() {
		reached := 0.0
		if f.reached {
			reached = 1
		}
		ch <- prometheus.MustNewConstMetric(m.files, prometheus.GaugeValue, float64(f.waiting), station)
		ch <- prometheus.MustNewConstMetric(m.reach, prometheus.GaugeValue, reached, station)
	}
}

// waiting is how the drop folders stand.
func (l *Line) waiting() map[string]folder {
	out := map[string]folder{}
	for _, f := range l.Folders {
		waits, err := f.Waiting()
		out[f.Station] = folder{len(waits), err == nil}
	}
	return out
}

// read counts a filing that took so long.
func (m *Metrics) read(f exam.Filing, took time.Duration) {
	if m == nil {
		return
	}
	for _, s := range f.Sheets {
		outcome := "read"
		for _, v := range s.Verdicts {
			m.accept(v)
			for _, d := range v.Doubts {
				outcome = "doubted"
				m.doubts.WithLabelValues(d.Reason.String()).Inc()
			}
		}
		for _, n := range s.Reading.Notes {
			m.notes.WithLabelValues(n.String()).Inc()
		}
		m.pages.WithLabelValues(outcome).Inc()
	}
	for _, r := range f.Returned {
		m.pages.WithLabelValues("returned").Inc()
		m.returned.WithLabelValues(r.Why.Reason.String()).Inc()
	}
	pages := len(f.Sheets) + len(f.Returned)
	for range pages {
		m.seconds.Observe(took.Seconds() / float64(pages))
	}
}

// accept counts a field, if it was accepted.
func (m *Metrics) accept(v judge.Verdict) {
	if len(v.Doubts) > 0 {
		return
	}
	risk := "unknown"
	if v.Wrong > 0 {
		risk = "known"
	}
	m.accepted.WithLabelValues(risk).Inc()
	m.wrong.Add(v.Wrong)
}

// decided counts a file that waited so long for its verdict.
func (m *Metrics) decided(waited time.Duration) {
	if m != nil {
		m.verdict.Observe(waited.Seconds())
	}
}

// taken notes that a file of a station was taken.
func (m *Metrics) taken(station string, at time.Time) {
	if m != nil {
		m.last.WithLabelValues(station).Set(float64(at.UnixNano()) / 1e9)
	}
}

// copied counts an exact copy.
func (m *Metrics) copied() {
	if m != nil {
		m.copies.Inc()
	}
}
