SELECT *
FROM requests
WHERE org = {org:String}
  AND (start, id) < (fromUnixTimestamp64Micro({before_us:Int64}), {before_id:String})
  AND start <= fromUnixTimestamp64Micro({before_us:Int64})
  /* filters */
ORDER BY org DESC, start DESC, id DESC
LIMIT {limit:UInt32}
