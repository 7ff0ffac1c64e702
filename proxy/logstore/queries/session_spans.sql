SELECT
    id,
    toUnixTimestamp64Micro(start) AS start_us,
    toUnixTimestamp64Micro(start) + toInt64(ifNull(latency_ms, 0) * 1000) AS end_us,
    trace_id,
    span_id,
    parent_span_id,
    error != '' OR status >= 400 OR outcome != 'success' AS errors,
    cost_nanousd AS cost_nanousd_sum,
    NOT cost_known AS unknown_cost_calls,
    ifNull(input_tokens, 0) AS input_tokens_sum,
    ifNull(output_tokens, 0) AS output_tokens_sum,
    ifNull(latency_ms, 0) AS busy_ms
FROM requests
WHERE org = {org:String}
  AND session_id = {session:String}
ORDER BY start_us, id
LIMIT {limit:UInt32}
