-- What values a column or property has had, for suggestions: filled from `requests` some calls at a time, in the order of
-- their arrival. Of a day a name has about 20,000 values at most (see queries/values_fill.sql).
CREATE TABLE IF NOT EXISTS property_values
(
    org LowCardinality(String),
    name LowCardinality(String) COMMENT 'of a column, `property.<name>`, or `property` for the names of properties',
    day Date,
    value String CODEC(ZSTD(1)),
    calls SimpleAggregateFunction(sum, UInt64),
    last_seen SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (org, name, day, value)
TTL day + toIntervalDay(100)
SETTINGS non_replicated_deduplication_window = 10000;
-- Which calls were taken: those that arrived after `since` and not after `until`. Written before they are.
CREATE TABLE IF NOT EXISTS property_values_taken
(
    since DateTime64(6, 'UTC'),
    until DateTime64(6, 'UTC'),
    first_day Date COMMENT 'of the earliest start of these calls'
)
ENGINE = MergeTree
ORDER BY until;
