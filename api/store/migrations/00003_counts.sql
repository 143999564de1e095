-- +goose Up

-- Stacks of paper as the halls counted them. The files of a batch are those that
-- the station took after the batch before it ended.
create table batches (
    station  text not null check (station <> ''),
    n        int not null check (n > 0),
    session  text not null references sessions,
    venue    text not null check (venue <> ''),
    stack    text not null,
    paper    int not null check (paper >= 0),
    login    text not null,
    began_at timestamptz not null, -- when the one before it ended
    ended_at timestamptz not null,
    primary key (station, n),
    check (began_at <= ended_at)
);
create index on batches (session, venue);

-- Whom the hall's own list says to have been absent; the latest word on a person
-- stands.
create table absences (
    n       bigint generated always as identity primary key,
    session text not null,
    person  text not null,
    absent  boolean not null,
    login   text not null,
    at      timestamptz not null,
    foreign key (session, person) references candidates on delete cascade
);
create index on absences (session, person, n);

create table waivers (
    n       bigint generated always as identity primary key,
    session text not null references sessions,
    venue   text not null,
    body    jsonb not null
);
create index on waivers (session, venue);

create table closings (
    n       bigint generated always as identity primary key,
    session text not null references sessions,
    venue   text not null,
    login   text not null,
    at      timestamptz not null
);
create index on closings (session, venue);

-- +goose Down

drop table closings, waivers, absences, batches;
