SELECT toUnixTimestamp(hour) AS hour
FROM
(
    SELECT hour, argMax(changes, fill) AS changes, 1 AS filled
    FROM hourly_fills
    WHERE org = {org:String} AND hour >= toDateTime({since:UInt32}) AND hour < toDateTime({until:UInt32})
    GROUP BY hour
    UNION ALL
    SELECT hour, sum(-toInt64(changes)) AS changes, 0 AS filled
    FROM hourly_changes
    WHERE org = {org:String} AND hour >= toDateTime({since:UInt32}) AND hour < toDateTime({until:UInt32})
    GROUP BY hour
)
GROUP BY hour
HAVING max(filled) = 1 AND sum(toInt64(changes)) = 0
