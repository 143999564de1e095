package exam

import "time"

// Station is the duty of a machine: to send the files of the one station whose key
// it bears. No account has it.
const Station Duty = "station"

// A StationKey is the key of a station far away, as the service keeps it: nobody
// can become the station with it.
type StationKey struct {
	Station string
	Sum     [32]byte  // SHA-256 of the word its requests bear
	Public  []byte    // Ed25519 key that checks its lists
	By      Login     // who gave it
	At      time.Time // when
}

// A FarStation is a station far away, as the office sees it.
type FarStation struct {
	ID    string        `json:"id"`
	Keyed bool          `json:"keyed"` // it has a key that is not revoked
	Seen  time.Time     `json:"seen"`  // when it spoke last; zero: never
	Ahead time.Duration `json:"ahead"` // how far its clock was ahead of ours then
}

// A Delivery is a file that a station far away took, before and after it is here.
type Delivery struct {
	Station string
	ID      string // given by the station; its own for ever there
	Scan    ScanID
	Size    int64     // bytes
	Name    string    // as dropped
	At      time.Time // of taking, by the station's clock
	Listed  Login     // who handed in the signed list that names it; empty: the station sends it itself
}

// Arrival is the delivery as an arrival at the time given, by our clock. Its ID is
// made of the station's, so that delivering again is the same arrival.
func (d Delivery) Arrival(at time.Time) Arrival {
	return Arrival{ID: ArrivalAt(d.Station, d.ID), Scan: d.Scan, Station: d.Station, Name: d.Name, Size: d.Size, At: at}
}

// ArrivalAt is the ID here of a file with this ID at a station far away.
func ArrivalAt(station, id string) string { return station + "." + id }

// A Streak is how many of a station's latest sheets in a row have a line of dust on
// their picture, and since when.
type Streak struct {
	Pages int       `json:"pages"`
	Since time.Time `json:"since"` // when the first of them was taken
}

// streakAlarm is how many sheets in a row say that it is the glass: one or two may be
// a scratch of the paper, or a long pen line.
const streakAlarm = 3

// Alarm says that somebody should clean the glass now.
func (s Streak) Alarm() bool { return s.Pages >= streakAlarm }

// A GivenKey is a key that a station was given once, without what it is.
type GivenKey struct {
	By        Login     `json:"by"`
	At        time.Time `json:"at"`
	RevokedBy Login     `json:"revoked_by,omitempty"`
	RevokedAt time.Time `json:"revoked_at,omitzero"` // zero: it is in force
}
