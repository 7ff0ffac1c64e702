-- Model calls that were reported lately: their proxied row may still come.
SELECT
    org, id, toUnixTimestamp64Micro(start) AS start_us, latency_ms, source, response_id, trace_id, span_id,
    parent_span_id, session_id, facts
FROM requests
WHERE ingested_at >= fromUnixTimestamp64Micro({since_us:Int64})
  AND source IN ('otlp', 'logger')
  AND dialect != ''
  AND (response_id != '' OR span_id != '')
ORDER BY ingested_at DESC
LIMIT {limit:UInt32}
