-- Batches of calls that came into the log so late after their places in the order of arrival (`ingested_at`) that readers
-- of that order may have passed them. A batch may be there twice; rows are only added.
CREATE TABLE IF NOT EXISTS late_arrivals
(
    id String COMMENT 'of the batch',
    org LowCardinality(String),
    first_at DateTime64(6, 'UTC') COMMENT 'ingested_at of its first call of the organisation',
    last_at DateTime64(6, 'UTC') COMMENT 'and of its last one',
    noted_at DateTime64(6, 'UTC') COMMENT 'when the batch was in the log'
)
ENGINE = MergeTree
ORDER BY (org, noted_at)
TTL toDateTime(noted_at) + toIntervalDay(60)
SETTINGS non_replicated_deduplication_window = 10000;
