-- What makes a background response or a batch billed once. Rows of before settled none.
ALTER TABLE requests ADD COLUMN IF NOT EXISTS settled_id String COMMENT 'the background response, batch or output file whose usage this row bills; empty for all other calls' CODEC(ZSTD(1));
ALTER TABLE requests ADD INDEX IF NOT EXISTS by_settled settled_id TYPE bloom_filter(0.01) GRANULARITY 4;
