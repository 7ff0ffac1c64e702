-- What left where it is not what the caller sent, and when the pieces of a stream arrived. Rows of before have neither.
ALTER TABLE bodies ADD COLUMN IF NOT EXISTS sent String COMMENT 'what left instead of request: a prompt filled in, or a fallback''s changes' CODEC(ZSTD(1));
ALTER TABLE bodies ADD COLUMN IF NOT EXISTS chunk_times String COMMENT 'JSON list of microseconds after the start, and bytes of the response that were there then' CODEC(ZSTD(1));
