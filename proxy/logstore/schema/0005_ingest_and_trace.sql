-- The order in which rows came into the log, and the trace (W3C traceparent) that a call belongs to.
-- Filled from this version on: rows of before have the time 0 and no trace.
ALTER TABLE requests ADD COLUMN IF NOT EXISTS ingested_at DateTime64(6, 'UTC') COMMENT 'assigned by the shipper, one microsecond apart: unique and rising for one shipper' CODEC(Delta(8), ZSTD(1));
ALTER TABLE requests ADD COLUMN IF NOT EXISTS trace_id String COMMENT '32 hex digits, from the caller';
ALTER TABLE requests ADD COLUMN IF NOT EXISTS span_id String COMMENT 'the last 16 hex digits of id, where there is a trace';
ALTER TABLE requests ADD COLUMN IF NOT EXISTS parent_span_id String COMMENT '16 hex digits, from the caller';
ALTER TABLE requests ADD INDEX IF NOT EXISTS by_ingest ingested_at TYPE minmax GRANULARITY 1;
ALTER TABLE requests ADD INDEX IF NOT EXISTS by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 4;
ALTER TABLE requests COMMENT COLUMN usage_source 'provider, drained (read after the caller left) or none';
