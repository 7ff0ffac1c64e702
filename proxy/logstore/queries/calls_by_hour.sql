SELECT org, toUnixTimestamp(toStartOfHour(start)) AS hour, count() AS calls,
       sum(ifNull(cost_nanousd, 0)) AS cost, toUnixTimestamp64Micro(max(ingested_at)) AS newest
FROM requests
WHERE start >= fromUnixTimestamp64Micro({since_us:Int64})
  AND start < fromUnixTimestamp64Micro({until_us:Int64})
  AND ({org:String} = '' OR org = {org:String})
GROUP BY org, hour
