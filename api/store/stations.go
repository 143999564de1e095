package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/omr"
)

// PutStationKey gives a station its key. The one it had before is revoked with it.
func (s *Store) PutStationKey(ctx context.Context, k exam.StationKey) (err error) {
	defer fault.Wrap(&err, "store: put key of station %s", k.Station)
	return s.change(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `
			update station_keys set revoked_by = $2, revoked_at = $3 where station = $1 and revoked_at is null and sum <> $4`,
			k.Station, k.By, k.At, k.Sum[:]); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			insert into station_keys (sum, public, station, login, at) values ($1, $2, $3, $4, $5) on conflict (sum) do nothing`,
			k.Sum[:], k.Public, k.Station, k.By, k.At)
		return err
	})
}

// RevokeStationKey ends a station's key: nothing it says is heard any more. It is a
// fault.NotFound when the station has none.
func (s *Store) RevokeStationKey(ctx context.Context, station string, by exam.Login, at time.Time) (err error) {
	defer fault.Wrap(&err, "store: revoke key of station %s", station)
	return s.change(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			update station_keys set revoked_by = $2, revoked_at = $3 where station = $1 and revoked_at is null`, station, by, at)
		if err == nil && tag.RowsAffected() == 0 {
			err = noKey()
		}
		return err
	})
}

func noKey() error {
	return fault.New(fault.NotFound, "این ایستگاه کلید معتبری ندارد.", "از مدیر سامانه بخواهید برای ایستگاه کلید بسازد.")
}

const stationKey = `select sum, public, station, login, at from station_keys where revoked_at is null and `

// StationBearing is the key whose word has this sum. A revoked key is a
// fault.NotFound, like one that never was.
func (s *Store) StationBearing(ctx context.Context, sum [32]byte) (k exam.StationKey, err error) {
	defer fault.Wrap(&err, "store: station by its word")
	return s.stationKey(ctx, stationKey+`sum = $1`, sum[:])
}

// StationKey is the key that a station has now. It is a fault.NotFound when it has none.
func (s *Store) StationKey(ctx context.Context, station string) (k exam.StationKey, err error) {
	defer fault.Wrap(&err, "store: key of station %s", station)
	return s.stationKey(ctx, stationKey+`station = $1`, station)
}

func (s *Store) stationKey(ctx context.Context, sql string, arg any) (k exam.StationKey, err error) {
	err = s.view(ctx, func(tx pgx.Tx) error {
		var sum []byte
		err := tx.QueryRow(ctx, sql, arg).Scan(&sum, &k.Public, &k.Station, &k.By, &k.At)
		if errors.Is(err, pgx.ErrNoRows) {
			return noKey()
		}
		copy(k.Sum[:], sum)
		return err
	})
	return k, err
}

// StationSpoke keeps when a station spoke, and how far its clock was ahead of ours.
func (s *Store) StationSpoke(ctx context.Context, station string, at time.Time, ahead time.Duration) (err error) {
	defer fault.Wrap(&err, "store: clock of station %s", station)
	return s.change(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			insert into station_clocks (station, seen_at, ahead) values ($1, $2, $3)
			on conflict (station) do update set seen_at = excluded.seen_at, ahead = excluded.ahead`,
			station, at, ahead.Microseconds())
		return err
	})
}

// FarStations lists the stations that ever had a key, by name.
func (s *Store) FarStations(ctx context.Context) (out []exam.FarStation, err error) {
	defer fault.Wrap(&err, "store: stations far away")
	err = s.view(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select k.station, bool_or(k.revoked_at is null), c.seen_at, coalesce(c.ahead, 0)
			from station_keys k left join station_clocks c on c.station = k.station
			group by k.station, c.seen_at, c.ahead order by k.station`)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (f exam.FarStation, err error) {
			var seen *time.Time
			var ahead int64
			err = row.Scan(&f.ID, &f.Keyed, &seen, &ahead)
			if f.Ahead = time.Duration(ahead) * time.Microsecond; seen != nil {
				f.Seen = seen.UTC()
			}
			return f, err
		})
		return err
	})
	return out, err
}

// PutDeliveries enters files that a station says it took. Entering one again
// changes nothing; the same ID for other bytes is a fault.Conflict, and then none
// is entered.
func (s *Store) PutDeliveries(ctx context.Context, ds []exam.Delivery) (err error) {
	defer fault.Wrap(&err, "store: put %d deliveries", len(ds))
	return s.change(ctx, func(tx pgx.Tx) error {
		var b pgx.Batch
		for i := range ds {
			d := &ds[i]
			b.Queue(`
				insert into deliveries (station, id, scan, size, name, taken_at, listed, ahead)
				values ($1, $2, $3, $4, $5, $6, $7, (select ahead from station_clocks where station = $1))
				on conflict (station, id) do update
				set listed = case when deliveries.listed = '' then excluded.listed else deliveries.listed end
				returning scan, size`,
				d.Station, d.ID, d.Scan, d.Size, d.Name, d.At, d.Listed).QueryRow(func(row pgx.Row) error {
				var scan exam.ScanID
				var size int64
				if err := row.Scan(&scan, &size); err != nil {
					return err
				}
				if scan != d.Scan || size != d.Size {
					return &fault.Error{Kind: fault.Conflict, Msg: "دو فایل ناهمسان با یک شناسه از این ایستگاه آمده‌اند.",
						Hint: "فایل را در ایستگاه دوباره در پوشهٔ ورودی بگذارید.",
						Err:  fmt.Errorf("delivery %s of station %s was scan %s, now %s", d.ID, d.Station, scan, d.Scan)}
				}
				return nil
			})
		}
		return tx.SendBatch(ctx, &b).Close()
	})
}

// Delivery is a fault.NotFound when the station never spoke of such a file, and no
// list names it.
func (s *Store) Delivery(ctx context.Context, station, id string) (d exam.Delivery, err error) {
	defer fault.Wrap(&err, "store: delivery %s of station %s", id, station)
	err = s.view(ctx, func(tx pgx.Tx) error {
		d = exam.Delivery{Station: station, ID: id}
		err := tx.QueryRow(ctx, `select scan, size, name, taken_at, listed from deliveries where station = $1 and id = $2`, station, id).
			Scan(&d.Scan, &d.Size, &d.Name, &d.At, &d.Listed)
		return exists(err, "فایل", id)
	})
	return d, err
}

// Notes lists what was noted on the pages of the named arrivals, each note once for
// an arrival.
func (s *Store) Notes(ctx context.Context, arrivals []string) (out map[string][]omr.Note, err error) {
	defer fault.Wrap(&err, "store: notes")
	err = s.view(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select a.id, p.notes from arrivals a join pages p on p.scan = a.scan and p.round = a.round
			where a.id = any($1) and not a.copy and jsonb_typeof(p.notes) = 'array'
			order by a.id, p.image`, arrivals)
		if err != nil {
			return err
		}
		out = map[string][]omr.Note{}
		var id string
		var raw []byte
		_, err = pgx.ForEachRow(rows, []any{&id, &raw}, func() error {
			var notes []omr.Note
			if err := json.Unmarshal(raw, &notes); err != nil {
				return err
			}
			for _, n := range notes {
				if !slices.Contains(out[id], n) {
					out[id] = append(out[id], n)
				}
			}
			return nil
		})
		return err
	})
	return out, err
}

// GivenKeys lists the keys that a station was ever given, the latest first.
func (s *Store) GivenKeys(ctx context.Context, station string) (out []exam.GivenKey, err error) {
	defer fault.Wrap(&err, "store: keys of station %s", station)
	err = s.view(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select login, at, coalesce(revoked_by, ''), revoked_at from station_keys where station = $1 order by at desc`, station)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (k exam.GivenKey, err error) {
			var ended *time.Time
			err = row.Scan(&k.By, &k.At, &k.RevokedBy, &ended)
			if k.At = k.At.UTC(); ended != nil {
				k.RevokedAt = ended.UTC()
			}
			return k, err
		})
		return err
	})
	return out, err
}
