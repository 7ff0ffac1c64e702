-- The bodies of calls. In a table of their own, so that lists and charts never read them, and they can expire sooner.
-- A body that is not UTF-8 is stored as base64, and its flag says so.
CREATE TABLE IF NOT EXISTS bodies
(
    id String,
    org LowCardinality(String),
    start DateTime64(6, 'UTC'),
    request String CODEC(ZSTD(1)),
    request_base64 Bool,
    request_type LowCardinality(String),
    response String COMMENT 'as sent by the provider, decompressed; of a stream its raw events' CODEC(ZSTD(1)),
    response_base64 Bool,
    response_type LowCardinality(String),
    response_text String COMMENT 'the text of the response, assembled where it was streamed' CODEC(ZSTD(1)),
    tool_calls String COMMENT 'JSON list' CODEC(ZSTD(1)),

    INDEX by_id id TYPE bloom_filter(0.001) GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(start)
ORDER BY (org, start, id)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 1024;
