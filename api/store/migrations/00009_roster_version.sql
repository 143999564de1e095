-- +goose Up

-- Counts the changes of a session's candidates and their serials, so that who has loaded
-- them need not do so again.
alter table sessions add roster_version int not null default 0;

-- +goose Down

alter table sessions drop roster_version;
