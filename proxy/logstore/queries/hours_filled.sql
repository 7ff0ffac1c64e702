SELECT toUnixTimestamp(hour) AS hour, argMax(calls, fill) AS calls
FROM hourly_fills
WHERE org = {org:String} AND hour >= toDateTime({since:UInt32}) AND hour < toDateTime({until:UInt32})
GROUP BY hour
