SELECT
    trace_id,
    any(user_id) AS user_id,
    any(session_id) AS session_id,
    any(session_name) AS session_name
FROM requests
WHERE org = {org:String}
  AND trace_id IN {traces:Array(String)}
  AND operation = 'trace'
GROUP BY trace_id
