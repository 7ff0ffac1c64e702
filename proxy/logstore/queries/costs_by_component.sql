SELECT
    toString(toDate(start, {zone:String})) AS day,
    provider,
    model,
    line.1 AS component,
    sum(line.2) AS quantity,
    sum(line.5) AS amount_nanousd
FROM requests
ARRAY JOIN JSONExtract(cost_lines, 'Array(Tuple(String, Float64, Float64, UInt64, Float64, String))') AS line
WHERE org = {org:String}
  AND start >= fromUnixTimestamp64Micro({since_us:Int64})
  AND start < fromUnixTimestamp64Micro({until_us:Int64})
  AND provider != ''
  AND NOT cached
  AND cost_known
  AND (empty({providers:Array(String)}) OR has({providers:Array(String)}, provider))
GROUP BY day, provider, model, component
ORDER BY day, provider, model, component
