-- +goose Up

-- Of the marking of a script: fields that the machine accepted, how many of them were
-- judged without a probability of being wrong, and the sum of the others'.
alter table scripts
    add accepted int not null default 0 check (accepted >= 0),
    add unknown  int not null default 0 check (unknown between 0 and accepted),
    add wrong    double precision not null default 0 check (wrong >= 0);

-- What was marked before is marked again; its grades stay what they are.
update scripts set due_at = coalesce(due_at, now()), stir = stir + 1 where marked_rev is not null;

-- +goose Down

alter table scripts drop accepted, drop unknown, drop wrong;
