SELECT toUnixTimestamp64Micro(start) AS start_us
FROM requests
WHERE org = {org:String} AND start >= fromUnixTimestamp64Micro({since_us:Int64})
ORDER BY start
LIMIT 1
