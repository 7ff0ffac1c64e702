SELECT
    id,
    toUnixTimestamp64Micro(min(first_at)) AS first_us,
    toUnixTimestamp64Micro(max(last_at)) AS last_us
FROM late_arrivals
WHERE org = {org:String}
  AND noted_at >= fromUnixTimestamp64Micro({since_us:Int64})
GROUP BY id
ORDER BY first_us, id
