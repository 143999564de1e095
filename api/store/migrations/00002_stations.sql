-- +goose Up

-- The keys of stations far away. A key is never changed: it is given, and one day
-- revoked. A station has one at a time.
create table station_keys (
    sum        bytea primary key check (octet_length(sum) = 32),
    public     bytea not null check (octet_length(public) = 32),
    station    text not null check (station <> ''),
    login      text not null, -- who gave it
    at         timestamptz not null,
    revoked_by text,
    revoked_at timestamptz,
    check ((revoked_by is null) = (revoked_at is null))
);
create unique index station_keys_live on station_keys (station) where revoked_at is null;

-- When each spoke last, and how far its clock was ahead of ours.
create table station_clocks (
    station text primary key,
    seen_at timestamptz not null,
    ahead   bigint not null -- microseconds
);

-- The files they took, from the first piece or the signed list on. What became of
-- them stands with the arrival that is made of station and id.
create table deliveries (
    station  text not null,
    id       text not null check (id <> ''),
    scan     text not null check (scan ~ '^[0-9a-f]{64}$'),
    size     bigint not null check (size > 0),
    name     text not null,
    taken_at timestamptz not null, -- by the station's clock
    ahead    bigint,               -- of that clock, in microseconds, as known at the first piece
    listed   text not null,        -- who handed in the list; '': the station sends it itself
    at       timestamptz not null default now(),
    primary key (station, id)
);

-- +goose Down

drop table deliveries, station_clocks, station_keys;
