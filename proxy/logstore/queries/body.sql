SELECT *
FROM bodies
WHERE org = {org:String}
  AND start = fromUnixTimestamp64Micro({start_us:Int64})
  AND id = {id:String}
LIMIT 1
