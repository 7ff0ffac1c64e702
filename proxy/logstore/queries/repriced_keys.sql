SELECT toUnixTimestamp64Micro(start) AS start_us, id
FROM repriced
WHERE run = {run:String}
  AND org = {org:String}
  AND start >= fromUnixTimestamp64Micro({since_us:Int64})
  AND start <= fromUnixTimestamp64Micro({until_us:Int64})
