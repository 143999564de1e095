-- +goose Up

-- How surely the second reader takes each bubble for a filled one. A page of before has
-- none: its pale marks are doubted.
alter table pages add filled real[];
alter table pages alter filled set compression lz4;

-- +goose Down

alter table pages drop filled;
