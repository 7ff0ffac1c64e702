SELECT DISTINCT id
FROM requests
WHERE org = {org:String}
  AND id IN {ids:Array(String)}
  AND start >= fromUnixTimestamp64Micro({since_us:Int64})
  AND start <= fromUnixTimestamp64Micro({until_us:Int64})
