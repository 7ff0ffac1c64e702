-- What the cache spared: of a hit alone.
ALTER TABLE requests ADD COLUMN IF NOT EXISTS saved_nanousd Nullable(Int64) COMMENT 'of a hit: what it would have cost';
ALTER TABLE requests ADD COLUMN IF NOT EXISTS saved_ms Nullable(Float64) COMMENT 'of a hit: what the kept answer took, less this one';
