SELECT
    id,
    start,
    operation = 'tool' AS step,
    tool_names
FROM requests
WHERE org = {org:String}
  AND session_id = {session:String}
  AND (start, id) > (fromUnixTimestamp64Micro({after_us:Int64}), {after_id:String})
ORDER BY start, id
LIMIT {limit:UInt32}
