-- +goose Up

-- Logins of the web are kept by their own library, which calls its table
-- "sessions". A session of ours is an exam, so that table lives in a schema of
-- its own.
create schema web;

create table web.sessions (
    token  text primary key,
    data   bytea not null,
    expiry timestamptz not null
);
create index on web.sessions (expiry);

create table accounts (
    login  text primary key check (login <> ''),
    name   text not null,
    duties text[] not null,
    hash   text not null
);

create table tokens (
    sum     bytea primary key check (octet_length(sum) = 32),
    name    text not null,
    login   text not null references accounts,
    duties  text[] not null,
    expires timestamptz -- null: never
);

create table designs (
    digest bytea primary key check (octet_length(digest) = 32),
    head   bytea not null unique generated always as (substring(digest from 1 for 4)) stored,
    id     text not null,
    body   bytea not null -- the explicit design file
);

create table sessions (
    id          text primary key check (id <> ''),
    name        text not null,
    body        jsonb not null,
    key_version int not null default 0 check (key_version >= 0) -- the latest of keys
);

create table session_designs (
    session text not null references sessions,
    digest  bytea not null references designs,
    n       bigint generated always as identity, -- order of adding
    primary key (session, digest)
);

create table appointments (
    session text not null references sessions,
    who     text not null check (who <> ''),
    letter  text not null,
    login   text not null, -- who appointed
    body    jsonb not null,
    primary key (session, who, letter)
);
create index on appointments (who);

create table keys (
    session text not null references sessions,
    version int not null check (version > 0),
    items   jsonb not null,
    login   text not null,
    at      timestamptz not null,
    reason  text not null,
    primary key (session, version)
);

create table candidates (
    session  text not null references sessions,
    person   text not null check (person <> ''),
    ord      int not null, -- place in the roster as it was handed in
    name     text not null,
    father   text not null,
    employer text not null,
    venue    text not null,
    seat     text not null,
    primary key (session, person)
);

-- +goose StatementBegin
do $$
begin
    -- The sequence starts anywhere, so that two installations do not print the
    -- same serials.
    execute format('create sequence serials minvalue 0 maxvalue 999999999 start %s cycle',
        floor(random() * 1000000000)::bigint);
end
$$;
-- +goose StatementEnd

-- Every sheet of paper that was ever printed. The key to candidates keeps a
-- person on the roster once a sheet bears the name.
create table printed (
    serial  text primary key check (serial ~ '^[0-9]{10}$'),
    session text not null references sessions,
    person  text, -- null: a spare
    at      timestamptz not null default now(),
    unique (serial, session),
    unique (session, person),
    foreign key (session, person) references candidates
);

create table scans (
    id      text primary key check (id ~ '^[0-9a-f]{64}$'),
    station text not null,
    name    text not null,
    size    bigint not null check (size >= 0),
    at      timestamptz not null
);

-- A round is one attempt to read a scan through to its filing. There is a second
-- one only when nothing could be read in the first and the bytes came again.
create table rounds (
    scan    text not null references scans,
    round   int not null check (round > 0),
    job     bigint not null, -- of the queue, which forgets jobs that are long done
    pages   int check (pages >= 0),
    done_at timestamptz,
    primary key (scan, round),
    check ((pages is null) = (done_at is null))
);
create unique index rounds_open on rounds (scan) where done_at is null;

create table arrivals (
    id      text primary key check (id <> ''),
    scan    text not null,
    round   int not null,
    copy    boolean not null,
    station text not null,
    name    text not null,
    size    bigint not null check (size >= 0),
    at      timestamptz not null,
    foreign key (scan, round) references rounds
);
create index on arrivals (station, at desc, id desc);
create index on arrivals (at desc, id desc);

-- A script is keyed by the serial of its paper. rev counts its sheets and
-- rulings. Below "due", all is a cache of what was computed of it.
create table scripts (
    id      text primary key,
    serial  text not null unique,
    session text not null,
    design  bytea not null references designs,
    rev     int not null check (rev > 0),

    due_at  timestamptz,               -- null: its marking is of the latest facts
    stir    bigint not null default 1, -- counts all that made it due

    marked_rev int check (marked_rev <= rev),
    marked_key int,
    state      smallint,
    absent     boolean,
    claim      text check (claim <> ''),
    person     text,

    foreign key (serial, session) references printed (serial, session),
    check ((marked_rev is null) = (state is null)),
    check ((marked_rev is null) = (marked_key is null)),
    check ((marked_rev is null) = (absent is null)),
    check (marked_rev is not null or claim is null),
    check (person is null or (claim is not null and person = claim)),
    check (marked_rev is not null or due_at is not null)
);
create index on scripts (session);
create index scripts_due on scripts (due_at) where due_at is not null;
create index scripts_claim on scripts (session, claim) where claim is not null;
create unique index scripts_person on scripts (session, person) where person is not null;

-- A page of a scan is read, and then it is a sheet of a script, or it is given
-- back. Evidence is three arrays in the order of the design's bubbles.
create table pages (
    scan     text not null,
    round    int not null,
    image    int not null check (image >= 0), -- 0: the file as a whole

    script   text references scripts,
    rev      int,      -- of the script, that this sheet made
    page     smallint, -- of the sheet, from 1
    digest   bytea references designs,
    engine   text,
    policy   text,
    pose     jsonb,
    notes    jsonb,
    ink      real[],
    fit      real[],
    seen     real[],
    verdicts jsonb,
    doubts   smallint[], -- the reasons among verdicts, each once

    reject   jsonb,

    primary key (scan, round, image),
    foreign key (scan, round) references rounds,
    unique (script, rev),
    check (num_nonnulls(script, reject) = 1),
    check (num_nonnulls(script, rev, page, digest, engine, policy, pose, notes, ink, fit, seen, verdicts, doubts)
           = case when script is null then 0 else 13 end),
    check (script is null or image > 0),
    check (cardinality(ink) = cardinality(fit) and cardinality(ink) = cardinality(seen))
);
-- Arrays and verdicts compress well; lz4 costs a fraction of pglz.
alter table pages alter ink set compression lz4, alter fit set compression lz4, alter seen set compression lz4,
    alter pose set compression lz4, alter verdicts set compression lz4;

create table rulings (
    script     text not null references scripts,
    rev        int not null, -- of the script, that this ruling made
    field      text not null check (field <> ''),
    choices    text[] not null,
    cannot_say boolean not null,
    withdrawn  boolean not null,
    login      text not null check (login <> ''),
    at         timestamptz not null,
    note       text not null,
    primary key (script, rev),
    check (not (cannot_say and withdrawn))
);

create table grades (
    seq      bigint generated always as identity primary key,
    script   text not null references scripts,
    session  text not null references sessions,
    title    text not null check (title <> ''),
    person   text check (person <> ''),
    rev      int not null,
    key      int not null check (key > 0),
    low_num  int not null,
    low_den  int not null check (low_den > 0),
    high_num int not null,
    high_den int not null check (high_den > 0),
    right_   int not null,
    wrong    int not null,
    blank    int not null,
    open     int not null,
    outcome  smallint not null,
    latest   boolean not null,
    at       timestamptz not null default now()
);
create unique index grades_latest on grades (script, title) where latest;
create index grades_session on grades (session, seq) where latest;

create table tasks (
    script   text not null references scripts,
    session  text not null references sessions,
    ord      int not null, -- place among the script's tasks
    field    text not null,
    rev      int not null,
    role     smallint not null,
    options  text[] not null,
    doubts   jsonb not null,
    decisive boolean not null,
    office   boolean not null,
    views    jsonb not null,
    primary key (script, field)
);
create index on tasks (session, office, decisive desc, script, ord);

-- Who works on a script just now. A lease is of the script and not of one task:
-- two people ruling on one script would only make each other's rev stale.
create table leases (
    script text primary key references scripts,
    login  text not null,
    until  timestamptz not null
);

create table certificates (
    serial    text primary key check (serial <> ''),
    session   text not null references sessions,
    person    text not null,
    title     text not null,
    score_num int not null,
    score_den int not null,
    body      jsonb not null, -- all but the acts
    n         bigint generated always as identity -- order of issue
);
create index on certificates (session, n);

create table acts (
    serial text not null references certificates,
    n      int not null check (n > 0),
    kind   smallint not null check (kind > 0),
    login  text not null,
    at     timestamptz not null,
    reason text not null,
    primary key (serial, n)
);

-- Each worker holds an advisory lock with its own number for as long as it lives.
create sequence workers maxvalue 2147483647 cycle;

-- +goose Down

drop table acts, certificates, leases, tasks, grades, rulings, pages, scripts, arrivals, rounds, scans, printed,
    candidates, keys, appointments, session_designs, sessions, designs, tokens, accounts;
drop sequence serials, workers;
drop schema web cascade;
