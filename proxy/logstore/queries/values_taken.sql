SELECT
    toUnixTimestamp64Micro(since) AS since_us,
    toUnixTimestamp64Micro(until) AS until_us,
    toString(first_day) AS first_day
FROM property_values_taken
ORDER BY until DESC
LIMIT 1
