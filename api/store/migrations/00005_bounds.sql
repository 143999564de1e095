-- +goose Up

-- Stacks are parted by header sheets: pages of a station in the order in which they
-- were taken, and the few pages that part them.
create index on arrivals (station, id);
create index on arrivals (scan, round);
create index pages_separators on pages (scan, round) where reject->>'reason' = 'separator';

-- Sheets of sessions that are not opened for scanning yet.
create index pages_unopened on pages (scan, round) where reject->>'reason' = 'unopened';

-- +goose Down

drop index pages_unopened, pages_separators, arrivals_scan_round_idx, arrivals_station_id_idx;
