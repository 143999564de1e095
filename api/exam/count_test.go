package exam

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"bargkhan/api/fault"
	"bargkhan/omr"
)

func TestTrayOf(t *testing.T) {
	want := map[omr.Reason]Tray{
		omr.BlankPage: Blanks, omr.NoAnchors: Others, omr.Foreign: Foreigns, omr.NoDesign: Foreigns, omr.TestSheet: Foreigns,
		omr.Separator: Separators, omr.Unopened: Held,
	}
	for r := omr.Reason(1); r.String() != ""; r++ {
		tray := want[r]
		if tray == "" {
			tray = Again
		}
		if got := TrayOf(r); got != tray {
			t.Errorf("%v lies in %q, want %q", r, got, tray)
		}
		if !slices.Contains(Trays(), tray) {
			t.Errorf("the tray %q is not listed", tray)
		}
	}
}

func TestDifferences(t *testing.T) { // S-35: the hall says 412, scanned 410
	counted := func(paper, sheets int) *Hall {
		return &Hall{Venue: Venue{Name: "ساری"}, Registered: 412, Sheets: sheets, Batches: []Tally{{Batch: Batch{Paper: paper - 100}}, {Batch: Batch{Paper: 100}}}}
	}
	cases := map[string]struct {
		hall *Hall
		says string // of the refusal; empty: it may be closed
	}{
		"all is there":    {counted(412, 412), ""},
		"two too few":     {counted(412, 410), "۲ برگه کمتر"},
		"two too many":    {counted(412, 414), "۲ برگه بیش"},
		"never counted":   {&Hall{Registered: 3}, "شمرده نشده"},
		"nobody came":     {&Hall{Registered: 1, Absent: []PersonID{"1"}}, ""},
		"nobody expected": {&Hall{}, ""},
		"still reading":   {&Hall{Batches: []Tally{{Waiting: 3}}}, "۳ فایل"},
		"no sheet":        {&Hall{Batches: []Tally{{}}, Missing: []Candidate{{}}}, "۱ داوطلب"},
		"there and not":   {&Hall{Batches: []Tally{{}}, Present: []PersonID{"1"}}, "۱ نفر"},
		"waived": {&Hall{Batches: []Tally{{}}, Missing: []Candidate{{}},
			Waivers: []Waiver{{Gap: MissingGap, Amount: 1}}}, ""},
		"waived when it was less": {&Hall{Batches: []Tally{{}}, Missing: []Candidate{{}, {}},
			Waivers: []Waiver{{Gap: MissingGap, Amount: 1}}}, "۲ داوطلب"},
	}
	for name, c := range cases {
		err := c.hall.MayClose()
		if c.says == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.says != "" && (!errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want a conflict that says %q", name, err, c.says)
		}
	}
}

func TestBatchCheck(t *testing.T) {
	ses := &Session{Venues: []Venue{{ID: "sari"}}}
	if err := (Batch{Venue: "sari", Paper: 412}).Check(ses); err != nil {
		t.Error(err)
	}
	for _, b := range []Batch{{Venue: "amol"}, {Venue: "sari", Paper: -1}, {Venue: "sari", Paper: 1 << 30}} {
		if err := b.Check(ses); !errors.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v, want it invalid", b, err)
		}
	}
}
