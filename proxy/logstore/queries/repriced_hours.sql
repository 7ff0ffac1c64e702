SELECT DISTINCT org, toUnixTimestamp(toStartOfHour(start)) AS hour
FROM repriced
WHERE run = {run:String}
  AND toYYYYMM(start) = {month:UInt32}
  AND (org, start, id) > ({org:String}, fromUnixTimestamp64Micro({after_us:Int64}), {after_id:String})
  AND (org, start, id) <= ({last_org:String}, fromUnixTimestamp64Micro({last_us:Int64}), {last_id:String})
ORDER BY org, hour
