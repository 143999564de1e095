-- +goose Up

-- What the second reader said of each bubble, and the ink of the page's reference
-- patches. A page of before has none: it is judged by ink alone.
alter table pages
    add mark     real[],
    add tick     real[],
    add crossed  real[],
    add swatches real[];
alter table pages alter mark set compression lz4, alter tick set compression lz4, alter crossed set compression lz4;

-- +goose Down

alter table pages drop mark, drop tick, drop crossed, drop swatches;
