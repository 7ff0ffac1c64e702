-- What the cache saved; set for cache hits only.
ALTER TABLE requests ADD COLUMN IF NOT EXISTS saved_nanousd Nullable(Int64) COMMENT 'of a cache hit: what the call would have cost';
ALTER TABLE requests ADD COLUMN IF NOT EXISTS saved_ms Nullable(Float64) COMMENT 'of a cache hit: how much longer the stored response had taken';
