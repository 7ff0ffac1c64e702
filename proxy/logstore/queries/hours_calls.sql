SELECT toUnixTimestamp(toStartOfHour(start)) AS hour, count() AS calls
FROM requests
WHERE org = {org:String}
  AND start >= fromUnixTimestamp64Micro({since_us:Int64})
  AND start < fromUnixTimestamp64Micro({until_us:Int64})
GROUP BY hour
