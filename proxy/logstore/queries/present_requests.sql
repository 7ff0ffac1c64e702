SELECT org, toUnixTimestamp64Micro(start), id
FROM requests
WHERE start >= fromUnixTimestamp64Micro({since_us:Int64})
  AND start <= fromUnixTimestamp64Micro({until_us:Int64})
  AND id IN {ids:Array(String)}
