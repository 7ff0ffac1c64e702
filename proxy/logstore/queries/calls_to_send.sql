SELECT *
FROM requests
WHERE org = {org:String}
  AND ingested_at > fromUnixTimestamp64Micro({after_us:Int64})
  AND ingested_at <= fromUnixTimestamp64Micro({until_us:Int64})
  AND (
    NOT {only_requested:Bool} AND cityHash64(id) % 1000000 < {sample_ppm:UInt32}
    OR JSONExtractBool(facts, 'webhook.requested')
  )
  /* filters */
ORDER BY ingested_at
LIMIT {limit:UInt32} WITH TIES
