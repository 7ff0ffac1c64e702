SELECT *
FROM requests
WHERE org = {org:String}
  AND id = {id:String}
  AND start >= fromUnixTimestamp64Micro({since_us:Int64})
  AND start < fromUnixTimestamp64Micro({until_us:Int64})
LIMIT 1
