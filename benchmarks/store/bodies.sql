-- The bodies of the same calls. One in 20,011 has a word of its own, one in 1,009 a phrase.
INSERT INTO bodies (id, org, start, request, request_type, request_text, response, response_type, response_text, tool_calls)
WITH
    {begin_us:Int64} + toInt64(number) * {step_us:Int64} AS start_us,
    cityHash64(number) AS h,
    lower(hex(intDiv(start_us, 1000))) AS ms,
    lower(hex(MD5(toString(number)))) AS md5,
    /* words */ AS words,
    concat(
        arrayStringConcat(arrayMap(/* word */, arrayMap(/* rank */, range(1, 31))), ' '),
        if(number % 20011 = 7, ' zirconquartz ', ' '),
        if(number % 1009 = 3, 'refund policy exception ', ''),
        arrayStringConcat(arrayMap(/* word */, arrayMap(/* rank */, range(31, 91))), ' ')
    ) AS prompt,
    arrayStringConcat(arrayMap(/* word */, arrayMap(/* rank */, range(1001, 1061))), ' ') AS answer
SELECT
    concat(substring(ms, 1, 8), '-', substring(ms, 9, 4), '-7', substring(md5, 1, 3), '-8', substring(md5, 4, 3), '-',
        substring(md5, 7, 12)),
    if(h % 100 < 43, 'default', concat('org-', toString(h % 9))),
    fromUnixTimestamp64Micro(start_us),
    concat('{"model":"gpt-4o-mini","messages":[{"role":"user","content":"', prompt, '"}],"temperature":0.2}'),
    'application/json',
    substring(prompt, 1, {prompt_chars:UInt32}),
    concat('{"id":"chatcmpl-', md5, '","object":"chat.completion","choices":[{"index":0,"finish_reason":"stop","message":',
        '{"role":"assistant","content":"', answer, '"}}],"usage":{"prompt_tokens":100,"completion_tokens":80}}'),
    'application/json',
    answer,
    '[]'
FROM numbers({first:UInt64}, {count:UInt64})
