SELECT
    prompt_version AS version,
    count() AS calls,
    countIf(error != '' OR status >= 400 OR outcome != 'success') AS errors,
    toInt64(sum(coalesce(input_tokens, 0))) AS input_tokens,
    toInt64(sum(coalesce(output_tokens, 0))) AS output_tokens,
    sum(coalesce(cost_nanousd, 0)) AS cost_nanousd,
    quantile(0.5)(latency_ms) AS latency_ms_p50,
    quantile(0.95)(latency_ms) AS latency_ms_p95
FROM requests
WHERE org = {org:String}
  AND prompt_id = {prompt:String}
GROUP BY prompt_version
ORDER BY toUInt32OrZero(prompt_version) DESC
