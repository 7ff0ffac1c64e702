-- Spans of calls that have another row: what became of the row that was left out or removed. A tree of calls puts the
-- row that stayed in its place. A link may be there twice; rows are only added.
CREATE TABLE IF NOT EXISTS span_links
(
    org LowCardinality(String),
    session_id String COMMENT 'of the span',
    trace_id String,
    span_id String,
    parent_span_id String,
    call_id String COMMENT 'the row that stayed',
    call_start DateTime64(6, 'UTC') COMMENT 'its start'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(call_start)
ORDER BY (org, session_id, trace_id, span_id)
SETTINGS non_replicated_deduplication_window = 10000;
