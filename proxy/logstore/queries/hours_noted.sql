SELECT toUnixTimestamp(hour) AS hour, sum(changes) AS changes
FROM hourly_changes
WHERE org = {org:String} AND hour >= toDateTime({since:UInt32}) AND hour < toDateTime({until:UInt32})
GROUP BY hour
