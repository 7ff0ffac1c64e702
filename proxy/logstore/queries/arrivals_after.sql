SELECT
    toUnixTimestamp64Micro(min(ingested_at)) AS first_us,
    toUnixTimestamp64Micro(max(ingested_at)) AS last_us
FROM requests
WHERE org = {org:String}
  AND ingested_at > fromUnixTimestamp64Micro({after_us:Int64})
