package main

import (
	"context"
	"log/slog"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bargkhan/api/archive"
	"bargkhan/api/store"
)

// queueMetrics asks the database how much waits, whenever metrics are asked for.
type queueMetrics struct {
	store *store.Store
	log   *slog.Logger
}

var (
	queueDepth  = prometheus.NewDesc("bargkhan_queue_files", "Files waiting to be read or being read.", nil, nil)
	queueOldest = prometheus.NewDesc("bargkhan_queue_oldest_seconds", "Age of the oldest file in the queue.", nil, nil)
	queueAside  = prometheus.NewDesc("bargkhan_queue_aside_files", "Files set aside after many tries.", nil, nil)
	scriptsDue  = prometheus.NewDesc("bargkhan_scripts_due", "Scripts waiting to be graded.", nil, nil)
)

// archiveFree is how much room the disk of the archive has; not a number while it
// cannot be asked.
func archiveFree(disk *archive.Folder) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "bargkhan_archive_free_bytes", Help: "Free bytes on the disk of the archive.",
	}, func() float64 {
		free, err := disk.Free()
		if err != nil {
			return math.NaN()
		}
		return float64(free)
	})
}

// Describe satisfies prometheus.Collector.
func (q *queueMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- queueDepth
	ch <- queueOldest
	ch <- queueAside
	ch <- scriptsDue
}

// Collect satisfies prometheus.Collector. While the database does not answer
// there are no values, which is what an alert should look at.
func (q *queueMetrics) Collect(ch chan<- prometheus.Metric) {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	now, err := q.store.Queue(ctx)
	if err != nil {
		q.log.Warn("metrics of the queue", "err", err)
		return
	}
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	gauge(queueDepth, float64(now.Depth))
	gauge(queueOldest, now.Oldest.Seconds())
	gauge(queueAside, float64(now.Aside))
	gauge(scriptsDue, float64(now.Due))
}
