SELECT
    count() AS calls,
    toUnixTimestamp64Micro(min(start)) AS start_us,
    max(toUnixTimestamp64Micro(start) + toInt64(ifNull(latency_ms, 0) * 1000)) AS end_us
FROM requests
WHERE org = {org:String}
  AND session_id = {session:String}
