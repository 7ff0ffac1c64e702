SELECT toUnixTimestamp64Micro(max(ingested_at)) AS last_us
FROM requests
WHERE org = {org:String}
  AND ingested_at > fromUnixTimestamp64Micro({after_us:Int64})
