package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"bargkhan/api/exam"
	"bargkhan/api/fault"
	"bargkhan/omr"
	"bargkhan/sheets"
)

// EndBatch ends a batch of its station at its time, and returns it with its
// number. What the station took after the batch before it belongs to it.
func (s *Store) EndBatch(ctx context.Context, b exam.Batch) (_ exam.Batch, err error) {
	defer fault.Wrap(&err, "store: end a batch of station %s", b.Station)
	err = s.change(ctx, func(tx pgx.Tx) error {
		if err := lock(ctx, tx, b.Session); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			insert into batches (station, n, session, venue, stack, paper, login, began_at, ended_at)
			select $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6, coalesce(max(ended_at), 'epoch'),
				greatest($7, coalesce(max(ended_at), 'epoch'))
			from batches where station = $1 returning n, ended_at`,
			b.Station, b.Session, b.Venue, b.Stack, b.Paper, b.By, b.At).Scan(&b.N, &b.At)
	})
	b.At = b.At.UTC()
	return b, err
}

// bounds selects what parts the pages of stations into batches, by station and place:
// header and end sheets, and the batches that people ended. $1 are the stations. A
// person's word is behind all that had come by then, even if it was delivered late.
const bounds = `
	select * from (
		select a.station, a.id as file, p.image, a.at, p.reject->'stack' as stack, null::jsonb as batch
		from pages p join arrivals a on a.scan = p.scan and a.round = p.round
		where p.reject->>'reason' = 'separator' and a.station = any($1) and not a.copy
		union all
		select b.station, coalesce(max(max(a.id)) over (partition by b.station order by b.n), ''), 2147483646, b.ended_at, null,
			jsonb_build_object('station', b.station, 'n', b.n, 'session', b.session, 'venue', b.venue, 'stack', b.stack, 'paper', b.paper,
				'by', b.login, 'at', b.ended_at)
		from batches b left join arrivals a on a.station = b.station and a.at > b.began_at and a.at <= b.ended_at
		where b.station = any($1) group by b.station, b.n
	) x order by station, file, image, batch->'n'`

// piles are the batches of stations, each station's in order.
func piles(ctx context.Context, tx pgx.Tx, stations []string) (out []exam.Pile, err error) {
	rows, err := tx.Query(ctx, bounds, stations)
	if err != nil {
		return nil, err
	}
	of := map[string][]exam.Bound{}
	var b exam.Bound
	var stack, batch []byte
	_, err = pgx.ForEachRow(rows, []any{&b.Seen.Station, &b.File, &b.Image, &b.Seen.At, &stack, &batch}, func() error {
		b.Seen.At, b.Stack, b.Batch = b.Seen.At.UTC(), nil, nil
		if stack != nil {
			if err := json.Unmarshal(stack, &b.Stack); err != nil {
				return err
			}
		}
		if batch != nil {
			if err := json.Unmarshal(batch, &b.Batch); err != nil {
				return err
			}
			b.Batch.At = b.Batch.At.UTC()
		}
		of[b.Seen.Station] = append(of[b.Seen.Station], b)
		return nil
	})
	for _, station := range stations {
		out = append(out, exam.Piles(of[station])...)
	}
	return out, err
}

// counted selects what came of the pages of spans. $1 says which batch each span is
// of, $2 at which station, the others from where to where; no file: whatever comes.
const counted = `
	with pieces as (
		select s.n, a.id, a.copy, p.image,
			r.done_at is null and (a.id, 1) >= (s.a0, s.i0) and (s.a1 = '' or (a.id, 1) < (s.a1, s.i1)) as waiting, p.script, p.reject->>'reason' as reason
		from unnest($1::int[], $2::text[], $3::text[], $4::int[], $5::text[], $6::int[]) as s (n, station, a0, i0, a1, i1)
		join arrivals a on a.station = s.station and a.id >= s.a0 and (s.a1 = '' or a.id <= s.a1)
		join rounds r on r.scan = a.scan and r.round = a.round
		left join pages p on p.scan = a.scan and p.round = a.round
			and (a.id, p.image) >= (s.a0, s.i0) and (s.a1 = '' or (a.id, p.image) < (s.a1, s.i1))
	)
	select n, max(e.accepted), max(e.unknown), max(e.wrong), count(distinct id) filter (where waiting or image is not null),
		count(distinct id) filter (where copy and (waiting or image is not null)),
		count(distinct id) filter (where waiting),
		count(*) filter (where not copy and image > 0), count(distinct script),
		coalesce(jsonb_agg(reason) filter (where reason is not null and not copy), '[]')
	from pieces left join (
		select n, coalesce(sum(accepted), 0) as accepted, coalesce(sum(unknown), 0) as unknown, coalesce(sum(wrong), 0) as wrong
		from (select distinct n, script from pieces) d left join scripts on scripts.id = d.script group by n
	) e using (n) group by n`

// spans are the arguments of counted.
type spans struct {
	n, i0, i1       []int
	station, a0, a1 []string
}

// add has the pages of p counted for batch n.
func (s *spans) add(n int, p *exam.Pile) {
	for _, x := range p.Spans {
		s.n, s.station = append(s.n, n), append(s.station, p.Station)
		s.a0, s.i0 = append(s.a0, x.From.File), append(s.i0, x.From.Image)
		s.a1, s.i1 = append(s.a1, x.To.File), append(s.i1, x.To.Image)
	}
}

// count gives to what came of the pages of each batch that has any file.
func (s *spans) count(ctx context.Context, tx pgx.Tx, to func(n int, t exam.Tally)) error {
	rows, err := tx.Query(ctx, counted, s.n, s.station, s.a0, s.i0, s.a1, s.i1)
	if err != nil {
		return err
	}
	var n int
	var t exam.Tally
	var accepted, unknown int
	var wrong float64
	var back []byte
	_, err = pgx.ForEachRow(rows, []any{&n, &accepted, &unknown, &wrong, &t.Files, &t.Copies, &t.Waiting, &t.Pages, &t.Sheets, &back}, func() error {
		var reasons []omr.Reason
		if err := json.Unmarshal(back, &reasons); err != nil {
			return err
		}
		t.Trays, t.Expected = map[exam.Tray]int{}, exam.Expected(accepted, unknown, wrong)
		for _, r := range reasons {
			t.Trays[exam.TrayOf(r)]++
		}
		to(n, t)
		return nil
	})
	return err
}

// tally counts what came of the pages of piles.
func tally(ctx context.Context, tx pgx.Tx, ps []exam.Pile) ([]exam.Tally, error) {
	out := make([]exam.Tally, len(ps))
	var s spans
	for i := range ps {
		out[i].Trays = map[exam.Tray]int{}
		s.add(i, &ps[i])
	}
	err := s.count(ctx, tx, func(n int, t exam.Tally) { out[n] = t })
	for i := range ps {
		out[i].Batch, out[i].Open = ps[i].Batch, ps[i].Open
	}
	return settleWords(ps, out), err
}

// settleWords lets a person's word that found nothing new behind an end sheet count
// the stack that ended there.
func settleWords(ps []exam.Pile, ts []exam.Tally) (out []exam.Tally) {
	gone := map[int]bool{}
	for i := range ts {
		k := slices.IndexFunc(ps, func(p exam.Pile) bool {
			return p.Headed && p.Station == ps[i].Station && p.Sheet == ps[i].Sheet
		})
		if k >= 0 && !ps[i].Headed && ts[i].Files == 0 && !gone[k] {
			b := ts[i].Batch
			ts[i] = ts[k]
			ts[i].Batch, gone[k] = b, true
		}
	}
	for i := range ts {
		if !gone[i] {
			out = append(out, ts[i])
		}
	}
	return out
}

// place gives the batches of header sheets the IDs of session and venue.
func place(ctx context.Context, tx pgx.Tx, ps []exam.Pile) error {
	named := []string{}
	for i := range ps {
		if ps[i].Headed {
			named = append(named, string(ps[i].Session))
		}
	}
	rows, err := tx.Query(ctx, `select body from sessions where id = any($1) or name = any($1)`, named)
	if err != nil {
		return err
	}
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&body}, func() error {
		var ses exam.Session
		err := json.Unmarshal(body, &ses)
		for i := range ps {
			if err == nil && ps[i].Headed {
				ps[i].In(&ses)
			}
		}
		return err
	})
	return err
}

// Batches is the newest batches of a station, the newest first.
func (s *Store) Batches(ctx context.Context, station string, limit int) (out []exam.Tally, err error) {
	defer fault.Wrap(&err, "store: batches of station %s", station)
	err = s.view(ctx, func(tx pgx.Tx) error {
		ps, err := piles(ctx, tx, []string{station})
		if err != nil {
			return err
		}
		if err := place(ctx, tx, ps); err != nil {
			return err
		}
		out, err = tally(ctx, tx, ps)
		return err
	})
	slices.Reverse(out)
	return out[:min(limit, len(out))], err
}

// Halls is every venue of a session with all its counts, in the session's order.
func (s *Store) Halls(ctx context.Context, id exam.SessionID) (out []exam.Hall, err error) {
	defer fault.Wrap(&err, "store: halls of session %s", id)
	ses, err := s.Session(ctx, id)
	if err != nil {
		return nil, err
	}
	err = s.view(ctx, func(tx pgx.Tx) error {
		out, err = halls(ctx, tx, ses, ses.Venues)
		return err
	})
	return out, err
}

// halls collects all that is known of some venues of a session.
func halls(ctx context.Context, tx pgx.Tx, ses *exam.Session, vs []exam.Venue) (out []exam.Hall, err error) {
	ps, err := pilesOf(ctx, tx, ses)
	if err != nil {
		return nil, err
	}
	for _, v := range vs {
		of := slices.DeleteFunc(slices.Clone(ps), func(p exam.Pile) bool { return p.Venue != v.ID })
		h, err := hall(ctx, tx, ses.ID, v, of)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

// pilesOf are the batches of a session at all stations.
func pilesOf(ctx context.Context, tx pgx.Tx, ses *exam.Session) ([]exam.Pile, error) {
	rows, err := tx.Query(ctx, `
		select station from batches where session = $1
		union
		select a.station from pages p join arrivals a on a.scan = p.scan and a.round = p.round
		where p.reject->>'reason' = 'separator' and p.reject->'stack'->>'session' in ($1, $2)`, ses.ID, ses.Name)
	if err != nil {
		return nil, err
	}
	stations, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	all, err := piles(ctx, tx, stations)
	if err != nil {
		return nil, err
	}
	out := all[:0]
	for _, p := range all {
		if p.Headed {
			p.In(ses)
		}
		if p.Session == ses.ID {
			out = append(out, p)
		}
	}
	return out, nil
}

// hall collects all that is known of one venue, whose batches are ps.
func hall(ctx context.Context, tx pgx.Tx, id exam.SessionID, v exam.Venue, ps []exam.Pile) (h exam.Hall, err error) {
	h = exam.Hall{Venue: v, Absent: []exam.PersonID{}, Missing: []exam.Candidate{}, Present: []exam.PersonID{}, Waivers: []exam.Waiver{}}
	if h.Batches, err = tally(ctx, tx, ps); err != nil {
		return h, err
	}
	if h.Batches == nil {
		h.Batches = []exam.Tally{}
	}
	slices.SortStableFunc(h.Batches, func(a, b exam.Tally) int { return a.At.Compare(b.At) })
	var s spans
	for i := range ps {
		s.add(0, &ps[i])
	}
	if err := s.count(ctx, tx, func(_ int, t exam.Tally) { h.Sheets, h.Expected = t.Sheets, t.Expected }); err != nil {
		return h, err
	}
	if err := attendance(ctx, tx, id, &h); err != nil {
		return h, err
	}
	if err := answered(ctx, tx, id, &h); err != nil {
		return h, err
	}
	var c exam.Closing
	rows, err := tx.Query(ctx, `select login, at from closings where session = $1 and venue = $2 order by n desc limit 1`, id, v.ID)
	if err != nil {
		return h, err
	}
	_, err = pgx.ForEachRow(rows, []any{&c.By, &c.At}, func() error {
		c.At = c.At.UTC()
		h.Closed = &c
		return nil
	})
	return h, err
}

// attendance sets the candidates of h against the sheets that were read and the
// hall's list of the absent.
func attendance(ctx context.Context, tx pgx.Tx, id exam.SessionID, h *exam.Hall) error {
	rows, err := tx.Query(ctx, `
		select c.person, c.name, c.seat, coalesce(p.serial, ''),
			coalesce((select absent from absences a where a.session = c.session and a.person = c.person order by n desc limit 1), false),
			exists (select from scripts s where s.session = c.session and (s.serial = p.serial or s.claim = c.person)),
			exists (select from scripts s where s.session = c.session and (s.serial = p.serial or s.claim = c.person) and not coalesce(s.absent, false))
		from candidates c left join printed p on p.session = c.session and p.person = c.person
		where c.session = $1 and c.venue = $2 order by c.ord`, id, h.Venue.ID)
	if err != nil {
		return err
	}
	var c exam.Candidate
	var serial sheets.Serial
	var listed, read, answered bool
	_, err = pgx.ForEachRow(rows, []any{&c.Person, &c.Name, &c.Seat, &serial, &listed, &read, &answered}, func() error {
		c.Serial, c.Venue = serial, h.Venue.ID
		h.Registered++
		if read {
			h.Read++
		}
		if listed {
			h.Absent = append(h.Absent, c.Person)
		}
		switch {
		case listed && answered:
			h.Present = append(h.Present, c.Person)
		case !listed && !read:
			h.Missing = append(h.Missing, c)
		}
		return nil
	})
	return err
}

// answered reads what people answer for.
func answered(ctx context.Context, tx pgx.Tx, id exam.SessionID, h *exam.Hall) error {
	rows, err := tx.Query(ctx, `select body from waivers where session = $1 and venue = $2 order by n`, id, h.Venue.ID)
	if err != nil {
		return err
	}
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&body}, func() error {
		var w exam.Waiver
		err := json.Unmarshal(body, &w)
		h.Waivers = append(h.Waivers, w)
		return err
	})
	return err
}

// Absent replaces the hall's list of those who did not come to a venue. A person
// who is not of the venue is a fault.Invalid.
func (s *Store) Absent(ctx context.Context, id exam.SessionID, v exam.VenueID, who []exam.PersonID, by exam.Login, at time.Time) (err error) {
	defer fault.Wrap(&err, "store: the absent of venue %s", v)
	return s.change(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select person from candidates where session = $1 and venue = $2`, id, v)
		if err != nil {
			return err
		}
		of, err := pgx.CollectRows(rows, pgx.RowTo[exam.PersonID])
		if err != nil {
			return err
		}
		for _, p := range who {
			if !slices.Contains(of, p) {
				return fault.New(fault.Invalid, "«"+string(p)+"» در فهرست این حوزه نیست.", "کد ملی داوطلبان همین حوزه را بنویسید.")
			}
		}
		_, err = tx.Exec(ctx, `
			insert into absences (session, person, absent, login, at)
			select c.session, c.person, c.person = any($3), $4, $5 from candidates c
			where c.session = $1 and c.venue = $2 and (c.person = any($3)) is distinct from coalesce(
				(select absent from absences a where a.session = c.session and a.person = c.person order by n desc limit 1), false)`,
			id, v, who, by, at)
		return err
	})
}

// Waive keeps a waiver of a difference that the venue has now.
func (s *Store) Waive(ctx context.Context, id exam.SessionID, v exam.VenueID, w exam.Waiver) (err error) {
	defer fault.Wrap(&err, "store: waive a difference of venue %s", v)
	return s.atHall(ctx, id, v, func(tx pgx.Tx, h *exam.Hall) error {
		if err := w.Check(h); err != nil {
			return err
		}
		body, err := json.Marshal(w)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into waivers (session, venue, body) values ($1, $2, $3)`, id, v, body)
		return err
	})
}

// CloseVenue says that all of a venue is accounted for. It is a fault.Conflict while
// there is a difference that nobody answers for.
func (s *Store) CloseVenue(ctx context.Context, id exam.SessionID, v exam.VenueID, c exam.Closing) (err error) {
	defer fault.Wrap(&err, "store: close venue %s", v)
	return s.atHall(ctx, id, v, func(tx pgx.Tx, h *exam.Hall) error {
		if err := h.MayClose(); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into closings (session, venue, login, at) values ($1, $2, $3, $4)`, id, v, c.By, c.At)
		return err
	})
}

// atHall runs do with the counts of a venue as they are, in one transaction.
func (s *Store) atHall(ctx context.Context, id exam.SessionID, v exam.VenueID, do func(pgx.Tx, *exam.Hall) error) error {
	ses, err := s.Session(ctx, id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(ses.Venues, func(x exam.Venue) bool { return x.ID == v })
	if i < 0 {
		return missing("حوزه", v)
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		if err := lock(ctx, tx, id); err != nil {
			return err
		}
		hs, err := halls(ctx, tx, ses, ses.Venues[i:i+1])
		if err != nil {
			return err
		}
		return do(tx, &hs[0])
	})
}
