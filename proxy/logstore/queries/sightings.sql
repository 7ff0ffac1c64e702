-- Rows that may be of the same calls as reported ones: with one of these response ids, or below one of these spans.
SELECT id, toUnixTimestamp64Micro(start) AS start_us, latency_ms, source, response_id, trace_id, span_id, parent_span_id
FROM requests
WHERE org = {org:String}
  AND start >= fromUnixTimestamp64Micro({since_us:Int64})
  AND start <= fromUnixTimestamp64Micro({until_us:Int64})
  AND (
    (response_id != '' AND response_id IN {response_ids:Array(String)})
    OR (source = '' AND parent_span_id != '' AND parent_span_id IN {span_ids:Array(String)})
  )
