-- What people and programs say about a call or a session after it: ratings, scores, corrections, notes, properties.
-- Rows are only added. Of one call (or session), kind and name the last row counts, by (at, id); notes count all.
-- A call may come into the log after its annotations, so a row holds no start of the call: `at` is never before it.
CREATE TABLE IF NOT EXISTS annotations
(
    id String COMMENT 'UUID of the annotation, rising with at',
    org LowCardinality(String),
    request_id String COMMENT 'the call; empty where a session is meant',
    session_id String COMMENT 'the session; empty where a call is meant',
    at DateTime64(6, 'UTC') COMMENT 'when it was said; never before the start of the call',
    kind LowCardinality(String) COMMENT 'feedback, correction, note, score or property',
    name LowCardinality(String) COMMENT 'of a score or property, in lower case',
    type LowCardinality(String) COMMENT 'of a score: number, boolean or category',
    number Nullable(Float64) COMMENT 'rating from -1 to 1, or score; of a boolean 0 or 1',
    text String COMMENT 'comment, correction, note, category or value of the property' CODEC(ZSTD(1)),
    removed Bool COMMENT 'takes the value back',
    by LowCardinality(String) COMMENT 'id of the person or API key that wrote it',

    INDEX by_request request_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_annotated_session session_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (org, kind, name, at, request_id)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 2048;
