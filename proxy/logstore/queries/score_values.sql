SELECT
    if({name:String} = '', toString(name), text) AS value,
    uniqExact(request_id, session_id) AS total,
    max(at) AS last
FROM annotations
WHERE org = {org:String}
  AND kind = 'score'
  AND NOT removed
  AND ({name:String} = '' OR (name = {name:String} AND type = 'category'))
  AND at >= toDateTime64(toDate({since_day:String}), 6, 'UTC')
  AND positionCaseInsensitiveUTF8(value, {part:String}) > 0
GROUP BY value
ORDER BY total DESC, value
LIMIT {limit:UInt32}
