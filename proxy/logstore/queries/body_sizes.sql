SELECT
    if(request_base64, length(base64Decode(request)), length(request)) AS request_bytes,
    if(response_base64, length(base64Decode(response)), length(response)) AS response_bytes,
    length(response_text) AS response_text_bytes,
    length(tool_calls) AS tool_calls_bytes,
    length(sent) AS sent_bytes,
    length(chunk_times) AS chunk_times_bytes,
    request_base64,
    response_base64,
    request_type,
    response_type
FROM bodies
WHERE org = {org:String}
  AND start = fromUnixTimestamp64Micro({start_us:Int64})
  AND id = {id:String}
LIMIT 1
