-- Where a call was seen, and the provider's id of its response: a call that was seen in two ways is one row.
-- Filled from this version on: rows of before have neither.
ALTER TABLE requests ADD COLUMN IF NOT EXISTS source LowCardinality(String) COMMENT 'empty: through the proxy; logger, otlp or import:<name>';
ALTER TABLE requests ADD COLUMN IF NOT EXISTS response_id String COMMENT 'the provider''s id of the response' CODEC(ZSTD(1));
ALTER TABLE requests ADD INDEX IF NOT EXISTS by_response response_id TYPE bloom_filter(0.01) GRANULARITY 4;
