SELECT trace_id, argMin(id, start) AS id
FROM requests
WHERE org = {org:String}
  AND trace_id IN {traces:Array(String)}
GROUP BY trace_id
