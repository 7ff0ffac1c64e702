INSERT INTO property_values (org, name, day, value, calls, last_seen)
SETTINGS insert_deduplicate = 1, insert_deduplication_token = 'values:/* range */', async_insert = 0, parallel_distributed_insert_select = 0
SELECT org, pair.1 AS name, toDate(start) AS day, pair.2 AS value, count() AS calls, max(start) AS last_seen
FROM requests
ARRAY JOIN arrayConcat(
    [
        ('user', user_id),
        ('model', toString(model)),
        ('provider', toString(provider)),
        ('session_name', toString(session_name)),
        ('name', toString(request_name)),
        ('prompt', toString(prompt_id)),
        ('error', toString(error)),
        ('operation', toString(operation)),
        ('outcome', toString(outcome)),
        ('key', key),
        ('status', if(status = 0, '', toString(status)))
    ],
    arrayMap(each -> ('tool', toString(each)), tool_names),
    arrayMap(each -> ('property', toString(each)), mapKeys(properties)),
    arrayMap((each, text) -> (concat('property.', each), text), mapKeys(properties), mapValues(properties))
) AS pair
WHERE ingested_at > fromUnixTimestamp64Micro({since_us:Int64})
  AND ingested_at <= fromUnixTimestamp64Micro({until_us:Int64})
  AND pair.2 != ''
  AND length(pair.2) <= 300
  AND (org, name, day) GLOBAL NOT IN (
    SELECT org, name, day
    FROM property_values
    WHERE day >= toDate({first_day:String})
    GROUP BY org, name, day
    HAVING count() >= 20000
  )
GROUP BY org, name, day, value
ORDER BY org, name, day, value
