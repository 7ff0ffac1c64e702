SELECT *
FROM requests
WHERE org = {org:String}
  AND ingested_at > fromUnixTimestamp64Micro({after_us:Int64})
  /* filters */
ORDER BY ingested_at
LIMIT {limit:UInt32}
