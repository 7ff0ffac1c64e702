SELECT value, sum(calls) AS total, max(last_seen) AS last
FROM property_values
WHERE org = {org:String}
  AND name = {name:String}
  AND startsWith(value, {prefix:String})
  AND (empty({part:String}) OR positionCaseInsensitiveUTF8(value, {part:String}) > 0)
  AND day >= toDate({since_day:String})
  AND day >= (
    SELECT min(day)
    FROM
    (
        SELECT day, sum(rows) OVER (ORDER BY day DESC) - rows AS rows_after
        FROM
        (
            SELECT day, count() AS rows
            FROM property_values
            WHERE org = {org:String}
              AND name = {name:String}
              AND day >= toDate({since_day:String})
              AND startsWith(value, {prefix:String})
            GROUP BY day
        )
    )
    WHERE rows_after < 100000
  )
GROUP BY value
ORDER BY total DESC, value
LIMIT {limit:UInt32}
