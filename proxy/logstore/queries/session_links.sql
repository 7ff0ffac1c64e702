SELECT DISTINCT trace_id, span_id, parent_span_id, call_id
FROM span_links
WHERE org = {org:String}
  AND session_id = {session:String}
LIMIT {limit:UInt32}
