SELECT
    arrayFilter(each -> each != '', splitByChar('/', session_path)) AS segments,
    count() AS calls,
    countIf(error != '' OR status >= 400 OR outcome != 'success') AS errors,
    sum(cost_nanousd) AS cost_nanousd_sum,
    countIf(NOT cost_known) AS unknown_cost_calls,
    toInt64(sum(ifNull(input_tokens, 0))) AS input_tokens_sum,
    toInt64(sum(ifNull(output_tokens, 0))) AS output_tokens_sum,
    toUnixTimestamp64Micro(min(start)) AS start_us,
    max(toUnixTimestamp64Micro(start) + toInt64(ifNull(latency_ms, 0) * 1000)) AS end_us,
    sum(ifNull(latency_ms, 0)) AS busy_ms
FROM requests
WHERE org = {org:String}
  AND session_id = {session:String}
  /* filter */
  AND arraySlice(segments, 1, length({prefix:Array(String)})) = {prefix:Array(String)}
GROUP BY segments
ORDER BY start_us, segments
LIMIT {limit:UInt32}
