CREATE TABLE IF NOT EXISTS schema_migrations
(
    version UInt32,
    name String,
    applied DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY version
