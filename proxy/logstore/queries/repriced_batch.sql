SELECT count() AS calls, max((org, toUnixTimestamp64Micro(start), id)) AS last, uniqExact(org, start, id) AS keys
FROM
(
    SELECT org, start, id
    FROM repriced
    WHERE run = {run:String}
      AND toYYYYMM(start) = {month:UInt32}
      AND (org, start, id) > ({org:String}, fromUnixTimestamp64Micro({after_us:Int64}), {after_id:String})
    ORDER BY org, start, id
    LIMIT {limit:UInt32}
)
