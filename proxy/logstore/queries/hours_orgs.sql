SELECT org, count() AS calls
FROM requests
WHERE start >= fromUnixTimestamp64Micro({since_us:Int64})
GROUP BY org
HAVING calls > {calls:UInt64}
