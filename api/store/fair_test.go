package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"bargkhan/api/exam"
	"bargkhan/api/store/storetest"
)

// TestFairBetweenStations has one station dump hundreds of files and another scan
// three: the three are read soon, and each station's files in their order.
func TestFairBetweenStations(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	const dumped, scanned = 300, 3
	of := map[exam.ScanID]string{}
	keep := func(station string, n int) {
		for i := range n {
			a := arrival(fmt.Sprint(station, "-", i), fmt.Sprint(station, i))
			a.Station = station
			of[a.Scan] = fmt.Sprintf("%s %03d", station, i)
			must(t, s.Keep(ctx, a))
		}
	}
	keep("dump", dumped)
	keep("hall", scanned)
	done := make(chan string, dumped+scanned)
	work(t, s, 1, func(c context.Context, id exam.ScanID) error {
		_, err := s.File(c, exam.Filing{Scan: id})
		done <- of[id]
		return err
	})
	var dump, hall []string
	last := 0 // of the hall's, among all
	for n := range dumped + scanned {
		name := receive(t, "a file", done)
		if name[:4] == "hall" {
			hall, last = append(hall, name), n+1
		} else {
			dump = append(dump, name)
		}
	}
	if !slices.IsSorted(dump) || !slices.IsSorted(hall) || len(hall) != scanned || len(dump) != dumped {
		t.Errorf("out of order: %q %q", hall, dump)
	}
	if last > 16+scanned {
		t.Errorf("the last file of the hall was read as number %d of %d", last, dumped+scanned)
	}
}

// TestAge has the rest of a dump that has waited for long go before the second half of
// another station's stack, and not before what that scans just now.
func TestAge(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	of := map[exam.ScanID]string{}
	keep := func(station string, n int) {
		for i := range n {
			a := arrival(fmt.Sprint(station, "-", i), fmt.Sprint(station, i))
			a.Station = station
			of[a.Scan] = fmt.Sprintf("%s %03d", station, i)
			must(t, s.Keep(ctx, a))
		}
	}
	const dumped, stack = 140, 30
	keep("dump", dumped)
	must(t, s.Age(ctx, time.Hour)) // nothing has waited for so long
	must(t, s.Age(ctx, 0))
	keep("hall", stack)
	done := make(chan string, dumped+stack)
	work(t, s, 1, func(c context.Context, id exam.ScanID) error {
		_, err := s.File(c, exam.Filing{Scan: id})
		done <- of[id]
		return err
	})
	at := map[string]int{}
	for n := range dumped + stack {
		at[receive(t, "a file", done)] = n
	}
	if rest := at["dump 139"]; rest < at["hall 015"] || rest > at["hall 016"] {
		t.Errorf("the end of the dump was read as number %d; the hall's 16th as %d, its 17th as %d", rest, at["hall 015"], at["hall 016"])
	}
}
