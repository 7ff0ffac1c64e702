-- What a later re-pricing needs, and what it did. Rows of before have no priced_usage.
ALTER TABLE requests ADD COLUMN IF NOT EXISTS priced_usage String COMMENT 'JSON: what the cost depends on beside the columns of usage; {} where they hold all of it, empty where no usage was priced' CODEC(ZSTD(1));
-- One row a call whose cost a run changed; rows are only added. `new_*` is what the columns of requests then got.
CREATE TABLE IF NOT EXISTS repriced
(
    run String COMMENT 'id of the re-pricing',
    org LowCardinality(String),
    start DateTime64(6, 'UTC'),
    id String,
    at DateTime64(6, 'UTC') COMMENT 'when it was computed',
    old_cost_nanousd Nullable(Int64),
    old_cost_known Bool,
    old_saved_nanousd Nullable(Int64),
    old_cost_lines String CODEC(ZSTD(1)),
    old_cost_missing Array(String),
    old_price_version LowCardinality(String),
    new_cost_nanousd Nullable(Int64),
    new_cost_known Bool,
    new_saved_nanousd Nullable(Int64),
    new_cost_lines String CODEC(ZSTD(1)),
    new_cost_missing Array(String),
    new_price_version LowCardinality(String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(start)
ORDER BY (run, org, start, id)
SETTINGS non_replicated_deduplication_window = 10000;
-- The figures of one batch while they are written into requests: an update reads them by joinGet.
CREATE TABLE IF NOT EXISTS repriced_batch
(
    org String,
    start DateTime64(6, 'UTC'),
    id String,
    found UInt8,
    cost_nanousd Nullable(Int64),
    cost_known Bool,
    saved_nanousd Nullable(Int64),
    cost_lines String,
    cost_missing Array(String),
    price_version String
)
ENGINE = Join(ANY, LEFT, org, start, id);
