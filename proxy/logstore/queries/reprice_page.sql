SELECT
    org, id, toUnixTimestamp64Micro(start) AS start_us,
    provider, host, model, model_asked, model_override, streamed, cached,
    input_tokens, output_tokens, cached_input_tokens, cache_write_tokens, reasoning_tokens,
    usage_raw, usage_source, priced_usage,
    cost_nanousd, cost_known, saved_nanousd, cost_lines, cost_missing, price_version
FROM requests
WHERE org = {org:String}
  AND (start, id) > (fromUnixTimestamp64Micro({after_us:Int64}), {after_id:String})
  AND start >= fromUnixTimestamp64Micro({after_us:Int64})
  AND start < fromUnixTimestamp64Micro({until_us:Int64})
  AND (/* filter */)
ORDER BY org, start, id
LIMIT {limit:UInt32}
