-- The tables of a shard: the engine of the Distributed one over it, if there is one; whether its columns are others; and
-- what spreads rows among the shards (0: the first has them all).
SELECT
    shard.table,
    tables.engine,
    shard.columns != distributed.columns AS outdated,
    multiIf(
        has(shard.columns, 'id String'), 'cityHash64(id)',
        has(shard.columns, 'org LowCardinality(String)'), 'cityHash64(org)',
        '0'
    ) AS key
FROM
(
    SELECT table, groupArray(name || ' ' || type) AS columns
    FROM (SELECT * FROM system.columns WHERE database = {tables:String} ORDER BY table, position)
    GROUP BY table
) AS shard
LEFT JOIN
(
    SELECT table, groupArray(name || ' ' || type) AS columns
    FROM (SELECT * FROM system.columns WHERE database = {name:String} ORDER BY table, position)
    GROUP BY table
) AS distributed ON distributed.table = shard.table
LEFT JOIN (SELECT name, engine FROM system.tables WHERE database = {name:String}) AS tables ON tables.name = shard.table
WHERE shard.table != 'schema_migrations'
