SELECT base64Encode(substring(content, {offset:UInt64} + 1, {bytes:UInt64})) AS piece
FROM
(
    SELECT multiIf(
        {part:String} = 'request', if(request_base64, base64Decode(request), request),
        {part:String} = 'response', if(response_base64, base64Decode(response), response),
        {part:String} = 'response_text', response_text,
        {part:String} = 'sent', sent,
        {part:String} = 'chunk_times', chunk_times,
        tool_calls) AS content
    FROM bodies
    WHERE org = {org:String}
      AND start = fromUnixTimestamp64Micro({start_us:Int64})
      AND id = {id:String}
    LIMIT 1
)
