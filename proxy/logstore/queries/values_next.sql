SELECT
    toUnixTimestamp64Micro(max(ingested_at)) AS until_us,
    toString(toDate(min(start))) AS first_day
FROM
(
    SELECT ingested_at, start
    FROM requests
    WHERE ingested_at > fromUnixTimestamp64Micro({since_us:Int64})
      AND ingested_at <= fromUnixTimestamp64Micro({until_us:Int64})
    ORDER BY ingested_at
    LIMIT {limit:UInt32}
)
