-- Calls of the log, by number. All is computed from the number, so the same rows come each time.
INSERT INTO requests
(
    id, org, start, ingested_at, provider, host, dialect, operation, method, path, model_asked, model, status, outcome,
    error, error_message, finish_reason, latency_ms, ttft_ms, first_byte_ms, sent_ms, input_tokens, output_tokens,
    total_tokens, usage_source, cost_nanousd, cost_known, price_version, user_id, session_id, session_path,
    session_name, request_name, properties, prompt_id, prompt_version, cached, request_size, response_size,
    request_preview, response_preview, attempts, attempt_count, facts, client_ip, user_agent, worker
)
WITH
    {begin_us:Int64} + toInt64(number) * {step_us:Int64} AS start_us,
    cityHash64(number) AS h,
    cityHash64(number, 1) AS h1,
    cityHash64(number, 2) AS h2,
    lower(hex(intDiv(start_us, 1000))) AS ms,
    lower(hex(MD5(toString(number)))) AS md5,
    if(h % 100 < 43, 'default', concat('org-', toString(h % 9))) AS of_org,
    ['gpt-4o-mini', 'gpt-4o', 'claude-sonnet-4-5', 'gemini-2.5-flash', 'gpt-5', 'o4-mini', 'mistral-large', 'llama-3.3']
        [1 + toUInt8(least(7, floor(exp((h1 % 1000) / 1000. * log(9))) - 1))] AS name_of_model,
    transform(h2 % 100, [0, 1, 2], [429, 500, 503], 200) AS http_status,
    200 + 40 * exp((h1 % 10007) / 10007. * 5) AS ms_taken,
    100 + h % 1500 AS tokens_in,
    20 + h1 % 800 AS tokens_out,
    /* words */ AS words
SELECT
    concat(substring(ms, 1, 8), '-', substring(ms, 9, 4), '-7', substring(md5, 1, 3), '-8', substring(md5, 4, 3), '-',
        substring(md5, 7, 12)),
    of_org,
    fromUnixTimestamp64Micro(start_us),
    fromUnixTimestamp64Micro(start_us + 700000),
    if(name_of_model LIKE 'claude%', 'anthropic', if(name_of_model LIKE 'gemini%', 'gemini', 'openai')),
    'api.example.com', 'openai', 'chat', 'POST', '/v1/chat/completions', name_of_model, name_of_model,
    http_status,
    'success',
    transform(http_status, [429, 500, 503], ['rate_limit_error', 'server_error', 'overloaded'], ''),
    if(http_status = 200, '', 'The provider cannot take this call now.'),
    if(http_status = 200, 'stop', ''),
    ms_taken, ms_taken / 3, ms_taken / 4, 0.3 + (h % 100) / 100.,
    if(http_status = 200, tokens_in, NULL), if(http_status = 200, tokens_out, NULL),
    if(http_status = 200, tokens_in + tokens_out, NULL),
    if(http_status = 200, 'provider', 'none'),
    if(http_status = 200, tokens_in * 150 + tokens_out * 600, NULL),
    http_status = 200, 'genai-prices',
    concat('user-', toString(toUInt32(exp((h2 % 100003) / 100003. * log(20000))))),
    if(of_org = 'default' AND cityHash64(number, 3) % 21 = 0, concat('session-', toString(intDiv(number, 50000))), ''),
    if(of_org = 'default' AND cityHash64(number, 3) % 21 = 0,
        concat('/agent/', ['plan', 'search', 'write', 'check'][1 + h2 % 4], '/', toString(h1 % 5)), ''),
    '', '',
    map(
        'feature', ['search', 'chat', 'summary', 'triage', 'draft', 'translate', 'extract', 'route'][1 + h1 % 8],
        'team', concat('team-', toString(h2 % 50)),
        'customer', concat('customer-', toString(cityHash64(number, 4) % 5000)),
        'env', if(h2 % 10 = 0, 'staging', 'production')
    ),
    if(h % 4 = 0, 'answer', ''), if(h % 4 = 0, toString(1 + h1 % 5), ''),
    false, 900, 700,
    substring(arrayStringConcat(arrayMap(/* word */, arrayMap(/* rank */, range(1, 32))), ' '), 1, 200),
    substring(arrayStringConcat(arrayMap(/* word */, arrayMap(/* rank */, range(1001, 1032))), ' '), 1, 200),
    concat('[{"provider":"openai","host":"api.example.com","model":"', name_of_model, '","started_us":300,"ended_us":',
        toString(toUInt32(ms_taken * 1000)), ',"status":', toString(http_status), ',"error":"","waited_us":0}]'),
    1, '{}', '10.0.0.1', 'openai-python/3.1', '1'
FROM numbers({first:UInt64}, {count:UInt64})
