SELECT
    id,
    start,
    session_path,
    request_name,
    operation,
    provider,
    model,
    status,
    error,
    error != '' OR status >= 400 OR outcome != 'success' AS failed,
    latency_ms,
    ttft_ms,
    cost_nanousd / 1e9 AS cost,
    input_tokens,
    output_tokens,
    cached,
    tool_names,
    trace_id,
    span_id,
    parent_span_id
FROM requests
WHERE org = {org:String}
  AND session_id = {session:String}
  /* filter */
  AND (start, id) > (fromUnixTimestamp64Micro({after_us:Int64}), {after_id:String})
  AND arraySlice(arrayFilter(each -> each != '', splitByChar('/', session_path)), 1, {depth:UInt32}) = {prefix:Array(String)}
  AND (empty({ids:Array(String)}) OR id IN {ids:Array(String)})
ORDER BY start, id
LIMIT {limit:UInt32} OFFSET {skip:UInt32}
