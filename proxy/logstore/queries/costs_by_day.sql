SELECT
    toString(toDate(start, {zone:String})) AS day,
    provider,
    model,
    count() AS calls,
    countIf(NOT cost_known) AS unknown,
    sum(ifNull(requests.cost_nanousd, 0)) AS cost_nanousd,
    topKIf(5)(arrayStringConcat(cost_missing, ', '), NOT cost_known) AS reasons
FROM requests
WHERE org = {org:String}
  AND start >= fromUnixTimestamp64Micro({since_us:Int64})
  AND start < fromUnixTimestamp64Micro({until_us:Int64})
  AND provider != ''
  AND NOT cached
  AND (usage_source != 'none' OR NOT cost_known OR ifNull(requests.cost_nanousd, 0) != 0)
  AND (empty({providers:Array(String)}) OR has({providers:Array(String)}, provider))
GROUP BY day, provider, model
ORDER BY day, provider, model
