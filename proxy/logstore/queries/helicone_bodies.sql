SELECT
    id,
    if(length(request) <= {max_bytes:UInt64}, request, '') AS request,
    length(request) AS request_bytes,
    if(length(response) <= {max_bytes:UInt64}, response, '') AS response,
    length(response) AS response_bytes,
    if(length(response_text) <= {max_bytes:UInt64}, response_text, '') AS response_text,
    if(length(tool_calls) <= {max_bytes:UInt64}, tool_calls, '[]') AS tool_calls
FROM bodies
WHERE org = {org:String}
  AND start >= fromUnixTimestamp64Micro({since_us:Int64})
  AND start <= fromUnixTimestamp64Micro({until_us:Int64})
  AND id IN {ids:Array(String)}
