-- +goose Up

-- Test decks as the stations read them, who answers for a station without one, and
-- when a session was opened for scanning.
create table deck_checks (
    n           bigint generated always as identity primary key,
    session     text not null references sessions,
    station     text not null check (station <> ''),
    design      bytea not null check (length(design) = 32),
    cards       int not null check (cards > 0),
    differences int not null check (differences >= 0),
    login       text not null,
    at          timestamptz not null
);
create index on deck_checks (session, n);

create table deck_waivers (
    n       bigint generated always as identity primary key,
    session text not null references sessions,
    station text not null check (station <> ''),
    name    text not null check (name <> ''),
    reason  text not null check (reason <> ''),
    login   text not null,
    at      timestamptz not null
);
create index on deck_waivers (session, n);

create table openings (
    n        bigint generated always as identity primary key,
    session  text not null references sessions,
    stations text[] not null check (cardinality(stations) > 0),
    login    text not null,
    at       timestamptz not null
);
create index on openings (session, n);

-- +goose Down

drop table openings, deck_waivers, deck_checks;
